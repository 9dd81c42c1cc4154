"""What an interface agreed to take is checked, and a violation says where."""

from decimal import Decimal

import pytest

from odoo.addons.finance_connector_base.tools.errors import BusinessError
from odoo.addons.finance_connector_base.tools.schema import check_schema, parse_json, schema_problem

SCHEMA = {
    "type": "object",
    "properties": {"amount": {"type": "string"}, "iban": {"type": "string", "maxLength": 5}},
    "required": ["amount"],
}


def test_content_that_keeps_the_schema_passes():
    check_schema({"amount": "1.00"}, SCHEMA)


def test_violation_names_the_places_and_masks_the_values():
    with pytest.raises(BusinessError) as caught:
        check_schema({"amount": 1, "iban": "CH9300762011623852957"}, SCHEMA)
    error = caught.value
    assert error.code == "schema_violation"
    assert error.evidence["count"] == 2
    assert "$.amount" in error.evidence["places"][0]
    assert "CH9300762011623852957" not in f"{error.message} {error.evidence}"


def test_json_keeps_decimals_and_refuses_the_rest():
    assert parse_json(b'{"amount": 0.10}') == {"amount": Decimal("0.10")}
    for content in (b"", b"{", b"\xff\xfe", b"[" * 100_000):
        with pytest.raises(BusinessError) as caught:
            parse_json(content)
        assert caught.value.code == "invalid_content"


@pytest.mark.parametrize("schema", [[], {"type": "nonsense"}, {"properties": 1}])
def test_schema_that_is_none_is_named(schema):
    assert schema_problem(schema)


def test_good_schema_has_no_problem():
    assert schema_problem(SCHEMA) is None
