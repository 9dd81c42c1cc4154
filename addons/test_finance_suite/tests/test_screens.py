from odoo.exceptions import AccessError, UserError, ValidationError
from odoo.tests import Form, tagged

from odoo.addons.test_finance_suite.tests.common import EngineCase


@tagged("post_install", "-at_install")
class TestScreens(EngineCase):
    """What the screens say about an exchange is true, and their buttons do what they say."""

    def failed(self):
        self.inbound.owner_id = self.operator
        return self.process(self.inbound, {"amount": "1.00", "fail": "business"})

    # === WHAT IS SAID === #

    def test_milestone_line_tells_what_is_proven(self):
        done = self.process(self.inbound, {"amount": "1.00"})
        self.assertEqual(
            [(step["name"], bool(step["at"])) for step in done.milestone_line],
            [("received", True), ("validated", True), ("transformed", True), ("posted", True)],
        )
        failed = self.failed()
        self.assertEqual(
            [step["name"] for step in failed.milestone_line if not step["at"]],
            ["validated", "transformed", "posted"],
        )

    def test_status_in_words(self):
        self.assertEqual(self.process(self.inbound, {"amount": "1"}).status_text, "Finished.")
        self.assertEqual(self.failed().status_text, "A person has to decide. Open exceptions: 1.")
        waiting = self.process(self.inbound, {"amount": "1", "fail": "retryable"})
        self.assertIn("the next one is due at", waiting.status_text)
        self.inbound.action_set_off()
        stored, _is_new = self.receive(self.inbound, {"amount": "1"})
        self.assertIn("as soon as its interface is switched on", stored.status_text)

    def test_stuck_and_needs_me(self):
        failed = self.failed()
        fine = self.process(self.inbound, {"amount": "2.00"})
        late = self.process(self.inbound, {"amount": "3", "fail": "retryable"})
        exchanges = failed | fine | late
        domain = [("id", "in", exchanges.ids)]
        stuck = [*domain, ("is_stuck", "=", True)]
        self.assertEqual(exchanges.search(stuck), failed)
        self.make_due(late)
        self.assertEqual(exchanges.search(stuck), failed | late)
        self.assertEqual(exchanges.filtered("is_stuck"), failed | late)
        needs_me = [*domain, ("needs_me", "=", True)]
        self.assertEqual(exchanges.with_user(self.operator).search(needs_me), failed | late)
        self.assertTrue(failed.with_user(self.operator).needs_me)
        self.assertFalse(exchanges.with_user(self.viewer).search(needs_me))
        failed.exception_ids.action_assign(self.manager.id)
        self.assertEqual(exchanges.with_user(self.manager).search(needs_me), failed)

    def test_viewer_reads_timeline_without_the_audit_trail(self):
        exchange = self.process(self.inbound, {"amount": "1.00"}).with_user(self.viewer)
        with self.assertRaises(AccessError):
            self.env["finance.audit.event"].with_user(self.viewer).search([])
        self.assertEqual(exchange.timeline[0]["label"], "Exchange: received")
        self.assertEqual(exchange.timeline[-1]["label"], "Exchange: done")
        with self.assertRaises(AccessError):
            _ = exchange.with_user(self.users["viewer", "b"]).timeline

    def test_six_questions_are_answered(self):
        exchange = self.failed().with_user(self.viewer)
        answers = exchange._explain()
        self.assertEqual(
            list(answers),
            ["initiated", "transformed", "approved", "delivered", "acknowledged", "exceptions"],
        )
        self.assertIn(
            "version 1 (Test, inbound), over Counterparty", answers["transformed"]["answer"]
        )
        self.assertEqual(answers["approved"]["by"], self.manager.login)
        self.assertIn("Not yet. A person has to decide", answers["delivered"]["answer"])
        self.repair()
        exchange.exception_ids.with_user(self.operator).action_resolve("Mapped.")
        self.run_jobs()
        self.env.invalidate_all()
        self.assertEqual(
            [entry["answer"] for entry in exchange.explanation],
            [entry["answer"] for entry in exchange._explain().values()],
        )
        answers = exchange._explain()
        self.assertEqual(answers["delivered"]["answer"], "Posted in Odoo.")
        self.assertIn("Resolved. Mapped.", answers["exceptions"]["answer"])
        self.assertEqual(answers["exceptions"]["by"], self.operator.login)
        with self.assertRaises(AccessError):
            exchange.with_user(self.users["viewer", "b"])._explain()

    # === BUTTONS === #

    def test_operator_cancels_with_reason(self):
        exchange = self.failed()
        wizard = self.env["finance.exchange.cancel"].with_user(self.operator)
        form = Form(wizard.with_context(**exchange.action_open_cancel()["context"]))
        form.reason = "Sent twice by the bank."
        form.save().action_confirm()
        self.assertEqual(exchange.work_status, "cancelled")
        self.assertEqual(exchange.status_text, "Cancelled: Sent twice by the bank.")
        self.assertEqual(self.exception_codes(exchange, "ignored"), ["mapping_missing"])
        with self.assertRaises(AccessError):
            self.env["finance.exchange.cancel"].with_user(self.viewer).create(
                {"exchange_ids": exchange.ids, "reason": "x"}
            )

    def test_dry_run_is_shown_and_can_be_made_real(self):
        exchange = self.failed().with_user(self.operator)
        self.assertEqual(self.shown_dry_run(exchange).outcome, "error")
        self.repair()
        shown = self.shown_dry_run(exchange)
        self.assertEqual((shown.outcome, shown.result), ("clean", "Posted: 1"))
        self.assertFalse(self.postings(exchange))
        shown.action_replay()
        self.run_jobs()
        self.assertEqual(exchange.work_status, "done")

    def shown_dry_run(self, exchange):
        return self.env["finance.exchange.dry.run"].browse(exchange.action_show_dry_run()["res_id"])

    # === CONFIGURATION === #

    def test_manager_writes_new_version_as_text(self):
        interface = self.inbound.with_user(self.manager)
        action = interface.action_new_version()
        draft = self.env[action["res_model"]].with_user(self.manager).browse(action["res_id"])
        self.assertEqual(draft.max_attempts, interface.active_version_id.max_attempts)
        self.assertFalse(draft.change_summary)
        draft.settings_text = '{"details": "split"}'
        self.assertEqual(draft.settings, {"details": "split"})
        self.assertIn("split", draft.change_summary)
        for wrong in ("{", "[1]"):
            with self.assertRaises(ValidationError):
                draft.settings_text = wrong

    def test_webhook_address_is_for_managers(self):
        connection = self.connection.with_user(self.manager)
        self.assertTrue(
            connection.webhook_address.endswith(f"/finance/webhook/{connection.webhook_token}")
        )
        with self.assertRaises(AccessError):
            _ = self.connection.with_user(self.viewer).webhook_address

    def test_record_that_is_gone_cannot_be_opened(self):
        exchange = self.process(self.inbound, {"amount": "1.00"})
        with self.assertRaises(UserError):
            exchange.action_open_record()
