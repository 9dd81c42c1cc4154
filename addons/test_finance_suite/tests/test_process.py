from datetime import timedelta

from odoo import fields
from odoo.exceptions import ValidationError
from odoo.tests import tagged
from odoo.tools import mute_logger

from odoo.addons.test_finance_suite.tests.common import EngineCase

_STATE_LOGGER = "odoo.addons.finance_connector_base.models.finance_exchange_state"


@tagged("post_install", "-at_install")
class TestProcess(EngineCase):
    """The inbound run: each proof and each failure leaves exactly what it should."""

    def test_run_proves_each_milestone_posts_once_and_keeps_the_answer(self):
        exchange = self.process(self.inbound, {"amount": "1.00", "naive": True})
        self.assertEqual((exchange.milestone, exchange.work_status), ("posted", "done"))
        self.assertEqual(exchange.result, {"posted": 1})
        self.assertEqual(self.attempt_states(exchange), ["succeeded"])
        for milestone in ("received", "validated", "transformed", "posted"):
            self.assertTrue(exchange[f"date_{milestone}"])
        self.assertEqual(
            self.actions_of(exchange),
            [
                "exchange.received",
                "exchange.running",
                "exchange.validated",
                "exchange.transformed",
                "exchange.posted",
                "exchange.done",
            ],
        )
        exchange._job_process()
        self.assertEqual(len(self.postings(exchange)), 1)
        self.assertEqual(len(exchange.attempt_ids), 1)

    def test_attempt_is_written_before_the_work(self):
        seen = []
        handler = type(self.env["finance.handler.dummy"])
        original = handler._validate

        def validate(model, exchange, content):
            seen.append((exchange.work_status, exchange.attempt_ids.mapped("state")))
            return original(model, exchange, content)

        self.patch(handler, "_validate", validate)
        self.process(self.inbound, {"amount": "1"})
        self.assertEqual(seen, [("running", ["running"])])

    def test_failure_undoes_the_whole_run_and_keeps_the_attempt(self):
        exchange = self.process(self.inbound, {"amount": "1.00", "fail": "retryable"})
        self.assertFalse(self.postings(exchange))
        self.assertEqual((exchange.milestone, exchange.work_status), ("received", "retry"))
        self.assertEqual(self.attempt_states(exchange), ["retryable"])
        self.assertEqual(exchange.attempt_ids.error_code, "temporary_failure")
        self.assertNotIn("exchange.validated", self.actions_of(exchange))
        self.assertFalse(exchange.exception_ids)

    def test_retry_waits_with_backoff_and_is_not_run_before_it_is_due(self):
        interface = self.make_interface(
            "dummy",
            self.connection,
            version={"base_seconds": 100, "cap_seconds": 1000, "max_attempts": 3},
        )
        exchange = self.process(interface, {"amount": "1", "fail": "retryable"})
        wait = exchange.due_at - fields.Datetime.now()
        self.assertTrue(timedelta(seconds=45) < wait <= timedelta(seconds=100), wait)
        self.assertTrue(self.jobs_of(exchange, "_job_process").filtered("eta"))
        exchange._job_process()
        self.assertEqual(len(exchange.attempt_ids), 1)
        self.make_due(exchange)
        self.repair()
        exchange._job_process()
        self.assertEqual(exchange.work_status, "done")

    def test_retry_after_of_the_other_side_is_honoured(self):
        exchange = self.process(self.inbound, {"amount": "1", "fail": "retry_after"})
        self.assertGreaterEqual(exchange.due_at, fields.Datetime.now() + timedelta(seconds=7190))

    def test_spent_retries_are_a_dead_letter_with_an_owner_and_an_exception(self):
        interface = self.make_interface(
            "dummy", self.connection, owner_id=False, version={"max_attempts": 2}
        )
        self.connection.owner_id = self.operator
        exchange = self.process(interface, {"amount": "1", "fail": "retryable"})
        self.make_due(exchange)
        exchange._job_process()
        self.assertEqual(exchange.work_status, "dead")
        self.assertEqual(exchange.owner_id, self.operator)
        self.assertEqual(self.exception_codes(exchange), ["retries_exhausted"])
        self.assertEqual(exchange.exception_ids.kind, "technical")
        self.repair()
        exchange.exception_ids.with_user(self.operator).action_resolve("The bank works again.")
        self.assertEqual((exchange.work_status, exchange.attempt_count), ("ready", 0))
        self.run_jobs()
        self.assertEqual(exchange.work_status, "done")

    def test_dead_letter_without_any_owner_finds_a_manager_of_its_company(self):
        interface = self.make_interface(
            "dummy", self.connection, owner_id=False, version={"max_attempts": 1}
        )
        self.connection.owner_id = False
        exchange = self.process(interface, {"amount": "1", "fail": "retryable"})
        self.assertEqual(exchange.work_status, "dead")
        self.assertIn(self.company_a, exchange.owner_id.company_ids)
        self.assertTrue(exchange.owner_id.has_group("finance_connector_base.group_finance_manager"))

    def test_classes_of_errors_lead_where_they_should(self):
        for kind, attempt, code, exception_kind in (
            ("final", "final", "final_error", "technical"),
            ("business", "business", "mapping_missing", "business"),
            ("user", "business", "refused_by_odoo", "business"),
            ("unknown", "unknown", "outcome_unknown", "technical"),
            ("sql", "final", "unexpected_error", "technical"),
            ("bug", "final", "unexpected_error", "technical"),
        ):
            for step in ("validate", "transform", "post"):
                with self.subTest(kind=kind, step=step), mute_logger(_STATE_LOGGER):
                    exchange = self.process(
                        self.inbound, {"amount": "1", "fail": kind, "fail_in": step}
                    )
                    self.assertEqual(exchange.work_status, "exception")
                    self.assertEqual(self.attempt_states(exchange), [attempt])
                    self.assertEqual(self.exception_codes(exchange), [code])
                    self.assertEqual(exchange.exception_ids.kind, exception_kind)
                    self.assertFalse(self.postings(exchange))

    def test_defect_reaches_the_log_with_its_traceback(self):
        with self.assertLogs(_STATE_LOGGER, "ERROR") as logs:
            self.process(self.inbound, {"amount": "1", "fail": "bug"})
        self.assertIn("KeyError: 'forgotten'", logs.output[0])

    def test_business_exception_carries_evidence_and_way_out(self):
        exchange = self.process(self.inbound, {"amount": "1", "fail": "business"})
        exception = exchange.exception_ids
        self.assertEqual(
            (exception.summary, exception.next_step, exception.evidence),
            ("No mapping.", "Add one.", {"code": "X"}),
        )

    def test_posting_that_the_database_refuses_at_the_end_is_undone(self):
        with mute_logger(_STATE_LOGGER, "odoo.sql_db"):
            exchange = self.process(self.inbound, {"amount": "1", "unstorable": True})
        self.assertEqual((exchange.work_status, exchange.milestone), ("exception", "received"))
        self.assertFalse(self.postings(exchange))

    def test_content_that_breaks_the_schema_of_the_version_is_refused(self):
        schema = {"type": "object", "required": ["amount"]}
        interface = self.make_interface("dummy", self.connection, version={"json_schema": schema})
        self.assertEqual(self.process(interface, {"amount": "1"}).work_status, "done")
        exchange = self.process(interface, {"units": []})
        self.assertEqual(self.exception_codes(exchange), ["schema_violation"])
        self.assertFalse(self.postings(exchange))
        with self.assertRaises(ValidationError):
            self.activate_version(interface, json_schema={"type": "nonsense"})

    def test_interface_in_order_works_on_one_after_the_other(self):
        interface = self.make_interface("dummy", self.connection, in_order=True)
        first, second, third = (
            self.receive(interface, content)[0]
            for content in ({"amount": "1", "fail": "business"}, {"amount": "2"}, {"amount": "3"})
        )
        third._job_process()
        second._job_process()
        self.assertEqual((first + second + third).mapped("work_status"), ["ready"] * 3)
        self.env["queue.job"].search([("state", "=", "pending")]).unlink()
        first._job_process()
        self.assertEqual(self.run_jobs(), ["_job_process"] * 2, "each calls the next one")
        self.assertEqual(
            (first + second + third).mapped("work_status"), ["exception", "done", "done"]
        )

    def test_one_bad_unit_does_not_stop_the_others(self):
        units = [{"key": str(number), "amount": "1"} for number in range(5)]
        units[1]["fail"] = units[3]["fail"] = True
        exchange = self.process(self.inbound, {"units": units})
        self.assertEqual(self.postings(exchange).mapped("unit"), ["0", "2", "4"])
        self.assertEqual(exchange.exception_ids.mapped("unit_key"), ["1", "3"])
        self.assertEqual((exchange.work_status, exchange.milestone), ("exception", "transformed"))
        # One ignored, one repaired: the exchange goes on after the last of them and posts what was missing.
        ignored, repaired = exchange.exception_ids.sorted("unit_key")
        ignored.with_user(self.operator).action_ignore("Test data of the sender.")
        self.assertEqual(exchange.work_status, "exception")
        repaired.with_user(self.operator).action_resolve("Corrected.")
        self.run_jobs()
        self.assertEqual(exchange.work_status, "exception")
        self.assertEqual(exchange._open_exceptions().unit_key, "3")
        self.repair()
        exchange.with_user(self.operator).action_retry()
        self.run_jobs()
        self.assertEqual((exchange.work_status, exchange.milestone), ("done", "posted"))
        self.assertEqual(sorted(self.postings(exchange).mapped("unit")), ["0", "1", "2", "3", "4"])
        self.assertEqual(set(exchange.exception_ids.mapped("state")), {"ignored", "resolved"})

    def test_ignored_unit_does_not_come_back(self):
        exchange = self.process(
            self.inbound,
            {"units": [{"key": "1", "amount": "1", "fail": True}, {"key": "2", "amount": "1"}]},
        )
        exchange.exception_ids.with_user(self.operator).action_ignore("Not ours.")
        self.run_jobs()
        self.assertEqual((exchange.work_status, exchange.milestone), ("done", "posted"))
        self.assertEqual(self.postings(exchange).mapped("unit"), ["2"])
        self.assertEqual(len(exchange.exception_ids), 1)

    def test_exchange_ignored_as_a_whole_is_cancelled_with_the_reason(self):
        exchange = self.process(self.inbound, {"amount": "1", "fail": "business"})
        exchange.exception_ids.with_user(self.operator).action_ignore("Sent by mistake.")
        self.assertEqual(
            (exchange.work_status, exchange.cancel_reason), ("cancelled", "Sent by mistake.")
        )
        self.assertFalse(self.postings(exchange))

    def test_checkpoint_keeps_what_was_done_before_a_failure(self):
        exchange = self.process(
            self.inbound,
            {
                "units": [{"key": "1", "amount": "1"}, {"key": "2", "amount": "1"}],
                "checkpoint": True,
                "fail": "final",
            },
        )
        self.assertEqual(self.postings(exchange).mapped("unit"), ["1", "2"])
        self.repair()
        exchange.with_user(self.operator).action_retry()
        self.run_jobs()
        self.assertEqual(self.postings(exchange).mapped("unit"), ["1", "2"])
        self.assertEqual(exchange.work_status, "done")

    def test_shadow_runs_everything_and_posts_nothing(self):
        interface = self.make_interface("dummy", self.connection, mode="shadow")
        exchange = self.process(
            interface,
            {
                "units": [{"key": "1", "amount": "1"}, {"key": "2", "fail": True}],
                "checkpoint": True,
            },
        )
        self.assertTrue(exchange.shadow)
        self.assertEqual((exchange.work_status, exchange.milestone), ("done", "transformed"))
        self.assertFalse(self.postings(exchange))
        self.assertFalse(exchange.exception_ids)
        self.assertEqual(exchange.result["result"], {"posted": 1})
        self.assertEqual([each["unit"] for each in exchange.result["exceptions"]], ["2"])
        failing = self.process(interface, {"amount": "1", "fail": "business"})
        self.assertEqual(failing.result["error"]["code"], "mapping_missing")

    def test_what_was_received_for_real_waits_while_the_interface_is_a_shadow(self):
        interface = self.make_interface("dummy", self.connection)
        exchange, _is_new = self.receive(interface, {"amount": "1"})
        interface.with_user(self.manager).action_set_shadow()
        self.run_jobs()
        self.assertEqual(exchange.work_status, "ready")
        self.assertFalse(self.postings(exchange))
        interface.with_user(self.manager).action_set_live()
        self.run_jobs()
        self.assertEqual(exchange.work_status, "done")

    def test_shadow_exchange_stays_one_when_the_interface_goes_live(self):
        interface = self.make_interface("dummy", self.connection, mode="shadow")
        exchange = self.process(interface, {"amount": "1"})
        interface.with_user(self.manager).action_set_live()
        exchange.with_user(self.operator).action_replay()
        self.run_jobs()
        self.assertEqual(exchange.work_status, "done")
        self.assertFalse(self.postings(exchange))

    def test_engine_works_as_superuser_in_the_company_of_the_exchange(self):
        seen = []
        handler = type(self.env["finance.handler.dummy"])
        original = handler._post

        def post(model, exchange, prepared):
            seen.append(
                (
                    exchange.env.su,
                    exchange.env.company,
                    exchange.env.companies,
                    dict(exchange.env.context),
                )
            )
            return original(model, exchange, prepared)

        self.patch(handler, "_post", post)
        exchange, _is_new = self.receive(self.inbound, {"amount": "1"})
        exchange.with_user(self.users["viewer", "b"]).with_context(
            forged=True, lang="fr_FR"
        )._job_process()
        self.assertEqual(
            seen,
            [(True, self.company_a, self.company_a, {"allowed_company_ids": self.company_a.ids})],
        )
