import json
from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from odoo.addons.finance_connector_base.tools.errors import BusinessError
from odoo.addons.finance_connector_base.tools.schema import schema_problem
from odoo.addons.treasury_sync.tools import journal_documents

HEAD = "document_id,date,account,debit,credit,text\n"


def batch(*documents, **values):
    return json.dumps({"schema_version": 1, "documents": list(documents), **values}).encode()


def document(name="D1", debit="10.00", credit="10.00"):
    return {
        "document_id": name,
        "date": "2026-11-25",
        "lines": [{"account": "1", "debit": debit}, {"account": "2", "credit": credit}],
    }


def refusal(content, settings=None):
    with pytest.raises(BusinessError) as caught:
        journal_documents.read(content, settings or {})
    return caught.value


def test_schema_can_be_used():
    assert schema_problem(journal_documents.SCHEMA) is None


def test_json_and_csv_of_one_document_are_the_same():
    [from_json] = journal_documents.read(batch(document()), {}).documents
    content = f"{HEAD}D1,2026-11-25,1,10.00,,\nD1,2026-11-25,2,,10.00,\n".encode()
    [from_csv] = journal_documents.read(content, {}).documents
    assert from_csv.digest == from_json.digest
    assert [line.row for line in from_csv.lines] == [2, 3], "rows as an editor counts them"


def test_where_a_row_stands_is_no_content():
    first = journal_documents.read(batch(document("A"), document("B")), {}).documents
    second = journal_documents.read(batch(document("B"), document("A")), {}).documents
    assert {item.document_id: item.digest for item in first} == {
        item.document_id: item.digest for item in second
    }


@pytest.mark.parametrize(
    ("content", "code", "told"),
    [
        (b"{", "invalid_content", "no JSON"),
        (batch({**document(), "lines": []}), "schema_violation", "lines"),
        (batch(document(debit="-1")), "schema_violation", "debit"),
        (batch(document(), document()), "journal_batch_invalid", "D1 twice"),
        (b"a;b\n1;2\n", "journal_batch_invalid", "no column document_id"),
        (HEAD.encode(), "journal_batch_invalid", "no rows"),
        (f"{HEAD},2026-11-25,1,1,,\n".encode(), "journal_batch_invalid", "Row 2 has no document"),
        (f'{HEAD}D1,"2026-11-25,1,1,,\n'.encode(), "journal_batch_invalid", "no CSV"),
        (HEAD.encode() + b"\xff", "journal_batch_invalid", "UTF-8"),
        (f"{HEAD}D1,2026-11-25,1,1,,\nTOTAL,,,1,1,x\n".encode(), "journal_batch_invalid", "Row 3"),
    ],
)
def test_bad_batch_says_what_and_where(content, code, told):
    error = refusal(content)
    assert error.code == code
    assert told in error.message


@pytest.mark.parametrize(
    "totals",
    [
        {"documents": 2, "debit": "10.00", "credit": "10.00"},
        {"documents": 1, "debit": "10.01", "credit": "10.00"},
        {"documents": 1, "debit": "10.00", "credit": "0"},
    ],
)
def test_control_totals_differ(totals):
    assert refusal(batch(document(), totals=totals)).code == "journal_totals_differ"


def test_every_problem_is_told_with_its_row():
    content = (
        f"{HEAD}D1,25.11.2026,,1,2,\nD1,25.11.2026,2,x,,\nD1,25.11.2026,2,0,0,\nD1,25.11.2026,2,5,,\n"
    ).encode()
    [read] = journal_documents.read(content, {}).documents
    found = journal_documents.problems(read, "EUR")
    assert [problem.row for problem in found] == [0, 2, 2, 3, 4, 0]
    assert found[-1].code == "journal_not_balanced"


def test_balance_by_entity():
    lines = tuple(
        journal_documents.Line(row=row, account="1", entity=entity, **{side: "5.00"})
        for row, (entity, side) in enumerate(
            (("A", "debit"), ("B", "credit"), ("A", "debit"), ("B", "credit")), start=1
        )
    )
    odd = journal_documents.Document(document_id="D", date="2026-11-25", lines=lines)
    assert [problem.code for problem in journal_documents.problems(odd, "EUR")] == [
        "journal_not_balanced"
    ] * 2


@given(
    st.lists(st.integers(-(10**9), 10**9), min_size=1, max_size=20),
    st.decimals("0.0001", "9999", places=6),
    st.sampled_from([0, 2, 3]),
)
def test_converted_amounts_still_add_up_to_nothing(cents, rate, decimals):
    amounts = [Decimal(number).scaleb(-2) for number in cents]
    amounts.append(-sum(amounts))
    converted = journal_documents.convert(amounts, rate, decimals)
    assert sum(converted) == 0
    unit = Decimal(1).scaleb(-decimals)
    for amount, after in zip(amounts, converted, strict=True):
        assert abs(after - amount * rate) <= unit * len(amounts)
