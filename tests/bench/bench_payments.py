"""Payment instructions a second, from canonical order to the bytes that go to the bank.

Ours is all of it: written as pain.001.001.09, validated by the XSD and the profile, signed and encrypted (CMS), 10,000
in one file. Beside it, in the same run: sepaxml, which writes and validates. BENCH_INSTRUCTIONS sets the size.
"""

import json
import os
import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
COUNT = int(os.environ.get("BENCH_INSTRUCTIONS", "10000"))

OURS = """
import datetime, json, resource, sys, time
from decimal import Decimal
sys.path[:0] = [{root!r}, {root!r} + "/tests/unit"]
import conftest
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import rsa
from odoo.addons.treasury_sync.tools import documents, formats, pain001, seals
from odoo.addons.treasury_sync.tools.file_keys import FileKeys
from tests.unit.treasury_sync.examples import instruction, order

now = datetime.datetime.now(datetime.UTC)
def pair():
    key = rsa.generate_private_key(65537, 2048)
    name = x509.Name([x509.NameAttribute(x509.NameOID.COMMON_NAME, "Bench")])
    day = datetime.timedelta(days=1)
    cert = (x509.CertificateBuilder().subject_name(name).issuer_name(name).public_key(key.public_key())
        .serial_number(1).not_valid_before(now - day).not_valid_after(now + day).sign(key, hashes.SHA256()))
    pem = serialization.Encoding.PEM
    private = key.private_bytes(pem, serialization.PrivateFormat.PKCS8, serialization.NoEncryption())
    return private.decode(), cert.public_bytes(pem).decode()
(key, cert), (_bank_key, bank) = pair(), pair()
keys, profile = FileKeys(key, cert, bank), formats.Profile("sepa")
found = order(*(
    instruction(number, amount=Decimal(number) / 100, remittance=f"Größe & Rechnung {{number}}")
    for number in range(1, {count} + 1)))
payment_format = formats.find("pain.001.001.09")

moments = [time.perf_counter()]
content = payment_format.write(found, profile)
moments.append(time.perf_counter())
payment_format.validate(content, profile)
moments.append(time.perf_counter())
sealed = seals.seal("cms_sign_encrypt", content, keys, now)
moments.append(time.perf_counter())
assert len(sealed.content) > len(content)
peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
print(json.dumps([[b - a for a, b in zip(moments, moments[1:])], peak]))
"""
SEPAXML = """
import datetime, json, sys, time
sys.path[:0] = [{root!r}, {root!r} + "/tests/unit"]
from sepaxml import SepaTransfer
before = time.perf_counter()
peer = SepaTransfer({{"name": "Alder AG", "IBAN": "DE89370400440532013000", "BIC": "COBADEFFXXX",
    "batch": True, "currency": "EUR"}}, schema="pain.001.001.09")
for number in range(1, {count} + 1):
    peer.add_payment({{"name": "Vendor SARL", "IBAN": "FR7630006000011234567890189", "amount": number,
        "execution_date": datetime.date(2026, 11, 27), "description": f"Größe & Rechnung {{number}}",
        "endtoend_id": f"E2E-{{number}}"}})
assert peer.export(validate=True)
print(json.dumps([[time.perf_counter() - before], 0]))
"""


def run(program, count):
    """:return: the seconds of each part and the peak memory in MB, of a process of its own"""
    script = program.format(root=str(ROOT), count=count)
    done = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True)
    if done.returncode:
        raise SystemExit(done.stderr)
    return json.loads(done.stdout.splitlines()[-1])


def main():
    parts, peak = run(OURS, COUNT)
    seconds = sum(parts)
    peer = COUNT / run(SEPAXML, COUNT)[0][0]
    line = {
        "bench": "payments",
        "ours": round(COUNT / seconds),
        "peer_name": "sepaxml",
        "peer": round(peer),
        "ratio": round(COUNT / seconds / peer, 1),
        "unit": "instructions/s",
        "n": COUNT,
        "peak_mb": round(peak),
        "seconds": round(seconds, 2),
        "seconds_written_validated_sealed": [round(part, 2) for part in parts],
    }
    print(json.dumps(line))


if __name__ == "__main__":
    main()
