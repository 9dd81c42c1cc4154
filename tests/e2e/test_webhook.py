"""Webhooks as a sender outside sends them: stored once, proven, committed before they are answered."""

import base64
import contextlib
import hashlib
import hmac
import json
import socket
import time
import uuid
from concurrent.futures import ThreadPoolExecutor

import psycopg2
import pytest
import requests

KEY = b"seeded-signing-key-of-a-sender-1"
SECRET = "whsec_" + base64.b64encode(KEY).decode()
LIMIT = 4096

MAKE_RECEIVER = """
import json
env["ir.config_parameter"].set_param("finance_connector_base.webhook_max_bytes", {limit})
tokens = {{}}
for name, secret in (("Sender", {secret!r}), ("Without secret", None)):
    connection = env["finance.connection"].create({{
        "name": name, "adapter": "webhook", "environment": "test", "company_id": env.company.id}})
    if secret:
        env["finance.credential"].create({{
            "name": name, "connection_id": connection.id, "kind": "signing_secret", "secret": secret}})
    interface = env["finance.interface"].create({{
        "name": name, "code": "webhook." + name, "handler": "dummy", "connection_id": connection.id,
        "company_id": env.company.id}})
    interface._go_live("Needed by a test.")
    tokens[name] = connection.webhook_token
print(json.dumps(tokens))
"""


@pytest.fixture(scope="module")
def server(odoo_server):
    running = odoo_server("webhooks")
    told = running.shell(MAKE_RECEIVER.format(secret=SECRET, limit=LIMIT))
    running.tokens = json.loads(told)
    return running


def sign(message_id, body, *, timestamp=None, key=KEY):
    """The headers of Standard Webhooks 1.0.0, made without any code of the suite."""
    timestamp = str(int(time.time()) if timestamp is None else timestamp)
    signed = f"{message_id}.{timestamp}.".encode() + body
    signature = base64.b64encode(hmac.new(key, signed, hashlib.sha256).digest()).decode()
    return {
        "webhook-id": message_id,
        "webhook-timestamp": timestamp,
        "webhook-signature": f"v1,{signature}",
        "Content-Type": "application/json",
    }


def send(server, body, headers, *, token=None, method="POST"):
    address = f"{server.url}/finance/webhook/{token or server.tokens['Sender']}"
    return requests.request(method, address, data=body, headers=headers, timeout=300)


def exchange_of(server, message_id):
    return server.sql(
        "SELECT id, name, work_status FROM finance_exchange WHERE idempotency_key = %s",
        [message_id],
    )


def postings_of(server, message_id):
    return server.sql(
        "SELECT posting.amount FROM finance_test_posting posting JOIN finance_exchange exchange"
        " ON exchange.id = posting.exchange_id WHERE exchange.idempotency_key = %s",
        [message_id],
    )


def wait_done(server, message_id):
    server.wait_for(
        lambda: [row[2] for row in exchange_of(server, message_id)] == ["done"],
        f"the exchange of {message_id} to be done",
    )


def exchange_count(server):
    return server.sql("SELECT count(*) FROM finance_exchange")[0][0]


def test_fifty_at_once_are_one_exchange_and_one_posting(server):
    message_id, body = uuid.uuid4().hex, b'{"amount": "50.00", "naive": true}'
    headers = sign(message_id, body)
    with ThreadPoolExecutor(50) as senders:
        answers = list(senders.map(lambda _: send(server, body, headers), range(50)))
    assert {answer.status_code for answer in answers} == {202}
    [(_id, name, _status)] = exchange_of(server, message_id)
    assert {answer.text for answer in answers} == {json.dumps({"exchange": name})}
    wait_done(server, message_id)
    assert postings_of(server, message_id) == [("50.00",)]
    assert send(server, body, headers).text == answers[0].text


def test_altered_content_under_a_known_id_is_a_conflict(server):
    message_id, body = uuid.uuid4().hex, b'{"amount": "1.00", "naive": true}'
    altered = body.replace(b"1.00", b"9.00")
    assert send(server, body, sign(message_id, body)).status_code == 202
    wait_done(server, message_id)
    before = exchange_count(server)
    for _repetition in range(2):
        answer = send(server, altered, sign(message_id, altered))
        [(exchange_id, name, _status)] = exchange_of(server, message_id)
        assert answer.status_code == 409
        assert answer.json()["error"] == "idempotency_conflict"
        assert answer.json()["exchange"] == name
    assert server.sql(
        "SELECT code, state FROM finance_exception WHERE exchange_id = %s", [exchange_id]
    ) == [("idempotency_conflict", "open")]
    assert postings_of(server, message_id) == [("1.00",)]
    assert exchange_count(server) == before
    # The content that came first is still safe to repeat.
    assert send(server, body, sign(message_id, body)).json() == {"exchange": name}


def _unproven():
    """Name, then a function of id and body to the headers of a message that proves nothing."""
    without = {"webhook-id", "webhook-timestamp", "webhook-signature"}
    yield "no signature", lambda uid, body: {"Content-Type": "application/json"}
    for header in sorted(without):
        yield (
            f"no {header}",
            lambda uid, body, header=header: {
                name: value for name, value in sign(uid, body).items() if name != header
            },
        )
    yield "other key", lambda uid, body: sign(uid, body, key=b"k" * 32)
    yield "other body", lambda uid, body: sign(uid, body + b" ")
    yield "other id", lambda uid, body: sign(uid, body) | {"webhook-id": uuid.uuid4().hex}
    yield "old", lambda uid, body: sign(uid, body, timestamp=int(time.time()) - 600)
    yield "future", lambda uid, body: sign(uid, body, timestamp=int(time.time()) + 600)
    yield "no number", lambda uid, body: sign(uid, body, timestamp="nan")


@pytest.mark.parametrize("headers", [pytest.param(make, id=name) for name, make in _unproven()])
def test_unproven_is_refused_and_not_stored(server, headers):
    message_id, body = uuid.uuid4().hex, b'{"amount": "1.00"}'
    before = exchange_count(server)
    answer = send(server, body, headers(message_id, body))
    assert (answer.status_code, answer.json()["error"]) == (401, "signature_invalid")
    assert exchange_count(server) == before
    assert SECRET not in answer.text
    assert "session_id" not in answer.cookies


def test_connection_without_a_secret_refuses_everything(server):
    message_id, body = uuid.uuid4().hex, b'{"amount": "1.00"}'
    before = exchange_count(server)
    for key in (KEY, b""):
        answer = send(
            server, body, sign(message_id, body, key=key), token=server.tokens["Without secret"]
        )
        assert answer.status_code == 401
    assert exchange_count(server) == before


def test_refusals_are_told_once_and_not_one_by_one(server):
    exceptions = (
        "SELECT count(*) FROM finance_exception WHERE code = 'signature_invalid' AND state = 'open'"
    )
    events = "SELECT count(*) FROM finance_audit_event WHERE action = 'webhook.rejected'"
    for _attempt in range(5):
        assert send(server, b"{}", {}).status_code == 401
    [(told,)], [(logged,)] = server.sql(exceptions), server.sql(events)
    for _attempt in range(20):
        assert send(server, b"{}", {}).status_code == 401
    assert server.sql(exceptions) == [(told,)]
    assert 1 <= told <= 2
    # One a minute, and a minute may have gone by.
    assert 1 <= logged <= server.sql(events)[0][0] <= logged + 1


def test_address_tells_nothing_about_what_exists(server):
    body = b"{}"
    server.sql("UPDATE finance_connection SET active = false WHERE name = 'Without secret'")
    answers = [
        send(server, body, headers, token=token)
        for token in ("x" * 32, "x" * 2000, server.tokens["Without secret"])
        for headers in (sign("1", body), {})
    ]
    assert {(answer.status_code, answer.text) for answer in answers} == {
        (404, '{"error": "not_found", "message": "Nobody listens at this address."}')
    }
    for method in ("GET", "PUT", "DELETE"):
        assert send(server, None, {}, method=method).status_code == 405


def test_large_body_is_not_read(server):
    message_id = uuid.uuid4().hex
    body = json.dumps({"amount": "1.00", "text": "x" * LIMIT}).encode()
    answer = send(server, body, sign(message_id, body))
    assert answer.status_code == 413
    # Without a stated length there is no large number to refuse by.
    chunked = send(server, iter([body[:100], body[100:]]), sign(message_id, body))
    assert chunked.status_code in (411, 413, 401)
    assert exchange_of(server, message_id) == []
    with socket.create_connection(("127.0.0.1", server.port), timeout=300) as connection:
        connection.sendall(
            f"POST /finance/webhook/{server.tokens['Sender']} HTTP/1.1\r\n"
            f"Host: 127.0.0.1:{server.port}\r\nContent-Type: application/json\r\n"
            f"Content-Length: {LIMIT + 1}\r\n\r\n".encode()
        )
        # Not a byte of the body was sent: an answer shows that none was waited for.
        assert b" 413 " in connection.recv(200)


def test_form_is_verified_byte_by_byte(server):
    message_id, body = uuid.uuid4().hex, b"id=tr_1&amount=10.00"
    headers = sign(message_id, body) | {"Content-Type": "application/x-www-form-urlencoded"}
    assert send(server, body, headers).status_code == 202


def test_proven_but_wanted_by_nobody(server):
    message_id, body = uuid.uuid4().hex, b'{"unwanted": true}'
    answer = send(server, body, sign(message_id, body))
    assert (answer.status_code, answer.json()["error"]) == (422, "webhook_not_accepted")
    assert exchange_of(server, message_id) == []


def test_503_while_the_database_is_down_and_nothing_is_lost(odoo_server):
    server = odoo_server("webhook_down")
    server.tokens = json.loads(server.shell(MAKE_RECEIVER.format(secret=SECRET, limit=LIMIT)))
    message_id, body = uuid.uuid4().hex, b"{}"
    assert send(server, body, sign("before", body)).status_code == 202
    server.disconnect()
    _administer(server, f'ALTER DATABASE "{server.name}" ALLOW_CONNECTIONS false')
    _administer(
        server,
        f"SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = '{server.name}'",
    )
    down = send(server, body, sign(message_id, body))
    _administer(server, f'ALTER DATABASE "{server.name}" ALLOW_CONNECTIONS true')
    assert down.status_code == 503
    assert int(down.headers["Retry-After"]) > 0
    server.wait_for(
        lambda: send(server, body, sign(message_id, body)).status_code == 202, "the database"
    )
    assert len(exchange_of(server, message_id)) == 1


def _administer(server, query):
    connection = psycopg2.connect(
        host=str(server.cluster.socket), user=server.cluster.user, dbname="postgres"
    )
    with contextlib.closing(connection):
        connection.autocommit = True
        with connection.cursor() as cursor:
            cursor.execute(query)


def test_committed_before_it_is_answered(server):
    message_id, body = uuid.uuid4().hex, b'{"amount": "7.00", "naive": true}'
    answer = send(server, body, sign(message_id, body))
    server.kill()
    try:
        assert answer.status_code == 202
        assert exchange_of(server, message_id)[0][1] == answer.json()["exchange"]
    finally:
        server.start()
    wait_done(server, message_id)
    assert postings_of(server, message_id) == [("7.00",)]
    assert send(server, body, sign(message_id, body)).json() == answer.json()


def test_log_is_clean_and_holds_no_secret(server):
    """Last: the log of all of the above."""
    bad = [line for line in server.bad_lines() if "Re-queued dead job" not in line]
    assert bad == []
    log = server.log.read_text(errors="replace")
    assert SECRET not in log
    assert SECRET.removeprefix("whsec_") not in log
    for token in server.tokens.values():
        assert token not in log
