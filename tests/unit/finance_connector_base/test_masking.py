"""Nothing that names an account or opens a door may reach a screen or a log."""

import json
import logging
import re
import time

import pytest
from effort import THOROUGH
from hypothesis import given
from hypothesis import strategies as st

from odoo.addons.finance_connector_base.tools.masking import (
    IBAN_LENGTHS,
    MASK,
    MaskingFilter,
    MaskingPolicy,
    mask_bytes_preview,
    mask_mapping,
    mask_text,
)

IBAN = "DE89370400440532013000"
CARD = "4111111111111111"
JWT = "eyJhbGciOiJIUzI1NiJ9.eyJzdWIiOiIxMjM0NTY3ODkwIn0.dozjgNryP4J3jVmNHl0w5N_XgL0n3I9PlFUP0THsR8U"
SURROUNDINGS = st.text(alphabet='abzAZ019 <>"/:;,.-_=\n\té', max_size=40)


def checked_iban(country, body):
    digits = "".join(str(int(char, 36)) for char in f"{body}{country}00")
    return f"{country}{98 - int(digits) % 97:02d}{body}"


@st.composite
def ibans(draw):
    country = draw(st.sampled_from(sorted(IBAN_LENGTHS)))
    size = IBAN_LENGTHS[country] - 4
    body = draw(
        st.text(alphabet="0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZ", min_size=size, max_size=size)
    )
    return checked_iban(country, body)


def grouped(value, separator, size=4):
    return separator.join(value[start : start + size] for start in range(0, len(value), size))


def compact(text):
    return re.sub(r"%20|[^A-Za-z0-9]", "", text).upper()


@given(
    ibans(),
    SURROUNDINGS,
    SURROUNDINGS,
    st.sampled_from(["", " ", "\u00a0", "-", ".", "%20", "+", "\u202f"]),
)
def test_a_valid_iban_never_survives(iban, before, after, separator):
    masked = mask_text(before + grouped(iban, separator) + after)
    assert grouped(iban, separator) not in masked
    assert iban not in compact(masked)


@given(ibans(), st.booleans())
def test_an_iban_keeps_its_last_four(iban, lower):
    shown = mask_text(f"to {iban.lower() if lower else iban}!")
    assert shown.upper() == f"TO ****{iban[-4:]}!"


@pytest.mark.parametrize(
    "lookalike",
    [
        "DE89370400440532013001",
        "DE8937040044053201300",
        "DE8937040044053201300077",
        "DE89 3704 0044 0532 0130 0",
        "de88370400440532013000",
        "GB33BUKB20201555555556",
    ],
)
def test_a_mistyped_iban_is_hidden_too(lookalike):
    assert compact(lookalike)[:-4] not in compact(mask_text(f"pay {lookalike}, please"))


@pytest.mark.parametrize(
    "text", ["RF18539007547034", "INV/2026/00012", "2026-01-31", "E2E-20260131-000001", "1234.56"]
)
def test_references_and_amounts_stay_readable(text):
    assert mask_text(f"ref {text} end") == f"ref {text} end"


def luhn_checked(body):
    doubled = [sum(divmod(2 * int(digit), 10)) for digit in body[::-2]]
    total = sum(doubled) + sum(int(digit) for digit in body[-2::-2])
    return f"{body}{-total % 10}"


@given(
    st.sampled_from("23456"),
    st.text(alphabet="0123456789", min_size=11, max_size=17),
    st.sampled_from(["", " ", "-"]),
    st.sampled_from(["", "2026-01-31 ", "x", "12 "]),
    st.sampled_from(["", " 12", "x", "."]),
)
def test_a_card_number_never_survives(first, middle, separator, before, after):
    card = luhn_checked(first + middle)
    masked = mask_text(before + grouped(card, separator) + after)
    assert grouped(card, separator) not in masked
    assert masked.endswith(after)


def test_a_long_number_that_is_no_card_stays():
    assert mask_text("order 4111111111111112") == "order 4111111111111112"
    assert mask_text(f"x{CARD}5") == f"x{CARD}5"


@pytest.mark.parametrize(
    "text",
    [
        "Authorization: Bearer SECRETSECRET",
        "authorization=Basic SECRETSECRET",
        "{'Authorization': 'Bearer SECRETSECRET'}",
        "sent Bearer SECRETSECRET to bank",
        "X-Api-Key: SECRETSECRET",
        "https://bank/x?access_token=SECRETSECRET&page=2",
        "https://user:SECRETSECRET@bank/x",
        '{"client_secret": "SECRET\\"SECRET", "x": 1}',
        '{\\"password\\": \\"SECRETSECRET\\"}',
        "password: 'SECRETSECRET with blanks'",
        "db_password = SECRETSECRET",
        "<Password>SECRETSECRET</Password>",
        '<ns:apiKey id="1">SECRETSECRET</ns:apiKey>',
        "sk_live_SECRETSECRET",
        "whsec_SECRETSECRETSECRETSECRET",
        "-----BEGIN RSA PRIVATE KEY-----\nSECRETSECRET\n-----END RSA PRIVATE KEY-----",
        "-----BEGIN PRIVATE KEY-----\nSECRETSECRET",
        "Cookie: session=SECRETSECRET",
    ],
)
def test_a_secret_never_survives(text):
    assert "SECRET" not in mask_text(text).replace("PRIVATE", "")
    assert MASK in mask_text(text)


def test_a_token_is_hidden_wherever_it_stands():
    assert mask_text(f"got {JWT} back") == f"got {MASK} back"


@pytest.mark.parametrize(
    "text",
    [
        "<Nm>Erika Mustermann</Nm>",
        '<ns2:Nm lang="de">Erika Mustermann</ns2:Nm>',
        '{"creditorName": "Erika Mustermann"}',
        "{'name': 'Erika Mustermann'}",
        '{"debtorName":"Erika \\"E\\" Mustermann"}',
    ],
)
def test_a_name_in_a_known_field_is_hidden_if_wanted(text):
    assert "Mustermann" not in mask_text(text)
    assert "Mustermann" in mask_text(text, MaskingPolicy(mask_names=False))


def test_an_email_keeps_its_domain():
    assert mask_text("from erika.m@example.com today") == f"from {MASK}@example.com today"


def test_the_policy_decides():
    policy = MaskingPolicy(keep_last=2, extra_patterns=(r"KD-\d+",), secret_keys=("pin",))
    assert (
        mask_text(f"{IBAN} KD-4711 pin=1234 password=x", policy)
        == f"****00 {MASK} pin={MASK} password=x"
    )
    assert mask_text(IBAN, MaskingPolicy(keep_last=0)) == "****"


@given(SURROUNDINGS)
def test_masking_twice_is_masking_once(text):
    once = mask_text(f"{text} {IBAN} password={CARD} {JWT}")
    assert mask_text(once) == once


def test_plain_values_are_masked_by_key_and_content():
    masked = mask_mapping(
        {
            "Authorization": "x",
            "nested": [{"iban": IBAN, "creditorName": "Erika"}, (f"to {IBAN}",)],
            "pan": 4111111111111111,
            "number": 4111111111111111,
            "accountNumber": "12-345-678",
            "raw": IBAN.encode(),
            "amount": 12,
            "token": None,
            "has_token": True,
        }
    )
    assert masked == {
        "Authorization": MASK,
        "nested": [{"iban": "****3000", "creditorName": MASK}, ["to ****3000"]],
        "pan": "****1111",
        "number": "****1111",
        "accountNumber": "****5678",
        "raw": "****3000",
        "amount": 12,
        "token": None,
        "has_token": True,
    }
    json.dumps(masked)


@pytest.mark.parametrize("limit", [1, 50, 2000])
@pytest.mark.parametrize("filler", ["x" * 37, "<Nm>A rather long name here</Nm>", "é"])
def test_a_preview_never_shows_an_iban_wherever_it_is_cut(limit, filler):
    data = (f"{filler} {IBAN} " * 3000).encode()
    shown = mask_bytes_preview(data, "application/xml", limit)
    assert "DE8937" not in shown
    assert len(shown) < limit + 60
    assert f"{len(data)} bytes" in shown


def test_a_preview_never_shows_what_its_window_cut_in_two():
    """Long names shrink when masked, which brings the end of the window onto the screen."""
    unit = f"<Nm>{'x' * 200}</Nm>{IBAN}-"
    for padding in range(0, len(unit), 6 if THOROUGH else 30):
        data = ("-" * padding + unit * 100).encode()
        shown = mask_bytes_preview(data, "application/xml", 1500)
        assert "DE89" not in shown
        assert shown.count("****3000") > 20


@pytest.mark.parametrize(
    ("data", "content_type", "shown"),
    [
        (b"plain", "", "plain"),
        (b"\xef\xbb\xbfplain", "text/csv; charset=utf-8", "plain"),
        ("grün".encode("latin-1"), "text/plain; charset=iso-8859-1", "grün"),
        ("grün".encode("utf-16"), "application/xml", "grün"),
        (b"{}", "application/problem+json; charset=no-such", "{}"),
        (b"%PDF", "application/pdf", "[application/pdf, 4 bytes, not shown]"),
    ],
)
def test_a_preview_is_text_or_a_size(data, content_type, shown):
    assert mask_bytes_preview(data, content_type) == shown


class Recorder(logging.Handler):
    def __init__(self):
        super().__init__()
        self.addFilter(MaskingFilter())
        self.lines = []

    def emit(self, record):
        self.lines.append(self.format(record))
        assert IBAN not in repr(vars(record))


@pytest.fixture
def log():
    logger = logging.Logger("test")
    logger.addHandler(Recorder())
    return logger


def test_a_log_line_is_masked_with_its_arguments(log):
    log.warning("pay %s with %s", IBAN, {"password": "hunter2"})
    log.warning("pay %(iban)s", {"iban": IBAN})
    log.warning("wrong %d", IBAN)
    log.warning(ValueError(IBAN))
    lines = log.handlers[0].lines
    assert len(lines) == 4
    assert lines[0] == "pay ****3000 with {'password': '***'}"
    assert not re.search("DE89|hunter2", "\n".join(lines))


def test_a_traceback_and_a_stack_are_masked(log):
    try:
        raise ValueError(f"bad {IBAN}")
    except ValueError:
        log.exception("failed")
    log.error("where", stack_info=True)  # the stack shows this line: DE89370400440532013000
    failed, where = log.handlers[0].lines
    assert "Traceback" in failed
    assert "ValueError: bad ****3000" in failed
    assert "test_masking" in where


@pytest.mark.parametrize(
    "unit",
    [
        "eyJ-",
        "AA11",
        "4 ",
        'password="',
        "<Nm ",
        "DE89 ",
        "a@",
        "-----BEGIN PRIVATE KEY-----",
        "w-",
    ],
)
def test_the_cost_grows_with_the_length_only(unit):
    """Ten times the text may cost ten times as much, not a hundred."""

    def cost(size):
        text = (unit * size)[:size]
        best = float("inf")
        for _attempt in range(2):
            started = time.process_time()
            mask_text(text)
            best = min(best, time.process_time() - started)
        return best

    assert cost(30_000) < 40 * cost(3_000) + 0.01
