"""OCA's CAMT import, which people use today: fetched for a bench's database, in a copy of it, and never imported here.

Its addon is AGPL-3: it stays beside the project, in ``.run``, as a program that is measured.
"""

import contextlib
import subprocess
import sys
import zipfile
from pathlib import Path

ADDON = "account_statement_import_camt"
WHEELS = (
    "odoo-addon-account-statement-import-camt==19.0.1.0.0.8",
    "odoo-addon-account-statement-import-file==19.0.1.0.0.5",
    "odoo-addon-account-statement-import-base==19.0.1.0.0.8",
    "odoo-addon-account-statement-base==19.0.1.0.1",
)

SCRIPT = """
import base64, json
bank = world.Bank.again(env)
own = [("bank_date", "=", False)]
bank.number += env["account.bank.statement"].search_count(own)
wizard = env["account.statement.import"].create(
    {{"statement_file": base64.b64encode(bank.statement({count})), "statement_filename": "bank.xml"}})
with world.Spent(env) as spent:
    wizard._import_file()
    env.cr.commit()
booked = env["account.bank.statement"].search(own, order="id desc", limit=1)
assert len(booked.line_ids) == {count}, len(booked.line_ids)
print(json.dumps({{"wall": spent.wall, "cpu": spent.cpu}}))
"""


def addons(addon, wheels):
    """:return: the folder of OCA's addons, this one and what ``wheels`` hold fetched once"""
    from lib.paths import RUN

    folder = RUN / "oca"
    fetched, found = folder / "wheels", folder / "odoo/addons"
    if not (found / addon).exists():
        fetched.mkdir(parents=True, exist_ok=True)
        subprocess.run(
            [
                *(sys.executable, "-m", "pip", "download", "--quiet", "--no-deps"),
                *("--dest", str(fetched), *wheels),
            ],
            check=True,
            stdout=sys.stderr,
        )
        for wheel in sorted(fetched.glob("*.whl")):
            with zipfile.ZipFile(wheel) as archive:
                archive.extractall(folder)
    return found


@contextlib.contextmanager
def server_on_a_copy(cluster, source):
    """An Odoo with OCA's import on a copy of a database that nobody is connected to; dropped afterwards."""
    from lib import database, odoo
    from lib.paths import ADDONS
    from servers import OdooServer

    name = f"{source}_oca"
    database.copy(cluster, source, name)
    try:
        server = OdooServer(
            cluster, name, queue=False, extra={"addons_path": f"{ADDONS},{addons(ADDON, WHEELS)}"}
        )
        odoo.run(
            *(Path(sys.executable), server.conf, "server", "--init", ADDON),
            *("--stop-after-init", "--no-http", "--max-cron-threads=0"),
            log_name=f"install-{name}",
            failure="OCA's import cannot be installed.",
        )
        yield server
    finally:
        database.drop(cluster, name)
