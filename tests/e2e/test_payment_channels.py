"""Payments in JSON over NextGenPSD2 and over a treasury platform: lost answers, the bank's word, and a recall."""

import odoorpc
import pytest
from payment_world import SETUP

from sandbox.server import SandboxServer

CHANNELS = """
interface = env["finance.interface"].browse({interface_id})
sepa = env["treasury.payment.channel"].search([("interface_id", "=", interface.id)])
in_json = sepa.copy({{"name": "JSON", "file_format": "nextgenpsd2.json", "recognises_repeats": True}})
platform = env["finance.connection"].create({{
    "name": "Platform", "adapter": "treasury_platform", "environment": "sandbox", "company_id": env.company.id,
    "endpoint": {url!r} + "/treasury", "token_url": {url!r} + "/token", "client_id": "sandbox-client",
    "allow_private_address": True}})
env["finance.credential"].create({{
    "name": "Client", "connection_id": platform.id, "kind": "client_secret", "secret": "sandbox-secret"}})
hub = env["finance.interface"].create({{
    "name": "Platform", "code": "e2e.platform", "handler": "payment_order", "connection_id": platform.id,
    "company_id": env.company.id}})
version = env["finance.interface.version"].create({{
    "interface_id": hub.id, "reason": "Needed by a test.", "base_seconds": 1, "cap_seconds": 1, "max_attempts": 50}})
version.action_propose()
version.action_activate()
over_hub = sepa.copy({{"name": "Hub", "interface_id": hub.id}})
interface.action_set_live()
hub.action_set_live()
print(in_json.id, over_hub.id)
"""

SEND = """
order = env["treasury.payment.order"].browse({order_id})
pia = env["res.users"].search([("login", "=", "pia")])
order.with_user(pia).action_back_to_draft()
order.with_user(pia).channel_id = {channel_id}
order.with_user(pia).action_generate()
for login in ("alma", "bert"):
    user = env["res.users"].search([("login", "=", login)])
    order.with_user(user)._approve(order.digest)
print(order._live().end_to_end_id)
"""


class World:
    def __init__(self, server, sandbox):
        self.server, self.sandbox = server, sandbox
        [account] = [
            item
            for item in sandbox.control("GET", "/control/world")["accounts"]
            if item["code"] == "nordhafen-eur"
        ]
        printed = server.shell(SETUP.format(account=account, url=sandbox.url, count=4, approved=0))
        interface_id, *self.order_ids = map(int, printed.split())
        printed = server.shell(CHANNELS.format(interface_id=interface_id, url=sandbox.url))
        self.json_id, self.hub_id = map(int, printed.split())

    def send(self, number, channel_id):
        """:return: the end-to-end identification of the only payment"""
        return self.server.shell(
            SEND.format(order_id=self.order_ids[number], channel_id=channel_id)
        )

    def state(self, number):
        return self.server.sql(
            """SELECT i.state FROM treasury_payment_instruction i JOIN treasury_payment_order o ON o.id = i.order_id
                AND o.version = i.version WHERE o.id = %s""",
            [self.order_ids[number]],
        )[0][0]

    def held(self, end_to_end_id):
        return [
            item
            for item in self.sandbox.control("GET", "/control/payments")["payments"]
            if item["end_to_end_id"] == end_to_end_id
        ]

    def attempts(self, number):
        return self.server.sql(
            """SELECT a.kind, a.answer FROM finance_exchange_attempt a JOIN treasury_payment_order o
                 ON o.exchange_id = a.exchange_id WHERE o.id = %s ORDER BY a.number""",
            [self.order_ids[number]],
        )

    def wait(self, number, *states):
        def reached():
            if self.state(number) in states:
                return True
            self.server.sweep()
            return False

        self.server.wait_for(reached, f"order {number} to be {states}")

    def ask(self, number):
        self.server.rpc("pia", "pia").execute(
            "treasury.payment.order", "action_ask_bank", [self.order_ids[number]]
        )


@pytest.fixture(scope="module")
def world(odoo_server):
    with SandboxServer(seed=5) as sandbox:
        yield World(odoo_server("payment_channels"), sandbox)


def test_programs_do_not_get_round_what_waits_for_approval(world):
    """Over JSON-RPC, as the preparer and as the administrator: the doors that a screen and an import use as well."""
    server, order_id = world.server, world.order_ids[3]
    [(payment_id, instruction_id, digest)] = server.sql(
        """SELECT p.id, i.id, o.digest FROM account_payment p
             JOIN treasury_payment_instruction i ON i.payment_id = p.id
             JOIN treasury_payment_order o ON o.id = i.order_id WHERE o.id = %s""",
        [order_id],
    )
    tries = (
        ("account.payment", "write", [[payment_id], {"amount": 9999}]),
        ("account.payment", "write", [[payment_id], {"partner_bank_id": False}]),
        ("account.payment", "action_draft", [[payment_id]]),
        ("account.payment", "action_cancel", [[payment_id]]),
        ("account.payment", "unlink", [[payment_id]]),
        ("account.payment", "load", [[".id", "amount"], [[str(payment_id), "9999"]]]),
        ("treasury.payment.order", "write", [[order_id], {"state": "approved"}]),
        ("treasury.payment.order", "write", [[order_id], {"digest": "0" * 64}]),
        ("treasury.payment.instruction", "write", [[instruction_id], {"amount": 9999}]),
        ("treasury.payment.instruction", "unlink", [[instruction_id]]),
        (
            "treasury.payment.approval",
            "create",
            [{"order_id": order_id, "digest": digest, "version": 1}],
        ),
    )
    rows = """SELECT p.amount, p.state, p.partner_bank_id, o.state, o.digest, i.amount,
                     (SELECT count(*) FROM treasury_payment_approval WHERE order_id = o.id)
                FROM account_payment p JOIN treasury_payment_instruction i ON i.payment_id = p.id
                JOIN treasury_payment_order o ON o.id = i.order_id WHERE o.id = %s"""
    before = server.sql(rows, [order_id])
    for login in ("pia", "admin"):
        client = server.rpc(login, login)
        for model, method, arguments in tries:
            try:
                answer = client.execute(model, method, *arguments)
            except odoorpc.error.RPCError:
                answer = None
            # An import tells its refusals instead of raising.
            assert answer is None or (method == "load" and not answer["ids"]), (login, method)
    assert server.sql(rows, [order_id]) == before


def test_platform_that_lost_its_answer_is_asked_and_holds_the_order_once(world):
    world.sandbox.control(
        "POST", "/control/faults", {"kind": "cut_after", "path": "/treasury", "method": "POST"}
    )
    identification = world.send(0, world.hub_id)
    world.wait(0, "acknowledged", "executed")
    assert len(world.held(identification)) == 1
    assert ("status", "accepted") in world.attempts(0)


def test_platform_that_never_got_it_says_so_and_gets_it_again(world):
    world.sandbox.control(
        "POST", "/control/faults", {"kind": "cut_before", "path": "/treasury", "method": "POST"}
    )
    identification = world.send(1, world.hub_id)
    world.wait(1, "acknowledged", "executed")
    assert len(world.held(identification)) == 1
    assert ("status", "not_found") in world.attempts(1)


def test_json_is_taken_and_the_bank_is_asked_until_it_executed(world):
    identification = world.send(2, world.json_id)
    world.wait(2, "acknowledged")
    assert len(world.held(identification)) == 1
    world.sandbox.control("PUT", "/control/clock", {"advance_days": 10})
    world.ask(2)
    world.wait(2, "executed")


def test_recall_that_two_approve_stops_the_payment_and_the_bill_is_open_again(world):
    identification = world.send(3, world.json_id)
    world.wait(3, "acknowledged")
    told = world.server.shell(
        f"""
order = env["treasury.payment.order"].browse({world.order_ids[3]})
users = {{login: env["res.users"].search([("login", "=", login)]) for login in ("pia", "alma", "bert")}}
recall = env["treasury.payment.recall"].with_user(users["pia"])._request(
    order.with_user(users["pia"]), order._live(), "DUPL", "")
for login in ("alma", "bert"):
    recall.with_user(users[login])._approve()
print(recall.state)
"""
    )
    assert told == "approved"
    world.server.wait_for(
        lambda: world.server.sql("SELECT state FROM treasury_payment_recall") == [("accepted",)],
        "the recall to be with the bank",
    )
    world.wait(3, "rejected")
    assert [item["status"] for item in world.held(identification)] == ["CANC"]
    [(residual,)] = world.server.sql(
        "SELECT amount_residual FROM account_move WHERE move_type = 'in_invoice' ORDER BY id DESC LIMIT 1"
    )
    assert residual > 0
