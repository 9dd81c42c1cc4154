"""Exports under real commits: nothing missed while others post, one complete run after a kill."""

import contextlib
import io
import json
import threading
from concurrent.futures import ThreadPoolExecutor
from decimal import Decimal
from hashlib import sha256

import odoorpc
import psycopg2
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
    server.wait_for(lambda: state(server, run) == "delivered", f"run {run} to be delivered")


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
        before = document["previous_manifest_sha256"]
        assert before not in manifests, "two runs continue the same one"
        manifests[before] = (path, document)
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


@contextlib.contextmanager
def halted_at_the_second_file(server):
    """A run that starts within this keeps its first file and gets no further until this ends; then it gets through."""
    server.sql(
        """CREATE FUNCTION e2e_gate() RETURNS trigger LANGUAGE plpgsql AS $$
             BEGIN
               IF EXISTS (SELECT FROM reporting_run_file WHERE run_id = NEW.run_id) THEN
                 PERFORM pg_advisory_xact_lock(4711);
               END IF;
               RETURN NEW;
             END $$;
           CREATE TRIGGER e2e_gate BEFORE INSERT ON reporting_run_file
             FOR EACH ROW EXECUTE FUNCTION e2e_gate()"""
    )
    holder = psycopg2.connect(
        host=str(server.cluster.socket), user=server.cluster.user, dbname=server.name
    )
    try:
        holder.cursor().execute("SELECT pg_advisory_lock(4711)")
        yield
    finally:
        holder.close()
        server.sql("DROP FUNCTION e2e_gate() CASCADE")


def wait_halted(server):
    server.wait_for(
        lambda: server.sql(
            "SELECT 1 FROM pg_locks WHERE locktype = 'advisory' AND objid = 4711 AND NOT granted"
        ),
        "the run to come to its second file",
    )


def change_each_month(server):
    """Have the next incremental run read rows of two months, so that it writes several files."""
    post_entries(server, WRITERS)


def files_at_target(server, uid):
    return {
        str(path.relative_to(server.folder))
        for path in server.folder.rglob("*")
        if path.is_file() and uid in str(path)
    }


def test_killed_run_leaves_one_complete_run(world):
    change_each_month(world)
    with halted_at_the_second_file(world):
        run = start_run(world)
        wait_halted(world)
        assert state(world, run) == "building"
        world.kill()
    [(uid, kept)] = world.sql(
        "SELECT run.uid, (SELECT count(*) FROM reporting_run_file WHERE run_id = run.id)"
        " FROM reporting_run run WHERE id = %s",
        [run],
    )
    assert kept == 1, "it was to be killed half-way"
    assert files_at_target(world, uid) == set()
    world.start()
    wait_delivered(world, run)
    [(rows,)] = world.sql("SELECT row_count FROM reporting_run WHERE id = %s", [run])
    [manifest] = world.folder.rglob(f"_manifests/{uid}.json")
    document = json.loads(manifest.read_text())
    files = {entry["path"] for entry in document["files"]}
    assert len(files) >= 2
    assert files_at_target(world, uid) == files | {str(manifest.relative_to(world.folder))}
    assert document["rows"] == rows
    held = {key: (row["entry"], row["balance"]) for key, row in read_chain(world.folder).items()}
    assert held == ledger(world)


def test_run_cancelled_while_it_reads_ends_there_and_the_next_one_misses_nothing(world):
    change_each_month(world)
    with halted_at_the_second_file(world):
        run = start_run(world)
        wait_halted(world)
        world.rpc().execute("reporting.run", "action_cancel", [run])
        assert state(world, run) == "cancelled"
    [(uid, exchange)] = world.sql("SELECT uid, exchange_id FROM reporting_run WHERE id = %s", [run])
    world.wait_for(
        lambda: world.sql(
            "SELECT 1 FROM queue_job WHERE identity_key LIKE %s AND state = 'done'",
            [f"finance.exchange,{exchange},%"],
        ),
        "the reader to notice",
    )
    assert state(world, run) == "cancelled"
    assert world.sql("SELECT 1 FROM reporting_run_file WHERE run_id = %s", [run]) == []
    assert files_at_target(world, uid) == set()
    wait_delivered(world, start_run(world))
    held = {key: (row["entry"], row["balance"]) for key, row in read_chain(world.folder).items()}
    assert held == ledger(world)


def test_of_many_who_start_a_run_at_once_one_does(world):
    change_each_month(world)

    def try_to_start(_number):
        try:
            return start_run(world)
        except odoorpc.error.RPCError as error:
            assert "is not over" in str(error)
            return None

    with halted_at_the_second_file(world):
        with ThreadPoolExecutor(WRITERS) as pool:
            started = [run for run in pool.map(try_to_start, range(WRITERS)) if run]
        assert len(started) == 1
    wait_delivered(world, started[0])
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
