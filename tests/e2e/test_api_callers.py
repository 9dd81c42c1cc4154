"""What callers rely on, over JSON-RPC and JSON-2: at most once, clear refusals, nothing of other companies."""

import json
import uuid
from concurrent.futures import ThreadPoolExecutor

import odoorpc
import pytest
import requests

SECRET = "seeded-api-key-of-a-counterparty"
NAMES = "odoo.addons.finance_connector_base.exceptions."
NOT_FOUND, CONFLICT, ERROR = (
    f"{NAMES}FinanceApi{name}" for name in ("NotFound", "Conflict", "Error")
)

# Odoo warns of every access that it denies; those that a test here asks for are meant.
EXPECTED = (
    "Re-queued dead job",
    "This needs the group External callers / API ",
    "Access to unauthorized or invalid companies",
    "You are not allowed to access",
)

MAKE_CALLERS = """
import datetime, json
other = env["res.company"].create({"name": "Birch GmbH"})
keys = {}
def make(login, group, company):
    user = env["res.users"].create({
        "name": login, "login": login, "password": login, "company_id": company.id,
        "company_ids": [(6, 0, company.ids)],
        "group_ids": [(6, 0, [env.ref("finance_connector_base." + group).id])]})
    expires = datetime.datetime.now() + datetime.timedelta(days=2)
    keys[login] = user.env(user=user)["res.users.apikeys"]._generate("rpc", "Test", expires)
    return user
caller = make("erp", "group_finance_api", env.company)
operator = make("erp operator", "group_finance_api_operator", env.company)
stranger = make("stranger", "group_finance_api", other)
unlisted = make("unlisted", "group_finance_api", env.company)
for company, code, users in (
    (env.company, "erp.in", caller + operator + stranger), (other, "other.in", stranger)
):
    connection = env["finance.connection"].create({
        "name": code, "adapter": "dummy", "environment": "test", "endpoint": "/nowhere", "company_id": company.id})
    interface = env["finance.interface"].create({
        "name": code, "code": code, "handler": "dummy", "connection_id": connection.id,
        "company_id": company.id, "api_user_ids": [(6, 0, users.ids)]})
    interface._go_live("Needed by a test.")
env["finance.credential"].create({
    "name": "Key", "connection_id": env["finance.connection"].search([("name", "=", "erp.in")]).id,
    "kind": "api_key", "secret": "SECRET"})
for login, groups in (
    ("viewer", ["base.group_user", "finance_connector_base.group_finance_viewer"]),
    ("portal user", ["base.group_portal"]),
):
    user = make(login, "group_finance_api", env.company)
    user.group_ids = [(6, 0, [env.ref(group).id for group in groups])]
print(json.dumps(keys))
""".replace("SECRET", SECRET)


@pytest.fixture(scope="module")
def server(odoo_server):
    running = odoo_server("callers")
    running.keys = json.loads(running.shell(MAKE_CALLERS).splitlines()[-1])
    return running


def call(server, login, method, **arguments):
    return server.json2(server.keys[login], "finance.api", method, **arguments)


def submit(server, content, *, key=None, login="erp", interface="erp.in"):
    return call(
        server,
        login,
        "submit",
        interface=interface,
        idempotency_key=key or uuid.uuid4().hex,
        content=json.dumps(content),
    )


def wait_status(server, reference, status):
    server.wait_for(
        lambda: call(server, "erp", "status", exchange=reference).json()["status"] == status,
        f"{reference} to be {status}",
    )


def postings_of(server, reference):
    return server.sql(
        "SELECT posting.amount FROM finance_test_posting posting JOIN finance_exchange exchange"
        " ON exchange.id = posting.exchange_id WHERE exchange.name = %s",
        [reference],
    )


def refusal(answer):
    return answer.status_code, answer.json()["name"]


def test_json2_same_key_same_answer_other_content_conflict(server):
    key, content = uuid.uuid4().hex, {"amount": "3.00", "naive": True}
    first = submit(server, content, key=key)
    assert first.status_code == 200, first.text
    reference = first.json()["exchange"]
    assert first.json()["replayed"] is False
    wait_status(server, reference, "done")
    again = submit(server, content, key=key)
    assert again.json() == {
        "exchange": reference,
        "status": "done",
        "milestone": "posted",
        "replayed": True,
        "result": {"posted": 1},
    }
    assert refusal(submit(server, {"amount": "4.00"}, key=key)) == (409, CONFLICT)
    # The error rolled back its call, and not what a person has to see.
    told = call(
        server, "erp", "list_exceptions", filters={"exchange": reference, "state": "open"}
    ).json()
    assert (told["total"], told["exceptions"][0]["code"]) == (1, "idempotency_conflict")
    assert postings_of(server, reference) == [("3.00",)]

    status = call(server, "erp", "status", exchange=reference).json()
    assert status["open_exceptions"] == [told["exceptions"][0]["exception"]]
    assert (status["interface"], status["direction"]) == ("erp.in", "inbound")
    timeline = call(server, "erp", "timeline", exchange=reference).json()
    assert timeline[0]["action"] == "exchange.received"
    assert timeline[0]["by"] == "erp"
    explained = call(server, "erp", "explain", exchange=reference)
    assert explained.status_code == 200
    assert len(explained.json()) >= 6
    assert [row["interface"] for row in call(server, "erp", "list_interfaces").json()] == ["erp.in"]


def test_odoorpc_does_the_same(server):
    client = server.rpc("erp", "erp")
    key = uuid.uuid4().hex
    first = client.execute("finance.api", "submit", "erp.in", key, '{"amount": "5.00"}')
    wait_status(server, first["exchange"], "done")
    again = client.execute("finance.api", "submit", "erp.in", key, '{"amount": "5.00"}')
    assert (again["exchange"], again["replayed"]) == (first["exchange"], True)
    with pytest.raises(odoorpc.error.RPCError) as refused:
        client.execute("finance.api", "submit", "erp.in", key, '{"amount": "6.00"}')
    assert refused.value.info["data"]["name"] == CONFLICT
    assert client.execute("finance.api", "status", first["exchange"])["open_exceptions"]
    assert client.execute("finance.api", "timeline", first["exchange"])
    assert client.execute("finance.api", "explain", first["exchange"])
    with pytest.raises(odoorpc.error.RPCError) as refused:
        client.execute("finance.api", "status", "FX/none")
    assert refused.value.info["data"]["name"] == NOT_FOUND
    with pytest.raises(odoorpc.error.RPCError) as refused:
        client.execute("finance.api", "submit", "erp.in", 7, "x")
    assert refused.value.info["data"]["name"] == ERROR
    for model in ("finance.exchange", "finance.connection", "finance.exception", "res.partner"):
        with pytest.raises(odoorpc.error.RPCError) as refused:
            client.execute(model, "search_read", [], ["id"])
        assert refused.value.info["data"]["name"] == "odoo.exceptions.AccessError"


def test_only_an_operator_resolves_and_replays(server):
    reference = submit(server, {"amount": "1.00", "fail": "business"}).json()["exchange"]
    wait_status(server, reference, "exception")
    [told] = call(server, "erp", "list_exceptions", filters={"exchange": reference}).json()[
        "exceptions"
    ]
    assert told["code"] == "mapping_missing"
    resolution = {"exception": told["exception"], "reason": "Settled elsewhere."}
    for method, arguments in (
        ("resolve_exception", resolution),
        ("replay", {"exchange": reference}),
        ("replay", {"exchange": reference, "dry_run": False}),
    ):
        assert refusal(call(server, "erp", method, **arguments)) == (
            403,
            "odoo.exceptions.AccessError",
        )
    tried = call(server, "erp operator", "replay", exchange=reference)
    assert tried.status_code == 200, tried.text
    assert tried.json()["dry_run"] is True
    assert tried.json()["report"] is not None
    assert postings_of(server, reference) == []
    assert refusal(
        call(server, "erp operator", "resolve_exception", **resolution | {"reason": " "})
    ) == (422, ERROR)
    resolved = call(server, "erp operator", "resolve_exception", **resolution)
    assert resolved.status_code == 200, resolved.text
    assert resolved.json()["state"] == "resolved"
    assert refusal(call(server, "erp operator", "resolve_exception", **resolution)) == (422, ERROR)


@pytest.mark.parametrize(
    ("method", "arguments", "named"),
    [
        ("submit", {"idempotency_key": 7}, "idempotency_key"),
        ("submit", {"idempotency_key": ""}, "idempotency_key"),
        ("submit", {"idempotency_key": "a\nb"}, "idempotency_key"),
        ("submit", {"idempotency_key": "a" * 256}, "idempotency_key"),
        ("submit", {"interface": ["erp.in"]}, "interface"),
        ("submit", {"interface": {"id": 1}}, "interface"),
        ("submit", {"content": ""}, "content"),
        ("submit", {"content": {"amount": 1}}, "content"),
        ("submit", {"content": None}, "content"),
        ("submit", {"content": "\ud800"}, "content"),
        ("submit", {"content": "no base64!", "encoding": "base64"}, "content"),
        ("submit", {"encoding": "gzip"}, "encoding"),
        ("submit", {"encoding": []}, "encoding"),
        ("submit", {"content_type": "json"}, "content_type"),
        ("submit", {"external_ref": 5}, "external_ref"),
        ("submit", {"external_ref": "a\0b"}, "external_ref"),
        ("submit", {"colour": "red"}, "colour"),
        ("status", {"exchange": 1}, "exchange"),
        ("status", {"exchange": ["FX/1", "FX/2"]}, "exchange"),
        ("status", {}, "exchange"),
        ("replay", {"dry_run": True}, "exchange"),
        ("timeline", {"exchange": None}, "exchange"),
        ("explain", {"exchange": {}}, "exchange"),
        ("list_exceptions", {"filters": ["state"]}, "filters"),
        ("list_exceptions", {"filters": {"password": "x"}}, "password"),
        ("list_exceptions", {"filters": {"state": ["open"]}}, "filters.state"),
        ("list_exceptions", {"limit": 201}, "limit"),
        ("list_exceptions", {"limit": True}, "limit"),
        ("list_exceptions", {"limit": "10"}, "limit"),
        ("list_exceptions", {"offset": -1}, "offset"),
    ],
)
def test_argument_that_cannot_be_used_is_named(server, method, arguments, named):
    if method == "submit":
        arguments = {
            "interface": "erp.in",
            "idempotency_key": uuid.uuid4().hex,
            "content": "{}",
        } | arguments
    before = server.sql("SELECT count(*) FROM finance_exchange")
    answer = call(server, "erp", method, **arguments)
    assert answer.status_code == 422, answer.text
    assert named in answer.json()["message"]
    assert server.sql("SELECT count(*) FROM finance_exchange") == before


def test_other_company_and_unlisted_learn_nothing(server):
    reference = submit(server, {"amount": "1.00", "fail": "business"}).json()["exchange"]
    wait_status(server, reference, "exception")
    for login in ("stranger", "unlisted"):
        answers = []
        for asked, interface in ((reference, "erp.in"), ("FX/2026/999999", "no.such")):
            refused = [
                call(server, login, method, exchange=asked)
                for method in ("status", "timeline", "explain")
            ] + [submit(server, {}, login=login, interface=interface)]
            assert {refusal(answer) for answer in refused} == {(404, NOT_FOUND)}
            answers.append(
                [
                    answer.json()["message"].replace(asked, "X").replace(interface, "X")
                    for answer in refused
                ]
            )
        # What exists is refused in the words for what does not.
        assert answers[0] == answers[1]
        assert call(server, login, "list_exceptions").json() == {"total": 0, "exceptions": []}
        told = call(server, login, "list_exceptions", filters={"exchange": reference}).json()
        assert told["total"] == 0
    # An interface that lists somebody of another company is still out of reach; so is the company by context.
    assert [row["interface"] for row in call(server, "stranger", "list_interfaces").json()] == [
        "other.in"
    ]
    assert call(server, "unlisted", "list_interfaces").json() == []
    [(company,)] = server.sql(
        "SELECT company_id FROM finance_interface WHERE code = %s", ["erp.in"]
    )
    forced = call(
        server,
        "stranger",
        "status",
        exchange=reference,
        context={"allowed_company_ids": [company]},
    )
    assert forced.status_code in (403, 404)
    assert "erp.in" not in forced.text


def test_no_key_wrong_key_expired_key(server):
    arguments = {"interface": "erp.in", "idempotency_key": "k", "content": "{}"}
    for key in ("", "0" * 40):
        assert server.json2(key, "finance.api", "submit", **arguments).status_code == 401
    unsigned = requests.post(
        f"{server.url}/json/2/finance.api/list_interfaces", json={"context": {}}, timeout=300
    )
    assert unsigned.status_code == 401
    assert call(server, "unlisted", "list_interfaces").status_code == 200
    server.sql(
        "UPDATE res_users_apikeys SET expiration_date = now() - interval '1 minute' WHERE user_id ="
        " (SELECT id FROM res_users WHERE login = 'unlisted')"
    )
    assert call(server, "unlisted", "list_interfaces").status_code == 401


def test_twenty_at_once_are_one_exchange(server):
    key, content = uuid.uuid4().hex, {"amount": "20.00", "naive": True}
    with ThreadPoolExecutor(20) as callers:
        answers = list(callers.map(lambda _: submit(server, content, key=key), range(20)))
    assert {answer.status_code for answer in answers} == {200}
    assert len({answer.json()["exchange"] for answer in answers}) == 1
    assert sorted(answer.json()["replayed"] for answer in answers) == [False] + [True] * 19
    assert server.sql(
        "SELECT count(*) FROM finance_exchange WHERE idempotency_key = %s", [key]
    ) == [(1,)]
    reference = answers[0].json()["exchange"]
    wait_status(server, reference, "done")
    assert postings_of(server, reference) == [("20.00",)]


def test_who_is_no_caller_calls_nothing(server):
    for login in ("viewer", "portal user"):
        assert refusal(call(server, login, "list_interfaces")) == (
            403,
            "odoo.exceptions.AccessError",
        )


def test_api_key_is_the_password_of_jsonrpc(server):
    answer = _jsonrpc(server, "erp", "finance.api", "list_interfaces", [])
    assert [row["interface"] for row in answer["result"]] == ["erp.in"]


def _jsonrpc(server, login, model, method, arguments):
    [(uid,)] = server.sql("SELECT id FROM res_users WHERE login = %s", (login,))
    call = [server.name, uid, server.keys[login], model, method, arguments]
    return requests.post(
        f"{server.url}/jsonrpc",
        json={
            "jsonrpc": "2.0",
            "method": "call",
            "params": {"service": "object", "method": "execute_kw", "args": call},
        },
        timeout=300,
    ).json()


@pytest.mark.parametrize("login", ["erp", "stranger", "portal user"])
def test_models_of_the_suite_are_closed_over_both_protocols(server, login):
    suite = server.sql(
        "SELECT model FROM ir_model WHERE (model LIKE 'finance.%%' OR model LIKE 'bank.statement.%%')"
        " AND model <> 'finance.api' ORDER BY model"
    )
    assert len(suite) > 20
    reached = []
    for [model] in suite:
        if server.json2(server.keys[login], model, "search_read", domain=[]).status_code != 403:
            reached.append(f"JSON-2 {model}")
        answer = _jsonrpc(server, login, model, "search_read", [[]])
        if answer.get("error", {}).get("data", {}).get("name") != "odoo.exceptions.AccessError":
            reached.append(f"JSON-RPC {model}")
    assert reached == []


def test_no_secret_of_a_connection_is_readable(server):
    [credential] = server.rpc().env["finance.credential"].search_read([], [])
    assert credential["is_set"] is True
    assert SECRET not in str(credential)
    assert not credential.get("secret")


def test_log_is_clean_and_holds_no_key(server):
    """Last: the log of all of the above."""
    bad = [line for line in server.bad_lines() if not any(text in line for text in EXPECTED)]
    assert bad == []
    log = server.log.read_text(errors="replace")
    assert not [login for login, key in server.keys.items() if key in log]
    assert SECRET not in log
