"""Events of Odoo at a subscriber that is down, then up: nothing lost, nothing doubled, all signed."""

import json

import pytest

SECRET = "whsec_" + "c2VjcmV0IG9mIHRoZSB0ZXN0cyBvZiB0aGUgb3V0Ym94IQ=="

_SETUP = """
company = env.company
connection = env["finance.connection"].create({{
    "name": "Subscriber", "adapter": "webhook", "environment": "sandbox", "company_id": company.id,
    "endpoint": {endpoint!r}, "allow_private_address": True,
}})
env["finance.credential"].create({{
    "name": "Signing", "connection_id": connection.id, "kind": "signing_secret", "secret": {secret!r},
}})
interface = env["finance.interface"].create({{
    "name": "Events", "code": "subscriber.events", "connection_id": connection.id, "handler": "event",
}})
version = env["finance.interface.version"].create({{
    "interface_id": interface.id, "reason": "Needed by a test.", "base_seconds": 1, "cap_seconds": 1}})
version.action_propose()
version.action_activate()
interface.action_set_live()
env["finance.subscription"].create({{
    "name": "Subscriber", "interface_id": interface.id,
    "event_type_ids": env["finance.event.type"].search([]).ids,
}})
"""

_INVOICES = """
partner = env["res.partner"].create({{"name": "Customer"}})
invoices = env["account.move"].create([{{
    "move_type": "out_invoice", "partner_id": partner.id, "invoice_date": "2026-03-04",
    "invoice_line_ids": [(0, 0, {{"name": "Work", "quantity": 1, "price_unit": 100.0, "tax_ids": []}})],
}} for number in range({count})])
invoices.action_post()
{end}
print(",".join(invoices.mapped("name")))
"""


@pytest.fixture
def server(odoo_server, sandbox):
    server = odoo_server("outbox")
    server.shell(_SETUP.format(endpoint=f"{sandbox.url}/subscriber/events", secret=SECRET))
    return server


def _received(sandbox):
    return sandbox.control("GET", "/control/received")["events"]


def _events(server):
    return server.sql(
        "SELECT work_status, count(*) FROM finance_exchange WHERE event_type = 'invoice.posted'"
        " GROUP BY work_status"
    )


def test_subscriber_down_then_up_gets_each_event_once(server, sandbox):
    sandbox.control("PUT", "/control/subscriber", {"secret": SECRET})
    sandbox.control(
        "POST",
        "/control/faults",
        {
            "kind": "server_error",
            "status": 503,
            "path": "/subscriber",
            "method": "POST",
            "count": 3,
        },
    )
    names = server.shell(_INVOICES.format(count=3, end="")).split(",")
    server.wait_for(
        lambda: _events(server) == [("done", 3)], "the events to be delivered", seconds=150
    )
    received = _received(sandbox)
    assert sorted(json.loads(event["body"])["data"]["name"] for event in received) == sorted(names)
    assert len({event["webhook_id"] for event in received}) == 3
    # What it keeps, it verified.
    assert sandbox.control("GET", "/control/received")["refused"] == 0


def test_taken_but_unanswered_is_sent_again_under_the_same_id(server, sandbox):
    sandbox.control("PUT", "/control/subscriber", {"secret": SECRET})
    sandbox.control(
        "POST",
        "/control/faults",
        {"kind": "cut_after", "path": "/subscriber", "method": "POST", "count": 1},
    )
    server.shell(_INVOICES.format(count=1, end=""))
    server.wait_for(lambda: _events(server) == [("done", 1)], "the delivery", seconds=150)
    [event] = _received(sandbox)
    assert event["deliveries"] == 2


def test_rolled_back_invoice_tells_nobody(server):
    server.shell(_INVOICES.format(count=1, end="env.cr.rollback(); invoices = invoices.browse()"))
    assert _events(server) == []
