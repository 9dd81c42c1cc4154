"""A database restored from a backup: what was sent after it is never sent again."""

import threading
from contextlib import contextmanager

import psycopg2

from lib import database
from servers import OdooServer

# LOCK_SPACES["run"] of finance_exchange_state.py
_RUN_LOCK = 0x46495201
_EMIT = """
connection = env["finance.connection"].create({{
    "name": "Counterparty", "adapter": "dummy", "environment": "test", "endpoint": {folder!r}}})
interface = env["finance.interface"].create({{
    "name": "Out", "code": "recovery.out", "handler": "dummy_out", "connection_id": connection.id}})
interface._go_live("Needed by a test.")
for key in ("sent after the backup", "never sent"):
    env["finance.exchange"]._emit(interface, key)
"""
_SEND_FIRST = """
env["finance.exchange"].search([("idempotency_key", "=", "sent after the backup")])._job_send()
"""


def test_restored_copy_sends_nothing_twice_and_nothing_before_a_manager_says_so(
    odoo_server, cluster, chromium, tmp_path
):
    original = odoo_server("original", queue=False)
    # The instance is known before anything leaves.
    original.sweep()
    original.shell(_EMIT.format(folder=str(tmp_path)))
    original.stop()
    restored_name = "e2e_restored"
    database.copy(cluster, original.name, restored_name)
    restored = OdooServer(cluster, restored_name)
    try:
        original.shell(_SEND_FIRST)
        assert _status(original) == {"sent after the backup": "done", "never sent": "ready"}
        assert _inbox(tmp_path) == ["message of sent after the backup"]

        # A job of the backup is at work when the restore is noticed.
        with _at_work(restored, "never sent"):
            restored.shell('env["finance.environment"]._watch_instance()')
        assert _status(restored) == {"sent after the backup": "unknown", "never sent": "unknown"}

        restored.start()
        restored.sweep()
        restored.wait_for(
            lambda: (
                _status(restored).get("sent after the backup") in ("done", "exception")
                and _status(restored)["never sent"] == "retry"
            ),
            "the statuses to be asked for",
        )
        assert _status(restored)["sent after the backup"] == "done"
        assert _inbox(tmp_path) == ["message of sent after the backup"]

        page = chromium.new_page(viewport={"width": 1400, "height": 800})
        page.goto(f"{restored.url}/web/login")
        page.fill("input[name=login]", "admin")
        page.fill("input[name=password]", "admin")
        page.click("button[type=submit]")
        page.wait_for_selector(".o_finance_environment_recovery")
        assert page.inner_text(".o_finance_environment_sandbox") == "SANDBOX"

        client = restored.rpc()
        [instance] = client.env["finance.instance"].search([("state", "=", "recovering")])
        client.env["finance.instance"].write(
            [instance], {"reason": "The bank's list was compared."}
        )
        client.env["finance.instance"].action_end_recovery([instance])
        # It would be tried again minutes later: now.
        restored.sql("UPDATE finance_exchange SET due_at = create_date WHERE work_status = 'retry'")
        restored.sweep()
        restored.wait_for(
            lambda: _status(restored)["never sent"] == "done", "the other one to be sent"
        )
        assert _inbox(tmp_path) == ["message of never sent", "message of sent after the backup"]
        assert restored.bad_lines() == []
    finally:
        restored.stop()
        database.drop(cluster, restored_name)


@contextmanager
def _at_work(server, key):
    """A worker that has the exchange ``key``, and writes it, until somebody waits for it."""
    worker = psycopg2.connect(
        host=str(server.cluster.socket), user=server.cluster.user, dbname=server.name
    )
    cursor = worker.cursor()
    cursor.execute("SELECT id FROM finance_exchange WHERE idempotency_key = %s", [key])
    [number] = cursor.fetchone()
    cursor.execute("SELECT pg_advisory_lock(%s, %s)", [_RUN_LOCK, number])
    cursor.execute("UPDATE finance_exchange SET write_date = write_date WHERE id = %s", [number])

    def end():
        try:
            server.wait_for(
                lambda: server.sql(
                    "SELECT 1 FROM pg_stat_activity WHERE datname = %s AND wait_event_type = 'Lock'",
                    [server.name],
                ),
                "somebody to wait",
            )
            worker.commit()
        finally:
            worker.close()

    ending = threading.Thread(target=end)
    ending.start()
    yield
    ending.join()


def _status(server):
    return dict(server.sql("SELECT idempotency_key, work_status FROM finance_exchange"))


def _inbox(folder):
    return sorted(path.read_text() for path in (folder / "inbox").glob("*"))
