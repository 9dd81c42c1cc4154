"""What is to be posted for a statement line: frozen, complete, and checked before anything is written.

One sense for all figures of a line: they are parts of its amount. Money that came in is positive, so a
customer's invoice of 100 paid with 98 after a fee of 2 is an allocation of 100 and a write-off of -2,
which add up to the 98 of the line.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from decimal import ROUND_HALF_UP, Decimal


class ProposalError(ValueError):
    """A proposal that contradicts itself or the line it is for."""


@dataclass(frozen=True, slots=True)
class Allocation:
    """A part of the line that pays an open item.

    :ivar item_id: of ``account.move.line``.
    :ivar amount: what it settles of the item, in the item's currency and with the sign of what is open there.
    :ivar paid: the part of the line spent on it, in the line's transaction currency. ``None`` where the item has
        that currency, since both are then the same figure.
    """

    item_id: int
    amount: Decimal
    paid: Decimal | None = None


@dataclass(frozen=True, slots=True)
class WriteOff:
    """A part of the line that goes to an account: a fee, a rounding, a discount, a whole booking by a rule.

    :ivar amount: in the line's transaction currency, taxes included.
    :ivar label: of the journal item.
    :ivar tax_ids: of ``account.tax``, taken out of ``amount``.
    :ivar partner_id: of ``res.partner``, else the line's.
    """

    account_id: int
    amount: Decimal
    label: str
    tax_ids: tuple[int, ...] = ()
    partner_id: int | None = None


@dataclass(frozen=True, slots=True)
class Proposal:
    """All that is to be posted for one line.

    :ivar line_id: of ``account.bank.statement.line``.
    :ivar partner_id: of ``res.partner``, to be set on the line; else the one partner all items share.
    :ivar keep_rest: whether what the parts leave of the line stays open; if not, they have to add up to it.
    """

    line_id: int
    allocations: tuple[Allocation, ...] = ()
    write_offs: tuple[WriteOff, ...] = ()
    partner_id: int | None = None
    keep_rest: bool = False

    @property
    def is_pair(self) -> bool:
        """Whether it is one line against one item and nothing else."""
        return len(self.allocations) == 1 and not self.write_offs and not self.keep_rest


@dataclass(frozen=True, slots=True)
class Outcome:
    """What became of one proposal, or of the undoing of one line.

    :ivar way: ``set_based`` or ``orm``; ``None`` where nothing was written.
    :ivar error: one sentence for a person, or ``None`` when it was done.
    """

    line_id: int
    way: str | None
    error: str | None = None

    @property
    def done(self) -> bool:
        return self.error is None


def check(proposal: Proposal, open_amount: Decimal) -> None:
    """Refuse a proposal that says nothing, says something twice, or does not add up to its line.

    :param open_amount: of the line, in its transaction currency.
    :raise ProposalError: with the figures.
    """
    parts = [part.paid if part.paid is not None else part.amount for part in proposal.allocations]
    parts += [part.amount for part in proposal.write_offs]
    if not parts:
        raise ProposalError("The proposal names neither an open item nor an account.")
    if any(not part.is_finite() or not part for part in parts):
        raise ProposalError("A part of the proposal is zero or no number.")
    item_ids = [part.item_id for part in proposal.allocations]
    if len(set(item_ids)) < len(item_ids):
        raise ProposalError("The proposal names an open item twice.")
    if any(part.paid is not None and part.paid * part.amount <= 0 for part in proposal.allocations):
        raise ProposalError("What is settled and what is paid for it differ in sign.")
    total = sum(parts, Decimal())
    if proposal.keep_rest:
        if total * open_amount < 0 or abs(total) > abs(open_amount):
            raise ProposalError(f"The parts add up to {total}, more than the {open_amount} open.")
    elif total != open_amount:
        raise ProposalError(f"The parts add up to {total}, not to the {open_amount} open.")


def share(
    parts: Sequence[Decimal], whole: Decimal, converted: Decimal, decimals: int
) -> list[Decimal]:
    """Convert parts of a whole at the rate at which the whole was converted.

    :param whole: what the parts are of, in their currency.
    :param converted: the whole in another currency.
    :param decimals: of that currency.
    :return: the parts in it; parts that add up to the whole add up to ``converted``.
    """
    unit = Decimal(1).scaleb(-decimals)
    if not whole:
        return [part.quantize(unit, ROUND_HALF_UP) for part in parts]
    shares, before, done = [], Decimal(), Decimal()
    for part in parts:
        # Each from the running total, so that no rounding is lost on the last one.
        done += part
        upto = (converted * done / whole).quantize(unit, ROUND_HALF_UP)
        shares.append(upto - before)
        before = upto
    return shares
