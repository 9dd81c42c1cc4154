from datetime import date, timedelta
from decimal import Decimal

from odoo.tests import tagged

from .camt_writer import Line
from .common import DAY, StatementCase

NEXT_DAY = DAY + timedelta(days=1)


@tagged("post_install", "-at_install")
class TestProof(StatementCase):
    """A statement that does not add up or continue is held in front of a person, never imported silently."""

    def _break_balance(self, content):
        self.assertIn(b"150.00", content)
        return content.replace(b"150.00", b"151.00")

    def test_statement_that_does_not_add_up_is_held(self):
        exchange = self.bring(self._break_balance(self.file(("50.00", "Invoice 1"))))
        self.assertFalse(self.lines())
        self.assertEqual(exchange.exception_ids.mapped("code"), ["statement_balance_break"])
        self.assertEqual(exchange.work_status, "exception")

    def test_held_statement_is_booked_once_a_person_decides_so(self):
        exchange = self.bring(self._break_balance(self.file(("50.00", "Invoice 1"))))
        exchange.exception_ids.with_user(self.operator).action_resolve(
            "The bank confirmed by phone."
        )
        exchange._job_process()
        self.assertEqual(self.lines().amount, 50.0)
        self.assertEqual(exchange.work_status, "done")

    def test_answer_about_one_finding_is_none_about_another(self):
        self.bring(self.file(("50.00", "Invoice 1")))
        line = Line(DAY + timedelta(days=1), Decimal("20.00"), "Invoice 2", reference="REF2")
        content = self.file(line, opening=Decimal("130.00"), sequence=2)
        exchange = self.bring(self._break_balance(content))
        codes = ["statement_balance_break", "statement_opening_break"]
        self.assertEqual(sorted(exchange.exception_ids.mapped("code")), codes)
        first, second = exchange.exception_ids.with_user(self.operator)
        first.action_resolve("The bank confirmed by phone.")
        second.action_retry()
        exchange._job_process()
        self.assertEqual((exchange.work_status, len(self.lines())), ("exception", 1))
        exchange._open_exceptions().with_user(self.operator).action_resolve("That as well.")
        exchange._job_process()
        self.assertEqual((exchange.work_status, len(self.lines())), ("done", 2))

    def test_retry_alone_is_no_decision(self):
        exchange = self.bring(self._break_balance(self.file(("50.00", "Invoice 1"))))
        exchange.exception_ids.with_user(self.operator).action_retry()
        exchange._job_process()
        self.assertFalse(self.lines())
        self.assertEqual(exchange.work_status, "exception")

    def test_ignored_statement_is_never_booked(self):
        exchange = self.bring(self._break_balance(self.file(("50.00", "Invoice 1"))))
        exchange.exception_ids.with_user(self.operator).action_ignore(
            "It belongs to a test of the bank."
        )
        exchange._job_process()
        self.assertFalse(self.lines())

    def test_missing_statement_holds_the_next_and_releases_it_on_arrival(self):
        def statement(day, opening, amount, sequence):
            return self.file(
                Line(day, Decimal(amount), f"Payment {sequence}", reference=f"S{sequence}"),
                opening=Decimal(opening),
                sequence=sequence,
            )

        first = self.bring(statement(DAY, "100.00", "10.00", 1))
        third = self.bring(statement(DAY + timedelta(days=2), "130.00", "5.00", 3))
        self.assertEqual(first.work_status, "done")
        self.assertEqual(third.work_status, "exception")
        self.assertEqual(
            sorted(third.exception_ids.mapped("code")),
            ["statement_opening_break", "statement_sequence_gap"],
        )
        self.assertEqual(len(self.lines()), 1)
        self.bring(statement(DAY + timedelta(days=1), "110.00", "20.00", 2))
        self.assertEqual(third.work_status, "ready", "the statement that waited gets another look")
        third._job_process()
        self.assertEqual(third.work_status, "done")
        self.assertEqual(sum(self.lines().mapped("amount")), 35.0)
        self.assertFalse(third.exception_ids.filtered(lambda e: e.state in ("open", "in_progress")))

    def test_window_that_disagrees_with_the_bank_is_reported_until_it_agrees(self):
        journal_exceptions = [
            ("res_model", "=", "account.journal"),
            ("res_id", "=", self.journal.id),
        ]
        interface = self.make_interface(
            "bank_statement",
            self.make_connection("nextgenpsd2", endpoint="https://bank.example"),
        )
        self.bring(self.window([(DAY, "50.00", "Invoice 1", "T1")], closing="150.00"), interface)
        self.bring(self.next_window([(NEXT_DAY, "5.00", "Two", "T2")]), interface)
        exception = self.env["finance.exception"].search(journal_exceptions)
        self.assertEqual((exception.code, exception.state), ("statement_balance_break", "open"))
        self.assertEqual(len(self.lines()), 2, "what the bank booked is booked")
        self.bring(
            self.next_window([(NEXT_DAY, "5.00", "Two", "T2"), (NEXT_DAY, "5.00", "Three", "T3")]),
            interface,
        )
        self.assertEqual(exception.state, "resolved")

    def next_window(self, booked):
        """The bank's day after one that closed at 150.00: it states 160.00."""
        return self.window(booked, date_from=DAY, date_to=NEXT_DAY, closing="160.00")

    def test_window_that_came_as_a_file_is_held_like_a_file(self):
        self.bring(self.window([(DAY, "50.00", "Invoice 1", "T1")], closing="150.00"))
        forged = self.bring(self.next_window([(NEXT_DAY, "5000.00", "Two", "T2")]))
        self.assertEqual(forged.exception_ids.mapped("code"), ["statement_balance_break"])
        self.assertEqual(forged.exception_ids.evidence["expected"], "5150.00")
        self.assertEqual(forged.exception_ids.evidence["actual"], "160.00")
        self.assertEqual(len(self.lines()), 1)
        whole = self.bring(
            self.next_window(
                [
                    (DAY, "50.00", "Invoice 1", "T1"),
                    (DAY, "3.00", "Late", "T0"),
                    (NEXT_DAY, "7.00", "Two", "T2"),
                ]
            )
        )
        self.assertEqual((whole.work_status, len(self.lines())), ("done", 3))
        forged.exception_ids.with_user(self.operator).action_ignore("It is not the bank's.")
        self.assertEqual(len(self.lines()), 3)

    def test_window_that_came_as_a_file_is_booked_on_the_word_of_a_person(self):
        self.bring(self.window([(DAY, "50.00", "Invoice 1", "T1")], closing="150.00"))
        held = self.bring(self.next_window([(NEXT_DAY, "5.00", "Two", "T2")]))
        self.assertEqual((held.work_status, len(self.lines())), ("exception", 1))
        held.exception_ids.with_user(self.operator).action_resolve("The rest follows by letter.")
        held._job_process()
        self.assertEqual(len(self.lines()), 2)

    def test_booking_that_arrives_late_is_no_break(self):
        next_day = DAY + timedelta(days=1)
        self.bring(self.window([(DAY, "50.00", "Invoice 1", "T1")], closing="150.00"))
        self.bring(
            self.window(
                [
                    (DAY, "7.00", "Late", "T0"),
                    (DAY, "50.00", "Invoice 1", "T1"),
                    (next_day, "5.00", "Two", "T2"),
                ],
                date_from=DAY,
                date_to=next_day,
                closing="162.00",
            )
        )
        self.assertFalse(
            self.env["finance.exception"].search(
                [("code", "=", "statement_balance_break"), ("state", "=", "open")]
            )
        )

    def test_balance_of_another_kind_currency_or_format_is_no_link_of_the_chain(self):
        self.bring(self.file(("5.00", "x")))
        closing = self.env["bank.statement.balance"].search(
            [("journal_id", "=", self.journal.id), ("type", "=", "CLBD")]
        )
        line = Line(DAY + timedelta(days=2), Decimal("6.00"), "y", reference="R2")
        content = self.file(line, opening=Decimal("105.00"), sequence=2)
        for number, values in enumerate(
            (
                {"amount": 7.0, "currency_id": self.env.ref("base.USD").id},
                {"amount": 7.0, "document_kind": "report"},
                {"amount": 7.0, "type": "ITBD"},
                {"electronic_sequence": 40, "source_format": "mt940"},
            )
        ):
            with self.subTest(values), self.env.cr.savepoint() as savepoint:
                closing.copy({"date": NEXT_DAY, **values})
                exchange = self.bring(content, key=f"second-{number}")
                self.assertEqual(exchange.work_status, "done")
                self.assertFalse(exchange.exception_ids)
                savepoint.rollback()
            self.env.invalidate_all()

    def test_statements_of_one_day_continue_each_other(self):
        def statement(day, opening, sequence):
            line = Line(day, Decimal("1.00"), f"Payment {sequence}", reference=f"D{sequence}")
            return self.bring(self.file(line, opening=Decimal(opening), sequence=sequence))

        for number, day in enumerate((DAY, NEXT_DAY, NEXT_DAY, NEXT_DAY)):
            self.assertEqual(statement(day, 100 + number, number + 1).work_status, "done")
        codes = statement(NEXT_DAY, 200, 5).exception_ids.mapped("code")
        self.assertEqual(codes, ["statement_opening_break"])

    def test_missing_number_shows_over_balances_without_a_number_or_a_format(self):
        def statement(day, opening, sequence):
            line = Line(day, Decimal("1.00"), f"Payment {sequence}", reference=f"N{sequence}")
            return self.bring(self.file(line, opening=Decimal(opening), sequence=sequence))

        statement(DAY, 100, 1)
        domain = [("journal_id", "=", self.journal.id), ("type", "=", "CLBD")]
        balances = self.env["bank.statement.balance"]
        balances.search(domain).copy({"date": NEXT_DAY, "electronic_sequence": 0})
        self.assertEqual(statement(DAY + timedelta(days=2), 101, 2).work_status, "done")
        balances.search(domain).source_format = False
        codes = statement(DAY + timedelta(days=3), 102, 4).exception_ids.mapped("code")
        self.assertEqual(codes, ["statement_sequence_gap"])

    def test_statement_numbers_restart_in_a_new_year(self):
        def statement(day, opening, sequence):
            return self.file(
                Line(day, Decimal("1.00"), f"Payment {day}", reference=f"Y{day:%Y%m%d}"),
                opening=Decimal(opening),
                sequence=sequence,
            )

        self.bring(statement(date(2025, 12, 31), "100.00", 250))
        january = self.bring(statement(date(2026, 1, 2), "101.00", 1))
        self.assertEqual(january.work_status, "done")

    def test_statement_without_entries_releases_what_waited_for_it(self):
        self.bring(self.file(("5.00", "First"), opening=Decimal("100.00")))
        waits = self.bring(
            self.file(
                Line(DAY + timedelta(days=2), Decimal("1.00"), "Third", reference="T"),
                opening=Decimal("105.00"),
                sequence=3,
            )
        )
        self.assertEqual(waits.exception_ids.mapped("code"), ["statement_sequence_gap"])
        empty = self.file(opening=Decimal("105.00"), sequence=2)
        self.bring(empty.replace(b"2026-01-01", NEXT_DAY.isoformat().encode()))
        self.assertEqual(waits.work_status, "ready")

    def test_amount_that_cannot_be_read_is_one_question_and_is_asked_once(self):
        content = self.file(("50.00", "Invoice 1"), ("8.00", "Fees"))
        exchange = self.bring(content.replace(b">8.00</Amt>", b">8,00</Amt>"))
        self.assertEqual(exchange.exception_ids.mapped("code"), ["entry_invalid"])
        self.assertEqual((self.lines().amount, exchange.result["refused"]), (50.0, 1))
        exchange.exception_ids.with_user(self.operator).action_resolve("Booked by hand.")
        exchange._job_process()
        self.assertEqual((exchange.work_status, len(exchange.exception_ids)), ("done", 1))

    def test_bookings_of_another_account_prove_nothing(self):
        other = self.make_journal(self.company_a, "AT611904300234573201", code="TAT")
        self.bring(self.window([(DAY, "50.00", "Invoice 1", "T1")], closing="150.00"))
        self.bring(
            self.file(
                Line(NEXT_DAY, Decimal("70.00"), "Elsewhere", reference="E"),
                iban="AT611904300234573201",
            )
        )
        self.assertEqual(self.lines(other).amount, 70.0)
        brought = self.bring(self.next_window([(NEXT_DAY, "10.00", "Two", "T2")]))
        self.assertEqual((brought.work_status, len(self.lines())), ("done", 2))
        self.assertFalse(self.lines().statement_id, "an interface issues no statements")
