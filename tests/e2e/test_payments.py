"""Payments under kill -9, lost answers and many clicks: the bank never holds two instructions for one payment."""

import contextlib
import os
import threading
from collections import Counter

import odoorpc
import pytest
from payment_world import SETUP

from sandbox.server import SandboxServer

# A longer run, by hand: FINANCE_PAYMENT_SEEDS=100 .run/venv/bin/python -m pytest tests/e2e/test_payments.py
SEEDS = int(os.environ.get("FINANCE_PAYMENT_SEEDS", "4"))
ORDERS = 3 * SEEDS
OVER = {"acknowledged", "executed"}
#: When the server is killed, in turns.
MOMENTS = ("during a call", "after a call", "at once")


class World:
    """One Odoo with approved orders, and the bank they go to."""

    def __init__(self, server, sandbox):
        self.server, self.sandbox = server, sandbox
        accounts = sandbox.control("GET", "/control/world")["accounts"]
        [account] = [item for item in accounts if item["code"] == "nordhafen-eur"]
        printed = server.shell(
            SETUP.format(account=account, url=sandbox.url, count=ORDERS + 1, approved=ORDERS)
        )
        self.interface_id, *self.order_ids = map(int, printed.split())

    def held(self):
        """:return: what the bank holds, by end-to-end identification"""
        payments = self.sandbox.control("GET", "/control/payments")["payments"]
        return Counter(item["end_to_end_id"] for item in payments), payments

    def is_calling(self):
        return self.server.sql(
            "SELECT id FROM finance_exchange_attempt WHERE kind = 'send' AND state = 'sending'"
        )

    def ended_calls(self):
        [(count,)] = self.server.sql(
            "SELECT count(*) FROM finance_exchange_attempt WHERE kind = 'send' AND ended_at IS NOT NULL"
        )
        return count

    def wait_for_moment(self, moment):
        """Wait until a call is made, or one has ended; that all are over ends it too."""
        if moment == "at once":
            return
        before = self.ended_calls()
        self.server.wait_for(
            lambda: self.is_calling() or self.is_over(), "a call to the bank", seconds=300
        )
        if moment == "after a call":
            self.server.wait_for(
                lambda: self.ended_calls() > before or self.is_over(),
                "the call to end",
            )

    def is_over(self):
        return set(self.states().values()) <= OVER

    def states(self):
        return dict(
            self.server.sql(
                "SELECT o.id, o.state FROM treasury_payment_order o WHERE o.id = ANY(%s)",
                [self.order_ids[:ORDERS]],
            )
        )


@pytest.fixture(scope="module")
def world(odoo_server):
    with SandboxServer(seed=5) as sandbox:
        yield World(odoo_server("payments"), sandbox)


def test_killed_at_any_moment_the_bank_holds_each_payment_once(world):
    server = world.server
    fault = {"path": "/v1/payments", "method": "POST", "count": None}
    world.sandbox.control("POST", "/control/faults", {**fault, "kind": "latency", "ms": 300})
    world.sandbox.control(
        "POST", "/control/faults", {**fault, "kind": "cut_after", "probability": "0.3"}
    )
    interfaces = server.rpc().env["finance.interface"]
    interfaces.browse(world.interface_id).action_set_live()
    for seed in range(SEEDS):
        world.wait_for_moment(MOMENTS[seed % len(MOMENTS)])
        server.kill()
        held, _payments = world.held()
        assert set(held.values()) <= {1}, f"seed {seed}"
        server.start()
        world.server.sweep()
    world.sandbox.control("DELETE", "/control/faults")

    def over():
        if world.is_over():
            return True
        world.server.sweep()
        return False

    server.wait_for(over, "all orders to be with the bank", seconds=300)
    held, payments = world.held()
    assert len(held) == ORDERS
    assert set(held.values()) == {1}
    assert {item["status"] for item in payments} == {"ACSP"}
    unknown = server.sql(
        "SELECT count(*) FROM finance_exchange_attempt WHERE kind = 'send' AND state = 'unknown'"
    )
    assert unknown != [(0,)], "no kill met a call: nothing was tested"


def test_clicks_of_two_people_at_once_send_once(world):
    """The last order is approved by two people, and sent by clicks that meet."""
    server, order_id = world.server, world.order_ids[-1]
    server.shell(
        f"""
order = env["treasury.payment.order"].browse({order_id})
order.channel_id.interface_id.sudo().mode = "off"
for login in ("alma", "bert"):
    user = env["res.users"].search([("login", "=", login)])
    order.with_user(user)._approve(order.digest)
order.channel_id.interface_id.sudo().mode = "live"
"""
    )
    errors = []

    def click(login):
        client = server.rpc(login, login)
        try:
            client.execute("treasury.payment.order", "action_send", [order_id])
        except odoorpc.error.RPCError as error:
            errors.append(str(error))

    clicks = [threading.Thread(target=click, args=(login,)) for login in ("pia", "alma") * 3]
    for thread in clicks:
        thread.start()
    for thread in clicks:
        thread.join()
    world.server.sweep()
    [(exchange_id,)] = server.sql(
        "SELECT exchange_id FROM treasury_payment_order WHERE id = %s", [order_id]
    )
    if server.sql(
        "SELECT 1 FROM finance_exchange WHERE id = %s AND work_status = 'ready'", [exchange_id]
    ):
        # The queue may have begun meanwhile.
        with contextlib.suppress(odoorpc.error.RPCError):
            server.rpc().execute("finance.exchange", "action_retry", [exchange_id])
    server.wait_for(
        lambda: (
            server.sql("SELECT state FROM treasury_payment_order WHERE id = %s", [order_id])[0][0]
            in OVER
        ),
        "the order to be with the bank",
    )
    held, _payments = world.held()
    assert len(held) == ORDERS + 1
    assert set(held.values()) == {1}
    assert server.sql(
        "SELECT count(*) FROM finance_exchange WHERE res_model = 'treasury.payment.order' AND res_id = %s",
        [order_id],
    ) == [(1,)]


def test_program_cannot_approve(world):
    """Whoever approves enters the password again, in a session of the web client: a stolen key is not enough."""
    server = world.server
    client = server.rpc("alma", "alma")
    order_id = world.order_ids[0]
    digest = client.execute("treasury.payment.order", "read", [order_id], ["digest"])[0]["digest"]
    before = server.sql("SELECT count(*) FROM treasury_payment_approval")
    with pytest.raises(odoorpc.error.RPCError, match="over HTTP"):
        client.execute_kw(
            "treasury.payment.order",
            "action_approve",
            [[order_id]],
            {"context": {"approved_digest": digest}},
        )
    assert server.sql("SELECT count(*) FROM treasury_payment_approval") == before
