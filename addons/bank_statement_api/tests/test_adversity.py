import base64
import io
import zipfile
from datetime import timedelta
from decimal import Decimal
from types import SimpleNamespace
from unittest.mock import patch

from freezegun import freeze_time
from psycopg2.errors import CheckViolation

from odoo import fields
from odoo.exceptions import AccessError
from odoo.tests import mute_logger, tagged

from odoo.addons.bank_statement_api.models import bank_statement_importer_lines
from odoo.addons.bank_statement_api.tools import api_window
from odoo.addons.bank_statement_api.tools.documents import AccountRef
from odoo.addons.finance_connector_base.tools.errors import FinalError, RetryableError

from .camt_writer import Line
from .common import DAY, StatementCase

NEXT_DAY = DAY + timedelta(days=1)


@tagged("post_install", "-at_install")
class TestAdversity(StatementCase):
    """What an unlucky order, a careless hand or a hostile document must not do to the books."""

    def day_file(self, opening, sequence, *lines, day=DAY):
        """A statement of one day whose entries have no name of the bank's."""
        return self.file(
            *(Line(day, Decimal(amount), text) for amount, text in lines),
            opening=Decimal(opening),
            sequence=sequence,
        )

    def archive(self, *files):
        buffer = io.BytesIO()
        with zipfile.ZipFile(buffer, "w") as archive:
            for number, content in enumerate(files):
                archive.writestr(f"{number}.xml", content)
        return buffer.getvalue()

    def open_codes(self, exchange):
        return sorted(
            exchange.exception_ids.filtered(
                lambda exception: exception.state in ("open", "in_progress")
            ).mapped("code")
        )

    # === BOOKED ONCE === #

    def test_equal_bookings_of_two_statements_of_one_day_are_told_apart_by_a_person(self):
        self.bring(self.day_file("99.00", 1, ("1.00", "Before"), day=DAY - timedelta(days=1)))
        first = self.bring(self.day_file("100.00", 2, ("-10.00", "Coffee"), ("-10.00", "Coffee")))
        second = self.bring(self.day_file("80.00", 3, ("-10.00", "Coffee"), ("5.00", "Tip")))
        self.assertEqual(self.open_codes(second), ["entry_repeated"])
        self.assertEqual(len(self.lines()), 4, "neither dropped silently nor booked twice")
        second.exception_ids.with_user(self.operator).action_resolve("A coffee of its own.")
        second._job_process()
        self.assertEqual(second.work_status, "done")
        booked = self.lines()
        self.assertEqual(sum(booked.mapped("amount")), -24.0)
        for exchange in (second, first, second):
            exchange._replay()
            exchange._job_process()
            self.assertEqual((exchange.work_status, self.lines()), ("done", booked))

    def test_equal_booking_that_is_the_same_one_stays_booked_once(self):
        self.bring(self.day_file("100.00", 1, ("-10.00", "Coffee")))
        second = self.bring(self.day_file("90.00", 2, ("-10.00", "Coffee")))
        second.exception_ids.with_user(self.operator).action_ignore("Sent again by the bank.")
        second._job_process()
        self.assertEqual((second.work_status, len(self.lines())), ("done", 1))

    def test_statement_that_adds_up_to_nothing_is_known_when_it_is_sent_again(self):
        content = self.day_file("100.00", 1, ("-10.00", "Coffee"), ("10.00", "Refund"))
        self.bring(content)
        again = self.bring(content, key="again")
        self.assertEqual((self.open_codes(again), again.result["duplicates"]), ([], 2))

    def test_day_inside_a_longer_statement_that_is_booked_is_known(self):
        coffee = Line(DAY, Decimal("-10.00"), "Coffee")
        refund = Line(NEXT_DAY, Decimal("10.00"), "Refund")
        self.bring(self.file(coffee, refund, opening=Decimal("100.00"), sequence=2))
        day = self.bring(self.file(coffee, opening=Decimal("100.00"), sequence=1))
        self.assertEqual((self.open_codes(day), len(self.lines())), ([], 2))

    def test_longer_statement_that_begins_as_a_booked_one_did_repeats_it(self):
        self.bring(self.day_file("100.00", 1, ("-10.00", "Coffee")))
        longer = self.bring(self.day_file("100.00", 2, ("-10.00", "Coffee"), ("5.00", "Tip")))
        self.assertEqual((self.open_codes(longer), len(self.lines())), ([], 2))

    def answer_of_two(self, answer):
        """One of two equal bookings looks like one of the statement before; a person says what it is, once.

        :return: amounts of what is booked
        """
        self.bring(self.day_file("100.00", 1, ("-10.00", "Coffee")))
        exchange = self.bring(self.day_file("90.00", 2, ("-10.00", "Coffee"), ("-10.00", "Coffee")))
        self.assertEqual(self.open_codes(exchange), ["entry_repeated"])
        self.assertEqual(len(self.lines()), 2)
        getattr(exchange.exception_ids.with_user(self.operator), answer)("Looked at.")
        exchange._job_process()
        self.assertEqual((exchange.work_status, self.open_codes(exchange)), ("done", []))
        booked = self.lines()
        exchange._replay()
        exchange._job_process()
        self.assertEqual((exchange.work_status, self.lines()), ("done", booked))
        return booked.mapped("amount")

    def test_of_two_equal_ones_beside_a_stored_one_one_is_told_apart_once(self):
        self.assertEqual(self.answer_of_two("action_resolve"), [-10.0] * 3)

    def test_of_two_equal_ones_beside_a_stored_one_one_is_left_once(self):
        self.assertEqual(self.answer_of_two("action_ignore"), [-10.0] * 2)

    def answer_about_two(self, *answers):
        """Two of four equal bookings look like those of the statement before, and a person answers about one by one."""
        coffees = [("-10.00", "Coffee")]
        self.bring(self.day_file("200.00", 1, *coffees * 2))
        exchange = self.bring(self.day_file("180.00", 2, *coffees * 4))
        self.assertEqual(self.open_codes(exchange), ["entry_repeated"] * 2)
        first = exchange.exception_ids.sorted("id")[0]
        getattr(first.with_user(self.operator), answers[0])("Looked at.")
        for _again in range(3):
            exchange._resume()
            exchange._job_process()
            self.assertEqual(self.open_codes(exchange), ["entry_repeated"], "the other one waits")
        other = exchange.exception_ids.filtered(lambda exception: exception.state == "open")
        getattr(other.with_user(self.operator), answers[1])("Looked at.")
        for _again in range(3):
            exchange._job_process()
            self.assertEqual((exchange.work_status, self.open_codes(exchange)), ("done", []))
            # Two of each statement for certain, and one of those that were asked about.
            self.assertEqual(len(self.lines()), 5)
            exchange._replay()

    def test_answer_that_one_is_its_own_books_one(self):
        self.answer_about_two("action_resolve", "action_ignore")

    def test_answer_that_one_was_sent_again_is_not_outweighed(self):
        self.answer_about_two("action_ignore", "action_resolve")

    def test_one_told_apart_and_one_that_was_kept_out_are_booked_together(self):
        coffee = ("-10.00", "Coffee")
        self.bring(self.day_file("100.00", 1, coffee))
        lock = "UPDATE res_company SET fiscalyear_lock_date = %s WHERE id = %s"
        self.env.cr.execute(lock, [DAY, self.company_a.id])
        self.env.invalidate_all()
        self.env.registry.clear_cache()
        exchange = self.bring(self.day_file("90.00", 2, coffee, coffee))
        self.assertEqual(self.open_codes(exchange), ["date_in_locked_period", "entry_repeated"])
        asked = exchange.exception_ids.filtered(lambda one: one.code == "entry_repeated")
        asked.with_user(self.operator).action_resolve("A coffee of its own.")
        self.company_a.fiscalyear_lock_date = False
        exchange._resume()
        exchange._job_process()
        self.assertEqual((exchange.work_status, len(self.lines())), ("done", 3))

    # === ONE OF MANY === #

    def test_line_that_the_database_refuses_leaves_the_others_running(self):
        # A rule of the database's that the suite knows nothing of.
        self.env.flush_all()
        self.env.cr.execute(
            "ALTER TABLE account_bank_statement_line ADD CONSTRAINT no_cash CHECK (payment_ref <> 'Cash')"
        )
        iban = "NL91ABNA0417164300"
        content = self.file(
            ("10.00", "One"),
            Line(DAY, Decimal("20.00"), "Cash", reference="REF11", iban=iban),
            ("30.00", "Three"),
        )
        with mute_logger("odoo.sql_db"):
            exchange = self.bring(content)
        self.assertNotIn(iban, exchange.exception_ids.summary, "PostgreSQL shows the whole row")
        self.assertEqual(self.lines().mapped("payment_ref"), ["One", "Three"])
        self.assertEqual(self.open_codes(exchange), ["entry_refused"])
        self.assertEqual(exchange.exception_ids.evidence["amount"], "20.00")
        self.env.flush_all()
        self.env.cr.execute("ALTER TABLE account_bank_statement_line DROP CONSTRAINT no_cash")
        exchange.with_user(self.operator).action_retry()
        exchange._job_process()
        self.assertEqual((exchange.work_status, self.open_codes(exchange)), ("done", []))
        self.assertEqual(self.lines().mapped("payment_ref"), ["One", "Three", "Cash"])

    # === DATES === #

    def test_booking_far_ahead_waits_for_a_person(self):
        today = fields.Date.today()
        days = [today + timedelta(days=days) for days in (7, 8, 4000)]
        exchange = self.bring(self.file(*(Line(day, Decimal("1.00"), f"On {day}") for day in days)))
        self.assertEqual(self.open_codes(exchange), ["date_in_future"] * 2)
        self.assertEqual(self.lines().mapped("bank_booking_date"), days[:1])
        for exception, act in zip(
            exchange.exception_ids.sorted("unit_key").with_user(self.operator),
            ("action_resolve", "action_ignore"),
            strict=True,
        ):
            getattr(exception, act)("The bank said so.")
        exchange._job_process()
        self.assertEqual(exchange.work_status, "done")
        self.assertEqual(self.lines().mapped("bank_booking_date"), days[:2])

    def test_duplicate_strategy_that_is_not_known_is_refused(self):
        with self.assertRaises(CheckViolation), mute_logger("odoo.sql_db"):
            self.journal.uid_strategy = 7
            self.env.flush_all()

    def test_amount_that_odoo_would_change_is_refused_alone(self):
        exchange = self.bring(
            self.day_file("100.00", 1, ("99999999999999.99", "Huge"), ("5.00", "Small"))
        )
        self.assertEqual(self.open_codes(exchange), ["entry_refused"])
        self.assertEqual(self.lines().amount, 5.0)

    def test_period_locked_during_the_import_is_respected(self):
        create = self.registry["bank.statement.importer"]._create_chunk

        def lock_after(importer, *args):
            created = create(importer, *args)
            self.company_a.fiscalyear_lock_date = DAY + timedelta(days=5)
            return created

        with (
            patch.object(bank_statement_importer_lines, "CHUNK", 1),
            patch.object(self.registry["bank.statement.importer"], "_create_chunk", lock_after),
            # Whoever locks the period in a session of their own does not see the lines yet.
            patch.object(self.registry["res.company"], "_validate_locks"),
        ):
            exchange = self.bring(self.day_file("100.00", 1, ("1.00", "Before"), ("2.00", "After")))
        self.assertEqual(self.open_codes(exchange), ["date_in_locked_period"])
        self.assertEqual(self.lines().mapped("date"), [DAY])

    # === ORDER === #

    def test_lines_of_a_killed_import_are_matched_as_well(self):
        importer_class = self.registry["bank.statement.importer"]
        with (
            patch.object(importer_class, "_store_balances", side_effect=RetryableError("Killed.")),
        ):
            exchange = self.bring(self.file(("5.00", "x")))
        self.assertEqual((exchange.work_status, len(self.lines())), ("retry", 1))
        self.make_due(exchange)
        with patch.object(self.registry["bank.statement.matcher"], "_enqueue") as enqueue:
            exchange._job_process()
        self.assertEqual(enqueue.call_args.args[-1], self.lines())

    def test_resolved_warning_stays_resolved(self):
        self.bring(self.day_file("100.00", 5, ("-10.00", "A")))
        second = self.bring(self.day_file("90.00", 5, ("-11.00", "B"), day=NEXT_DAY))
        self.assertEqual(self.open_codes(second), ["statement_sequence_repeat"])
        second.exception_ids.with_user(self.operator).action_resolve("The bank counts by month.")
        second._job_process()
        self.assertEqual(second.work_status, "done")

    def test_ignored_warning_keeps_nothing_out(self):
        self.bring(self.day_file("100.00", 5, ("-10.00", "A")))
        second = self.bring(self.day_file("90.00", 5, ("-11.00", "B"), day=NEXT_DAY))
        second.exception_ids.with_user(self.operator).action_ignore("The bank counts by month.")
        second._job_process()
        self.assertEqual((second.work_status, second.result["held"]), ("done", 0))

    def test_two_files_that_wait_do_not_wake_each_other_for_ever(self):
        def file_with_a_gap(opening, sequence, day):
            return self.archive(
                self.day_file(opening, sequence, ("1.00", f"Good {sequence}"), day=day),
                self.day_file(
                    "900.00", sequence + 10, ("1.00", "Gap"), day=day + timedelta(days=9)
                ),
            )

        exchanges = [
            self.bring(file_with_a_gap("100.00", 1, DAY)),
            self.bring(file_with_a_gap("101.00", 2, NEXT_DAY)),
        ]
        for _round in range(3):
            for exchange in exchanges:
                exchange._job_process()
        self.assertEqual([exchange.work_status for exchange in exchanges], ["exception"] * 2)

    def test_statements_in_a_file_are_booked_oldest_first(self):
        exchange = self.bring(
            self.archive(
                self.day_file("101.00", 2, ("1.00", "Second"), day=NEXT_DAY),
                self.day_file("100.00", 1, ("1.00", "First")),
            )
        )
        self.assertEqual(self.open_codes(exchange), [])
        self.assertEqual(self.lines().mapped("payment_ref"), ["First", "Second"])

    def test_statement_without_entries_is_no_gap_in_the_numbers(self):
        self.bring(self.day_file("100.00", 1, ("1.00", "First")))
        empty = self.day_file("101.00", 2, day=NEXT_DAY).replace(
            b"2026-01-01", NEXT_DAY.isoformat().encode()
        )
        self.bring(empty)
        third = self.bring(
            self.day_file("101.00", 3, ("1.00", "Third"), day=NEXT_DAY + timedelta(days=1))
        )
        self.assertEqual(self.open_codes(third), [])

    def test_account_without_a_number_is_asked_for(self):
        account = AccountRef(
            iban=None, other_id=None, scheme=None, currency="EUR", bic=None, owner_name=None
        )
        page = b'{"transactions": {"booked": []}}'
        exchange = self.bring(api_window.pack(account, DAY, DAY, [page]))
        self.assertEqual(self.open_codes(exchange), ["account_unmapped"])

    # === TEXT === #

    def test_text_that_no_database_holds_stops_nothing(self):
        exchange = self.bring(
            self.window(
                [
                    (DAY, "1.00", "a\0b", "T1"),
                    (DAY, "2.00", "a\ud800b", "T2"),
                    (DAY, "3.00", "x" * 5000, "T3"),
                ]
            )
        )
        self.assertEqual(exchange.work_status, "done")
        self.assertEqual(self.lines().mapped("payment_ref")[:2], ["a\ufffdb"] * 2)

    def test_number_of_few_characters_is_no_reference(self):
        self.make_invoice(50.0, reference="1")
        self.bring(self.file(Line(DAY, Decimal("50.00"), "Thanks", "R", end_to_end_id="1")))
        self.match()
        self.assertEqual(self.lines().match_state, "no_evidence")

    # === HANDS === #

    def test_what_the_bank_said_cannot_be_edited(self):
        self.bring(self.file(("5.00", "x")))
        line = self.lines().with_user(self.operator)
        for record, vals in (
            (line, {"fingerprint": "x"}),
            (line, {"exchange_id": False}),
            (line, {"match_state": "matched"}),
            (line, {"bank_entry_amount": 1.0}),
            (line, {"transaction_details": {"remittance": ["INV77001"]}}),
            (line.statement_id, {"bank_statement_ref": "x"}),
        ):
            with self.subTest(vals=vals), self.assertRaises(AccessError):
                record.write(vals)
        own = {"journal_id": self.journal.id, "date": DAY, "amount": 1, "payment_ref": "By hand"}
        self.assertTrue(line.create(own))
        for context in ({"default_exchange_id": line.exchange_id.id}, {"default_fingerprint": "x"}):
            with self.subTest(context=context), self.assertRaises(AccessError):
                line.with_context(**context).create(own)

    def test_operator_may_have_a_line_matched(self):
        invoice = self.make_invoice(50.0, reference="INV77001")
        self.bring(self.file(("50.00", "INV77001")))
        self.lines().with_user(self.operator).action_match()
        self.assertEqual(self.lines().match_state, "matched")
        self.assertEqual(invoice.amount_residual, 0)

    def test_change_and_deletion_of_a_line_leave_an_event(self):
        self.bring(self.window([(DAY, "7.00", "y", "T1"), (DAY, "8.00", "z", "T2")]))
        changed, deleted = self.lines().with_user(self.operator)
        changed.amount = 99
        changed.unlink()
        deleted.move_id.button_draft()
        deleted.move_id.with_context(force_delete=True).unlink()
        self.assertFalse(self.lines())
        self.env.flush_all()
        events = (
            self.env["finance.audit.event"]
            .sudo()
            .search([("res_model", "=", changed._name), ("user_id", "=", self.operator.id)])
        )
        self.assertEqual(
            sorted(events.mapped("action")),
            ["statement_line.changed", "statement_line.deleted", "statement_line.deleted"],
        )
        self.assertIn("99.0", "".join(events.mapped("details")))

    def test_deleted_statement_and_changed_journal_leave_an_event(self):
        self.bring(self.file(("5.00", "x")))
        self.lines().statement_id.with_user(self.operator).unlink()
        self.journal.uid_strategy = 0
        self.env.flush_all()
        actions = self.env["finance.audit.event"].sudo().search([]).mapped("action")
        self.assertIn("statement.deleted", actions)
        self.assertIn("journal.changed", actions)

    def test_upload_deletes_nothing_but_its_own_copy(self):
        attachments = self.env["ir.attachment"]
        datas = base64.b64encode(self.file(("5.00", "x")))
        of_a_record = {"res_model": "res.partner", "res_id": self.company_a.partner_id.id}
        for user, values in ((self.operator, of_a_record), (self.manager, {"public": True})):
            evidence = attachments.sudo().create({"name": "e.xml", "datas": datas, **values})
            self.env.cr.execute(
                "UPDATE ir_attachment SET create_uid = %s WHERE id = %s", [user.id, evidence.id]
            )
            evidence.invalidate_recordset(["create_uid"])
            with self.subTest(user.login):
                self.env["bank.statement.upload"].with_user(self.operator).sudo().create(
                    {"company_id": self.company_a.id, "attachment_ids": [(6, 0, evidence.ids)]}
                ).sudo(False).action_upload()
                self.assertTrue(evidence.exists())

    def test_clear_copy_of_an_abandoned_upload_is_removed(self):
        values = {"name": "s.xml", "raw": b"x", "res_model": "bank.statement.upload"}
        attachment = self.env["ir.attachment"].create(values)
        another = attachment.copy({"res_model": False})
        wizard = self.env["bank.statement.upload"]
        wizard._gc_abandoned()
        self.assertTrue(attachment.exists(), "somebody may be about to confirm it")
        with freeze_time(fields.Datetime.now() + timedelta(hours=3)):
            wizard._gc_abandoned()
        self.assertEqual((attachment | another).exists(), another)

    def test_configuration_that_changes_leaves_an_event(self):
        manager = self.manager
        connection = self.make_connection("nextgenpsd2", endpoint="https://bank.example")
        interface = self.make_interface("bank_statement", connection)
        feed = (
            self.env["bank.statement.feed"]
            .with_user(manager)
            .create(
                {
                    "name": "Feed",
                    "interface_id": interface.id,
                    "journal_id": self.journal.id,
                    "resource_ref": "r1",
                }
            )
        )
        consent = (
            self.env["bank.statement.consent"]
            .with_user(manager)
            .create({"name": "c", "connection_id": connection.id, "company_id": self.company_a.id})
        )
        feed.resource_ref = "somebody else's"
        connection.with_user(manager).endpoint = "https://evil.example"
        interface.with_user(manager).api_user_ids = self.api_user
        consent.holder_ref = "somebody else"
        feed.unlink()
        self.env.flush_all()
        events = (
            self.env["finance.audit.event"]
            .sudo()
            .search([("user_id", "=", manager.id), ("action", "not like", "version")])
        )
        actions = events.mapped("action")
        for action in (
            "feed.created",
            "feed.changed",
            "feed.deleted",
            "connection.changed",
            "interface.changed",
            "consent.created",
            "consent.changed",
        ):
            self.assertIn(action, actions)
        [changed] = events.filtered(lambda event: event.action == "connection.changed")
        self.assertIn("evil.example", changed.details)
        self.assertIn("bank.example", changed.details)

    def test_place_of_a_feed_and_state_of_a_consent_move_with_the_bank_only(self):
        connection = self.make_connection("nextgenpsd2", endpoint="https://bank.example")
        interface = self.make_interface("bank_statement", connection)
        feed = self.env["bank.statement.feed"].create(
            {"name": "Feed", "interface_id": interface.id, "journal_id": self.journal.id}
        )
        consent = self.env["bank.statement.consent"].create(
            {"name": "c", "connection_id": connection.id, "company_id": self.company_a.id}
        )
        for record, vals in (
            (feed, {"covered_until": DAY}),
            (feed, {"failure_count": 0}),
            (consent, {"state": "valid"}),
            (consent, {"external_ref": "another's"}),
        ):
            with self.subTest(vals=vals), self.assertRaises(AccessError):
                record.with_user(self.manager).write(vals)

    def test_bank_leads_to_web_pages_only(self):
        connection = self.make_connection("nextgenpsd2", endpoint="https://bank.example")
        consent = self.env["bank.statement.consent"].create(
            {"name": "c", "connection_id": connection.id, "company_id": self.company_a.id}
        )
        adapter_class = self.registry["finance.adapter.nextgenpsd2"]
        for body in (
            b'{"consentId": "1", "_links": {"scaRedirect": {"href": "javascript:alert(1)"}}}',
            b'{"_links": {"scaRedirect": {"href": "https://bank.example"}}}',
        ):
            with (
                self.subTest(body),
                patch.object(adapter_class, "_call", return_value=SimpleNamespace(body=body)),
                self.assertRaises(FinalError),
            ):
                consent.action_request()
            self.assertFalse(consent.redirect_url)
