"""Verification of payee over a real socket: only the bank's own word is a match, whatever happens on the line."""

import pytest
from payment_world import SETUP

from sandbox.server import SandboxServer

PATH = "/vop"
VENDOR = "FR7630006000011234567890189"
#: What is done to the request -> nothing that comes of it is an answer.
FAULTS = (
    {"kind": "server_error", "status": 500},
    {"kind": "rate_limit", "retry_after": 30},
    {"kind": "cut_before"},
    {"kind": "cut_after"},
    {"kind": "malformed_body"},
    {"kind": "truncated_body"},
)
GENERATE = """
order = env["treasury.payment.order"].browse({order_id})
order.channel_id.verify_payees = True
pia = env["res.users"].search([("login", "=", "pia")])
order.with_user(pia).action_back_to_draft()
order.with_user(pia).action_generate()
"""
APPROVE = """
order = env["treasury.payment.order"].browse({order_id})
for login in ("alma", "bert"):
    order.with_user(env["res.users"].search([("login", "=", login)]))._approve(order.digest)
print(order.state, bool(order.exchange_id))
"""


class World:
    def __init__(self, server, sandbox):
        self.server, self.sandbox = server, sandbox
        [account] = [
            item
            for item in sandbox.control("GET", "/control/world")["accounts"]
            if item["code"] == "nordhafen-eur"
        ]
        printed = server.shell(
            SETUP.format(account=account, url=sandbox.url, count=3 + len(FAULTS), approved=0)
        )
        _interface_id, *self.order_ids = map(int, printed.split())

    def holder(self, name):
        self.sandbox.control("POST", "/control/payees", [{"iban": VENDOR, "name": name}])

    def verify(self, number):
        """Generate an order, and wait for what the bank says.

        :return: codes and names of all answers so far
        """
        # What the fault before did to breaker and pauses is not the subject.
        self.server.sql("DELETE FROM finance_connection_health")
        before = len(self.answers(number))
        self.server.shell(GENERATE.format(order_id=self.order_ids[number]))
        self.server.wait_for(lambda: len(self.answers(number)) > before, "the bank's word")
        return self.answers(number)

    def answers(self, number):
        return self.server.sql(
            """SELECT v.code, coalesce(v.matched_name, '') FROM treasury_payee_verification v
                 JOIN treasury_payment_instruction i ON i.id = v.instruction_id WHERE i.order_id = %s ORDER BY v.id""",
            [self.order_ids[number]],
        )

    def holds(self, number):
        [(count,)] = self.server.sql(
            "SELECT count(*) FROM treasury_payment_hold WHERE order_id = %s AND state = 'open'",
            [self.order_ids[number]],
        )
        return count

    def approve(self, number):
        return self.server.shell(APPROVE.format(order_id=self.order_ids[number]))


@pytest.fixture(scope="module")
def world(odoo_server):
    with SandboxServer(seed=5) as sandbox:
        yield World(odoo_server("payees"), sandbox)


def test_match_is_approved_and_leaves(world):
    world.holder("Vendor")
    assert world.verify(0) == [("MTCH", "")]
    assert world.holds(0) == 0
    assert world.approve(0) == "approved True"


def test_close_match_shows_the_name_and_is_held(world):
    world.holder("Vendors")
    assert world.verify(1) == [("CMTC", "Vendors")]
    assert world.holds(1) == 1
    assert world.approve(1) == "approved False"


def test_another_holder_is_held(world):
    world.holder("Somebody Else")
    assert world.verify(2) == [("NMTC", "")]
    assert world.holds(2) == 1


@pytest.mark.parametrize("number", range(len(FAULTS)), ids=[fault["kind"] for fault in FAULTS])
def test_fault_on_the_line_is_not_verified_and_asked_again(world, number):
    world.holder("Vendor")
    fault = {"path": PATH, "method": "POST", "count": None, **FAULTS[number]}
    world.sandbox.control("POST", "/control/faults", fault)
    assert world.verify(3 + number) == [("NONE", "")]
    assert world.holds(3 + number) == 1
    world.sandbox.control("DELETE", "/control/faults")
    world.server.sql("DELETE FROM finance_connection_health")
    world.server.rpc("pia", "pia").execute(
        "treasury.payment.order", "action_verify_payees", [world.order_ids[3 + number]]
    )
    world.server.wait_for(lambda: world.answers(3 + number)[-1] == ("MTCH", ""), "the bank's word")
