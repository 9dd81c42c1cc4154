from datetime import timedelta
from unittest.mock import patch

from odoo import fields
from odoo.tests import tagged

from odoo.addons.test_finance_suite.tests.common import EngineCase


@tagged("post_install", "-at_install")
class TestSweep(EngineCase):
    """Nothing stays where it is because a job, a worker or the queue is gone."""

    def sweep(self):
        with patch.object(self.registry["ir.cron"], "_commit_progress", lambda *args, **kwargs: 60):
            self.env["finance.exchange"]._cron_sweep()
        self.env.invalidate_all()

    def beat(self, age=timedelta()):
        self.env["finance.heartbeat"]._job_beat()
        self.env["finance.heartbeat"].search([]).beat_at = fields.Datetime.now() - age

    def forget_jobs(self):
        self.env["queue.job"].search([("state", "=", "pending")]).unlink()

    def age(self, exchange, minutes=5):
        self.env.flush_all()
        self.env.cr.execute(
            "UPDATE finance_exchange SET write_date = write_date - %s * interval '1 minute' WHERE id = %s",
            [minutes, exchange.id],
        )

    def test_lost_job_is_enqueued_again_once(self):
        self.beat()
        exchange, _is_new = self.receive(self.inbound, {"amount": "1"})
        self.forget_jobs()
        self.sweep()
        self.assertFalse(
            self.jobs_of(exchange, "_job_process"), "a job that was just enqueued is not lost"
        )
        self.age(exchange)
        self.sweep()
        self.sweep()
        self.assertEqual(len(self.jobs_of(exchange, "_job_process")), 1)
        self.assertEqual(exchange.work_status, "ready")

    def test_due_retry_and_due_question_are_enqueued(self):
        self.beat()
        retried = self.process(self.inbound, {"amount": "1", "fail": "retryable"})
        self.tell(next="cut", answer="busy")
        unknown = self.env["finance.exchange"]._emit(self.outbound, "K")
        unknown._job_send()
        waiting = self.env["finance.exchange"]._emit(self.outbound, "L")
        self.tell(next="later")
        waiting._job_send()
        self.forget_jobs()
        self.sweep()
        self.assertFalse(self.jobs_of(retried, "_job_process"), "not due yet")
        for exchange in (retried, unknown, waiting):
            self.make_due(exchange)
        self.sweep()
        self.assertTrue(self.jobs_of(retried, "_job_process"))
        self.assertTrue(self.jobs_of(unknown, "_job_query_status"))
        self.assertTrue(self.jobs_of(waiting, "_job_query_status"))

    def test_orphan_of_a_dead_worker_is_ready_again_and_its_attempt_interrupted(self):
        self.beat()
        exchange, _is_new = self.receive(self.inbound, {"amount": "1"})
        engine = exchange._engine()
        engine._begin()
        engine._start_attempt("process")
        self.sweep()
        self.assertEqual(
            (exchange.work_status, self.attempt_states(exchange)), ("ready", ["interrupted"])
        )
        self.run_jobs()
        self.assertEqual(exchange.work_status, "done")

    def test_exchange_that_kills_each_worker_ends_as_a_dead_letter(self):
        interface = self.make_interface("dummy", self.connection, version={"max_attempts": 2})
        exchange, _is_new = self.receive(interface, {"amount": "1"})
        engine = exchange._engine()
        for _death in range(2):
            engine._begin()
            engine._start_attempt("process")
            self.sweep()
        self.assertEqual(
            (exchange.work_status, self.exception_codes(exchange)), ("dead", ["retries_exhausted"])
        )

    def test_exchange_whose_worker_lives_is_left_alone(self):
        exchange, _is_new = self.receive(self.inbound, {"amount": "1"})
        engine = exchange._engine()
        engine._begin()
        engine._start_attempt("process")
        self.env.flush_all()
        with self.registry.cursor() as worker:
            worker.execute("SELECT pg_advisory_lock(%s, %s)", [0x46495201, exchange.id])
            self.sweep()
            exchange._job_process()
            self.assertEqual(
                (exchange.work_status, self.attempt_states(exchange)), ("running", ["running"])
            )
        # Given back to the pool, the connection lives on: unlock as a worker does.
        with self.registry.cursor() as worker:
            worker.execute("SELECT pg_advisory_unlock_all()")
        self.sweep()
        self.assertEqual(exchange.work_status, "ready")

    def test_orphaned_sending_is_unknown(self):
        exchange = self.env["finance.exchange"]._emit(self.outbound, "K")._engine()
        exchange._prepare_content()
        exchange._begin()
        exchange._start_attempt("send", "sending")
        self.beat()
        self.sweep()
        self.assertEqual(
            (exchange.work_status, self.attempt_states(exchange)), ("unknown", ["unknown"])
        )
        self.assertFalse(self.sent())

    def test_work_is_done_inline_when_the_runner_gives_no_sign_of_life(self):
        for age in (None, timedelta(minutes=4)):
            if age:
                self.beat(age)
            exchange, _is_new = self.receive(self.inbound, {"amount": "1"})
            self.age(exchange)
            self.sweep()
            self.assertEqual(exchange.work_status, "done")
        self.beat()
        exchange, _is_new = self.receive(self.inbound, {"amount": "1"})
        self.age(exchange)
        self.sweep()
        self.assertEqual(exchange.work_status, "ready")

    def test_exchange_that_cannot_be_worked_on_does_not_stop_the_others(self):
        exchanges = [self.receive(self.inbound, {"amount": "1"})[0] for _each in range(2)]
        for exchange in exchanges:
            self.age(exchange)
        original = self.registry["finance.exchange"]._job_process

        def process(exchange):
            if exchange == exchanges[0]:
                exchange._checkpoint()
                raise KeyError("broken")
            original(exchange)

        self.patch(self.registry["finance.exchange"], "_job_process", process)
        with self.assertLogs(
            "odoo.addons.finance_connector_base.models.finance_exchange_sweep", "ERROR"
        ):
            self.sweep()
        self.assertEqual([exchange.work_status for exchange in exchanges], ["ready", "done"])

    def test_interface_that_is_off_is_left_alone(self):
        exchange, _is_new = self.receive(self.inbound, {"amount": "1"})
        self.inbound.with_user(self.manager).action_set_off()
        self.age(exchange)
        self.sweep()
        self.assertEqual(exchange.work_status, "ready")

    def test_unknown_outcome_is_asked_for_also_when_the_interface_is_off(self):
        self.beat()
        self.tell(next="cut", answer="busy")
        exchange = self.env["finance.exchange"]._emit(self.outbound, "K")
        exchange._job_send()
        self.outbound.with_user(self.manager).action_set_off()
        self.forget_jobs()
        self.make_due(exchange)
        self.sweep()
        self.tell(answer="accepted")
        self.run_jobs()
        self.assertEqual(exchange.work_status, "done")

    def test_heartbeat_is_a_job_of_the_runner(self):
        heartbeat = self.env["finance.heartbeat"]
        self.assertFalse(heartbeat._is_alive())
        heartbeat._cron_heartbeat()
        heartbeat._cron_heartbeat()
        self.assertEqual(self.run_jobs().count("_job_beat"), 1)
        self.assertTrue(heartbeat._is_alive())
