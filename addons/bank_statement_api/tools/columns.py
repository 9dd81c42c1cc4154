"""Statements in tables, CSV and XLSX, by a profile that says which column is what.

A table says nothing of itself, so nothing is taken for granted: a column that the profile names has to be
there, a cell that is no date or amount makes its row an exception with the row, the column and the cell.
Where the bank gives the balance after each row, the rows are proven against it.
"""

from __future__ import annotations

import datetime
from collections.abc import Sequence
from dataclasses import dataclass
from decimal import Decimal

from odoo.addons.finance_connector_base.tools.money import MoneyError, minor_unit_exponent

from . import row_status, spreadsheet, text_encoding
from .checks import check_row_balances
from .documents import (
    BOOKED,
    PENDING,
    AccountRef,
    BadEntry,
    Balance,
    Party,
    Position,
    Statement,
    Transaction,
    Warn,
)
from .errors import StatementFormatError
from .separated_values import csv_rows, find_delimiter
from .written_values import date_order, day_of, decimal_mark, read_amount, read_date

_MAX_DIGITS = 18
_SYMBOLS = {"EUR": "€", "USD": "$", "GBP": "£", "JPY": "¥", "CHF": "Fr."}

Cell = str | Decimal | datetime.date | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Profile:
    """Which column is what. A column is named by its header, or by its number from 1.

    :ivar amount: signed; or ``debit`` and ``credit`` hold one amount each; or ``amount`` is without a sign
        and ``indicator`` says which way.
    :ivar debit_words: what stands in ``indicator`` when money goes out; ``credit_words`` when it comes in.
    :ivar reversed: positive amounts go out, as some cards are exported.
    :ivar dates: order of day, month and year; shown by the file where it is left out.
    :ivar decimals: decimal mark; as ``dates``.
    :ivar skip: rows before the header, or before the first row where there is none; ``skip_end`` after the last.
    :ivar text: columns whose texts make the remittance, in this order.
    :ivar currency: constant; the column ``currency_column`` counts before it.
    """

    booking_date: str
    value_date: str | None = None
    amount: str | None = None
    debit: str | None = None
    credit: str | None = None
    indicator: str | None = None
    debit_words: tuple[str, ...] = ()
    credit_words: tuple[str, ...] = ()
    reversed: bool = False
    balance: str | None = None
    currency_column: str | None = None
    account_column: str | None = None
    text: tuple[str, ...] = ()
    partner_name: str | None = None
    partner_account: str | None = None
    partner_bic: str | None = None
    reference: str | None = None
    end_to_end_id: str | None = None
    mandate_id: str | None = None
    dates: str | None = None
    decimals: str | None = None
    encoding: str | None = None
    delimiter: str | None = None
    has_header: bool = True
    skip: int = 0
    skip_end: int = 0
    sheet: str | None = None


_COLUMNS = (
    "booking_date",
    "value_date",
    "amount",
    "debit",
    "credit",
    "indicator",
    "balance",
    "currency_column",
    "account_column",
    "partner_name",
    "partner_account",
    "partner_bic",
    "reference",
    "end_to_end_id",
    "mandate_id",
)


@dataclass(frozen=True, slots=True)
class Table:
    """:ivar rows: (number of the row in the file, its cells)."""

    header: tuple[str, ...]
    rows: tuple[tuple[int, tuple[Cell, ...]], ...]
    source_format: str
    note: str | None = None


class _BadCellError(Exception):
    def __init__(self, column: str, cell: Cell, reason: str):
        super().__init__(f"Column “{column}”: {_shown(cell)} {reason}.")
        self.column = column


def read(
    content: bytes,
    *,
    profile: Profile | None = None,
    currency: str | None = None,
    account: AccountRef | None = None,
    **_told,
) -> list[Statement]:
    """Return a statement for each account and currency in the table.

    :param currency: of the amounts, where neither a column nor the profile says it.
    :param account: where no column says it.
    :raise StatementFormatError: there is no profile, a column is missing, or the file is no table.
    """
    if profile is None:
        raise StatementFormatError(
            "A table needs a column profile that says which column is what.",
            reason="no profile was chosen",
            code="statement_profile",
            next_step="Choose a column profile at the upload or on the bank feed, or make one.",
        )
    table = open_table(content, profile)
    return _Reader(table, profile, currency, account).statements()


def open_table(content: bytes, profile: Profile) -> Table:
    """Return the rows that hold transactions, and their header.

    :raise StatementFormatError: the file is damaged or empty.
    """
    note = None
    if spreadsheet.is_xlsx(content):
        rows, source_format = list(spreadsheet.rows(content, profile.sheet)), "xlsx"
    else:
        decoded = text_encoding.decode(content, profile.encoding)
        if decoded.reason == "assumed":
            note = f"The file was read as {decoded.encoding}."
        delimiter = profile.delimiter or find_delimiter(decoded.text)
        rows, source_format = list(csv_rows(decoded.text, delimiter)), "csv"
    rows = rows[profile.skip :]
    if profile.skip_end:
        rows = rows[: -profile.skip_end]
    rows = [row for row in rows if any(cell not in (None, "") for cell in row[1])]
    if not rows:
        raise StatementFormatError(
            "The table has no rows.",
            reason="nothing after the rows to skip",
            code="statement_empty",
        )
    if profile.has_header:
        _number, cells = rows.pop(0)
        header = tuple(plain_text(cell) for cell in cells)
    else:
        header = tuple(str(place) for place in range(1, max(len(cells) for _n, cells in rows) + 1))
    return Table(header, tuple(rows), source_format, note)


def plain_text(cell: Cell) -> str:
    return " ".join(str(cell if cell is not None else "").split())


def _shown(cell: Cell) -> str:
    return f"“{str(cell)[:60]}”" if cell not in (None, "") else "(empty)"


class _Reader:
    def __init__(self, table, profile, currency, account):
        self._table = table
        self._profile = profile
        self._currency = currency
        self._account = account
        self._places = self._find_columns()
        days = ("booking_date", "value_date")
        self._said = {place for name, place in self._places.items() if name not in days}
        self._order = date_order(
            (day_of(cell) for cell in self._column("booking_date") if isinstance(cell, str)),
            profile.dates,
        )
        amounts = [
            cell
            for name in ("amount", "debit", "credit")
            for cell in self._column(name)
            if isinstance(cell, str)
        ]
        first = currency or self._first_currency()
        self._mark = (
            decimal_mark((bare_amount(cell, first) for cell in amounts), first, profile.decimals)
            if first
            else profile.decimals or "."
        )
        debits = [self._amount_or_none(cell, first) for cell in self._column("debit")]
        # Some banks write a minus into their debit column as well; then all of them.
        self._signed_debits = any(value and value < 0 for value in debits) and not any(
            value and value > 0 for value in debits
        )

    def _find_columns(self) -> dict[str, int]:
        wanted = {name: getattr(self._profile, name) for name in _COLUMNS}
        wanted |= {f"text {place}": name for place, name in enumerate(self._profile.text)}
        places, missing = {}, []
        known = {}
        for place, name in enumerate(self._table.header):
            known.setdefault(name.casefold(), place)
        for field, name in wanted.items():
            if not name:
                continue
            place = known.get(plain_text(name).casefold())
            if place is None and name.strip().isdecimal() and int(name) >= 1:
                place = int(name) - 1
            if place is None or place >= len(self._table.header):
                missing.append(name)
            else:
                places[field] = place
        if missing:
            raise StatementFormatError(
                f"The table has no column {', '.join(f'“{name}”' for name in missing)}.",
                tag="header",
                reason=f"its columns: {', '.join(filter(None, self._table.header))}"[:500],
                code="statement_profile",
                next_step="Choose the profile made for this bank, or correct the profile's columns.",
            )
        if "amount" not in places and not {"debit", "credit"} & places.keys():
            raise StatementFormatError(
                "The column profile names no amount.",
                reason="neither amount nor debit and credit",
                code="statement_profile",
                next_step="Complete the column profile.",
            )
        return places

    def _column(self, name):
        place = self._places.get(name)
        if place is None:
            return []
        return [cells[place] for _number, cells in self._table.rows if place < len(cells)]

    def _first_currency(self) -> str | None:
        return next(
            (str(cell).strip().upper() for cell in self._column("currency_column") if cell), None
        )

    def _cell(self, cells: Sequence[Cell], name: str) -> Cell:
        place = self._places.get(name)
        return cells[place] if place is not None and place < len(cells) else None

    def _text(self, cells, name) -> str | None:
        cell = self._cell(cells, name)
        return plain_text(cell) or None

    def statements(self) -> list[Statement]:
        groups: dict[tuple, list] = {}
        for place, (number, cells) in enumerate(self._table.rows, 1):
            groups.setdefault(self._account_of(cells), []).append((place, number, cells))
        return [
            self._statement(number, account, rows)
            for number, (account, rows) in enumerate(groups.items(), 1)
        ]

    def _account_of(self, cells) -> AccountRef:
        currency = (self._text(cells, "currency_column") or self._currency or "").upper()
        try:
            minor_unit_exponent(currency)
        except MoneyError as error:
            raise StatementFormatError(
                "The table does not say in which currency its amounts are.",
                tag="currency",
                reason=str(error),
                code="statement_currency",
                next_step="Choose the bank account at the upload or on the feed, or name the currency's column.",
            ) from error
        number = self._text(cells, "account_column")
        if number:
            return AccountRef(other_id="".join(number.split()).upper(), currency=currency)
        told = self._account
        return AccountRef(
            iban=told.iban if told else None,
            other_id=told.other_id if told else None,
            currency=currency,
        )

    def _statement(self, number, account, rows) -> Statement:
        transactions, bad_entries, balances = [], [], []
        warnings = [Warn(path="characters", message=self._table.note)] if self._table.note else []
        for place, line, cells in rows:
            place_of_word = row_status.find_word(cells[: len(self._table.header)], self._said)
            word = cells[place_of_word] if self._says_status(place_of_word) else ""
            if word.casefold() in row_status.REFUSED:
                warnings.append(
                    Warn(path="row", message=f"Row {line} is no booking: the bank says “{word}”.")
                )
                continue
            position = Position(statement=number, entry=place, line=line)
            amount = None
            try:
                if len(cells) < len(self._table.header) and self._table.source_format == "csv":
                    raise _BadCellError(
                        self._table.header[len(cells)], None, "is missing: the row is too short"
                    )
                amount = self._amount(cells, account.currency)
                if place_of_word is not None and not word:
                    reason = (
                        "may say that it is not booked: where it does not, read the column as text"
                    )
                    raise _BadCellError(
                        self._table.header[place_of_word], cells[place_of_word], reason
                    )
                transaction = self._transaction(cells, amount, account.currency, position, word)
                stated = self._stated_balance(cells, account.currency)
                transactions.append(transaction)
                if transaction.status == BOOKED:
                    balances.append((transaction, stated))
            except _BadCellError as error:
                evidence = dict(
                    zip(self._table.header, (str(cell or "") for cell in cells), strict=False)
                )
                bad_entries.append(
                    BadEntry(
                        position=position,
                        code="row",
                        reason=f"Row {line}. {error}",
                        evidence={"row": str(line), "column": error.column, **evidence},
                        amount=amount,
                        status=PENDING if word else BOOKED,
                    )
                )
        announced = [str(line.position.line) for line in transactions if line.status == PENDING]
        if announced:
            rows_told = ", ".join(announced[:20])
            warnings.append(
                Warn(path="row", message=f"Announced, and not booked: row {rows_told}.")
            )
        return Statement(
            account=account,
            source_format=self._table.source_format,
            source_version="",
            position=number,
            balances=self._last_balance(balances, account.currency),
            transactions=tuple(transactions),
            bad_entries=tuple(bad_entries),
            findings=() if bad_entries else check_row_balances(balances),
            warnings=tuple(warnings),
        )

    def _says_status(self, place: int | None) -> bool:
        """Whether a word there says of the row whether it is booked: in a column of that name, or instead of a day."""
        if place is None:
            return False
        return place in self._places.values() or row_status.says_it(self._table.header[place])

    # -- cells ------------------------------------------------------------------------------------

    def _transaction(self, cells, amount, currency, position, unbooked) -> Transaction:
        texts = [self._text(cells, f"text {place}") for place in range(len(self._profile.text))]
        # mBank puts it between apostrophes, for Excel to leave its digits alone.
        number = (self._text(cells, "partner_account") or "").strip("'") or None
        compact = "".join((number or "").split()).upper()
        is_iban = len(compact) >= 15 and compact[:2].isalpha() and compact[2:4].isdigit()
        return Transaction(
            amount=amount,
            currency=currency,
            status=PENDING if unbooked else BOOKED,
            position=position,
            booking_date=self._day(cells, "booking_date", unbooked),
            value_date=(
                self._day(cells, "value_date", unbooked)
                if self._cell(cells, "value_date")
                else None
            ),
            account_servicer_ref=self._text(cells, "reference"),
            end_to_end_id=self._text(cells, "end_to_end_id"),
            mandate_id=self._text(cells, "mandate_id"),
            counterparty=Party(
                name=self._text(cells, "partner_name"),
                iban=compact if is_iban else None,
                other_id=number if number and not is_iban else None,
                bic=self._text(cells, "partner_bic"),
            ),
            remittance=tuple(text for text in texts if text),
        )

    def _day(self, cells, name, unbooked) -> datetime.date | None:
        try:
            return self._date(cells, name)
        except _BadCellError:
            # What is not booked yet need not have a day.
            if not unbooked:
                raise
            return None

    def _date(self, cells, name) -> datetime.date:
        cell = self._cell(cells, name)
        if isinstance(cell, datetime.date):
            return cell
        text = str(cell or "").strip()
        found = read_date(text, self._order) or read_date(day_of(text), self._order)
        if found is None:
            raise _BadCellError(self._named(name), cell, "is not a date")
        return found

    def _named(self, name: str) -> str:
        return self._table.header[self._places[name]] or str(self._places[name] + 1)

    def _amount(self, cells, currency) -> Decimal:
        if "amount" in self._places:
            amount = self._number(cells, "amount", currency)
            if "indicator" in self._places:
                amount = self._by_indicator(cells, amount)
        else:
            amount = self._by_columns(cells, currency)
        return 0 - amount if self._profile.reversed else amount

    def _by_indicator(self, cells, amount) -> Decimal:
        word = (self._text(cells, "indicator") or "").casefold()
        if amount < 0:
            raise _BadCellError(
                self._named("amount"), str(amount), "has a sign although a column says which way"
            )
        if word in {item.casefold() for item in self._profile.credit_words}:
            return amount
        if word in {item.casefold() for item in self._profile.debit_words}:
            return 0 - amount
        raise _BadCellError(
            self._named("indicator"), self._cell(cells, "indicator"), "says neither in nor out"
        )

    def _by_columns(self, cells, currency) -> Decimal:
        found = {
            name: self._number(cells, name, currency)
            for name in ("debit", "credit")
            if name in self._places and self._cell(cells, name) not in (None, "")
        }
        moved = {name: value for name, value in found.items() if value}
        if len(moved) > 1 or not found:
            name = "debit" if "debit" in self._places else "credit"
            what = "stands beside another amount" if moved else "is empty, and so is the other side"
            raise _BadCellError(self._named(name), self._cell(cells, name), what)
        name, value = next(iter((moved or found).items()))
        if value < 0 and not (name == "debit" and self._signed_debits):
            raise _BadCellError(self._named(name), self._cell(cells, name), "has a sign of its own")
        return 0 - abs(value) if name == "debit" else value

    def _number(self, cells, name, currency) -> Decimal:
        cell = self._cell(cells, name)
        amount = self._amount_or_none(cell, currency)
        if amount is None:
            raise _BadCellError(self._named(name), cell, f"is not an amount in {currency}")
        return amount

    def _amount_or_none(self, cell: Cell, currency: str | None) -> Decimal | None:
        if isinstance(cell, Decimal) and currency:
            if not cell.is_finite() or cell.adjusted() > _MAX_DIGITS:
                return None
            # A spreadsheet counts in floating point: what differs by less than it can hold is the amount.
            exact = cell.quantize(Decimal(1).scaleb(-minor_unit_exponent(currency)))
            return exact if abs(exact - cell) < Decimal("1e-7") else None
        if not isinstance(cell, str) or not currency:
            return None
        return read_amount(bare_amount(cell, currency), self._mark, currency)

    def _stated_balance(self, cells, currency) -> Decimal | None:
        if self._cell(cells, "balance") in (None, ""):
            return None
        return self._number(cells, "balance", currency)

    def _last_balance(self, balances, currency) -> tuple[Balance, ...]:
        stated = [(line, value) for line, value in balances if value is not None]
        if not stated:
            return ()
        newest_first = stated[0][0].booking_date > stated[-1][0].booking_date
        line, value = stated[0] if newest_first else stated[-1]
        return (Balance(type="ITBD", amount=value, currency=currency, date=line.booking_date),)


def bare_amount(text: str, currency: str | None) -> str:
    """Return an amount without the currency that is written with it."""
    for mark in (currency, _SYMBOLS.get(currency or "")):
        if mark:
            text = text.strip().removeprefix(mark).removesuffix(mark)
    return text.strip()
