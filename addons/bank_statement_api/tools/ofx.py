"""OFX 1.x and 2.x: bank and credit card statements, as banks offer them for download.

Source: OFX 2.2, chapter 11. Ledger and available balance are those of the moment of the download, not
of the last day of the list: they are kept, and prove nothing. ``FITID`` is kept as the provider's id,
which identity compares together with day and amount, since banks reuse it.
"""

from __future__ import annotations

import datetime
import re
from decimal import Decimal

from odoo.addons.finance_connector_base.tools.money import (
    MoneyError,
    minor_unit_exponent,
    parse_amount,
)

from . import ofx_sgml, text_encoding
from .documents import (
    BOOKED,
    PENDING,
    AccountRef,
    BadEntry,
    Balance,
    BankTransactionCode,
    ForeignAmount,
    Party,
    Position,
    Statement,
    Transaction,
    Warn,
)
from .errors import StatementFormatError
from .ofx_sgml import Aggregate

_XML_ENCODING = re.compile(r"<\?xml\b[^>]*\bencoding\s*=\s*[\"']([\w.-]+)", re.IGNORECASE)
_HEADER = re.compile(r"^\s*([A-Z]+)\s*:\s*(\S*)", re.MULTILINE)
_VERSION = re.compile(r"VERSION\s*[:=]\s*\"?(\d{3})")
_MARK = re.compile(r"OFXHEADER\s*[:=]|<OFX>", re.IGNORECASE)
# YYYYMMDD, perhaps a time, perhaps a zone: [-5:EST]. The day is what the bank printed.
_DATE = re.compile(
    r"(\d{4})(\d{2})(\d{2})(?:\d{2}(?:\d{2}(?:\d{2}(?:\.\d{1,6})?)?)?)?(?:\s*\[[^\]]*\])?", re.ASCII
)
_AMOUNT = re.compile(r"([+-]?)(\d{1,15})(?:[.,](\d{1,5}))?", re.ASCII)
# Blanks between groups of three digits leave no doubt, other than a point or a comma.
_GROUPED = re.compile(r"[+-]?\d{1,3}(?:[ \u00a0\u202f]\d{3})+(?:[.,]\d{1,5})?", re.ASCII)
_IBAN = re.compile(r"[A-Z]{2}\d{2}[A-Z0-9]{11,30}", re.ASCII)
_KEPT = ("CHECKNUM", "REFNUM", "SRVRTID", "SIC", "DTUSER", "PAYEEID", "EXTDNAME", "CATEGORY")
_ENTRIES = ("STMTTRN", "STMTTRNP")


class _BadRecordError(Exception):
    def __init__(self, code: str, reason: str):
        super().__init__(reason)
        self.code = code
        self.reason = reason


def matches(content: bytes) -> bool:
    """Say whether a file is OFX, by its header or its root."""
    return bool(_MARK.search(text_encoding.head(content, 1024)))


def read(
    content: bytes, *, currency: str | None = None, encoding: str | None = None
) -> list[Statement]:
    """Return the statements of the file's bank accounts and cards.

    :param currency: of a statement that does not say it.
    :param encoding: of its characters, where a person set one: it counts before what the file declares.
    :raise StatementFormatError: it is damaged, the bank answered with an error, or it holds neither.
    """
    header = text_encoding.head(content, 1024).partition("<OFX>")[0]
    declared = encoding or _declared(header)
    decoded = text_encoding.decode(content, declared)
    body = re.search(r"<OFX>", decoded.text, re.IGNORECASE)
    if not body:
        raise StatementFormatError(
            "The OFX file is damaged: it has no content.", tag="OFX", reason="no <OFX>"
        )
    # Blank lines stand for the header, so that line numbers are those of the file.
    root = ofx_sgml.parse(
        "\n" * decoded.text.count("\n", 0, body.start()) + decoded.text[body.start() :]
    )
    version = _VERSION.search(header)
    warnings = ()
    if declared in (None, decoded.encoding):
        warnings = () if decoded.reason == "assumed" else decoded.remarks
    elif decoded.reason not in ("mark", "zeros", "ascii"):
        message = f"The file declares {declared} and was read as {decoded.encoding}."
        warnings = (Warn(path="header", message=message),)
    found = root.find(("STMTRS", "CCSTMTRS"))
    _check_status(root)
    if not found:
        raise StatementFormatError(
            "There is no statement of a bank account or card in the OFX file.",
            tag="OFX",
            reason="neither STMTRS nor CCSTMTRS",
            code="statement_empty",
        )
    return [
        _statement(node, number, version[1] if version else "", currency, warnings)
        for number, node in enumerate(found, 1)
    ]


def _declared(header: str) -> str | None:
    """Return the encoding that a header names: ``CHARSET:1250``, ``encoding="ISO-8859-2"``."""
    fields = dict(_HEADER.findall(header))
    xml = _XML_ENCODING.search(header)
    names = (fields.get("CHARSET"), fields.get("ENCODING"), xml and xml[1])
    return next(filter(None, (text_encoding.python_name(name or "") for name in names)), None)


def _check_status(root: Aggregate):
    for status in root.find(("STATUS",)):
        if (status.text("SEVERITY") or "").upper() == "ERROR":
            code = status.text("CODE") or "?"
            raise StatementFormatError(
                f"The bank answered with an error ({code}) in place of a statement.",
                line=status.line,
                tag="STATUS",
                reason=status.text("MESSAGE") or f"code {code}",
            )


def _statement(node: Aggregate, number: int, version: str, currency, warnings) -> Statement:
    currency = node.text("CURDEF") or currency
    try:
        minor_unit_exponent(currency)
    except MoneyError as error:
        raise StatementFormatError(
            "A statement in the OFX file does not say its currency.",
            line=node.line,
            tag=f"{node.name}/CURDEF",
            reason=str(error),
        ) from error
    account = _account(node, currency)
    transactions, bad_entries, notes = [], [], list(warnings)
    # Not only in their list: some banks do not close it, and then it holds nothing.
    for place, entry in enumerate(node.find(_ENTRIES), 1):
        position = Position(statement=number, entry=place, line=entry.line)
        status = PENDING if entry.name == "STMTTRNP" else BOOKED
        amount = None
        try:
            amount = _entry_amount(entry, currency)
            transactions.append(_transaction(entry, amount, currency, status, position))
        except _BadRecordError as error:
            evidence = {name: texts[0] for name, texts in entry.values.items()}
            bad_entries.append(
                BadEntry(
                    position=position,
                    code=error.code,
                    reason=error.reason,
                    evidence=evidence,
                    amount=amount,
                    status=status,
                )
            )
            continue
        kind = entry.text("TRNTYPE")
        if amount and (kind, amount > 0) in (("CREDIT", False), ("DEBIT", True)):
            notes.append(
                Warn(
                    path=str(position),
                    message=f"{kind} with the amount {amount}: the sign of the amount counts.",
                )
            )
    listed = node.one("BANKTRANLIST") or node
    return Statement(
        account=account,
        source_format="ofx",
        source_version=version,
        position=number,
        period_from=_day_or_none(listed, "DTSTART"),
        period_to=_day_or_none(listed, "DTEND"),
        balances=_balances(node, currency, notes),
        transactions=tuple(transactions),
        bad_entries=tuple(bad_entries),
        warnings=tuple(notes),
    )


def _account(node: Aggregate, currency: str) -> AccountRef:
    holder = node.one("BANKACCTFROM") or node.one("CCACCTFROM")
    number = holder and holder.text("ACCTID")
    if not number:
        raise StatementFormatError(
            "A statement in the OFX file does not say which account it is about.",
            line=node.line,
            tag=f"{node.name}/ACCTID",
            reason="missing",
        )
    compact = "".join(number.split()).upper()
    is_iban = bool(_IBAN.fullmatch(compact))
    return AccountRef(
        iban=compact if is_iban else None,
        other_id=None if is_iban else number,
        scheme=holder.text("ACCTTYPE") or ("CREDITCARD" if holder.name == "CCACCTFROM" else None),
        currency=currency,
    )


def _balances(node: Aggregate, currency: str, notes: list[Warn]) -> tuple[Balance, ...]:
    found = []
    for holder in node.find(("LEDGERBAL", "AVAILBAL", "BAL")):
        name = {"LEDGERBAL": "ITBD", "AVAILBAL": "ITAV"}.get(holder.name) or holder.text("NAME")
        value = holder.text("BALAMT") or holder.text("VALUE")
        own = holder.one("CURRENCY")
        unit = (own and own.text("CURSYM")) or currency
        if holder.name == "BAL" and holder.text("BALTYPE") == "PERCENT":
            continue
        try:
            found.append(
                Balance(
                    type=name or "?",
                    amount=_amount(value, unit),
                    currency=unit,
                    date=_day_or_none(holder, "DTASOF"),
                )
            )
        except _BadRecordError as error:
            notes.append(Warn(path=f"{holder.name}, line {holder.line}", message=error.reason))
    return tuple(found)


def _entry_amount(entry: Aggregate, currency: str) -> Decimal:
    return _amount(_only(entry, "TRNAMT"), currency)


def _transaction(entry, amount, currency, status, position) -> Transaction:
    if _only(entry, "CORRECTFITID"):
        raise _BadRecordError(
            "correction",
            f"It corrects the earlier transaction {entry.text('CORRECTFITID')} "
            f"({entry.text('CORRECTACTION') or 'no action given'}).",
        )
    other = entry.one("CURRENCY")
    unit = other.text("CURSYM") if other else entry.text("CURRENCY")
    if unit and unit != currency:
        raise _BadRecordError(
            "currency",
            f"{amount} are in {unit}, and the account is in {currency}: the bank does not say what was "
            f"booked (rate {(other and other.text('CURRATE')) or 'not given'}).",
        )
    booking_date = _day(entry, "DTPOSTED") if status == BOOKED else _day_or_none(entry, "DTTRAN")
    memo, kind = entry.text("MEMO"), entry.text("TRNTYPE")
    return Transaction(
        amount=amount,
        currency=currency,
        status=status,
        position=position,
        booking_date=booking_date,
        value_date=_day_or_none(entry, "DTAVAIL"),
        provider_uid=_only(entry, "FITID"),
        counterparty=_party(entry),
        remittance=(memo,) if memo else (),
        foreign=_foreign(entry),
        bank_code=BankTransactionCode(proprietary=kind, issuer="OFX") if kind else None,
        extras={name: entry.text(name) for name in _KEPT if entry.text(name)},
    )


def _party(entry: Aggregate) -> Party:
    # Some banks write the name itself where its address belongs.
    payee = entry.one("PAYEE")
    target = entry.one("BANKACCTTO") or entry.one("CCACCTTO")
    number = (target and target.text("ACCTID")) or ""
    compact = "".join(number.split()).upper()
    is_iban = bool(_IBAN.fullmatch(compact))
    return Party(
        name=entry.text("NAME") or (payee.text("NAME") if payee else entry.text("PAYEE")) or None,
        iban=compact if is_iban else None,
        other_id=number if number and not is_iban else None,
    )


def _foreign(entry: Aggregate) -> tuple[ForeignAmount, ...]:
    """Return what ``ORIGCURRENCY`` says: the amount was converted already, only the rate is known."""
    origin = entry.one("ORIGCURRENCY")
    if origin is None:
        return ()
    rate = _AMOUNT.fullmatch((origin.text("CURRATE") or "").lstrip("+"))
    return (
        ForeignAmount(
            kind="transaction",
            currency=origin.text("CURSYM"),
            rate=Decimal(f"{rate[2]}.{rate[3] or '0'}") if rate else None,
            source_currency=origin.text("CURSYM"),
        ),
    )


# -- what decides money and dates: read strictly or not at all ------------------------------------


def _only(entry: Aggregate, name: str) -> str | None:
    texts = entry.values.get(name, [])
    if len(texts) > 1:
        raise _BadRecordError("ambiguous", f"{name} is given {len(texts)} times.")
    return texts[0] if texts else None


def _amount(text: str | None, currency: str) -> Decimal:
    """Read an amount: a sign, digits, and a point or a comma before the decimals."""
    text = text or ""
    match = _AMOUNT.fullmatch("".join(text.split()) if _GROUPED.fullmatch(text) else text)
    if not match:
        raise _BadRecordError("amount", f"{text or '(empty)'} is not an amount.")
    try:
        value = parse_amount(f"{match[2]}.{match[3] or '0'}", currency)
    except MoneyError as error:
        raise _BadRecordError("amount", f"{text}: {error}") from error
    return 0 - value if match[1] == "-" else value


def _day(entry: Aggregate, name: str) -> datetime.date:
    text = _only(entry, name)
    match = _DATE.fullmatch(text or "")
    try:
        return datetime.date(int(match[1]), int(match[2]), int(match[3]))
    except (TypeError, ValueError):
        raise _BadRecordError("date", f"{name} {text or '(empty)'} is not a date.") from None


def _day_or_none(entry: Aggregate | None, name: str) -> datetime.date | None:
    if entry is None or not entry.text(name):
        return None
    try:
        return _day(entry, name)
    except _BadRecordError:
        return None
