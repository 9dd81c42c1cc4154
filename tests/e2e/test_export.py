"""Exports under real commits: nothing missed while others post, one complete run after a kill."""

import io
import json
import threading
from concurrent.futures import ThreadPoolExecutor
from decimal import Decimal
from hashlib import sha256

import pyarrow.parquet as pq
import pytest
from playwright.sync_api import expect

from lib import database
from servers import log_in

WRITERS = 8
ENTRIES = 6

SETUP = """
company = env.company
connection = env["finance.connection"].create({{
    "name": "Lake", "adapter": "folder", "environment": "test", "endpoint": {folder!r}, "company_id": company.id}})
interface = env["finance.interface"].create({{
    "name": "Exports", "code": "e2e.reporting", "handler": "reporting_run", "connection_id": connection.id,
    "company_id": company.id}})
interface._go_live("Needed by a test.")
export = env["reporting.export"].create({{
    "name": "Items", "dataset_id": env.ref("reporting_export.dataset_journal_items").id,
    "interface_id": interface.id, "kind": "incremental", "date_from": "2026-01-01", "interval_hours": 0}})
journal = env["account.journal"].search([("type", "=", "general"), ("company_id", "=", company.id)], limit=1)
accounts = env["account.account"].search([
    ("company_ids", "in", company.ids), ("account_type", "in", ("asset_current", "liability_current"))], limit=2)
print(export.id, journal.id, *accounts.ids)
"""

WAREHOUSE = """
company = env.company
connection = env["finance.connection"].create({{
    "name": "Warehouse", "adapter": "warehouse", "environment": "test", "endpoint": {address!r},
    "allow_private_address": True, "company_id": company.id}})
interface = env["finance.interface"].create({{
    "name": "Warehouse", "code": "e2e.warehouse", "handler": "reporting_run", "connection_id": connection.id,
    "company_id": company.id}})
interface._go_live("Needed by a test.")
print(env["reporting.export"].create({{
    "name": "Items", "dataset_id": env.ref("reporting_export.dataset_journal_items").id,
    "interface_id": interface.id, "kind": "incremental", "date_from": "2026-01-01", "interval_hours": 0}}).id)
"""


@pytest.fixture(scope="module")
def world(odoo_server, tmp_path_factory):
    folder = tmp_path_factory.mktemp("lake")
    server = odoo_server("export", finance={"file_roots": str(folder)})
    server.folder = folder
    server.export, server.journal, *server.accounts = map(
        int, server.shell(SETUP.format(folder=str(folder))).split()
    )
    return server


def start_run(server):
    action = server.rpc().execute("reporting.export", "action_run", [server.export])
    return action["res_id"]


def state(server, run):
    [(found,)] = server.sql("SELECT state FROM reporting_run WHERE id = %s", [run])
    return found


def wait_delivered(server, run):
    # The sweeper, which finds what a killed worker left, comes once a minute.
    server.wait_for(
        lambda: state(server, run) == "delivered", f"run {run} to be delivered", seconds=240
    )


def post_entries(server, writer):
    """Post entries over RPC; every third goes back to draft again, and of those every other is deleted."""
    client = server.rpc()
    debit, credit = server.accounts
    for number in range(ENTRIES):
        amount = writer * 1000 + number + 0.25
        entry = client.execute(
            "account.move",
            "create",
            [
                {
                    "move_type": "entry",
                    "journal_id": server.journal,
                    "date": f"2026-{number % 3 + 1:02d}-15",
                    "line_ids": [
                        (0, 0, {"account_id": debit, "debit": amount, "name": f"W{writer}"}),
                        (0, 0, {"account_id": credit, "credit": amount, "name": f"W{writer}"}),
                    ],
                }
            ],
        )
        client.execute("account.move", "action_post", entry)
        if number % 3 == 2:
            client.execute("account.move", "button_draft", entry)
            if number % 2:
                client.execute("account.move", "unlink", entry)


def read_chain(folder):
    """What a consumer holds who applies the runs in the order that their manifests prove."""
    manifests = {}
    for path in folder.rglob("_manifests/*.json"):
        document = json.loads(path.read_text())
        manifests[document["previous_manifest_sha256"]] = (path, document)
    held, previous, read = {}, None, 0
    while previous in manifests:
        path, document = manifests[previous]
        if document["since"] is None:
            held = {}
        for entry in document["files"]:
            content = (folder / entry["path"]).read_bytes()
            assert sha256(content).hexdigest() == entry["sha256"]
            for row in pq.read_table(io.BytesIO(content)).to_pylist():
                if entry["operation"] == "delete":
                    held.pop(row["id"], None)
                else:
                    held[row["id"]] = row
        previous = sha256(path.read_bytes()).hexdigest()
        read += 1
    assert read == len(manifests)
    return held


def ledger(server):
    return {
        row[0]: row[1:]
        for row in server.sql(
            "SELECT line.id, move.name, line.balance FROM account_move_line line"
            " JOIN account_move move ON move.id = line.move_id WHERE move.state = 'posted'"
            " AND line.date >= '2026-01-01'"
        )
    }


def test_nothing_is_missed_while_eight_writers_post(world):
    done = threading.Event()

    def export_all_the_time():
        count = 0
        while not done.is_set():
            wait_delivered(world, start_run(world))
            count += 1
        return count

    with ThreadPoolExecutor(WRITERS + 1) as pool:
        exporter = pool.submit(export_all_the_time)
        writers = [pool.submit(post_entries, world, number) for number in range(WRITERS)]
        try:
            for writer in writers:
                writer.result()
        finally:
            done.set()
        assert exporter.result() > 1, "runs and writers were to meet"
    wait_delivered(world, start_run(world))
    held = {key: (row["entry"], row["balance"]) for key, row in read_chain(world.folder).items()}
    assert held == ledger(world)
    # What came after the first run came as changes.
    kinds = world.sql("SELECT kind, count(*) FROM reporting_run GROUP BY kind")
    assert kinds == [("incremental", kinds[0][1])]


def test_killed_run_leaves_one_complete_run(world):
    run = start_run(world)
    world.wait_for(
        lambda: state(world, run) in ("building", "sending", "delivered"), "the run to start"
    )
    world.kill()
    world.start()
    wait_delivered(world, run)
    [(uid, rows)] = world.sql("SELECT uid, row_count FROM reporting_run WHERE id = %s", [run])
    [manifest] = world.folder.rglob(f"_manifests/{uid}.json")
    document = json.loads(manifest.read_text())
    files = {entry["path"] for entry in document["files"]}
    there = {
        str(path.relative_to(world.folder))
        for path in world.folder.rglob(f"export_run={uid}/*")
        if path.is_file()
    }
    assert there == files
    assert document["rows"] == rows
    held = {key: (row["entry"], row["balance"]) for key, row in read_chain(world.folder).items()}
    assert held == ledger(world)


def test_warehouse_holds_what_the_ledger_holds(world, cluster):
    database.psql(cluster, "postgres", "DROP DATABASE IF EXISTS e2e_warehouse")
    database.psql(cluster, "postgres", "CREATE DATABASE e2e_warehouse")
    address = f"postgresql://{cluster.user}@/e2e_warehouse?host={cluster.socket}#finance"
    export = int(world.shell(WAREHOUSE.format(address=address)))
    client = world.rpc()

    def run(post):
        if post:
            post_entries(world, 99)
        wait_delivered(world, client.execute("reporting.export", "action_run", [export])["res_id"])
        rows = database.psql(
            cluster,
            "e2e_warehouse",
            "SELECT id, entry, balance::numeric(16,2) FROM finance.journal_items_v1 ORDER BY id",
        )
        held = {}
        for row in rows.splitlines():
            key, entry, balance = row.split("\t")
            held[int(key)] = (entry, Decimal(balance))
        return held

    assert run(post=False) == ledger(world)
    # Changes and what is gone, on top of what is there.
    assert run(post=True) == ledger(world)
    runs = database.psql(cluster, "e2e_warehouse", "SELECT count(*) FROM finance._runs")
    assert runs == "2"
    database.psql(cluster, "postgres", "DROP DATABASE e2e_warehouse WITH (FORCE)")


def test_run_with_its_totals_in_the_browser(world, chromium):
    [(run, uid, rows)] = world.sql(
        "SELECT id, uid, row_count FROM reporting_run WHERE state = 'delivered' ORDER BY row_count DESC LIMIT 1"
    )
    page = chromium.new_page(base_url=world.url)
    log_in(page)
    page.goto(f"/odoo/reporting-runs/{run}")
    expect(page.locator(".o_field_widget[name=row_count]")).to_have_text(f"{rows:,}")
    table = page.locator(".o_field_widget[name=totals_text]")
    expect(table).to_contain_text("entity")
    head, *lines = table.inner_text().splitlines()
    assert head.split()[:4] == ["entity", "account", "currency", "rows"]
    assert sum(int(line.split()[3]) for line in lines if line) == rows
    page.get_by_role("tab", name="Files").click()
    expect(page.locator(".o_field_widget[name=file_ids] .o_data_row").first).to_contain_text(uid)
    page.close()
