"""Asking a bank for payments back: what is asked, what it answers, and which answer speaks of which payment.

The statuses are those of camt.029: ``ACCR`` (cancelled), ``RJCR`` (not cancelled), ``PDCR`` (nobody knows yet) and
``PACR`` (each payment has its own).
"""

import datetime
from dataclasses import dataclass

from .documents import Agent, PaymentOrder, StatusReason
from .life import payment_meant
from .reasons import describe_reason

ACCEPTED = "ACCR"
REFUSED = "RJCR"
PENDING = "PDCR"
#: What a bank may say of one payment; anything else is not known and proves nothing.
ANSWERS = (ACCEPTED, REFUSED, PENDING)
FINAL = frozenset({ACCEPTED, REFUSED})

# Each payment has its own, or nothing is said.
_NONE = (None, "PACR")
# ``Conf``, ISO 20022 ExternalInvestigationExecutionConfirmation1Code, where it says the same in another word.
_CONFIRMATIONS = {"CNCL": ACCEPTED, "PECR": "PACR"}


def confirmed(code):
    """Return the status that a confirmation of the whole stands for; a code that is not known stays as it is."""
    return _CONFIRMATIONS.get(code, code)


# Why a bank refuses, ISO 20022 ExternalPaymentCancellationRejection1Code: here a code means other things than in a
# status report.
_WORDS = {
    "ADAC": "the money was credited already, and the recipient does not agree",
    "AGNT": "a bank on the way does not agree",
    "ARDT": "the payment was returned already",
    "CUST": "the recipient does not agree",
    "INDM": "the bank wants an indemnity first",
    "NOAS": "the recipient did not answer",
    "NOOR": "the bank does not have this payment",
    "PTNA": "it was passed on to the next bank",
    "RQDA": "the recipient has to allow the debit",
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Recall:
    """What a bank is asked to cancel.

    :ivar case_id: unique for ever; the answer names it.
    :ivar created_at: with time zone; a part of the file, so it is fixed once.
    :ivar order: as it was sent, with all of its payments.
    :ivar order_format: code of the format that it was sent in, e.g. ``pain.001.001.09``.
    :ivar end_to_end_ids: the payments that are to come back.
    :ivar agent: the bank.
    :ivar reason: ISO 20022 ExternalCancellationReason1Code.
    """

    case_id: str
    created_at: datetime.datetime
    order: PaymentOrder
    order_format: str
    end_to_end_ids: frozenset[str]
    agent: Agent
    reason: str
    note: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class RecallStatus:
    """What an answer says at one of its levels.

    :ivar identification: of a payment (end to end) or a group; None of the whole message.
    :ivar instruction_id: of a payment.
    :ivar parts: payments of a group that it lists.
    """

    status: str | None = None
    reasons: tuple[StatusReason, ...] = ()
    identification: str | None = None
    instruction_id: str | None = None
    parts: tuple["RecallStatus", ...] = ()

    @property
    def reason_text(self):
        return "; ".join(filter(None, map(_describe, self.reasons)))


@dataclass(frozen=True, slots=True, kw_only=True)
class RecallAnswer:
    """A bank's answer to a recall.

    :ivar case_ids: all that it names as the case.
    :ivar original_message_ids: the orders that it is about.
    :ivar whole: what it says of all that it is about.
    :ivar groups: what it lists.
    """

    source_version: str
    message_id: str | None
    case_ids: frozenset[str]
    original_message_ids: frozenset[str]
    whole: RecallStatus
    groups: tuple[RecallStatus, ...] = ()


def verdicts(answer, recalled):
    """Take an answer apart, down to each payment that was recalled.

    The most detailed level counts. Where an answer lists payments, it speaks of these alone: a cancelled payment opens
    its bill again, so nothing is concluded for what was left out.

    :param RecallAnswer answer: the answer.
    :param Mapping[str, tuple[str, str]] recalled: group id and instruction id by end-to-end id.
    :return: what it says of each payment that it speaks of, and what of it speaks of something else.
    :rtype: tuple[dict[str, RecallStatus], list[str]]
    """
    found, strangers = {}, []
    meant = payment_meant(recalled)
    for group in answer.groups:
        for item in group.parts:
            key = meant(item.identification, item.instruction_id)
            if key is None:
                strangers.append(item.identification or item.instruction_id or "")
            else:
                found[key] = _first(item, group, answer.whole)
        if not group.parts:
            of_group = [
                key for key, (group_id, _id) in recalled.items() if group_id == group.identification
            ]
            if not of_group:
                strangers.append(group.identification or "")
            found |= dict.fromkeys(of_group, _first(group, answer.whole))
    if not answer.groups:
        found = dict.fromkeys(recalled, _first(answer.whole))
    strangers += [
        f"{key}: {item.status}"
        for key, item in found.items()
        if item.status not in (*ANSWERS, *_NONE)
    ]
    return {key: item for key, item in found.items() if item.status in ANSWERS}, strangers


def _first(*levels):
    return next((level for level in levels if level.status), levels[-1])


def _describe(reason):
    if words := _WORDS.get(reason.code):
        return "; ".join((f"{reason.code}: {words}", *reason.texts))
    return describe_reason(reason)
