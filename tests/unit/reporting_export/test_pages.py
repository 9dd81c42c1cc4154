"""A run that is fetched page by page is the run: each row once, whatever the size of a page."""

import pytest

from odoo.addons.reporting_export.tools.file_formats import PARQUET
from odoo.addons.reporting_export.tools.pages import CursorError, read_page
from odoo.addons.reporting_export.tools.part_writer import write_parts
from odoo.addons.reporting_export.tools.totals import Totals

from .conftest import ROWS


@pytest.fixture
def run(contract):
    parts = write_parts(
        lambda sink: sink.write(ROWS.encode()),
        contract=contract,
        file_format=PARQUET,
        totals=Totals(contract),
        entity="acme",
        rows_per_file=2,
    )
    return {f"part-{number}": part for number, part in enumerate(parts)}


def pages(contract, run, limit):
    cursor, found = None, []
    files = [(path, part.rows, "upsert") for path, part in run.items()]
    while True:
        rows, cursor = read_page(contract, files, lambda path: run[path].content, cursor, limit)
        found.append(rows)
        if cursor is None:
            return found


@pytest.mark.parametrize("limit", [1, 2, 3, 10])
def test_pages_are_the_rows_once_and_in_order(contract, run, limit):
    assert len(run) == 2
    found = [row for page in pages(contract, run, limit) for row in page]
    assert [row["id"] for row in found] == [1, 2, 3]
    assert found[0]["balance"] == "10.5"
    assert {row["_operation"] for row in found} == {"upsert"}
    assert all(len(page) <= limit for page in pages(contract, run, limit))


@pytest.mark.parametrize("cursor", ["x", "-1", "99", 5, ""])
def test_cursor_of_nowhere_is_refused(contract, run, cursor):
    files = [(path, part.rows, "upsert") for path, part in run.items()]
    with pytest.raises(CursorError):
        read_page(contract, files, lambda path: run[path].content, cursor, 10)


def test_run_without_rows_is_an_empty_page(contract):
    assert read_page(contract, [], dict.__getitem__, None, 10) == ([], None)
