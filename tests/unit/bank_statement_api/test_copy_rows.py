"""Rows reach PostgreSQL as they are, whatever is in them."""

import json

from odoo.addons.bank_statement_api.tools.copy_rows import CopyRows, copy_text, stage


def test_values_are_written_as_copy_reads_them():
    assert copy_text(None) == "\\N"
    assert (copy_text(True), copy_text(False), copy_text(0)) == ("t", "f", "0")
    assert copy_text("tab\tline\nback\\slash\rnull \\N") == (
        "tab\\tline\\nback\\\\slash\\rnull \\\\N"
    )
    details = {"text": 'quoted "and\nbroken"'}
    assert copy_text(details) == r'{"text":"quoted \\"and\\nbroken\\""}'
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
    assert read(rows) == '{"n":1}\t1\t50 %\n{"n":true}\t2\t50 %\n'


def test_more_rows_than_are_read_at_once_come_in_their_order():
    rows = CopyRows()
    rows.add({}, {"id": list(range(1001))})
    assert read(rows).split() == [str(number) for number in range(1001)]


def test_what_parts_share_travels_once_and_what_is_alike_not_at_all():
    ids, names = [7, 8], ["A/7", "A/8"]
    made = stage(
        [
            {
                "entry": ({"state": "posted", "note": None}, {"id": ids, "name": names}),
                "item": (
                    {"state": "posted"},
                    {"move_id": list(ids), "move_name": names, "debit": [5, 5]},
                ),
            }
        ]
    )
    assert made.constants == {"entry": {"state": "posted"}, "item": {"state": "posted", "debit": 5}}
    entry, item = made.columns["entry"], made.columns["item"]
    assert (entry["id"], entry["name"]) == (item["move_id"], item["move_name"])
    assert read(made.rows) == "7\tA/7\n8\tA/8\n"


def test_kinds_of_lines_that_differ_in_a_column_are_told_apart():
    ids, others = [1, 2], [3, 4]
    made = stage(
        [
            {"item": ({"type": "in", "flag": 1, "note": None}, {"id": ids, "amount": [1.5, 2.5]})},
            {
                "item": (
                    {"type": "out", "flag": True, "note": "x"},
                    {"id": others, "amount": [9, 9]},
                )
            },
        ]
    )
    # 1 and true are equal in Python, and are not the same value of a column.
    assert made.constants == {"item": {}}
    columns = made.columns["item"]
    assert len(set(columns.values())) == 5
    order = [
        sorted(columns.values()).index(columns[name])
        for name in ("id", "amount", "type", "flag", "note")
    ]
    rows = [line.split("\t") for line in read(made.rows).splitlines()]
    assert [[row[place] for place in order] for row in rows] == [
        ["1", "1.5", "in", "1", "\\N"],
        ["2", "2.5", "in", "1", "\\N"],
        ["3", "9", "out", "t", "x"],
        ["4", "9", "out", "t", "x"],
    ]


def test_lists_that_are_equal_in_one_kind_only_stay_apart():
    made = stage(
        [
            {"item": ({}, {"balance": [1.0, 2.0], "residual": [1.0, 2.0], "count": [1, 2]})},
            {"item": ({}, {"balance": [3.0, 4.0], "residual": [0.0, 4.0], "count": [3, 4]})},
        ]
    )
    assert len(set(made.columns["item"].values())) == 3
