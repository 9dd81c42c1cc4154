"""finance.api called by clients nobody here wrote: OdooRPC over JSON-RPC, requests over JSON-2."""

import edge_world
import odoorpc
import pytest
import requests

_CONTENT = '{"amount": "10.00"}'


@pytest.fixture(scope="module")
def server(odoo_server):
    server = odoo_server("api")
    server.world = edge_world.build(server)
    return server


def _json2(server, login, method, **arguments):
    return server.json2(server.world["keys"][login], "finance.api", method, **arguments)


def _submit(server, key, content=_CONTENT, login="caller"):
    return _json2(
        server, login, "submit", interface="acme.events", idempotency_key=key, content=content
    )


def test_json2_submits_and_follows_an_exchange(server):
    submitted = _submit(server, "json2-1")
    assert submitted.status_code == 200
    reference = submitted.json()["exchange"]
    done = server.wait_for(
        lambda: (
            (status := _json2(server, "caller", "status", exchange=reference).json())["status"]
            == "done"
            and status
        ),
        "the exchange to be done",
    )
    assert (done["milestone"], done["result"]) == ("posted", {"posted": 1})
    again = _submit(server, "json2-1").json()
    assert (again["exchange"], again["replayed"], again["result"]) == (
        reference,
        True,
        {"posted": 1},
    )
    for method in ("timeline", "explain"):
        assert _json2(server, "caller", method, exchange=reference).json()
    assert [row["interface"] for row in _json2(server, "caller", "list_interfaces").json()] == [
        "acme.events"
    ]


def test_json2_conflict_is_409_and_outlives_the_error(server):
    reference = _submit(server, "json2-conflict").json()["exchange"]
    conflict = _submit(server, "json2-conflict", '{"amount": "99.00"}')
    assert conflict.status_code == 409
    assert conflict.json()["name"].endswith(".FinanceApiConflict")
    listed = _json2(server, "caller", "list_exceptions", filters={"exchange": reference}).json()
    assert [row["code"] for row in listed["exceptions"]] == ["idempotency_conflict"]


def test_json2_errors_have_their_status(server):
    foreign = _submit(server, "foreign", login="foreign_caller")
    assert (foreign.status_code, foreign.json()["name"].rpartition(".")[2]) == (
        404,
        "FinanceApiNotFound",
    )
    assert _submit(server, "").status_code == 422
    assert _json2(server, "caller", "submit", interface="acme.events").status_code == 422
    assert _json2(server, "caller", "replay", exchange="FX/1").status_code == 403
    assert _json2(server, "viewer", "list_interfaces").status_code == 403
    assert _json2(server, "portal_user", "list_interfaces").status_code == 403
    assert server.json2("0" * 40, "finance.api", "list_interfaces").status_code == 401
    unsigned = requests.post(
        f"{server.url}/json/2/finance.api/list_interfaces", json={"context": {}}, timeout=60
    )
    assert unsigned.status_code == 401


def test_expired_key_is_refused(server):
    key = server.shell(
        "import datetime\n"
        "user = env['res.users'].search([('login', '=', 'caller')])\n"
        "print(env(user=user)['res.users.apikeys'].sudo()._generate('rpc', 'old',"
        " datetime.datetime.now() - datetime.timedelta(days=1)))"
    ).splitlines()[-1]
    assert server.json2(key, "finance.api", "list_interfaces").status_code == 401


def test_odoorpc_submits_and_reads(server):
    client = server.rpc("caller", "caller-password")
    api = client.env["finance.api"]
    submitted = api.submit("acme.events", "rpc-1", _CONTENT)
    assert submitted["replayed"] is False
    assert api.submit("acme.events", "rpc-1", _CONTENT)["replayed"] is True
    assert api.status(submitted["exchange"])["exchange"] == submitted["exchange"]
    with pytest.raises(odoorpc.error.RPCError) as conflict:
        api.submit("acme.events", "rpc-1", "other")
    assert conflict.value.info["data"]["name"].endswith(".FinanceApiConflict")


def test_api_key_is_the_password_of_jsonrpc(server):
    uid = server.sql("SELECT id FROM res_users WHERE login = 'caller'")[0][0]
    answer = _jsonrpc(
        server, uid, server.world["keys"]["caller"], "finance.api", "list_interfaces", []
    )
    assert [row["interface"] for row in answer["result"]] == ["acme.events"]


def _jsonrpc(server, uid, password, model, method, arguments):
    return requests.post(
        f"{server.url}/jsonrpc",
        json={
            "jsonrpc": "2.0",
            "method": "call",
            "params": {
                "service": "object",
                "method": "execute_kw",
                "args": [server.name, uid, password, model, method, arguments],
            },
        },
        timeout=60,
    ).json()


@pytest.mark.parametrize("login", ["caller", "foreign_caller", "portal_user"])
def test_models_of_the_suite_are_closed_over_both_protocols(server, login):
    uid = server.sql("SELECT id FROM res_users WHERE login = %s", (login,))[0][0]
    key = server.world["keys"][login]
    suite = server.sql(
        "SELECT model FROM ir_model WHERE (model LIKE 'finance.%%' OR model LIKE 'bank.statement.%%')"
        " AND model <> 'finance.api' ORDER BY model"
    )
    assert len(suite) > 20
    reached = []
    for [model] in suite:
        if server.json2(key, model, "search_read", domain=[]).status_code != 403:
            reached.append(f"JSON-2 {model}")
        answer = _jsonrpc(server, uid, key, model, "search_read", [[]])
        if answer.get("error", {}).get("data", {}).get("name") != "odoo.exceptions.AccessError":
            reached.append(f"JSON-RPC {model}")
    assert reached == []


def test_no_secret_of_a_connection_is_readable(server):
    manager = server.rpc()
    credential = manager.env["finance.credential"].search_read([], [])
    assert edge_world.SECRET not in str(credential)
    assert "secret" not in credential[0] or not credential[0]["secret"]
