"""Writes the formats made of lines of text: the counterparts that their readers are tested against.

One function for each format; what they take is the same as of ``camt_writer.daily_file``, so that one
day can be written in two formats.
"""

from __future__ import annotations

import datetime
from decimal import Decimal

from .camt_writer import Line

_NUMBERS = {"EUR": "978", "USD": "840", "GBP": "826", "JPY": "392", "KWD": "414"}
_POSITIVE, _NEGATIVE = "{ABCDEFGHI", "}JKLMNOPQR"
_DECIMALS = {"JPY": 0, "KWD": 3}


def _day_of(lines: list[Line]) -> tuple[datetime.date, datetime.date]:
    days = [line.day for line in lines] or [datetime.date(2026, 1, 1)]
    return min(days), max(days)


def _closing(lines, opening):
    return opening + sum((line.amount for line in lines), Decimal(0))


def _units(amount, decimals):
    return str(int(abs(amount).scaleb(decimals)))


# -- SWIFT -------------------------------------------------------------------------------------


def _swift_amount(amount):
    return format(abs(amount), "f").replace(".", ",") + ("" if "." in format(amount, "f") else ",")


def _swift_balance(tag, amount, day, currency):
    mark = "D" if amount < 0 else "C"
    return f":{tag}:{mark}{day:%y%m%d}{currency}{_swift_amount(amount)}"


def _swift_lines(lines, mark=""):
    for number, line in enumerate(lines, 1):
        sign = mark + ("D" if line.amount < 0 else "C")
        reference = line.reference or "NONREF"
        yield (
            f":61:{line.day:%y%m%d}{line.day:%m%d}{sign}{_swift_amount(line.amount)}NTRFNONREF//{reference}"
        )
        remittance = "".join(
            (
                f"EREF+{line.end_to_end_id}" if line.end_to_end_id else "",
                f"SVWZ+{line.text}" if line.text else "",
            )
        )
        parts = [remittance[at : at + 27] for at in range(0, len(remittance), 27)][:10]
        text = f"{166 if line.amount > 0 else 116}?00BOOKING {number}"
        text += "".join(f"?2{place}{part}" for place, part in enumerate(parts))
        text += f"?31{line.iban}" if line.iban else ""
        text += f"?32{line.name}" if line.name else ""
        rows = [text[at : at + 65] for at in range(0, len(text), 65)]
        yield ":86:" + "\r\n".join(rows)


def mt940(iban, currency, lines, *, opening=Decimal(0), sequence=1, envelope=False) -> bytes:
    """Return an MT940 of one statement whose balances are right, in the German dialect."""
    lines = list(lines)
    first, last = _day_of(lines)
    rows = [
        ":20:STARTUMS",
        f":25:{iban}",
        f":28C:{sequence:05d}/001",
        _swift_balance("60F", opening, first, currency),
        *_swift_lines(lines),
        _swift_balance("62F", _closing(lines, opening), last, currency),
    ]
    return _message(rows, "940", envelope)


def mt942(iban, currency, lines, *, expected=(), sequence=1, envelope=False) -> bytes:
    """Return an MT942 of booked and expected entries whose totals are right."""
    lines, expected = list(lines), list(expected)
    every = [line.amount for line in (*lines, *expected)]
    _first, last = _day_of(lines or expected)
    rows = [
        ":20:INTERIM",
        f":25:{iban}",
        f":28C:{sequence:05d}/001",
        f":34F:{currency}0,",
        f":13D:{last:%y%m%d}1530+0100",
        *_swift_lines(lines),
        *_swift_lines(expected, "E"),
    ]
    for tag, side in (
        ("90D", [amount for amount in every if amount < 0]),
        ("90C", [amount for amount in every if amount >= 0]),
    ):
        rows.append(f":{tag}:{len(side)}{currency}{_swift_amount(sum(side, Decimal(0)))}")
    return _message(rows, "942", envelope)


def _message(rows, kind, envelope):
    if envelope:
        bank = "BANKDEFFAXXX0000000000"
        head = f"{{1:F01{bank}}}{{2:O{kind}0000000000{bank}N}}{{4:"
        rows = [head, *rows, "-}{5:{CHK:123456789ABC}}"]
    else:
        rows = [*rows, "-"]
    return ("\r\n".join(rows) + "\r\n").encode()


# -- BAI2 --------------------------------------------------------------------------------------


def bai2(account, currency, lines, *, opening=Decimal(0)) -> bytes:
    """Return a BAI2 file of one group for each day, whose balances and control totals are right."""
    lines = list(lines)
    decimals = _DECIMALS.get(currency, 2)
    records = ["01,122099999,123456789,260304,2300,1,80,,2/"]
    file_total = groups = 0
    balance = opening
    for day in sorted({line.day for line in lines}) or [datetime.date(2026, 1, 1)]:
        of_day = [line for line in lines if line.day == day]
        closing = _closing(of_day, balance)
        records.append(f"02,123456789,122099999,1,{day:%y%m%d},2400,{currency},2/")
        start = len(records)
        amounts = [int(balance.scaleb(decimals)), int(closing.scaleb(decimals))]
        records.append(f"03,{account},{currency},010,{amounts[0]},,,015,{amounts[1]},,/")
        for line in of_day:
            units = _units(line.amount, decimals)
            amounts.append(int(units))
            code = 165 if line.amount >= 0 else 455
            records.append(
                f"16,{code},{units},0,{line.reference},{line.end_to_end_id or ''},{line.text}"
            )
        total = sum(amounts)
        records.append(f"49,{total},{len(records) - start + 1}/")
        records.append(f"98,{total},1,{len(records) - start + 2}/")
        file_total, groups, balance = file_total + total, groups + 1, closing
    records.append(f"99,{file_total},{groups},{len(records) + 1}/")
    return ("\r\n".join(records) + "\r\n").encode()


# -- CODA --------------------------------------------------------------------------------------


def coda_account(iban, currency):
    """Return an account and its currency as records 1, 2.3 and 8 hold them: 37 characters."""
    return f"{iban:<34}{currency}"


def coda_movement(
    line, number, detail=0, *, code="00150000", globalisation="0", communication=None, link="0"
):
    """Return the records 2.1, 2.2 and 2.3 of a movement."""
    kind, text = communication or ("0", line.text)
    text = f"{text:<149}"
    # Behind 9999 the numbers go on with 0000.
    key = f"{number % 10000:04d}{detail:04d}"
    sign = "1" if line.amount < 0 else "0"
    units = _units(line.amount, 3).rjust(15, "0")
    yield (
        f"21{key}{line.reference:<21}{sign}{units}{line.day:%d%m%y}{code}{kind}{text[:53]}"
        f"{line.day:%d%m%y}000{globalisation}1 {link}"
    )
    yield f"22{key}{text[53:106]}{line.end_to_end_id or '':<35}{'':<11}{'':<16}1 {link}"
    yield (
        f"23{key}{coda_account(line.iban, '') if line.iban else '':<37}{line.name or '':<35}"
        f"{text[106:149]}0 {link}"
    )


def coda_file(iban, currency, movements, *, opening, closing, debit, credit, day, sequence=1):
    """Return the records of one account around its movements, with a trailer that is right."""
    account = coda_account(iban, currency)
    old, new = ("1" if amount < 0 else "0" for amount in (opening, closing))
    first = f"12{sequence:03d}{account}{old}{_units(opening, 3):>015}{day:%d%m%y}"
    body = [
        f"{first}{'OWNER':<26}{'CURRENT ACCOUNT':<35}{sequence:03d}",
        *movements,
        f"8{sequence:03d}{account}{new}{_units(closing, 3):>015}{day:%d%m%y}{'':<64}0",
    ]
    counted = sum(record[0] in "1238" for record in body)
    header = f"00000{day:%d%m%y}30005{'':<8}{'FILE1':<10}{'OWNER':<26}{'KREDBEBB':<11}0123456749"
    return [
        f"{header:<127}2",
        *body,
        f"9{'':<15}{counted:06d}{_units(debit, 3):>015}{_units(credit, 3):>015}{'':<75}2",
    ]


def coda(iban, currency, lines, *, opening=Decimal(0), sequence=1) -> bytes:
    """Return a CODA file of one account whose balances and totals are right."""
    lines = list(lines)
    _first, last = _day_of(lines)
    movements = [
        record for number, line in enumerate(lines, 1) for record in coda_movement(line, number)
    ]
    records = coda_file(
        iban,
        currency,
        movements,
        opening=opening,
        closing=_closing(lines, opening),
        debit=sum((line.amount for line in lines if line.amount < 0), Decimal(0)),
        credit=sum((line.amount for line in lines if line.amount > 0), Decimal(0)),
        day=last,
        sequence=sequence,
    )
    return ("\r\n".join(records) + "\r\n").encode("latin-1")


# -- CFONB 120 ---------------------------------------------------------------------------------


def _punched(amount, decimals):
    units = _units(amount, decimals).rjust(14, "0")
    return units[:-1] + (_NEGATIVE if amount < 0 else _POSITIVE)[int(units[-1])]


def cfonb120(iban, currency, lines, *, opening=Decimal(0)) -> bytes:
    """Return a CFONB 120 file of one account whose balances are right.

    :param iban: of a French account.
    """
    lines = list(lines)
    first, last = _day_of(lines)
    decimals = _DECIMALS.get(currency, 2)
    bank, branch, account = iban[4:9], iban[9:14], iban[14:25]

    def record(code, operation, rest):
        return (
            f"{code}{bank}{operation[2:]:<4}{branch}{currency}{decimals} {account}{operation[:2]:<2}{rest}"
        ).ljust(120)

    def balance(code, amount, day):
        return record(code, "", f"{day:%d%m%y}{'':<50}{_punched(amount, decimals)}")

    rows = [balance("01", opening, first)]
    for number, line in enumerate(lines, 1):
        operation = "05RECU" if line.amount > 0 else "06EMIS"
        day = f"{line.day:%d%m%y}"
        rows.append(
            record(
                "04",
                operation,
                f"{day}  {day}{'VIREMENT':<31}  {number:07d}0{' '}{_punched(line.amount, decimals)}",
            )
        )
        more = {
            "LCC": line.text,
            "NPY" if line.amount > 0 else "NBE": line.name,
            "RCN": line.end_to_end_id,
            "REF": line.reference,
            "CPY" if line.amount > 0 else "CBE": line.iban,
        }
        rows += [
            record("05", operation, f"{day}     {qualifier}{text[:70]}")
            for qualifier, text in more.items()
            if text
        ]
    rows.append(balance("07", _closing(lines, opening), last))
    return ("\r\n".join(rows) + "\r\n").encode("latin-1")


# -- Norma 43 ----------------------------------------------------------------------------------


def norma43(iban, currency, lines, *, opening=Decimal(0)) -> bytes:
    """Return a Norma 43 file of one account whose balances and totals are right.

    :param iban: of a Spanish account.
    """
    lines = list(lines)
    first, last = _day_of(lines)
    account = iban[4:12] + iban[14:24]
    number = _NUMBERS[currency]

    def signed(amount):
        return f"{'1' if amount < 0 else '2'}{_units(amount, 2):>014}"

    rows = [f"11{account}{first:%y%m%d}{last:%y%m%d}{signed(opening)}{number}3{'TITULAR':<26}   "]
    for place, line in enumerate(lines, 1):
        concept = "04007" if line.amount > 0 else "03012"
        rows.append(
            f"22    0001{line.day:%y%m%d}{line.day:%y%m%d}{concept}{signed(line.amount)}"
            f"{place:010d}{line.reference[:12]:<12}{(line.end_to_end_id or '')[:16]:<16}"
        )
        text = " ".join(filter(None, (line.name, line.text)))[:380]
        for code, at in enumerate(range(0, len(text), 76), 1):
            rows.append(f"23{code:02d}{text[at : at + 76]:<76}")
    debits = [line.amount for line in lines if line.amount < 0]
    credits_ = [line.amount for line in lines if line.amount >= 0]
    rows.append(
        f"33{account}{len(debits):05d}{_units(sum(debits, Decimal(0)), 2):>014}{len(credits_):05d}"
        f"{_units(sum(credits_, Decimal(0)), 2):>014}{signed(_closing(lines, opening))}{number}    "
    )
    rows.append(f"88{'9' * 18}{len(rows):06d}{'':<54}")
    return ("\r\n".join(rows) + "\r\n").encode("latin-1")
