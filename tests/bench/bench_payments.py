"""Payment instructions a second, from canonical order to the bytes that go to the bank.

Ours is all of it: written as pain.001.001.09, validated by the XSD and the profile, signed and encrypted (CMS), 10,000
in one file. Beside it, in the same run: sepaxml with its own validation, and OCA's generator for SEPA credit transfers
in a database of its own, from its confirmed order to its file (500 payments: confirming more takes Odoo minutes).
Neither signs. BENCH_INSTRUCTIONS sets the size. OCA's addons are fetched for this run only, and never imported by the
suite.
"""

import contextlib
import json
import os
import subprocess
import sys
import tempfile
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
sys.path[:0] = [str(ROOT), str(ROOT / "setup")]

import oca

from lib import database, odoo, odoo_conf, postgres
from lib.paths import ADDONS

COUNT = int(os.environ.get("BENCH_INSTRUCTIONS", "10000"))
OCA_COUNT = 500
OCA_ADDON = "account_banking_sepa_credit_transfer"
OCA = (
    "odoo-addon-account-banking-sepa-credit-transfer==19.0.1.0.0.3",
    "odoo-addon-account-banking-pain-base==19.0.1.1.1.4",
    "odoo-addon-account-payment-order==19.0.1.0.8",
    "odoo-addon-account-payment-mode==19.0.1.1.0.3",
)
OCA_LIBRARY = "unidecode==1.4.0"

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
IN_OCA = """
import json, time
from odoo.fields import Command, Date
env.user.group_ids |= env.ref("account_payment_order.group_account_payment")
env.ref("base.EUR").active = True
company = env.company
partner = env["res.partner"].create({{"name": "Vendor SARL"}})
Bank = env["res.partner.bank"]
own = Bank.create({{"acc_number": "DE89370400440532013000", "partner_id": company.partner_id.id,
    "bank_id": env["res.bank"].create({{"name": "Bank", "bic": "COBADEFFXXX"}}).id}})
account = Bank.create({{"acc_number": "FR7630006000011234567890189", "partner_id": partner.id,
    "allow_out_payment": True}})
journal = env["account.journal"].create({{"name": "Bank", "code": "OCAB", "type": "bank",
    "bank_account_id": own.id, "currency_id": env.ref("base.EUR").id}})
method = env.ref("account_banking_sepa_credit_transfer.sepa_credit_transfer")
method_line = env["account.payment.method.line"].search(
    [("journal_id", "=", journal.id), ("payment_method_id", "=", method.id)], limit=1)
if not method_line:
    env["account.payment.method.line"].create({{"journal_id": journal.id, "payment_method_id": method.id}})
mode = env["account.payment.mode"].create({{"name": "SEPA", "bank_account_link": "fixed", "group_lines": False,
    "fixed_journal_id": journal.id, "payment_method_id": method.id}})
order = env["account.payment.order"].create({{"payment_mode_id": mode.id, "journal_id": journal.id,
    "date_prefered": "now", "payment_line_ids": [Command.create({{
        "partner_id": partner.id, "partner_bank_id": account.id, "communication": f"Rechnung {{number}}",
        "currency_id": env.ref("base.EUR").id, "amount_currency": number / 100}})
        for number in range(1, {count} + 1)]}})
order.draft2open()
env.flush_all()
before = time.perf_counter()
content, _name = order.generate_payment_file()
spent = time.perf_counter() - before
assert content.count(b"<EndToEndId>") == {count}, content[:500]
print("BENCH", json.dumps([[spent], 0]))
"""


def run(program, count):
    """:return: the seconds of each part and the peak memory in MB, of a process of its own"""
    script = program.format(root=str(ROOT), count=count)
    done = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True)
    if done.returncode:
        raise SystemExit(done.stderr)
    return json.loads(done.stdout.splitlines()[-1])


def run_oca(cluster):
    """:return: the seconds of OCA's generator, in a database with Odoo's addons and its own"""
    name = "bench_payments"
    with tempfile.TemporaryDirectory() as library, contextlib.ExitStack() as stack:
        command = [sys.executable, "-m", "pip", "install", "--quiet", "--no-deps"]
        subprocess.run([*command, "--target", library, OCA_LIBRARY], check=True, stdout=sys.stderr)
        os.environ["PYTHONPATH"] = library
        stack.callback(os.environ.pop, "PYTHONPATH")
        python = Path(sys.executable)
        database.copy(cluster, database.core_template(cluster, python), name)
        stack.callback(database.drop, cluster, name)
        path = f"{oca.addons(OCA_ADDON, OCA)},{ADDONS}"
        conf = odoo_conf.write(name, cluster, queue=False, extra={"addons_path": path})
        common = {"log_name": name, "failure": "OCA's generator cannot be measured."}
        odoo.run(
            *(python, conf, "server", "--init", OCA_ADDON),
            *("--stop-after-init", "--no-http", "--max-cron-threads=0"),
            **common,
        )
        log = odoo.run(
            *(python, conf, "shell", "--no-http", "--shell-interface=python"),
            **common,
            stdin=f"exec({IN_OCA.format(count=OCA_COUNT)!r})\n",
        )
    told = next(line for line in log.read_text().splitlines() if "BENCH [" in line)
    return json.loads(told.partition("BENCH ")[2])[0][0]


def main():
    parts, peak = run(OURS, COUNT)
    seconds = sum(parts)
    with postgres.running() as cluster:
        peers = {
            "sepaxml": COUNT / run(SEPAXML, COUNT)[0][0],
            "OCA account_banking_sepa_credit_transfer": OCA_COUNT / run_oca(cluster),
        }
    for name, peer in peers.items():
        line = {
            "bench": "payments",
            "ours": round(COUNT / seconds),
            "peer_name": name,
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
