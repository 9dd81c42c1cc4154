"""Webhooks out: told if and only if it happened, signed, until the receiver has taken it."""

import json

import pytest

SECRET = "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw"

MAKE_SUBSCRIPTION = """
connection = env["finance.connection"].create({{
    "name": "Warehouse", "adapter": "webhook", "environment": "sandbox", "company_id": env.company.id,
    "endpoint": {url!r} + "/subscriber/events", "allow_private_address": True}})
env["finance.credential"].create({{
    "name": "Signing", "connection_id": connection.id, "kind": "signing_secret", "secret": {secret!r}}})
interface = env["finance.interface"].create({{
    "name": "Events", "code": "outbox.events", "handler": "event", "connection_id": connection.id,
    "company_id": env.company.id}})
version = env["finance.interface.version"].create({{
    "interface_id": interface.id, "reason": "Needed by a test.", "base_seconds": 1, "cap_seconds": 1}})
version.action_propose()
version.action_activate()
interface.action_set_live()
env["finance.subscription"].create({{
    "name": "Warehouse", "company_id": env.company.id, "interface_id": interface.id,
    "event_type_ids": [(6, 0, env["finance.event.type"].search([]).ids)]}})
"""

# In a process of its own, as everything that posts invoices besides the server: jobs, crons, other workers.
POST_INVOICES = """
partner = env["res.partner"].create({{"name": "Seeda Seedersen"}})
invoices = env["account.move"].create([{{
    "move_type": "out_invoice", "partner_id": partner.id, "invoice_date": "2026-03-04",
    "invoice_line_ids": [(0, 0, {{"name": "Work", "quantity": 1, "price_unit": 100 + number, "tax_ids": []}})],
}} for number in range({count})])
invoices.action_post()
env.flush_all()
if {undone}:
    env.cr.rollback()
"""


@pytest.fixture(scope="module")
def server(odoo_server):
    return odoo_server("outbox")


@pytest.fixture
def subscribed(server, sandbox):
    sandbox.control("PUT", "/control/subscriber", {"secret": SECRET})
    if server.sql("SELECT 1 FROM finance_subscription"):
        server.sql(
            "UPDATE finance_connection SET endpoint = %s WHERE name = 'Warehouse'",
            [f"{sandbox.url}/subscriber/events"],
        )
    else:
        server.shell(MAKE_SUBSCRIPTION.format(url=sandbox.url, secret=SECRET))
        # The subscriptions of a company are cached; the server reads its signal at the next request.
    return sandbox


def post_invoices(server, count=1, *, undone=False):
    """:return: numbers of the invoices that exist because of it"""
    [(last,)] = server.sql("SELECT coalesce(max(id), 0) FROM account_move")
    server.shell(POST_INVOICES.format(count=count, undone=undone))
    return {
        row[0]
        for row in server.sql(
            "SELECT name FROM account_move WHERE id > %s AND state = 'posted'", [last]
        )
    }


def exchange_count(server):
    return server.sql("SELECT count(*) FROM finance_exchange")[0][0]


def wait_delivered(server):
    server.wait_for(
        lambda: not server.sql("SELECT 1 FROM finance_exchange WHERE work_status <> 'done'"),
        "every event to be delivered",
    )


def received(sandbox):
    return sandbox.control("GET", "/control/received")


def test_without_subscription_nothing_is_created(server):
    assert len(post_invoices(server)) == 1
    assert exchange_count(server) == 0


def test_posted_invoice_is_delivered_signed(server, subscribed):
    names = post_invoices(server)
    wait_delivered(server)
    told = received(subscribed)
    assert (told["refused"], told["conflicts"]) == (0, 0)
    [event] = told["events"]
    message = json.loads(event["body"])
    assert message["type"] == "invoice.posted"
    assert {message["data"]["name"]} == names
    assert message["data"]["amount_total"] == "100.00"
    assert "Seeda" not in event["body"]
    assert event["deliveries"] == 1
    assert server.sql(
        "SELECT milestone, external_ref FROM finance_exchange ORDER BY id DESC LIMIT 1"
    ) == [("acknowledged", event["webhook_id"])]


def test_receiver_that_is_down_misses_nothing(server, subscribed):
    fault = subscribed.control(
        "POST",
        "/control/faults",
        {"kind": "server_error", "status": 503, "path": "/subscriber", "count": None},
    )
    names = post_invoices(server, 5)
    server.wait_for(
        lambda: (
            server.sql(
                "SELECT count(*) FROM finance_exchange WHERE work_status = 'retry' AND attempt_count > 0"
            )[0][0]
            >= 1
        ),
        "an event to be refused",
    )
    assert received(subscribed)["events"] == []
    assert len(names) == 5
    subscribed.control("DELETE", f"/control/faults/{fault['id']}")
    # The circuit breaker and the pauses would take minutes of real time.
    server.sql("DELETE FROM finance_connection_health")
    wait_delivered(server)
    events = received(subscribed)["events"]
    assert sorted(json.loads(event["body"])["data"]["name"] for event in events) == sorted(names)
    assert {event["deliveries"] for event in events} == {1}
    assert len({event["webhook_id"] for event in events}) == 5


def test_refused_for_a_moment_is_delivered_without_a_hand(server, subscribed):
    subscribed.control(
        "POST",
        "/control/faults",
        {"kind": "server_error", "status": 503, "path": "/subscriber", "count": 3},
    )
    names = post_invoices(server, 3)
    wait_delivered(server)
    told = received(subscribed)
    assert {json.loads(event["body"])["data"]["name"] for event in told["events"]} == names
    assert (len(told["events"]), told["refused"], told["conflicts"]) == (3, 0, 0)


def test_lost_answer_repeats_the_same_message(server, subscribed):
    subscribed.control(
        "POST", "/control/faults", {"kind": "cut_after", "path": "/subscriber", "count": 1}
    )
    names = post_invoices(server)
    wait_delivered(server)
    told = received(subscribed)
    [event] = told["events"]
    assert {json.loads(event["body"])["data"]["name"]} == names
    assert event["deliveries"] == 2
    assert told["conflicts"] == 0


def test_rolled_back_posting_tells_nobody(server, subscribed):
    before = exchange_count(server)
    assert post_invoices(server, undone=True) == set()
    assert exchange_count(server) == before
    # Whatever were under way would arrive before what is posted now.
    names = post_invoices(server)
    wait_delivered(server)
    assert {
        json.loads(event["body"])["data"]["name"] for event in received(subscribed)["events"]
    } == names


def test_log_is_clean_and_holds_no_secret(server):
    """Last: the log of all of the above."""
    bad = [line for line in server.bad_lines() if "Re-queued dead job" not in line]
    assert bad == []
    assert SECRET.removeprefix("whsec_") not in server.log.read_text(errors="replace")
