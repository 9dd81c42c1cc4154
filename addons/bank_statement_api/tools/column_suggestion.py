"""A column profile proposed from a table's first rows: by the words that banks head their columns with."""

from __future__ import annotations

import contextlib
from dataclasses import fields, replace

from . import spreadsheet, text_encoding
from .columns import (
    Profile,
    bare_amount,
    csv_rows,
    find_delimiter,
    open_table,
    plain_text,
)
from .errors import StatementFormatError
from .written_values import date_order, decimal_mark

# Headers as banks write them, in the languages of the suite's formats; the first that fits is taken.
_WORDS: dict[str, tuple[str, ...]] = {
    "booking_date": ("booking date", "buchungstag", "buchungsdatum", "buchung", "posted", "posting date",
                     "date comptable", "date opération", "fecha operación", "fecha", "boekdatum", "datum",
                     "data contabile", "date", "transaction date"),
    "value_date": ("value date", "valuta", "valutadatum", "wertstellung", "date valeur", "fecha valor",
                   "rentedatum", "data valuta"),
    "debit": ("debit", "belastung", "soll", "débit", "cargo", "af", "withdrawal", "paid out", "dare"),
    "credit": ("credit", "gutschrift", "haben", "crédit", "abono", "bij", "deposit", "paid in", "avere"),
    "amount": ("amount", "betrag", "montant", "importe", "bedrag", "importo", "umsatz"),
    "indicator": ("s/h", "soll/haben", "debit/credit", "af bij", "d/c", "cr/dr", "credit/debit"),
    "balance": ("balance", "saldo", "solde", "kontostand"),
    "currency_column": ("currency", "währung", "devise", "divisa", "munt", "valuta code", "muntsoort"),
    "account_column": ("own account", "account number", "auftragskonto", "iban auftragskonto", "rekening"),
    "partner_name": ("counterparty", "name", "beneficiary", "beneficiary/payer", "recipient", "other party",
                     "beguenstigter/zahlungspflichtiger", "empfänger", "payee",
                     "begünstigter", "auftraggeber", "bénéficiaire", "beneficiario", "tegenpartij",
                     "name zahlungsbeteiligter", "naam tegenpartij"),
    "partner_account": ("iban", "counterparty iban", "counterparty account", "kontonummer", "tegenrekening",
                        "iban zahlungsbeteiligter", "kontonummer/iban"),
    "partner_bic": ("bic", "counterparty bic", "bic (swift-code)", "bic (swift-code) zahlungsbeteiligter"),
    "reference": ("reference", "bank reference", "referenz", "référence", "referencia", "transaction id"),
    "end_to_end_id": ("end-to-end", "end to end id", "kundenreferenz (end-to-end)", "end-to-end reference"),
    "mandate_id": ("mandate", "mandatsreferenz", "mandate reference"),
}  # fmt: skip
_TEXT_WORDS = (
    "text", "description", "verwendungszweck", "libellé", "concepto", "omschrijving", "details",
    "memo", "remittance", "purpose", "mededelingen", "buchungstext", "descrizione",
)  # fmt: skip
_INDICATOR_WORDS = (
    ("S", "D", "DR", "Debit", "Af", "DBIT", "Soll"),
    ("H", "C", "CR", "Credit", "Bij", "CRDT", "Haben"),
)


def suggest(content: bytes) -> Profile:
    """Return a profile as the file's first rows show it: a proposal that a person looks at.

    :raise StatementFormatError: no row looks like a header with a date and an amount.
    """
    blank = Profile(booking_date="1", has_header=False)
    delimiter = None
    if not spreadsheet.is_xlsx(content):
        delimiter = find_delimiter(text_encoding.decode(content).text)
    table = open_table(content, blank)
    every = [cells for _number, cells in _all_rows(content, delimiter)][:40]
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
            reason=f"first row: {', '.join(plain_text(cell) for cell in table.rows[0][1])}"[:300],
            code="statement_profile",
            next_step="Fill in the columns by their names, or by their numbers from 1.",
        )
    if {"debit", "credit"} <= found.keys():
        found.pop("amount", None)
    words = {"debit_words": (), "credit_words": ()}
    if "indicator" in found:
        words = {"debit_words": _INDICATOR_WORDS[0], "credit_words": _INDICATOR_WORDS[1]}
    names = {field.name for field in fields(Profile)}
    text = tuple(
        name
        for name in map(plain_text, cells)
        if any(word in name.casefold() for word in _TEXT_WORDS)
    )
    profile = Profile(
        **{name: value for name, value in found.items() if name in names},
        **words,
        text=text,
        skip=skip,
        delimiter=delimiter,
    )
    return _settled(content, profile)


def _all_rows(content: bytes, delimiter: str | None):
    if spreadsheet.is_xlsx(content):
        return spreadsheet.rows(content, None)
    text = text_encoding.decode(content).text
    return csv_rows(text, delimiter or find_delimiter(text))


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


def _fits(name: str, word: str, exactly: bool) -> bool:
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
        changes["dates"] = date_order(column(profile.booking_date))
    with contextlib.suppress(StatementFormatError):
        amounts = [
            bare_amount(cell, "EUR")
            for name in (profile.amount, profile.debit, profile.credit)
            for cell in column(name)
        ]
        changes["decimals"] = decimal_mark(amounts, "EUR")
    return replace(profile, **changes)
