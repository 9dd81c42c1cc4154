"""What the engine is told of bank lines and open items, and what it answers.

Money is a whole number of the currency's smallest unit, so sums are exact. The sign of an item is that of the bank
line which pays it: positive for money that is to come in. Ids are the caller's; equal ids are one record.
"""

from __future__ import annotations

import datetime
from collections.abc import Mapping
from dataclasses import dataclass, field

# Strength of what a text says about an item, the strongest last.
LIKE = 1
CORE = 2
NUMBER = 3
REFERENCE = 4

# Outcomes.
AUTO = "auto"
PROPOSE = "propose"
AMBIGUOUS = "ambiguous"
NONE = "none"


@dataclass(frozen=True, slots=True)
class Text:
    """One field of a line that may hold evidence.

    :ivar field: name of the field, for highlighting.
    :ivar structured: the payer filled it in as a reference, so all of it is one.
    """

    field: str
    value: str
    structured: bool = False


@dataclass(frozen=True, slots=True)
class Line:
    """A booked line of a bank account that nothing pays for yet.

    :ivar amounts: (currency, signed minor units), the booked one first, then those the bank stated as instructed.
    :ivar iban: account of the other party, normalised; empty when unknown.
    :ivar partner: party that the caller knows it is from; 0 when unknown.
    """

    id: int
    company: int
    journal: int
    amounts: tuple[tuple[str, int], ...]
    date: datetime.date
    texts: tuple[Text, ...] = ()
    iban: str = ""
    name: str = ""
    mandate: str = ""
    partner: int = 0

    @property
    def order(self):
        return self.date, abs(self.amounts[0][1]), self.id


@dataclass(frozen=True, slots=True)
class Item:
    """An open item, or anything else that a bank line may settle.

    :ivar document: entry it is a part of; items of one document (instalments) are no rivals of each other.
    :ivar residual: signed minor units still open, in ``currency``.
    :ivar references: as issued: payment references, end-to-end ids, whole and unnormalised.
    :ivar numbers: document numbers, as printed.
    :ivar mandate: of the direct debit that collects it, normalised; as a line's.
    :ivar discounted: what is due instead of ``residual`` until ``discount_until``; None without a discount.
    :ivar kind: ``item`` (receivable, payable), ``transit`` (payment on its way), or a source's own.
    :ivar members: (item, minor units) that it stands for, where it is a batch or a payout; its own ``id`` is then
        negative.
    """

    id: int
    company: int
    currency: str
    residual: int
    document: int
    partner: int = 0
    due: datetime.date | None = None
    references: tuple[str, ...] = ()
    numbers: tuple[str, ...] = ()
    mandate: str = ""
    discounted: int | None = None
    discount_until: datetime.date | None = None
    kind: str = "item"
    members: tuple[tuple[int, int], ...] = ()


@dataclass(frozen=True, slots=True)
class Tolerance:
    """A difference that the company accepts, by an active rule.

    :ivar rule: id of the rule; it is kept with each decision.
    :ivar kind: ``fee`` (up to a maximum), ``rounding`` (either way, up to it) or ``withholding`` (exactly a rate).
    :ivar currency: of ``maximum``; the rule speaks of items in it only.
    :ivar rate: of the open amount, in ten-thousandths: 2,000 is 20 %; for ``fee`` 0 sets no such limit.
    """

    rule: int
    company: int
    kind: str
    currency: str
    maximum: int = 0
    rate: int = 0
    partners: frozenset[int] = frozenset()
    journals: frozenset[int] = frozenset()


@dataclass(frozen=True, slots=True)
class Parties:
    """Who is known by what, for one company.

    :ivar ibans: account number -> partners whose it is.
    :ivar names: folded name (:func:`..words.fold_name`) -> partners of that name.
    :ivar shown: partner -> name as written, for likeness.
    :ivar several: partners that are known to pay several items at once.
    """

    ibans: Mapping[str, frozenset[int]] = field(default_factory=dict)
    names: Mapping[str, frozenset[int]] = field(default_factory=dict)
    shown: Mapping[int, str] = field(default_factory=dict)
    several: frozenset[int] = frozenset()


@dataclass(frozen=True, slots=True)
class Span:
    """Where in a line a piece of evidence stands: characters ``start`` to ``end`` of ``field``."""

    field: str
    start: int
    end: int
    kind: str
    item: int = 0


@dataclass(frozen=True, slots=True)
class Part:
    """One reason of a score: its code, the points and the figures its sentence needs."""

    code: str
    points: int
    params: tuple[tuple[str, str], ...] = ()


@dataclass(frozen=True, slots=True)
class Proposal:
    """One way to settle a line.

    :ivar allocations: (item, signed minor units of the item's currency that the line pays of it).
    :ivar currency: in which the line is compared: one of its ``amounts``.
    :ivar difference: signed minor units of the line that no item explains.
    :ivar difference_kind: ``fee``, ``rounding``, ``withholding``, ``discount``, ``over``; ``short`` for a part payment,
        whose ``difference`` is 0 since the rest stays open.
    :ivar found_by: which pass found it: ``exact``, ``tolerance``, ``one_to_many``, ``many_to_one``, ``currency`` or
        ``fuzzy``.
    :ivar pattern: evidence it rests on, as ``reference:amount:party``; precision is measured for each.
    :ivar certain: the evidence is of a kind that may post by itself, if nothing rivals it.
    """

    line: int
    allocations: tuple[tuple[int, int], ...]
    currency: str
    found_by: str
    pattern: str
    score: int
    parts: tuple[Part, ...] = ()
    spans: tuple[Span, ...] = ()
    difference: int = 0
    difference_kind: str = ""
    rule: int = 0
    certain: bool = False

    @property
    def items(self) -> tuple[int, ...]:
        return tuple([item for item, _amount in self.allocations])


@dataclass(frozen=True, slots=True)
class Decision:
    """What becomes of a line.

    :ivar outcome: ``auto`` (the first proposal is certain), ``propose``, ``ambiguous`` or ``none``.
    :ivar reason: why not ``auto``, as a code with its figures; ``certain`` when it is.
    :ivar proposals: ranked, the best first; the second is the runner-up.
    """

    line: int
    outcome: str
    reason: Part
    proposals: tuple[Proposal, ...] = ()
