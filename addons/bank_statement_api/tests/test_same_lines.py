import io
import json
import zipfile
from datetime import timedelta
from decimal import Decimal

from odoo.tests import tagged

from odoo.addons.bank_statement_api.tools import camt, documents

from . import flat_writer
from .camt_writer import Line
from .common import DAY, IBAN, StatementCase


@tagged("post_install", "-at_install")
class TestSameLines(StatementCase):
    """The same bookings are booked once, however they are packed, named, worded and brought."""

    def day(self, number, *amounts, opening, **kwargs):
        lines = [
            Line(
                DAY + timedelta(days=number),
                Decimal(amount),
                f"Payment {number} {position}",
                reference=f"R{number}{position}",
                end_to_end_id=f"E{number}{position}",
            )
            for position, amount in enumerate(amounts)
        ]
        return self.file(*lines, opening=Decimal(opening), sequence=number + 1, **kwargs)

    def amounts(self, journal=None):
        return self.lines(journal).mapped("amount")

    def zipped(self, *contents):
        buffer = io.BytesIO()
        with zipfile.ZipFile(buffer, "w") as archive:
            for number, content in enumerate(contents):
                archive.writestr(f"{number}.xml", content)
        return buffer.getvalue()

    def as_canonical(self, content):
        return json.dumps(
            [documents.to_dict(statement) for statement in camt.read(content)]
        ).encode()

    def test_sent_again_with_another_message_id_and_by_another_interface(self):
        self.bring(self.day(0, "5.00", "5.00", opening="100.00"))
        self.bring(self.day(0, "5.00", "5.00", opening="100.00", message_id="AGAIN"))
        other = self.make_interface("bank_statement", self.make_connection("upload"))
        self.bring(self.day(0, "5.00", "5.00", opening="100.00", message_id="OTHER"), other)
        self.assertEqual(self.amounts(), [5.0, 5.0])

    def test_packed_together_and_taken_apart(self):
        first = self.day(0, "5.00", opening="100.00")
        second = self.day(1, "-2.00", opening="105.00")
        self.bring(self.zipped(second, first))
        self.assertEqual(self.amounts(), [5.0, -2.0])
        for content in (first, second, self.zipped(first), self.zipped(first, second)):
            self.bring(content)
        self.assertEqual(self.amounts(), [5.0, -2.0])

    def test_in_two_formats_whichever_comes_first(self):
        for first, second in ((0, 1), (1, 0)):
            with self.subTest(first=first):
                day = self.day(first * 2, "5.00", opening="100.00")
                forms = (day, self.as_canonical(day))
                before = len(self.lines())
                journal_state = self.env.cr.savepoint()
                self.bring(forms[first])
                self.bring(forms[second])
                self.assertEqual(len(self.lines()), before + 1)
                journal_state.close(rollback=True)
                self.env.invalidate_all()

    def test_by_interface_and_by_file(self):
        self.bring(self.window([(DAY, "5.00", "Payment 0 0", "T1")]))
        self.bring(self.day(0, "5.00", opening="100.00"))
        self.assertEqual(self.amounts(), [5.0])
        self.assertTrue(self.lines().statement_id)

    def test_accounts_of_several_currencies_on_one_number_stay_apart(self):
        dollar = self.env.ref("base.USD")
        dollar.active = True
        bank_account = self.journal.bank_account_id
        other = self.env["account.journal"].create(
            {
                "name": "Bank USD",
                "code": "TUSD",
                "type": "bank",
                "company_id": self.company_a.id,
                "bank_account_id": bank_account.id,
                "currency_id": dollar.id,
            }
        )
        euro = self.day(0, "5.00", opening="100.00")
        dollars = self.day(0, "5.00", opening="100.00", currency="USD", iban=IBAN)
        for content in (euro, dollars, dollars, euro):
            self.bring(content)
        self.assertEqual((self.amounts(), self.amounts(other)), ([5.0], [5.0]))

    def test_another_strategy_imports_nothing_again(self):
        content = self.day(0, "5.00", "5.00", "7.00", opening="100.00")
        self.bring(content)
        before = self.lines()
        for strategy in (0, 2, 1):
            self.journal.uid_strategy = strategy
            self.bring(content, key=f"strategy {strategy}")
            self.bring(
                self.day(0, "5.00", "5.00", "7.00", opening="100.00", message_id=f"M{strategy}")
            )
            self.assertEqual(self.lines(), before)

    # === SPLIT === #

    def halves(self, number, *amounts, opening):
        """The bookings of one day in one statement, and in two that continue each other."""
        middle = len(amounts) // 2
        lines = [
            Line(
                DAY + timedelta(days=number),
                Decimal(amount),
                f"Payment {number} {position}",
                reference=f"R{number}{position}",
            )
            for position, amount in enumerate(amounts)
        ]
        first, second = lines[:middle], lines[middle:]
        between = Decimal(opening) + sum(line.amount for line in first)
        return (
            self.file(*lines, opening=Decimal(opening), sequence=1),
            self.file(*first, opening=Decimal(opening), sequence=1, message_id="A"),
            self.file(*second, opening=between, sequence=2, message_id="B"),
        )

    def test_one_day_in_one_file_or_split_over_two_in_any_order(self):
        amounts = ("5.00", "5.00", "-2.00", "7.00")
        whole, first, second = self.halves(0, *amounts, opening="100.00")
        for order in ((whole, first, second), (first, second, whole), (second, first, whole)):
            with self.subTest([(whole, first, second).index(each) for each in order]):
                state = self.env.cr.savepoint()
                for content in order:
                    self.bring(content)
                self.assertEqual(sorted(self.lines().mapped("amount")), sorted(map(float, amounts)))
                state.close(rollback=True)
                self.env.invalidate_all()

    def test_second_half_alone_waits_for_the_first(self):
        _whole, first, second = self.halves(0, "5.00", "7.00", opening="100.00")
        self.bring(self.day(-1, "1.00", opening="99.00"))
        held = self.bring(second)
        self.assertEqual((held.work_status, len(self.lines())), ("exception", 1))
        self.bring(first)
        self.run_jobs()
        self.assertEqual((held.work_status, self.amounts()), ("done", [1.0, 5.0, 7.0]))

    def test_pages_of_one_statement_in_two_files(self):
        lines = [
            Line(DAY, Decimal(amount), f"PAYMENT {number}", reference=f"R{number}")
            for number, amount in enumerate(("5.00", "7.00"))
        ]
        pages = flat_writer.mt940(IBAN, "EUR", lines, opening=Decimal("100.00")).decode()
        head, line_1, line_2, tail = self.cut(pages)
        page_1 = head + line_1 + ":62M:C260304EUR105,00\r\n-\r\n"
        page_2 = head.replace(":60F:C260304EUR100,00", ":60M:C260304EUR105,00") + line_2 + tail
        for content in (page_1, page_2, pages, page_1):
            self.bring(content.encode())
        self.assertEqual(sorted(self.amounts()), [5.0, 7.0])

    def cut(self, text):
        first, second = (text.index(":61:"), text.rindex(":61:"))
        end = text.index(":62F:")
        return text[:first], text[first:second], text[second:end], text[end:]

    # === OFX === #

    def ofx(self, *bookings):
        """
        :param bookings: FITID, amount and name
        """
        entries = "".join(
            f"<STMTTRN><TRNTYPE>OTHER<DTPOSTED>{DAY:%Y%m%d}<TRNAMT>{amount}<FITID>{fitid}<NAME>{name}</STMTTRN>"
            for fitid, amount, name in bookings
        )
        return (
            "OFXHEADER:100\nDATA:OFXSGML\nVERSION:102\nSECURITY:NONE\nENCODING:USASCII\nCHARSET:1252\n"
            "COMPRESSION:NONE\nOLDFILEUID:NONE\nNEWFILEUID:NONE\n\n<OFX><BANKMSGSRSV1><STMTTRNRS><TRNUID>1"
            "<STATUS><CODE>0<SEVERITY>INFO</STATUS><STMTRS><CURDEF>EUR<BANKACCTFROM><BANKID>37040044"
            f"<ACCTID>{IBAN}<ACCTTYPE>CHECKING</BANKACCTFROM><BANKTRANLIST><DTSTART>{DAY:%Y%m%d}<DTEND>{DAY:%Y%m%d}"
            f"{entries}</BANKTRANLIST></STMTRS></STMTTRNRS></BANKMSGSRSV1></OFX>"
        ).encode()

    def test_ofx_with_ids_that_last_tells_equal_bookings_apart(self):
        self.bring(self.ofx(("1", "-2.50", "Coffee"), ("2", "9.00", "Rent")))
        self.bring(self.ofx(("2", "9.00", "Rent"), ("3", "-2.50", "Coffee")))
        self.assertEqual(sorted(self.amounts()), [-2.5, -2.5, 9.0])

    def test_ofx_downloaded_again_with_other_ids_is_booked_once(self):
        first = (("a", "-2.50", "Coffee"), ("b", "-2.50", "Coffee"), ("c", "9.00", "Rent"))
        self.bring(self.ofx(*first))
        again = [(f"new-{fitid}", amount, name) for fitid, amount, name in first]
        self.bring(self.ofx(*again, ("d", "1.00", "Interest")))
        self.assertEqual(sorted(self.amounts()), [-2.5, -2.5, 1.0, 9.0])

    def test_ofx_with_one_booking_of_another_id_is_asked_about(self):
        self.bring(self.ofx(("1", "-2.50", "Coffee")))
        asked = self.bring(self.ofx(("2", "-2.50", "Coffee")))
        self.assertEqual((asked.exception_ids.code, self.amounts()), ("entry_repeated", [-2.5]))
        asked.exception_ids.with_user(self.operator).action_resolve("Two coffees.")
        self.run_jobs()
        self.assertEqual(self.amounts(), [-2.5, -2.5])
