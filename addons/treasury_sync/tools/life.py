"""The life of a payment instruction: one status model for every source, never backwards.

``generated`` (a file exists), ``approved``, ``transmitted`` (it may be, or is, with the bank),
``acknowledged`` (the bank took it), ``executed`` (the bank says that the money left), ``booked`` (a
statement line settles it). Off the road: ``rejected`` (the bank did not execute it), ``returned`` (it
came back after execution), ``cancelled`` (it never left).
"""

from dataclasses import dataclass
from enum import StrEnum

from .documents import StatusReason
from .reasons import describe_reason


class Fate(StrEnum):
    GENERATED = "generated"
    APPROVED = "approved"
    TRANSMITTED = "transmitted"
    ACKNOWLEDGED = "acknowledged"
    EXECUTED = "executed"
    BOOKED = "booked"
    REJECTED = "rejected"
    RETURNED = "returned"
    CANCELLED = "cancelled"


ROAD = (
    Fate.GENERATED,
    Fate.APPROVED,
    Fate.TRANSMITTED,
    Fate.ACKNOWLEDGED,
    Fate.EXECUTED,
    Fate.BOOKED,
)
#: Whose money is, or may still be, on its way.
UNDER_WAY = (Fate.TRANSMITTED, Fate.ACKNOWLEDGED, Fate.EXECUTED)
ENDED = frozenset({Fate.REJECTED, Fate.RETURNED, Fate.CANCELLED})

#: ISO 20022 ExternalPaymentTransactionStatus1Code, and those of NextGenPSD2 -> what they prove.
BANK_STATUSES = {
    "RCVD": Fate.ACKNOWLEDGED,
    "PDNG": Fate.ACKNOWLEDGED,
    "PATC": Fate.ACKNOWLEDGED,
    "ACTC": Fate.ACKNOWLEDGED,
    "ACCP": Fate.ACKNOWLEDGED,
    "ACFC": Fate.ACKNOWLEDGED,
    "ACWC": Fate.ACKNOWLEDGED,
    "ACWP": Fate.ACKNOWLEDGED,
    "ACSP": Fate.ACKNOWLEDGED,
    "ACSC": Fate.EXECUTED,
    "ACCC": Fate.EXECUTED,
    "RJCT": Fate.REJECTED,
    "CANC": Fate.REJECTED,
}
#: Says nothing by itself: each transaction has its own status.
PARTLY = "PART"


def proven_by(code):
    """Return what a bank's status code proves, None for one that proves nothing.

    :param str code: ISO 20022 status code.
    """
    return BANK_STATUSES.get((code or "").strip().upper())


def is_cancellation(code):
    """Return whether a bank's status code says that somebody took the payment back, and not that the bank refused it.

    :param str code: ISO 20022 status code.
    """
    return (code or "").strip().upper() == "CANC"


class Step(StrEnum):
    """What a piece of news does to an instruction."""

    ADVANCE = "advance"
    KNOWN = "known"
    CONFLICT = "conflict"


def step(present, proven):
    """Say what news of ``proven`` means for an instruction that stands at ``present``.

    :return: ``conflict`` where both cannot be true; a person has to look.
    :rtype: Step
    """
    present, proven = Fate(present), Fate(proven)
    if present == proven:
        return Step.KNOWN
    if proven in ROAD:
        if present not in ROAD:
            # A bank may report the way to an end after the end: what came back was executed, what was refused was not.
            contrary = present != Fate.RETURNED and proven in (Fate.EXECUTED, Fate.BOOKED)
            return Step.CONFLICT if contrary else Step.KNOWN
        return Step.ADVANCE if ROAD.index(proven) > ROAD.index(present) else Step.KNOWN
    if proven == Fate.REJECTED:
        open_to = (Fate.APPROVED, Fate.TRANSMITTED, Fate.ACKNOWLEDGED)
        return Step.ADVANCE if present in open_to else Step.CONFLICT
    if proven == Fate.RETURNED:
        return Step.ADVANCE if present in (*UNDER_WAY, Fate.BOOKED) else Step.CONFLICT
    open_to = (Fate.GENERATED, Fate.APPROVED)
    return Step.ADVANCE if present in open_to else Step.CONFLICT


@dataclass(frozen=True)
class Verdict:
    """What a status report says of one instruction.

    :ivar code: the bank's status code.
    :ivar reasons: why, where the bank says so.
    """

    end_to_end_id: str
    code: str
    reasons: tuple[StatusReason, ...] = ()
    bank_reference: str | None = None

    @property
    def reason_text(self):
        return "; ".join(describe_reason(reason) for reason in self.reasons)


def payment_meant(known):
    """Return a function that tells of which payment a bank speaks: its end-to-end id counts, else its instruction id.

    :param Mapping[str, tuple[str, str]] known: group id and instruction id by end-to-end id.
    :return: of an end-to-end id and an instruction id, the end-to-end id that is known, or None.
    """
    by_instruction = {instruction_id: key for key, (_group, instruction_id) in known.items()}

    def meant(end_to_end_id, instruction_id):
        return end_to_end_id if end_to_end_id in known else by_instruction.get(instruction_id)

    return meant


def verdicts(report, known):
    """Take a status report apart, down to each instruction it speaks of.

    The most detailed level counts: a transaction's own status, else that of its group, else that of the
    whole message.

    :param PaymentStatus report: the report.
    :param Mapping[str, tuple[str, str]] known: group id and instruction id by end-to-end id, of the
        order that it is about.
    :return: verdicts on what is known, and the end-to-end ids that the order does not have.
    :rtype: tuple[list[Verdict], list[str]]
    """
    found, strangers = {}, []
    meant = payment_meant(known)
    for group in report.groups:
        for item in group.transactions:
            key = meant(item.end_to_end_id, item.instruction_id)
            if key is None:
                strangers.append(item.end_to_end_id or item.instruction_id or "")
            elif item.status:
                found[key] = Verdict(key, item.status, item.reasons, item.bank_reference)
    for group in report.groups:
        if not group.status or group.status == PARTLY:
            continue
        for key, (group_id, _instruction_id) in known.items():
            if group.group_id in (None, group_id) and key not in found:
                found[key] = Verdict(key, group.status, group.reasons)
    if report.status and report.status != PARTLY:
        for key in known:
            if key not in found:
                found[key] = Verdict(key, report.status, report.reasons)
    return [found[key] for key in known if key in found], strangers
