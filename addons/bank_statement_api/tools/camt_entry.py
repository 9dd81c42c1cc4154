"""One entry (``Ntry``) of a camt message to canonical transactions.

Element names and choices follow the ISO 20022 message definition "BankToCustomerStatement",
camt.053.001.01 to .14, and are the same in camt.052 and camt.054. Where versions differ, both forms
are read: ``Sts`` against ``Sts/Cd``, ``BIC`` against ``BICFI``, ``Dbtr`` against ``Dbtr/Pty``,
``Chrgs`` against ``Chrgs/Rcrd``, ``Ntry/TxDtls`` (version .01) against ``Ntry/NtryDtls/TxDtls``.
"""

from __future__ import annotations

from decimal import Decimal

from .camt_evidence import NUMBER, EntryContext, entry_info, extras, payment_info
from .camt_node import (
    BOOLEANS,
    SIGNS,
    BadRecordError,
    Node,
    date_of,
    sign,
    signed,
    signed_amount,
    unsigned_amount,
)
from .checks import details_differ
from .documents import (
    BOOKED,
    INFORMATION,
    PENDING,
    SINGLE,
    STATEMENT,
    BadEntry,
    Batch,
    Detail,
    Finding,
    Position,
    Transaction,
    Warn,
)
from .flat import number_or_none

# FUTR came with version .08: an entry that will be booked later.
_STATUSES = {"BOOK": BOOKED, "PDNG": PENDING, "FUTR": PENDING, "INFO": INFORMATION}

_NO_STATUS = "The entry has no status: on a statement it is booked."
_NO_BOOKING_DATE = "The entry has no booking date: it is booked with its value date."

# Where versions and banks put the amount of a detail in the account's currency.
_DETAIL_AMOUNTS = (
    ("Amt",),
    ("AmtDtls", "TxAmt", "Amt"),
    ("AmtDtls", "CntrValAmt", "Amt"),
    ("AmtDtls", "InstdAmt", "Amt"),
)
_EVIDENCE = (
    ("NtryRef",),
    ("Amt",),
    ("CdtDbtInd",),
    ("RvslInd",),
    ("Sts",),
    ("Sts", "Cd"),
    ("Sts", "Prtry"),
    ("BookgDt", "Dt"),
    ("BookgDt", "DtTm"),
    ("ValDt", "Dt"),
    ("ValDt", "DtTm"),
    ("AcctSvcrRef",),
    ("AddtlNtryInf",),
    ("NtryDtls", "TxDtls", "Refs", "EndToEndId"),
    ("NtryDtls", "TxDtls", "RmtInf", "Ustrd"),
)


def read_entry(
    element, position: Position, context: EntryContext
) -> tuple[Transaction, ...] | BadEntry:
    """Map one ``Ntry``.

    :return: its lines, or the entry as bad when anything that decides money or dates is unclear.
    """
    node = Node(element)
    status = amount = None
    try:
        status = _status(node, position, context)
        amount = signed_amount(node, context.currency)
        return _lines(node, status, amount, position, context)
    except BadRecordError as error:
        return BadEntry(
            position=position,
            code=error.code,
            reason=error.reason,
            evidence=_evidence(node),
            amount=amount,
            status=status,
        )


def _evidence(node: Node) -> dict[str, str]:
    evidence = {"/".join(path): node.text(*path) for path in _EVIDENCE}
    amount = node.one("Amt")
    if amount is not None:
        evidence["Amt/@Ccy"] = amount.element.get("Ccy")
    return {key: value for key, value in evidence.items() if value is not None}


# -- what decides money and dates: read strictly or not at all ------------------------------


def _status(node: Node, position: Position, context: EntryContext) -> str:
    status = node.only("Sts")
    if status is None and context.kind == STATEMENT:
        # What else a statement holds, it says; a report or a notification is of either.
        context.warnings.append(Warn(path=f"Ntry/Sts, {position}", message=_NO_STATUS))
        return BOOKED
    code = status.value or status.text("Cd") or status.text("Prtry") if status else None
    if code not in _STATUSES:
        raise BadRecordError("status", f"Status {code or '(none)'}: booked or not is unknown.")
    return _STATUSES[code]


def _reversal(node: Node) -> bool:
    indicator = node.only("RvslInd")
    if indicator is None:
        return False
    if indicator.value not in BOOLEANS:
        raise BadRecordError("reversal", f"Reversal indicator {indicator.value} is no boolean.")
    return BOOLEANS[indicator.value]


# -- lines ----------------------------------------------------------------------------------


def _lines(node, status, amount, position, context):
    booking_date, value_date = date_of(node, "BookgDt"), date_of(node, "ValDt")
    if status == BOOKED and booking_date is None:
        # Optional in every version of the schema; some banks say the value date alone.
        if value_date is None:
            raise BadRecordError("booking_date", "A booked entry has no date.")
        context.warnings.append(Warn(path=f"Ntry/BookgDt, {position}", message=_NO_BOOKING_DATE))
        booking_date = value_date
    reversal = _reversal(node)
    groups = node.all("NtryDtls") or [
        # Version .01 has no element around them.
        holder
        for holder in (node,)
        if holder.one("TxDtls") or holder.one("Btch")
    ]
    details = [(group, detail) for group in groups for detail in group.all("TxDtls")]
    shared = {
        "currency": context.currency,
        "status": status,
        "booking_date": booking_date,
        "value_date": value_date,
        "reversal": reversal,
        "entry_ref": node.text("NtryRef"),
        "account_servicer_ref": node.text("AcctSvcrRef"),
    }
    whole = entry_info(node, context)
    # Of several details, none is all that the entry's total and its charges are about.
    shared_info = whole if len(details) == 1 else whole | {"foreign": (), "charges": ()}
    # An entry of nothing has a direction as well.
    direction = (1 if amount > 0 else -1) if amount else sign(node)

    def info(detail):
        credit = SIGNS.get(detail.text("CdtDbtInd"), direction) > 0
        return payment_info(detail, credit, reversal, shared_info, context)

    if len(details) == 1:
        detail = details[0][1]
        values = info(detail)
        _detail_amounts([detail], amount, position, context, _inside(values["charges"], context))
        if shared["account_servicer_ref"] is None:
            shared["account_servicer_ref"] = detail.text("Refs", "AcctSvcrRef")
        batch = _batch(groups[0], amount, 1) if groups[0].one("Btch") else None
        return (
            Transaction(
                amount=amount,
                position=position,
                batch=batch,
                extras=extras(node, detail),
                **shared,
                **values,
            ),
        )
    parts = _detail_amounts([detail for _group, detail in details], amount, position, context)
    if parts is None or context.details == SINGLE:
        batch = _batch(groups[0], amount, 1, len(details)) if groups else None
        return (
            Transaction(
                amount=amount,
                position=position,
                batch=batch,
                details=tuple(_detail(detail, info(detail), amount) for _g, detail in details),
                extras=extras(node),
                **shared,
                **whole,
            ),
        )
    return tuple(
        Transaction(
            amount=part,
            position=Position(
                statement=position.statement,
                entry=position.entry,
                detail=number,
                line=detail.element.sourceline or 0,
            ),
            batch=_batch(group, amount, len(details), len(details)),
            extras=extras(node, detail),
            **shared,
            **info(detail),
        )
        for number, (part, (group, detail)) in enumerate(zip(parts, details, strict=True), 1)
    )


def _inside(charges, context) -> Decimal:
    """Return what the bank kept of the booked amount."""
    return sum(
        (
            charge.amount
            for charge in charges
            if charge.included is not False and charge.currency == context.currency
        ),
        Decimal(0),
    )


def _detail_amounts(
    details, entry_amount, position, context, kept=Decimal(0)
) -> list[Decimal] | None:
    """Return the details' signed amounts when they prove to be the entry, else None.

    A booked amount is never replaced: details that do not add up to it are only evidence.

    :param kept: charges of a single payment, which explain its difference.
    """
    if not details:
        return None
    entry_sign = 1 if entry_amount > 0 else -1
    sums = []
    for path in _DETAIL_AMOUNTS:
        if details[0].one(*path) is None:
            continue
        given = [detail.one(*path) for detail in details]
        if None in given:
            continue
        try:
            amounts = [
                signed(
                    sign(detail) if detail.one("CdtDbtInd") else entry_sign,
                    unsigned_amount(amount, context.currency),
                )
                for detail, amount in zip(details, given, strict=True)
            ]
        except BadRecordError:
            continue
        if sum(amounts) == entry_amount:
            return amounts
        sums.append(sum(amounts))
    if sums and kept and any(total + kept == entry_amount for total in sums):
        return None
    if sums:
        context.findings.append(details_differ(entry_amount, sums[0], context.currency, position))
    elif len(details) > 1:
        context.findings.append(
            Finding(
                code="detail_amount_missing",
                message=(
                    f"An entry has {len(details)} details without amounts in {context.currency}: "
                    "it stays one line."
                ),
                severity="info",
                expected=str(entry_amount),
                position=position,
            )
        )
    return None


def _detail(node: Node, info: dict, entry_amount: Decimal) -> Detail:
    for path in _DETAIL_AMOUNTS:
        found = node.one(*path)
        if found is not None and NUMBER.fullmatch(found.value or ""):
            factor = SIGNS.get(node.text("CdtDbtInd"), 1 if entry_amount > 0 else -1)
            amount = signed(factor, Decimal(found.value))
            return Detail(amount=amount, currency=found.element.get("Ccy"), **info)
    return Detail(**info)


def _batch(group: Node, entry_amount: Decimal, parts: int, found: int | None = None) -> Batch:
    declared = number_or_none(group.text("Btch", "NbOfTxs"))
    return Batch(
        entry_amount=entry_amount,
        message_id=group.text("Btch", "MsgId"),
        payment_information_id=group.text("Btch", "PmtInfId"),
        number_of_transactions=found if declared is None else declared,
        parts=parts,
    )
