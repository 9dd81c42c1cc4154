import base64

import pytest


def counts(server):
    return server.control("GET", "/control/tokens")


def test_tokens_are_counted_by_grant(stranger, server):
    first = stranger.token(scope="offline_access")
    assert first.status == 200
    assert first.json["token_type"] == "Bearer"
    assert first.json["expires_in"] == 3600
    second = stranger.token(grant_type="refresh_token", refresh_token=first.json["refresh_token"])
    assert second.json["access_token"] != first.json["access_token"]
    stranger.token(client_secret="guessed")
    assert counts(server) == {
        "issued": 2,
        "client_credentials": 1,
        "refresh_token": 1,
        "authorization_code": 0,
        "refused": 1,
    }


def test_a_refresh_token_works_once(stranger):
    spent = stranger.token(scope="offline_access").json["refresh_token"]
    assert stranger.token(grant_type="refresh_token", refresh_token=spent).status == 200
    again = stranger.token(grant_type="refresh_token", refresh_token=spent)
    assert (again.status, again.json["error"]) == (400, "invalid_grant")


def test_the_client_may_use_the_basic_header(stranger):
    basic = base64.b64encode(b"sandbox-client:sandbox-secret").decode()
    form = {"grant_type": "client_credentials"}
    answer = stranger.call("POST", "/token", form=form, headers={"Authorization": f"Basic {basic}"})
    assert answer.status == 200
    assert "refresh_token" not in answer.json


@pytest.mark.parametrize(
    ("form", "status", "error"),
    [
        ({"client_secret": "wrong"}, 401, "invalid_client"),
        ({"client_id": "somebody"}, 401, "invalid_client"),
        ({"grant_type": "password"}, 400, "unsupported_grant_type"),
        ({"grant_type": "refresh_token"}, 400, "invalid_grant"),
    ],
)
def test_refusals_are_those_of_the_standard(stranger, form, status, error):
    answer = stranger.token(**form)
    assert (answer.status, answer.json["error"]) == (status, error)


def test_a_token_dies_by_the_movable_clock(client, server):
    assert client.call("GET", "/v1/accounts").status == 200
    server.control("PUT", "/control/clock", {"advance_minutes": 61})
    late = client.call("GET", "/v1/accounts")
    assert (late.status, late.code) == (401, "TOKEN_EXPIRED")
    client.login()
    assert client.call("GET", "/v1/accounts").status == 200


def test_the_lifetime_can_be_set(stranger, server):
    server.control("PUT", "/control/settings", {"token_lifetime": 5})
    assert stranger.token().json["expires_in"] == 5


def test_a_rotated_signing_key_ends_tokens_and_keeps_the_secret(client):
    client.fault("rotated_key")
    answer = client.call("GET", "/v1/accounts")
    assert (answer.status, answer.code) == (401, "TOKEN_INVALID")
    client.login()
    assert client.call("GET", "/v1/accounts").status == 200


def test_a_rotated_secret_needs_the_new_one(client):
    client.fault("rotated_key", what="secret", secret="fresh")
    assert client.token().status == 401
    assert client.token(client_secret="fresh").status == 200
