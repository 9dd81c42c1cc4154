from datetime import date, datetime, timedelta
from decimal import Decimal
from unittest.mock import patch

from freezegun import freeze_time

from odoo.exceptions import AccessError, UserError
from odoo.tests import tagged

from odoo.addons.bank_statement_api.tools.fetched import Fetched

from .camt_writer import Line
from .common import StatementCase

NOW = datetime(2026, 3, 20, 9, 0)
FIRST = date(2026, 3, 2)
LAST = date(2026, 3, 6)
OLD = date(2026, 1, 5)


@tagged("post_install", "-at_install")
class TestShadow(StatementCase):
    """A new channel runs beside the one that books, is compared line by line, and takes over without a second line."""

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.startClassPatcher(freeze_time(NOW))
        cls.bank = cls.make_connection("nextgenpsd2", endpoint="https://bank.example")
        cls.new = cls.make_interface("bank_statement", cls.bank, mode="shadow")
        consent = cls.env["bank.statement.consent"].create(
            {"name": "Accounts", "connection_id": cls.bank.id, "company_id": cls.company_a.id}
        )
        cls.feed = cls.env["bank.statement.feed"].create(
            {
                "name": "New channel",
                "interface_id": cls.new.id,
                "journal_id": cls.journal.id,
                "resource_ref": "r1",
                "consent_id": consent.id,
                "history_days": 60,
            }
        )
        cls.old_feed = cls.env["bank.statement.feed"].create(
            {
                "name": "Old channel",
                "interface_id": cls.interface.id,
                "journal_id": cls.journal.id,
                "resource_ref": "r0",
            }
        )

    # === DOING === #

    def day(self, number):
        return FIRST + timedelta(days=number)

    def book(self, *lines):
        """The live channel: one statement from the first day to the last one, on which there is interest.

        :param lines: number of the day, amount, text
        """
        lines = (*lines, (4, "0.10", "Interest"))
        return self.bring(
            self.file(
                *(
                    Line(self.day(number), Decimal(amount), text, reference=f"R{position}")
                    for position, (number, amount, text) in enumerate(lines)
                ),
                opening=Decimal("100.00"),
            )
        )

    def fetch(self, *booked, feed=None):
        """A fetch of the new channel over the interface, and the work on it."""
        asked = []
        booked = (*booked, (4, "0.10", "Interest", "T4"))

        def fetch_window(_adapter, _feed, date_from, date_to):
            asked.append(date_from)
            return self.window(
                [
                    (self.day(number) if isinstance(number, int) else number, amount, text, name)
                    for number, amount, text, name in booked
                ],
                date_from=date_from,
                date_to=date_to,
            )

        adapter_class = self.registry["finance.adapter.nextgenpsd2"]
        with patch.object(adapter_class, "_fetch_window", fetch_window):
            (feed or self.feed)._job_fetch()
        for exchange in self.env["finance.exchange"].search(
            [("interface_id", "=", self.new.id), ("work_status", "=", "ready")], order="id"
        ):
            exchange._job_process()
        return asked[0]

    def compare(self, **values):
        comparison = (
            self.env["bank.statement.comparison"]
            .with_user(self.manager)
            .create(
                {
                    "interface_id": self.new.id,
                    "date_from": FIRST,
                    "date_to": LAST,
                    **values,
                }
            )
        )
        comparison.action_compare()
        return comparison

    def equal(self):
        self.book((0, "5.00", "Invoice 1"), (2, "-2.50", "Coffee"))
        self.fetch((0, "5.00", "INVOICE 1", "T1"), (2, "-2.50", "coffee", "T2"))
        return self.compare()

    # === COMPARE === #

    def test_each_difference_is_shown_with_both_figures(self):
        self.book(
            (0, "5.00", "Invoice 1"), (1, "8.00", "Invoice number 2"), (2, "9.00", "Only live")
        )
        self.fetch(
            (0, "5.00", "INVOICE 1", "T1"),
            (1, "8.50", "Invoice number 2", "T2"),
            (3, "1.00", "Nowhere else", "T3"),
        )
        comparison = self.compare()
        found = [
            (line.day, line.state, line.live_amount, line.shadow_amount)
            for line in comparison.line_ids[:-1]
        ]
        self.assertEqual(
            found,
            [
                (self.day(0), "same", 5.0, 5.0),
                (self.day(1), "differing", 8.0, 8.5),
                (self.day(2), "only_live", 9.0, 0.0),
                (self.day(3), "only_shadow", 0.0, 1.0),
            ],
        )
        days = {day.day: day for day in comparison.day_ids}
        self.assertEqual(
            [days[self.day(number)].state for number in range(4)],
            ["equal", "different", "different", "different"],
        )
        self.assertEqual((days[self.day(1)].live_total, days[self.day(1)].shadow_total), (8.0, 8.5))
        self.assertEqual(comparison.state, "different")
        with self.assertRaisesRegex(UserError, "not the same on both sides: 3"):
            comparison.action_sign_off()

    def test_a_shadow_reads_on_from_a_place_of_its_own(self):
        first = self.fetch((0, "5.00", "x", "T1"))
        second = self.fetch((0, "5.00", "x", "T1"), (2, "6.00", "y", "T2"))
        self.assertGreater(second, first)
        self.assertEqual(self.feed.shadow_covered_until, NOW.date() - timedelta(days=1))
        self.assertFalse(self.feed.covered_until, "nothing is booked")
        told = self.env["bank.statement.shadow.line"].search([("interface_id", "=", self.new.id)])
        self.assertEqual(len(told), 3, "what is told twice is kept once")
        self.assertFalse(self.lines())

    def test_a_list_of_changes_is_not_read_from_its_beginning_each_time(self):
        cursors = []

        def fetch_account(_adapter, feed):
            cursors.append(feed._cursor())
            return Fetched(key=f"sync:{feed.id}:x", content=None, cursor=f"C{len(cursors)}")

        with patch.object(
            self.registry["finance.adapter.nextgenpsd2"], "_fetch_account", fetch_account
        ):
            self.feed._job_fetch()
            self.feed._job_fetch()
            self.new.action_set_live()
            self.feed._job_fetch()
        self.assertEqual(cursors, [None, "C1", None], "the live run reads all of it")
        self.feed.resource_ref = "another"
        self.assertEqual((self.feed.shadow_cursor, self.feed.sync_cursor), (False, False))

    def test_a_line_that_was_changed_or_typed_by_hand_is_not_the_same(self):
        self.book((0, "5.00", "Invoice 1"))
        self.fetch((0, "5.00", "INVOICE 1", "T1"), (2, "7.00", "typed by hand", "T2"))
        self.env["account.bank.statement.line"].create(
            {
                "journal_id": self.journal.id,
                "date": self.day(2),
                "amount": 7.0,
                "payment_ref": "typed by hand",
            }
        )
        self.lines()[0].amount = 4.0
        self.assertEqual(
            self.compare().line_ids.mapped("state"), ["differing", "differing", "same"]
        )

    # === SIGN-OFF === #

    def test_silence_of_the_new_channel_is_no_equality(self):
        comparison = self.compare()
        self.assertIn("not one line", comparison.hindrance)
        self.book((0, "5.00", "Invoice 1"))
        comparison.action_compare()
        self.assertIn("read from ? to ?", comparison.hindrance)
        with self.assertRaises(UserError):
            comparison.action_sign_off()

    def test_only_days_that_are_over_and_proven_count(self):
        self.equal()
        today = self.compare(date_to=NOW.date())
        self.assertIn("not over", today.hindrance)
        early = self.compare(date_from=OLD)
        self.assertIn("was read from", early.hindrance)
        balance = self.env["bank.statement.balance"].search(
            [("journal_id", "=", self.journal.id), ("type", "=", "CLBD")]
        )
        balance.amount += 1
        self.assertIn("not proven complete", self.compare().hindrance)

    def test_account_that_only_the_new_channel_brings_is_named_and_not_compared(self):
        self.equal()
        self.old_feed.journal_id = self.make_journal(
            self.company_a, "AT611904300234573201", code="TAT"
        )
        alone = self.feed.copy({"journal_id": self.old_feed.journal_id.id, "resource_ref": "r2"})
        comparison = self.compare()
        self.assertEqual(comparison.not_compared, alone.journal_id.name)
        self.assertEqual(comparison.line_ids.journal_id, self.journal)
        self.assertFalse(comparison.hindrance, "nobody else tells of it")

    def test_other_days_are_another_comparison_and_its_signature_goes_with_a_new_one(self):
        comparison = self.equal()
        comparison.date_from = self.day(-1)
        self.assertEqual((comparison.state, comparison.compared_at), ("new", False))
        comparison.date_from = FIRST
        comparison.action_sign_off()
        comparison.action_compare()
        self.assertEqual((comparison.state, comparison.signed_by_id.id), ("equal", False))

    def test_channel_that_books_already_is_no_shadow(self):
        comparison = self.equal()
        self.new._set_mode("live")
        with self.assertRaisesRegex(UserError, "no shadow any more"):
            comparison.action_compare()

    def test_a_manager_signs_and_the_audit_knows(self):
        comparison = self.equal()
        self.assertEqual((comparison.state, comparison.same_count), ("equal", 3))
        for act in ("action_compare", "action_sign_off", "action_switch_over"):
            with self.subTest(act), self.assertRaises(AccessError):
                getattr(comparison.with_user(self.viewer), act)()
        with self.assertRaises(AccessError):
            comparison.write({"state": "signed"})
        with self.assertRaisesRegex(UserError, "Sign off first"):
            comparison.action_switch_over()
        comparison.action_sign_off()
        self.assertEqual((comparison.state, comparison.signed_by_id), ("signed", self.manager))
        event = self.env["finance.audit.event"].search([("action", "=", "comparison.signed_off")])
        self.assertEqual(event.user_id, self.manager.id)
        self.assertIn('"same":3', event.details)
        with self.assertRaises(UserError):
            comparison.date_from = OLD
        with self.assertRaises(UserError):
            comparison.unlink()

    def test_books_that_changed_after_the_signature_are_not_switched(self):
        comparison = self.equal()
        comparison.action_sign_off()
        self.lines()[0].amount = 4.0
        with self.assertRaisesRegex(UserError, "not the same"):
            comparison.action_switch_over()
        self.assertEqual(self.new.mode, "shadow")

    def test_books_that_changed_after_the_comparison_are_not_signed_for(self):
        comparison = self.equal()
        self.lines()[0].amount = 4.0
        with self.assertRaisesRegex(UserError, "not the same"):
            comparison.action_sign_off()

    # === SWITCH-OVER === #

    def test_the_new_channel_takes_over_and_no_line_is_doubled(self):
        comparison = self.equal()
        comparison.action_sign_off()
        self.feed.sudo().sync_cursor = "of an earlier time"
        files = self.env["bank.statement.feed"].create(
            {
                "name": "Files",
                "kind": "files",
                "interface_id": self.make_interface("bank_statement", self.connection).id,
                "journal_id": self.journal.id,
            }
        )
        comparison.action_switch_over()
        self.assertEqual((comparison.state, self.new.mode), ("switched", "live"))
        self.assertEqual((self.feed.covered_until, self.feed.sync_cursor), (LAST, False))
        self.assertFalse(files.is_fallback, "files come when somebody brings them")
        self.assertFalse(
            self.env["bank.statement.shadow.line"].search([("interface_id", "=", self.new.id)])
        )
        event = self.env["finance.audit.event"].search(
            [("action", "=", "comparison.switched_over")]
        )
        self.assertEqual(event.user_id, self.manager.id)
        self.assertEqual((self.old_feed.is_fallback, self.old_feed.health), (True, "fallback"))
        before = self.lines()
        asked = self.fetch(
            (OLD, "77.00", "Booked by hand long ago", "T0"),
            (0, "5.00", "INVOICE 1", "T1"),
            (2, "-2.50", "coffee", "T2"),
            (18, "3.00", "After it", "T3"),
        )
        self.assertLess(asked, NOW.date() - timedelta(days=1))
        self.assertEqual((self.lines() - before).mapped("amount"), [3.0])
        exchange = self.env["finance.exchange"].search(
            [("interface_id", "=", self.new.id), ("shadow", "=", False)]
        )
        self.assertEqual(exchange.result["left_out"], 1)
        # The fallback, fetched by hand, brings nothing twice either.
        self.bring(
            self.file(
                Line(self.day(18), Decimal("3.00"), "AFTER IT", reference="R9"),
                opening=Decimal("102.60"),
                sequence=2,
            )
        )
        self.assertEqual(len(self.lines()), 4)
        self.new._set_mode("shadow")
        with self.assertRaisesRegex(UserError, "no shadow any more"):
            comparison.action_compare()

    def test_a_fallback_is_not_fetched_by_the_schedule(self):
        self.old_feed.is_fallback = True
        (self.old_feed | self.feed).next_run_at = NOW
        before = self.env["queue.job"].search([])
        with patch.object(self.registry["ir.cron"], "_commit_progress"):
            self.env["bank.statement.feed"]._cron_fetch()
        self.old_feed._enqueue_notified()
        jobs = self.env["queue.job"].search([]) - before
        self.assertNotIn(
            f"bank.statement.feed.fetch:{self.old_feed.id}", jobs.mapped("identity_key")
        )
        self.assertIn(f"bank.statement.feed.fetch:{self.feed.id}", jobs.mapped("identity_key"))
        self.assertFalse(
            jobs.filtered(lambda job: job.identity_key.endswith(f"notified:{self.old_feed.id}"))
        )

    def test_files_are_compared_as_well(self):
        self.book((0, "5.00", "Invoice 1"))
        drop = self.make_interface("bank_statement", self.make_connection("upload"), mode="shadow")
        self.bring(
            self.file(
                Line(self.day(0), Decimal("5.00"), "Invoice 1", reference="R0"),
                Line(self.day(4), Decimal("0.10"), "Interest", reference="R1"),
                opening=Decimal("100.00"),
            ),
            drop,
        )
        comparison = self.compare(interface_id=drop.id)
        self.assertEqual((comparison.state, comparison.hindrance), ("equal", False))

    def test_another_company_sees_nothing_of_it(self):
        comparison = self.equal()
        stranger = self.users["manager", "b"]
        for records in (comparison, comparison.line_ids, comparison.day_ids):
            self.assertFalse(records.with_user(stranger).search([("id", "in", records.ids)]))
        self.assertFalse(self.env["bank.statement.shadow.line"].with_user(stranger).search([]))
