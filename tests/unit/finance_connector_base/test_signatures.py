"""A webhook is believed only when the sender's secret signed exactly these bytes just now."""

import base64
import hashlib
import hmac
from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from odoo.addons.finance_connector_base.tools import signatures
from odoo.addons.finance_connector_base.tools.signatures import (
    HmacScheme,
    SignatureError,
    generate_secret,
    sign_hmac,
    sign_webhook,
    verify_hmac,
    verify_webhook,
)

NOW = datetime(2026, 1, 31, 12, tzinfo=UTC)
OLD, NEW = generate_secret(), generate_secret()
BODY = b'{"event": "invoice.paid"}'


def signed(secrets=(NEW,), body=BODY, at=NOW):
    return sign_webhook(secrets, "msg_1", body, at)


def test_the_example_of_the_specification_verifies():
    """Secret, message and signature as published in the Standard Webhooks reference libraries."""
    headers = {
        "webhook-id": "msg_p5jXN8AQM9LWM0D4loKWxJek",
        "webhook-timestamp": "1614265330",
        "webhook-signature": "v1,g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE=",
    }
    verified = verify_webhook(
        ["whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw"],
        headers,
        b'{"test": 2432232314}',
        datetime.fromtimestamp(1614265330, UTC),
    )
    assert verified.message_id == "msg_p5jXN8AQM9LWM0D4loKWxJek"


@given(st.binary(max_size=200))
def test_what_we_sign_verifies(body):
    verified = verify_webhook([NEW], signed(body=body), body, NOW)
    assert (verified.message_id, verified.timestamp) == ("msg_1", NOW)


@given(st.data())
def test_a_changed_byte_anywhere_is_refused(data):
    body = bytearray(BODY)
    body[data.draw(st.integers(0, len(body) - 1))] ^= 1 << data.draw(st.integers(0, 7))
    with pytest.raises(SignatureError):
        verify_webhook([NEW], signed(), bytes(body), NOW)


@pytest.mark.parametrize(
    "change",
    [
        {"webhook-id": "msg_2"},
        {"webhook-id": ""},
        {"webhook-timestamp": str(int(NOW.timestamp()) + 1)},
        {"webhook-timestamp": ""},
        {"webhook-timestamp": "nan"},
        {"webhook-timestamp": "soon"},
        {"webhook-signature": ""},
        {"webhook-signature": "v1,"},
        {"webhook-signature": "v1a," + "A" * 44},
        {"webhook-signature": "v1,é"},
    ],
)
def test_a_changed_or_missing_header_is_refused(change):
    with pytest.raises(SignatureError) as caught:
        verify_webhook([NEW], signed() | change, BODY, NOW)
    assert caught.value.code == "signature_invalid"


@pytest.mark.parametrize("seconds", [-301, 301, -86400, 86400])
def test_age_is_limited_in_both_directions(seconds):
    with pytest.raises(SignatureError, match="too old, from the future"):
        verify_webhook([NEW], signed(at=NOW + timedelta(seconds=seconds)), BODY, NOW)


@pytest.mark.parametrize("seconds", [-300, 0, 300])
def test_clocks_may_differ_a_little(seconds):
    verify_webhook([NEW], signed(at=NOW + timedelta(seconds=seconds)), BODY, NOW)


@pytest.mark.parametrize("secrets", [[], [""], [None], ["", None]])
def test_without_a_secret_nothing_is_believed(secrets):
    empty = "v1," + base64.b64encode(hmac.new(b"", b"msg_1.0.", hashlib.sha256).digest()).decode()
    headers = {"webhook-id": "msg_1", "webhook-timestamp": "0", "webhook-signature": empty}
    with pytest.raises(SignatureError, match="no signing secret"):
        verify_webhook(secrets, headers, b"", datetime.fromtimestamp(0, UTC))
    with pytest.raises(SignatureError, match="no signing secret"):
        sign_webhook(secrets, "msg_1", b"", NOW)
    with pytest.raises(SignatureError, match="no signing secret"):
        verify_hmac(
            HmacScheme("X-S"),
            secrets,
            {"X-S": hmac.new(b"", b"", hashlib.sha256).hexdigest()},
            b"",
            NOW,
        )


@pytest.mark.parametrize("secret", ["whsec_", "whsec_!!!", "whsec_QUJD", "plain text"])
def test_a_malformed_secret_is_an_error_even_beside_a_good_one(secret):
    with pytest.raises(SignatureError, match="malformed"):
        verify_webhook([NEW, secret], signed(), BODY, NOW)


def test_rotation_accepts_both_secrets_and_then_only_one():
    both = sign_webhook([NEW, OLD], "msg_1", BODY, NOW)
    for secrets in ([NEW], [OLD], [OLD, NEW]):
        verify_webhook(secrets, both, BODY, NOW)
    with pytest.raises(SignatureError):
        verify_webhook([NEW], signed([OLD]), BODY, NOW)


def test_header_names_have_no_case():
    headers = {name.title(): value for name, value in signed().items()}
    assert verify_webhook([NEW], headers, BODY, NOW)


@pytest.mark.parametrize("message_id", ["a.b", ""])
def test_an_id_that_blurs_what_is_signed_is_refused(message_id):
    with pytest.raises(ValueError, match="id of a webhook"):
        sign_webhook([NEW], message_id, BODY, NOW)


def test_signed_text_divided_elsewhere_is_refused():
    """A part of the body taken for the time, and the time for a part of the id: the signature would fit."""
    time = signed()["webhook-timestamp"]
    headers = signed(body=f"{time}.rest".encode())
    verify_webhook([NEW], headers, f"{time}.rest".encode(), NOW)
    with pytest.raises(SignatureError):
        verify_webhook([NEW], headers | {"webhook-id": f"msg_1.{time}"}, b"rest", NOW)


@pytest.mark.parametrize(("message_id", "prefix"), [("", "v1,"), ("msg_1", "")])
def test_signature_that_fits_is_refused_without_an_id_or_a_version(message_id, prefix):
    time = signed()["webhook-timestamp"]
    key = base64.b64decode(NEW.removeprefix("whsec_"))
    mac = hmac.new(key, f"{message_id}.{time}.".encode() + BODY, hashlib.sha256).digest()
    headers = {
        "webhook-id": message_id,
        "webhook-timestamp": time,
        "webhook-signature": prefix + base64.b64encode(mac).decode(),
    }
    with pytest.raises(SignatureError, match="not signed in the form"):
        verify_webhook([NEW], headers, BODY, NOW)


SCHEMES = [
    HmacScheme("X-Signature"),
    HmacScheme("X-Signature", encoding="base64"),
    HmacScheme("X-Signature", prefix="sha256="),
    HmacScheme("X-Signature", prefix="sha256=", timestamp_header="X-Time"),
]


@pytest.mark.parametrize("scheme", SCHEMES)
def test_other_headers_verify_and_refuse(scheme):
    headers = sign_hmac(scheme, "old", BODY, NOW)
    verify_hmac(scheme, ["new", "old"], headers, BODY, NOW)
    for secrets, body in ((["new"], BODY), (["old"], BODY + b" ")):
        with pytest.raises(SignatureError):
            verify_hmac(scheme, secrets, headers, body, NOW)
    with pytest.raises(SignatureError, match="missing"):
        verify_hmac(scheme, ["old"], {}, BODY, NOW)


def test_a_hex_signature_is_plain_hmac_and_may_lack_its_prefix():
    expected = hmac.new(b"secret", BODY, hashlib.sha256).hexdigest()
    scheme = HmacScheme("X-Mollie-Signature", prefix="sha256=")
    for value in (expected, f"sha256={expected}", expected.upper()):
        verify_hmac(scheme, ["secret"], {"x-mollie-signature": value}, BODY, NOW)


@pytest.mark.parametrize("seconds", [-301, 301])
def test_a_timestamp_header_limits_the_age(seconds):
    scheme = SCHEMES[-1]
    headers = sign_hmac(scheme, "s", BODY, NOW + timedelta(seconds=seconds))
    with pytest.raises(SignatureError, match="too old"):
        verify_hmac(scheme, ["s"], headers, BODY, NOW)
    with pytest.raises(SignatureError, match="too old"):
        verify_hmac(scheme, ["s"], headers | {"X-Time": ""}, BODY, NOW)


def test_an_unknown_encoding_is_refused():
    with pytest.raises(ValueError, match="hex or base64"):
        HmacScheme("X", encoding="rot13")


def test_every_signature_is_compared_in_constant_time(monkeypatch):
    compared = []

    def recording(ours, theirs):
        compared.append((ours, theirs))
        return ours == theirs

    monkeypatch.setattr(signatures.hmac, "compare_digest", recording)
    verify_webhook([NEW, OLD], sign_webhook([NEW, OLD], "msg_1", BODY, NOW), BODY, NOW)
    assert len(compared) == 4, "no early way out"
