"""Reader of SWIFT MT940 and MT942: customer statements and interim reports, bare or in their envelope.

After SWIFT's User Handbook, category 9, and what large banks publish of their dialects. A file is
read whole or refused whole; one booking that cannot be understood is a ``BadEntry``. MT950, which is
an MT940 without field 86, is read as one.

A message ends with ``-}``, or ``-`` on a line of its own, or where the next begins. The last one of a
file has to show that it is complete: by such an end or by its closing balance.
"""

from __future__ import annotations

import dataclasses
import datetime
import re

from . import accounts, flat
from .documents import (
    REPORT,
    SINGLE,
    SPLIT,
    STATEMENT,
    AccountRef,
    BadEntry,
    Balance,
    DeclaredTotals,
    Finding,
    Position,
    Statement,
    Warn,
)
from .flat import BadRecordError
from .mt940_entry import Period, read_entry
from .mt940_message import (
    CLOSING,
    FOLLOWING,
    NAMED_940,
    NUMBER,
    OPENING,
    TOTALS,
    Field,
    Message,
    messages_of,
)

_BALANCE = re.compile(r"([CD])(\d{6})([A-Z]{3})?(0*\d{1,15}[,.]\d{0,5})", re.ASCII)
_FLOOR = re.compile(r"([A-Z]{3})([CD ])?(\d{1,15}(?:[,.]\d{0,5})?)", re.ASCII)
_TOTAL = re.compile(r"(\d{0,5})([A-Z]{3})(\d{0,15}(?:[,.]\d{0,5})?)", re.ASCII)
_CREATED = re.compile(r"(\d{6})(\d{2})(\d{2})(?:([+-])(\d{2})(\d{2}))?", re.ASCII)
# ING closes with the number and the sum of debits and credits.
_ING_TOTALS = re.compile(r"D(\d{6})C(\d{6})D(\d{1,15},\d\d)C(\d{1,15},\d\d)", re.ASCII)
_FIRST = re.compile(r"(?:.*\{4:)?[ \t]*:20:")
_AT_LINES = "@@:20:"
_SECOND = re.compile(r"[ \t]*:25P?:")
# Lines in front of the first field, and from it to the account.
_PRELUDE, _ACCOUNT = 40, 12

_BALANCE_TYPES = {
    "60F": "OPBD",
    "60M": "ITBD",
    "62F": "CLBD",
    "62M": "ITBD",
    "64": "CLAV",
    "65": "FWAV",
}
_REPORT_TAGS = {"34F", "13", "13D", *TOTALS}
_KNOWN = {"20", "21", "25", "25P", "28", "28C", *_BALANCE_TYPES, *_REPORT_TAGS, "61", *FOLLOWING}


def matches(content: bytes) -> bool:
    """Whether a file holds fields 20 and 25 of a SWIFT message near its beginning, or its type and field 25."""
    lines = flat.first_lines(content, _PRELUDE + _ACCOUNT)
    if lines and _AT_LINES in lines[0]:
        lines = _with_lines(lines[0]).split("\n")[1:]
    for number, line in enumerate(lines[:_PRELUDE]):
        if ":20:" in line and _FIRST.match(line):
            return any(map(_SECOND.match, lines[number + 1 : number + 1 + _ACCOUNT]))
        if line.startswith(":25:"):
            return NAMED_940 in lines[:number]
    return False


def read(source: bytes, *, details: str = SPLIT, encoding: str | None = None) -> list[Statement]:
    """Read a file.

    :param source: the file's bytes.
    :param details: as for the other formats; SWIFT's messages hold no details of a batch.
    :param encoding: of its characters, where a person set one.
    :return: its statements in the order of the file.
    :raise StatementFormatError: the file as a whole is damaged, or no MT940 or MT942.
    """
    if details not in (SPLIT, SINGLE):
        raise ValueError(f"details must be {SPLIT!r} or {SINGLE!r}, not {details!r}")
    return flat.with_text(source, encoding, _statements)


def _statements(text: str) -> list[Statement]:
    messages = messages_of(flat.lines_of(_with_lines(text)))
    if not messages:
        raise flat.refusal(
            "There is no MT940 or MT942 message in the file.",
            0,
            ":20:",
            "no field 20",
            code="statement_empty",
        )
    return [_statement(message, number) for number, message in enumerate(messages, 1)]


def _with_lines(text: str) -> str:
    """Return a text with its line ends, which German banks also write as two characters (FinTS)."""
    return text.replace("@@", "\n") if _AT_LINES in text else text


# -- message to statement ----------------------------------------------------------------------


class _Notes:
    """Findings and warnings of one statement while it is read."""

    def __init__(self, number: int):
        self.number = number
        self.findings: list[Finding] = []
        self.warnings: list[Warn] = []
        self.extras: dict[str, str] = {}

    def place(self, line: int = 0, entry: int = 0) -> Position:
        return Position(statement=self.number, entry=entry, line=line)

    def keep(self, name: str, value: str):
        if value:
            known = self.extras.get(name)
            self.extras[name] = f"{known}\n{value}" if known else value


def _statement(message: Message, number: int) -> Statement:
    notes = _Notes(number)
    is_report = message.type == "942" or (
        message.type is None
        and message.one(*OPENING, *CLOSING) is None
        and message.one(*_REPORT_TAGS) is not None
    )
    account, scheme = _account(message)
    balances = _balances(message, notes)
    currency = _currency(message, balances, scheme, notes)
    opening, closing = _bound(balances, OPENING), _bound(balances[::-1], CLOSING)
    statement_number, page = _numbers(message, notes)
    period = Period(opening and opening.date, closing and closing.date)
    own = tuple(filter(None, (account.iban, account.other_id)))
    transactions, bad_entries, trailing = _entries(message, currency, own, period, notes)
    reference = message.fields[0].value
    for item in message.all("21"):
        notes.keep("21", item.value)
    for item in message.all("34F"):
        notes.keep("34F", item.value)
    for text in message.prelude:
        notes.keep("prelude", text)
    for key, text in message.blocks.items():
        notes.keep(f"block_{key}", text)
    sequence = None if statement_number is None else f"{statement_number}"
    if page is not None and page > 0:
        sequence = f"{sequence}/{page}"
    return Statement(
        account=dataclasses.replace(account, currency=currency),
        source_format="mt942" if is_report else "mt940",
        source_version=message.type or ("942" if is_report else "940"),
        kind=REPORT if is_report else STATEMENT,
        position=number,
        message_id=reference or None,
        statement_id=" ".join(filter(None, (reference, sequence))) or None,
        electronic_sequence=statement_number or None,
        page_number=(page or None) if message.pages == 1 else None,
        last_page=None if closing is None else message.one("62F") is not None,
        created_at=_created(message, notes),
        period_from=None if is_report else period.first,
        period_to=None if is_report else period.last,
        opening=opening,
        closing=closing,
        balances=tuple(balance for _tag, balance in balances),
        totals=_totals(message, trailing, currency, notes),
        transactions=tuple(transactions),
        bad_entries=tuple(bad_entries),
        findings=tuple(notes.findings),
        warnings=tuple(notes.warnings),
        extras=notes.extras,
    )


def _account(message: Message) -> tuple[AccountRef, str | None]:
    """Return the account of field 25 and the currency that some banks put behind it."""
    item = message.one("25", "25P")
    # Austrian and Polish banks put slashes in front.
    text = item.value.lstrip("/") if item else ""
    if not text:
        line = item.line if item else message.line
        raise flat.refusal(
            "A statement in the file does not identify its account.",
            line,
            ":25:",
            "the field is missing or empty",
        )
    currency = None
    found = re.fullmatch(r"(.*\d)[ /]?([A-Z]{3})", text)
    if found and flat.known_currency(found[2]) and not accounts.is_iban(accounts.compact(text)):
        text, currency = found[1].rstrip(" /"), found[2]
    # BANKBICX/account: only the second part is the account's number. BLZ/number stays whole.
    bic = None
    prefix = re.fullmatch(r"([A-Z]{6}[A-Z0-9]{2}(?:[A-Z0-9]{3})?)/(.+)", text)
    if prefix:
        bic, text = prefix[1], prefix[2]
    if item.tag == "25P" and len(item.lines) > 1:
        bic = item.lines[1].strip() or bic
    iban, other = accounts.identify(text)
    return AccountRef(iban=iban, other_id=other, bic=bic), currency


def _balances(message: Message, notes: _Notes) -> list[tuple[str, Balance]]:
    found = []
    for item in message.all(*_BALANCE_TYPES):
        match = _BALANCE.fullmatch(item.value)
        try:
            if not match:
                raise BadRecordError("balance", "the form is not mark, day, currency and amount")
            mark, day, currency, figure = match.groups()
            if currency is None:
                # Some banks write it only once.
                currency = found[0][1].currency if found else None
                notes.warnings.append(
                    Warn(path=f":{item.tag}:", message="The balance does not say its currency.")
                )
            if currency is None:
                raise BadRecordError("currency", "it does not say its currency")
            if not flat.known_currency(currency):
                raise BadRecordError("currency", f"{currency} is not an ISO 4217 currency in use")
            amount = flat.signed(mark == "C", flat.decimal_amount(figure, currency))
            kind = _BALANCE_TYPES[item.tag]
            balance = Balance(type=kind, amount=amount, currency=currency, date=flat.day(day))
            found.append((item.tag, balance))
        except BadRecordError as error:
            booked = item.tag in (*OPENING, *CLOSING)
            notes.findings.append(
                Finding(
                    code="balance_unreadable",
                    message=f"Balance :{item.tag}: is not readable: {error.reason}",
                    severity="error" if booked else "warning",
                    actual=item.value,
                    position=notes.place(item.line),
                )
            )
    return found


def _bound(balances: list[tuple[str, Balance]], tags: tuple[str, ...]) -> Balance | None:
    return next((balance for tag, balance in balances if tag in tags), None)


def _currency(message: Message, balances, scheme: str | None, notes: _Notes) -> str:
    """Return the account's currency: that of its balances, which have to agree."""
    found = {balance.currency for _tag, balance in balances}
    for item in message.all("34F", *TOTALS):
        match = (_FLOOR if item.tag == "34F" else _TOTAL).fullmatch(item.value)
        if match:
            found.add(match[1] if item.tag == "34F" else match[2])
    if scheme and not found:
        found.add(scheme)
    known = {code for code in found if flat.known_currency(code)}
    if len(found) != 1 or not known:
        unreadable = " ".join(finding.message for finding in notes.findings)
        raise flat.refusal(
            "A statement in the file does not say one currency for its account.",
            message.line,
            ":60F:",
            f"balances and totals in {', '.join(sorted(found)) or 'no currency'}. {unreadable}".strip(),
        )
    return found.pop()


def _numbers(message: Message, notes: _Notes) -> tuple[int | None, int | None]:
    item = message.one("28C", "28")
    if item is None:
        return None, None
    found = NUMBER.fullmatch(item.value)
    if not found:
        notes.warnings.append(
            Warn(path=f":{item.tag}:", message=f"“{item.value}” is no number of a statement.")
        )
        return None, None
    return int(found[1]), int(found[2]) if found[2] else None


def _created(message: Message, notes: _Notes) -> datetime.datetime | None:
    item = message.one("13D", "13")
    if item is None:
        return None
    found = _CREATED.fullmatch(item.value)
    try:
        if not found:
            raise ValueError
        day, hour, minute, sign, hours, minutes = found.groups()
        zone = None
        if sign:
            offset = datetime.timedelta(hours=int(hours), minutes=int(minutes))
            zone = datetime.timezone(-offset if sign == "-" else offset)
        moment = datetime.time(int(hour), int(minute), tzinfo=zone)
        return datetime.datetime.combine(flat.day(day), moment)
    except (ValueError, BadRecordError):
        notes.warnings.append(Warn(path=f":{item.tag}:", message=f"“{item.value}” is no time."))
        return None


def _totals(message: Message, trailing: str, currency: str, notes: _Notes) -> DeclaredTotals | None:
    values = {}
    for item in message.all(*TOTALS):
        match = _TOTAL.fullmatch(item.value)
        side = "credit" if item.tag == "90C" else "debit"
        try:
            if not match:
                raise BadRecordError("totals", "the form is not number, currency and amount")
            values[f"{side}_entries"] = int(match[1]) if match[1] else None
            values[f"{side}_sum"] = flat.decimal_amount(match[3], currency)
        except BadRecordError as error:
            notes.findings.append(
                Finding(
                    code="total_unreadable",
                    message=f"The statement's own totals are not readable: {error.reason}",
                    severity="error",
                    actual=item.value,
                    position=notes.place(item.line),
                )
            )
    ing = _ING_TOTALS.fullmatch(trailing.strip())
    if ing and not values:
        values = {
            "debit_entries": int(ing[1]),
            "credit_entries": int(ing[2]),
            "debit_sum": flat.decimal_amount(ing[3], currency),
            "credit_sum": flat.decimal_amount(ing[4], currency),
        }
    return DeclaredTotals(**values) if values else None


def _entries(message: Message, currency: str, own: tuple[str, ...], period: Period, notes: _Notes):
    """Read the bookings; a field 86 belongs to the booking right before it, else to the statement."""
    transactions, bad_entries = [], []
    proven = bool(period.first and period.last) or message.one(*TOTALS) is not None
    trailing = ""
    current: tuple[Field, list[Field]] | None = None

    def finish():
        if current is None:
            return
        line, infos = current
        number = len(transactions) + len(bad_entries) + 1
        found = read_entry(
            line,
            infos,
            currency=currency,
            own=own,
            period=period,
            proven=proven,
            position=notes.place(line.line, number),
            warnings=notes.warnings,
        )
        (bad_entries if isinstance(found, BadEntry) else transactions).append(found)

    for item in message.fields:
        if item.tag == "61":
            finish()
            current = (item, [])
        elif item.tag in FOLLOWING and current is not None:
            current[1].append(item)
        elif item.tag in FOLLOWING:
            trailing = "\n".join(item.lines).strip()
            notes.keep(item.tag, trailing)
        elif item.tag in _KNOWN:
            finish()
            current = None
        else:
            notes.warnings.append(
                Warn(path=f":{item.tag}: of line {item.line}", message="The field is not known.")
            )
            notes.keep(item.tag, "\n".join(item.lines).strip())
    finish()
    return transactions, bad_entries, trailing
