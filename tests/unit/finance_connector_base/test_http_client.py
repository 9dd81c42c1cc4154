"""What a call without an answer means, and whom we never talk to: seen on real sockets."""

import logging
import socket
import ssl
import threading
import traceback
from datetime import UTC, datetime
from decimal import Decimal

import pytest

from odoo.addons.finance_connector_base.tools.addresses import address_refusal
from odoo.addons.finance_connector_base.tools.client_certificate import ClientCertificate
from odoo.addons.finance_connector_base.tools.errors import (
    FinalError,
    FinanceError,
    RetryableError,
    UnknownOutcomeError,
)
from odoo.addons.finance_connector_base.tools.http_client import HttpClient

from .http_server import self_signed, serve

NOW = datetime(2026, 1, 31, 12, tzinfo=UTC)


def client(server, **options):
    return HttpClient(server.url, **{"allow_private": True, "timeout": (2, 2)} | options)


def both_ways(server, error_code, path="/", **options):
    """Fail once as a fetch and once as a payment; return the classes of both errors."""
    classes = []
    for idempotent in (True, False):
        with client(server, **options) as http, pytest.raises(FinanceError) as caught:
            http.request("POST", path, idempotent=idempotent, body=b"pay")
        assert caught.value.code == error_code
        classes.append(type(caught.value))
    return classes


# === THE ORDINARY CALL === #


def test_a_call_brings_the_whole_answer():
    body = b'{"amount": 1.10, "n": 1}'
    with (
        serve({"/v1/accounts": lambda handler: handler.answer(200, body, X_Id="7")}) as server,
        HttpClient(f"{server.url}/v1", allow_private=True, user_agent="suite") as http,
    ):
        answer = http.request("POST", "accounts", idempotent=True, params={"p": "ä"}, json={"a": 1})
    method, path, headers, sent = server.requests[0]
    assert (method, path, sent) == ("POST", "/v1/accounts?p=%C3%A4", b'{"a": 1}')
    assert (headers["User-Agent"], headers["Accept-Encoding"]) == ("suite", "identity")
    assert (answer.status, answer.ok, answer.headers["x-id"], answer.body) == (200, True, "7", body)
    assert answer.json() == {"amount": Decimal("1.10"), "n": 1}
    assert "?" not in answer.url


def test_the_same_connection_serves_the_next_page_but_no_cookie_does():
    routes = {"/": lambda handler: handler.answer(200, b"x", Set_Cookie="id=7")}
    with serve(routes) as server, client(server) as http:
        for _page in range(3):
            http.request("GET", f"{server.url}/", idempotent=True)
    assert server.connections == 1
    assert not any("Cookie" in headers for _method, _path, headers, _body in server.requests)


@pytest.mark.parametrize("chunks", [[], [b"a"], [b"a" * 5000, b"b" * 70000]])
def test_a_chunked_answer_is_put_together(chunks):
    def chunked(handler):
        handler.send_response(200)
        handler.send_header("Transfer-Encoding", "chunked")
        handler.end_headers()
        for chunk in [*chunks, b""]:
            handler.wfile.write(f"{len(chunk):x}\r\n".encode() + chunk + b"\r\n")

    with serve({"/": chunked}) as server, client(server) as http:
        assert http.request("GET", "", idempotent=True).body == b"".join(chunks)


def test_statuses_are_classed_when_asked_for():
    with serve(
        {
            "/busy": lambda handler: handler.answer(429, Retry_After="17"),
            "/quota": lambda handler: handler.answer(
                429, HTTP_X_RATELIMIT_REMAINING="3", HTTP_X_RATELIMIT_ACCOUNT_SUCCESS_REMAINING="0",
                HTTP_X_RATELIMIT_ACCOUNT_SUCCESS_RESET="5242",
            ),
            "/no": lambda handler: handler.answer(403, b"<html>"),
            "/broken": lambda handler: handler.answer(500),
        }
    ) as server, client(server) as http:  # fmt: skip
        with pytest.raises(RetryableError) as caught:
            http.request("GET", "busy", idempotent=True).raise_for_status(NOW)
        assert (caught.value.retry_after, caught.value.code) == (17, "http_429")
        with pytest.raises(RetryableError) as caught:
            http.request("GET", "quota", idempotent=True).raise_for_status(NOW)
        assert caught.value.retry_after == 5242
        with pytest.raises(FinalError):
            http.request("GET", "no", idempotent=True).json()
        with pytest.raises(RetryableError):
            http.request("GET", "broken", idempotent=True).raise_for_status(NOW)
        with pytest.raises(UnknownOutcomeError):
            http.request("POST", "broken", idempotent=False).raise_for_status(NOW)


@pytest.mark.parametrize("body", [b"<html>", b'{"a": NaN}', b'{"a"', b"\xff\xfe", b"[" * 100_000])
def test_an_answer_that_is_no_json_is_never_empty(body):
    with serve({"/": lambda handler: handler.answer(200, body)}) as server, client(server) as http:
        with pytest.raises(RetryableError) as caught:
            http.request("GET", "", idempotent=True).json()
        assert caught.value.code == "malformed_response"
        with pytest.raises(UnknownOutcomeError):
            http.request("POST", "", idempotent=False).json()


# === NO ANSWER === #


def test_a_refused_connection_sent_nothing():
    with socket.socket() as unused:
        unused.bind(("127.0.0.1", 0))
        port = unused.getsockname()[1]
        http = HttpClient(f"http://127.0.0.1:{port}", allow_private=True)
        with pytest.raises(RetryableError, match="nothing was sent"):
            http.request("POST", "pay", idempotent=False)


def test_an_unknown_host_sent_nothing(monkeypatch):
    def unknown(*_args, **_options):
        raise socket.gaierror(socket.EAI_NONAME, "unknown")

    monkeypatch.setattr(socket, "getaddrinfo", unknown)
    with pytest.raises(RetryableError, match="nothing was sent"):
        HttpClient("https://bank.example").request("POST", "pay", idempotent=False)


def test_a_handshake_that_breaks_sent_nothing():
    with socket.create_server(("127.0.0.1", 0)) as listener:

        def hang_up():
            connection, _peer = listener.accept()
            connection.recv(1)
            connection.close()

        thread = threading.Thread(target=hang_up)
        thread.start()
        http = HttpClient(f"https://127.0.0.1:{listener.getsockname()[1]}", allow_private=True)
        with pytest.raises(RetryableError, match="nothing was sent"):
            http.request("POST", "pay", idempotent=False)
        thread.join()


def test_a_cut_after_the_request_is_unknown_unless_it_may_be_repeated():
    with serve({"/": lambda handler: handler.cut()}) as server:
        assert both_ways(server, "http_cut") == [RetryableError, UnknownOutcomeError]
    assert len(server.requests) == 2, "a call is made once, never repeated on its own"


def test_a_cut_within_the_body_is_noticed():
    def half(handler):
        handler.send_response(200)
        handler.send_header("Content-Length", "10")
        handler.end_headers()
        handler.wfile.write(b"half")
        handler.close_connection = True

    def half_chunk(handler):
        handler.send_response(200)
        handler.send_header("Transfer-Encoding", "chunked")
        handler.end_headers()
        handler.wfile.write(b"a\r\nhalf")
        handler.close_connection = True

    with serve({"/length": half, "/chunked": half_chunk}) as server:
        assert both_ways(server, "http_cut", "/length") == [RetryableError, UnknownOutcomeError]
        assert both_ways(server, "http_cut", "/chunked") == [RetryableError, UnknownOutcomeError]


def test_no_answer_in_time_is_unknown_unless_it_may_be_repeated():
    with serve({"/": lambda handler: handler.server.released.wait()}) as server:
        classes = both_ways(server, "http_timeout", timeout=(2, 0.1))
    assert classes == [RetryableError, UnknownOutcomeError]


def test_a_body_that_stalls_is_a_timeout():
    def stall(handler):
        handler.send_response(200)
        handler.send_header("Content-Length", "10")
        handler.end_headers()
        handler.wfile.write(b"x")
        handler.server.released.wait()

    with serve({"/": stall}) as server:
        classes = both_ways(server, "http_timeout", timeout=(2, 0.1))
    assert classes == [RetryableError, UnknownOutcomeError]


def test_a_body_that_drips_without_end_is_a_timeout():
    def drip(handler):
        handler.send_response(200)
        handler.end_headers()
        while not handler.server.released.wait(0.01):
            handler.wfile.write(b"x")

    with serve({"/": drip}) as server:
        classes = both_ways(server, "http_timeout", total_seconds=0.1)
    assert classes == [RetryableError, UnknownOutcomeError]


@pytest.mark.parametrize("announced", [True, False])
def test_an_oversized_body_is_not_read_to_its_end(announced):
    def endless(handler):
        handler.send_response(200)
        if announced:
            handler.send_header("Content-Length", str(10**12))
        handler.end_headers()
        while not handler.server.released.is_set():
            handler.wfile.write(b"x" * 100_000)

    with serve({"/": endless}) as server:
        classes = both_ways(server, "http_answer_refused", max_bytes=300_000)
    assert classes == [FinalError, UnknownOutcomeError]


def test_a_compressed_answer_is_refused_before_it_unpacks():
    with serve(
        {"/": lambda handler: handler.answer(200, b"\x1f\x8b", Content_Encoding="gzip")}
    ) as server:
        assert both_ways(server, "http_answer_refused") == [FinalError, UnknownOutcomeError]


def test_a_request_that_cannot_be_built_is_final():
    with serve({}) as server, client(server) as http, pytest.raises(FinalError) as caught:
        http.request("GET", "", idempotent=False, headers={"X": "a\r\nInjected: b"})
    assert caught.value.code == "http_request_invalid"
    assert server.requests == []


# === WHOM WE TALK TO === #


def test_a_redirect_is_an_answer_and_is_never_followed():
    with serve({"/": lambda handler: handler.answer()}) as other:
        body = b"x" * 100
        routes = {"/": lambda handler: handler.answer(307, body, Location=f"{other.url}/")}
        with serve(routes) as server, client(server) as http:
            answer = http.request("GET", "", idempotent=True, headers={"Authorization": "Bearer x"})
            assert (answer.status, answer.body) == (307, body)
            with pytest.raises(FinalError):
                answer.raise_for_status(NOW)
    assert other.connections == 0


@pytest.mark.parametrize(
    "link",
    [
        "https://evil.example/next",
        "//evil.example/next",
        "http://127.0.0.1:1/next",
        "http://user@{netloc}/next",
        "ftp://{netloc}/",
        "http://[::1",
        "http://127.0.0.1:99999/",
    ],
)
def test_a_link_to_another_origin_is_refused(link):
    with serve({}) as server, client(server) as http, pytest.raises(FinalError) as caught:
        http.request("GET", link.format(netloc=server.url[7:]), idempotent=True)
    assert caught.value.code == "http_foreign_link"
    assert server.connections == 0


def test_a_private_peer_is_refused_before_a_byte_is_sent(tmp_path):
    ca, context = self_signed(tmp_path)
    with (
        serve({"/": lambda handler: handler.answer()}, context) as server,
        pytest.raises(FinalError) as caught,
    ):
        HttpClient(server.url, verify=str(ca)).request("GET", "", idempotent=True)
    assert caught.value.code == "http_address_refused"
    assert server.requests == []


def test_a_name_that_points_to_a_private_peer_is_refused(tmp_path, monkeypatch):
    """DNS rebinding: whatever a name resolved to before, the peer that answers now is what counts."""
    ca, context = self_signed(tmp_path)
    with serve({"/": lambda handler: handler.answer()}, context) as server:
        answer = [(socket.AF_INET, socket.SOCK_STREAM, 6, "", ("127.0.0.1", server.server_port))]
        monkeypatch.setattr(socket, "getaddrinfo", lambda *_args, **_options: answer)
        with pytest.raises(FinalError) as caught:
            HttpClient("https://bank.example", verify=str(ca)).request("GET", "", idempotent=True)
    assert caught.value.code == "http_address_refused"
    assert server.requests == []


@pytest.mark.parametrize(
    "address",
    [
        "169.254.169.254", "fe80::1%eth0", "::ffff:169.254.169.254", "64:ff9b::a9fe:a9fe", "fd00:ec2::254",
        "168.63.129.16", "100.100.100.200", "0.0.0.0", "224.0.0.1", "::",
    ],
)  # fmt: skip
def test_metadata_and_link_local_addresses_are_never_allowed(address):
    assert address_refusal(address, allow_private=True, encrypted=True)


@pytest.mark.parametrize(
    "address", ["127.0.0.1", "10.0.0.1", "192.168.1.1", "172.16.0.1", "100.64.0.1", "::1", "fd00::1",
                "::ffff:10.0.0.1", "64:ff9b::a00:1", "2002:a00:1::", "240.0.0.1"]
)  # fmt: skip
def test_private_addresses_need_permission(address):
    assert address_refusal(address, allow_private=False, encrypted=True)
    assert address_refusal(address, allow_private=True, encrypted=False) is None


@pytest.mark.parametrize("address", ["93.184.216.34", "2606:2800:220:1::1", "64:ff9b::5db8:d822"])
def test_the_internet_needs_encryption(address):
    assert address_refusal(address, allow_private=False, encrypted=True) is None
    assert address_refusal(address, allow_private=True, encrypted=False)


# === TLS AND SET-UP === #


def test_a_certificate_nobody_vouches_for_is_refused(tmp_path):
    ca, context = self_signed(tmp_path)
    with serve({"/": lambda handler: handler.answer(200, b"x")}, context) as server:
        with client(server) as http, pytest.raises(FinalError) as caught:
            http.request("POST", "", idempotent=False)
        assert caught.value.code == "http_tls"
        assert server.requests == []
        with client(server, verify=str(ca)) as http:
            assert http.request("GET", "", idempotent=True).body == b"x"


def test_client_certificate_is_shown_and_its_absence_is_no_cut_connection(tmp_path):
    ca, context = self_signed(tmp_path)
    context.verify_mode = ssl.CERT_REQUIRED
    context.load_verify_locations(ca)
    # With TLS 1.3 we are refused after we sent: whether the reason still reaches us is a race.
    context.maximum_version = ssl.TLSVersion.TLSv1_2
    own = ClientCertificate(ca.read_text(), ca.with_suffix(".key").read_text())
    stranger, _context = self_signed(tmp_path, address="127.0.0.9")
    other = ClientCertificate(stranger.read_text(), stranger.with_suffix(".key").read_text())
    with serve({"/": lambda handler: handler.answer(200, b"x")}, context) as server:
        with client(server, verify=str(ca), client_certificate=own) as http:
            assert http.request("POST", "", idempotent=False, body=b"1").body == b"x"
        server.requests.clear()
        for certificate in (None, other):
            with client(server, verify=str(ca), client_certificate=certificate) as http:
                with pytest.raises(FinalError) as caught:
                    http.request("POST", "", idempotent=False, body=b"1")
                assert caught.value.code == "http_client_certificate"
        assert server.requests == []


def test_a_certificate_for_another_host_is_refused(tmp_path):
    ca, context = self_signed(tmp_path, address="127.0.0.9")
    with (
        serve({}, context) as server,
        client(server, verify=str(ca)) as http,
        pytest.raises(FinalError) as caught,
    ):
        http.request("GET", "", idempotent=True)
    assert caught.value.code == "http_tls"


def test_the_environment_changes_nothing(tmp_path, monkeypatch):
    ca, context = self_signed(tmp_path)
    monkeypatch.setenv("REQUESTS_CA_BUNDLE", str(ca))
    monkeypatch.setenv("HTTPS_PROXY", "http://127.0.0.1:9")
    monkeypatch.setenv("NO_PROXY", "")
    monkeypatch.setenv("NETRC", str(tmp_path / "netrc"))
    (tmp_path / "netrc").write_text("machine 127.0.0.1 login a password b")
    with serve({"/": lambda handler: handler.answer()}, context) as server:
        with client(server) as http, pytest.raises(FinalError) as caught:
            http.request("GET", "", idempotent=True)
        assert caught.value.code == "http_tls"
        with client(server, verify=str(ca)) as http:
            http.request("GET", "", idempotent=True)
    assert "Authorization" not in server.requests[0][2]


@pytest.mark.parametrize(
    ("url", "options"),
    [
        ("http://bank.example", {}),
        ("ftp://bank.example", {"allow_private": True}),
        ("bank.example", {}),
        ("https://", {}),
        ("https://bank.example:99999", {}),
        ("https://[::1", {}),
        ("https://user:pw@bank.example", {}),
        ("https://bank.example/?key=1", {}),
        ("https://bank.example", {"verify": False}),
        ("https://bank.example", {"verify": "/no/such.pem"}),
    ],
)
def test_settings_that_cannot_be_safe_are_refused(url, options):
    with pytest.raises(FinalError) as caught:
        HttpClient(url, **options)
    assert caught.value.code == "http_setup"


# === SECRECY === #


def test_neither_log_nor_traceback_shows_what_was_sent(caplog):
    caplog.set_level(logging.DEBUG, logger="odoo")
    routes = {
        "/": lambda handler: handler.answer(200, b"ANSWER"),
        "/cut": lambda handler: handler.cut(),
    }
    secrets = {
        "headers": {"Authorization": "Bearer SECRETTOKEN"},
        "params": {"key": "SECRETKEY"},
        "body": b"SECRETBODY",
    }
    with serve(routes) as server, client(server) as http:
        answer = http.request("POST", "", idempotent=True, **secrets)
        with pytest.raises(RetryableError) as caught:
            http.request("POST", "cut", idempotent=True, **secrets)
    with client(server) as http, pytest.raises(RetryableError) as unreachable:
        http.request("POST", "", idempotent=True, **secrets)
    shown = caplog.text + repr(answer)
    for error in (caught.value, unreachable.value):
        shown += "".join(traceback.format_exception(error))
    assert "nothing was sent" in shown
    for secret in ("SECRETTOKEN", "SECRETKEY", "SECRETBODY", "ANSWER"):
        assert secret not in shown
