from datetime import date
from decimal import Decimal
from unittest.mock import patch

from psycopg2.errors import UniqueViolation

from odoo.tests import tagged
from odoo.tools import mute_logger

from odoo.addons.bank_statement_api.models import bank_statement_line_writer

from .camt_writer import Line
from .common import DAY, IBAN, IBAN_B, StatementCase


@tagged("post_install", "-at_install")
class TestImport(StatementCase):
    """What a bank says is booked completely and once, whatever way it comes; what cannot be booked is seen."""

    def test_file_books_lines_with_their_provenance(self):
        exchange = self.bring(self.file(("50.00", "Invoice 1"), ("-20.25", "Rent")))
        self.assertEqual((exchange.work_status, exchange.milestone), ("done", "posted"))
        incoming, rent = self.lines()
        self.assertEqual((incoming.amount, rent.amount), (50.0, -20.25))
        self.assertEqual(incoming.exchange_id, exchange)
        self.assertEqual(incoming.bank_booking_date, DAY)
        self.assertEqual(incoming.move_id.state, "posted")
        statement = incoming.statement_id
        self.assertEqual((statement.balance_start, statement.balance_end_real), (100.0, 129.75))
        self.assertTrue(statement.is_valid)

    def test_statement_that_repeats_bookings_of_another_takes_only_what_no_other_has(self):
        first, second = (
            Line(DAY, Decimal(amount), text, reference=text)
            for amount, text in (("50.00", "Invoice 1"), ("7.00", "Invoice 2"))
        )
        self.bring(self.file(first))
        [booked] = self.lines()
        daily = booked.statement_id
        weekly = self.bring(self.file(first, second, sequence=2))
        weekly._open_exceptions().with_user(self.operator).action_resolve("It is the week's.")
        weekly._job_process()
        self.assertEqual(booked.statement_id, daily)
        self.assertEqual((self.lines() - booked).statement_id.exchange_id, weekly)

    def test_figures_of_a_statement_are_those_odoo_derives(self):
        names = ("date", "first_line_index", "balance_end", "is_complete")
        self.bring(self.file(("50.00", "Invoice 1"), ("-20.25", "Rent")))
        statement = self.lines().statement_id
        for stated_end in (statement.balance_end_real, statement.balance_end_real + 1):
            statement._update_from_lines({"balance_end_real": stated_end})
            ours = statement.read(names)[0]
            self.assertEqual(ours["is_complete"], stated_end == ours["balance_end"])
            for name in names:
                self.env.add_to_compute(statement._fields[name], statement)
            self.assertEqual(statement.read(names)[0], ours)

    def test_figures_of_a_statement_are_left_to_odoo_where_others_derive_them(self):
        with patch.object(bank_statement_line_writer, "KNOWN_MODULES", ("none",)):
            self.bring(self.file(("50.00", "Invoice 1")))
        statement = self.lines().statement_id
        self.assertEqual((statement.date, statement.balance_end), (DAY, 150.0))
        self.assertTrue(statement.is_complete)

    def test_amount_in_a_foreign_currency_stands_beside_the_booked_one(self):
        dollar, pound = self.env.ref("base.USD"), self.env.ref("base.GBP")
        dollar.active, pound.active = True, False
        content = self.file(
            ("10.00", "Export"), ("-8.00", "Fees"), ("-20.00", "Import"), ("3.00", "Shown only")
        )
        for name, amount, kind in (
            ("USD", "11.50", "InstdAmt"),
            ("GBP", "7.00", "InstdAmt"),
            ("USD", "22.00", "InstdAmt"),
            ("USD", "3.30", "CntrValAmt"),
        ):
            foreign = f'<AmtDtls><{kind}><Amt Ccy="{name}">{amount}</Amt></{kind}></AmtDtls>'
            content = content.replace(b"<TxDtls><R", f"<TxDtls>{foreign}<R".encode(), 1)
        self.bring(content)
        export, fees, bought, shown = self.lines()
        for line, amount, foreign in ((export, 10.0, 11.5), (bought, -20.0, -22.0)):
            self.assertEqual(
                (line.amount, line.foreign_currency_id, line.amount_currency),
                (amount, dollar, foreign),
            )
        self.assertFalse(fees.foreign_currency_id, "it is not in use here")
        self.assertFalse(shown.foreign_currency_id, "the parties did not agree on it")
        pound.active = True
        self.assertEqual(self.env["bank.statement.importer"]._currency_id("GBP"), pound.id)

    def test_same_file_under_another_key_books_nothing(self):
        content = self.file(("50.00", "Invoice 1"), ("50.00", "Invoice 1"))
        self.bring(content)
        again = self.bring(content, key="renamed")
        self.assertEqual(len(self.lines()), 2, "two equal bookings of one file are two bookings")
        self.assertEqual(again.result["duplicates"], 2)
        self.assertEqual(again.result["lines"], 0)

    def test_file_and_api_know_each_others_lines(self):
        self.bring(self.window([(DAY, "50.00", "Invoice 1", "T1"), (DAY, "-3.20", "Coffee", "T2")]))
        self.bring(
            self.file(
                Line(DAY, Decimal("50.00"), "Invoice 1"), Line(DAY, Decimal("-3.20"), "Coffee")
            )
        )
        self.assertEqual(len(self.lines()), 2)
        self.assertEqual(
            len(self.lines().statement_id),
            1,
            "the statement takes the lines that were there before",
        )

    def test_upload_then_recovered_feed_knows_the_lines(self):
        self.bring(self.file(Line(DAY, Decimal("50.00"), "Invoice 1")))
        recovered = self.bring(self.window([(DAY, "50.00", "Invoice 1", "T1")]))
        self.assertEqual(recovered.result["lines"], 0)
        self.assertEqual(len(self.lines()), 1)

    @mute_logger("odoo.sql_db")
    def test_database_refuses_a_second_line_of_the_same_booking(self):
        self.bring(self.file(("50.00", "Invoice 1")))
        line = self.lines()
        vals = {
            "journal_id": line.journal_id.id,
            "date": DAY,
            "amount": 50.0,
            "payment_ref": "again",
            "fingerprint": line.fingerprint,
            "fingerprint_version": line.fingerprint_version,
            "fingerprint_occurrence": line.fingerprint_occurrence,
            "batch_part": line.batch_part,
        }
        with self.assertRaises(UniqueViolation), self.env.cr.savepoint():
            self.env["account.bank.statement.line"].create(vals)
        other_uid = {
            **vals,
            "fingerprint": False,
            "provider_uid": line.provider_uid,
            "uid_strategy": line.uid_strategy,
        }
        with self.assertRaises(UniqueViolation), self.env.cr.savepoint():
            self.env["account.bank.statement.line"].create(other_uid)

    def test_truncated_file_books_nothing_and_stays_as_evidence(self):
        content = self.file(("50.00", "Invoice 1"), ("60.00", "Invoice 2"))
        exchange = self.bring(content[: len(content) * 2 // 3])
        self.assertFalse(self.lines())
        self.assertEqual(exchange.work_status, "exception")
        self.assertEqual(exchange.exception_ids.code, "statement_format")
        self.assertEqual(exchange._content(), content[: len(content) * 2 // 3])

    def test_entities_do_nothing(self):
        content = self.file(("50.00", "INJECT")).replace(b"INJECT", b"&x;")
        head, _sep, rest = content.partition(b"?>")
        for declaration in (
            b'<!DOCTYPE Document [<!ENTITY x SYSTEM "file:///etc/passwd">]>',
            b'<!DOCTYPE Document [<!ENTITY y "ha"><!ENTITY x "&y;&y;&y;&y;">]>',
        ):
            exchange = self.bring(head + b"?>" + declaration + rest)
            self.assertEqual(exchange.work_status, "exception")
        self.assertFalse(self.lines())

    def test_bad_entry_and_locked_date_leave_the_others_running(self):
        self.company_a.fiscalyear_lock_date = date(2026, 2, 28)
        entries = [
            Line(DAY, Decimal("10.00"), f"Payment {number}", reference=f"R{number}")
            for number in range(5)
        ]
        entries.append(Line(date(2026, 2, 27), Decimal("7.00"), "Late booking", reference="LATE"))
        content = self.file(*entries).replace(b"2026-03-04", b"2026-13-45", 1)
        content = self._spoil_one_booking_date(self.file(*entries))
        exchange = self.bring(content)
        self.assertEqual(len(self.lines()), 4)
        self.assertEqual(
            sorted(exchange.exception_ids.mapped("code")),
            ["date_in_locked_period", "entry_invalid"],
        )
        self.assertEqual(exchange.work_status, "exception")
        # The person opens the period and retries: only what was missing is booked.
        self.company_a.fiscalyear_lock_date = False
        exchange.with_user(self.operator).action_retry()
        exchange._job_process()
        self.assertEqual(len(self.lines()), 5)
        self.assertEqual(
            exchange.exception_ids.filtered(lambda e: e.state == "open").code, "entry_invalid"
        )

    def _spoil_one_booking_date(self, content):
        head, marker, tail = content.partition(b"<BookgDt><Dt>2026-03-04</Dt></BookgDt>")
        self.assertTrue(marker)
        return head + b"<BookgDt><Dt>2026-02-30</Dt></BookgDt>" + tail

    def test_locked_date_resolved_with_a_reason_is_booked_on_the_first_open_day(self):
        self.company_a.fiscalyear_lock_date = date(2026, 3, 10)
        exchange = self.bring(self.file(("10.00", "Late")))
        self.assertFalse(self.lines())
        exchange.exception_ids.with_user(self.operator).action_resolve(
            "The year is closed; book it in the open period."
        )
        exchange._job_process()
        line = self.lines()
        self.assertEqual(line.bank_booking_date, DAY)
        self.assertGreater(line.date, date(2026, 3, 10))
        self.assertEqual(exchange.work_status, "done")

    def test_balances_stay_the_banks_whatever_becomes_of_the_lines(self):
        self.company_a.fiscalyear_lock_date = date(2026, 2, 28)
        self.bring(self.window([(DAY, "7.00", "Came by the interface", "T1")]))
        lines = [
            Line(date(2026, 2, 27), Decimal("5.00"), "In a locked period", reference="R1"),
            Line(DAY, Decimal("7.00"), "Came by the interface", reference="R2"),
            Line(DAY, Decimal("1.00"), "New", reference="R3"),
        ]
        self.bring(self.file(*lines))
        statement = self.lines().statement_id
        self.assertEqual(sorted(self.lines().mapped("amount")), [1.0, 7.0])
        stated = (statement.balance_start, statement.balance_end_real)
        self.assertEqual(stated, (100.0, 113.0), "not 108, which the booked lines make")
        self.lines()[0].amount = 70.0
        self.assertEqual((statement.balance_start, statement.balance_end_real), stated)

    def test_journal_is_found_by_account_and_currency(self):
        dollar = self.env.ref("base.USD")
        dollar.active = True
        journal = self.make_journal(
            self.company_a, "CH9300762011623852957", currency=dollar, code="TUSD"
        )
        self.bring(self.file(("5.00", "x"), iban="CH9300762011623852957", currency="USD"))
        self.assertEqual(self.lines(journal).amount, 5.0)
        francs = self.bring(self.file(("5.00", "x"), iban="CH9300762011623852957", currency="CHF"))
        self.assertEqual(francs.exception_ids.code, "account_unmapped")

    def test_account_of_another_company_is_not_booked_there(self):
        exchange = self.bring(self.file(("5.00", "x"), iban=IBAN_B))
        self.assertFalse(self.lines(self.journals[self.company_b]))
        self.assertEqual(exchange.exception_ids.code, "account_unmapped")
        self.assertNotIn(IBAN_B, exchange.exception_ids.summary)

    def test_pending_is_never_booked_and_the_latest_word_counts(self):
        self.bring(self.window([], pending=[("-12.00", "Card")]))
        self.assertFalse(self.lines())
        pending = self.env["bank.statement.pending"].search([("journal_id", "=", self.journal.id)])
        self.assertEqual(pending.amount, -12.0)
        self.bring(self.window([(DAY, "-12.00", "Card", "T9")]))
        self.assertEqual(self.lines().amount, -12.0)
        self.assertEqual((pending.state, pending.line_id), ("booked", self.lines()))

    def test_replay_changes_nothing(self):
        exchange = self.bring(self.file(("50.00", "Invoice 1")))
        before = self.lines().read(["amount", "fingerprint", "statement_id"])
        # What it would do is told in words: no names of counters, nothing of what is not there.
        shown = exchange.with_user(self.operator).action_show_dry_run()
        told = self.env[shown["res_model"]].browse(shown["res_id"])
        self.assertEqual((told.outcome, told.result), ("clean", "Finished: 1 known before."))
        exchange.with_user(self.operator).action_replay()
        exchange._job_process()
        self.assertEqual(self.lines().read(["amount", "fingerprint", "statement_id"]), before)
        self.assertEqual(exchange.work_status, "done")

    def test_dry_run_reports_and_books_nothing(self):
        exchange, _is_new = self.receive(
            self.interface, self.file(("50.00", "Invoice 1")), process=False
        )
        report = exchange._dry_run()
        self.assertEqual(report["result"]["lines"], 1)
        self.assertFalse(self.lines())

    def test_partner_is_found_by_bank_account_unless_two_share_it(self):
        partner = self.env["res.partner"].create({"name": "Known"})
        self.env["res.partner.bank"].create(
            {"acc_number": "NL91ABNA0417164300", "partner_id": partner.id}
        )
        entry = Line(
            DAY, Decimal("8.00"), "Hello", iban="NL91ABNA0417164300", name="Known", reference="P1"
        )
        self.bring(self.file(entry))
        self.assertEqual(self.lines().partner_id, partner)
        self.assertEqual(self.lines().account_number, "NL91ABNA0417164300")
        self.assertNotIn(IBAN, self.lines().exchange_id.name)

    def test_contact_stands_for_its_company_and_other_companies_accounts_for_nobody(self):
        company = self.env["res.partner"].create({"name": "Company", "is_company": True})
        contact = self.env["res.partner"].create({"name": "Contact", "parent_id": company.id})
        stranger = self.env["res.partner"].create(
            {"name": "Theirs", "company_id": self.company_b.id}
        )
        numbers = ("NL91ABNA0417164300", "NL20INGB0001234567")
        for number, partner in zip(numbers, (contact, stranger), strict=True):
            self.env["res.partner.bank"].create({"acc_number": number, "partner_id": partner.id})
        self.bring(
            self.file(
                *(
                    Line(DAY, Decimal(place + 1), "Hello", iban=number, reference=f"P{place}")
                    for place, number in enumerate(numbers)
                )
            )
        )
        self.assertEqual([line.partner_id for line in self.lines()], [company, stranger.browse()])

    def test_another_import_that_was_quicker_is_recognised_at_the_next_try(self):
        content = self.file(("50.00", "Invoice 1"), ("7.00", "Invoice 2"))
        self.bring(content)
        with (
            mute_logger("odoo.sql_db"),
            # Its snapshot is of before the other one's commit.
            patch.object(
                self.registry["bank.statement.importer"], "_known_lines", lambda *args: []
            ),
        ):
            second = self.bring(content, key="second")
        self.assertEqual((second.work_status, len(second.exception_ids)), ("retry", 0))
        self.make_due(second)
        second._job_process()
        self.assertEqual((second.work_status, second.result["duplicates"]), ("done", 2))
        self.assertEqual(len(self.lines()), 2)
