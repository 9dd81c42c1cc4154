"""What a stored column profile says of a table."""

from __future__ import annotations

import datetime
from dataclasses import dataclass
from decimal import Decimal

from .documents import Warn

# What stands in a fee's column: part of the amount; to be taken from it; to be added to it with its sign.
FEE_INSIDE = "inside"
FEE_MINUS = "minus"
FEE_PLUS = "plus"
FEES = (FEE_INSIDE, FEE_MINUS, FEE_PLUS)
# Days as workbooks count them, in place of an order of day, month and year.
SERIAL = "serial"
# From March 1900 on it is right: the count has a 29 February of that year.
WINDOWS_EPOCH = datetime.date(1899, 12, 30)

Cell = str | Decimal | datetime.date | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Profile:
    """Which column is what. A column is named by its header, or by its number from 1.

    :ivar amount: signed; or ``debit`` and ``credit`` hold one amount each; or ``amount`` is without a sign
        and ``indicator`` says which way.
    :ivar debit_words: what stands in ``indicator`` when money goes out; ``credit_words`` when it comes in.
    :ivar reversed: positive amounts go out, as some cards are exported.
    :ivar dates: order of day, month and year, or :data:`SERIAL`; shown by the file where it is left out.
    :ivar decimals: decimal mark; as ``dates``.
    :ivar skip: rows before the header, or before the first row where there is none; ``skip_end`` after the last.
    :ivar fee: the bank's charge; ``fees`` says what it means for the amount, one of :data:`FEES`.
    :ivar reversal: column that says in one of ``reversal_words`` that the row takes another one back.
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
    fee: str | None = None
    fees: str | None = None
    reversal: str | None = None
    reversal_words: tuple[str, ...] = ()
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


COLUMNS = (
    "booking_date",
    "value_date",
    "amount",
    "debit",
    "credit",
    "indicator",
    "balance",
    "fee",
    "reversal",
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
    """The rows that hold transactions.

    :ivar rows: (number of the row in the file, its cells).
    :ivar remarks: what a person is told of how it was read.
    :ivar epoch: the day that serial dates are counted from.
    :ivar behind: the rows that the profile leaves out at the end.
    """

    header: tuple[str, ...]
    rows: tuple[tuple[int, tuple[Cell, ...]], ...]
    source_format: str
    remarks: tuple[Warn, ...] = ()
    epoch: datetime.date = WINDOWS_EPOCH
    behind: tuple[tuple[int, tuple[Cell, ...]], ...] = ()
