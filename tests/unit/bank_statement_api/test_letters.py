"""Files of Central Europe, of MS-DOS and of a Mac: letters as they were written, or a word that they may not be."""

import dataclasses

import pytest

from odoo.addons.bank_statement_api.tools import camt, detect, identity, letters, text_encoding
from odoo.addons.bank_statement_api.tools.columns import Profile
from odoo.addons.bank_statement_api.tools.errors import StatementFormatError

from tests.unit.bank_statement_api.test_camt import document, entry, read_one, statement
from tests.unit.bank_statement_api.test_flat_golden import SAMPLES

POLISH = "Wpłata gotówkowa, Łódź, Grażyna Żółć, książki, PRZELEW WYCHODZĄCY"
CZECH = "Příchozí platba Jiří Dvořák, Růžena Nováková, úhrada faktury, žádost, Müller"
CROATIAN = "Uplata Šimić, Đurđa, račun, plaća"
HUNGARIAN = "Átutalás, Nagy Győző, könyvelés, Szűcs, FIZETÉS, díj"
GERMAN = "Überweisung Müller & Söhne, Straße, Grüße, KÖLN"
FRENCH = "Société Générale, reçu, prélèvement, chèque, À, œuvre, FRANÇOIS"
SPANISH = "ESPAÑA, comisión, Muñoz, N.º 5, 3º izq"
SWEDISH = "Insättning från Åsa Öberg, lön, MÅNAD"


@pytest.mark.parametrize(
    ("text", "encoding"),
    [
        *((POLISH, name) for name in ("cp1250", "iso8859-2", "cp852")),
        *((CZECH, name) for name in ("cp1250", "cp852")),
        *((CROATIAN, name) for name in ("cp1250", "iso8859-2", "cp852")),
        (HUNGARIAN, "cp852"),
        *((GERMAN, name) for name in ("cp1252", "cp850", "cp437", "mac-roman", "iso8859-15")),
        *((FRENCH, name) for name in ("cp1252", "iso8859-15", "mac-roman")),
        *((SPANISH, name) for name in ("cp1252", "cp850", "cp437")),
        *((SWEDISH, name) for name in ("cp1252", "cp850", "cp437", "mac-roman")),
        ("Müller 12,50 €", "iso8859-15"),
    ],
)
def test_words_show_the_encoding(text, encoding):
    found = text_encoding.decode(text.encode(encoding))
    assert found.text == text
    if found.encoding != "cp1252":
        [remark] = found.remarks
        assert found.encoding in remark.message


@pytest.mark.parametrize(
    ("text", "encoding", "reason"),
    [
        # Words of these are words of another language as well.
        (HUNGARIAN, "cp1250", "assumed"),
        (CZECH, "iso8859-2", "doubted"),
        # One word that two encodings make sense of, and one too short to tell anything.
        ("Łukasz", "cp1250", "doubted"),
        ("aü", "cp850", "doubted"),
        # A quote in the middle of nowhere, of which no encoding makes a word.
        ("„", "cp1250", "assumed"),
    ],
)
def test_what_is_not_certain_stays_as_it_was_and_a_person_may_say_it(text, encoding, reason):
    found = text_encoding.decode(text.encode(encoding))
    assert (found.encoding in ("cp1252", "latin-1"), found.reason) == (True, reason)
    told = text_encoding.decode(text.encode(encoding), encoding)
    assert (told.text, told.reason) == (text, "declared")


def test_doubt_is_told():
    [remark] = text_encoding.decode("Łukasz".encode("cp1250")).remarks
    assert "set its characters" in remark.message
    assert text_encoding.decode("Müller".encode()).remarks == ()


def test_bytes_that_were_not_looked_at_may_be_none_of_the_encoding(monkeypatch):
    monkeypatch.setattr(letters, "_MOST", 1)
    # 0x81 is no character of Windows-1250; the first of the words shows it all the same.
    found = text_encoding.decode(b"Pie\xb9\xbf\xb3 \x81")
    assert (found.encoding, found.reason) == ("latin-1", "doubted")


def test_words_of_two_languages_and_no_majority_show_nothing():
    # “Müller” of Windows and “Büro” of MS-DOS in one file: as MS-DOS of Central Europe it would be “Mřller”.
    found = text_encoding.decode("Müller ".encode("cp1252") + "Büro".encode("cp852"))
    assert found.reason == "doubted"


def test_a_letter_with_a_zero_byte_of_its_own_is_no_binary():
    text = "Āboliņš, Rīga, maksājums 12,50\n" * 4
    for encoding in ("utf-16-le", "utf-16-be"):
        assert text_encoding.decode(text.encode(encoding)).text == text


def test_two_byte_characters_that_their_zeros_do_not_show_are_read_as_a_person_says():
    text = "Платёж поставщику по договору\n" * 4
    for encoding in ("utf-16-le", "utf-16-be"):
        assert text_encoding.decode(text.encode(encoding), encoding).text == text


# === FORMATS === #

CASES = (
    ("mt940/polish.sta", "SZKLA", "SZKŁA", "cp1250"),
    ("mt940/polish.sta", "HUTA SZKLA", "HUŚA SZKŁA", "cp852"),
    ("mt940/czech.sta", "0001", "0001", "cp852"),
    ("mt940/czech.sta", "0001", "0001", "cp1250"),
    ("coda/statement.cod", "Customer", "Müllerei", "cp850"),
    ("cfonb120/statement.txt", "SOCIETE", "SOCIÉTÉ", "mac-roman"),
    ("norma43/statement.n43", "EMPRESA", "ESPAÑA ", "cp850"),
    ("qif/bank.qif", "Rechnung", "Opłata", "cp1250"),
)


def options(found):
    return {"currency": "EUR", "dates": "dmy"} if found.code == "qif" else {}


def told(statements):
    return repr([dataclasses.replace(item, warnings=()) for item in statements])


@pytest.mark.parametrize(("sample", "word", "written", "encoding"), CASES)
def test_each_format_reads_letters_as_they_were_written_and_says_so(
    sample, word, written, encoding
):
    text = (SAMPLES / sample).read_text()
    assert word in text
    content = text.replace(word, written).encode(encoding)
    found = detect.detect(content)
    statements = found.read(content, **options(found))
    assert written.strip() in told(statements)
    assert any("as its words show" in item.message for item in statements[0].warnings)


@pytest.mark.parametrize("item", detect.formats(), ids=lambda item: item.code)
def test_formats_of_text_take_the_encoding_that_a_person_set(item):
    by_themselves = item.code.startswith("camt") or item.code in ("xlsx", "workbook")
    foreign = item.code not in detect_codes()
    assert ("encoding" in item.options) == (not by_themselves and not foreign)


def detect_codes():
    return {"ofx", "qif", "mt940", "bai2", "coda", "cfonb120", "norma43"}


@pytest.mark.parametrize(("sample", "word", "written", "encoding"), CASES)
def test_what_a_person_set_counts_before_what_the_words_show(sample, word, written, encoding):
    text = (SAMPLES / sample).read_text()
    content = text.replace(word, written).encode(encoding)
    found = detect.detect(content)
    statements = found.read(content, encoding="iso8859-9", **options(found))
    assert told(statements) != told(found.read(content, encoding=encoding, **options(found)))
    assert not any("characters" in item.path for item in statements[0].warnings)


def test_a_table_is_read_in_the_profile_s_encoding_or_else_the_feed_s():
    content = "Datum;Betrag;Text\n01.03.2026;1,00;Łukasz\n".encode("cp1250")
    profile = Profile(booking_date="Datum", amount="Betrag", text=("Text",), dates="dmy")

    def texts(profile, **told):
        [found] = detect.TABLE.read(content, profile=profile, currency="EUR", **told)
        return found.booked[0].remittance

    assert texts(profile) == ("£ukasz",)
    assert texts(profile, encoding="cp1250") == ("Łukasz",)
    own = dataclasses.replace(profile, encoding="cp1250")
    assert texts(own, encoding="cp1252") == ("Łukasz",)


OFX = """OFXHEADER:100
DATA:OFXSGML
VERSION:102
ENCODING:USASCII
CHARSET:{charset}

<OFX><BANKMSGSRSV1><STMTTRNRS><STMTRS><CURDEF>PLN<BANKACCTFROM><BANKID>1<ACCTID>2<ACCTTYPE>CHECKING</BANKACCTFROM>
<BANKTRANLIST><STMTTRN><TRNTYPE>DEBIT<DTPOSTED>20260304<TRNAMT>-1.00<FITID>1<NAME>{name}</STMTTRN></BANKTRANLIST>
</STMTRS></STMTTRNRS></BANKMSGSRSV1></OFX>
"""
OFX_XML = """<?xml version="1.0" encoding="{charset}" standalone="no"?>
<?OFX OFXHEADER="200" VERSION="202" SECURITY="NONE" OLDFILEUID="NONE" NEWFILEUID="NONE"?>
<OFX><BANKMSGSRSV1><STMTTRNRS><STMTRS><CURDEF>PLN</CURDEF><BANKACCTFROM><BANKID>1</BANKID><ACCTID>2</ACCTID>
<ACCTTYPE>CHECKING</ACCTTYPE></BANKACCTFROM><BANKTRANLIST><STMTTRN><TRNTYPE>DEBIT</TRNTYPE>
<DTPOSTED>20260304</DTPOSTED><TRNAMT>-1.00</TRNAMT><FITID>1</FITID><NAME>{name}</NAME></STMTTRN></BANKTRANLIST>
</STMTRS></STMTTRNRS></BANKMSGSRSV1></OFX>
"""


@pytest.mark.parametrize(
    ("charset", "encoding", "name"),
    [
        ("1250", "cp1250", "Łukasz"),
        ("WINDOWS-1250", "cp1250", "Łukasz"),
        ("8859-2", "iso8859-2", "Łukasz"),
        ("ISO-8859-2", "iso8859-2", "Łukasz"),
        ("ISO-8859-15", "iso8859-15", "Café €"),
        ("852", "cp852", "Łukasz"),
        ("850", "cp850", "Müller"),
        ("437", "cp437", "Müller"),
        ("1254", "cp1254", "Işık"),
        ("1251", "cp1251", "Платёж"),
        ("1252", "cp1252", "Müller €"),
        # Written for Latin-1, and of Windows.
        ("8859-1", "cp1252", "Müller €"),
        ("ISO-8859-1", "cp1252", "Müller €"),
        # Nobody writes UTF-8 by accident.
        ("1252", "utf-8", "Łukasz"),
        ("NONE", "utf-8", "Łukasz"),
    ],
)
@pytest.mark.parametrize("form", [OFX, OFX_XML], ids=["sgml", "xml"])
def test_ofx_is_read_as_it_declares(form, charset, encoding, name):
    content = form.format(charset=charset, name=name).encode(encoding)
    [found] = detect.detect(content).read(content)
    assert found.booked[0].counterparty.name == name


@pytest.mark.parametrize("charset", ["unicode_escape", "utf-7", "rot13", "base64", "x" * 99])
def test_declaration_of_no_encoding_of_texts_is_left_aside(charset):
    content = OFX_XML.format(charset=charset, name="A\\x41 Müller").encode("cp1252")
    [found] = detect.detect(content).read(content)
    assert found.booked[0].counterparty.name == "A\\x41 Müller"


@pytest.mark.parametrize(
    "charset", ["windows-1250", "ISO-8859-2", "UTF-16LE", "UTF-16BE", "UTF-16"]
)
def test_camt_is_read_as_it_declares(charset):
    details = "<NtryDtls><TxDtls><RmtInf><Ustrd>Łódź</Ustrd></RmtInf></TxDtls></NtryDtls>"
    text = document(statement(entry(details=details), closing="10.00")).decode()
    content = text.replace('encoding="UTF-8"', f'encoding="{charset}"').encode(charset)
    assert detect.detect(content).code == "camt053"
    [line] = read_one(content).booked
    assert line.remittance == ("Łódź",)


def test_camt_in_an_encoding_that_no_reader_of_xml_knows_is_refused_by_its_name():
    content = document(statement(entry())).replace(b'"UTF-8"', b'"CP852"')
    with pytest.raises(StatementFormatError, match="CP852"):
        camt.read(content)


# === WHAT WAS BOOKED BEFORE === #


def lines(text):
    content = f"Datum;Betrag;Text\n01.03.2026;-1,00;{text}\n02.03.2026;-1,00;{text}\n".encode(
        "cp1250"
    )
    profile = Profile(booking_date="Datum", amount="Betrag", text=("Text",), dates="dmy")

    def read(encoding):
        [found] = detect.TABLE.read(content, profile=profile, currency="PLN", encoding=encoding)
        return found.booked

    return read


def stored(transactions):
    return [
        identity.KnownLine(
            id=number,
            key=key,
            channel="csv",
            booking_date=line.booking_date,
            amount=line.amount,
            currency="PLN",
        )
        for number, (line, key) in enumerate(
            zip(transactions, identity.number_occurrences("A|PLN", transactions), strict=True)
        )
    ]


@pytest.mark.parametrize("text", ["Książka", "Šťastný", "Łąka (Źrebię)"])
def test_line_that_was_booked_with_garbled_letters_is_known_when_they_are_read_right(text):
    read = lines(text)
    wrong, right = read("latin-1"), read("cp1250")
    assert wrong != right
    found = identity.recognise("A|PLN", right, stored(wrong), channel="csv")
    assert [item.known.id for item in found] == [0, 1]


def test_names_that_differ_in_their_letters_are_two():
    wrong, right = lines("Möller")("cp1252"), lines("Müller")("cp1252")
    found = identity.recognise("A|PLN", right, stored(wrong), channel="csv")
    assert [item.known for item in found] == [None, None]
