"""What an entry (``Ntry``) of a camt message or a detail of it (``TxDtls``) says beside money and dates.

Evidence: it is read leniently, and what is unreadable is left out and said.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from decimal import Decimal

from .camt_node import BOOLEANS, SIGNS, Node, bic_of, other_account, signed
from .documents import (
    SPLIT,
    STATEMENT,
    AccountRef,
    BankTransactionCode,
    Charge,
    Finding,
    ForeignAmount,
    Party,
    StructuredReference,
    Warn,
)

# Any number of decimals: these amounts and rates are not booked.
NUMBER = re.compile(r"\d{1,18}(\.\d{1,18})?", re.ASCII)
_FOREIGN_AMOUNTS = {
    "InstdAmt": "instructed",
    "TxAmt": "transaction",
    "CntrValAmt": "counter_value",
    "AnncdPstngAmt": "announced",
}
NOTHING = Node(())
_NOBODY = Party()


@dataclass(frozen=True, slots=True)
class EntryContext:
    """What an entry needs to know of its statement; findings and warnings are collected here."""

    account: AccountRef
    currency: str
    kind: str = STATEMENT
    details: str = SPLIT
    findings: list[Finding] = field(default_factory=list)
    warnings: list[Warn] = field(default_factory=list)


def entry_info(node: Node, context: EntryContext) -> dict:
    """Return what an entry says of all that is in it."""
    return {
        "additional_info": node.text("AddtlNtryInf"),
        "foreign": _foreign(node, context),
        "charges": _charges(node, context),
        "bank_code": _bank_code(node),
    }


def payment_info(
    node: Node, credit: bool, reversal: bool, entry: dict, context: EntryContext
) -> dict:
    """Return what a detail says of its payment, and its entry where the detail is silent.

    :param credit: whether the detail's money came in.
    :param entry: :func:`entry_info`.
    """
    debtor, creditor = _party(node, "Dbtr"), _party(node, "Cdtr")
    # A reversal keeps the roles of the payment it takes back.
    expected, other = (debtor, creditor) if credit != reversal else (creditor, debtor)
    own = context.account.iban
    if (expected == _NOBODY or (own and expected.iban == own)) and not (own and other.iban == own):
        expected, other = other, expected
    ultimate = "UltmtDbtr" if expected is debtor else "UltmtCdtr"
    additional = node.text("AddtlTxInf")
    references = node.one("Refs") or NOTHING
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
            dict.fromkeys(text for text in (entry["additional_info"], additional) if text)
        )
        or None,
        "foreign": _foreign(node, context) or entry["foreign"],
        "charges": _charges(node, context) or entry["charges"],
        "bank_code": _bank_code(node) or entry["bank_code"],
    }


def _party_node(node: Node, role: str) -> Node:
    party = node.one("RltdPties", role)
    return (party and party.one("Pty")) or party or NOTHING


def _party(node: Node, role: str) -> Party:
    party = _party_node(node, role)
    account = node.one("RltdPties", f"{role}Acct", "Id") or NOTHING
    agent = node.one("RltdAgts", f"{role}Agt", "FinInstnId") or NOTHING
    if party is account is agent:
        return _NOBODY
    iban = account.text("IBAN")
    # Since version .08 a party may be a bank itself.
    bank = party.one("Agt", "FinInstnId") or NOTHING
    return Party(
        name=party.text("Nm") or bank.text("Nm"),
        iban=iban and "".join(iban.split()).upper(),
        bic=bic_of(agent) or bic_of(bank),
        other_id=other_account(account),
    )


def _creditor_id(node: Node) -> str | None:
    """Return the SEPA creditor identifier, which banks give as a person's or organisation's."""
    creditor = _party_node(node, "Cdtr").one("Id")
    if creditor is None:
        return None
    for kind in ("PrvtId", "OrgId"):
        for other in (creditor.one(kind) or NOTHING).all("Othr"):
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
            # In version .01 what is in them has a longer name: CdtrRef, RfrdDocTp.
            older = holder.removesuffix("Inf")
            for reference in block.all(holder):
                number = reference.text(value) or reference.text(older + value.removeprefix("Ref"))
                if number:
                    kind = (
                        reference.one("Tp", "CdOrPrtry")
                        or reference.one("Tp")
                        or reference.one(f"{older}Tp")
                        or NOTHING
                    )
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


def _charges(node: Node, context: EntryContext) -> tuple[Charge, ...]:
    found = []
    for holder in node.all("Chrgs"):
        # Some banks give only the total.
        for record in holder.all("Rcrd") or [holder]:
            amount = record.one("Amt") or record.one("TtlChrgsAndTaxAmt")
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
    if NUMBER.fullmatch(text):
        return Decimal(text)
    tree_path = node.element.getroottree().getpath(node.element)
    context.warnings.append(
        Warn(path=tree_path, message=f"{text} is not a number; the evidence is left out.")
    )
    return None


def extras(node: Node, detail: Node = NOTHING) -> dict[str, str]:
    """Return what has no field of its own, by the path of its element."""
    references = detail.one("Refs") or NOTHING
    values = {"AddtlInfInd/MsgId": node.text("AddtlInfInd", "MsgId")}
    for name in ("MsgId", "AcctSvcrRef", "PmtInfId", "ChqNb", "ClrSysRef"):
        values[f"NtryDtls/TxDtls/Refs/{name}"] = references.text(name)
    returned = detail.one("RtrInf")
    if returned is not None:
        reason = returned.one("Rsn") or returned.one("RtrRsn") or NOTHING
        values["NtryDtls/TxDtls/RtrInf/Rsn"] = reason.text("Cd") or reason.text("Prtry")
        told = returned.all("AddtlInf") + returned.all("AddtlRtrRsnInf")
        values["NtryDtls/TxDtls/RtrInf/AddtlInf"] = (
            " ".join(filter(None, (i.value for i in told))) or None
        )
    return {key: value for key, value in values.items() if value is not None}
