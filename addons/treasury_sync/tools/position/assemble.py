"""A group's cash position put together: converted, without what the group owes itself, and saying what is missing."""

from __future__ import annotations

import datetime
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal

from . import ladder as ladders
from .completeness import age, state
from .figures import BROKEN, MISSING, STALE, Account, Balance, Difference, Entity, Finding, explain
from .ladder import Flow
from .rates import Conversion, MissingRateError, RateTable
from .transfers import Transfer, on_its_way

SCHEMA = "cash_position.v1"
_CODES = {MISSING: "position_missing", STALE: "position_stale", BROKEN: "position_broken"}


@dataclass(frozen=True, slots=True, kw_only=True)
class Inputs:
    """Everything that a position is computed from.

    :ivar currency: of the group, with its ``decimals``.
    :ivar max_rate_age: days after which a rate is too old to be called known.
    :ivar today: the day it is looked at, which is not over.
    """

    day: datetime.date
    known_at: datetime.datetime
    today: datetime.date
    currency: str
    decimals: int
    entities: Sequence[Entity]
    accounts: Sequence[Account]
    rates: RateTable
    max_rate_age: int = 7
    transfers: Sequence[Transfer] = ()
    flows: Sequence[Flow] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class AccountLine:
    """An account in the position; ``converted`` is None where there is no balance or no rate."""

    account: Account
    state: str
    age: int | None
    booked: Balance | None
    available: Balance | None
    difference: Difference | None
    conversion: Conversion | None
    converted: Decimal | None
    eliminated: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class Sum:
    """What the accounts of one entity, bank or currency add up to, in the currency of the group.

    :ivar own: in the currency itself; only of a currency.
    """

    key: str
    name: str
    converted: Decimal
    accounts: int
    complete: bool
    own: Decimal | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Elimination:
    """What is counted differently for the group than for its entities, in the currency of the group."""

    kind: str
    entity_id: int
    other_id: int | None
    account_id: int | None
    currency: str
    amount: Decimal
    converted: Decimal
    day: datetime.date


@dataclass(frozen=True, slots=True, kw_only=True)
class Position:
    """A cash position. ``group`` is ``entities`` + ``in_house`` + ``on_its_way``."""

    inputs: Inputs
    lines: Sequence[AccountLine]
    entities: Decimal
    in_house: Decimal
    on_its_way: Decimal
    by_entity: Sequence[Sum]
    by_bank: Sequence[Sum]
    by_currency: Sequence[Sum]
    eliminations: Sequence[Elimination]
    conversions: Sequence[Conversion]
    findings: Sequence[Finding]
    days: Sequence[ladders.Period]
    weeks: Sequence[ladders.Period]
    overdue: Decimal
    flows: Sequence[tuple[Flow, Decimal]]

    @property
    def group(self) -> Decimal:
        """What the group has."""
        return self.entities + self.in_house + self.on_its_way

    @property
    def complete(self) -> bool:
        """Whether nothing is missing that it should be made of."""
        return not any(finding.blocking for finding in self.findings)


def assemble(inputs: Inputs) -> Position:
    """Put a position together. What is missing is left out and named in the findings, never guessed."""
    work = _Work(inputs)
    lines = [work.line(account) for account in inputs.accounts]
    for entity in inputs.entities:
        if entity.code is None:
            work.find("position_unmapped", entity.name, {"entity_id": entity.id})
    eliminations = work.eliminations(lines)
    on_way = _total(each for each in eliminations if each.kind == "on_its_way")
    in_house = _total(each for each in eliminations if each.kind == "in_house")
    counted = [line for line in lines if line.converted is not None]
    entities = sum((line.converted for line in counted), Decimal(0))
    flows, overdue = work.flows()
    opening = entities + in_house + on_way
    dated = [(flow.expected, amount) for flow, amount in flows]
    names = {entity.id: entity for entity in inputs.entities}
    return Position(
        inputs=inputs,
        lines=lines,
        entities=entities,
        in_house=in_house,
        on_its_way=on_way,
        by_entity=_sums(
            lines,
            lambda line: (
                names[line.account.entity_id].code or f"#{line.account.entity_id}",
                names[line.account.entity_id].name,
            ),
        ),
        by_bank=_sums(lines, lambda line: (line.account.bank, line.account.bank)),
        by_currency=_sums(
            lines, lambda line: (line.account.currency, line.account.currency), own=True
        ),
        eliminations=eliminations,
        conversions=sorted(work.conversions.values(), key=lambda each: each.currency),
        findings=work.findings,
        days=_forecast(inputs, opening, dated, ladders.DAYS),
        weeks=_forecast(inputs, opening, dated, ladders.WEEKS),
        overdue=overdue,
        flows=flows,
    )


def _forecast(inputs, opening, dated, step):
    """What is coming, which can only be told from what is there now."""
    if inputs.day < inputs.today:
        return []
    return ladders.climb(opening, dated, ladders.rungs(step, inputs.today))


class _Work:
    def __init__(self, inputs: Inputs):
        self.inputs = inputs
        self.findings: list[Finding] = []
        self.conversions: dict[str, Conversion] = {}
        self._without_rate: set[str] = set()

    def find(self, code: str, subject: str, figures: Mapping, *, blocking: bool = True) -> None:
        self.findings.append(
            Finding(code=code, subject=subject, figures=dict(figures), blocking=blocking)
        )

    def conversion(self, currency: str) -> Conversion | None:
        if currency in self._without_rate:
            return None
        if currency not in self.conversions:
            try:
                found = self.inputs.rates.conversion(currency, self.inputs.currency)
            except MissingRateError as error:
                self._without_rate.add(currency)
                self.find("position_rate_missing", error.currency, {"day": error.day})
                return None
            self.conversions[currency] = found
            if found.age > self.inputs.max_rate_age:
                self.find("position_rate_old", currency, {"day": found.day, "days": found.age})
        return self.conversions[currency]

    def convert(self, currency: str, amount: Decimal) -> Decimal | None:
        conversion = self.conversion(currency)
        return conversion and conversion.convert(amount, self.inputs.decimals)

    def line(self, account: Account) -> AccountLine:
        inputs = self.inputs
        found = state(account, inputs.day, inputs.today)
        lag = age(account, inputs.day, inputs.today)
        if found in _CODES:
            self.find(_CODES[found], account.name, {"account_id": account.id, "age": lag})
        booked = account.booked
        difference = explain(booked.amount, account.books) if booked else None
        if difference and difference.unexplained:
            self.find(
                "position_unexplained",
                account.name,
                {"account_id": account.id, "amount": difference.unexplained},
                blocking=False,
            )
        # A balance with the overdraft in it is no cash.
        available = max(
            (
                balance
                for balance in account.balances
                if balance.type in ("CLAV", "ITAV") and not balance.credit_line_included
            ),
            key=lambda balance: (balance.day, balance.known_at),
            default=None,
        )
        return AccountLine(
            account=account,
            state=found,
            age=lag,
            booked=booked,
            available=available,
            difference=difference,
            conversion=self.conversion(account.currency) if booked else None,
            converted=self.convert(account.currency, booked.amount) if booked else None,
            eliminated=account.kept_by is not None and account.kept_by in self._ids(),
        )

    def _ids(self):
        return {entity.id for entity in self.inputs.entities}

    def eliminations(self, lines: Iterable[AccountLine]) -> list[Elimination]:
        found = [
            Elimination(
                kind="in_house",
                entity_id=line.account.entity_id,
                other_id=line.account.kept_by,
                account_id=line.account.id,
                currency=line.account.currency,
                amount=-line.booked.amount,
                converted=-line.converted,
                day=line.booked.day,
            )
            for line in lines
            if line.eliminated and line.converted is not None
        ]
        waiting, late = on_its_way(self.inputs.transfers, self.inputs.day)
        for each in waiting:
            transfer = each.transfer
            converted = self.convert(transfer.currency, each.amount)
            if converted is not None:
                found.append(
                    Elimination(
                        kind="on_its_way",
                        entity_id=transfer.entity_id,
                        other_id=transfer.other_id,
                        account_id=transfer.account_id,
                        currency=transfer.currency,
                        amount=each.amount,
                        converted=converted,
                        day=transfer.day,
                    )
                )
        for transfer in late:
            self.find(
                "position_transfer_late",
                transfer.currency,
                {"line_id": transfer.id, "amount": transfer.amount, "day": transfer.day},
                blocking=False,
            )
        return found

    def flows(self) -> tuple[list[tuple[Flow, Decimal]], Decimal]:
        """Return what is expected from others, converted; and what is overdue, without a day to expect it on."""
        ids = self._ids()
        expected, overdue = [], Decimal(0)
        for flow in self.inputs.flows:
            if flow.other_id in ids:
                continue
            amount = self.convert(flow.currency, flow.amount)
            if amount is None:
                continue
            if flow.expected is None:
                overdue += amount
            else:
                expected.append((flow, amount))
        return expected, overdue


def _total(eliminations):
    return sum((each.converted for each in eliminations), Decimal(0))


def _sums(lines, key, *, own=False):
    groups: dict[tuple, list[AccountLine]] = {}
    for line in lines:
        groups.setdefault(key(line), []).append(line)
    sums = []
    for (code, name), group in groups.items():
        booked = [line.booked.amount for line in group if line.booked]
        sums.append(
            Sum(
                key=code,
                name=name,
                converted=sum((line.converted or Decimal(0) for line in group), Decimal(0)),
                accounts=len(group),
                complete=all(
                    line.state not in _CODES and (line.converted is not None or not line.booked)
                    for line in group
                ),
                own=sum(booked, Decimal(0)) if own else None,
            )
        )
    return sorted(sums, key=lambda each: (-abs(each.converted), each.key))
