from contextlib import suppress
from datetime import datetime, timedelta
from pathlib import Path

from freezegun import freeze_time

from odoo import fields
from odoo.exceptions import AccessError, UserError
from odoo.tests import tagged

from odoo.addons.finance_connector_base.tools.errors import (
    BusinessError,
    FinalError,
    RetryableError,
    UnknownOutcomeError,
)
from odoo.addons.test_finance_suite.tests.common import EngineCase


@tagged("post_install", "-at_install")
class TestLimits(EngineCase):
    """A counterparty is left alone when it is down, and never called more often than it allows."""

    def guard_refusal(self, connection=None, scope="accounts"):
        with self.assertRaises(RetryableError) as caught:
            (connection or self.connection)._guard_call(scope)
        return caught.exception

    def fail(self, times=5):
        for _failure in range(times):
            self.connection._guard_call("accounts")
            self.connection._record_outcome(RetryableError("down"))

    def test_breaker_opens_after_failures_in_a_row_and_closes_after_a_probe(self):
        with freeze_time("2026-11-23 10:00:00") as clock:
            self.fail()
            self.assertEqual(self.connection.health_state, "paused")
            refusal = self.guard_refusal()
            self.assertEqual((refusal.code, refusal.retry_after), ("circuit_open", 60))
            clock.tick(timedelta(seconds=61))
            self.connection._guard_call("accounts")
            self.assertEqual(self.guard_refusal().code, "circuit_open", "one probe at a time")
            self.connection._record_outcome()
            self.connection._guard_call("accounts")
            self.assertEqual(self.connection.health_state, "healthy")
            self.assertTrue(self.connection.health_ids.last_success_at)

    def test_only_failures_of_the_pipe_count(self):
        for error in (BusinessError("x", "refused"), FinalError("never")):
            self.fail(4)
            self.connection._record_outcome(error)
        self.assertEqual(self.connection.health_ids.breaker_failures, 0)
        for _failure in range(5):
            self.connection._record_outcome(UnknownOutcomeError("cut"))
        self.assertEqual(self.guard_refusal().code, "circuit_open")
        self.assertEqual(self.connection.health_ids.last_error_code, "outcome_unknown")

    def test_pause_that_the_other_side_asked_for_is_kept(self):
        with freeze_time("2026-11-23 10:00:00") as clock:
            self.connection._record_outcome(RetryableError("429", retry_after=600))
            self.assertEqual(self.guard_refusal().retry_after, 600)
            clock.tick(timedelta(seconds=601))
            self.connection._guard_call("accounts")

    def test_limit_of_one_scope_leaves_the_others_alone(self):
        with freeze_time("2026-11-23 10:00:00"):
            for _refusal in range(6):
                self.connection._record_outcome(
                    RetryableError("429", retry_after=600, code="http_429"), scope="account 1"
                )
            self.assertEqual(self.guard_refusal(scope="account 1").retry_after, 600)
            self.connection._guard_call("account 2")
            self.assertEqual(self.connection.health_state, "untried")

    def test_calls_a_minute_are_shared_by_all_scopes(self):
        self.connection.calls_per_minute = 2
        with freeze_time("2026-11-23 10:00:00") as clock:
            self.connection._guard_call("accounts")
            self.connection._guard_call("balances")
            refusal = self.guard_refusal()
            self.assertEqual((refusal.code, refusal.retry_after), ("rate_limited", 30))
            clock.tick(timedelta(seconds=30))
            self.connection._guard_call("accounts")

    def test_calls_a_day_are_counted_per_scope(self):
        self.connection.calls_per_day = 4
        with freeze_time("2026-11-23 10:00:00") as clock:
            for _call in range(4):
                self.connection._guard_call("account 1")
            refusal = self.guard_refusal(scope="account 1")
            self.assertEqual((refusal.code, refusal.retry_after), ("quota_spent", 14 * 3600))
            self.connection._guard_call("account 2")
            clock.move_to("2026-11-24 00:00:01")
            self.connection._guard_call("account 1")

    def test_refused_call_is_not_counted(self):
        self.connection.calls_per_minute = 10
        self.connection.calls_per_day = 1
        with freeze_time("2026-11-23 10:00:00"):
            self.connection._guard_call("account 1")
            tokens = self.env["finance.connection.quota"].search(
                [("connection_id", "=", self.connection.id), ("scope", "=", "")]
            )
            before = tokens.tokens
            self.guard_refusal(scope="account 1")
            self.assertEqual(tokens.tokens, before)

    def test_limit_told_by_headers_blocks_the_scope_until_its_reset(self):
        headers = {
            "X-RateLimit-Limit": "4",
            "X-RateLimit-Remaining": "0",
            "X-RateLimit-Reset": "3600",
        }
        with freeze_time("2026-11-23 10:00:00") as clock:
            self.connection._record_outcome(headers=headers, scope="account 1")
            refusal = self.guard_refusal(scope="account 1")
            self.assertEqual((refusal.code, refusal.retry_after), ("quota_spent", 3600))
            self.connection._guard_call("account 2")
            clock.tick(timedelta(seconds=3601))
            self.connection._guard_call("account 1")

    def test_limits_told_are_shown_before_they_are_hit(self):
        headers = {
            "HTTP_X_RATELIMIT_LIMIT": "100",
            "HTTP_X_RATELIMIT_REMAINING": "92",
            "HTTP_X_RATELIMIT_RESET": "1",
            "HTTP_X_RATELIMIT_ACCOUNT_SUCCESS_LIMIT": "4",
            "HTTP_X_RATELIMIT_ACCOUNT_SUCCESS_REMAINING": "1",
            "HTTP_X_RATELIMIT_ACCOUNT_SUCCESS_RESET": "5242",
        }
        with freeze_time("2026-11-23 10:00:00"):
            self.connection._record_outcome(headers=headers, scope="transactions:a")
            [quota] = self.connection.quota_ids.filtered(lambda row: row.scope == "transactions:a")
            self.assertEqual((quota.told_limit, quota.told_remaining), (4, 1))
            self.assertEqual(quota.told_reset_at, fields.Datetime.now() + timedelta(seconds=5242))
            self.assertFalse(quota.blocked_until)
            headers["HTTP_X_RATELIMIT_ACCOUNT_SUCCESS_REMAINING"] = "0"
            self.connection._record_outcome(headers=headers, scope="transactions:a")
            refusal = self.guard_refusal(scope="transactions:a")
            self.assertEqual((refusal.code, refusal.retry_after), ("quota_spent", 5242))
            self.connection._guard_call("balances:a")

    def quota(self, scope):
        """:return: the row of a scope, as somebody sees it who looks now"""
        self.env.invalidate_all()
        return self.connection.with_user(self.viewer).quota_ids.filtered(
            lambda row: row.scope == scope
        )

    def test_used_of_allowed_is_shown_warned_about_and_told_with_the_time_it_is_free_again(self):
        self.connection.calls_per_day = 3
        with freeze_time("2026-11-23 10:00:00") as clock:
            shown = []
            for _call in range(3):
                self.connection._guard_call("balances:a1")
                row = self.quota("balances:a1")
                shown.append((row.usage, row.state, bool(row.connection_id.limits_spent)))
            self.assertEqual(
                shown,
                [("1 of 3", "free", False), ("2 of 3", "low", False), ("3 of 3", "spent", True)],
            )
            self.assertEqual(row.purpose, "Balances")
            self.assertEqual(row.counted_anew_at, datetime(2026, 11, 24))
            self.assertIn("11/24/2026", row.connection_id.limits_spent)
            self.assertEqual(row.search([("state", "=", "spent")]), row)
            self.connection.calls_per_day = 6
            self.assertEqual(self.quota("balances:a1").state, "free", "a raised limit frees calls")
            self.connection.calls_per_day = 3
            clock.move_to("2026-11-24 00:00:01")
            row = self.quota("balances:a1")
            self.assertEqual((row.usage, row.state), ("0 of 3", "free"))
            self.assertFalse(row.connection_id.limits_spent)

    def test_what_the_other_side_refused_or_said_is_shown_as_long_as_it_holds(self):
        told = {"X-RateLimit-Limit": "10", "X-RateLimit-Remaining": "2", "X-RateLimit-Reset": "60"}
        with freeze_time("2026-11-23 10:00:00") as clock:
            self.connection._record_outcome(headers=told, scope="account 1")
            self.connection._record_outcome(
                RetryableError("429", retry_after=600, code="http_429"), scope="account 2"
            )
            row = self.quota("account 1")
            self.assertEqual((row.usage, row.state), ("8 of 10", "low"))
            row = self.quota("account 2")
            self.assertEqual((row.usage, row.state), (False, "spent"))
            self.assertEqual(row.counted_anew_at, fields.Datetime.now() + timedelta(seconds=600))
            clock.tick(timedelta(seconds=601))
            self.assertEqual(self.quota("account 1").state, "free")
            self.assertEqual(self.quota("account 2").state, "free")

    def test_refusal_by_a_limit_costs_no_try(self):
        self.fail()
        exchange = self.env["finance.exchange"]._emit(self.outbound, "K")
        for _try in range(3):
            exchange._job_send()
            self.assertEqual((exchange.work_status, exchange.attempt_count), ("retry", 0))
            self.make_due(exchange)
        self.assertFalse(exchange.attempt_ids)
        self.assertFalse(self.sent())
        self.connection.health_ids.breaker_until = fields.Datetime.now()
        self.make_due(exchange)
        exchange._job_send()
        self.assertEqual(exchange.work_status, "done")

    def test_connection_of_another_environment_sends_nothing(self):
        self.connection.environment = "production"
        exchange = self.env["finance.exchange"]._emit(self.outbound, "K")
        exchange._job_send()
        self.assertFalse(self.sent())
        self.assertEqual(self.exception_codes(exchange), ["environment_mismatch"])
        with self.assertRaises(FinalError):
            self.connection._http_client()

    def test_recovery_mode_stops_what_is_sent_but_not_the_questions(self):
        self.patch(self.registry["finance.environment"], "_recovery_mode", lambda environment: True)
        exchange = self.env["finance.exchange"]._emit(self.outbound, "K")
        exchange._job_send()
        self.assertEqual(exchange.work_status, "retry")
        self.assertFalse(self.sent())
        self.connection._guard_call("status")

    def test_call_context_records_success_and_failure(self):
        with self.connection._call("accounts"):
            pass
        self.assertTrue(self.connection.health_ids.last_success_at)
        # Not assertRaises: it would roll back what is recorded, which has a transaction of its own in real life.
        with suppress(RetryableError), self.connection._call("accounts"):
            raise RetryableError("down")
        self.assertEqual(self.connection.health_ids.breaker_failures, 1)
        self.assertEqual(self.connection.health_state, "failing")

    def test_button_tests_the_connection_for_managers(self):
        answer = self.connection.with_user(self.manager).action_test_connection()
        self.assertEqual(answer["params"]["message"], "Counterparty answers.")
        with self.assertRaises(AccessError):
            self.connection.with_user(self.operator).action_test_connection()
        self.connection.active = False
        with self.assertRaises(UserError):
            self.connection.with_user(self.manager).action_test_connection()

    def test_own_authority_is_a_file_as_long_as_its_client_lives(self):
        self.connection.write({"endpoint": "https://bank.example", "ca_certificate": "PEM"})
        with self.connection._http_client() as client:
            authority = Path(client.authority_file.name)
            self.assertEqual(authority.read_text(), "PEM")
        del client
        self.assertFalse(authority.exists())

    def test_archived_connection_is_not_called(self):
        self.connection.active = False
        with self.assertRaises(FinalError):
            self.connection._guard_call("accounts")

    def test_webhook_address_and_company_stay(self):
        with self.assertRaises(AccessError):
            self.connection.with_user(self.manager).write({"webhook_token": "guessable"})
        with self.assertRaises(UserError):
            self.connection.with_user(self.manager).write({"company_id": False})
