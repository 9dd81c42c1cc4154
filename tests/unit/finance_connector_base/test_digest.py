"""Equal content must give equal digests, and only equal content."""

import hashlib
import json
from datetime import UTC, date, datetime, timedelta, timezone
from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from odoo.addons.finance_connector_base.tools.digest import (
    DigestError,
    canonical_json,
    digest_of,
    sha256_hex,
)

TEXT = st.text(alphabet='ab"\\\n\u20ac\U0001d11e\ufb33', max_size=6)
VALUES = st.recursive(
    st.none() | st.booleans() | st.integers() | TEXT,
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(TEXT, inner, max_size=4),
    max_leaves=12,
)


@given(VALUES)
def test_the_form_is_json_of_the_same_values(value):
    assert json.loads(canonical_json(value)) == value


@given(st.dictionaries(TEXT, st.integers(), min_size=2, max_size=6))
def test_the_order_of_keys_does_not_matter(value):
    assert canonical_json(dict(reversed(value.items()))) == canonical_json(value)


def test_keys_are_sorted_by_utf16_code_units():
    """The example of RFC 8785, section 3.2.3."""
    keys = ["\u20ac", "\r", "\ufb33", "1", "\U0001f600", "\u0080", "\u00f6"]
    expected = ["\r", "1", "\u0080", "\u00f6", "\u20ac", "\U0001f600", "\ufb33"]
    assert list(json.loads(canonical_json(dict.fromkeys(keys)))) == expected


@pytest.mark.parametrize(
    ("value", "form"),
    [
        (Decimal("1.50"), '"1.5"'),
        (Decimal("100"), '"100"'),
        (Decimal("1E+2"), '"100"'),
        (Decimal("-0.00"), '"0"'),
        (Decimal("0.10"), '"0.1"'),
        (date(2026, 1, 31), '"2026-01-31"'),
        (datetime(2026, 1, 31, 1, tzinfo=UTC), '"2026-01-31T01:00:00Z"'),
        (datetime(2026, 1, 31, 2, tzinfo=timezone(timedelta(hours=1))), '"2026-01-31T01:00:00Z"'),
        ({"b": [1, None], "a": True}, '{"a":true,"b":[1,null]}'),
        ((1, 2), "[1,2]"),
        ("é", '"é"'),
    ],
)
def test_values_have_one_form(value, form):
    assert canonical_json(value) == form.encode()


@pytest.mark.parametrize(
    "value",
    [
        1.5,
        {"a": [0.1]},
        Decimal("NaN"),
        Decimal("1E+999999"),
        {1: 2},
        b"x",
        {1},
        datetime(2026, 1, 1),
        "\ud800",
    ],
)
def test_values_without_one_form_are_refused(value):
    with pytest.raises(DigestError):
        canonical_json(value)


def test_digests_are_sha256():
    assert sha256_hex(b"abc") == hashlib.sha256(b"abc").hexdigest()
    assert digest_of({"a": Decimal("1.0")}) == sha256_hex(b'{"a":"1"}')
