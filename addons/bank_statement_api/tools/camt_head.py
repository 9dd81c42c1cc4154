"""What a camt message says of one account beside its entries: account, balances, totals."""

from __future__ import annotations

import datetime
from dataclasses import dataclass
from decimal import Decimal

from stdnum.iso7064 import mod_97_10

from odoo.addons.finance_connector_base.tools.dates import DateError, parse_datetime
from odoo.addons.finance_connector_base.tools.money import MoneyError, minor_unit_exponent
from odoo.addons.finance_connector_base.tools.safe_xml import local_name

from . import bai2_codes, checks
from .camt_node import (
    BOOLEANS,
    BadRecordError,
    Node,
    bic_of,
    date_of,
    exact_amount,
    other_account,
    sign,
    signed,
    signed_amount,
)
from .documents import (
    STATEMENT,
    AccountRef,
    Balance,
    DeclaredTotals,
    Finding,
    Position,
    Statement,
    Warn,
)
from .errors import StatementFormatError

# PRCD, the booked balance of the previous statement, is the opening balance of this one.
_OPENING_TYPES = ("OPBD", "PRCD")
_PAGE_BALANCE = "ITBD"


@dataclass(frozen=True, slots=True)
class GroupHeader:
    """What the message (``GrpHdr``) says for its statements."""

    message_id: str | None = None
    page_number: str | None = None
    last_page: str | None = None

    @classmethod
    def read(cls, node: Node) -> GroupHeader:
        return cls(
            node.text("MsgId"),
            node.text("MsgPgntn", "PgNb"),
            node.text("MsgPgntn", "LastPgInd"),
        )


def read_head(
    element,
    group: GroupHeader,
    number: int,
    *,
    currency: str | None,
    kind: str,
    source_format: str,
    source_version: str,
) -> Statement:
    """Return the statement, report or notification without transactions.

    :param element: the ``Stmt``, ``Rpt`` or ``Ntfctn`` as far as it was read.
    :param group: the header of its message.
    :param number: 1-based position in the file.
    :param currency: of the account, where an earlier reading told it.
    :raise StatementFormatError: the account or its currency is not to be known.
    """
    node = Node(element)
    warnings: list[Warn] = []
    findings: list[Finding] = []
    holder = local_name(element)
    path = f"{holder}[{number}]"
    account = _account(node, element.sourceline, path, currency, warnings)
    position = Position(statement=number, entry=0, line=element.sourceline or 0)
    balances = _balances(node, account.currency, kind, position, findings)
    pagination = f"{holder}Pgntn"
    page_number = _integer(
        node.text(pagination, "PgNb") or group.page_number, f"{path}/PgNb", warnings
    )
    last_page = BOOLEANS.get(node.text(pagination, "LastPgInd") or group.last_page)
    opening = closing = None
    if kind == STATEMENT:
        # A report may hold the day so far or only what is new: its balances prove nothing.
        opening = _opening(balances, page_number, position, findings)
        closing = _closing(balances, last_page, position, findings)
    return Statement(
        account=account,
        source_format=source_format,
        source_version=source_version,
        kind=kind,
        position=number,
        message_id=group.message_id,
        statement_id=node.text("Id"),
        electronic_sequence=_integer(node.text("ElctrncSeqNb"), f"{path}/ElctrncSeqNb", warnings),
        legal_sequence=_integer(node.text("LglSeqNb"), f"{path}/LglSeqNb", warnings),
        page_number=page_number,
        last_page=last_page,
        created_at=_moment(node.text("CreDtTm"), f"{path}/CreDtTm", warnings),
        period_from=_day(node.text("FrToDt", "FrDtTm"), f"{path}/FrToDt/FrDtTm", warnings),
        period_to=_day(node.text("FrToDt", "ToDtTm"), f"{path}/FrToDt/ToDtTm", warnings),
        opening=opening,
        closing=closing,
        balances=balances,
        totals=_totals(node, account.currency, position, findings),
        findings=tuple(findings),
        warnings=tuple(warnings),
    )


def _account(node: Node, line: int | None, path: str, known: str | None, warnings) -> AccountRef:
    account = node.one("Acct")
    if account is None:
        raise StatementFormatError(
            "A statement in the file does not say which account it is about before its entries.",
            line=line,
            tag=f"{path}/Acct",
            reason="Acct is missing",
        )
    iban = account.text("Id", "IBAN")
    number = account.one("Id")
    other = other_account(number) if number else None
    if not iban and not other:
        raise StatementFormatError(
            "A statement in the file does not identify its account.",
            line=account.element.sourceline,
            tag=f"{path}/Acct/Id",
            reason="neither IBAN nor another identification",
        )
    if iban:
        iban = "".join(iban.split()).upper()
        # Not stdnum.iban: its table cannot be opened once Odoo has patched the package's loader.
        if not _checks(iban):
            warnings.append(
                Warn(path=f"{path}/Acct/Id/IBAN", message=f"{iban} is not a valid IBAN.")
            )
    currency = account.text("Ccy") or _told_currency(node, account, path, known, warnings)
    try:
        minor_unit_exponent(currency)
    except MoneyError as error:
        raise StatementFormatError(
            "A statement in the file is in a currency that does not exist.",
            line=account.element.sourceline,
            tag=f"{path}/Acct/Ccy",
            reason=str(error),
        ) from error
    servicer = account.one("Svcr", "FinInstnId")
    return AccountRef(
        iban=iban,
        other_id=other,
        scheme=account.text("Id", "Othr", "SchmeNm", "Cd")
        or account.text("Id", "Othr", "SchmeNm", "Prtry"),
        currency=currency,
        bic=servicer and bic_of(servicer),
        owner_name=account.text("Ownr", "Nm"),
    )


def _told_currency(node: Node, account: Node, path: str, known: str | None, warnings) -> str:
    """Return the currency of the balances or else of the entries: ``Acct/Ccy`` is optional in the schema."""
    found = _currencies(node, "Bal") or ({known} if known else _currencies(node, "Ntry"))
    if len(found) != 1:
        raise StatementFormatError(
            "A statement in the file does not say the currency of its account.",
            line=account.element.sourceline,
            tag=f"{path}/Acct/Ccy",
            reason=f"no Ccy, and amounts in {', '.join(sorted(found)) or 'no currency'}",
        )
    warnings.append(
        Warn(path=f"{path}/Acct/Ccy", message="The account's currency is that of its amounts.")
    )
    return found.pop()


def _currencies(node: Node, name: str) -> set[str]:
    return {
        amount.element.get("Ccy")
        for item in node.all(name)
        for amount in item.all("Amt")
        if amount.element.get("Ccy")
    }


def _balances(node, currency, document_kind, position, findings) -> tuple[Balance, ...]:
    balances = []
    for item in node.all("Bal"):
        # Version .01 has no element around the choice.
        given = item.one("Tp", "CdOrPrtry") or item.one("Tp")
        own = (given and given.text("Prtry")) or ""
        # North American banks put the codes of BAI2 there.
        kind = (given and given.text("Cd")) or bai2_codes.ISO_BALANCES.get(own, own)
        try:
            balances.append(
                Balance(
                    type=kind,
                    amount=signed_amount(item, currency),
                    currency=currency,
                    date=date_of(item, "Dt"),
                    credit_line_included=BOOLEANS.get(item.text("CdtLine", "Incl"), False),
                )
            )
        except BadRecordError as error:
            booked = kind in (*_OPENING_TYPES, "CLBD", _PAGE_BALANCE, "")
            findings.append(
                Finding(
                    code="balance_unreadable",
                    message=f"Balance {kind or '(no type)'} is not readable: {error.reason}",
                    severity="error" if booked and document_kind == STATEMENT else "warning",
                    actual=item.text("Amt"),
                    position=position,
                )
            )
    return tuple(balances)


def _opening(balances, page_number, position, findings) -> Balance | None:
    for kind in _OPENING_TYPES:
        found = [balance for balance in balances if balance.type == kind]
        if found:
            return checks.only_balance(found, position, findings)
    pages = [balance for balance in balances if balance.type == _PAGE_BALANCE]
    if pages and page_number is not None and page_number > 1:
        return pages[0]
    return None


def _closing(balances, last_page, position, findings) -> Balance | None:
    found = [balance for balance in balances if balance.type == "CLBD"]
    if found:
        return checks.only_balance(found, position, findings)
    pages = [balance for balance in balances if balance.type == _PAGE_BALANCE]
    return pages[-1] if pages and last_page is False else None


def _totals(node, currency, position, findings) -> DeclaredTotals | None:
    summary = node.one("TxsSummry")
    if summary is None:
        return None

    def number(*path):
        text = summary.text(*path)
        if text is not None and not (text.isascii() and text.isdecimal()):
            raise BadRecordError("totals", f"{'/'.join(path)} {text} is not a number.")
        return int(text) if text is not None else None

    def amount(*path) -> Decimal | None:
        text = summary.text(*path)
        return None if text is None else exact_amount(text, currency)

    net_path = ("TtlNtries", "TtlNetNtry", "Amt")
    holder = summary.one("TtlNtries", "TtlNetNtry")
    if holder is None:
        net_path, holder = ("TtlNtries", "TtlNetNtryAmt"), summary.one("TtlNtries")
    try:
        net = amount(*net_path)
        return DeclaredTotals(
            entries=number("TtlNtries", "NbOfNtries"),
            entries_sum=amount("TtlNtries", "Sum"),
            net=net if net is None else signed(sign(holder), net),
            credit_entries=number("TtlCdtNtries", "NbOfNtries"),
            credit_sum=amount("TtlCdtNtries", "Sum"),
            debit_entries=number("TtlDbtNtries", "NbOfNtries"),
            debit_sum=amount("TtlDbtNtries", "Sum"),
        )
    except BadRecordError as error:
        findings.append(
            Finding(
                code="total_unreadable",
                message=f"The statement's own totals are not readable: {error.reason}",
                severity="error",
                position=position,
            )
        )
        return None


def _integer(text: str | None, path: str, warnings: list[Warn]) -> int | None:
    if text is None:
        return None
    if text.isascii() and text.isdecimal() and len(text) <= 18:
        return int(text)
    warnings.append(Warn(path=path, message=f"{text} is not a whole number."))
    return None


def _moment(text, path, warnings) -> datetime.datetime | None:
    if text is None:
        return None
    try:
        return parse_datetime(text)
    except DateError as error:
        warnings.append(Warn(path=path, message=str(error)))
        return None


def _day(text, path, warnings) -> datetime.date | None:
    moment = _moment(text, path, warnings)
    return moment.date() if moment else None


def _checks(iban: str) -> bool:
    """Whether the check digits of ISO 13616 hold."""
    return (
        iban.isalnum()
        and iban.isascii()
        and len(iban) > 4
        and mod_97_10.is_valid(iban[4:] + iban[:4])
    )
