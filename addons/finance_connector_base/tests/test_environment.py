import logging
import sys
from contextlib import suppress
from io import StringIO
from unittest.mock import patch

from odoo.exceptions import AccessError, UserError
from odoo.modules.neutralize import get_neutralization_queries
from odoo.tests import tagged

from odoo.addons.finance_connector_base.controllers.queue_job import MaskedRunJobController
from odoo.addons.finance_connector_base.models.finance_instance import FinanceInstance
from odoo.addons.finance_connector_base.tests.vault_common import SECRET_IBAN, VaultCase
from odoo.addons.finance_connector_base.tools.errors import FinalError
from odoo.addons.queue_job.job import Job


@tagged("post_install", "-at_install")
class TestEnvironment(VaultCase):
    def test_production_and_the_rest_never_meet(self):
        allowed = {
            ("production", "production"),
            ("test", "test"),
            ("test", "sandbox"),
            ("sandbox", "test"),
            ("sandbox", "sandbox"),
        }
        for declared in ("production", "test", "sandbox"):
            for marked in ("production", "test", "sandbox"):
                self.connection.environment = marked
                with (
                    self.subTest(declared=declared, marked=marked),
                    self.declared(environment=declared),
                ):
                    if (declared, marked) in allowed:
                        self.env["finance.environment"]._check_may_call(self.connection)
                    else:
                        with self.assertRaises(FinalError) as caught:
                            self.env["finance.environment"]._check_may_call(self.connection)
                        self.assertEqual(caught.exception.code, "environment_mismatch")

    def test_region_outside_the_declared_ones_is_refused(self):
        for region, allowed in (
            ("EU", True),
            ("eu", True),
            ("CH", True),
            ("US", False),
            (False, False),
        ):
            self.connection.region = region
            with self.subTest(region=region), self.declared(regions=("EU", "CH")):
                if allowed:
                    self.env["finance.environment"]._check_may_call(self.connection)
                else:
                    with self.assertRaises(FinalError) as caught:
                        self.env["finance.environment"]._check_may_call(self.connection)
                    self.assertEqual(caught.exception.code, "region_not_allowed")

    def test_banner_says_where_the_user_is(self):
        with self.declared(environment="sandbox"):
            self.assertEqual(
                self.env["finance.environment"]._banner(), {"name": "sandbox", "recovery": False}
            )

    def test_self_checks_name_what_is_wrong(self):
        self.assertTrue(
            all(right for right, _sentence in self.env["finance.environment"]._self_checks()[:2])
        )
        with self.declared(key_file="/nowhere/ring.keys"):
            checks = self.env["finance.environment"]._self_checks()
            settings = self.env["res.config.settings"].create({})
            self.assertIn("/nowhere/ring.keys", settings.finance_self_checks)
        self.assertIn(
            (False, True), [(right, "/nowhere" in sentence) for right, sentence in checks]
        )


@tagged("post_install", "-at_install")
class TestRecovery(VaultCase):
    def setUp(self):
        super().setUp()
        self.environment = self.env["finance.environment"]
        self.env["finance.instance"].search([]).unlink()
        # Without the anchor file of the database that this test happens to run in.
        self.startPatcher(
            patch.object(
                type(self.env["finance.audit.seal"]),
                "_anchor_ahead",
                lambda self: self.env.context.get("ahead"),
            )
        )
        self.checkpoint = self.startPatcher(
            patch.object(
                self.env.registry["finance.exchange"],
                "_checkpoint",
                side_effect=self.env.flush_all,
            )
        )

    def restored(self):
        return patch.object(FinanceInstance, "_fingerprint", lambda self: "1/2/3")

    def latest(self):
        return self.env["finance.instance"].search([], limit=1)

    def test_fingerprint_is_what_postgresql_says(self):
        fingerprint = self.env["finance.instance"]._fingerprint()
        self.assertRegex(fingerprint, r"^\d{10,}/\d+/\d+$")
        self.assertEqual(fingerprint, self.env["finance.instance"]._fingerprint())

    def test_database_never_seen_before_is_not_in_recovery(self):
        self.assertFalse(self.environment._recovery_mode())
        self.assertFalse(self.environment._watch_instance())
        self.assertEqual((self.latest().state, self.latest().cause), ("trusted", "first"))
        self.assertFalse(self.environment._watch_instance())
        self.assertEqual(self.env["finance.instance"].search_count([]), 1)

    def test_restored_database_doubts_what_was_not_finished(self):
        self.environment._watch_instance()
        exchanges = {
            status: self.make_exchange(status, work_status=status)
            for status in (
                "ready",
                "running",
                "waiting",
                "retry",
                "exception",
                "dead",
                "done",
                "cancelled",
            )
        }
        inbound = self.make_exchange("in", direction="inbound", work_status="ready")
        with self.restored():
            self.assertTrue(self.environment._recovery_mode(), "before the sweeper has looked")
            self.assertTrue(self.environment._watch_instance())
        self.assertEqual(self.latest().cause, "restored")
        self.assertEqual(
            {status for status, exchange in exchanges.items() if exchange.work_status == "unknown"},
            {"ready", "running", "waiting", "retry", "exception", "dead"},
        )
        self.assertEqual(inbound.work_status, "ready")
        self.assertTrue(
            self.environment._recovery_mode(), "it is latched, also when the reason is gone"
        )
        self.assertTrue(
            self.env["queue.job"].search_count(
                [("model_name", "=", "finance.exchange"), ("method_name", "=", "_job_query_status")]
            )
        )

    def test_worker_that_dies_while_doubting_leaves_the_rest_to_the_next_sweep(self):
        self.environment._watch_instance()
        older, newer = (self.make_exchange(key, work_status="ready") for key in "ab")
        set_status = self.env.registry["finance.exchange"]._set_status

        def die(exchange, *args, **kwargs):
            if exchange == older:
                raise MemoryError
            return set_status(exchange, *args, **kwargs)

        with (
            self.restored(),
            patch.object(self.env.registry["finance.exchange"], "_abandon"),
            patch.object(self.env.registry["finance.exchange"], "_set_status", die),
            # What was committed stays, which assertRaises would take back.
            suppress(MemoryError),
        ):
            self.environment._watch_instance()
        self.assertEqual((older.work_status, newer.work_status), ("ready", "unknown"))
        with self.restored():
            self.assertTrue(self.environment._recovery_mode())
            self.environment._watch_instance()
        self.assertEqual((older.work_status, newer.work_status), ("unknown", "unknown"))
        self.assertEqual(self.latest().state, "recovering")

    def test_two_that_notice_a_restore_at_once_enter_recovery_once(self):
        self.environment._watch_instance()

        def other_was_first():
            self.checkpoint.side_effect = self.env.flush_all
            self.environment._watch_instance()

        self.checkpoint.side_effect = other_was_first
        with self.restored():
            self.assertTrue(self.environment._watch_instance())
        self.assertEqual(self.env["finance.instance"].search_count([]), 2)

    def test_database_behind_the_anchor_is_in_recovery_until_it_is_ended(self):
        self.environment._watch_instance()
        ahead = self.environment.with_context(ahead=True)
        self.assertTrue(ahead._recovery_mode())
        self.assertTrue(ahead._watch_instance())
        self.assertEqual(self.latest().cause, "behind_anchor")
        self.assertTrue(self.environment._recovery_mode())

    def test_manager_ends_recovery_with_a_reason_once_nothing_is_unknown(self):
        self.environment._watch_instance()
        exchange = self.make_exchange(work_status="ready")
        with self.restored():
            self.environment._watch_instance()
            instance = self.latest().with_user(self.manager)
            with self.assertRaisesRegex(UserError, "why"):
                instance.action_end_recovery()
            instance.reason = "The bank confirmed that nothing is missing."
            with self.assertRaisesRegex(UserError, "1 exchanges"):
                instance.action_end_recovery()
            exchange._set_status("done")
            with self.assertRaises(AccessError):
                instance.with_user(self.viewer).action_end_recovery()
            instance.action_end_recovery()
            self.assertFalse(self.environment._recovery_mode())
        event = self.env["finance.audit.event"].search([("action", "=", "recovery.ended")], limit=1)
        self.assertEqual((event.user_login, event.summary), ("vault_manager", instance.reason))

    def test_state_is_not_written_by_hand(self):
        self.environment._watch_instance()
        with self.restored():
            self.environment._watch_instance()
        with self.assertRaises(AccessError):
            self.latest().with_user(self.manager).state = "trusted"


@tagged("post_install", "-at_install")
class TestNeutralize(VaultCase):
    def test_copy_of_the_database_reaches_nobody(self):
        self.env["finance.credential"].create(
            {
                "name": "Key",
                "connection_id": self.connection.id,
                "kind": "api_key",
                "secret": "s3cr3t-value",
            }
        )
        self.interface.mode = "live"
        self.make_exchange()._enqueue()
        self.env.flush_all()
        [query] = get_neutralization_queries(["finance_connector_base"])
        self.env.cr.execute(query)
        self.env.invalidate_all()
        self.assertFalse(self.env["finance.credential"].search_count([]))
        self.assertFalse(self.connection.active)
        self.assertFalse(self.connection.webhook_token)
        self.assertEqual(self.interface.mode, "off")
        self.assertFalse(self.env["finance.subscription"].search_count([]))
        self.assertFalse(
            self.env["queue.job"].search_count(
                [("model_name", "=like", "finance.%"), ("state", "in", ("pending", "enqueued"))]
            )
        )
        crons = self.env["ir.model.data"].search(
            [("module", "=", "finance_connector_base"), ("model", "=", "ir.cron")]
        )
        self.assertTrue(crons)
        self.assertFalse(self.env["ir.cron"].search_count([("id", "in", crons.mapped("res_id"))]))


@tagged("post_install", "-at_install")
class TestMasking(VaultCase):
    def test_log_line_and_traceback_are_masked_on_every_handler(self):
        stream = StringIO()
        handler = logging.StreamHandler(stream)
        root = logging.getLogger()
        root.addHandler(handler)
        self.addCleanup(root.removeHandler, handler)
        self.vault._register_hook()
        try:
            raise ValueError(f"refused {SECRET_IBAN}")
        except ValueError:
            # Given to the handler by hand: an error in the log of the tests would fail them.
            handler.handle(
                root.makeRecord(
                    "odoo.addons.finance_connector_base",
                    logging.ERROR,
                    "finance.py",
                    1,
                    "to %s at /finance/webhook/%s",
                    (SECRET_IBAN, "tok-4711-secret"),
                    sys.exc_info(),
                )
            )
        self.assertIn("Traceback", stream.getvalue())
        self.assertNotIn(SECRET_IBAN, stream.getvalue())
        self.assertNotIn("tok-4711-secret", stream.getvalue())
        self.vault._register_hook()
        self.assertEqual(len(handler.filters), 1)

    def test_further_patterns_are_declared_in_the_configuration(self):
        with self.declared(mask_patterns=(r"MANDATE-\d+",)):
            self.assertNotIn("MANDATE-77", self.vault._mask("for MANDATE-77"))

    def test_failed_job_keeps_no_account_in_the_database(self):
        job = Job(self.env["finance.exchange"].browse()._enqueue)
        try:
            raise ValueError(f"refused {SECRET_IBAN}")
        except ValueError as error:
            values = MaskedRunJobController._get_failure_values(
                job, f"Traceback {SECRET_IBAN}", error
            )
        self.assertEqual(set(values), {"exc_info", "exc_name", "exc_message"})
        self.assertNotIn(SECRET_IBAN, repr(values))
