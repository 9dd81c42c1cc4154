"""Rows reach PostgreSQL as they are, whatever is in them."""

import json

from odoo.addons.bank_statement_api.tools.copy_rows import RowTemplate, copy_text, filled


def test_values_are_written_as_copy_reads_them():
    assert copy_text(None) == "\\N"
    assert (copy_text(True), copy_text(False), copy_text(0)) == ("t", "f", "0")
    assert copy_text("tab\tline\nback\\slash\rnull \\N") == (
        "tab\\tline\\nback\\\\slash\\rnull \\\\N"
    )
    details = {"text": 'quoted "and\nbroken"'}
    assert json.loads(copy_text(details).replace("\\\\", "\\")) == details


def test_a_row_brings_its_own_values_for_the_varying_columns():
    row = {"id": 1, "name": "first", "state": "posted", "note": None}
    template = RowTemplate(row, ["id", "name"], filled([row], ["id", "name"]))
    assert template.columns == ("id", "name", "state")
    assert template.render({"id": 2, "name": None}) == "2\t\\N\tposted\n"


def test_a_column_that_one_of_the_rows_fills_is_written_for_all():
    rows = [{"id": 1, "note": None, "total": 5}, {"id": 2, "note": "x", "total": None}]
    assert filled(rows, ["id"]) == ["note", "total"]
