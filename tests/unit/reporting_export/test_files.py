"""From what the database sends to the bytes of a file: typed, proven, masked, the same each time."""

import csv
import dataclasses
import io
import json
from decimal import Decimal

import duckdb
import jsonschema
import pyarrow.parquet as pq
import pytest

from odoo.addons.reporting_export.tools import file_formats, manifest, rows
from odoo.addons.reporting_export.tools.errors import SchemaViolationError
from odoo.addons.reporting_export.tools.part_writer import write_parts
from odoo.addons.reporting_export.tools.totals import Totals, differences

from .conftest import ROWS, SUMS


def parts(contract, text=ROWS, file_format=file_formats.PARQUET, **options):
    totals = Totals(contract)
    written = list(
        write_parts(
            lambda sink: sink.write(text.encode()),
            contract=contract,
            file_format=file_format,
            totals=totals,
            entity="acme",
            **options,
        )
    )
    return written, totals


def table(part):
    return pq.read_table(io.BytesIO(part.content)).to_pylist()


def test_values_keep_their_type_and_null_is_not_empty(contract):
    [part], _totals = parts(contract)
    first, second, third = table(part)
    assert first["label"] == 'a "quoted" text'
    assert first["balance"] == Decimal("10.50")
    assert first["date"].isoformat() == "2026-01-31"
    assert first["seen"].isoformat() == "2026-02-01T10:00:00.500000"
    assert (first["done"], second["done"], third["done"]) == (True, False, None)
    assert second["label"] == ""
    assert third["date"] is None


def test_totals_are_exact_by_account_and_currency(contract):
    _parts, totals = parts(contract)
    assert {key: sums["balance"] for key, sums in totals.sums.items()} == SUMS
    assert totals.row_count == 3


@pytest.mark.parametrize(
    ("told", "sums"),
    [
        ({"account": ""}, {("acme", "", "EUR"): "10.49", ("acme", "", "JPY"): "1000"}),
        ({"currency": ""}, {("acme", "400", ""): "10.49", ("acme", "500", ""): "1000"}),
        ({"account": "", "currency": ""}, {("acme", "", ""): "1010.49"}),
    ],
)
def test_totals_of_a_contract_without_account_or_currency_are_those_of_the_rest(
    contract, told, sums
):
    _parts, totals = parts(dataclasses.replace(contract, **told))
    assert {key: str(each["balance"].normalize()) for key, each in totals.sums.items()} == {
        key: str(Decimal(amount).normalize()) for key, amount in sums.items()
    }
    assert totals.row_count == 3


@pytest.mark.parametrize("file_format", file_formats.FORMATS.values(), ids=lambda known: known.code)
def test_equal_rows_give_equal_bytes(contract, file_format):
    [first], _totals = parts(contract, file_format=file_format)
    [second], _totals = parts(contract, file_format=file_format)
    assert first.content == second.content
    assert first.rows == 3


def test_file_is_bounded_and_no_row_is_lost_between_two(contract):
    written, totals = parts(contract, rows_per_file=2)
    assert [part.rows for part in written] == [2, 1]
    assert [row["id"] for part in written for row in table(part)] == [1, 2, 3]
    assert totals.row_count == 3


def test_rows_are_whole_wherever_a_block_of_the_stream_ends(contract, monkeypatch):
    text = "".join(f'{number},400,EUR,1,"a ""b""\n,c\n\n{number}",,,t\n' for number in range(20))
    whole, _totals = parts(contract, text=text)
    for size in (1, 7, 64):
        monkeypatch.setattr(rows, "BLOCK_BYTES", size)
        written, totals = parts(contract, text=text)
        assert [table(part) for part in written] == [table(part) for part in whole]
        assert totals.row_count == 20


def test_no_more_is_read_than_what_is_worked_on(contract, monkeypatch):
    monkeypatch.setattr(rows, "BLOCK_BYTES", 1000)
    stream = io.BytesIO(b"1,400,EUR,1,,,,\n" * 10_000)
    batches = rows.read_batches(stream, contract)
    for number in range(1, 20):
        next(batches)
        assert stream.tell() == number * 1000


def test_file_in_its_folder_is_read_by_programs_that_take_folders_for_columns(contract, tmp_path):
    columns = [
        dataclasses.replace(column, name="entity") if column.name == "label" else column
        for column in contract.columns
    ]
    contract = dataclasses.replace(contract, columns=tuple(columns))
    [part], _totals = parts(contract)
    folder = tmp_path / manifest.folder(contract, entity="acme", period="2026-01", run="1")
    folder.mkdir(parents=True)
    (folder / "part-0000.parquet").write_bytes(part.content)
    held = pq.read_table(tmp_path)
    assert held.select([column.name for column in columns]).to_pylist() == table(part)
    assert held["export_entity"].to_pylist() == ["acme"] * part.rows
    by_duckdb = duckdb.read_parquet(f"{tmp_path}/**/*.parquet", hive_partitioning=True)
    assert by_duckdb.aggregate("sum(balance)").fetchall() == [(Decimal("1010.49"),)]


def test_no_row_makes_no_file(contract):
    written, totals = parts(contract, text="")
    assert written == []
    assert totals.row_count == 0


def test_missing_required_value_names_column_and_rows(contract):
    with pytest.raises(SchemaViolationError) as caught:
        parts(contract, text="7,,EUR,1,,,,\n")
    assert caught.value.evidence == {"column": "account", "rows": [{"id": "7"}]}


@pytest.mark.parametrize(
    "row", ["x,400,EUR,1,,,,\n", "1,400,EUR,much,,,,\n", "1,400,EUR,1,,31.1.26,,\n"]
)
def test_value_of_another_type_is_refused(contract, row):
    with pytest.raises(SchemaViolationError):
        parts(contract, text=row)


def test_more_digits_than_a_column_has_are_refused_not_rounded(contract):
    with pytest.raises(SchemaViolationError):
        parts(contract, text="1,400,EUR,0.12345678901,,,,\n")


def test_failure_of_the_database_ends_the_export_with_its_own_error(contract):
    def copy(sink):
        sink.write(ROWS.encode()[:40])
        raise ConnectionError("server closed the connection")

    with pytest.raises(ConnectionError):
        list(
            write_parts(
                copy,
                contract=contract,
                file_format=file_formats.PARQUET,
                totals=Totals(contract),
                entity="acme",
            )
        )


def test_reader_that_gives_up_ends_the_writer(contract):
    long = ROWS * 100_000
    with pytest.raises(SchemaViolationError):
        parts(contract, text="1,,EUR,1,,,,\n" + long)


def test_formula_is_text_and_number_is_a_number_in_csv(contract):
    [part], _totals = parts(contract, file_format=file_formats.CSV)
    rows = list(csv.DictReader(io.StringIO(part.content.decode())))
    assert rows[2]["label"] == "'=1+1"
    assert [row["balance"] for row in rows] == ["10.5", "-0.01", "1000"]


def test_json_lines_satisfy_the_published_schema(contract):
    [part], _totals = parts(contract, file_format=file_formats.JSON_LINES)
    for line in part.content.splitlines():
        jsonschema.validate(json.loads(line), contract.json_schema())


def test_masked_column_is_a_token_of_the_target(contract):
    masked = {"masked": frozenset({"label"})}
    [part], _totals = parts(contract, **masked, mask_key=b"one")
    [again], _totals = parts(contract, **masked, mask_key=b"one")
    [other], _totals = parts(contract, **masked, mask_key=b"two")
    labels = [[row["label"] for row in table(each)] for each in (part, again, other)]
    assert labels[0] == labels[1]
    assert not set(labels[0]) & set(labels[2])
    assert "=1+1" not in labels[0]


def test_totals_differ_where_a_row_or_a_cent_is_missing(contract):
    _parts, totals = parts(contract)
    ledger = [(key, 1 + (key[1] == "400"), {"balance": total}) for key, total in SUMS.items()]
    assert differences(totals, ledger) == []
    short = [(*ledger[0][:2], {"balance": Decimal("10.50")}), ledger[1]]
    assert [each.plain()["exported"] for each in differences(totals, short)] == ["10.49"]
    assert [each.what for each in differences(totals, ledger[:1])] == ["rows", "balance"]
    extra = [*ledger, (("acme", "600", "EUR"), 1, {"balance": Decimal(5)})]
    assert [each.what for each in differences(totals, extra)] == ["rows", "balance"]
