"""Puts the protocols together and serves them over HTTP/1.1, a thread for each connection."""

import contextlib
import http.server
import json
import socket
import ssl
import struct
import sys
import threading
import traceback
import urllib.request
from email.utils import format_datetime
from urllib.parse import parse_qsl, unquote, urlsplit

from sandbox.control import Control
from sandbox.faults import Faults, malformed, truncated
from sandbox.gocardless import Gocardless
from sandbox.ibanity import Gate
from sandbox.isabel import Isabel
from sandbox.lineage import Lineage
from sandbox.nextgenpsd2 import Guard
from sandbox.nextgenpsd2_accounts import Accounts
from sandbox.nextgenpsd2_consents import Consents
from sandbox.nextgenpsd2_payments import Payments
from sandbox.oauth import OAuth
from sandbox.payees import Payees
from sandbox.payment_files import PaymentFiles
from sandbox.plaid import Plaid
from sandbox.ponto import Ponto
from sandbox.provider_webhooks import ProviderWebhooks
from sandbox.receivables import Receivables
from sandbox.reporting_platform import ReportingPlatform
from sandbox.router import Request, Router, json_response, refusal
from sandbox.served import Served
from sandbox.statement_files import StatementFiles
from sandbox.stripe import Stripe
from sandbox.stripe_control import StripeControl
from sandbox.subscriber import Subscriber
from sandbox.treasury_platform import TreasuryPlatform
from sandbox.webhooks import Webhooks
from sandbox.world import DEFAULT_BASE_DATE, DEFAULT_HISTORY_DAYS, World

LARGEST_BODY = 1 << 20


class ConnectionCutError(Exception):
    """The connection ends here, without an answer."""


class Application:
    """One world and everything that speaks about it.

    :param folder: where statement files go, or None.
    """

    def __init__(self, world, folder):
        self.world = world
        self.router = Router()
        oauth = OAuth(world)
        guard = Guard(oauth)
        consents = Consents(world, guard)
        self.served = Served(world)
        immediate = {}
        self.faults = Faults(world, immediate)
        gate = Gate(world, oauth)
        ponto = Ponto(world, gate, self.faults, self.served)

        accounts = Accounts(world, guard, consents, self.faults, self.served)
        gocardless = Gocardless(world, self.faults, self.served, accounts)
        provider_webhooks = ProviderWebhooks(world)
        plaid = Plaid(world, self.faults, self.served, provider_webhooks)

        def expire(body):
            ponto.expire()
            plaid.expire()
            gocardless.expire()
            return consents.expire(body)

        def rotate(body):
            provider_webhooks.rotate()
            gocardless.rotate()
            return oauth.rotate_key(body)

        immediate |= {"expired_consent": expire, "rotated_key": rotate}
        files = StatementFiles(world, folder, self.faults, self.served)
        payments = Payments(world, guard)
        isabel = Isabel(world, gate, files, self.served)
        control = Control(world, files)
        immediate["late_booking"] = control.late_booking
        self.webhooks = Webhooks(world)
        stripe = Stripe(world)
        # A further bank or gateway is one more line here.
        for part in (
            oauth,
            consents,
            accounts,
            payments,
            Payees(guard),
            PaymentFiles(world, folder, payments),
            TreasuryPlatform(world, oauth, payments),
            gate,
            ponto,
            plaid,
            gocardless,
            isabel,
            provider_webhooks,
            files,
            control,
            self.faults,
            self.served,
            Receivables(world),
            stripe,
            StripeControl(world, stripe),
            self.webhooks,
            Subscriber(world),
            Lineage(),
            ReportingPlatform(world, oauth),
        ):
            part.add_routes(self.router)

    def answer(self, request, pause):
        """Return the answer to ``request`` and how many bytes of its body to send (None: all).

        :param pause: called with seconds for a fault that delays.
        :raise ConnectionCutError: a fault that ends the connection.
        """
        struck = self._strike_before(request, pause)
        if struck is not None:
            return struck, None
        with self.world.lock:
            response = self.router.dispatch(request)
        return response, self._strike_after(request, response)

    def _strike(self, kind, request):
        return self.faults.strike(kind, request.method, request.path)

    def _strike_before(self, request, pause):
        late = self._strike("latency", request)
        if late is not None:
            pause(late.get("ms", 1000) / 1000)
        if self._strike("cut_before", request) is not None:
            raise ConnectionCutError
        for kind, status, code in (
            ("rate_limit", 429, "ACCESS_EXCEEDED"),
            ("server_error", 500, "INTERNAL_SERVER_ERROR"),
        ):
            options = self._strike(kind, request)
            if options is not None:
                headers = {}
                if options.get("retry_after") is not None:
                    headers["Retry-After"] = str(options["retry_after"])
                message = {"category": "ERROR", "code": code, "text": "A fault that was asked for."}
                return json_response(
                    options.get("status", status), {"tppMessages": [message]}, headers
                )
        return None

    def _strike_after(self, request, response):
        if self._strike("cut_after", request) is not None:
            raise ConnectionCutError
        if response.body and self._strike("malformed_body", request) is not None:
            response.body, response.delivered = malformed(response.body), None
        if response.body and self._strike("truncated_body", request) is not None:
            response.delivered = None
            return len(truncated(response.body))
        return None

    def close(self):
        """Stop what runs in the background."""
        self.webhooks.close()


class _Handler(http.server.BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    server_version = "sandbox"
    sys_version = ""
    timeout = 300
    disable_nagle_algorithm = True
    # Buffered, so that head and body leave in one piece.
    wbufsize = 1 << 16

    def log_message(self, *args):
        """Say nothing: the control interface tells what was served."""

    def date_time_string(self, timestamp=None):
        """Return the ``Date`` header: the world's time, so that answers repeat byte by byte."""
        return format_datetime(self.server.owner.world.now).replace("-0000", "GMT")

    def _handle(self):
        owner = self.server.owner
        with owner.work():
            request = self._read()
            if request is None:
                return
            application = owner.application
            try:
                response, limit = application.answer(request, owner.stopping.wait)
            except ConnectionCutError:
                self._cut()
                return
            except Exception:
                traceback.print_exc()
                response, limit = refusal(500, "The sandbox has a defect; see its output."), None
            if response.delivered is None:
                self._write(response, limit)
                return
            # Whoever has the answer and asks what was served must find it counted.
            with application.world.lock:
                self._write(response, limit)
                response.delivered()

    do_GET = do_POST = do_PUT = do_DELETE = do_PATCH = do_HEAD = do_OPTIONS = _handle  # noqa: N815

    def _read(self):
        length = self.headers.get("Content-Length", "0")
        wrong = None
        if self.headers.get("Transfer-Encoding"):
            wrong = refusal(411, "Send a Content-Length; chunked bodies are not taken.")
        elif not (length.isascii() and length.isdecimal()):
            wrong = refusal(400, "Content-Length is not a number.")
        elif int(length) > LARGEST_BODY:
            wrong = refusal(413, f"A body may have {LARGEST_BODY} bytes.")
        if wrong is not None:
            self.close_connection = True
            self._write(wrong, None)
            return None
        parts = urlsplit(self.path)
        return Request(
            method=self.command,
            path=unquote(parts.path),
            query=dict(parse_qsl(parts.query, keep_blank_values=True)),
            headers=self.headers,
            body=self.rfile.read(int(length)),
            base_url=self.server.url,
            certificate=bool(self.server.tls and self.connection.getpeercert()),
        )

    def _write(self, response, limit):
        if limit is not None or self.server.owner.stopping.is_set():
            self.close_connection = True
        self.send_response(response.status)
        for name, value in response.headers.items():
            self.send_header(name, value)
        if response.status != 204:
            self.send_header("Content-Length", str(len(response.body)))
        if self.close_connection:
            self.send_header("Connection", "close")
        self.end_headers()
        if self.command != "HEAD":
            self.wfile.write(response.body[:limit])
        self.wfile.flush()

    def _cut(self):
        self.close_connection = True
        # Zero linger: the peer sees a reset, not an orderly end.
        self.connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
        self.connection.close()


def mutual_tls(certificate, key, client_authority):
    """Return a server context that lets in only callers with a certificate of ``client_authority``; all PEM files."""
    context = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH, cafile=client_authority)
    context.verify_mode = ssl.CERT_REQUIRED
    context.load_cert_chain(certificate, key)
    return context


class _Server(http.server.ThreadingHTTPServer):
    daemon_threads = True
    request_queue_size = 256

    def __init__(self, address, owner, tls=None):
        self.owner = owner
        self.tls = tls
        self._connections = set()
        super().__init__(address, _Handler)
        self.url = f"{'https' if tls else 'http'}://{address[0]}:{self.server_address[1]}"

    def get_request(self):
        """Accept; the handshake is the connection's own thread's."""
        connection, address = super().get_request()
        if self.tls:
            connection = self.tls.wrap_socket(
                connection, server_side=True, do_handshake_on_connect=False
            )
        return connection, address

    def process_request(self, request, client_address):
        """Remember the connection, so that idle ones can be ended."""
        self._connections.add(request)
        super().process_request(request, client_address)

    def shutdown_request(self, request):
        """Forget the connection."""
        self._connections.discard(request)
        super().shutdown_request(request)

    def handle_error(self, request, client_address):
        """Report defects; a caller that goes away is none."""
        if not isinstance(sys.exception(), (ConnectionError, TimeoutError, ssl.SSLError)):
            super().handle_error(request, client_address)

    def end_connections(self):
        """End the connections that wait for a next request."""
        for connection in list(self._connections):
            with contextlib.suppress(OSError):
                connection.shutdown(socket.SHUT_RDWR)


class SandboxServer:
    """The sandbox on a port, served from a thread of its own; a context manager.

    :param port: 0 takes a free one.
    :param folder: where statement files go; None: no files.
    :param base_date: the clock starts in the evening of this day.
    :param history_days: calendar days of bookings before it.
    :param tls: a server context that asks for client certificates: then :attr:`tls_url` answers as well, and only there
        the interfaces that want mutual TLS.
    :param tls_port: 0 takes a free one.
    :raise OSError: the port is taken.
    """

    def __init__(
        self,
        seed=7,
        port=0,
        host="127.0.0.1",
        folder=None,
        base_date=DEFAULT_BASE_DATE,
        history_days=DEFAULT_HISTORY_DAYS,
        tls=None,
        tls_port=0,
    ):
        self._folder = folder
        self.stopping = threading.Event()
        self._idle = threading.Condition()
        self._working = 0
        self._servers = [_Server((host, port), self)]
        self.url = self._servers[0].url
        self.tls_url = None
        if tls:
            self._servers.append(_Server((host, tls_port), self, tls))
            self.tls_url = self._servers[1].url
        self._threads = [
            threading.Thread(target=server.serve_forever, args=(0.01,), name="sandbox", daemon=True)
            for server in self._servers
        ]
        self.application = self._build(seed, base_date, history_days)

    def _build(self, seed, base_date, history_days):
        application = Application(World(seed, base_date, history_days), self._folder)
        application.router.add("POST", "/control/reset", self._reset)
        return application

    @property
    def world(self):
        """The :class:`~sandbox.world.World` that is served now."""
        return self.application.world

    def _reset(self, request):
        old = self.application
        seed = request.json().get("seed", self.world.seed)
        if not isinstance(seed, int):
            return refusal(400, "seed must be a whole number")
        self.application = self._build(seed, self.world.base_date, self.world.history_days)
        old.close()
        return json_response(200, {"seed": seed, "clock": self.world.now.isoformat()})

    @contextlib.contextmanager
    def work(self):
        """Hold a stop until the body, one request, is done."""
        with self._idle:
            self._working += 1
        try:
            yield
        finally:
            with self._idle:
                self._working -= 1
                self._idle.notify_all()

    def start(self):
        """Begin to serve."""
        for thread in self._threads:
            thread.start()

    def stop(self, patience=5):
        """Finish the requests under way, at most ``patience`` seconds, and end."""
        self.stopping.set()
        for server in self._servers:
            server.shutdown()
        with self._idle:
            self._idle.wait_for(lambda: self._working == 0, patience)
        for server in self._servers:
            server.end_connections()
            server.server_close()
        self.application.close()
        for thread in self._threads:
            thread.join()

    def __enter__(self):
        self.start()
        return self

    def __exit__(self, *exception):
        self.stop()

    def control(self, method, path, body=None):
        """Call the sandbox's own interface and return its JSON.

        :raise urllib.error.HTTPError: it refused; the body says why.
        """
        content = None if body is None else json.dumps(body).encode()
        request = urllib.request.Request(self.url + path, content, method=method)
        with urllib.request.urlopen(request, timeout=300) as answer:
            return json.load(answer)
