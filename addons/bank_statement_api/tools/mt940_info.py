"""Field 86 of MT940 and MT942: what a booking is about, in the forms large banks give it.

SWIFT leaves the field to the banks. Read are

- subfields behind a separator, ``166?00GUTSCHRIFT?20EREF+...?32NAME`` (Deutsche Kreditwirtschaft,
  "Anlage 3 des DFÜ-Abkommens", chapter 8; Polish, Dutch and Luxembourg banks with ``?``, ``>``,
  ``~``, ``<``, ``^`` or ``+``), with the keywords of SEPA (``EREF+``, ``SVWZ+``) inside the remittance;
- SWIFT's code words between slashes, ``/EREF/.../REMI/...`` (Dutch banks, "Information to Account
  Owner", and others), ING's ``/CNTP/account/bic/name/`` among them;
- labels behind semicolons of mBank, ``TYT.: ...; TNR: ...``;
- labels in two columns of ABN AMRO, ``SEPA OVERBOEKING   IBAN: ...   NAAM: ...``;
- numbered lines of a field NS;
- anything else as free text, line by line.

Nothing is dropped: what has no place of its own is in :attr:`Info.extras` by its name.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, field

from . import accounts

_WIDTH = 65
# Widths of a full subfield: of Deutsche Kreditwirtschaft, and of banks that use SWIFT's lines of 35.
_PART_WIDTHS = (27, 35, 65)
_SEPARATORS = "?>~^<#@|§"
# What PKO writes into a subfield that it leaves empty: the byte 255, as Windows 1250 and 1252 have it.
_FILLER = " ˙ÿ"
# A plus separates as well, where the code in front of it shows that it is none of an ``EREF+``.
_SUBFIELDS = re.compile(
    rf"\s?(?:(\d{{3}})?([{re.escape(_SEPARATORS)}])\d\d|(\d{{3}})(\+)00)", re.ASCII
)
_KEYWORDS = re.compile(
    r"(EREF|KREF|MREF|CRED|DEBT|COAM|OAMT|SVWZ|ABWA|ABWE|IBAN|BIC|PURP|MDAT|DDAT|SQTP|ORCR|ORMR"
    # The bank's own message to the account holder ends what stands before it.
    r"|MTLG)(?:\+|(?<=MTLG):)"
)
_CODE_WORDS = (
    "EREF KREF PREF MARF CSID CREF IREF RREF TRTP TRCD TRAN REMI BENM ORDP CNTP ULTB ULTC ULTD "
    "NAME IBAN BBAN BIC ACCW ADDR ISDT PURP RTRN SVCL SVCS OCMT CHGS EXCH ID INFO OPRP ADDI CTRY"
)
_WORDS = frozenset(_CODE_WORDS.split())
_SLASHES = re.compile(rf"/({_CODE_WORDS.replace(' ', '|')})/")
_STARTS_SLASHES = re.compile(rf"\s?/({_CODE_WORDS.replace(' ', '|')})/")
_LABELS = re.compile(r"(?:^|;)\s*(Z RACH|NA RACH|ID IPH|OD|DLA|TYT|TNR)\.?:", re.ASCII)
_COLUMNS = re.compile(
    r"(?:^|(?<=\s))(IBAN|BIC|NAAM|OMSCHRIJVING|KENMERK|MACHTIGING|INCASSANT"
    r"|Naam|Omschrijving|Kenmerk|Machtiging|Incassant):(?:\s|$)"
)
_BIC = re.compile(r"[A-Z]{6}[A-Z0-9]{2}(?:[A-Z0-9]{3})?", re.ASCII)
_MONEY = re.compile(r"(?:[A-Z]{3})?\d[\d,.]*", re.ASCII)
_PARTY = re.compile(r"(\d[\dA-Z]{5,33})/([^/]+)(.*)", re.ASCII)
_NUMBERED = re.compile(r"\d\d", re.ASCII)

NOT_GIVEN = frozenset({"", "NONREF", "EREF", "KREF", "MREF", "PREF", "KREF+", "EREF+", "MREF+"})


@dataclass(slots=True)
class Info:
    """What field 86 says, by the names of ``documents.PaymentInfo``.

    :ivar code: business transaction code of three digits: a GVC where ``separator`` is ``?``.
    :ivar extras: what has no place of its own.
    """

    code: str | None = None
    separator: str = ""
    primanota: str | None = None
    end_to_end_id: str | None = None
    instruction_id: str | None = None
    transaction_id: str | None = None
    mandate_id: str | None = None
    creditor_id: str | None = None
    name: str | None = None
    account: str | None = None
    bic: str | None = None
    ultimate_party: str | None = None
    payment_information_id: str | None = None
    remittance: tuple[str, ...] = ()
    structured: tuple[tuple[str, str], ...] = ()
    additional_info: str | None = None
    purpose: str | None = None
    extras: dict[str, str] = field(default_factory=dict)

    def keep(self, name: str, value: str):
        """Keep a value under its name in the source; what comes again is put behind."""
        if value:
            known = self.extras.get(name)
            self.extras[name] = f"{known} {value}" if known else value

    def fill(self, attribute: str, name: str, value: str | None):
        """Set an attribute that has no value yet; another value is kept by its name."""
        value = (value or "").strip()
        if not value:
            return
        if getattr(self, attribute) is None:
            setattr(self, attribute, value)
        elif getattr(self, attribute) != value:
            self.keep(name, value)


def read_info(lines: list[str], credit: bool) -> Info:
    """Read a field 86.

    :param lines: as they stand in the file, without the tag.
    :param credit: whether the booking is money that came in: it decides whose ultimate party counts.
    """
    while lines and not lines[-1].strip():
        lines = lines[:-1]
    while lines and not lines[0].strip():
        lines = lines[1:]
    info = Info()
    if not lines:
        return info
    opening = _SUBFIELDS.match(lines[0] + (lines[1] if len(lines) > 1 else ""))
    if opening:
        code, separator = opening[1] or opening[3], opening[2] or opening[4]
        _read_subfields(lines, code, separator, credit, info)
    elif _STARTS_SLASHES.match(_join(lines, "/")):
        _read_slashes(_join(lines, "/"), credit, info)
    elif "TYT" in "".join(lines) and _LABELS.search(_join(lines, ";")):
        _read_labels(_join(lines, ";"), credit, info)
    elif lines[0].lstrip()[:5].upper() == "SEPA " and _columns_iban(lines):
        _read_columns(lines, info)
    else:
        info.remittance = tuple(text for text in (line.strip() for line in lines) if text)
    return info


def read_numbered(lines: list[str], info: Info):
    """Read a field NS, whose lines begin with two digits, into what is known of the booking.

    01 to 14 are the remittance, 15 and 16 the name, 17 the posting text, 18 the primanota; others
    stay by their number.
    """
    number, remittance, name = "", [], []
    for line in lines:
        text = line
        if _NUMBERED.match(line):
            number, text = line[:2], line[2:]
        text = text.strip()
        if not text:
            continue
        if "01" <= number <= "14":
            remittance.append(text)
        elif number in ("15", "16"):
            name.append(text)
        elif number == "17":
            info.fill("additional_info", "NS/17", text)
        elif number == "18":
            info.fill("primanota", "NS/18", text)
        else:
            info.keep(f"NS/{number}" if number else "NS", text)
    info.remittance += tuple(remittance)
    info.fill("name", "NS/15", " ".join(name))


def _join(lines: list[str], separator: str) -> str:
    """Put the lines of a structured field together: full ones were broken anywhere."""
    text = ""
    broken = True
    for line in lines:
        stripped = line.rstrip()
        if not (broken or stripped.startswith(separator) or _is_broken_word(text, stripped)):
            text += " "
        full = len(line) >= _WIDTH
        text += line if full else stripped
        # A separator or its first digit stands at the end only where the line was broken.
        broken = full or separator in (text[-1:], text[-2:-1])
    return text


def _is_broken_word(text: str, following: str) -> bool:
    # No code word is longer than four letters.
    _before, slash, begun = text[-5:].rpartition("/")
    return bool(slash and begun) and begun + following[:5].partition("/")[0] in _WORDS


# -- subfields behind a separator --------------------------------------------------------------


def _read_subfields(lines, code, separator, credit, info):
    info.code, info.separator = code, separator
    text = _join(lines, separator)
    pieces = re.split(rf"{re.escape(separator)}(\d\d)", text.lstrip()[3:] if code else text)
    before = pieces[0].strip()
    if before:
        info.keep("86", before)
    remittance, later, names = [], [], []
    told = zip(pieces[1::2], pieces[2::2], strict=True)
    for number, value in ((number, value) for number, value in told if value.strip(_FILLER)):
        if "20" <= number <= "29":
            remittance.append(value)
        elif "60" <= number <= "63":
            later.append(value)
        elif number in ("32", "33"):
            names.append(value)
        elif number == "00":
            info.fill("additional_info", "86/?00", value)
        elif number == "10":
            info.fill("primanota", "86/?10", value)
        elif number == "30" and _BIC.fullmatch(value.strip()):
            info.fill("bic", "86/?30", value)
        elif number == "38":
            _subfield_iban(info, value)
        elif number == "31":
            _subfield_account(info, value)
        else:
            info.keep(f"86/?{number}", value.strip())
    info.fill("name", "86/?32", _glue(names))
    if _BIC.fullmatch("".join(remittance[:1])) and accounts.is_iban("".join(remittance[1:2])):
        # Triodos puts the bank and the account of the other side in front of the text.
        bic, iban, *remittance = remittance
        _override(info, "bic", "86/?30", bic)
        _override(info, "account", "86/?31", iban)
    _read_keywords(_glue(remittance + later), credit, info)


def _subfield_account(info, value):
    # A number of its own is beside the IBAN of subfield 38.
    if info.account is not None:
        info.keep("86/?31", value.strip())
    else:
        info.fill("account", "86/?31", value)


def _subfield_iban(info, value):
    if info.account and accounts.compact(info.account) != accounts.compact(value):
        info.keep("86/?31", info.account)
    info.account = value.strip() or info.account


def _glue(parts: list[str]) -> str:
    """Put subfields together: a full one was broken anywhere, behind a shorter one a blank was left."""
    return "".join(part if len(part) in _PART_WIDTHS else f"{part} " for part in parts).strip()


def _read_keywords(text: str, credit: bool, info: Info):
    pieces = _KEYWORDS.split(text)
    free = [pieces[0].strip()]
    seen = set()
    for keyword, value in zip(pieces[1::2], pieces[2::2], strict=True):
        value = value.strip()
        if keyword in seen:
            # The payer's own text may look like a keyword.
            free.append(f"{keyword}+{value}")
            continue
        seen.add(keyword)
        target = _KEYWORD_FIELDS.get(keyword)
        if keyword == "CRED":
            # A creditor identifier has no blank: behind it goes on what has no keyword.
            value, _blank, rest = value.partition(" ")
            free.append(rest.strip())
        if keyword in ("SVWZ", "MTLG"):
            free.append(value)
        elif target and not (keyword == "KREF" and value in NOT_GIVEN):
            _override(info, target, f"86/{keyword}", value)
        elif keyword in ("ABWA", "ABWE") and (keyword == "ABWA") == credit:
            info.fill("ultimate_party", f"86/{keyword}", value)
        else:
            info.keep(f"86/{keyword}", value)
    info.remittance += tuple(part for part in free if part)


_KEYWORD_FIELDS = {
    "EREF": "end_to_end_id",
    "KREF": "instruction_id",
    "MREF": "mandate_id",
    "CRED": "creditor_id",
    "PURP": "purpose",
    "IBAN": "account",
    "BIC": "bic",
}


def _override(info: Info, attribute: str, name: str, value: str):
    """Set what a keyword says; a subfield that says otherwise stays by its name."""
    known = getattr(info, attribute)
    if value and known and accounts.compact(known) != accounts.compact(value):
        info.keep({"account": "86/?31", "bic": "86/?30"}.get(attribute, name), known)
    if value:
        setattr(info, attribute, value)


# -- code words between slashes ----------------------------------------------------------------

_WORD_FIELDS = {
    "EREF": "end_to_end_id",
    "KREF": "instruction_id",
    "IREF": "instruction_id",
    "MARF": "mandate_id",
    "CSID": "creditor_id",
    "PREF": "payment_information_id",
    "IBAN": "account",
    "BBAN": "account",
    "BIC": "bic",
    "TRTP": "additional_info",
}


def _read_slashes(text: str, credit: bool, info: Info):
    pieces = _SLASHES.split(text)
    info.keep("86", pieces[0].strip())
    role = ""
    for word, raw in zip(pieces[1::2], pieces[2::2], strict=True):
        value = raw.strip(" /")
        if word in ("BENM", "ORDP", "ULTB", "ULTC", "ULTD"):
            role = word
            _name(role, _party_account(value, info), credit, info)
        elif word == "NAME":
            _name(role, value, credit, info)
        elif word in ("OCMT", "CHGS", "EXCH"):
            money = _MONEY.match(value)
            info.keep(f"86/{word}", money[0] if money else value)
            # Behind the amount there may be free text.
            rest = value[money.end() :].strip(" /") if money else ""
            info.remittance += (rest,) if rest else ()
        elif word == "CNTP":
            _read_ing_party(raw.rstrip(" /"), info)
        elif word == "ACCW":
            account, _comma, bic = value.partition(",")
            info.fill("account", "86/ACCW", account)
            info.fill("bic", "86/ACCW", bic)
        elif word == "REMI":
            _read_remittance(value, info)
        elif word == "PURP":
            info.fill("purpose", "86/PURP", value.removeprefix("CD/"))
        elif word in _WORD_FIELDS:
            info.fill(_WORD_FIELDS[word], f"86/{word}", value)
        else:
            info.keep(f"86/{word}", value)


def _name(role: str, value: str, credit: bool, info: Info):
    if not role.startswith("ULT"):
        info.fill("name", f"86/{role or 'NAME'}", value)
    elif (role == "ULTD") == credit:
        info.fill("ultimate_party", f"86/{role}", value)
    else:
        info.keep(f"86/{role}", value)


def _party_account(value: str, info: Info) -> str:
    """Return a party's name, of ``account/name/text`` where a bank gives it so."""
    parts = _PARTY.fullmatch(value)
    if not parts:
        return value
    info.fill("account", "86/account", parts[1])
    rest = parts[3].strip(" /")
    info.remittance += (rest,) if rest else ()
    return parts[2]


def _read_ing_party(value: str, info: Info):
    account, bic, name, *rest = [*value.split("/"), "", ""]
    info.fill("account", "86/CNTP", account)
    info.fill("bic", "86/CNTP", bic)
    info.fill("name", "86/CNTP", name)
    info.keep("86/CNTP", " ".join(part.strip() for part in rest if part.strip()))


def _read_remittance(value: str, info: Info):
    if value.startswith("STRD/"):
        kind, _slash, reference = value.removeprefix("STRD/").strip("/").partition("/")
        if reference:
            info.structured += ((reference.strip("/ "), kind),)
            return
        value = kind
    value = value.removeprefix("USTD/").strip("/ ")
    if value:
        info.remittance += (value,)


# -- labels behind semicolons ------------------------------------------------------------------


def _read_labels(text: str, credit: bool, info: Info):
    pieces = _LABELS.split(text)
    info.additional_info = pieces[0].strip(" ;") or None
    for label, raw in zip(pieces[1::2], pieces[2::2], strict=True):
        value = raw.strip(" ;")
        if label == ("Z RACH" if credit else "NA RACH"):
            info.fill("account", f"86/{label}", value)
        elif label == ("OD" if credit else "DLA"):
            info.fill("name", f"86/{label}", value)
        elif label == "TYT":
            info.remittance += (value,) if value else ()
        elif label == "TNR":
            info.fill("transaction_id", "86/TNR", value)
        else:
            info.keep(f"86/{label}", value)


# -- labels in two columns ---------------------------------------------------------------------

_COLUMN_FIELDS = {
    "IBAN": "account",
    "BIC": "bic",
    "NAAM": "name",
    "KENMERK": "end_to_end_id",
    "MACHTIGING": "mandate_id",
    "INCASSANT": "creditor_id",
}


def _columns_iban(lines: list[str]) -> bool:
    pieces = _COLUMNS.split("\n".join(lines))
    told = zip(pieces[1::2], pieces[2::2], strict=True)
    return any(accounts.is_iban("".join(value.split())) for label, value in told if label == "IBAN")


def _read_columns(lines: list[str], info: Info):
    pieces = _COLUMNS.split("\n".join(lines))
    info.additional_info = " ".join(pieces[0].split())
    names = [label.upper() for label in pieces[1::2]]
    in_text = False
    for name, label, raw in zip(names, pieces[1::2], pieces[2::2], strict=True):
        value = " ".join(raw.split())
        if in_text and names.count(name) > 1:
            # The payer's own text may look like a label.
            info.remittance += (f"{label}: {value}",)
        elif name == "OMSCHRIJVING":
            info.remittance += (value,) if value else ()
            in_text = True
        elif name == "KENMERK" and "\n" in raw.strip():
            # Nobody can tell whether there was a blank where the line was broken.
            info.keep("86/KENMERK", value)
        else:
            info.fill(_COLUMN_FIELDS[name], f"86/{name}", value)
