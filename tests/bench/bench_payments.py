"""Payments a second, in two scopes that are told apart.

*File*: from the canonical order to the bytes that go to the bank: written as pain.001.001.09, validated by the XSD and
the profile, signed and encrypted (CMS), 10,000 to as many vendors in one file. Beside it sepaxml with its own
validation, and what OCA's generator takes of its confirmed order; neither signs.

*Odoo*: from posted bills, of a vendor each, to that file, in a database of its own on either side: ours by a payment
run, with payments posted and reconciled, instructions, file, two approvals, signed and encrypted; OCA's by an order of
payment lines, confirmed, its file, its payments posted. The number is what OCA gets done in some two minutes.

BENCH_INSTRUCTIONS and BENCH_BILLS set the sizes. OCA's addons are fetched for this run only, and never imported by the
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
from tests.bench.payments_keys import pems

COUNT = int(os.environ.get("BENCH_INSTRUCTIONS", "10000"))
BILLS = int(os.environ.get("BENCH_BILLS", "300"))
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
from odoo.addons.treasury_sync.tools import documents, formats, pain001, seals
from odoo.addons.treasury_sync.tools.file_keys import FileKeys
from tests.bench.payments_keys import pems
from tests.bench.payments_world import german_iban
from tests.unit.treasury_sync.examples import instruction, order

now = datetime.datetime.now(datetime.UTC)
key, cert, bank = pems()
keys, profile = FileKeys(key, cert, bank), formats.Profile("sepa")
found = order(*(
    instruction(number, amount=Decimal(number) / 100, remittance=f"Größe & Rechnung {{number}}",
        party=documents.Party(name=f"Vendor Größe {{number}}", address=documents.Address(
            street=f"Hauptstraße {{number}}", postcode="10115", town="Berlin", country="DE")),
        account=documents.Account(iban=german_iban(number)))
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
from tests.bench.payments_world import german_iban
before = time.perf_counter()
peer = SepaTransfer({{"name": "Alder AG", "IBAN": "DE89370400440532013000", "BIC": "COBADEFFXXX",
    "batch": True, "currency": "EUR"}}, schema="pain.001.001.09")
for number in range(1, {count} + 1):
    peer.add_payment({{"name": f"Vendor Größe {{number}}", "IBAN": german_iban(number), "amount": number,
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


def run_odoo(cluster, name, template, call, *, addon="", **extra):
    """:return: the seconds of each step of ``call``, in a database with Odoo's addons and those of one side"""
    python = Path(sys.executable)
    with contextlib.ExitStack() as stack:
        database.copy(cluster, template, name)
        stack.callback(database.drop, cluster, name)
        conf = odoo_conf.write(name, cluster, queue=False, extra=extra)
        common = {"log_name": name, "failure": f"{name} cannot be measured."}
        if addon:
            odoo.run(
                *(python, conf, "server", "--init", addon),
                *("--stop-after-init", "--no-http", "--max-cron-threads=0"),
                **common,
            )
        body = (
            f"import json, sys; sys.path.insert(0, {str(ROOT)!r})\nfrom tests.bench import payments_world\n"
            f"print('BENCH', json.dumps(payments_world.{call}))"
        )
        log = odoo.run(
            *(python, conf, "shell", "--no-http", "--shell-interface=python"),
            **common,
            stdin=f"exec({body!r})\n",
        )
    told = next(line for line in log.read_text().splitlines() if "BENCH {" in line)
    return json.loads(told.partition("BENCH ")[2])


def run_both(cluster):
    """:return: seconds by step, ours and OCA's"""
    python = Path(sys.executable)
    ours = run_odoo(
        cluster,
        "bench_payments",
        database.suite_template(cluster, python),
        f"ours(env, {BILLS}, {pems()!r})",
    )
    with tempfile.TemporaryDirectory() as library, contextlib.ExitStack() as stack:
        command = [sys.executable, "-m", "pip", "install", "--quiet", "--no-deps"]
        subprocess.run([*command, "--target", library, OCA_LIBRARY], check=True, stdout=sys.stderr)
        os.environ["PYTHONPATH"] = library
        stack.callback(os.environ.pop, "PYTHONPATH")
        theirs = run_odoo(
            cluster,
            "bench_payments_oca",
            database.core_template(cluster, python),
            f"oca(env, {BILLS})",
            addon=OCA_ADDON,
            addons_path=f"{oca.addons(OCA_ADDON, OCA)},{ADDONS}",
        )
    return ours, theirs


def report(scope, peer_name, ours, peer, n, **more):
    """:param ours: payments a second
    :param peer: likewise
    """
    line = {
        "bench": "payments",
        "scope": scope,
        "ours": round(ours),
        "peer_name": peer_name,
        "peer": round(peer, 1),
        "ratio": round(ours / peer, 1),
        "unit": "payments/s",
        "n": n,
        **more,
    }
    print(json.dumps(line), flush=True)


def seconds_of(steps, *names):
    return sum(steps[name] for name in names)


def main():
    parts, peak = run(OURS, COUNT)
    rate = COUNT / sum(parts)
    more = {
        "peak_mb": round(peak),
        "seconds": round(sum(parts), 2),
        "seconds_written_validated_sealed": [round(part, 2) for part in parts],
    }
    report("file", "sepaxml", rate, COUNT / run(SEPAXML, COUNT)[0][0], COUNT, **more)
    with postgres.running() as cluster:
        ours, theirs = run_both(cluster)
    name = "OCA account_banking_sepa_credit_transfer"
    report("file", f"{name}, of a confirmed order", rate, BILLS / theirs["file"], COUNT, **more)
    more = {"peak_mb": 0, "seconds_ours": ours, "seconds_peer": theirs}
    for scope, mine, other in (
        (
            "Odoo: from an order of payments to the file",
            ("generated", "approved", "sealed"),
            ("confirmed", "file"),
        ),
        (
            "Odoo: from posted bills to the file",
            ("proposed", "paid", "generated", "approved", "sealed"),
            ("lines", "confirmed", "file"),
        ),
        (
            "Odoo: from posted bills to the file and posted payments, committed",
            tuple(ours),
            tuple(theirs),
        ),
    ):
        report(
            scope,
            name,
            BILLS / seconds_of(ours, *mine),
            BILLS / seconds_of(theirs, *other),
            BILLS,
            **more,
        )


if __name__ == "__main__":
    main()
