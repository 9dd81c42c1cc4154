"""Rows reach PostgreSQL as they are, whatever is in them."""

import json

from odoo.addons.bank_statement_api.tools.copy_rows import CopyRows, copy_text


def test_values_are_written_as_copy_reads_them():
    assert copy_text(None) == "\\N"
    assert (copy_text(True), copy_text(False), copy_text(0)) == ("t", "f", "0")
    assert copy_text("tab\tline\nback\\slash\rnull \\N") == (
        "tab\\tline\\nback\\\\slash\\rnull \\\\N"
    )
    details = {"text": 'quoted "and\nbroken"'}
    assert json.loads(copy_text(details).replace("\\\\", "\\")) == details


def read(rows):
    return "".join(iter(lambda: rows.read(8192), ""))


def test_rows_bring_their_own_values_for_the_varying_columns():
    rows = CopyRows()
    rows.add(
        {"id": 1, "name": "first", "state": "100 %\tposted", "note": None},
        {"id": [2, 3], "name": [None, "x\\y"]},
    )
    assert (rows.columns, rows.count) == (("id", "name", "state"), 2)
    assert read(rows) == "2\t\\N\t100 %\\tposted\n3\tx\\\\y\t100 %\\tposted\n"


def test_a_column_that_one_group_fills_is_written_for_all():
    rows = CopyRows()
    rows.add({"note": None, "total": 5}, {"id": [1]})
    rows.add({"note": "x", "total": None}, {"id": range(2, 4)})
    assert read(rows) == "1\t\\N\t5\n2\tx\t\\N\n3\tx\t\\N\n"


def test_equal_values_are_written_alike_in_all_rows():
    rows = CopyRows()
    rows.add({}, {"id": [1, 2], "name": ["50 %", "50 %"], "details": [{"n": 1}, {"n": True}]})
    assert read(rows) == '{"n": 1}\t1\t50 %\n{"n": true}\t2\t50 %\n'


def test_more_rows_than_are_read_at_once_come_in_their_order():
    rows = CopyRows()
    rows.add({}, {"id": list(range(1001))})
    assert read(rows).split() == [str(number) for number in range(1001)]
