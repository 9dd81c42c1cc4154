"""The webhook address under real requests: stored before 2xx, once however often, and nothing given away."""

import contextlib
import json
import socket
from concurrent.futures import ThreadPoolExecutor

import edge_world
import psycopg2
import pytest
import requests


@pytest.fixture(scope="module")
def server(odoo_server):
    server = odoo_server("webhook")
    server.world = edge_world.build(server)
    server.address = f"{server.url}/finance/webhook/{server.world['token']}"
    return server


def _send(server, event_id, body, **kwargs):
    headers = edge_world.signed(event_id, body, **kwargs)
    return requests.post(server.address, data=body, headers=headers, timeout=60)


def _count(server, key):
    [(count,)] = server.sql(
        "SELECT count(*) FROM finance_exchange WHERE idempotency_key = %s", (key,)
    )
    return count


def test_fifty_identical_at_once_are_all_taken_and_posted_once(server):
    body = json.dumps({"amount": "10.00", "naive": True}).encode()
    with ThreadPoolExecutor(50) as pool:
        answers = list(pool.map(lambda _number: _send(server, "msg_fifty", body), range(50)))
    assert {answer.status_code for answer in answers} == {202}
    assert len({answer.text for answer in answers}) == 1
    assert _count(server, "msg_fifty") == 1
    server.wait_for(
        lambda: server.sql(
            "SELECT 1 FROM finance_exchange WHERE idempotency_key = 'msg_fifty' AND work_status = 'done'"
        ),
        "the exchange to be done",
    )
    assert server.sql(
        "SELECT count(*) FROM finance_test_posting p JOIN finance_exchange e ON e.id = p.exchange_id"
        " WHERE e.idempotency_key = 'msg_fifty'"
    ) == [(1,)]
    assert _send(server, "msg_fifty", body).text == answers[0].text


def test_altered_content_is_refused_and_kept_for_a_person(server):
    first = _send(server, "msg_altered", b'{"amount": "10.00"}')
    altered = _send(server, "msg_altered", b'{"amount": "99.00"}')
    assert (first.status_code, altered.status_code) == (202, 409)
    assert altered.json()["error"] == "idempotency_conflict"
    assert altered.json()["exchange"] == first.json()["exchange"]
    assert server.sql(
        "SELECT x.code, x.state FROM finance_exception x JOIN finance_exchange e ON e.id = x.exchange_id"
        " WHERE e.idempotency_key = 'msg_altered'"
    ) == [("idempotency_conflict", "open")]


def test_unproven_messages_are_refused_and_leave_a_bounded_trace(server):
    body = b'{"amount": "10.00"}'
    stranger = "whsec_" + "A" * 44
    refused = [
        _send(server, "msg_stranger", body, secret=stranger),
        _send(server, "msg_old", body, age=600),
        _send(server, "msg_future", body, age=-600),
        requests.post(server.address, data=body, timeout=60),
        *(_send(server, f"msg_flood_{number}", body, secret=stranger) for number in range(20)),
    ]
    assert {answer.status_code for answer in refused} == {401}
    assert not any("session_id" in answer.cookies for answer in refused)
    assert (
        not _count(server, "msg_stranger")
        + _count(server, "msg_old")
        + _count(server, "msg_flood_1")
    )
    assert server.sql(
        "SELECT count(*) FROM finance_audit_event WHERE action = 'webhook.rejected'"
    ) == [(1,)]
    assert server.sql(
        "SELECT count(*) FROM finance_exception WHERE code = 'signature_invalid'"
    ) == [(1,)]


def test_unknown_addresses_look_all_the_same(server):
    server.sql(
        "INSERT INTO finance_connection (name, adapter, environment, oauth_auth, active, webhook_token)"
        " VALUES ('Old', 'webhook', 'test', 'basic', FALSE, 'archived-token')"
    )
    answers = [
        requests.post(f"{server.url}/finance/webhook/{token}", data=b"{}", timeout=60)
        for token in ("unknown", "archived-token", "x" * 2000)
    ]
    assert {(answer.status_code, answer.text) for answer in answers} == {
        (404, '{"error": "not_found", "message": "Nobody listens at this address."}')
    }
    assert requests.get(server.address, timeout=60).status_code == 405


def test_large_body_is_refused_unread(server):
    host, port = "127.0.0.1", server.port
    with socket.create_connection((host, port), timeout=30) as connection:
        connection.sendall(
            f"POST /finance/webhook/{server.world['token']} HTTP/1.1\r\nHost: {host}:{port}\r\n"
            f"Content-Type: application/json\r\nContent-Length: {1024 * 1024 + 1}\r\n\r\n".encode()
        )
        # Not a byte of the body was sent: an answer shows that none was waited for.
        assert b" 413 " in connection.recv(200)


def test_form_body_is_verified_byte_by_byte(server):
    body = b"id=tr_1&amount=10.00"
    headers = edge_world.signed("msg_form", body) | {
        "Content-Type": "application/x-www-form-urlencoded"
    }
    assert requests.post(server.address, data=body, headers=headers, timeout=60).status_code == 202


def test_webhook_that_no_interface_takes_is_not_acknowledged(server):
    answer = _send(server, "msg_unwanted", b'{"unwanted": 1, "kind": "unwanted"}')
    assert (answer.status_code, answer.json()["error"]) == (422, "webhook_not_accepted")
    assert not _count(server, "msg_unwanted")


def test_503_while_the_database_is_down_and_nothing_is_lost(odoo_server):
    server = odoo_server(
        "webhook_down",
        queue=False,
        extra={"server_wide_modules": "base,rpc,web,queue_job,finance_connector_base"},
    )
    world = edge_world.build(server)
    server.address = f"{server.url}/finance/webhook/{world['token']}"
    assert _send(server, "msg_before", b"{}").status_code == 202
    _administer(server, f'ALTER DATABASE "{server.name}" ALLOW_CONNECTIONS false')
    _administer(
        server,
        f"SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = '{server.name}'",
    )
    down = _send(server, "msg_down", b"{}")
    _administer(server, f'ALTER DATABASE "{server.name}" ALLOW_CONNECTIONS true')
    assert down.status_code == 503
    assert int(down.headers["Retry-After"]) > 0
    server.wait_for(lambda: _send(server, "msg_down", b"{}").status_code == 202, "the database")
    assert _count(server, "msg_down") == 1


def _administer(server, query):
    connection = psycopg2.connect(
        host=str(server.cluster.socket), user=server.cluster.user, dbname="postgres"
    )
    with contextlib.closing(connection):
        connection.autocommit = True
        with connection.cursor() as cursor:
            cursor.execute(query)
