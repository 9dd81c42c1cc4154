import http.client
import re
import signal
import socket
import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from urllib.parse import urlsplit

import pytest

from sandbox.__main__ import main
from sandbox.server import SandboxServer

ROOT = Path(__file__).resolve().parents[3]


def connection(server):
    parts = urlsplit(server.url)
    return http.client.HTTPConnection(parts.hostname, parts.port, timeout=10)


def conversation(make_client):
    """Ask for everything a bank says, and return each whole answer but its ids."""
    with SandboxServer(history_days=16) as server:
        client = make_client(server)
        fixed = {"X-Request-ID": "6f9619ff-8b86-4d01-b42d-00cf4fc964ff"}
        client.headers = fixed
        client.login()
        client.consent()
        answers = [client.call("GET", "/v1/accounts?withBalance=true")]
        answers.append(client.transactions("alpenglut-chf", status="both"))
        server.control("PUT", "/control/clock", {"advance_days": 5})
        client.login()
        answers.append(client.transactions("nordhafen-eur", status="both", withBalance="true"))
        answers.append(client.call("GET", "/control/ledger"))
        return [(answer.status, answer.headers.items(), answer.body) for answer in answers]


def test_the_same_calls_get_the_same_bytes(client):
    assert conversation(type(client)) == conversation(type(client))


def test_one_connection_serves_many_requests(server):
    link = connection(server)
    for _ in range(3):
        link.request("GET", "/health")
        answer = link.getresponse()
        assert (answer.status, answer.read(), answer.version) == (200, b'{"status":"ok"}', 11)
        assert answer.getheader("Date") == "Fri, 20 Nov 2026 20:00:00 GMT"
    kept = link.sock
    link.request("POST", "/token", b"grant_type=password")
    assert link.getresponse().read()
    assert link.sock is kept
    link.close()


def test_unknown_paths_and_methods(stranger):
    assert stranger.call("GET", "/nowhere").status == 404
    answer = stranger.call("PATCH", "/control/clock", {})
    assert (answer.status, answer.headers["Allow"]) == (405, "GET, PUT")


@pytest.mark.parametrize(
    ("headers", "status"),
    [
        ({"Content-Length": str(1 << 30)}, 413),
        ({"Content-Length": "many"}, 400),
        ({"Transfer-Encoding": "chunked"}, 411),
    ],
)
def test_bodies_of_unknown_or_great_size_are_refused_and_the_connection_ends(
    server, headers, status
):
    link = connection(server)
    link.putrequest("POST", "/token")
    for name, value in headers.items():
        link.putheader(name, value)
    link.endheaders()
    answer = link.getresponse()
    assert (answer.status, answer.getheader("Connection")) == (status, "close")
    link.close()


@pytest.mark.parametrize(
    ("method", "path", "body"),
    [
        ("PUT", "/control/clock", b"{"),
        ("PUT", "/control/clock", b"[]"),
        ("PUT", "/control/clock", b'{"now": "noon"}'),
        ("PUT", "/control/clock", b'{"advance_days": 4000}'),
        ("PUT", "/control/clock", b'{"now": "1999-01-01"}'),
        ("PUT", "/control/settings", b'{"colour": 1}'),
        ("PUT", "/control/settings", b'{"page_size": 0}'),
        ("POST", "/control/receivables", b"{}"),
        ("POST", "/control/webhooks", b"{}"),
        ("POST", "/control/webhooks/send", b"{}"),
        ("POST", "/control/reset", b'{"seed": "x"}'),
        ("GET", "/control/ledger?date_from=x", None),
    ],
)
def test_wrong_control_calls_get_a_sentence(stranger, method, path, body):
    answer = stranger.call(method, path, body)
    assert answer.status == 400
    assert answer.json["error"]


def test_many_callers_at_once_get_whole_answers(client):
    client.headers["PSU-IP-Address"] = "192.0.2.1"
    with ThreadPoolExecutor(16) as pool:
        answers = list(pool.map(lambda _: client.transactions("alpenglut-chf"), range(64)))
    assert {answer.status for answer in answers} == {200}
    assert len({answer.body for answer in answers}) == 1
    row = client.served("alpenglut-chf")["api"]
    assert row["parcels"] == 64
    assert row["deliveries"] == 64 * row["transactions"]


def test_reset_begins_again(client):
    server = client.server
    before = client.ledger("alpenglut-chf")
    client.transactions("alpenglut-chf")
    server.control("PUT", "/control/clock", {"advance_days": 3})
    client.fault("server_error", count=None)
    server.control("POST", "/control/reset", {})
    assert client.ledger("alpenglut-chf") == before
    assert client.served("alpenglut-chf")["api"]["transactions"] == 0
    assert client.call("GET", "/v1/accounts").code == "TOKEN_UNKNOWN"
    server.control("POST", "/control/reset", {"seed": 8})
    assert client.ledger("alpenglut-chf") != before


def test_a_stop_lets_a_request_finish(client, wait_for):
    server = SandboxServer(history_days=1)
    server.start()
    other = type(client)(server)
    with ThreadPoolExecutor(2) as pool:
        with server.world.lock:
            running = pool.submit(other.token)
            wait_for(lambda: server._working)
            stopping = pool.submit(server.stop)
            with pytest.raises(TimeoutError):
                stopping.result(timeout=0.3)
        assert running.result().status == 200
        stopping.result()


def test_a_stop_ends_idle_connections():
    with SandboxServer(history_days=1) as server:
        link = connection(server)
        link.request("GET", "/health")
        link.getresponse().read()
    assert link.sock.recv(1) == b""
    link.close()


@pytest.fixture
def program():
    command = [sys.executable, "-m", "sandbox", "--port", "0", "--history-days", "3"]
    process = subprocess.Popen(
        command, cwd=ROOT, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True
    )
    yield process
    process.kill()
    process.communicate()


def test_the_program_says_where_it_is_and_stops_when_told(program):
    url = re.fullmatch(r"sandbox ready at (http://127\.0\.0\.1:\d+)\n", program.stdout.readline())[
        1
    ]
    with socket.create_connection(("127.0.0.1", urlsplit(url).port), timeout=5) as idle:
        idle.sendall(b"GET /health HTTP/1.1\r\nHost: x\r\n\r\n")
        assert idle.recv(4096).startswith(b"HTTP/1.1 200")
        program.send_signal(signal.SIGTERM)
        assert program.wait(timeout=10) == 0
        assert idle.recv(4096) == b""
    assert program.stderr.read() == ""


def test_a_taken_port_is_one_sentence(server, capsys):
    port = urlsplit(server.url).port
    assert main(["--port", str(port)]) == 1
    assert capsys.readouterr().err == (
        f"sandbox: port {port} is taken; choose another with --port, or 0 for a free one.\n"
    )
