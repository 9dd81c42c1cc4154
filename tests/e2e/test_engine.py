"""The engine under real commits: processes killed at their worst moment, and many at once."""

import json
import uuid

import pytest

MAKE_INTERFACES = """
caller = env["res.users"].create({{
    "name": "Caller", "login": "caller", "password": "caller",
    "group_ids": [(6, 0, [env.ref("finance_connector_base.group_finance_api").id])]}})
connection = env["finance.connection"].create({{
    "name": "Counterparty", "adapter": "dummy", "environment": "test", "endpoint": {folder!r},
    "company_id": env.company.id}})
for handler in ("dummy", "dummy_out"):
    interface = env["finance.interface"].create({{
        "name": handler, "code": "e2e." + handler, "handler": handler,
        "api_user_ids": [(6, 0, caller.ids)], "connection_id": connection.id, "company_id": env.company.id}})
    version = env["finance.interface.version"].create({{
        "interface_id": interface.id, "reason": "Needed by a test.", "base_seconds": 1, "cap_seconds": 1}})
    version.action_propose()
    version.action_activate()
    interface.action_set_live()
"""
RECEIVE = """
interface = env["finance.interface"].search([("code", "=", "e2e.dummy")])
exchange, is_new = env["finance.exchange"]._receive_committed(
    interface, {key!r}, {content!r}, source="api", process=False)
print(exchange.id)
"""
EMIT = """
interface = env["finance.interface"].search([("code", "=", "e2e.dummy_out")])
print(env["finance.exchange"]._emit(interface, {key!r}).id)
"""


@pytest.fixture(scope="module")
def start_engine(odoo_server, tmp_path_factory):
    def start(name, **options):
        folder = tmp_path_factory.mktemp("counterparty")
        server = odoo_server(name, **options)
        server.shell(MAKE_INTERFACES.format(folder=str(folder)))
        server.folder = folder
        return server

    return start


@pytest.fixture(scope="module")
def server(start_engine):
    return start_engine("engine")


@pytest.fixture
def alive(server):
    """The server, running; a test may have killed it."""
    if server.process is None:
        server.start()
    return server


def submit(server, content):
    """Hand a document in as a caller from outside does."""
    answer = server.rpc("caller", "caller").execute(
        "finance.api", "submit", "e2e.dummy", uuid.uuid4().hex, json.dumps(content)
    )
    [(exchange_id,)] = server.sql(
        "SELECT id FROM finance_exchange WHERE name = %s", [answer["exchange"]]
    )
    return exchange_id


def receive_without_job(server, content):
    return int(
        server.shell(RECEIVE.format(key=uuid.uuid4().hex, content=json.dumps(content).encode()))
    )


def state(server, exchange_id):
    [(status, milestone)] = server.sql(
        "SELECT work_status, milestone FROM finance_exchange WHERE id = %s", [exchange_id]
    )
    return status, milestone


def postings(server, exchange_id):
    return server.sql(
        "SELECT unit FROM finance_test_posting WHERE exchange_id = %s ORDER BY id", [exchange_id]
    )


def attempts(server, exchange_id):
    rows = server.sql(
        "SELECT state FROM finance_exchange_attempt WHERE exchange_id = %s ORDER BY number",
        [exchange_id],
    )
    return [row[0] for row in rows]


def wait_done(server, exchange_id, seconds=300):
    server.wait_for(
        lambda: state(server, exchange_id)[0] == "done",
        f"exchange {exchange_id} to be done",
        seconds=seconds,
    )


@pytest.mark.parametrize(
    "step",
    ["validate", "before_post", "unit 1", "post"],
    ids=["after receive", "between", "between two units", "after post"],
)
def test_worker_killed_at_any_step_posts_exactly_once(alive, step):
    server = alive
    barrier = server.folder / uuid.uuid4().hex
    barrier.touch()
    content = {
        "units": [{"key": "1", "amount": "1"}, {"key": "2", "amount": "2"}],
        "checkpoint": step == "unit 1",
        # Without chunks the handler relies on the engine alone: a second posting would stay.
        "naive": step != "unit 1",
        "pause_in": step,
        "pause": str(barrier),
    }
    exchange_id = submit(server, content)
    server.wait_for(barrier.with_suffix(".reached").exists, f"the worker to reach {step}")
    server.kill()
    barrier.unlink()
    assert state(server, exchange_id)[0] == "running"
    committed = [("1",)] if step == "unit 1" else []
    assert postings(server, exchange_id) == committed
    server.start()
    if step != "before_post":  # that one is left to the queue and the minute of the sweeper
        server.sweep()
    wait_done(server, exchange_id)
    assert postings(server, exchange_id) == [("1",), ("2",)]
    assert attempts(server, exchange_id) == ["interrupted", "succeeded"]
    assert state(server, exchange_id) == ("done", "posted")


def test_server_killed_after_receive_loses_nothing(alive):
    server = alive
    exchange_id = receive_without_job(server, {"amount": "1", "naive": True})
    server.kill()
    assert state(server, exchange_id) == ("ready", "received")
    # No job was ever made: the sweeper finds it.
    server.sql(
        "UPDATE finance_exchange SET write_date = write_date - interval '5 minutes' WHERE id = %s",
        [exchange_id],
    )
    server.start()
    server.sweep()
    wait_done(server, exchange_id)
    assert postings(server, exchange_id) == [("all",)]


def test_worker_killed_while_sending_asks_and_never_sends_twice(alive):
    server = alive
    (server.folder / "next").write_text("hang")
    exchange_id = int(server.shell(EMIT.format(key=uuid.uuid4().hex)))
    reached = server.folder / "reached"
    server.wait_for(reached.exists, "the worker to be in the call")
    assert attempts(server, exchange_id) == ["sending"]
    server.kill()
    reached.unlink()
    (server.folder / "next").unlink()
    [(correlation_id,)] = server.sql(
        "SELECT correlation_id FROM finance_exchange WHERE id = %s", [exchange_id]
    )
    server.start()
    server.sweep()
    wait_done(server, exchange_id)
    assert len(list((server.folder / "inbox").glob(f"{correlation_id}.*"))) == 1
    assert attempts(server, exchange_id) == ["unknown", "succeeded"]
    assert state(server, exchange_id) == ("done", "acknowledged")


CONCURRENT_RECEIVES = """
import threading
from odoo import SUPERUSER_ID, api
registry = env.registry
interface_id = env["finance.interface"].search([("code", "=", "e2e.dummy")]).id
together = threading.Barrier(50)
answers, errors = [], []

def deliver(content):
    try:
        with registry.cursor() as cr:
            thread_env = api.Environment(cr, SUPERUSER_ID, {{}})
            cr.execute("SELECT 1")  # every transaction has its snapshot before any of them stores
            together.wait()
            exchange, is_new = thread_env["finance.exchange"]._receive_committed(
                thread_env["finance.interface"].browse(interface_id), {key!r}, content, source="webhook")
            answers.append((exchange.id, is_new))
    except BaseException as error:
        errors.append(repr(error))

contents = {contents!r}
threads = [threading.Thread(target=deliver, args=(content,)) for content in contents]
for thread in threads:
    thread.start()
for thread in threads:
    thread.join()
import json
print(json.dumps({{"answers": answers, "errors": errors}}))
"""


@pytest.mark.parametrize("altered", [0, 20], ids=["identical", "twenty with another amount"])
def test_fifty_deliveries_of_one_key_at_once_are_one_posting(alive, altered):
    server = alive
    good, bad = b'{"amount": "1.00", "naive": true}', b'{"amount": "9.00", "naive": true}'
    contents = [good] * (50 - altered) + [bad] * altered
    answer = json.loads(
        server.shell(
            CONCURRENT_RECEIVES.format(key=uuid.uuid4().hex, contents=contents)
        ).splitlines()[-1]
    )
    assert answer["errors"] == []
    assert len({exchange_id for exchange_id, _is_new in answer["answers"]}) == 1
    assert [is_new for _exchange_id, is_new in answer["answers"]].count(True) == 1
    exchange_id = answer["answers"][0][0]
    wait_done(server, exchange_id)
    assert postings(server, exchange_id) == [("all",)]
    exceptions = server.sql(
        "SELECT code FROM finance_exception WHERE exchange_id = %s", [exchange_id]
    )
    assert exceptions == ([("idempotency_conflict",)] if altered else [])


TWO_WORKERS = """
import threading
from odoo import SUPERUSER_ID, api
registry = env.registry
together = threading.Barrier(8)
errors = []

def work():
    try:
        with registry.cursor() as cr:
            exchange = api.Environment(cr, SUPERUSER_ID, {{}})["finance.exchange"].browse({exchange_id})
            exchange.work_status  # an old snapshot
            together.wait()
            exchange._job_process()
    except BaseException as error:
        errors.append(repr(error))

threads = [threading.Thread(target=work) for _worker in range(8)]
for thread in threads:
    thread.start()
for thread in threads:
    thread.join()
print(errors)
"""


def test_eight_workers_on_one_exchange_post_once(alive):
    server = alive
    for _round in range(2):
        exchange_id = receive_without_job(server, {"amount": "1", "naive": True})
        assert server.shell(TWO_WORKERS.format(exchange_id=exchange_id)).splitlines()[-1] == "[]"
        assert postings(server, exchange_id) == [("all",)]
        assert attempts(server, exchange_id) == ["succeeded"]


LEDGER = """
import threading
from odoo import SUPERUSER_ID, api
from odoo.addons.finance_connector_base.tools.errors import RetryableError
registry = env.registry
connection = env["finance.connection"].create({
    "name": "Limited", "adapter": "dummy", "environment": "test", "company_id": env.company.id, "calls_per_day": 7})
env.cr.commit()
together = threading.Barrier(20)
granted, refused, errors = [], [], []

def call():
    try:
        with registry.cursor() as cr:
            own = api.Environment(cr, SUPERUSER_ID, {})["finance.connection"].browse(connection.id)
            own.name  # an old snapshot
            together.wait()
            own._guard_call("account")
            granted.append(1)
    except RetryableError as error:
        refused.append(error.code)
    except BaseException as error:
        errors.append(repr(error))

threads = [threading.Thread(target=call) for _worker in range(20)]
for thread in threads:
    thread.start()
for thread in threads:
    thread.join()
print(len(granted), len(refused), errors)
"""


def test_twenty_workers_share_one_quota(alive):
    assert alive.shell(LEDGER).splitlines()[-1] == "7 13 []"


def test_heartbeat_is_stamped_by_the_real_runner(alive):
    server = alive
    server.sql("DELETE FROM finance_heartbeat")
    server.shell("env['finance.heartbeat']._cron_heartbeat()")
    server.wait_for(
        lambda: server.sql("SELECT 1 FROM finance_heartbeat WHERE beat_at IS NOT NULL"),
        "a heartbeat",
    )


def test_sweeper_does_the_work_when_there_is_no_runner(start_engine):
    server = start_engine("no_runner", queue=False)
    exchange_ids = [submit(server, {"amount": "1", "naive": True}) for _document in range(3)]
    server.sql("UPDATE finance_exchange SET write_date = write_date - interval '5 minutes'")
    server.sweep()
    for exchange_id in exchange_ids:
        wait_done(server, exchange_id)
        assert postings(server, exchange_id) == [("all",)]
    assert server.bad_lines() == []


def test_nothing_went_wrong_in_the_log(server):
    # The queue says so when it takes up the job of a worker that was killed.
    unexpected = [line for line in server.bad_lines() if "Re-queued dead job" not in line]
    assert unexpected == []
