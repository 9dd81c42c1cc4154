"""Fuzz target: tables of text, read by the profile that is suggested for them."""

from odoo.addons.bank_statement_api.tools import column_suggestion, columns
from odoo.addons.bank_statement_api.tools.documents import AccountRef

from tests.fuzz.driver import Target, samples

ACCOUNT = AccountRef(iban="DE89370400440532013000", currency="EUR")


def read(content):
    profile = column_suggestion.suggest(content)
    return columns.read(content, profile=profile, currency="EUR", account=ACCOUNT)


TARGET = Target(
    read=read,
    seeds=(
        *samples("csv"),
        b"Date,Description,Paid out,Paid in,Balance\n25/03/2026,Rent,12.00,,88.00\n26/03/2026,Sale,,1.00,89.00\n",
        b"Date;Amount;Fee;Balance;Text\n13.03.2026;-10,00;0,50;89,50;a\n14.03.2026;5,00;0,25;94,25;b\nTotal;-5,00;;;\n",
        "sep=;\nData;Kwota;Opis\n13.03.2026;-10,00;Łódź\n14.03.2026;5,00;Książka\n".encode(
            "cp1250"
        ),
        b"Datum\tOmschrijving\tBedrag\tAf Bij\tMunt\n20260325\tHuur\t12,50\tAf\tEUR\n20260326\tKlant\t7,00\tBij\tUSD\n",
    ),
    words=(
        b";",
        b",",
        b"\t",
        b'"',
        b'""',
        b"\r\n",
        b"\n\n",
        b"\0",
        b"\xef\xbb\xbf",
        b"\xff\xfe",
        b"Buchungstag",
        b"Fee",
        b"sep=,",
        b"\xb3\x9f\xa3",
        b"Betrag",
        b"Saldo",
        b"Soll",
        b"Haben",
        b"Currency",
        b"IBAN",
        b"29.02.2026",
        b"03/04/26",
        b"2026-03-04",
        b"-1.234,56",
        b"1,234.56-",
        b"(12.00)",
        b"999999999999999,99",
        b"\xe2\x82\xac",
        b"USD",
        b"JPY",
    ),
)
