"""Webhooks signed as JWT: what is proven, and each way in which it is not."""

import base64
import hashlib
import json
from datetime import UTC, datetime, timedelta

import jwt
import pytest
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import ec, rsa

from odoo.addons.finance_connector_base.tools.jwt_webhooks import (
    IBANITY,
    PLAID,
    KeyCache,
    key_id,
    read_jwk,
    verify,
)
from odoo.addons.finance_connector_base.tools.signatures import SignatureError

NOW = datetime(2026, 3, 4, 9, tzinfo=UTC)
BODY = b'{"data": {"type": "pontoConnect.account.transactionsCreated"}}'
RSA_KEY = rsa.generate_private_key(65537, 2048)
EC_KEY = ec.generate_private_key(ec.SECP256R1())
RSA_JWK = json.loads(jwt.algorithms.RSAAlgorithm.to_jwk(RSA_KEY.public_key()))
EC_JWK = json.loads(jwt.algorithms.ECAlgorithm.to_jwk(EC_KEY.public_key()))
ISSUER, APPLICATION = "https://api.example", "app-1"


def ibanity(key=RSA_KEY, algorithm="RS512", **changes):
    claims = {
        "iss": ISSUER,
        "aud": APPLICATION,
        "iat": NOW.timestamp(),
        "exp": (NOW + timedelta(seconds=60)).timestamp(),
        "digest": base64.b64encode(hashlib.sha512(BODY).digest()).decode(),
        **changes,
    }
    claims = {name: value for name, value in claims.items() if value is not None}
    return jwt.encode(claims, key, algorithm, headers={"kid": "k1"})


def check(token, body=BODY, now=NOW, jwk=RSA_JWK):
    return verify(IBANITY, token, jwk, body, now, issuer=ISSUER, audience=APPLICATION)


def test_ibanity_is_proven():
    token = ibanity()
    assert key_id(token) == "k1"
    assert check(token)["aud"] == APPLICATION


def _hmac_with_the_public_key():
    public = RSA_KEY.public_key().public_bytes(
        serialization.Encoding.PEM, serialization.PublicFormat.SubjectPublicKeyInfo
    )
    header = base64.urlsafe_b64encode(b'{"alg":"HS256","kid":"k1"}').rstrip(b"=")
    payload = ibanity().split(".")[1].encode()
    mac = hashlib.sha256(public + header + payload).digest()
    return b".".join([header, payload, base64.urlsafe_b64encode(mac).rstrip(b"=")]).decode()


@pytest.mark.parametrize(
    "token",
    [
        "",
        "a.b.c",
        "x" * 9000,
        ibanity(iss="https://evil.example"),
        ibanity(iss=None),
        ibanity(aud="another"),
        ibanity(aud=None),
        ibanity(exp=None),
        ibanity(iat=None),
        ibanity(iat="soon"),
        ibanity(digest=None),
        ibanity(digest=5),
        ibanity(digest=hashlib.sha512(BODY).hexdigest()),
        ibanity(exp=(NOW - timedelta(minutes=6)).timestamp()),
        ibanity(iat=(NOW - timedelta(minutes=6)).timestamp()),
        ibanity(iat=(NOW + timedelta(minutes=6)).timestamp()),
        ibanity(algorithm="RS256"),
        ibanity(key=rsa.generate_private_key(65537, 2048)),
        jwt.encode({"iat": 1}, None, "none", headers={"kid": "k1"}),
        _hmac_with_the_public_key(),
    ],
    ids=range(20),
)
def test_anything_else_is_not(token):
    with pytest.raises(SignatureError):
        check(token)


def test_changed_body_and_later_replay_are_refused():
    token = ibanity()
    for body, now in ((BODY + b" ", NOW), (BODY, NOW + timedelta(minutes=11))):
        with pytest.raises(SignatureError):
            check(token, body, now)


def test_plaid_is_proven_by_its_algorithm_alone():
    claims = {"iat": NOW.timestamp(), "request_body_sha256": hashlib.sha256(BODY).hexdigest()}
    token = jwt.encode(claims, EC_KEY, "ES256", headers={"kid": "k1"})
    assert verify(PLAID, token, EC_JWK, BODY, NOW)
    with pytest.raises(SignatureError):
        verify(PLAID, jwt.encode(claims, RSA_KEY, "RS512"), RSA_JWK, BODY, NOW)
    with pytest.raises(SignatureError):
        verify(PLAID, token, EC_JWK, BODY, NOW + timedelta(minutes=6))


def test_key_is_a_jwk():
    assert read_jwk(json.dumps(EC_JWK))["kty"] == "EC"
    for text in ("", "[]", "{}", None):
        with pytest.raises(SignatureError):
            read_jwk(text)


def test_keys_are_asked_for_once_and_invented_ids_do_not_call_the_provider():
    calls = []
    cache = KeyCache(life=100, pause=10)

    def ask():
        calls.append(1)
        return {"k1": {"kty": "EC"}}

    assert cache.get("c", "k1", ask, 0.0) == {"kty": "EC"}
    assert cache.get("c", "k1", ask, 50.0) == {"kty": "EC"}
    assert len(calls) == 1
    for number in range(20):
        assert cache.get("c", f"invented {number}", ask, 60.0) is None
    assert len(calls) == 2
    assert cache.get("c", "k1", ask, 171.0)
    assert len(calls) == 3, "a withdrawn key is noticed"
