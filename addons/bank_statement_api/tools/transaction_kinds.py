"""Bank transaction codes as a small set of kinds that people filter by.

The ISO 20022 code (External Code Sets, "BankTransactionCode") decides; where a bank gives only its own code, the
table of that code's issuer does. A code that no table knows is ``other``: its text is kept beside the kind.
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
    **dict.fromkeys(("RRTN", "UPDD", "PRDD", "RPCR", "ARPD", "UPCT", "UPCQ"), RETURN),
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

# The transaction types of SWIFT MT940, field 61, without the letter before them.
_SWIFT = {
    **dict.fromkeys(("TRF", "STO"), TRANSFER),
    "BOE": BILL,
    "DDT": DIRECT_DEBIT,
    **dict.fromkeys(("CHK", "CLR", "ECK", "TCK"), CHEQUE),
    **dict.fromkeys(("CHG", "COM", "BRF"), FEE),
    "INT": INTEREST,
    "RTI": RETURN,
    "FEX": FOREIGN_EXCHANGE,
    **dict.fromkeys(("SEC", "DIV", "CPN", "RED", "SUB", "TRN"), SECURITIES),
    "LDP": LOAN,
    **dict.fromkeys(("CMI", "CMN", "CMS", "CMT", "CMZ"), SWEEP),
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
_TABLES: dict[str, Mapping[str, str]] = {"SWIFT": _SWIFT, "OFX": _OFX}
_SWIFT_CODE = re.compile(r"[NSF]([A-Z]{3})(?:\+.*)?", re.ASCII)


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
    text = code.proprietary or ""
    found = _TABLES.get(code.issuer or "", {}).get(text)
    swift = _SWIFT_CODE.fullmatch(text)
    # German banks write NTRF+166+9310 also under an issuer of their own.
    return found or (_SWIFT.get(swift[1]) if swift else None)
