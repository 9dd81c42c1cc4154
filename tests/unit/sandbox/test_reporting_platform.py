"""The reporting platform takes a position once, knows repeats, and says what it read itself."""

import hashlib
import json

import pytest

BODY = json.dumps(
    {
        "schema": "cash_position.v1",
        "position": "CP/1",
        "totals": {"group": "5.00"},
        "accounts": [{}, {}],
    }
).encode()


@pytest.fixture
def platform(client):
    client.login()
    client.headers["Idempotency-Key"] = "key-1"
    return client


def test_position_is_taken_once_and_acknowledged_when_asked(platform):
    first, again = (platform.call("POST", "/v1/positions", BODY) for _repeat in range(2))
    assert (first.status, again.status, first.json) == (202, 202, again.json)
    assert first.json["status"] == "pending"
    asked = platform.call("GET", "/v1/positions/by-key/key-1").json
    assert (asked["status"], asked["total"], asked["accounts"]) == ("accepted", "5.00", 2)
    assert asked["digest"] == hashlib.sha256(BODY).hexdigest()
    [held] = platform.call("GET", "/control/positions").json["positions"]
    assert held["requests"] == 2


@pytest.mark.parametrize(
    ("change", "status"),
    [
        ({"headers": {"Authorization": None}}, 401),
        ({"headers": {"Idempotency-Key": None}}, 400),
        ({"body": b"{}"}, 422),
        ({"body": b"["}, 400),
    ],
)
def test_what_it_does_not_understand_is_refused(platform, change, status):
    arguments = {"body": BODY, **change}
    assert platform.call("POST", "/v1/positions", **arguments).status == status
    assert platform.call("GET", "/control/positions").json["positions"] == []


def test_key_of_another_position_is_a_conflict(platform):
    platform.call("POST", "/v1/positions", BODY)
    other = BODY.replace(b"5.00", b"6.00")
    assert platform.call("POST", "/v1/positions", other).status == 409


def test_unknown_key_is_told_from_an_unknown_page(platform):
    assert platform.call("GET", "/v1/positions/by-key/other").json["code"] == "unknown_key"
    assert "code" not in platform.call("GET", "/v1/nowhere").json
