"""Bank transaction codes as a small set of kinds that people filter by.

The ISO 20022 code (External Code Sets, "BankTransactionCode") decides; where a bank gives only its own code, the
table of that code's issuer does. A code that no table knows is ``other``, never the kind of its neighbour: its text
is kept beside the kind.

Sources of the issuers' codes: Deutsche Kreditwirtschaft, "Geschäftsvorfallcodes"; SWIFT MT940, field 61 subfield 6;
ASC X9 BAI2 type codes; Febelfin CODA, transaction families; CFONB, "codes opération interbancaires"; AEB Norma 43,
"conceptos comunes"; OFX 2.2, section 11.4.4.3.
"""

from __future__ import annotations

import re
from collections.abc import Mapping

from .documents import BankTransactionCode

TRANSFER = "transfer"
DIRECT_DEBIT = "direct_debit"
CARD = "card"
CASH = "cash"
CHEQUE = "cheque"
BILL = "bill"
FEE = "fee"
INTEREST = "interest"
RETURN = "return"
FOREIGN_EXCHANGE = "foreign_exchange"
SECURITIES = "securities"
LOAN = "loan"
SWEEP = "sweep"
OTHER = "other"
KINDS = (
    TRANSFER,
    DIRECT_DEBIT,
    CARD,
    CASH,
    CHEQUE,
    BILL,
    FEE,
    INTEREST,
    RETURN,
    FOREIGN_EXCHANGE,
    SECURITIES,
    LOAN,
    SWEEP,
    OTHER,
)

# Subfamilies that say it whatever the family.
_SUBFAMILIES = {
    **dict.fromkeys(("CHRG", "COMM", "FEES", "COMT", "BRKF", "OVCH", "COME", "COMI"), FEE),
    "INTR": INTEREST,
    **dict.fromkeys(
        ("RRTN", "UPDD", "PRDD", "RPCR", "RCDD", "ARPD", "UPCT", "UPCQ", "RCCQ"), RETURN
    ),
}
_FAMILIES = {
    ("PMNT", "RCDT"): TRANSFER,
    ("PMNT", "ICDT"): TRANSFER,
    ("PMNT", "RRCT"): TRANSFER,
    ("PMNT", "IRCT"): TRANSFER,
    ("PMNT", "RDDT"): DIRECT_DEBIT,
    ("PMNT", "IDDT"): DIRECT_DEBIT,
    ("PMNT", "CCRD"): CARD,
    ("PMNT", "MCRD"): CARD,
    ("PMNT", "CNTR"): CASH,
    ("PMNT", "RCHQ"): CHEQUE,
    ("PMNT", "ICHQ"): CHEQUE,
    ("PMNT", "DRFT"): BILL,
    ("PMNT", "LBOX"): CHEQUE,
}
_DOMAINS = {"SECU": SECURITIES, "FORX": FOREIGN_EXCHANGE, "LDAS": LOAN, "CAMT": SWEEP}

# Issuers of proprietary codes, as the readers name them.
DK = "DK"
SWIFT = "SWIFT"
BAI2 = "BAI2"
CODA = "CODA"
CFONB = "CFONB"
NORMA43 = "N43"
OFX = "OFX"

_GVC = {
    TRANSFER: "008 020 051 052 053 054 056 116 117 118 119 152 153 154 155 156 157 166 167 168 169 177 191 "
    "194 201 202 206 208 210 211 212 213 214 215 216",
    DIRECT_DEBIT: "004 005 015 071 104 105 107 110 171 174 192 195 196 197",
    CARD: "006 106 190 198",
    CASH: "082 083",
    CHEQUE: "001 002 003 011 070 073 074 075 076 077 078 079 101 102 103 170 207",
    RETURN: "009 059 108 109 111 159 181 183 184 193 836 899",
    FEE: "804 805 806 808 809 810",
    INTEREST: "812 814 815 817",
    BILL: "012 013 014 072 093 095",
    SECURITIES: "301 302 303 304 305 306 307 308 309 310 311 320 321 330 340",
    FOREIGN_EXCHANGE: "401 402 403 404 405 406 407 408 409 411 412 413 414 415 416 417 418 419 420",
    LOAN: "807 811 813 825",
    SWEEP: "833 834",
}
_SWIFT = {
    TRANSFER: "TRF STO",
    DIRECT_DEBIT: "DDT",
    CHEQUE: "CHK CLR ECK LBX TCK",
    FEE: "BNK BRF CHG COM ODC STP UWC",
    INTEREST: "INT",
    RETURN: "RTI",
    BILL: "BOE COL DCR",
    SECURITIES: "CAR CPN DIV MAT NWI OPT PCH PRN RED RIG SAL SEC SUB TRN WAR",
    FOREIGN_EXCHANGE: "FEX",
    LOAN: "LDP",
    SWEEP: "CMI CMN CMS CMT CMZ",
}
# Type codes of details, each alone or from-to; credits 1xx to 3xx, debits 4xx to 6xx.
_BAI2 = {
    TRANSFER: "121 122 142 143 145 158 164-166 191 195 196 201 206 208 216 227 373 "
    "421 422 445 447 452 458 462 464 466 477 491 493 495 496 501 506 508 516 527 673",
    DIRECT_DEBIT: "155 156 451 455",
    CARD: "147",
    CASH: "295 353 366 595 629 666",
    CHEQUE: "115 116 135 136 175 176 184 187 189 221 222 435 472 474-476 484 485 487 489 522",
    RETURN: "123 252 255 257 258 261 266 268 395 423 468 552 555 557 558 561 566 568 694",
    FEE: "224 398 524 564 567 661 698",
    INTEREST: "346 354 359 654 659",
    LOAN: "171 364 481 664 706 720-728 760",
    SECURITIES: "202 232-236 238 240-249 342 351 502 531 533 535 538 540-542 544 546-549 622 651",
    FOREIGN_EXCHANGE: "214 514",
    BILL: "212 213 218 512 513 518",
    SWEEP: "274-278 281 286 347 574 575 577 578 581 656",
}
_CODA = {
    TRANSFER: "01 02 41",
    CHEQUE: "03 43",
    CARD: "04",
    DIRECT_DEBIT: "05",
    BILL: "07 47",
    CASH: "09",
    SECURITIES: "11",
    LOAN: "13",
    INTEREST: "35",
    FEE: "80",
}
_CFONB = {
    CHEQUE: "01 02",
    TRANSFER: "05 06 18 21",
    DIRECT_DEBIT: "08",
    CARD: "11",
    RETURN: "31",
    FEE: "61 62",
}
_NORMA43 = {
    CHEQUE: "01 10",
    CASH: "02 11",
    DIRECT_DEBIT: "03",
    TRANSFER: "04 13 15",
    LOAN: "05",
    BILL: "06",
    SECURITIES: "07 08 09",
    CARD: "12",
    RETURN: "14 98",
    FEE: "16 17",
}
# TRNTYPE of OFX 2.2, section 11.4.4.3.
_OFX = {
    **dict.fromkeys(("XFER", "PAYMENT", "REPEATPMT", "DIRECTDEP", "DEP"), TRANSFER),
    "DIRECTDEBIT": DIRECT_DEBIT,
    "POS": CARD,
    **dict.fromkeys(("ATM", "CASH"), CASH),
    "CHECK": CHEQUE,
    **dict.fromkeys(("FEE", "SRVCHG"), FEE),
    "INT": INTEREST,
    "DIV": SECURITIES,
}


def _by_code(table: dict[str, str]) -> dict[str, str]:
    found: dict[str, str] = {}
    for kind, codes in table.items():
        for item in codes.split():
            first, _dash, last = item.partition("-")
            numbers = range(int(first), int(last) + 1) if last else ()
            for code in [f"{number:03d}" for number in numbers] or [first]:
                found.setdefault(code, kind)
    return found


_TABLES: dict[str, Mapping[str, str]] = {
    DK: _by_code(_GVC),
    SWIFT: _by_code(_SWIFT),
    BAI2: _by_code(_BAI2),
    CODA: _by_code(_CODA),
    CFONB: _by_code(_CFONB),
    NORMA43: _by_code(_NORMA43),
    OFX: _OFX,
}
# NTRF+166+0931 of Deutsche Kreditwirtschaft: SWIFT's type, the GVC, the bank's number.
_DK_CODE = re.compile(r"[NSF]([A-Z0-9 ]{3})(?:\+(\d{3})(?:\+.*)?)?", re.ASCII)


def register_codes(issuer: str, kinds: Mapping[str, str]):
    """Let :func:`kind_of` know the proprietary codes of an issuer.

    :param issuer: as formats put it into ``BankTransactionCode.issuer``.
    :param kinds: code to one of :data:`KINDS`.
    """
    _TABLES[issuer] = {**_TABLES.get(issuer, {}), **kinds}


def kind_of(code: BankTransactionCode | None, *, reversal: bool = False) -> str:
    """Return one of :data:`KINDS`.

    :param reversal: the entry takes back an earlier one, whatever its code.
    """
    if reversal:
        return RETURN
    if code is None:
        return OTHER
    return (
        _SUBFAMILIES.get(code.subfamily)
        or _FAMILIES.get((code.domain, code.family))
        or _DOMAINS.get(code.domain)
        or _proprietary(code)
        or OTHER
    )


def _proprietary(code: BankTransactionCode) -> str | None:
    text, issuer = code.proprietary or "", code.issuer or ""
    known = _TABLES.get(issuer, {}).get(_key(text, issuer))
    # German banks write their codes also under an issuer of their own.
    german = known is None and _DK_CODE.fullmatch(text)
    if not german:
        return known
    by_gvc = _TABLES[DK].get(german[2] or "") if issuer != SWIFT else None
    return by_gvc or _TABLES[SWIFT].get(german[1])


def _key(text: str, issuer: str) -> str:
    """Return the part of a proprietary code that says the kind."""
    if issuer == CODA:
        # Type, family, operation, category: 0 01 50 000.
        return text[1:3]
    return text[:2] if issuer in (CFONB, NORMA43) else text
