"""Proofs that a statement is complete and follows the one before; pure, without a memory.

Every proof returns findings. One of severity ``error`` means that the statement must not be posted
before a person looked at it; none of them repairs anything.
"""

from __future__ import annotations

import datetime
import itertools
from collections.abc import Sequence
from dataclasses import dataclass
from decimal import Decimal

from .documents import (
    BOOKED,
    STATEMENT,
    BadEntry,
    Balance,
    Finding,
    Position,
    Statement,
    Transaction,
)

ZERO = Decimal(0)


@dataclass(slots=True)
class Tally:
    """Counts and sums of what was read, by entry of the account; sums are signed.

    ``all_*`` hold pending and information entries as well, since banks differ in what their totals
    count. ``unreadable`` counts bad entries whose booked amount, or status, is not to be known.
    """

    booked_count: int = 0
    booked_sum: Decimal = ZERO
    credit_count: int = 0
    credit_sum: Decimal = ZERO
    debit_count: int = 0
    debit_sum: Decimal = ZERO
    all_count: int = 0
    all_sum: Decimal = ZERO
    all_credit_count: int = 0
    all_credit_sum: Decimal = ZERO
    pending_count: int = 0
    bad_count: int = 0
    unreadable: int = 0
    first_date: datetime.date | None = None
    last_date: datetime.date | None = None

    def add(self, transaction: Transaction):
        # The lines of a split batch are one entry.
        entries = 1 if transaction.position.detail <= 1 else 0
        self._count(entries, transaction.amount, transaction.status)
        if transaction.status == BOOKED:
            day = transaction.booking_date
            self.first_date = min(self.first_date or day, day)
            self.last_date = max(self.last_date or day, day)

    def add_bad(self, bad: BadEntry):
        """Count a bad entry: its amount belongs to the balance, even if it cannot be posted."""
        self.bad_count += 1
        if bad.amount is None or bad.status is None:
            self.unreadable += 1
        else:
            self._count(1, bad.amount, bad.status)

    def _count(self, entries: int, amount: Decimal, status: str):
        self.all_count += entries
        self.all_sum += amount
        if amount > 0:
            self.all_credit_count += entries
            self.all_credit_sum += amount
        if status != BOOKED:
            self.pending_count += entries
            return
        self.booked_count += entries
        self.booked_sum += amount
        if amount > 0:
            self.credit_count += entries
            self.credit_sum += amount
        else:
            self.debit_count += entries
            self.debit_sum += amount


def only_balance(found: Sequence[Balance], position: Position, findings: list[Finding]) -> Balance:
    """Return the balance that a document gives, once or again, of one type.

    :param found: one at least, of one type; different amounts leave a finding
    """
    amounts = {balance.amount for balance in found}
    if len(amounts) > 1:
        findings.append(
            Finding(
                code="balance_ambiguous",
                message=f"The statement gives {len(amounts)} different {found[0].type} balances.",
                severity="error",
                expected=str(found[0].amount),
                actual=", ".join(str(balance.amount) for balance in found[1:]),
                position=position,
            )
        )
    return found[0]


def tally(statement: Statement) -> Tally:
    """Return the tally of a statement that holds its transactions."""
    result = Tally()
    for transaction in statement.transactions:
        result.add(transaction)
    for bad in statement.bad_entries:
        result.add_bad(bad)
    return result


def prove(statement: Statement, counted: Tally | None = None) -> tuple[Finding, ...]:
    """Run every proof that needs nothing but the statement.

    :param statement: may be without transactions when ``counted`` is given.
    :param counted: its tally; counted from the transactions when left out.
    :return: the reader's findings and those of the balance and the declared totals.
    """
    counted = counted or tally(statement)
    return statement.findings + check_balance(statement, counted) + check_totals(statement, counted)


def check_balance(statement: Statement, counted: Tally) -> tuple[Finding, ...]:
    """Prove that opening balance + booked entries = closing balance.

    Bad entries count with the amount they have; where one has none, nothing can be proven. Reports and
    notifications hold a part of a period: the statement proves it.
    """
    if statement.kind != STATEMENT:
        return ()
    place = _place(statement)
    if statement.opening is None or statement.closing is None:
        missing = " and ".join(
            name
            for name, balance in (("opening", statement.opening), ("closing", statement.closing))
            if balance is None
        )
        return (
            Finding(
                code="balance_missing",
                message=f"The bank gave no {missing} balance: the lines are not proven complete.",
                severity="info",
                position=place,
            ),
        )
    expected = statement.opening.amount + counted.booked_sum
    actual = statement.closing.amount
    if expected == actual:
        return ()
    difference = f"{actual - expected} {statement.closing.currency}"
    if counted.unreadable:
        return (
            Finding(
                code="balance_unproven",
                message=(
                    f"{difference} are not explained, and {counted.unreadable} unreadable entries "
                    "may be the reason: the balance is not proven."
                ),
                severity="warning",
                expected=str(expected),
                actual=str(actual),
                position=place,
            ),
        )
    return (
        Finding(
            code="balance_break",
            message=(
                f"Opening balance {statement.opening.amount} and booked entries "
                f"{counted.booked_sum} make {expected}, but the closing balance is {actual}: "
                f"{difference} are missing or too much."
            ),
            severity="error",
            expected=str(expected),
            actual=str(actual),
            position=place,
        ),
    )


def check_totals(statement: Statement, counted: Tally) -> tuple[Finding, ...]:
    """Compare the totals the bank declared with what was read.

    Banks count either the booked entries or all of them; either is accepted, figure by figure.
    """
    totals = statement.totals
    if totals is None:
        return ()
    booked_absolute = counted.credit_sum - counted.debit_sum
    all_debit_sum = counted.all_sum - counted.all_credit_sum
    all_debit_count = counted.all_count - counted.all_credit_count
    counts = (
        ("entries", totals.entries, counted.booked_count, counted.all_count),
        ("credit entries", totals.credit_entries, counted.credit_count, counted.all_credit_count),
        ("debit entries", totals.debit_entries, counted.debit_count, all_debit_count),
    )
    sums = (
        ("entries", totals.entries_sum, booked_absolute, counted.all_credit_sum - all_debit_sum),
        ("net", totals.net, counted.booked_sum, counted.all_sum),
        ("credit entries", totals.credit_sum, counted.credit_sum, counted.all_credit_sum),
        ("debit entries", totals.debit_sum, 0 - counted.debit_sum, 0 - all_debit_sum),
    )
    findings = []
    # Unreadable entries are in the bank's figures, on a side that is not known.
    if not counted.unreadable:
        findings += _differences("total_count", "count", counts, statement)
        findings += _differences("total_sum", "sum", sums, statement)
    return tuple(findings)


def _differences(code, word, rows, statement):
    for name, declared, booked, everything in rows:
        if declared is not None and declared not in (booked, everything):
            yield Finding(
                code=code,
                message=f"The statement declares a {word} of {declared} for {name}, "
                f"but holds {booked}.",
                severity="error",
                expected=str(declared),
                actual=str(booked),
                position=_place(statement),
            )


def details_differ(
    entry_amount: Decimal, total: Decimal, currency: str, position: Position
) -> Finding:
    """Return the finding of an entry whose details do not add up to it."""
    return Finding(
        code="detail_sum",
        message=(
            f"The details of an entry add up to {total}, the entry is booked with {entry_amount} "
            f"{currency}: it stays one line with the booked amount."
        ),
        severity="warning",
        expected=str(entry_amount),
        actual=str(total),
        position=position,
    )


def check_chain(previous_closing: Balance | None, statement: Statement) -> tuple[Finding, ...]:
    """Prove that the statement opens with the closing balance of the one before.

    :param previous_closing: None when there is no statement before, or it had no balance.
    """
    opening = statement.opening
    if previous_closing is None or opening is None:
        return ()
    before = (previous_closing.amount, previous_closing.currency)
    if before == (opening.amount, opening.currency):
        return ()
    return (
        Finding(
            code="opening_break",
            message=(
                f"The statement opens with {opening.amount} {opening.currency}, but the one before "
                f"closed with {previous_closing.amount} {previous_closing.currency}: a statement "
                "between them is missing, or one was changed."
            ),
            severity="error",
            expected=str(previous_closing.amount),
            actual=str(opening.amount),
            position=_place(statement),
        ),
    )


def check_sequence(
    previous: int | None,
    current: int | None,
    *,
    previous_date: datetime.date | None = None,
    current_date: datetime.date | None = None,
) -> tuple[Finding, ...]:
    """Find statements left out, by the bank's own numbering.

    Banks may start again with 1 each year: the dates, when given, tell that from a repetition.

    :param previous: number of the statement before; None when it is not known.
    :param current: number of this one.
    """
    if previous is None or current is None or current == previous + 1:
        return ()
    new_year = (
        previous_date is not None
        and current_date is not None
        and current_date.year > previous_date.year
    )
    if current <= previous and new_year:
        if current == 1:
            return ()
        return (_sequence_gap(1, current, "of the new year "),)
    if current > previous:
        return (_sequence_gap(previous + 1, current, ""),)
    return (
        Finding(
            code="sequence_repeat",
            message=f"Statement {current} comes after statement {previous}: sent again, or the "
            "bank started its numbering anew.",
            severity="warning",
            expected=str(previous + 1),
            actual=str(current),
        ),
    )


def _sequence_gap(expected: int, current: int, note: str) -> Finding:
    missing = str(expected) if current - expected == 1 else f"{expected} to {current - 1}"
    return Finding(
        code="sequence_gap",
        message=f"Statement {missing} {note}has not arrived: the next one is {current}.",
        severity="error",
        expected=str(expected),
        actual=str(current),
    )


def check_row_balances(
    balances: Sequence[tuple[Transaction, Decimal | None]],
) -> tuple[Finding, ...]:
    """Prove that the balance after each row is the one before and the row's amount, read downwards or upwards.

    :param balances: rows in the order of the table, each with its balance, or None where it has none.
    """
    stated = [(line, value) for line, value in balances if value is not None]
    if len(stated) != len(balances) or len(stated) < 2:
        return ()
    breaks = []
    for rows in (stated, stated[::-1]):
        wrong = [
            (line, before + line.amount, value)
            for (_line, before), (line, value) in itertools.pairwise(rows)
            if before + line.amount != value
        ]
        if not wrong:
            return ()
        breaks.append(wrong)
    line, expected, actual = min(breaks, key=len)[0]
    return (
        Finding(
            code="balance_break",
            message=f"The balance of row {line.position.line} is {actual}; the row beside it and the amount "
            f"{line.amount} make {expected}: a row is missing or was changed.",
            severity="error",
            expected=str(expected),
            actual=str(actual),
            position=line.position,
        ),
    )


def _place(statement: Statement) -> Position:
    return Position(statement=statement.position, entry=0)
