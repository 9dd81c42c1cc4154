"""One entry (``Ntry``) of a camt message to canonical transactions.

Element names and choices follow the ISO 20022 message definition "BankToCustomerStatement",
camt.053.001.02 to .14, and are the same in camt.052 and camt.054. Where versions differ, both forms
are read: ``Sts`` against ``Sts/Cd``, ``BIC`` against ``BICFI``, ``Dbtr`` against ``Dbtr/Pty``,
``Chrgs`` against ``Chrgs/Rcrd``.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from decimal import Decimal

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
    SPLIT,
    STATEMENT,
    AccountRef,
    BadEntry,
    BankTransactionCode,
    Batch,
    Charge,
    Detail,
    Finding,
    ForeignAmount,
    Party,
    Position,
    StructuredReference,
    Transaction,
    Warn,
)

# FUTR came with version .08: an entry that will be booked later.
_STATUSES = {"BOOK": BOOKED, "PDNG": PENDING, "FUTR": PENDING, "INFO": INFORMATION}

_NO_STATUS = "The entry has no status: on a statement it is booked."

# Amounts and exchange rates that are evidence: any number of decimals.
_NUMBER = re.compile(r"\d{1,18}(\.\d{1,18})?", re.ASCII)

# Where versions and banks put the amount of a detail in the account's currency.
_DETAIL_AMOUNTS = (
    ("Amt",),
    ("AmtDtls", "TxAmt", "Amt"),
    ("AmtDtls", "CntrValAmt", "Amt"),
    ("AmtDtls", "InstdAmt", "Amt"),
)
_FOREIGN_AMOUNTS = {
    "InstdAmt": "instructed",
    "TxAmt": "transaction",
    "CntrValAmt": "counter_value",
    "AnncdPstngAmt": "announced",
}
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


@dataclass(frozen=True, slots=True)
class EntryContext:
    """What an entry needs to know of its statement; findings and warnings are collected here."""

    account: AccountRef
    currency: str
    kind: str = STATEMENT
    details: str = SPLIT
    findings: list[Finding] = field(default_factory=list)
    warnings: list[Warn] = field(default_factory=list)


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
    booking_date = date_of(node, "BookgDt")
    if status == BOOKED and booking_date is None:
        raise BadRecordError("booking_date", "A booked entry has no booking date.")
    reversal = _reversal(node)
    groups = node.all("NtryDtls")
    details = [(group, detail) for group in groups for detail in group.all("TxDtls")]
    shared = {
        "currency": context.currency,
        "status": status,
        "booking_date": booking_date,
        "value_date": date_of(node, "ValDt"),
        "reversal": reversal,
        "entry_ref": node.text("NtryRef"),
        "account_servicer_ref": node.text("AcctSvcrRef"),
    }
    entry_info = {
        "additional_info": node.text("AddtlNtryInf"),
        "foreign": _foreign(node, context),
        "charges": _charges(node, position, context),
        "bank_code": _bank_code(node),
    }

    def info(detail):
        return _payment_info(detail, amount > 0, reversal, entry_info, position, context)

    parts = _detail_amounts([detail for _group, detail in details], amount, position, context)
    if len(details) == 1:
        detail = details[0][1]
        values = info(detail)
        if shared["account_servicer_ref"] is None:
            shared["account_servicer_ref"] = detail.text("Refs", "AcctSvcrRef")
        batch = _batch(groups[0], amount, 1) if groups[0].one("Btch") else None
        return (
            Transaction(
                amount=amount,
                position=position,
                batch=batch,
                extras=_extras(node, detail),
                **shared,
                **values,
            ),
        )
    if parts is None or context.details == SINGLE or not details:
        batch = _batch(groups[0], amount, 1, len(details)) if groups else None
        return (
            Transaction(
                amount=amount,
                position=position,
                batch=batch,
                details=tuple(_detail(detail, info(detail), amount) for _g, detail in details),
                extras=_extras(node),
                **shared,
                **entry_info,
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
            extras=_extras(node, detail),
            **shared,
            **info(detail),
        )
        for number, (part, (group, detail)) in enumerate(zip(parts, details, strict=True), 1)
    )


def _detail_amounts(details, entry_amount, position, context) -> list[Decimal] | None:
    """Return the details' signed amounts when they prove to be the entry, else None.

    A booked amount is never replaced: details that do not add up to it are only evidence.
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
        if found is not None and _NUMBER.fullmatch(found.value or ""):
            factor = SIGNS.get(node.text("CdtDbtInd"), 1 if entry_amount > 0 else -1)
            amount = signed(factor, Decimal(found.value))
            return Detail(amount=amount, currency=found.element.get("Ccy"), **info)
    return Detail(**info)


def _batch(group: Node, entry_amount: Decimal, parts: int, found: int | None = None) -> Batch:
    declared = group.text("Btch", "NbOfTxs")
    return Batch(
        entry_amount=entry_amount,
        message_id=group.text("Btch", "MsgId"),
        payment_information_id=group.text("Btch", "PmtInfId"),
        number_of_transactions=int(declared) if declared and declared.isdecimal() else found,
        parts=parts,
    )


# -- evidence: read leniently, what is unreadable is left out and said ------------------------


def _payment_info(node, credit, reversal, entry_info, position, context) -> dict:
    debtor, creditor = _party(node, "Dbtr"), _party(node, "Cdtr")
    # A reversal keeps the roles of the payment it takes back.
    expected, other = (debtor, creditor) if credit != reversal else (creditor, debtor)
    own = context.account.iban
    if (expected == _NOBODY or (own and expected.iban == own)) and not (own and other.iban == own):
        expected, other = other, expected
    ultimate = "UltmtDbtr" if expected is debtor else "UltmtCdtr"
    additional = node.text("AddtlTxInf")
    references = node.one("Refs") or _NOTHING
    return {
        "end_to_end_id": references.text("EndToEndId"),
        "instruction_id": references.text("InstrId"),
        "transaction_id": references.text("TxId"),
        "mandate_id": references.text("MndtId"),
        "uetr": references.text("UETR"),
        "creditor_id": _creditor_id(node),
        "counterparty": expected,
        "ultimate_party": _party_node(node, ultimate).text("Nm"),
        "remittance": _remittance(node),
        "structured": _structured(node),
        "purpose": node.text("Purp", "Cd") or node.text("Purp", "Prtry"),
        "additional_info": " ".join(
            dict.fromkeys(text for text in (entry_info["additional_info"], additional) if text)
        )
        or None,
        "foreign": _foreign(node, context) or entry_info["foreign"],
        "charges": _charges(node, position, context) or entry_info["charges"],
        "bank_code": _bank_code(node) or entry_info["bank_code"],
    }


_NOTHING = Node(())
_NOBODY = Party()


def _party_node(node: Node, role: str) -> Node:
    party = node.one("RltdPties", role)
    return (party and party.one("Pty")) or party or _NOTHING


def _party(node: Node, role: str) -> Party:
    party = _party_node(node, role)
    account = node.one("RltdPties", f"{role}Acct", "Id") or _NOTHING
    agent = node.one("RltdAgts", f"{role}Agt", "FinInstnId") or _NOTHING
    if party is account is agent:
        return _NOBODY
    iban = account.text("IBAN")
    # Since version .08 a party may be a bank itself.
    bank = party.one("Agt", "FinInstnId") or _NOTHING
    return Party(
        name=party.text("Nm") or bank.text("Nm"),
        iban=iban and "".join(iban.split()).upper(),
        bic=agent.text("BICFI") or agent.text("BIC") or bank.text("BICFI"),
        other_id=account.text("Othr", "Id"),
    )


def _creditor_id(node: Node) -> str | None:
    """Return the SEPA creditor identifier, which banks give as a person's or organisation's."""
    creditor = _party_node(node, "Cdtr").one("Id")
    if creditor is None:
        return None
    for kind in ("PrvtId", "OrgId"):
        for other in (creditor.one(kind) or _NOTHING).all("Othr"):
            if other.text("SchmeNm", "Prtry") == "SEPA":
                return other.text("Id")
    return None


def _remittance(node: Node) -> tuple[str, ...]:
    info = node.one("RmtInf")
    if info is None:
        return ()
    texts = [item.value for item in info.all("Ustrd")]
    texts += [item.value for block in info.all("Strd") for item in block.all("AddtlRmtInf")]
    return tuple(text for text in texts if text)


def _structured(node: Node) -> tuple[StructuredReference, ...]:
    info = node.one("RmtInf")
    if info is None:
        return ()
    found = []
    for block in info.all("Strd"):
        for holder, value in (("CdtrRefInf", "Ref"), ("RfrdDocInf", "Nb")):
            for reference in block.all(holder):
                number = reference.text(value)
                if number:
                    kind = reference.one("Tp", "CdOrPrtry") or reference.one("Tp") or _NOTHING
                    found.append(
                        StructuredReference(
                            value=number,
                            type=kind.text("Cd") or kind.text("Prtry") or "",
                            issuer=reference.text("Tp", "Issr"),
                        )
                    )
    return tuple(found)


def _bank_code(node: Node) -> BankTransactionCode | None:
    code = node.one("BkTxCd")
    if code is None:
        return None
    return BankTransactionCode(
        domain=code.text("Domn", "Cd"),
        family=code.text("Domn", "Fmly", "Cd"),
        subfamily=code.text("Domn", "Fmly", "SubFmlyCd"),
        proprietary=code.text("Prtry", "Cd"),
        issuer=code.text("Prtry", "Issr"),
    )


def _foreign(node: Node, context: EntryContext) -> tuple[ForeignAmount, ...]:
    """Return amounts in other currencies and rates: evidence beside the booked amount."""
    holder = node.one("AmtDtls")
    if holder is None:
        return ()
    found = []
    for tag, kind in _FOREIGN_AMOUNTS.items():
        item = holder.one(tag)
        if item is None:
            continue
        amount = item.one("Amt")
        currency = amount.element.get("Ccy") if amount is not None else None
        rate = item.text("CcyXchg", "XchgRate")
        if currency == context.currency and rate is None:
            continue
        found.append(
            ForeignAmount(
                kind=kind,
                amount=_lenient(amount.value if amount is not None else None, item, context),
                currency=currency,
                rate=_lenient(rate, item, context),
                source_currency=item.text("CcyXchg", "SrcCcy"),
                target_currency=item.text("CcyXchg", "TrgtCcy"),
            )
        )
    return tuple(found)


def _charges(node: Node, position: Position, context: EntryContext) -> tuple[Charge, ...]:
    found = []
    for holder in node.all("Chrgs"):
        for record in holder.all("Rcrd") or [holder]:
            amount = record.one("Amt")
            value = amount and _lenient(amount.value, record, context)
            if value is None:
                continue
            found.append(
                Charge(
                    amount=signed(SIGNS.get(record.text("CdtDbtInd"), -1), value),
                    currency=amount.element.get("Ccy") or context.currency,
                    included=BOOLEANS.get(record.text("ChrgInclInd")),
                    bearer=record.text("Br"),
                    type=record.text("Tp", "Cd")
                    or record.text("Tp", "Prtry", "Id")
                    or record.text("Tp", "Prtry"),
                )
            )
    return tuple(found)


def _lenient(text, node, context) -> Decimal | None:
    if text is None:
        return None
    if _NUMBER.fullmatch(text):
        return Decimal(text)
    tree_path = node.element.getroottree().getpath(node.element)
    context.warnings.append(
        Warn(path=tree_path, message=f"{text} is not a number; the evidence is left out.")
    )
    return None


def _extras(node: Node, detail: Node = _NOTHING) -> dict[str, str]:
    references = detail.one("Refs") or _NOTHING
    values = {"AddtlInfInd/MsgId": node.text("AddtlInfInd", "MsgId")}
    for name in ("MsgId", "AcctSvcrRef", "PmtInfId", "ChqNb", "ClrSysRef"):
        values[f"NtryDtls/TxDtls/Refs/{name}"] = references.text(name)
    returned = detail.one("RtrInf")
    if returned is not None:
        reason = returned.text("Rsn", "Cd") or returned.text("Rsn", "Prtry")
        values["NtryDtls/TxDtls/RtrInf/Rsn"] = reason
        values["NtryDtls/TxDtls/RtrInf/AddtlInf"] = returned.text("AddtlInf")
    return {key: value for key, value in values.items() if value is not None}
