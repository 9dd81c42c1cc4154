"""The cells of a table's rows, by its profile: what they say, or which of them cannot be read and why."""

from __future__ import annotations

import datetime
import re
from collections.abc import Sequence
from decimal import Decimal

from odoo.addons.finance_connector_base.tools.money import minor_unit_exponent

from .column_profile import COLUMNS, FEE_INSIDE, FEE_PLUS, FEES, SERIAL, Cell, Profile, Table
from .documents import Charge
from .errors import StatementFormatError
from .written_values import date_order, day_of, decimal_mark, read_amount, read_date

_MAX_DIGITS = 18
# Days of a workbook: from about 1950 to 2099. A “14.03” is none.
_FIRST_DAY, _LAST_DAY = 18_000, 73_050
_COUNTED = re.compile(r"(\d{5})(?:\.\d{1,20})?", re.ASCII)
_SYMBOLS = {
    "EUR": ("€",),
    "USD": ("$",),
    "GBP": ("£",),
    "JPY": ("¥",),
    "CHF": ("Fr.",),
    "CZK": ("Kč",),
    "PLN": ("zł",),
    "HUF": ("Ft",),
    "RON": ("lei",),
    "SEK": ("kr", "kr."),
    "NOK": ("kr", "kr."),
    "DKK": ("kr", "kr."),
    "TRY": ("₺", "TL"),
    "INR": ("₹", "Rs."),
}


class BadCellError(Exception):
    """A cell cannot be understood; never leaves the readers of tables."""

    def __init__(self, column: str, cell: Cell, reason: str):
        shown = f"“{str(cell)[:60]}”" if cell not in (None, "") else "(empty)"
        super().__init__(f"Column “{column}”: {shown} {reason}.")
        self.column = column


class Cells:
    """Reads the cells of one table; how dates and amounts are written is what all of them show."""

    def __init__(self, table: Table, profile: Profile, currency: str | None):
        self._table = table
        self._profile = profile
        self.places = _find_columns(table, profile)
        self._order = profile.dates
        if self._order != SERIAL:
            self._order = date_order(
                (day_of(cell) for cell in self.column("booking_date") if isinstance(cell, str)),
                profile.dates,
            )
        amounts = [
            cell
            for name in ("amount", "debit", "credit")
            for cell in self.column(name)
            if isinstance(cell, str)
        ]
        first = currency or next(
            (str(cell).strip().upper() for cell in self.column("currency_column") if cell), None
        )
        self._mark = (
            decimal_mark((bare_amount(cell, first) for cell in amounts), first, profile.decimals)
            if first
            else profile.decimals or "."
        )
        # Some banks write a minus into their debit column as well; then all of them.
        self._signed_debits = self._signs("debit", first) == {-1}
        self._one_sign_of_fees = len(self._signs("fee", first)) < 2

    def column(self, name: str) -> list[Cell]:
        place = self.places.get(name)
        if place is None:
            return []
        return [cells[place] for _number, cells in self._table.rows if place < len(cells)]

    def _signs(self, name: str, currency: str | None) -> set[int]:
        amounts = [self._amount_or_none(cell, currency) for cell in self.column(name)]
        return {1 if amount > 0 else -1 for amount in amounts if amount}

    def name(self, field: str) -> str:
        """Return the column's header, or else its number."""
        return self._table.header[self.places[field]] or str(self.places[field] + 1)

    def cell(self, cells: Sequence[Cell], field: str) -> Cell:
        place = self.places.get(field)
        return cells[place] if place is not None and place < len(cells) else None

    def text(self, cells, field) -> str | None:
        return plain_text(self.cell(cells, field)) or None

    # -- days -------------------------------------------------------------------------------------

    def day(self, cells, field) -> datetime.date:
        """:raise BadCellError: there is none."""
        cell = self.cell(cells, field)
        if isinstance(cell, datetime.date):
            return cell
        text = str(cell if cell is not None else "").strip()
        if self._order == SERIAL:
            found = self._counted(text)
        else:
            found = read_date(text, self._order) or read_date(day_of(text), self._order)
        if found is None:
            raise BadCellError(self.name(field), cell, "is not a date")
        return found

    def _counted(self, text: str) -> datetime.date | None:
        """Read a day as a workbook counts it; what stands behind the point is the time."""
        found = _COUNTED.fullmatch(text)
        days = int(found[1]) if found else 0
        if not _FIRST_DAY <= days <= _LAST_DAY:
            return None
        return self._table.epoch + datetime.timedelta(days=days)

    # -- money ------------------------------------------------------------------------------------

    def money(self, cells, currency: str) -> tuple[Decimal, tuple[Charge, ...]]:
        """Return the booked amount, and the bank's charges in it.

        :raise BadCellError: one of them is not to be known.
        """
        if "amount" in self.places:
            amount = self._number(cells, "amount", currency)
            if "indicator" in self.places:
                amount = self._by_indicator(cells, amount)
        else:
            amount = self._by_columns(cells, currency)
        if self._profile.reversed:
            amount = 0 - amount
        fee = self.number_or_none(cells, "fee", currency)
        if not fee:
            return amount, ()
        meaning = self._profile.fees
        if meaning == FEE_INSIDE:
            # Of fees with different signs, some are given back: which ones, nothing says.
            charges = (_charge(0 - abs(fee), currency),) if self._one_sign_of_fees else ()
            return amount, charges
        if meaning != FEE_PLUS:
            fee = 0 - fee
        return amount + fee, (_charge(fee, currency),)

    def _by_indicator(self, cells, amount) -> Decimal:
        word = (self.text(cells, "indicator") or "").casefold()
        if amount < 0:
            raise BadCellError(
                self.name("amount"), str(amount), "has a sign although a column says which way"
            )
        if word in {item.casefold() for item in self._profile.credit_words}:
            return amount
        if word in {item.casefold() for item in self._profile.debit_words}:
            return 0 - amount
        raise BadCellError(
            self.name("indicator"), self.cell(cells, "indicator"), "says neither in nor out"
        )

    def _by_columns(self, cells, currency) -> Decimal:
        found = {
            name: self._number(cells, name, currency)
            for name in ("debit", "credit")
            if name in self.places and self.cell(cells, name) not in (None, "")
        }
        moved = {name: value for name, value in found.items() if value}
        if len(moved) > 1 or not found:
            name = "debit" if "debit" in self.places else "credit"
            what = "stands beside another amount" if moved else "is empty, and so is the other side"
            raise BadCellError(self.name(name), self.cell(cells, name), what)
        name, value = next(iter((moved or found).items()))
        if value < 0 and not (name == "debit" and self._signed_debits):
            raise BadCellError(self.name(name), self.cell(cells, name), "has a sign of its own")
        return 0 - abs(value) if name == "debit" else value

    def number_or_none(self, cells, field, currency) -> Decimal | None:
        """Return the amount of a cell that may be empty.

        :raise BadCellError: it is neither.
        """
        if self.cell(cells, field) in (None, ""):
            return None
        return self._number(cells, field, currency)

    def _number(self, cells, field, currency) -> Decimal:
        cell = self.cell(cells, field)
        amount = self._amount_or_none(cell, currency)
        if amount is None:
            raise BadCellError(self.name(field), cell, f"is not an amount in {currency}")
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

    # -- what is said of the row ------------------------------------------------------------------

    def is_reversal(self, cells) -> bool:
        word = (self.text(cells, "reversal") or "").casefold()
        return bool(word) and word in {item.casefold() for item in self._profile.reversal_words}


def _charge(amount: Decimal, currency: str) -> Charge:
    return Charge(amount=amount, currency=currency, included=True)


def _find_columns(table: Table, profile: Profile) -> dict[str, int]:
    wanted = {name: getattr(profile, name) for name in COLUMNS}
    wanted |= {f"text {place}": name for place, name in enumerate(profile.text)}
    places, missing, known = {}, [], {}
    for place, name in enumerate(table.header):
        known.setdefault(name.casefold(), place)
    for field, name in wanted.items():
        if not name:
            continue
        place = known.get(plain_text(name).casefold())
        if place is None and name.strip().isdecimal() and int(name) >= 1:
            place = int(name) - 1
        if place is None or place >= len(table.header):
            missing.append(name)
        else:
            places[field] = place
    if missing:
        raise StatementFormatError(
            f"The table has no column {', '.join(f'“{name}”' for name in missing)}.",
            tag="header",
            reason=f"its columns: {', '.join(filter(None, table.header))}"[:500],
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
    if "fee" in places and profile.fees not in FEES:
        raise StatementFormatError(
            f"The column profile does not say what a fee in the column “{profile.fee}” means for the amount.",
            tag=profile.fee,
            reason="inside the amount, or beside it",
            code="statement_profile",
            next_step="Say in the column profile whether the amount has the fee in it already.",
        )
    return places


def plain_text(cell: Cell) -> str:
    return " ".join(str(cell if cell is not None else "").split())


def bare_amount(text: str, currency: str | None) -> str:
    """Return an amount without the currency that is written with it."""
    for mark in (currency, *_SYMBOLS.get(currency or "", ())):
        if mark:
            text = text.strip().removeprefix(mark).removesuffix(mark)
    return text.strip()
