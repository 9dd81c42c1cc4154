"""A column profile proposed from a table's first rows: by the words that banks head their columns with."""

from __future__ import annotations

import contextlib
import datetime
import re
from dataclasses import fields, replace

from . import text_encoding
from .column_cells import bare_amount, plain_text
from .column_profile import FEES, Profile, Table
from .columns import all_rows, open_table, read
from .errors import StatementFormatError
from .separated_values import find_delimiter
from .written_values import DATE_ORDERS, date_order, day_of, decimal_mark, read_date

# Headers as banks write them, in the languages of the suite's formats; the first that fits is taken.
_WORDS: dict[str, tuple[str, ...]] = {
    "booking_date": ("booking date", "buchungstag", "buchungsdatum", "buchung", "posted", "posting date",
                     "completed date", "date comptable", "date opération", "fecha operación", "fecha",
                     "boekdatum", "bokföringsdag", "bokföringsdatum", "data księgowania", "könyvelés dátuma",
                     "datum", "data contabile", "date", "transaction date", "data operacji", "dato"),
    "value_date": ("value date", "valuta", "valutadatum", "wertstellung", "wertstellungsdatum", "date valeur",
                   "date de valeur", "fecha valor", "rentedatum", "data valuta", "értéknap"),
    "debit": ("debit", "belastung", "soll", "débit", "cargo", "af", "withdrawal", "paid out", "dare", "terhelés"),
    "credit": ("credit", "gutschrift", "haben", "crédit", "abono", "bij", "deposit", "paid in", "avere",
               "jóváírás"),
    "amount": ("amount", "betrag", "montant", "montant(euros)", "importe", "bedrag", "importo", "umsatz",
               "belopp", "kwota", "beløb", "összeg"),
    "indicator": ("s/h", "soll/haben", "debit/credit", "af bij", "d/c", "cr/dr", "credit/debit"),
    "balance": ("balance", "saldo", "solde", "kontostand", "running bal."),
    "fee": ("fee", "fees", "gebühr", "gebühren", "entgelt", "frais", "comisión", "commission", "commissione",
            "charges", "opłata", "prowizja", "avgift", "gebyr", "poplatek", "díj"),
    "currency_column": ("currency", "währung", "waehrung", "devise", "divisa", "munt", "valuta code",
                        "muntsoort", "whrg."),
    "account_column": ("own account", "account number", "auftragskonto", "iban auftragskonto", "rekening",
                       "iban/bban", "iban auftraggeberkonto"),
    "partner_name": ("counterparty", "counter party", "partner name", "name", "beneficiary",
                     "beneficiary/payer", "recipient", "other party",
                     "beguenstigter/zahlungspflichtiger", "empfänger", "payee",
                     "begünstigter", "auftraggeber", "bénéficiaire", "beneficiario", "tegenpartij",
                     "name zahlungsbeteiligter", "naam tegenpartij", "naam / omschrijving",
                     "nadawca/odbiorca", "partner neve", "namn"),
    "partner_account": ("iban", "counterparty iban", "counterparty account", "partner iban", "kontonummer",
                        "tegenrekening", "tegenrekening iban/bban", "iban zahlungsbeteiligter",
                        "kontonummer/iban", "numer konta"),
    "partner_bic": ("bic tegenpartij", "bic", "counterparty bic", "bic (swift-code)",
                    "bic (swift-code) zahlungsbeteiligter"),
    "reference": ("reference", "bank reference", "referenz", "référence", "referencia", "transaction id"),
    "end_to_end_id": ("end-to-end", "end to end id", "kundenreferenz (end-to-end)", "end-to-end reference"),
    "mandate_id": ("mandate", "mandatsreferenz", "mandate reference", "machtigingskenmerk"),
}  # fmt: skip
_TEXT_WORDS = (
    "text", "description", "verwendungszweck", "libellé", "concepto", "omschrijving", "details",
    "memo", "remittance", "purpose", "mededelingen", "buchungstext", "descrizione", "payment reference",
    "beschreibung", "zahlungspflichtige*", "zahlungsempfänger*", "tytuł", "közlemény", "rubrik", "meddelande",
)  # fmt: skip
_WRITTEN_UNIT = re.compile(r"^[^\W\d]+\s*|\s*[^\W\d]+$")
_CURRENCY = re.compile(r"[A-Z]{3}", re.ASCII)
_INDICATOR_WORDS = (
    ("S", "D", "DR", "Debit", "Af", "DBIT", "Soll"),
    ("H", "C", "CR", "Credit", "Bij", "CRDT", "Haben"),
)


def suggest(content: bytes) -> Profile:
    """Return a profile as the file's first rows show it: a proposal that a person looks at.

    :raise StatementFormatError: no row looks like a header with a date and an amount.
    """
    blank = Profile(booking_date="1", has_header=False)
    table = all_rows(content, blank)
    delimiter = None
    if table.source_format == "csv":
        delimiter = find_delimiter(text_encoding.decode(content).text)
    every = [cells for _number, cells in table.rows][:40]
    skip = -1
    for cells in every:
        skip += 1
        found = _name_columns([plain_text(cell) for cell in cells])
        if "booking_date" in found and ({"amount", "debit", "credit"} & found.keys()):
            break
    else:
        raise StatementFormatError(
            "No row of the table looks like a header with a date and an amount.",
            tag="header",
            reason=f"first row: {', '.join(plain_text(cell) for cell in every[0]) if every else ''}"[
                :300
            ],
            code="statement_profile",
            next_step="Fill in the columns by their names, or by their numbers from 1.",
        )
    if {"debit", "credit"} <= found.keys():
        found.pop("amount", None)
    _mend(found, [plain_text(cell) for cell in cells], every[skip + 1 : skip + 2])
    words = {"debit_words": (), "credit_words": ()}
    if "indicator" in found:
        words = {"debit_words": _INDICATOR_WORDS[0], "credit_words": _INDICATOR_WORDS[1]}
    names = {field.name for field in fields(Profile)}
    text = tuple(
        name
        for name in map(plain_text, cells)
        if name != found.get("partner_name")
        and any(word in name.casefold() for word in _TEXT_WORDS)
    )
    profile = Profile(
        **{name: value for name, value in found.items() if name in names},
        **words,
        text=text,
        skip=skip,
        delimiter=delimiter,
    )
    profile = replace(profile, skip_end=_rows_behind(table, profile, cells))
    return _with_fees(content, _settled(content, profile))


def _rows_behind(table: Table, profile: Profile, header) -> int:
    """Return how many rows at the end are totals and notes: with something else than a day, or without money."""
    names = [plain_text(name) for name in header]
    day, *money = (
        names.index(name)
        for name in (profile.booking_date, profile.amount, profile.debit, profile.credit)
        if name
    )
    for behind, (_number, row) in enumerate(reversed(table.rows[profile.skip + 1 :])):
        cell = row[day] if day < len(row) else None
        is_day = isinstance(cell, datetime.date) or any(
            read_date(day_of(str(cell or "")), order) for order in DATE_ORDERS
        )
        has_money = any(row[place] not in (None, "") for place in money if place < len(row))
        if is_day or (has_money and cell in (None, "")):
            return behind
    return 0


def _with_fees(content: bytes, profile: Profile) -> Profile:
    """Say what the fees mean where the rows' balances show it; else a person says it, where there are any."""
    if not profile.fee:
        return profile
    charged, fitting = False, []
    for meaning in FEES:
        tried = replace(profile, fees=meaning)
        with contextlib.suppress(StatementFormatError):
            found = read(content, profile=tried, currency="EUR")
            charged |= any(line.charges for item in found for line in item.transactions)
            if all(item.balances and not item.findings and not item.bad_entries for item in found):
                fitting.append(tried)
    if not charged:
        return replace(profile, fee=None)
    return fitting[0] if len(fitting) == 1 else profile


def _name_columns(names: list[str]) -> dict[str, str]:
    found: dict[str, str] = {}
    free = {name.casefold(): name for name in reversed(names) if name and not name.isdecimal()}
    for exactly in (True, False):
        for field, words in _WORDS.items():
            if field in found:
                continue
            for word in words:
                hit = next((low for low in free if _fits(low, word, exactly)), None)
                if hit:
                    found[field] = free.pop(hit)
                    break
    return found


def _mend(found: dict[str, str], names: list[str], rows):
    """Settle what headers alone leave open."""
    day = found.get("value_date")
    if day and any(
        _CURRENCY.fullmatch(plain_text(row[names.index(day)]))
        for row in rows
        if len(row) > names.index(day)
    ):
        # “Valuta” is the currency in Swedish, Danish and Norwegian.
        found.setdefault("currency_column", found.pop("value_date"))
    account = found.get("partner_account", "")
    if (
        account.casefold() == "iban"
        and "account_column" not in found
        and names.index(account) < names.index(found["booking_date"])
    ):
        # What stands in front of the day is said of the account.
        found["account_column"] = found.pop("partner_account")


def _fits(name: str, word: str, exactly: bool) -> bool:
    # mBank marks each header.
    name = name.removeprefix("#")
    if exactly or not name.startswith(word):
        return name == word
    # “Date of booking”, and not “Dated”.
    return not name[len(word) :][:1].isalpha()


def _settled(content: bytes, profile: Profile) -> Profile:
    """Fill in how dates and amounts are written, where the file shows it."""
    table = open_table(content, profile)
    places = {name.casefold(): place for place, name in enumerate(table.header)}

    def column(name):
        place = places.get((name or "").casefold())
        return [
            cells[place]
            for _number, cells in table.rows[:500]
            if place is not None
            and place < len(cells)
            and isinstance(cells[place], str)
            and cells[place]
        ]

    changes = {}
    # What the file leaves open, a person sets.
    with contextlib.suppress(StatementFormatError):
        days = [day_of(text) for text in column(profile.booking_date)]
        # Where dots are written, the day stands first, though such a date can often be read otherwise.
        changes["dates"] = date_order(days, "dmy" if _all_dotted(days) else None)
    with contextlib.suppress(StatementFormatError):
        amounts = [
            _WRITTEN_UNIT.sub("", bare_amount(cell, "EUR"))
            for name in (profile.amount, profile.debit, profile.credit)
            for cell in column(name)
        ]
        changes["decimals"] = decimal_mark(amounts, "EUR")
    return replace(profile, **changes)


def _all_dotted(days: list[str]) -> bool:
    read = [day for day in days if read_date(day, "dmy") or read_date(day, "ymd")]
    return bool(read) and all("." in day and read_date(day, "dmy") for day in read)
