"""A frozen position reaches a reporting platform once, whatever breaks, and is done when the platform says so."""

import json

import pytest

from sandbox.server import SandboxServer

SECRET = "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw"

SETUP = """
import datetime, sys
sys.path.insert(0, {root!r})
from decimal import Decimal
from odoo import Command, fields
from tests.camt_writer import Line, daily_file
company, url = env.company, {url!r}
env.ref("base.EUR").active = True
company.currency_id = env.ref("base.EUR")
own = env["res.partner.bank"].create({{"acc_number": "DE89370400440532013000", "partner_id": company.partner_id.id}})
journal = env["account.journal"].create({{
    "name": "Bank", "code": "E2EC", "type": "bank", "bank_account_id": own.id}})
uploads = env["finance.connection"].create({{
    "name": "Uploads", "adapter": "upload", "environment": "sandbox", "company_id": company.id}})
files = env["finance.interface"].create({{
    "name": "Files", "code": "e2e.files", "handler": "bank_statement", "connection_id": uploads.id,
    "company_id": company.id}})
files._go_live("Needed by a test.")
platform = env["finance.connection"].create({{
    "name": "Reporting", "adapter": "reporting_platform", "environment": "sandbox", "company_id": company.id,
    "endpoint": url, "token_url": url + "/token", "client_id": "sandbox-client", "allow_private_address": True}})
env["finance.credential"].create([
    {{"name": "Client", "connection_id": platform.id, "kind": "client_secret", "secret": "sandbox-secret"}},
    {{"name": "Receipts", "connection_id": platform.id, "kind": "signing_secret", "secret": {secret!r}}}])
def interface(code, handler):
    made = env["finance.interface"].create({{
        "name": code, "code": code, "handler": handler, "connection_id": platform.id, "company_id": company.id}})
    version = env["finance.interface.version"].create({{
        "interface_id": made.id, "reason": "Needed by a test.", "base_seconds": 1, "cap_seconds": 1,
        "max_attempts": 50}})
    version.action_propose()
    version.action_activate()
    made.action_set_live()
    return made
out, _receipts = interface("e2e.position", "cash_position"), interface("e2e.receipts", "cash_position_receipt")
reader = env["res.users"].create({{
    "name": "Rita", "login": "rita", "password": "rita", "company_id": company.id,
    "company_ids": [Command.set(company.ids)],
    "group_ids": [Command.link(env.ref("treasury_sync.group_treasury_cash_reader").id)]}})
group = env["cash.position.group"].create({{
    "name": "Group", "code": "E2E", "company_id": company.id, "currency_id": company.currency_id.id,
    "entity_ids": [Command.set(company.ids)], "reader_ids": [Command.set(reader.ids)], "interface_id": out.id,
    "interval_hours": 0}})
table = env["finance.mapping.table"].create({{"name": "Entities", "kind": "entity", "company_id": False}})
env["finance.mapping.entry"].create({{"table_id": table.id, "code": "HQ", "res_id": company.id}})
day = fields.Date.today()
while day.weekday() > 4 or day == fields.Date.today():
    day -= datetime.timedelta(days=1)
content = daily_file("DE89370400440532013000", "EUR", [Line(day, Decimal("23.45"), "Paid", reference="1")],
    opening=Decimal("100.00"), sequence=1)
exchange, _new = env["finance.exchange"]._receive(files, "first", content, source="upload")
env.cr.commit()
exchange._job_process()
key = env["res.users.apikeys"].with_user(reader)._generate("rpc", "Reporting", fields.Datetime.add(
    fields.Datetime.now(), days=1))
print(group.id, key, platform.webhook_token)
"""


class World:
    """One Odoo with a group, and the platform that its positions go to."""

    def __init__(self, server, sandbox, root):
        self.server, self.sandbox = server, sandbox
        group, self.key, self.token = server.shell(
            SETUP.format(url=sandbox.url, secret=SECRET, root=root)
        ).split()[-3:]
        self.group = int(group)

    def set(self, **settings):
        self.sandbox.control("PUT", "/control/positions", settings)

    def freeze(self):
        action = self.server.rpc().execute("cash.position.group", "action_freeze", [self.group])
        return action["res_id"]

    def fault(self, kind, **options):
        return self.sandbox.control(
            "POST", "/control/faults", {"kind": kind, "path": "/v1/positions", **options}
        )

    def exchange(self, run):
        [found] = self.server.sql(
            "SELECT id, work_status, milestone, correlation_id FROM finance_exchange"
            " WHERE res_model = 'cash.position.run' AND res_id = %s",
            [run],
        )
        return found

    def held(self, run):
        key = self.exchange(run)[3]
        positions = self.sandbox.control("GET", "/control/positions")["positions"]
        return [item for item in positions if item["idempotency_key"] == key]

    def wait(self, run, status, *, sweep=False):
        def reached():
            if sweep:
                self.server.sweep()
            return self.exchange(run)[1] == status

        self.server.wait_for(reached, f"position {run} to be {status}")

    def make_due(self, run):
        """Its deadline has come: the platform is asked."""
        self.server.sql(
            "UPDATE finance_exchange SET due_at = now() AT TIME ZONE 'UTC' - interval '1 second' WHERE id = %s",
            [self.exchange(run)[0]],
        )


@pytest.fixture(scope="module")
def world(odoo_server, request):
    with SandboxServer(seed=5) as sandbox:
        made = World(odoo_server("position"), sandbox, str(request.config.rootpath))
        made.set(
            mode="when_told",
            webhook={"url": f"{made.server.url}/finance/webhook/{made.token}", "secret": SECRET},
        )
        yield made


def test_position_is_sent_and_acknowledged_by_webhook(world):
    run = world.freeze()
    world.wait(run, "waiting")
    assert world.exchange(run)[2] == "sent"
    told = world.sandbox.control("POST", "/control/positions/acknowledge", {})["told"]
    assert [item["status"] for item in told] == [202]
    world.wait(run, "done")
    assert world.exchange(run)[2] == "acknowledged"
    [held] = world.held(run)
    [(content, digest)] = world.server.sql(
        "SELECT content, digest FROM cash_position_run WHERE id = %s", [run]
    )
    assert held["requests"] == 1
    assert held["digest"] == digest
    assert held["document"] == json.loads(content)
    assert held["document"]["totals"]["group"] == "123.45"
    assert held["document"]["complete"] is True
    assert held["document"]["accounts"][0]["entity"] == "HQ"


def test_platform_that_says_nothing_is_asked_at_the_deadline(world):
    run = world.freeze()
    world.wait(run, "waiting")
    world.set(mode="when_asked")
    world.make_due(run)
    world.wait(run, "done", sweep=True)
    assert world.held(run)[0]["requests"] == 1
    world.set(mode="when_told")


def test_lost_answer_is_asked_for_and_never_sent_again(world):
    world.set(mode="when_asked")
    world.fault("cut_after", method="POST")
    run = world.freeze()
    world.wait(run, "done", sweep=True)
    [held] = world.held(run)
    assert held["requests"] == 1
    assert world.server.sql(
        "SELECT count(*) FROM finance_exchange_attempt"
        " WHERE exchange_id = %s AND kind = 'send' AND state = 'unknown'",
        [world.exchange(run)[0]],
    ) == [(1,)]


def test_request_that_never_arrived_is_sent_again(world):
    world.set(mode="when_asked")
    world.fault("cut_before", method="POST")
    run = world.freeze()
    world.wait(run, "waiting", sweep=True)
    assert world.held(run)[0]["requests"] == 1
    world.make_due(run)
    world.wait(run, "done", sweep=True)


def test_killed_while_sending_the_platform_holds_it_once(world):
    world.set(mode="when_asked")
    slow = world.fault("latency", method="POST", ms=1500)
    run = world.freeze()
    world.server.wait_for(
        lambda: world.server.sql(
            "SELECT 1 FROM finance_exchange_attempt WHERE exchange_id = %s AND state = 'sending'",
            [world.exchange(run)[0]],
        ),
        "the call to begin",
    )
    world.server.kill()
    assert slow
    world.server.start()
    # The request that the dead worker left is still on its way: it is to arrive before anybody asks or sends again.
    world.server.wait_for(lambda: world.held(run), "the dead worker's request to arrive")
    world.server.wait_for(
        lambda: world.server.sweep() or world.exchange(run)[1] in ("waiting", "done"),
        "the position to be with the platform",
    )
    assert len(world.held(run)) == 1
    assert world.held(run)[0]["requests"] == 1


def test_expired_token_is_renewed(world):
    world.set(mode="when_asked")
    world.sandbox.control("POST", "/control/faults", {"kind": "rotated_key"})
    run = world.freeze()
    world.wait(run, "waiting")
    assert world.held(run)[0]["requests"] == 1
    world.make_due(run)
    world.wait(run, "done", sweep=True)


def test_refusal_is_for_a_person(world):
    world.set(mode="refuse")
    run = world.freeze()
    world.wait(run, "waiting")
    world.make_due(run)
    world.wait(run, "exception", sweep=True)
    assert world.server.sql(
        "SELECT code FROM finance_exception WHERE exchange_id = %s", [world.exchange(run)[0]]
    ) == [("rejected",)]
    world.set(mode="when_told")


def test_receipt_of_other_figures_acknowledges_nothing(world):
    run = world.freeze()
    world.wait(run, "waiting")
    world.sandbox.control(
        "POST", "/control/positions/acknowledge", {"change": {"total": "999999.00"}}
    )
    world.server.wait_for(
        lambda: world.server.sql(
            "SELECT 1 FROM finance_exception WHERE code = 'position_receipt_differs'"
        ),
        "the difference to be told",
    )
    assert world.exchange(run)[2] == "sent"


def test_group_reader_reads_over_json2_and_writes_nothing(world):
    call = world.server.json2
    found = call(world.key, "cash.position", "get_position", group="E2E")
    assert found.status_code == 200, found.text
    assert found.json()["totals"]["group"] == "123.45"
    assert call(world.key, "cash.position", "list_groups").json()[0]["group"] == "E2E"
    for model, method, arguments in (
        ("cash.position.group", "write", {"ids": [world.group], "vals": {"name": "x"}}),
        ("cash.position.group", "action_freeze", {"ids": [world.group]}),
        ("cash.position", "get_position", {}),
        ("cash.position", "_inputs", {}),
        ("account.journal", "search_read", {"domain": []}),
        ("account.bank.statement.line", "search_read", {"domain": []}),
    ):
        answer = call(world.key, model, method, **arguments)
        assert answer.status_code == 403, (model, method, answer.text)
