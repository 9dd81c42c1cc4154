"""What each kind of user gets by calling the server by hand, past all screens: a table of who, what and the answer."""

import json
import re

import pytest
import requests
from payment_world import SETUP

from sandbox.server import SandboxServer

USERS = """
import datetime, json
from odoo import Command
other = env["res.company"].create({"name": "Birch GmbH"})
base, treasury = "finance_connector_base.group_finance_", "treasury_sync.group_treasury_"
people = {
    "viewer": base + "viewer", "operator": base + "operator", "manager": base + "manager",
    "auditor": base + "auditor", "caller": base + "api", "employee": "base.group_user",
    "portal": "base.group_portal", "invoicing": "account.group_account_invoice",
    "accountant": "account.group_account_manager", "other manager": base + "manager",
    "other preparer": treasury + "preparer", "other approver": treasury + "approver"}
for login, group in people.items():
    company = other if login.startswith("other") else env.company
    env["res.users"].create({
        "name": login, "login": login, "password": login, "company_id": company.id,
        "company_ids": [Command.set(company.ids)], "group_ids": [Command.set(env.ref(group).ids)]})
keys = {}
expires = datetime.datetime.now() + datetime.timedelta(days=1)
for user in env["res.users"].search([]):
    keys[user.login] = user.id, user.env(user=user)["res.users.apikeys"].sudo()._generate("rpc", "Test", expires)
rule = env["treasury.fraud.rule"].create({"name": "First", "kind": "first_payment"})
sweep = env.ref("finance_connector_base.ir_cron_finance_sweep").ir_actions_server_id
print(json.dumps({"keys": keys, "rule": rule.id, "sweep": sweep.id}))
"""
REFUSED = ("AccessError", "UserError", "ValidationError", "MissingError")
LEAST = ("caller", "employee", "portal", "invoicing", "accountant")
OTHERS = ("other manager", "other preparer", "other approver")
READERS = ("viewer", "operator", "auditor")


class Wire:
    """One server, and a call over each of its protocols as anybody."""

    def __init__(self, server, told, order_ids):
        self.server, self.keys, self.order_ids = server, told["keys"], order_ids
        self.rule, self.sweep = told["rule"], told["sweep"]
        self._sessions = {}

    def session(self, login):
        if login not in self._sessions:
            self._sessions[login] = requests.Session()
            asked = {"db": self.server.name, "login": login, "password": login}
            assert self.post(login, "/web/session/authenticate", asked)["result"]["uid"]
        return self._sessions[login]

    def post(self, login, path, params):
        body = {"jsonrpc": "2.0", "method": "call", "params": params}
        return self.session(login).post(self.server.url + path, json=body, timeout=120).json()

    def web(self, login, model, method, *args, **kwargs):
        params = {"model": model, "method": method, "args": args, "kwargs": kwargs}
        return _answer(self.post(login, "/web/dataset/call_kw", params))

    def rpc(self, login, model, method, *args, **kwargs):
        uid, key = self.keys[login]
        call = [self.server.name, uid, key, model, method, args, kwargs]
        params = {"service": "object", "method": "execute_kw", "args": call}
        body = {"jsonrpc": "2.0", "method": "call", "params": params}
        return _answer(requests.post(f"{self.server.url}/jsonrpc", json=body, timeout=120).json())

    def states(self):
        return self.server.sql("SELECT id, state, digest FROM treasury_payment_order ORDER BY id")


def _answer(body):
    """:return: the result, or the name of the error"""
    if "error" in body:
        return body["error"]["data"]["name"].rpartition(".")[2]
    return body["result"]


@pytest.fixture(scope="module")
def wire(odoo_server):
    with SandboxServer(seed=5) as sandbox:
        accounts = sandbox.control("GET", "/control/world")["accounts"]
        [account] = [item for item in accounts if item["code"] == "nordhafen-eur"]
        server = odoo_server("wire")
        made = server.shell(SETUP.format(account=account, url=sandbox.url, count=2, approved=0))
        yield Wire(server, json.loads(server.shell(USERS)), [int(i) for i in made.split()[1:]])


def test_who_has_no_business_with_payments_is_refused_by_every_door(wire):
    order, before = wire.order_ids[0], wire.states()
    table = {
        ("treasury.payment.order", "read"): ([order], ["digest"]),
        ("treasury.payment.order", "write"): ([order], {"note": "x"}),
        ("treasury.payment.order", "web_save"): ([order], {"note": "x"}, {"id": {}}),
        ("treasury.payment.order", "unlink"): ([order],),
        ("treasury.payment.order", "copy"): ([order],),
        ("treasury.payment.order", "action_generate"): ([order],),
        ("treasury.payment.order", "action_back_to_draft"): ([order],),
        ("treasury.payment.order", "action_cancel"): ([order],),
        ("treasury.payment.order", "action_refuse"): ([order],),
        ("treasury.payment.order", "action_send"): ([order],),
        ("treasury.payment.order", "action_download"): ([order],),
        ("treasury.payment.order", "message_post"): ([order],),
        ("treasury.payment.instruction", "read"): ([1], ["amount"]),
        ("treasury.payment.approval", "create"): ({"order_id": order},),
        ("treasury.payment.file", "read"): ([1], ["ciphertext"]),
        ("finance.credential", "search_read"): ([], ["ciphertext"]),
        ("finance.exchange.payload", "formatted_read_group"): ([], [], ["ciphertext:array_agg"]),
        ("treasury.fraud.rule", "write"): ([wire.rule], {"active": False}),
        ("treasury.fraud.rule", "unlink"): ([wire.rule],),
        ("ir.actions.server", "run"): ([wire.sweep],),
        ("ir.cron", "method_direct_trigger"): ([1],),
        ("queue.job", "search_read"): ([], ["uuid"]),
    }
    # Of the rule and of instructions, a viewer may read; the search of another company finds nothing.
    read = {"read"}
    let_in = []
    for (model, method), arguments in table.items():
        for login in (*LEAST, *OTHERS, *READERS):
            if login in READERS and method in read:
                continue
            for door in (wire.web, wire.rpc) if login in LEAST else (wire.web,):
                answer = door(login, model, method, *arguments)
                if answer not in (*REFUSED, []):
                    let_in.append((login, model, method, door.__name__, answer))
    assert let_in == []
    assert wire.states() == before
    for login in (*LEAST, *OTHERS, *READERS):
        for path in (f"order/{order}/file", "order/999999/file", "recall/999999/file"):
            answer = wire.session(login).get(f"{wire.server.url}/treasury_sync/{path}", timeout=60)
            assert answer.status_code in (403, 404), (login, path)


def test_own_defaults_release_no_hold_and_approve_no_order(wire):
    order = wire.order_ids[0]
    bert = wire.keys["bert"][0]
    for model, name, value in (
        ("treasury.payment.hold", "state", "released"),
        ("treasury.payment.hold", "released_by_id", bert),
        ("treasury.payment.order", "state", "approved"),
    ):
        assert wire.web("pia", "ir.default", "set", model, name, value, True) is True
    assert wire.web("pia", "treasury.payment.order", "action_back_to_draft", [order]) is True
    assert wire.web("pia", "treasury.payment.order", "action_generate", [order]) is True
    assert wire.server.sql("SELECT DISTINCT state FROM treasury_payment_hold") == [("open",)]
    [channel] = wire.web("pia", "treasury.payment.channel", "search", [])
    made = wire.web("pia", "treasury.payment.order", "create", {"channel_id": channel})
    assert (
        wire.web("pia", "treasury.payment.order", "read", [made], ["state"])[0]["state"] == "draft"
    )


def test_an_approval_takes_a_person_with_a_password_just_now(wire):
    order = wire.order_ids[1]
    [(digest,)] = wire.server.sql(
        "SELECT digest FROM treasury_payment_order WHERE id = %s", [order]
    )
    context = {"approved_digest": digest}
    call = ("treasury.payment.order", "action_approve", [order])
    _uid, key = wire.keys["alma"]
    by_key = wire.server.json2(key, *call[:2], ids=[order], context=context)
    asked = by_key.json()
    assert asked["res_model"] == "res.users.identitycheck", asked
    by_rpc = wire.rpc("alma", *call, context=context)
    assert by_rpc in REFUSED or by_rpc["res_model"] == "res.users.identitycheck", by_rpc
    asked = wire.web("alma", *call, context=context)
    assert asked not in REFUSED, asked
    assert asked["res_model"] == "res.users.identitycheck", asked
    asked = asked["res_id"]
    given = "SELECT count(*) FROM treasury_payment_approval"
    assert wire.server.sql(given) == [(0,)]
    # Neither the key, nor a wrong password, nor the password of somebody else.
    check = ("res.users.identitycheck", "run_check", [asked])
    for login, password in (("alma", key), ("alma", "wrong"), ("bert", "bert"), ("bert", "alma")):
        assert wire.web(login, *check, context={"password": password}) in REFUSED
    # Who prepared it, asked or not.
    for login in ("pia", "manager", "other approver"):
        dialog = wire.web(login, *call, context=context)
        done = wire.web(
            login,
            "res.users.identitycheck",
            "run_check",
            [dialog["res_id"]],
            context={"password": login},
        )
        assert done in REFUSED
    assert wire.server.sql(given) == [(0,)]
    assert wire.web("alma", *check, context={"password": "alma"}) is True
    assert wire.server.sql(given) == [(1,)]
    # Her session is known for some minutes: her second approval of it is refused all the same.
    assert wire.web("alma", *call, context=context) in REFUSED
    assert wire.web("alma", *call, context={"approved_digest": "0" * 64}) in REFUSED
    assert wire.server.sql(given) == [(1,)]


def test_log_has_no_traceback_of_ours(wire):
    """Last: a refusal is an answer; nothing of all this broke."""
    log = wire.server.log.read_text(errors="replace")
    assert not re.findall(r"^\S+ \S+ \d+ (?:ERROR|CRITICAL) .*", log, re.MULTILINE)
