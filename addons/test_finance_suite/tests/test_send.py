import hashlib
from datetime import timedelta

from odoo import fields
from odoo.tests import tagged
from odoo.tools import mute_logger

from odoo.addons.test_finance_suite.tests.common import EngineCase

_STATE_LOGGER = "odoo.addons.finance_connector_base.models.finance_exchange_state"


@tagged("post_install", "-at_install")
class TestSend(EngineCase):
    """Unknown is not failed: what may have left is asked for and never sent a second time."""

    def emit(self, interface=None, key=None, **kwargs):
        return self.env["finance.exchange"]._emit(
            interface or self.outbound, key or f"out-{next(self._keys)}", **kwargs
        )

    def send(self, interface=None, **kwargs):
        exchange = self.emit(interface, **kwargs)
        exchange._job_send()
        return exchange

    # === THE GOOD CASE === #

    def test_emit_is_an_outbox_in_the_transaction_of_its_cause(self):
        partner = self.env["res.partner"].create({"name": "Cause"})
        with self.env.cr.savepoint() as savepoint:
            self.emit(key="K", record=partner)
            savepoint.rollback()
        self.assertFalse(self.env["finance.exchange"].search([("idempotency_key", "=", "K")]))
        self.assertFalse(self.env["queue.job"].search([("method_name", "=", "_job_send")]))
        exchange = self.emit(key="K", record=partner, event_type="partner.created")
        self.assertEqual((exchange.res_model, exchange.res_id), ("res.partner", partner.id))
        self.assertEqual(self.emit(key="K", record=partner), exchange)
        self.assertEqual(self.jobs_of(exchange, "_job_send").channel, "root.finance.outbound")

    def test_send_fixes_the_bytes_proves_each_milestone_and_keeps_the_answer(self):
        exchange = self.send(key="K")
        self.assertEqual(self.sent(), [b"message of K"])
        self.assertEqual((exchange.milestone, exchange.work_status), ("acknowledged", "done"))
        self.assertEqual(exchange._content(), b"message of K")
        attempt = exchange.attempt_ids
        self.assertEqual(
            (attempt.kind, attempt.state, attempt.http_status), ("send", "succeeded", 200)
        )
        self.assertEqual(attempt.request_digest, hashlib.sha256(b"message of K").hexdigest())
        self.assertTrue(attempt.response_digest)
        self.assertTrue(exchange.external_ref.startswith("REF-"))
        exchange._job_send()
        self.assertEqual(len(self.sent()), 1)

    def test_attempt_says_sending_before_the_call_and_no_transaction_is_open(self):
        seen = []
        adapter = type(self.env["finance.adapter.dummy"])
        original = adapter._send
        exchange_class = self.registry["finance.exchange"]
        checkpoint, start_attempt = exchange_class._checkpoint, exchange_class._start_attempt
        order = []

        def note_attempt(exchange, *args, **kwargs):
            order.append("attempt")
            return start_attempt(exchange, *args, **kwargs)

        def note_checkpoint(exchange):
            order.append("checkpoint")
            return checkpoint(exchange)

        def send(model, exchange, content):
            order.append("send")
            seen.append(exchange.attempt_ids.mapped("state"))
            return original(model, exchange, content)

        self.patch(exchange_class, "_start_attempt", note_attempt)
        self.patch(exchange_class, "_checkpoint", note_checkpoint)
        self.patch(adapter, "_send", send)
        self.send()
        self.assertEqual(seen, [["sending"]])
        position = order.index("send")
        self.assertEqual(
            order[position - 2 : position + 2], ["attempt", "checkpoint", "send", "checkpoint"]
        )

    def test_given_content_is_sent_unchanged_and_the_handler_not_asked(self):
        self.send(content=b"approved bytes")
        self.assertEqual(self.sent(), [b"approved bytes"])

    def test_bytes_refused_by_the_handler_are_not_sent(self):
        exchange = self.send(content=b"forbidden")
        self.assertFalse(self.sent())
        self.assertEqual(self.exception_codes(exchange), ["invalid_content"])

    def test_shadow_prepares_and_sends_nothing(self):
        interface = self.make_interface("dummy_out", self.connection, mode="shadow")
        exchange = self.send(interface)
        self.assertFalse(self.sent())
        self.assertEqual((exchange.milestone, exchange.work_status), ("validated", "done"))

    # === FAILURES === #

    def test_refused_call_is_retried_as_the_other_side_asked(self):
        self.tell(next="refuse")
        exchange = self.send()
        self.assertEqual(
            (exchange.work_status, self.attempt_states(exchange)), ("retry", ["retryable"])
        )
        self.assertGreaterEqual(exchange.due_at, fields.Datetime.now() + timedelta(seconds=1790))
        self.tell(next="")
        self.connection.health_ids.paused_until = False
        self.make_due(exchange)
        exchange._job_send()
        self.assertEqual(exchange.work_status, "done")
        self.assertEqual(len(self.sent()), 1)

    def test_final_refusal_is_for_a_person(self):
        self.tell(next="final")
        exchange = self.send()
        self.assertEqual(
            (exchange.work_status, self.exception_codes(exchange)), ("exception", ["final_error"])
        )
        self.tell(next="")
        exchange.with_user(self.operator).action_retry()
        self.run_jobs()
        self.assertEqual(len(self.sent()), 1)
        self.assertEqual(exchange.work_status, "done")

    def test_cut_call_is_unknown_asked_for_and_never_sent_again(self):
        self.tell(next="cut", answer="busy")
        exchange = self.send()
        self.assertEqual((exchange.work_status, exchange.milestone), ("unknown", "validated"))
        exchange._job_send()
        self.assertEqual(len(self.sent()), 1)
        exchange._job_query_status()
        self.assertEqual(exchange.work_status, "unknown")
        self.assertGreater(exchange.due_at, fields.Datetime.now())
        self.tell(answer="accepted")
        exchange._job_query_status()
        self.assertEqual((exchange.work_status, exchange.milestone), ("done", "acknowledged"))
        self.assertEqual(len(self.sent()), 1)
        self.assertEqual(self.attempt_states(exchange), ["unknown", "retryable", "succeeded"])

    def test_error_that_the_adapter_did_not_class_is_unknown_as_well(self):
        self.tell(next="bug")
        with mute_logger(_STATE_LOGGER):
            exchange = self.send()
        self.assertEqual(exchange.work_status, "unknown")
        exchange._job_send()
        self.assertEqual(len(self.sent()), 1)

    def test_proof_that_nothing_arrived_lets_it_be_sent_again(self):
        self.tell(next="cut", answer="not_found")
        exchange = self.send()
        self.tell(next="")
        self.assertEqual(self.run_jobs()[-2:], ["_job_query_status", "_job_send"])
        self.assertEqual(exchange.work_status, "done")
        self.assertEqual(len(self.sent()), 2)

    def test_send_that_is_safe_to_repeat_is_repeated(self):
        self.tell(next="cut")
        interface = self.make_interface("dummy_repeat", self.connection)
        exchange = self.send(interface)
        self.assertEqual(exchange.work_status, "retry")
        self.tell(next="")
        self.make_due(exchange)
        exchange._job_send()
        self.assertEqual(exchange.work_status, "done")

    def test_counterparty_that_cannot_be_asked_is_a_case_for_a_person_who_cannot_send_it_blindly(
        self,
    ):
        self.tell(next="cut", answer="cannot")
        exchange = self.send()
        exchange._job_query_status()
        self.assertEqual(
            (exchange.work_status, self.exception_codes(exchange)),
            ("exception", ["outcome_unknown"]),
        )
        exchange.with_user(self.operator).action_retry()
        self.run_jobs()
        self.assertEqual(len(self.sent()), 1)
        exchange._open_exceptions().with_user(self.operator).action_ignore(
            "The bank confirmed it by telephone."
        )
        self.assertEqual(exchange.work_status, "done")

    def test_rejection_is_for_a_person_and_ends_the_exchange(self):
        self.tell(next="later", answer="rejected")
        exchange = self.send()
        self.assertEqual(exchange.work_status, "waiting")
        exchange._job_query_status()
        self.assertEqual(
            (exchange.work_status, self.exception_codes(exchange)), ("exception", ["rejected"])
        )
        exchange._open_exceptions().with_user(self.operator).action_resolve("Paid by another way.")
        self.assertEqual((exchange.work_status, len(self.sent())), ("cancelled", 1))

    # === WAITING FOR AN ANSWER === #

    def test_no_acknowledgement_within_the_deadline_is_an_exception(self):
        self.tell(next="later", answer="pending")
        interface = self.make_interface(
            "dummy_out", self.connection, version={"ack_deadline_minutes": 90}
        )
        exchange = self.send(interface)
        self.assertEqual((exchange.milestone, exchange.work_status), ("sent", "waiting"))
        wait = exchange.due_at - fields.Datetime.now()
        self.assertTrue(timedelta(minutes=89) < wait <= timedelta(minutes=90), wait)
        exchange._job_query_status()
        self.assertEqual(exchange.work_status, "waiting")
        self.make_due(exchange)
        exchange._job_query_status()
        self.assertEqual(
            (exchange.work_status, self.exception_codes(exchange)),
            ("exception", ["acknowledgement_overdue"]),
        )
        # The answer comes late, by another way.
        exchange._engine()._settle({"acknowledged": True})
        self.assertEqual((exchange.milestone, exchange.work_status), ("acknowledged", "done"))
        self.assertFalse(exchange._open_exceptions())

    def test_overdue_question_that_fails_is_an_exception_too(self):
        self.tell(next="later", answer="busy")
        exchange = self.send()
        self.make_due(exchange)
        exchange._job_query_status()
        self.assertEqual(self.exception_codes(exchange), ["acknowledgement_overdue"])

    def test_answer_that_cannot_be_settled_keeps_the_proof_of_sending(self):
        self.tell(next="unsettleable")
        exchange = self.send()
        self.assertEqual((exchange.milestone, exchange.work_status), ("sent", "exception"))
        self.assertEqual(self.exception_codes(exchange), ["mapping_missing"])
        exchange._open_exceptions().with_user(self.operator).action_resolve("Mapping added.")
        self.run_jobs()
        self.assertEqual((exchange.milestone, exchange.work_status), ("acknowledged", "done"))
        self.assertEqual(len(self.sent()), 1)

    # === A WORKER DIED === #

    def test_reentry_on_sending_means_unknown(self):
        exchange = self.emit()._engine()
        exchange._prepare_content()
        exchange._begin()
        exchange._start_attempt("send", "sending")
        exchange._job_send()
        self.assertEqual(
            (exchange.work_status, self.attempt_states(exchange)), ("unknown", ["unknown"])
        )
        self.assertFalse(self.sent())
        self.tell(answer="accepted")
        self.run_jobs()
        self.assertEqual((exchange.work_status, len(self.sent())), ("done", 0))

    def test_answer_kept_before_the_worker_died_is_used_without_a_question(self):
        exchange = self.emit()._engine()
        exchange._prepare_content()
        exchange._begin()
        attempt = exchange._start_attempt("send", "sending")
        exchange._keep_outcome(attempt, {"external_ref": "R", "acknowledged": True})
        exchange._reach("sent")
        exchange._job_send()
        self.assertEqual((exchange.work_status, exchange.milestone), ("done", "acknowledged"))
        self.assertEqual(exchange.attempt_ids.mapped("kind"), ["send"])
