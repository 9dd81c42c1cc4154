from datetime import date, datetime, timedelta
from unittest.mock import patch

from freezegun import freeze_time

from odoo import fields
from odoo.exceptions import AccessError, UserError
from odoo.tests import tagged

from odoo.addons.bank_statement_api.tools.fetched import Notification
from odoo.addons.finance_connector_base.tools.digest import sha256_hex
from odoo.addons.finance_connector_base.tools.errors import (
    BusinessError,
    FinalError,
    RetryableError,
)

from .common import StatementCase

TODAY = date(2026, 3, 4)


@tagged("post_install", "-at_install")
class TestConsent(StatementCase):
    """A consent is asked for in time, renewed without a break, and completed by whoever was sent to the bank only."""

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.bank = cls.make_connection("nextgenpsd2", endpoint="https://bank.example")
        cls.bank_interface = cls.make_interface("bank_statement", cls.bank)
        cls.consent = cls.env["bank.statement.consent"].create(
            {
                "name": "Accounts",
                "connection_id": cls.bank.id,
                "company_id": cls.company_a.id,
                "owner_id": cls.manager.id,
            }
        )
        cls.feed = cls.env["bank.statement.feed"].create(
            {
                "name": "Feed",
                "interface_id": cls.bank_interface.id,
                "journal_id": cls.journal.id,
                "resource_ref": "r1",
                "consent_id": cls.consent.id,
            }
        )

    def request(self, external_ref="c1", state="received"):
        """Request the consent, as its manager.

        :return: the secret that the account holder comes back with
        """
        sent = []

        def request_consent(_adapter, _consent, _address, secret):
            sent.append(secret)
            return {
                "external_ref": external_ref,
                "state": state,
                "valid_until": TODAY + timedelta(days=180),
                "redirect_url": "https://bank.example/confirm",
            }

        adapter_class = self.registry["finance.adapter.nextgenpsd2"]
        with patch.object(adapter_class, "_request_consent", request_consent):
            self.consent.with_user(self.manager).action_request()
        return sent[0]

    def come_back(self, secret, answer="valid", **parameters):
        """Do what the controller does; the bank answers with a state, or fails."""

        def consent_state(_adapter, _consent, _external_ref):
            if isinstance(answer, Exception):
                raise answer
            return answer

        adapter_class = self.registry["finance.adapter.nextgenpsd2"]
        with patch.object(adapter_class, "_consent_state", consent_state):
            consent = self.env["bank.statement.consent"]._waiting_for(secret)
            consent._complete({**parameters, "state": secret})

    def fetch_jobs(self):
        return self.env["queue.job"].search_count([("method_name", "=", "_job_fetch")])

    # === COMING BACK === #

    def test_account_holder_who_comes_back_completes_the_consent_and_fetches_what_was_missed(self):
        before = self.fetch_jobs()
        self.come_back(self.request())
        self.assertEqual((self.consent.state, self.consent.external_ref), ("valid", "c1"))
        self.assertEqual(self.consent.valid_until, TODAY + timedelta(days=180))
        self.assertEqual(self.fetch_jobs(), before + 1)

    def test_secret_works_once_for_a_day_and_is_not_stored(self):
        secret = self.request()
        self.assertNotIn(secret, str(self.consent.sudo().read()))
        with (
            freeze_time(fields.Datetime.now() + timedelta(hours=25)),
            self.assertRaises(FinalError),
        ):
            self.env["bank.statement.consent"]._waiting_for(secret)
        self.come_back(secret)
        for wrong in (secret, "", None, "guessed", sha256_hex(secret.encode())):
            with self.subTest(wrong=wrong), self.assertRaises(FinalError):
                self.env["bank.statement.consent"]._waiting_for(wrong)

    def test_newer_request_makes_the_older_address_worthless(self):
        first = self.request("c1")
        self.request("c2")
        with self.assertRaises(FinalError):
            self.come_back(first)
        self.assertEqual(self.consent.state, "received")

    def test_silence_of_the_bank_is_no_refusal(self):
        secret = self.request()
        with self.assertRaises(RetryableError):
            self.come_back(secret, RetryableError("Down."))
        self.assertEqual((self.consent.state, self.consent.requested_ref), ("received", "c1"))

    def test_refusal_over_there_is_one_here(self):
        self.come_back(self.request(), error="access_denied")
        self.assertEqual(self.consent.state, "rejected")

    def test_secret_of_the_return_is_for_nobody_to_read_or_write(self):
        self.request()
        for user in (self.viewer, self.operator):
            with self.subTest(user=user.login), self.assertRaises(AccessError):
                self.consent.with_user(user).read(["return_digest"])
        with self.assertRaises(AccessError):
            self.consent.with_user(self.manager).return_digest = sha256_hex(b"mine")
        with self.assertRaises(AccessError):
            self.consent.with_user(self.manager).requested_ref = "another's"

    def test_only_managers_ask_and_only_where_there_is_a_page(self):
        for user in (self.viewer, self.operator, self.users["manager", "b"]):
            for name in ("action_request", "action_refresh"):
                with self.subTest(user.login, name=name), self.assertRaises(AccessError):
                    getattr(self.consent.with_user(user), name)()
        with self.assertRaises(UserError):
            self.consent.with_user(self.manager).action_open_redirect()

    def test_bank_is_asked_what_became_of_a_request_that_nobody_came_back_from(self):
        self.request()
        adapter_class = self.registry["finance.adapter.nextgenpsd2"]
        answer = {"state": "valid", "external_ref": "c1-final", "valid_until": TODAY}
        with (
            patch.object(adapter_class, "_complete_consent", lambda *args: answer),
            patch.object(adapter_class, "_consent_state", lambda *args: "valid"),
        ):
            self.consent.with_user(self.manager).action_refresh()
        self.assertEqual((self.consent.state, self.consent.external_ref), ("valid", "c1-final"))
        self.assertEqual(self.consent.granted_until, TODAY, "the bank's last word")
        self.env.flush_all()
        actions = self.env["finance.audit.event"].sudo().search([]).mapped("action")
        self.assertIn("consent.valid", actions)

    def test_request_that_the_bank_grants_at_once_is_valid_at_once(self):
        self.come_back(self.request("c1"))
        self.request("c2", state="valid")
        self.assertEqual((self.consent.state, self.consent.external_ref), ("valid", "c2"))

    def test_token_is_the_consents_own_and_one(self):
        other = self.consent.copy({"name": "Another"})
        with self.assertRaises(BusinessError):
            other._token()
        self.assertIsNone(other._token(required=False))
        for consent, token in ((self.consent, "old"), (self.consent, "mine"), (other, "theirs")):
            consent._store_token(token)
        self.assertEqual((self.consent._token(), other._token()), ("mine", "theirs"))
        kept = self.env["finance.credential"].search([("kind", "=", "consent_token")])
        self.assertEqual(kept.consent_id, self.consent | other)
        self.assertEqual(len(kept), 2, "the old one is gone")

    def test_connection_that_is_not_used_any_more_asks_nobody(self):
        self.come_back(self.request())
        self.consent.sudo().granted_until = date(2026, 6, 30)
        self.consent.owner_id = False
        self.bank.active = False
        self.assertFalse(self.warn_on(7))
        self.bank.active = True
        self.assertEqual(self.warn_on(7).user_id, self.bank.owner_id)

    # === RENEWAL === #

    def test_consent_in_use_works_until_its_successor_does(self):
        self.come_back(self.request("c1"))
        secret = self.request("c2")
        self.assertEqual((self.consent.state, self.consent.external_ref), ("valid", "c1"))
        self.come_back(secret)
        self.assertEqual((self.consent.state, self.consent.external_ref), ("valid", "c2"))

    def test_successor_that_nobody_confirmed_yet_leaves_the_one_in_use_alone(self):
        before = self.fetch_jobs()
        self.come_back(self.request("c1"), "received")
        self.assertEqual((self.consent.state, self.fetch_jobs()), ("received", before))
        self.come_back(self.request("c1"))
        self.come_back(self.request("c2"), "received")
        self.assertEqual((self.consent.state, self.consent.external_ref), ("valid", "c1"))
        self.assertEqual(self.consent.requested_ref, "c2")

    def test_refused_successor_leaves_the_one_in_use_alone(self):
        self.come_back(self.request("c1"))
        for refusal in (
            lambda: self.come_back(self.request("c2"), "rejected"),
            lambda: self.come_back(self.request("c2"), error="access_denied"),
        ):
            refusal()
            self.assertEqual((self.consent.state, self.consent.external_ref), ("valid", "c1"))
            self.assertFalse(self.consent.requested_ref)

    # === EXPIRY === #

    def warn_on(self, days_left):
        with freeze_time(datetime(2026, 6, 30, 6) - timedelta(days=days_left)):
            self.env["bank.statement.consent"]._cron_warn_expiry()
        return self.consent.activity_ids

    def test_responsible_is_asked_14_7_and_1_days_ahead_once_each(self):
        self.come_back(self.request())
        self.consent.sudo().granted_until = date(2026, 6, 30)
        self.assertFalse(self.warn_on(15))
        seen = []
        for days_left in (14, 13, 8, 7, 6, 2, 1, 0):
            activity = self.warn_on(days_left)
            self.assertEqual((len(activity), activity.user_id), (1, self.manager))
            if activity.id not in seen:
                seen.append(activity.id)
        self.assertEqual(len(seen), 3)
        self.assertEqual(self.consent.state, "valid")
        self.warn_on(-1)
        self.assertEqual(self.consent.state, "expired")

    def test_renewal_ends_the_asking_and_it_begins_anew_for_the_successor(self):
        self.come_back(self.request())
        self.consent.sudo().granted_until = date(2026, 6, 30)
        self.warn_on(7)
        self.come_back(self.request("c2"))
        self.assertFalse(self.consent.activity_ids)
        self.consent.sudo().granted_until = date(2026, 6, 30)
        self.assertTrue(self.warn_on(7))

    def test_first_account_that_the_bank_asks_about_again_ends_the_consent(self):
        self.come_back(self.request())
        self.assertEqual(self.consent.valid_until, TODAY + timedelta(days=180))
        self.feed.sudo().authorized_until = date(2026, 6, 30)
        self.assertEqual(self.consent.valid_until, date(2026, 6, 30))
        self.assertTrue(self.warn_on(7))
        self.feed.sudo().authorized_until = date(2026, 9, 30)
        self.assertFalse(self.warn_on(7), "the holder has confirmed the account at the bank")
        self.feed.sudo().authorized_until = date(2026, 6, 30)
        self.assertTrue(self.warn_on(7))
        self.come_back(self.request("c2"))
        self.assertEqual(self.consent.valid_until, TODAY + timedelta(days=180))

    def test_health_says_today_and_soon(self):
        self.assertEqual(self.consent.health, "missing")
        self.request()
        self.assertEqual((self.consent.health, self.feed.consent_health), ("waiting",) * 2)
        self.consent.sudo().write({"state": "valid", "granted_until": TODAY})
        with freeze_time(TODAY - timedelta(days=14)):
            self.consent.invalidate_recordset()
            self.assertEqual(self.consent.health, "ending")
        with freeze_time(TODAY - timedelta(days=15)):
            self.consent.invalidate_recordset()
            self.assertEqual(self.consent.health, "ok")
        self.consent._set_state("revoked")
        self.assertEqual(self.consent.health, "ended")

    # === NOTIFICATIONS === #

    def notify(self, notification, number=1):
        """Let proven webhooks of the bank arrive and be worked on."""
        adapter_class = self.registry["finance.adapter.nextgenpsd2"]
        interface = self.make_interface("bank_notification", self.bank, sync_mode="event")
        with patch.object(
            adapter_class,
            "_read_notification",
            lambda _adapter, _connection, _document: notification,
        ):
            return [
                self.process(interface, {"event": counter}, source="webhook")
                for counter in range(number)
            ]

    def test_flood_of_notifications_is_one_fetch(self):
        before = self.fetch_jobs()
        exchanges = self.notify(Notification(accounts=("r1",)), number=20)
        self.assertEqual({exchange.work_status for exchange in exchanges}, {"done"})
        self.assertEqual(self.fetch_jobs(), before + 1)

    def test_feed_that_was_just_fetched_waits_a_moment(self):
        self.feed.sudo().last_attempt_at = fields.Datetime.now()
        self.notify(Notification(everything=True))
        job = self.env["queue.job"].search([("method_name", "=", "_job_fetch")], limit=1)
        self.assertTrue(job.eta)

    def test_other_accounts_and_other_connections_are_left_alone(self):
        before = self.fetch_jobs()
        for notification in (Notification(accounts=("another",)), None):
            [exchange] = self.notify(notification)
            self.assertEqual((exchange.work_status, self.fetch_jobs()), ("done", before))

    def test_news_of_a_consent_reach_its_feeds_and_no_others(self):
        self.come_back(self.request())
        elsewhere = self.make_connection("nextgenpsd2", endpoint="https://other.example")
        twin = self.consent.copy({"name": "Twin", "connection_id": elsewhere.id})
        twin.sudo().write({"external_ref": "c1", "state": "valid"})
        beside = self.consent.copy({"name": "Beside"})
        beside.sudo().write({"external_ref": "c9", "state": "valid"})
        feed = self.feed.copy(
            {
                "interface_id": self.make_interface("bank_statement", elsewhere).id,
                "consent_id": twin.id,
            }
        )
        self.env["queue.job"].search([("method_name", "=", "_job_fetch")]).state = "done"
        self.notify(Notification(consents=("c1",), consent_state="revoked"))
        jobs = self.env["queue.job"].search(
            [("method_name", "=", "_job_fetch"), ("state", "=", "pending")]
        )
        self.assertEqual([job.records for job in jobs], [self.feed])
        states = (self.consent | twin | beside).mapped("state")
        self.assertEqual(states, ["revoked", "valid", "valid"])
        self.assertTrue(feed.active)

    def test_feed_that_is_switched_off_is_not_fetched_by_news(self):
        self.bank_interface._set_mode("off")
        before = self.fetch_jobs()
        self.notify(Notification(everything=True))
        self.assertEqual(self.fetch_jobs(), before)

    def test_end_of_access_is_seen_at_once(self):
        self.come_back(self.request())
        self.notify(Notification(consents=("c1",), consent_state="revoked"))
        self.assertEqual(self.consent.state, "revoked")
