"""Check digits of the structured references, by published examples and by changed digits."""

import pytest

from odoo.addons.bank_statement_api.tools.matching import schemes

EXAMPLES = {
    schemes.is_rf: "RF18539007547034",
    schemes.is_qrr: "210000000003139471430009017",
    schemes.is_ogm: "010806817183",
    schemes.is_finnish: "1232",
    schemes.is_estonian: "1232",
    schemes.is_kid_mod10: "12345674",
    schemes.is_kid_mod11: "12345678903",
    schemes.is_swedish_ocr: "12345674",
    schemes.is_fik: "123456789012347",
    schemes.is_dutch: "8234567890123456",
    schemes.is_slovenian: "SI0012345678",
    schemes.is_croatian: "HR0012345678",
}


@pytest.mark.parametrize(("check", "value"), EXAMPLES.items())
def test_example_is_valid(check, value):
    assert check(value)


@pytest.mark.parametrize(
    ("check", "value"),
    [
        pair
        for pair in EXAMPLES.items()
        if pair[0] not in (schemes.is_slovenian, schemes.is_croatian)
    ],
)
def test_changed_digit_is_seen(check, value):
    place = len(value) - 3
    changed = value[:place] + str((int(value[place]) + 1) % 10) + value[place + 1 :]
    assert not check(changed)


@pytest.mark.parametrize(
    ("value", "forms"),
    [
        ("RF18539007547034", {"18539007547034", "539007547034"}),
        ("000001234567897", {"1234567897"}),
        ("SI0012345678", {"0012345678"}),
        ("0012", set()),
        ("INV202600012", set()),
    ],
)
def test_other_forms_of_a_reference(value, forms):
    assert set(schemes.equivalents(value)) == forms


def test_one_number_may_be_valid_by_several_schemes():
    assert len(schemes.kinds("010806817183")) >= 1
