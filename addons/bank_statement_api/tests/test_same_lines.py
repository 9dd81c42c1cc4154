import io
import json
import zipfile
from datetime import timedelta
from decimal import Decimal

from odoo.tests import tagged

from odoo.addons.bank_statement_api.tools import camt, documents

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
