import base64
from datetime import timedelta
from decimal import Decimal

from odoo.tests import tagged

from . import flat_writer
from .camt_writer import Line, daily_file
from .common import DAY, StatementCase

ACCOUNTS = {
    "mt940": "DE02120300000000202051",
    "bai2": "0975312468",
    "coda": "BE68539007547034",
    "cfonb120": "FR1420041010050500013M02606",
    "norma43": "ES9121000418450200051332",
}
LINES = [
    Line(DAY, Decimal("1190.00"), "INVOICE 2026/17", "R1", "E2E-1", "CUSTOMER"),
    Line(DAY, Decimal("-25.07"), "RENT MARCH", "R2", None, "LANDLORD"),
    Line(DAY, Decimal("-3.20"), "COFFEE", "R3", None, "BAR"),
    Line(DAY, Decimal("-3.20"), "COFFEE", "R4", None, "BAR"),
]


@tagged("post_install", "-at_install")
class TestFlatFormats(StatementCase):
    """One day of one account is booked once, in whatever format it comes, and in two of them as well."""

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        for number, (name, account) in enumerate(ACCOUNTS.items()):
            cls.journals[name] = cls.make_journal(cls.company_a, account, code=f"TF{number}")

    def upload(self, content):
        attachment = (
            self.env["ir.attachment"]
            .with_user(self.operator)
            .create({"name": "statement", "datas": base64.b64encode(content)})
        )
        wizard = (
            self.env["bank.statement.upload"]
            .with_user(self.operator)
            .create({"attachment_ids": [(6, 0, attachment.ids)]})
        )
        exchange = self.env["finance.exchange"].browse(wizard.action_upload()["res_id"])
        exchange._job_process()
        return exchange

    def write(self, name, lines=LINES, opening=Decimal("100.00"), **kwargs):
        return getattr(flat_writer, name)(ACCOUNTS[name], "EUR", lines, opening=opening, **kwargs)

    def camt(self, name, lines=LINES, **kwargs):
        """The same day as CAMT.053, with references and numbers of its own."""
        lines = [
            Line(line.day, line.amount, line.text, f"CAMT{number}", line.end_to_end_id, line.name)
            for number, line in enumerate(lines)
        ]
        return daily_file(
            ACCOUNTS[name], "EUR", lines, opening=Decimal("100.00"), sequence=200, **kwargs
        )

    def assert_booked_once(self, name):
        lines = self.lines(self.journals[name])
        self.assertEqual(sorted(lines.mapped("amount")), [-25.07, -3.2, -3.2, 1190.0])
        self.assertEqual(set(lines.move_id.mapped("state")), {"posted"})
        statement = lines.statement_id
        self.assertEqual(len(statement), 1)
        self.assertEqual((statement.balance_start, statement.balance_end_real), (100.0, 1258.53))
        self.assertTrue(statement.is_valid)

    def test_upload_books_lines_and_balances_of_every_format(self):
        for name, journal in self.journals.items():
            if name not in ACCOUNTS:
                continue
            with self.subTest(name):
                exchange = self.upload(self.write(name))
                self.assertEqual((exchange.work_status, exchange.milestone), ("done", "posted"))
                self.assertFalse(exchange.exception_ids)
                self.assert_booked_once(name)
                self.assertEqual(set(self.lines(journal).mapped("bank_channel")), {name})
                balances = self.env["bank.statement.balance"].search(
                    [("journal_id", "=", journal.id)]
                )
                self.assertEqual(
                    {row.type: row.amount for row in balances}, {"OPBD": 100.0, "CLBD": 1258.53}
                )
                self.assertEqual(set(balances.mapped("source_format")), {name})

    def test_same_day_in_two_formats_is_booked_once(self):
        for name in ACCOUNTS:
            with self.subTest(name):
                self.upload(self.write(name))
                again = self.upload(self.camt(name))
                self.assertEqual((again.result["lines"], again.result["duplicates"]), (0, 4))
                self.assertFalse(again.exception_ids, "each format has numbers of its own")
                self.assert_booked_once(name)

    def test_same_day_in_two_formats_the_other_way_round(self):
        for name in ACCOUNTS:
            with self.subTest(name):
                self.upload(self.camt(name))
                again = self.upload(self.write(name))
                self.assertEqual((again.result["lines"], again.result["duplicates"]), (0, 4))
                self.assertFalse(again.exception_ids)
                self.assert_booked_once(name)

    def test_account_number_of_one_format_does_not_contradict_the_iban_of_another(self):
        line = Line(DAY, Decimal("10.00"), "TEXT OF ONE", "R1", None, "CUSTOMER", "0532013000")
        self.upload(self.write("mt940", [line]))
        self.assertEqual(self.lines(self.journals["mt940"]).account_number, "0532013000")
        other = Line(
            DAY, Decimal("10.00"), "WORDS OF ANOTHER", "X", None, "C", "DE89370400440532013000"
        )
        content = daily_file(ACCOUNTS["mt940"], "EUR", [other], opening=Decimal("100.00"))
        self.assertEqual(self.upload(content).result["duplicates"], 1)

    def test_interim_report_and_the_statement_that_follows_are_one(self):
        expected = Line(DAY + timedelta(days=1), Decimal("7.00"), "EXPECTED", "R9")
        report = flat_writer.mt942(ACCOUNTS["mt940"], "EUR", LINES, expected=[expected])
        self.upload(report)
        pending = self.env["bank.statement.pending"].search(
            [("journal_id", "=", self.journals["mt940"].id)]
        )
        self.assertEqual(pending.mapped("amount"), [7.0])
        statement = self.upload(self.write("mt940"))
        self.assertFalse(statement.exception_ids)
        self.assert_booked_once("mt940")

    def test_next_day_in_another_format_continues_the_chain(self):
        self.upload(self.write("mt940"))
        day = DAY + timedelta(days=1)
        following = daily_file(
            ACCOUNTS["mt940"],
            "EUR",
            [Line(day, Decimal("1.00"), "NEXT", "N1")],
            opening=Decimal("1258.53"),
            sequence=201,
        )
        exchange = self.upload(following)
        self.assertFalse(exchange.exception_ids)
        self.assertEqual(exchange.result["lines"], 1)

    def test_pages_in_files_of_their_own_continue_each_other(self):
        before = Line(DAY - timedelta(days=1), Decimal("100.00"), "BEFORE", "R0")
        self.upload(self.write("mt940", [before], opening=Decimal(0)))
        whole = self.write("mt940", sequence=2).decode()
        head, body = whole.split(":60F:")
        entries, closing = body.split(":62F:")
        first, *others = entries.split(":61:")[1:]
        opening = entries.split("\r\n")[0]
        page_1 = f"{head}:60F:{opening}\r\n:61:{first}:62M:C260304EUR1290,00\r\n-\r\n"
        page_2 = f"{head.replace('/001', '/002')}:60M:C260304EUR1290,00\r\n"
        page_2 += "".join(f":61:{entry}" for entry in others) + f":62F:{closing}"
        for page in (page_1, page_2):
            exchange = self.upload(page.encode())
            self.assertFalse(exchange.exception_ids, page)
        lines = self.lines(self.journals["mt940"])
        self.assertEqual(sorted(lines.mapped("amount")), [-25.07, -3.2, -3.2, 100.0, 1190.0])

    def test_total_that_differs_holds_the_statement(self):
        content = self.write("norma43").replace(b"00003" + b"0" * 10, b"00004" + b"0" * 10, 1)
        exchange = self.upload(content)
        self.assertEqual(exchange.exception_ids.mapped("code"), ["statement_total_count"])
        self.assertFalse(self.lines(self.journals["norma43"]))

    def test_cut_off_file_books_nothing_and_stays_as_evidence(self):
        content = self.write("coda")
        exchange = self.upload(content[: len(content) - 40])
        self.assertEqual(exchange.exception_ids.code, "statement_format")
        self.assertFalse(self.lines(self.journals["coda"]))
        self.assertEqual(exchange._content(), content[: len(content) - 40])
