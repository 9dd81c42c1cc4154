from datetime import date, datetime, timedelta
from unittest.mock import patch

from freezegun import freeze_time

from odoo.tests import tagged

from odoo.addons.bank_statement_api.tools.fetched import Fetched
from odoo.addons.finance_connector_base.tools.errors import BusinessError, RetryableError
from odoo.addons.queue_job.exception import RetryableJobError

from .common import StatementCase

START = datetime(2026, 3, 4, 9, 0)


@tagged("post_install", "-at_install")
class TestFeed(StatementCase):
    """A feed keeps its place: an error is not "nothing new", and what an outage missed is fetched after it."""

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.bank = cls.make_connection("nextgenpsd2", endpoint="https://bank.example")
        cls.bank_interface = cls.make_interface("bank_statement", cls.bank)
        cls.consent = cls.env["bank.statement.consent"].create(
            {"name": "Accounts", "connection_id": cls.bank.id, "company_id": cls.company_a.id}
        )
        cls.feed = cls.make_feed(cls.journal)

    @classmethod
    def make_feed(cls, journal, **values):
        return cls.env["bank.statement.feed"].create(
            {
                "name": f"Feed of {journal.code}",
                "interface_id": cls.bank_interface.id,
                "journal_id": journal.id,
                "resource_ref": "r1",
                "consent_id": cls.consent.id,
                "history_days": 10,
                **values,
            }
        )

    def fetch(self, answer, feed=None, day=0):
        """Run the job of a feed on a day, with the bank answering or failing.

        :return: the windows that the bank was asked for
        """
        asked = []

        def fetch_window(_adapter, _feed, date_from, date_to):
            asked.append((date_from, date_to))
            if isinstance(answer, Exception):
                raise answer
            return answer(date_from, date_to)

        adapter_class = self.registry["finance.adapter.nextgenpsd2"]
        with (
            freeze_time(START + timedelta(days=day)),
            patch.object(adapter_class, "_fetch_window", fetch_window),
        ):
            (feed or self.feed)._job_fetch()
        return asked

    def every_day(self, date_from, date_to):
        days = (date_to - date_from).days + 1
        booked = [
            (
                date_from + timedelta(days=number),
                "1.00",
                f"Day {number}",
                f"T{date_from + timedelta(days=number)}",
            )
            for number in range(days)
        ]
        return self.window(booked, date_from=date_from, date_to=date_to)

    def test_success_moves_the_place_up_to_the_last_whole_day(self):
        self.fetch(self.every_day)
        self.assertEqual(self.feed.covered_until, date(2026, 3, 3))
        self.assertEqual(self.feed.last_success_at, START)
        self.assertEqual(self.feed.next_run_at, START + timedelta(minutes=15))

    def test_five_days_down_are_all_fetched_afterwards(self):
        for outage in (
            RetryableError("The bank answers 503.", retry_after=None),
            RetryableError("Too many requests.", retry_after=3600.0, code="rate_limited"),
        ):
            with self.subTest(outage=outage.code):
                feed = self.feed
                feed.write({"covered_until": False, "failure_count": 0})
                feed.gap_ids.unlink()
                self.fetch(self.every_day)
                for day in range(1, 6):
                    self.fetch(outage, day=day)
                    self.assertEqual(feed.covered_until, date(2026, 3, 3), "an error moves nothing")
                gap = feed.gap_ids
                self.assertEqual(
                    (gap.date_from, gap.date_to, gap.state),
                    (date(2026, 3, 4), date(2026, 3, 8), "open"),
                )
                [(date_from, _date_to)] = self.fetch(self.every_day, day=6)
                self.assertLess(date_from, date(2026, 3, 4))
                self.assertEqual(gap.state, "closed")
                self.assertEqual(feed.covered_until, date(2026, 3, 9))
                for exchange in self.env["finance.exchange"].search(
                    [("work_status", "=", "ready")], order="id"
                ):
                    exchange._job_process()
                booked = set(self.lines().mapped("bank_booking_date"))
                self.assertLessEqual(
                    {date(2026, 3, 4) + timedelta(days=number) for number in range(6)}, booked
                )

    def test_last_attempt_is_apart_from_last_success(self):
        self.fetch(self.every_day)
        self.fetch(RetryableError("Down."), day=1)
        self.assertEqual(self.feed.last_success_at, START)
        self.assertEqual(self.feed.last_attempt_at, START + timedelta(days=1))
        self.assertEqual(self.feed.health, "failing")
        self.assertIn("Down", self.feed.last_error)

    def test_lasting_failure_comes_before_a_person_and_goes_with_the_cause(self):
        exceptions = [("res_model", "=", "bank.statement.feed"), ("res_id", "=", self.feed.id)]
        for day in range(3):
            self.fetch(RetryableError("Down."), day=day)
        exception = self.env["finance.exception"].search(exceptions)
        self.assertEqual((exception.code, exception.kind), ("feed_failing", "technical"))
        self.fetch(self.every_day, day=4)
        self.assertEqual(exception.state, "resolved")

    def test_ended_consent_says_what_to_do(self):
        self.fetch(
            BusinessError(
                "consent_expired", "The consent has ended.", next_step="Request it again."
            )
        )
        self.assertEqual(self.consent.state, "expired")
        exception = self.env["finance.exception"].search([("code", "=", "consent_expired")])
        self.assertIn("Request it again", exception.next_step)

    def test_one_feeds_failure_leaves_the_others_running(self):
        other = self.make_feed(
            self.make_journal(self.company_a, "AT611904300234573201", code="TAT")
        )
        with freeze_time(START):
            (self.feed | other).next_run_at = START
            self.env["bank.statement.feed"].search(
                [("id", "not in", (self.feed | other).ids)]
            ).active = False
            before = self.env["queue.job"].search_count([])
            with patch.object(self.registry["ir.cron"], "_commit_progress"):
                self.env["bank.statement.feed"]._cron_fetch()
        self.assertEqual(self.env["queue.job"].search_count([]), before + 2, "a job for each feed")

    def test_many_feeds_are_enqueued_together_and_none_of_them_twice(self):
        feeds = self.feed
        for number in range(8):
            journal = self.make_journal(
                self.company_a, f"AT61190430023457{number:04d}", code=f"T{number}"
            )
            feeds |= self.make_feed(journal)
        queue = self.env["queue.job"]
        before = queue.search([])
        feeds[:2]._enqueue_fetch()
        few = self.count_queries(feeds[2:4]._enqueue_fetch)
        many = self.count_queries(feeds[3:]._enqueue_fetch)
        self.assertEqual(many, few, "not a query for each feed")
        made = queue.search([]) - before
        self.assertEqual(
            sorted(made.mapped("identity_key")),
            sorted(f"bank.statement.feed.fetch:{feed.id}" for feed in feeds),
        )
        self.assertEqual(set(made.mapped("state")), {"pending"})
        self.assertEqual(set(made.mapped("channel")), {"root.finance.inbound"})
        self.assertEqual(set(made.mapped("method_name")), {"_job_fetch"})
        # One that is at work does not know of what is new: it is fetched again.
        made.filtered(lambda job: job.records == self.feed).state = "started"
        feeds._enqueue_fetch()
        again = queue.search([]) - before - made
        self.assertEqual(again.records, self.feed)

    def count_queries(self, work):
        self.env.flush_all()
        self.env.invalidate_all()
        before = self.env.cr.sql_log_count
        work()
        self.env.flush_all()
        return self.env.cr.sql_log_count - before

    def test_same_answer_again_makes_no_new_exchange(self):
        self.fetch(self.every_day)
        count = self.env["finance.exchange"].search_count(
            [("interface_id", "=", self.bank_interface.id)]
        )
        self.feed.covered_until = False
        self.fetch(self.every_day)
        self.assertEqual(
            self.env["finance.exchange"].search_count(
                [("interface_id", "=", self.bank_interface.id)]
            ),
            count,
        )

    def test_overlap_is_read_again(self):
        self.fetch(self.every_day)
        [(date_from, date_to)] = self.fetch(self.every_day, day=1)
        self.assertEqual(date_from, date(2026, 3, 3) - timedelta(days=7))
        self.assertEqual(date_to, date(2026, 3, 5))

    def test_shadow_covers_nothing(self):
        self.bank_interface._set_mode("shadow")
        self.fetch(self.every_day)
        self.assertFalse(self.feed.covered_until)
        self.bank_interface._set_mode("live")
        self.fetch(self.every_day)
        for exchange in self.env["finance.exchange"].search([("work_status", "=", "ready")]):
            exchange._job_process()
        self.assertEqual(len(self.lines()), 11 + self.feed.overlap_days)

    def test_schedule_fetches_what_is_due_and_nothing_else(self):
        number = iter(range(9))

        def feed(**values):
            place = next(number)
            journal = self.make_journal(
                self.company_a, f"AT61190430023457{place:04d}", code=f"T{place}"
            )
            return self.make_feed(journal, **{"next_run_at": START, **values})

        off = self.make_interface("bank_statement", self.bank)
        off._set_mode("off")
        due = feed()
        feed(kind="mail", mail_senders="statements@bank.example")
        feed(interface_id=off.id)
        feed(next_run_at=START + timedelta(minutes=1))
        self.feed.next_run_at = START + timedelta(days=1)
        before = self.env["queue.job"].search([])
        with (
            freeze_time(START),
            patch.object(self.registry["ir.cron"], "_commit_progress"),
        ):
            self.env["bank.statement.feed"]._cron_fetch()
        made = self.env["queue.job"].search([]) - before
        ours = made.filtered(lambda job: job.records.connection_id == self.bank)
        self.assertEqual([job.records for job in ours], [due])

    def test_news_during_a_fetch_cause_another_one(self):
        feed_class = self.registry["bank.statement.feed"]
        with patch.object(feed_class, "_fetch", return_value=None):
            self.assertIn("Another worker", self.feed._job_fetch())
            with self.assertRaises(RetryableJobError):
                self.feed._job_fetch(notified=True)

    def test_answer_of_an_earlier_day_moves_nothing_back(self):
        self.fetch(self.every_day, day=3)
        self.fetch(self.every_day)
        self.assertEqual(self.feed.covered_until, date(2026, 3, 6))

    def test_failure_on_the_day_of_a_success_leaves_no_gap(self):
        self.fetch(self.every_day)
        self.fetch(RetryableError("Down."))
        self.assertFalse(self.feed.gap_ids)

    def test_access_that_was_taken_away_is_not_merely_over(self):
        self.fetch(BusinessError("consent_invalid", "Revoked.", next_step="Ask for another."))
        self.assertEqual(self.consent.state, "revoked")

    def test_feed_that_is_late_says_so_but_a_mail_comes_when_it_comes(self):
        self.fetch(self.every_day)
        mails = self.make_feed(
            self.make_journal(self.company_a, "AT611904300234573201", code="TAT"),
            kind="mail",
            mail_senders="statements@bank.example",
        )
        mails.sudo().last_success_at = START
        for hours, health in ((0, "ok"), (1, "late")):
            (self.feed | mails).invalidate_recordset(["health"])
            with freeze_time(START + timedelta(hours=hours)):
                self.assertEqual((self.feed.health, mails.health), (health, "ok"))

    def test_gap_is_open_until_all_of_it_is_covered(self):
        self.fetch(self.every_day)
        self.fetch(RetryableError("Down."), day=3)
        gap = self.feed.gap_ids
        adapter_class = self.registry["finance.adapter.nextgenpsd2"]
        for reached, state in ((date(2026, 3, 5), "open"), (date(2026, 3, 6), "closed")):
            fetched = Fetched(key="window", content=None, covered_until=reached)
            with patch.object(adapter_class, "_fetch_account", lambda *args, to=fetched: to):
                self.feed._job_fetch()
            self.assertEqual((gap.date_to, gap.state), (date(2026, 3, 6), state))

    def test_same_days_told_otherwise_are_another_exchange(self):
        def quiet(date_from, date_to):
            return self.window([], date_from=date_from, date_to=date_to)

        for answer in (quiet, self.every_day):
            self.feed.covered_until = False
            self.fetch(answer)
        exchanges = self.env["finance.exchange"].search(
            [("interface_id", "=", self.bank_interface.id)]
        )
        self.assertEqual(len(exchanges), 2)
