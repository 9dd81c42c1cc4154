"""Statements in tables, CSV, XLSX and web pages, by a profile that says which column is what.

A table says nothing of itself, so nothing is taken for granted: a column that the profile names has to be
there, a cell that is no date or amount makes its row an exception with the row, the column and the cell.
Where the bank gives the balance after each row, the rows are proven against it.
"""

from __future__ import annotations

import datetime
from dataclasses import replace
from decimal import Decimal

from odoo.addons.finance_connector_base.tools.money import MoneyError, minor_unit_exponent

from . import row_status, spreadsheet, text_encoding, web_table
from .checks import check_row_balances
from .column_cells import BadCellError, Cells, plain_text
from .column_profile import Profile, Table
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


def read(
    content: bytes,
    *,
    profile: Profile | None = None,
    currency: str | None = None,
    account: AccountRef | None = None,
    encoding: str | None = None,
    **_told,
) -> list[Statement]:
    """Return a statement for each account and currency in the table.

    :param currency: of the amounts, where neither a column nor the profile says it.
    :param account: where no column says it.
    :param encoding: of the characters, where the profile does not say it.
    :raise StatementFormatError: there is no profile, a column is missing, or the file is no table.
    """
    if profile is None:
        raise StatementFormatError(
            "A table needs a column profile that says which column is what.",
            reason="no profile was chosen",
            code="statement_profile",
            next_step="Choose a column profile at the upload or on the bank feed, or make one.",
        )
    if not profile.encoding:
        profile = replace(profile, encoding=encoding)
    table = open_table(content, profile)
    return _Reader(table, profile, currency, account).statements()


def open_table(content: bytes, profile: Profile) -> Table:
    """Return the rows that hold transactions, and their header.

    :raise StatementFormatError: the file is damaged or empty.
    """
    table = all_rows(content, profile)
    rows = list(table.rows)[profile.skip :]
    behind = rows[-profile.skip_end :] if profile.skip_end else []
    rows = rows[: len(rows) - len(behind)]
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
    return replace(table, header=header, rows=tuple(rows), behind=tuple(behind))


def all_rows(content: bytes, profile: Profile) -> Table:
    """Return all rows of a file as one table without a header."""
    if spreadsheet.is_xlsx(content):
        return spreadsheet.read(content, profile.sheet)
    spreadsheet.refuse_others(content)
    decoded = text_encoding.decode(
        content, profile.encoding or web_table.declared_encoding(content)
    )
    if web_table.matches(decoded.text):
        return replace(web_table.read(decoded.text, profile.sheet), remarks=decoded.remarks)
    rows = csv_rows(decoded.text, profile.delimiter or find_delimiter(decoded.text))
    return Table((), tuple(rows), "csv", decoded.remarks)


class _Reader:
    def __init__(self, table, profile, currency, account):
        self._table = table
        self._profile = profile
        self._currency = currency
        self._account = account
        self._cells = Cells(table, profile, currency)
        self._remarks = table.remarks
        days = ("booking_date", "value_date")
        self._said = {place for name, place in self._cells.places.items() if name not in days}
        self._left_out = self._left_out_bookings()

    def statements(self) -> list[Statement]:
        groups: dict[tuple, list] = {}
        rows = (*self._table.rows, *self._left_out.items())
        for place, (number, cells) in enumerate(rows, 1):
            groups.setdefault(self._account_of(cells), []).append((place, number, cells))
        return [
            self._statement(number, account, rows)
            for number, (account, rows) in enumerate(groups.items(), 1)
        ]

    def _left_out_bookings(self) -> dict[int, tuple]:
        """Return rows left out at the end that the balances prove to be bookings; others with day and amount are told.

        The bank may write fewer totals and notes another time.

        :raise StatementFormatError: nothing else is in the table, so that nobody would be told.
        """
        proven, likely = [], []
        rows = self._table.rows
        before = self._figures(rows[-1][1]) if rows else None
        for number, cells in self._table.behind:
            here = self._figures(cells)
            if here and before and None not in (before[1], here[1]):
                downwards, upwards = before[1] + here[0], here[1] + before[0]
                (proven if here[1] == downwards or before[1] == upwards else likely).append(
                    (number, cells)
                )
            elif here:
                likely.append((number, cells))
            before = here
        if likely:
            numbers = ", ".join(str(number) for number, _cells in likely[:20])
            told = "Left out at the end as the profile says, though it has a day and an amount"
            if not rows:
                raise StatementFormatError(
                    f"{told}: row {numbers}, and there is no other one.",
                    tag=f"row {likely[0][0]}",
                    reason=f"the column profile leaves out the last rows: {self._profile.skip_end}",
                    code="statement_profile",
                    next_step="Say in a column profile how many totals and notes there are at the end of this file.",
                )
            self._remarks += (Warn(path="row", message=f"{told}: row {numbers}."),)
        return dict(proven)

    def _figures(self, cells) -> tuple[Decimal, Decimal | None] | None:
        """Return the amount and the balance of a row that has a day, None for any other."""
        try:
            currency = self._account_of(cells).currency
            self._cells.day(cells, "booking_date")
            amount, _charges = self._cells.money(cells, currency)
            return amount, self._cells.number_or_none(cells, "balance", currency)
        except (BadCellError, StatementFormatError):
            return None

    def _account_of(self, cells) -> AccountRef:
        currency = (self._cells.text(cells, "currency_column") or self._currency or "").upper()
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
        number = self._cells.text(cells, "account_column")
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
        warnings = list(self._remarks)
        header = self._table.header
        for place, line, cells in rows:
            place_of_word = row_status.find_word(cells[: len(header)], self._said)
            word = cells[place_of_word] if self._says_status(place_of_word) else ""
            if word.casefold() in row_status.REFUSED:
                warnings.append(
                    Warn(path="row", message=f"Row {line} is no booking: the bank says “{word}”.")
                )
                continue
            position = Position(statement=number, entry=place, line=line)
            amount = None
            try:
                if line in self._left_out:
                    raise BadCellError(
                        self._cells.name("booking_date"),
                        self._cells.cell(cells, "booking_date"),
                        "is of a booking, as the balances show, and the profile leaves the last rows out",
                    )
                if self._table.source_format == "html" and any(cells[len(header) :]):
                    # Where the end of a row is damaged, the next one goes on in it.
                    raise BadCellError(
                        header[-1], cells[len(header)], "stands behind the last column"
                    )
                if len(cells) < len(header) and self._table.source_format in ("csv", "html"):
                    raise BadCellError(header[len(cells)], None, "is missing: the row is too short")
                amount, charges = self._cells.money(cells, account.currency)
                if place_of_word is not None and not word:
                    reason = (
                        "may say that it is not booked: where it does not, read the column as text"
                    )
                    raise BadCellError(header[place_of_word], cells[place_of_word], reason)
                transaction = self._transaction(
                    cells, amount, charges, account.currency, position, word
                )
                stated = self._cells.number_or_none(cells, "balance", account.currency)
                transactions.append(transaction)
                if transaction.status == BOOKED:
                    balances.append((transaction, stated))
            except BadCellError as error:
                evidence = dict(zip(header, (str(cell or "") for cell in cells), strict=False))
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
            balances=_last_balance(balances, account.currency),
            transactions=tuple(transactions),
            bad_entries=tuple(bad_entries),
            findings=() if bad_entries else check_row_balances(balances),
            warnings=tuple(warnings),
        )

    def _says_status(self, place: int | None) -> bool:
        """Whether a word there says of the row whether it is booked: in a column of that name, or instead of a day."""
        if place is None:
            return False
        return place in self._cells.places.values() or row_status.says_it(self._table.header[place])

    def _transaction(self, cells, amount, charges, currency, position, unbooked) -> Transaction:
        read = self._cells
        texts = [read.text(cells, f"text {place}") for place in range(len(self._profile.text))]
        # mBank puts it between apostrophes, for Excel to leave its digits alone.
        number = (read.text(cells, "partner_account") or "").strip("'") or None
        compact = "".join((number or "").split()).upper()
        is_iban = len(compact) >= 15 and compact[:2].isalpha() and compact[2:4].isdigit()
        return Transaction(
            amount=amount,
            currency=currency,
            status=PENDING if unbooked else BOOKED,
            position=position,
            booking_date=self._day(cells, "booking_date", unbooked),
            value_date=(
                self._day(cells, "value_date", unbooked) if read.cell(cells, "value_date") else None
            ),
            reversal=read.is_reversal(cells),
            account_servicer_ref=read.text(cells, "reference"),
            end_to_end_id=read.text(cells, "end_to_end_id"),
            mandate_id=read.text(cells, "mandate_id"),
            counterparty=Party(
                name=read.text(cells, "partner_name"),
                iban=compact if is_iban else None,
                other_id=number if number and not is_iban else None,
                bic=read.text(cells, "partner_bic"),
            ),
            remittance=tuple(text for text in texts if text),
            charges=charges,
        )

    def _day(self, cells, name, unbooked) -> datetime.date | None:
        try:
            return self._cells.day(cells, name)
        except BadCellError:
            # What is not booked yet need not have a day.
            if not unbooked:
                raise
            return None


def _last_balance(balances, currency) -> tuple[Balance, ...]:
    stated = [(line, value) for line, value in balances if value is not None]
    if not stated:
        return ()
    newest_first = stated[0][0].booking_date > stated[-1][0].booking_date
    line, value = stated[0] if newest_first else stated[-1]
    return (Balance(type="ITBD", amount=value, currency=currency, date=line.booking_date),)
