"""A closed month to a folder, an S3 store and a warehouse: the same totals everywhere, and as the ledger has them."""

import contextlib
import json
import subprocess
import time
import urllib.request
from collections.abc import Iterator, Mapping
from datetime import date, timedelta
from decimal import Decimal
from pathlib import Path

from lib import database, odoo, progress
from lib.demo_clients import PATIENCE
from lib.demo_parts import Shown, Stage
from lib.paths import SetupError
from lib.postgres import Cluster

_CONTRACT = "dataset=journal_items/v=1"
_BUCKET = "lake"
# Programs that nobody here wrote add up what the folder holds: pyarrow reads it, DuckDB makes a trial balance in SQL.
_READERS = """
import json, sys
import duckdb
import pyarrow.compute as pc
import pyarrow.parquet as pq
files = json.loads(sys.argv[1])
debit = pc.sum(pq.ParquetDataset(files).read(columns=["debit"])["debit"]).as_py()
rows = duckdb.sql(
    f"SELECT account, sum(balance)::VARCHAR FROM read_parquet({files!r}) GROUP BY account"
).fetchall()
print(json.dumps({"debit": str(debit), "trial_balance": dict(rows)}))
"""


def seed(stage: Stage) -> str:
    folder = _folder(stage)
    folder.mkdir(exist_ok=True)
    cluster, warehouse = stage.context.cluster, _warehouse(stage)
    database.drop(cluster, warehouse)
    database.psql(cluster, "postgres", f'CREATE DATABASE "{warehouse}"')
    addresses = {
        "folder": str(folder),
        "s3": f"http://127.0.0.1:{odoo.free_port()}/{_BUCKET}#us-east-1",
        "warehouse": f"postgresql://{cluster.user}@/{warehouse}?host={cluster.socket}#finance",
        "openlineage": stage.context.sandbox_url,
    }
    return f"seed_exports(env, {_entity(stage)}, {_month(stage).isoformat()!r}, {addresses!r})"


def run(stage: Stage) -> Shown:
    seeded = stage.seeded["exports"]
    with (
        progress.step("A closed month to a folder, an S3 store and a warehouse"),
        _s3(stage.context.python, seeded["s3"]) as bucket,
    ):
        runs = {
            target: _start(stage, export_id, seeded["again"])
            for target, export_id in seeded["exports"].items()
        }
        told = {target: _wait(stage, run_id) for target, run_id in runs.items()}
        events = _lineage(stage, told)
        manifests = {
            "folder": json.loads((_folder(stage) / _manifest_of(told["folder"])).read_bytes()),
            "s3": json.loads(_get(f"{bucket}/{_manifest_of(told['s3'])}")),
        }
        debits = {target: _debit(manifest) for target, manifest in manifests.items()}
        debits["warehouse"] = _in_warehouse(stage.context.cluster, _warehouse(stage))
        read = _read(stage, manifests["folder"])
        debits["pyarrow"] = read["debit"]
        ledger = _ledger(stage)
    rows = told["folder"]["row_count"]
    return Shown(
        figures={
            "month": f"{_month(stage):%Y-%m}",
            "rows": rows,
            "debit": str(debits["folder"]),
            "targets": sorted(told),
            "lineage_events": len(events),
        },
        checks={
            "exports_delivered": all(each["state"] == "delivered" for each in told.values()),
            "targets_have_equal_totals": len(set(debits.values())) == 1
            and manifests["folder"]["totals"] == manifests["s3"]["totals"],
            "trial_balance_in_sql_equals_ledger": read["trial_balance"] == ledger and bool(ledger),
            "lineage_received": all(
                {"START", "COMPLETE"} <= _kinds(events, each) for each in told.values()
            ),
        },
        sentences=(_in_words(rows, _month(stage)),),
    )


def _in_words(rows: int, month: date) -> str:
    return (
        f"{rows} journal items of {month:%B %Y}, which is locked, went to a folder, an S3 store and a warehouse with"
        " equal totals; the trial balance that DuckDB makes of the files is the ledger's"
    )


# === WHERE === #


def _entity(stage: Stage) -> int:
    return min(stage.companies)


def _month(stage: Stage) -> date:
    """:return: first day of a month before the bank's history begins: one with lines to explain cannot be locked"""
    return (stage.today.replace(day=1) - timedelta(days=40)).replace(day=1)


def _folder(stage: Stage) -> Path:
    return stage.context.folder / "exports"


def _warehouse(stage: Stage) -> str:
    return f"{stage.context.database}_warehouse"


@contextlib.contextmanager
def _s3(python: Path, address: str) -> Iterator[str]:
    """An S3 store for as long as the part lasts.

    :return: the bucket's address
    """
    bucket = address.partition("#")[0]
    host, port = bucket.rpartition("/")[0].removeprefix("http://").split(":")
    command = [python, "-m", "moto.server", "-H", host, "-p", port]
    with odoo.serving(command, ready_url=f"http://{host}:{port}/moto-api/", log_name="s3"):
        with urllib.request.urlopen(urllib.request.Request(bucket, method="PUT"), timeout=30):
            pass
        yield bucket


# === RUNS === #


def _start(stage: Stage, export_id: int, again: Mapping[str, int]) -> int:
    """Start the run of a locked month; what an earlier demo has exported is brought again."""
    if backfill := again.get(str(export_id)):
        stage.odoo.call("reporting.backfill", "action_start", ids=[backfill])
        [found] = stage.odoo.call(
            "reporting.run",
            "search_read",
            domain=[("export_id", "=", export_id)],
            fields=["id"],
            order="id desc",
            limit=1,
        )
        return found["id"]
    return stage.odoo.call("reporting.export", "action_run", ids=[export_id])["res_id"]


def _wait(stage: Stage, run_id: int) -> dict:
    deadline = time.monotonic() + PATIENCE
    while time.monotonic() < deadline:
        [found] = stage.odoo.call(
            "reporting.run", "read", ids=[run_id], fields=["uid", "state", "row_count"]
        )
        if found["state"] in ("delivered", "held"):
            return found
        time.sleep(0.2)
    raise SetupError(
        f"The export {found['uid']} is {found['state']} after {PATIENCE} s: see .run/logs."
    )


def _lineage(stage: Stage, told: Mapping[str, dict]) -> list[dict]:
    """:return: what the lineage backend has of the runs, once it has all or the patience ends"""
    uids = {each["uid"] for each in told.values()}
    deadline = time.monotonic() + PATIENCE
    while time.monotonic() < deadline:
        events = [
            event
            for event in stage.sandbox.call("GET", "/control/lineage")["events"]
            if event["run"]["runId"] in uids
        ]
        if len(events) >= 2 * len(uids):
            return events
        time.sleep(0.2)
    return events


def _kinds(events: list[dict], told: dict) -> set[str]:
    return {event["eventType"] for event in events if event["run"]["runId"] == told["uid"]}


# === TOTALS === #


def _manifest_of(told: dict) -> str:
    return f"{_CONTRACT}/_manifests/{told['uid']}.json"


def _get(url: str) -> bytes:
    # The store asks for a login and accepts any.
    request = urllib.request.Request(url, headers={"Authorization": "AWS demo:demo"})
    with urllib.request.urlopen(request, timeout=30) as answer:
        return answer.read()


def _debit(manifest: dict) -> Decimal:
    return sum((Decimal(total["debit"]) for total in manifest["totals"]), Decimal(0))


def _in_warehouse(cluster: Cluster, warehouse: str) -> Decimal:
    return Decimal(
        database.psql(cluster, warehouse, "SELECT sum(debit) FROM finance.journal_items_v1")
    )


def _read(stage: Stage, manifest: dict) -> dict:
    files = [str(_folder(stage) / entry["path"]) for entry in manifest["files"]]
    done = subprocess.run(
        [stage.context.python, "-c", _READERS, json.dumps(files)], capture_output=True, text=True
    )
    if done.returncode:
        raise SetupError(f"The exported files cannot be read: {done.stderr[-600:]}")
    read = json.loads(done.stdout)
    return {
        "debit": Decimal(read["debit"]),
        "trial_balance": {
            account: Decimal(balance) for account, balance in read["trial_balance"].items()
        },
    }


def _ledger(stage: Stage) -> dict[str, Decimal]:
    """:return: the trial balance of the month, as Odoo makes it"""
    end = (_month(stage) + timedelta(days=31)).replace(day=1)
    context = {"allowed_company_ids": [_entity(stage)]}
    groups = stage.odoo.call(
        "account.move.line",
        "formatted_read_group",
        domain=[
            ("company_id", "=", _entity(stage)),
            ("parent_state", "=", "posted"),
            ("date", ">=", _month(stage).isoformat()),
            ("date", "<", end.isoformat()),
        ],
        groupby=["account_id"],
        aggregates=["balance:sum"],
        context=context,
    )
    accounts = stage.odoo.call(
        "account.account",
        "read",
        ids=[group["account_id"][0] for group in groups],
        fields=["code"],
        context=context,
    )
    codes = {account["id"]: account["code"] for account in accounts}
    return {
        codes[group["account_id"][0]]: Decimal(f"{group['balance:sum']:.2f}") for group in groups
    }
