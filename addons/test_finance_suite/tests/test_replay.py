from odoo.exceptions import AccessError, UserError
from odoo.tests import tagged

from odoo.addons.test_finance_suite.tests.common import EngineCase


@tagged("post_install", "-at_install")
class TestReplay(EngineCase):
    """Replay, dry or real, of one or many, ends in the same state; only operators do it."""

    def test_replay_for_real_ends_in_the_same_state(self):
        exchange = self.process(self.inbound, {"amount": "1.00"})
        posted = exchange.date_posted
        exchange.with_user(self.operator).action_replay()
        self.run_jobs()
        self.assertEqual(
            (exchange.milestone, exchange.work_status, exchange.date_posted),
            ("posted", "done", posted),
        )
        self.assertEqual(self.postings(exchange).mapped("amount"), ["1.00"])
        self.assertEqual(self.attempt_states(exchange), ["succeeded", "succeeded"])
        replayed = self.env["finance.audit.event"].search(
            [("action", "=", "exchange.replayed")], limit=1
        )
        self.assertEqual(replayed.user_login, "operator_a")

    def test_dry_run_reports_and_changes_nothing(self):
        exchange, _is_new = self.receive(
            self.inbound,
            {
                "units": [{"key": "1", "amount": "1"}, {"key": "2", "fail": True}],
                "checkpoint": True,
            },
        )
        before = (exchange.read(), self.actions_of(exchange))
        report = exchange.with_user(self.operator).action_replay_dry_run()
        self.assertEqual(report["result"], {"posted": 1})
        self.assertEqual(
            report["exceptions"],
            [{"code": "unit_failed", "unit": "2", "summary": "Unit 2 failed."}],
        )
        self.env.invalidate_all()
        self.assertEqual((exchange.read(), self.actions_of(exchange)), before)
        self.assertFalse(self.postings(exchange))
        self.assertFalse(exchange.exception_ids)
        failing = self.process(self.inbound, {"amount": "1", "fail": "business"})
        report = failing.with_user(self.operator).action_replay_dry_run()
        self.assertEqual(
            report,
            {
                "dry_run": True,
                "error": {
                    "code": "mapping_missing",
                    "message": "No mapping.",
                    "next_step": "Add one.",
                },
            },
        )

    def test_dry_run_that_fails_in_the_database_leaves_a_working_transaction(self):
        exchange, _is_new = self.receive(self.inbound, {"amount": "1", "fail": "sql"})
        with self.assertLogs(
            "odoo.addons.finance_connector_base.models.finance_exchange_state", "ERROR"
        ):
            report = exchange._replay(dry_run=True)
        self.assertEqual(report["error"]["code"], "unexpected_error")
        self.assertFalse(self.postings(exchange))

    def test_range_replays_what_the_caller_may_see(self):
        first = self.process(self.inbound, {"amount": "1"}, "A")
        second = self.process(self.inbound, {"amount": "2"}, "B")
        self.env["finance.exchange"]._emit(self.outbound, "C")._job_send()
        exchanges = self.env["finance.exchange"].with_user(self.operator)
        report = exchanges._replay_range(
            [("interface_id", "in", (self.inbound + self.outbound).ids)], dry_run=True
        )
        self.assertEqual(list(report), [first.name, second.name])
        foreign = exchanges.with_user(self.users["operator", "b"])
        self.assertEqual(foreign._replay_range([]), {})
        exchanges._replay_range([("id", "in", (first + second).ids)])
        self.run_jobs()
        self.assertEqual(len(self.sent()), 1)
        self.assertEqual((first + second).mapped("work_status"), ["done", "done"])
        self.assertEqual(len(self.postings(first) + self.postings(second)), 2)

    def test_what_went_out_is_not_replayed(self):
        exchange = self.env["finance.exchange"]._emit(self.outbound, "K")
        exchange._job_send()
        with self.assertRaises(UserError):
            exchange.with_user(self.operator).action_replay()
        with self.assertRaises(UserError):
            exchange.with_user(self.operator).action_retry()

    def test_replay_uses_the_version_in_force(self):
        exchange = self.process(self.inbound, {"amount": "1"})
        version = self.activate_version(self.inbound, max_attempts=3)
        exchange.with_user(self.operator).action_replay()
        self.run_jobs()
        self.assertEqual(exchange.version_id, version)

    def test_settled_exception_is_closed_by_the_run_that_settles_it(self):
        exchange = self.process(self.inbound, {"amount": "1", "fail": "business"})
        self.repair()
        exchange.with_user(self.operator).action_replay()
        self.run_jobs()
        self.assertEqual((exchange.work_status, exchange.exception_ids.state), ("done", "resolved"))

    def test_cancel_needs_a_reason_and_something_that_has_not_left(self):
        exchange, _is_new = self.receive(self.inbound, {"amount": "1"})
        with self.assertRaises(UserError):
            exchange.with_user(self.operator).action_cancel("  ")
        exchange.with_user(self.operator).action_cancel("Test of the sender.")
        self.assertEqual(
            (exchange.work_status, exchange.cancel_reason), ("cancelled", "Test of the sender.")
        )
        self.run_jobs()
        self.assertFalse(self.postings(exchange))
        self.tell(next="cut", answer="cannot")
        sent = self.env["finance.exchange"]._emit(self.outbound, "K")
        sent._job_send()
        sent._job_query_status()
        with self.assertRaises(UserError):
            sent.with_user(self.operator).action_cancel("I do not like it.")

    def test_buttons_are_for_operators_of_the_company(self):
        exchange = self.process(self.inbound, {"amount": "1", "fail": "business"})
        others = [self.users[group, "a"] for group in ("viewer", "auditor", "api")]
        for user in (*others, self.users["manager", "b"], self.users["operator", "b"]):
            own = exchange.with_user(user)
            for call in (
                own.action_retry,
                own.action_replay,
                own.action_replay_dry_run,
                own.action_take_over,
                lambda own=own: own.action_cancel("reason"),
            ):
                with self.assertRaises(AccessError):
                    call()
        self.assertEqual(exchange.work_status, "exception")
        exchange.with_user(self.operator).action_take_over()
        self.assertEqual(exchange.owner_id, self.operator)

    def test_only_the_buttons_are_public(self):
        for name in (
            "finance.exchange",
            "finance.exchange.payload",
            "finance.exchange.attempt",
            "finance.heartbeat",
        ):
            model_class = self.registry[name]
            base = self.registry["res.country"]
            public = {
                method
                for method in dir(model_class)
                if not method.startswith("_")
                and callable(getattr(model_class, method, None))
                and not hasattr(base, method)
                and not getattr(getattr(model_class, method), "_api_private", False)
            }
            allowed = {
                "finance.exchange": {
                    "action_retry",
                    "action_replay",
                    "action_replay_dry_run",
                    "action_cancel",
                    "action_take_over",
                }
            }.get(name, set())
            self.assertLessEqual(
                {method for method in public if not method.startswith("action_")}, set(), name
            )
            self.assertLessEqual(allowed, public)
