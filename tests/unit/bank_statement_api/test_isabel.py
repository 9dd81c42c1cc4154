"""Isabel's list of reports: no file is passed over silently."""

from datetime import UTC, datetime

import pytest

from odoo.addons.bank_statement_api.tools import isabel
from odoo.addons.bank_statement_api.tools.errors import StatementFormatError


def body(*attributes, **paging):
    return {
        "data": [
            {"type": "accountReport", "id": f"r{number}", "attributes": each}
            for number, each in enumerate(attributes)
        ],
        "meta": {"paging": {"offset": 0, "total": len(attributes), **paging}},
    }


FILE = {
    "fileFormat": "CODA",
    "fileName": "a.cod",
    "fileSize": 12,
    "receivedAt": "2026-03-04T05:06:07.890Z",
}


def test_report_is_read():
    page = isabel.page(body(FILE))
    [report] = page.reports
    assert (report.identifier, report.name, report.file_format) == ("r0", "a.cod", "CODA")
    assert report.received_at == datetime(2026, 3, 4, 5, 6, 7, 890000, tzinfo=UTC)
    assert (report.size, page.total) == (12, 1)


@pytest.mark.parametrize(
    "document",
    [
        {},
        {"data": []},
        body(FILE, total="1"),
        body({**FILE, "receivedAt": None}),
        body({**FILE, "receivedAt": "today"}),
        {**body(FILE), "data": [{"id": "r1"}]},
        {**body(FILE), "data": [{"attributes": FILE}]},
        {**body(FILE), "data": ["r1"]},
    ],
)
def test_answer_that_may_hide_a_file_is_refused(document):
    with pytest.raises(StatementFormatError):
        isabel.page(document)
