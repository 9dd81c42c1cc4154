"""Tables as banks export them: proposed columns that fit, rows that are not booked, values with peculiarities."""

from dataclasses import replace
from datetime import date
from decimal import Decimal

import pytest

from odoo.addons.bank_statement_api.tools import column_suggestion, columns
from odoo.addons.bank_statement_api.tools.documents import BOOKED, PENDING

RABOBANK = (
    '"IBAN/BBAN","Munt","BIC","Volgnr","Datum","Rentedatum","Bedrag","Saldo na trn","Tegenrekening IBAN/BBAN",'
    '"Naam tegenpartij","Naam uiteindelijke partij","BIC tegenpartij","Machtigingskenmerk","Omschrijving-1"\n'
    '"NL02ABNA0123456789","EUR","RABONL2U","1","2026-01-19","2026-01-19","-4,99","+936,35","NL91ABNA0417164300",'
    '"WATERBEDRIJF","","ABNANL2A","M-7","MAART"\n'
)
SPARKASSE = (
    '"Auftragskonto";"Buchungstag";"Valutadatum";"Verwendungszweck";"Beguenstigter/Zahlungspflichtiger";'
    '"Kontonummer/IBAN";"Betrag";"Waehrung";"Info"\n'
    '"DE02120300000000202051";"04.03.26";"04.03.26";"Umsatz vorgemerkt";"A";"";"-1,00";"EUR";"Umsatz gebucht"\n'
    '"DE02120300000000202051";"05.03.26";"05.03.26";"Miete";"B";"";"-2,00";"EUR";"Umsatz vorgemerkt"\n'
)
COMDIRECT = (
    ';\n"Umsätze Girokonto";"Zeitraum: 30 Tage";\n"Neuer Kontostand";"97,93 EUR";\n\n'
    '"Buchungstag";"Wertstellung (Valuta)";"Vorgang";"Buchungstext";"Umsatz in EUR";\n'
    '"offen";"--";"Karte";"TANKSTELLE";"-9,90";\n'
    '"27.10.2025";"27.10.2025";"Lastschrift";"MARKT";"-31,24";\n'
)
REVOLUT = (
    "Type,Product,Started Date,Completed Date,Description,Amount,Fee,Currency,State,Balance\n"
    "TOPUP,Current,2026-09-01 09:00:00,2026-09-01 09:00:05,Topup,200.00,0.00,EUR,COMPLETED,250.00\n"
    "CARD_PAYMENT,Current,2026-09-06 10:00:00,,Shop,-7.99,0.00,EUR,DECLINED,\n"
    "CARD_PAYMENT,Current,2026-09-18 07:40:00,,Spar,-12.00,0.00,EUR,PENDING,\n"
    "CARD_PAYMENT,Current,2026-09-02 12:00:00,2026-09-03 08:00:00,Bar,-23.40,0.00,EUR,COMPLETED,226.60\n"
)
NORDEA = (
    "Bokföringsdag;Belopp;Avsändare;Mottagare;Namn;Meddelande;Saldo;Valuta;\n"
    "Reserverat;-89,00;;;CAFE;Kort;;SEK;\n"
    "2025/12/29;-1158,75;;5343-2795;LOOPIA AB;Webhotell;9911,33;SEK;\n"
)
MBANK = (
    "mBank S.A.;\n\n#Data operacji;#Opis operacji;#Tytuł;#Nadawca/Odbiorca;#Numer konta;#Kwota;#Saldo po operacji;\n"
    "2026-03-04;PRZELEW;Czynsz;J NOWAK;'81114020040000330261746759';-1 087,45 PLN;3 113,05 PLN;\n"
)
OTP = (
    "Könyvelés dátuma;Értéknap;Terhelés;Jóváírás;Partner neve;Közlemény\n"
    "2026.09.15.;2026.09.15.;12 450;;LIDL;Kártya\n"
    "2026.09.16.;2026.09.16.;;450 000;KFT;Munkabér\n"
)
UBS = (
    "Bankbeziehung;IBAN;Whrg.;Buchungsdatum;Valuta;Beschreibung 1;Belastung;Gutschrift;Saldo\n"
    "0230;CH93 0076 2011 6238 5295 7;CHF;30.09.2026;30.09.2026;Zahlung;1'234.50;;5'000.00\n"
)


def suggested(text, currency="EUR"):
    content = text.encode()
    [found] = columns.read(content, profile=column_suggestion.suggest(content), currency=currency)
    assert not found.bad_entries
    return found


def test_own_account_is_not_that_of_the_other_side():
    found = suggested(RABOBANK)
    assert found.account.other_id == "NL02ABNA0123456789"
    [line] = found.booked
    assert (line.counterparty.name, line.counterparty.iban, line.counterparty.bic) == (
        "WATERBEDRIJF",
        "NL91ABNA0417164300",
        "ABNANL2A",
    )
    assert (line.mandate_id, line.remittance) == ("M-7", ("MAART",))
    found = suggested(UBS, "CHF")
    assert found.account.other_id == "CH9300762011623852957"
    assert found.booked[0].counterparty.iban is None
    assert found.booked[0].amount == Decimal("-1234.50")


def test_row_that_the_bank_only_announces_is_not_booked():
    found = suggested(SPARKASSE)
    # Words of the payer say nothing of the row.
    assert [(line.amount, line.status) for line in found.transactions] == [
        (Decimal("-1.00"), BOOKED),
        (Decimal("-2.00"), PENDING),
    ]
    assert found.booked[0].booking_date == date(2026, 3, 4)
    found = suggested(COMDIRECT)
    assert [line.amount for line in found.booked] == [Decimal("-31.24")]
    assert [(line.amount, line.booking_date) for line in found.pending] == [
        (Decimal("-9.90"), None)
    ]


def test_row_that_will_never_be_booked_is_told_and_the_balances_agree_without_it():
    found = suggested(REVOLUT)
    assert [(line.booking_date, line.amount) for line in found.booked] == [
        (date(2026, 9, 1), Decimal("200.00")),
        (date(2026, 9, 3), Decimal("-23.40")),
    ]
    assert [line.amount for line in found.pending] == [Decimal("-12.00")]
    assert [warning.message for warning in found.warnings] == [
        "Row 3 is no booking: the bank says “DECLINED”.",
        "Announced, and not booked: row 4.",
    ]
    assert not found.findings


@pytest.mark.parametrize("word", ["Cancelled", "offen"])
def test_word_in_a_column_that_may_say_something_else_is_left_to_a_person(word):
    text = (
        f"Date,Description,Category,Amount\n2026-09-01,Gym,{word},-20.00\n2026-09-02,Bar,,-3.00\n"
    )
    profile = column_suggestion.suggest(text.encode())
    [found] = columns.read(text.encode(), profile=profile, currency="EUR")
    assert [line.amount for line in found.transactions] == [Decimal("-3.00")]
    [bad] = found.bad_entries
    assert (bad.amount, bad.status, bad.evidence["column"]) == (
        Decimal("-20.00"),
        BOOKED,
        "Category",
    )
    assert word in bad.reason and "read the column as text" in bad.reason
    as_text = replace(profile, text=(*profile.text, "Category"))
    [found] = columns.read(text.encode(), profile=as_text, currency="EUR")
    assert [line.amount for line in found.booked] == [Decimal("-20.00"), Decimal("-3.00")]


@pytest.mark.parametrize(
    ("text", "currency", "day", "amount", "name", "account"),
    [
        (NORDEA, "SEK", date(2025, 12, 29), "-1158.75", "LOOPIA AB", None),
        (MBANK, "PLN", date(2026, 3, 4), "-1087.45", "J NOWAK", "81114020040000330261746759"),
        (OTP, "HUF", date(2026, 9, 15), "-12450.00", "LIDL", None),
    ],
)
def test_columns_of_other_languages_are_proposed(text, currency, day, amount, name, account):
    line = suggested(text, currency).booked[0]
    assert (line.booking_date, line.amount) == (day, Decimal(amount))
    assert (line.counterparty.name, line.counterparty.other_id) == (name, account)
