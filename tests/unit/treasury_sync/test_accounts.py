import re

import pytest

from odoo.addons.treasury_sync.tools.accounts import is_iban
from odoo.addons.treasury_sync.tools.identifiers import message_id, part_id


@pytest.mark.parametrize(
    ("number", "wanted"),
    [
        ("FR7630006000011234567890189", True),
        ("de89370400440532013000", True),
        ("FR7630006000011234567890188", False),
        ("12345678", False),
        ("", False),
        (None, False),
    ],
)
def test_iban_by_shape_and_check_digits(number, wanted):
    assert is_iban(number) is wanted


def test_identifications_fit_the_format_and_do_not_repeat():
    made = {message_id("PO99999") for _round in range(2000)}
    assert len(made) == 2000
    for identification in made:
        assert re.fullmatch(r"[A-Za-z0-9\-]{1,35}", part_id(identification, "E10000"))
