import json
import threading
import time
import urllib.error
import urllib.request
import uuid
from dataclasses import dataclass
from urllib.parse import urlencode

import pytest

from sandbox.server import SandboxServer


@dataclass
class Answer:
    status: int
    headers: object
    body: bytes

    @property
    def json(self):
        return json.loads(self.body)

    @property
    def code(self):
        return self.json["tppMessages"][0]["code"]


class Client:
    """A bank client as small as can be: no retries, no cache."""

    def __init__(self, server):
        self.server = server
        self.headers = {}

    def call(self, method, path, body=None, form=None, headers=None):
        content = None
        if form is not None:
            content = urlencode(form).encode()
        elif isinstance(body, bytes):
            content = body
        elif body is not None:
            content = json.dumps(body).encode()
        url = path if path.startswith("http") else self.server.url + path
        merged = {"X-Request-ID": str(uuid.uuid4()), **self.headers, **(headers or {})}
        merged = {name: value for name, value in merged.items() if value is not None}
        request = urllib.request.Request(url, content, merged, method=method)
        try:
            with urllib.request.urlopen(request, timeout=10) as answer:
                return Answer(answer.status, answer.headers, answer.read())
        except urllib.error.HTTPError as error:
            with error:
                return Answer(error.code, error.headers, error.read())

    def token(self, **form):
        fields = {
            "grant_type": "client_credentials",
            "client_id": "sandbox-client",
            "client_secret": "sandbox-secret",
        }
        return self.call("POST", "/token", form=fields | form)

    def login(self):
        self.headers["Authorization"] = f"Bearer {self.token().json['access_token']}"

    def ask_consent(self, headers=None, **fields):
        body = {
            "access": {"allPsd2": "allAccounts"},
            "recurringIndicator": True,
            "validUntil": "2026-12-31",
            "frequencyPerDay": 4,
            "combinedServiceIndicator": False,
        }
        return self.call("POST", "/v1/consents", body | fields, headers=headers)

    def consent(self, **fields):
        answer = self.ask_consent(**fields)
        assert answer.status == 201, answer.body
        assert self.call("GET", answer.json["_links"]["scaRedirect"]["href"]).status == 200
        self.headers["Consent-ID"] = answer.json["consentId"]

    def path(self, code, rest=""):
        return f"/v1/accounts/{self.server.world.accounts[code].resource_id}{rest}"

    def transactions(self, code, status="booked", first="2026-01-01", **query):
        query = {"dateFrom": first, "bookingStatus": status, **query}
        return self.call("GET", f"{self.path(code, '/transactions')}?{urlencode(query)}")

    def all_booked(self, code, **query):
        answer = self.transactions(code, **query)
        booked = []
        while True:
            assert answer.status == 200, answer.body
            booked += answer.json["transactions"]["booked"]
            following = answer.json["transactions"]["_links"].get("next")
            if following is None:
                return booked
            answer = self.call("GET", following["href"])

    def ledger(self, code):
        return self.server.control("GET", f"/control/ledger?account={code}")["accounts"][0]

    def served(self, code):
        return self.server.control("GET", "/control/served?ids=1")["accounts"][code]

    def fault(self, kind, **options):
        return self.server.control("POST", "/control/faults", {"kind": kind, **options})


@pytest.fixture
def wait_for():
    """Return a function that waits until a condition holds."""

    def wait(condition):
        pulse, deadline = threading.Event(), time.monotonic() + 10
        while not condition():
            assert time.monotonic() < deadline, "waited in vain"
            pulse.wait(0.01)

    return wait


@pytest.fixture
def server(tmp_path):
    with SandboxServer(folder=tmp_path / "files", history_days=12) as running:
        yield running


@pytest.fixture
def stranger(server):
    """A client without a token."""
    return Client(server)


@pytest.fixture
def client(stranger):
    """A client with a token and a consent for every account."""
    stranger.login()
    stranger.consent()
    return stranger
