from contextlib import closing, suppress

from odoo.sql_db import db_connect
from odoo.tests import tagged
from odoo.tools import mute_logger

from odoo.addons.finance_connector_base.models.finance_exchange_state import LOCK_SPACES
from odoo.addons.test_finance_suite.tests.common import EngineCase


class WorkerDied(BaseException):
    pass


@tagged("post_install", "-at_install")
class TestTogether(EngineCase):
    """Several inbound exchanges in one transaction: all of it or none, and then each by itself."""

    def setUp(self):
        super().setUp()
        self.handler = type(self.env["finance.handler.dummy"])
        self.patch(self.handler, "_together", 5)
        self.told = []
        original = self.handler._post_together

        def post_together(model, exchanges, prepared):
            self.told.append(exchanges)
            return original(model, exchanges, prepared)

        self.patch(self.handler, "_post_together", post_together)

    def wait(self, *contents, interface=None):
        exchanges = self.env["finance.exchange"]
        for content in contents:
            exchanges |= self.receive(interface or self.inbound, content)[0]
        return exchanges

    def some(self, count, **kwargs):
        return self.wait(*({"amount": f"{number}.00"} for number in range(1, count + 1)), **kwargs)

    def posted(self, exchanges):
        return [len(self.postings(exchange)) for exchange in exchanges]

    def test_what_waits_is_posted_together_and_each_leaves_its_own_trail(self):
        alone = self.process(self.inbound, {"amount": "1.00"})
        exchanges = self.some(7)
        exchanges[2]._job_process()
        self.assertEqual(self.told, [exchanges[:5]])
        self.assertEqual(self.posted(exchanges), [1, 1, 1, 1, 1, 0, 0])
        for exchange in exchanges[:5]:
            self.assertEqual((exchange.milestone, exchange.work_status), ("posted", "done"))
            self.assertEqual(exchange.result, {"posted": 1})
            self.assertEqual(self.attempt_states(exchange), ["succeeded"])
            self.assertEqual(self.actions_of(exchange), self.actions_of(alone))
        self.run_jobs()
        self.assertEqual(self.posted(exchanges), [1] * 7)
        self.assertEqual({len(exchange.attempt_ids) for exchange in exchanges}, {1})

    def test_one_that_fails_keeps_none_of_the_others(self):
        for fail_in in ("validate", "transform", "post"):
            with self.subTest(fail_in=fail_in):
                exchanges = self.wait(
                    {"amount": "1.00"},
                    {"amount": "2.00", "fail": "business", "fail_in": fail_in},
                    {"amount": "3.00"},
                )
                exchanges[0]._job_process()
                self.assertEqual(exchanges.mapped("work_status"), ["done", "exception", "done"])
                self.assertEqual(self.posted(exchanges), [1, 0, 1])
                self.assertEqual(
                    [self.attempt_states(exchange) for exchange in exchanges],
                    [["succeeded"], ["business"], ["succeeded"]],
                )
                self.assertEqual(self.exception_codes(exchanges[1]), ["mapping_missing"])

    def test_what_the_database_refuses_at_the_end_keeps_none_of_the_others(self):
        exchanges = self.wait({"amount": "1.00"}, {"amount": "2.00", "unstorable": True})
        with mute_logger(
            "odoo.sql_db", "odoo.addons.finance_connector_base.models.finance_exchange_state"
        ):
            exchanges[0]._job_process()
        self.assertEqual(exchanges.mapped("work_status"), ["done", "exception"])
        self.assertEqual(self.posted(exchanges), [1, 0])

    def test_one_that_ends_its_worker_is_tried_alone_from_then_on(self):
        exchanges = self.some(3)
        seen = []

        def dies(model, those, prepared):
            seen.append(those.mapped("work_status") + those.attempt_ids.mapped("state"))
            raise WorkerDied

        self.patch(self.handler, "_post_together", dies)
        # Not assertRaises, which undoes what was committed before.
        with suppress(WorkerDied):
            exchanges[0]._job_process()
        self.assertEqual(seen, [["running"] * 6])
        self.assertEqual(self.posted(exchanges), [0, 0, 0])
        for exchange in exchanges:
            exchange._job_process()
        self.assertEqual(len(seen), 1, "who lost a worker is worked on alone")
        self.assertEqual(self.posted(exchanges), [1, 1, 1])
        for exchange in exchanges:
            self.assertEqual(self.attempt_states(exchange), ["interrupted", "succeeded"])

    def test_only_what_is_here_for_real_and_for_the_first_time_is_taken_along(self):
        tried = self.process(self.inbound, {"amount": "1", "fail": "retryable"})
        tried._set_status("ready")
        other = self.some(1, interface=self.make_interface("dummy", self.connection))
        exchanges = self.some(2)
        exchanges[0]._job_process()
        self.assertEqual(self.told, [exchanges])
        self.assertEqual((tried | other).mapped("work_status"), ["ready", "ready"])
        waiting = self.some(2)
        tried._job_process()
        self.assertEqual(len(self.told), 1, "what failed before takes nobody along")
        self.assertEqual(waiting.mapped("work_status"), ["ready", "ready"])

    def test_shadow_proves_and_posts_nothing_together(self):
        exchanges = self.some(
            2, interface=self.make_interface("dummy", self.connection, mode="shadow")
        )
        exchanges[0]._job_process()
        self.assertEqual(exchanges.mapped("work_status"), ["done", "ready"])
        self.assertFalse(self.told)

    def test_what_came_in_shadow_is_posted_with_nobody(self):
        interface = self.make_interface("dummy", self.connection, mode="shadow")
        proven = self.some(1, interface=interface)
        interface._set_mode("live")
        real = self.some(2, interface=interface)
        proven._job_process()
        self.assertEqual(self.posted(proven), [0])
        self.assertEqual(real.mapped("work_status"), ["ready", "ready"])
        self.assertFalse(self.told)

    def test_what_another_worker_ended_meanwhile_is_not_done_again(self):
        exchanges = self.some(3)
        model = type(exchanges)
        original = model._checkpoint

        def checkpoint(those):
            original(those)
            if exchanges[1].work_status == "ready":
                # As if committed by whoever held its lock until now.
                exchanges[1]._set_status("cancelled", reason="By another worker")

        self.patch(model, "_checkpoint", checkpoint)
        exchanges[0]._job_process()
        self.assertEqual(self.told, [exchanges[0] | exchanges[2]])
        self.assertEqual(exchanges.mapped("work_status"), ["done", "cancelled", "done"])

    def test_interface_that_keeps_the_order_takes_one_after_the_other(self):
        interface = self.make_interface("dummy", self.connection, in_order=True)
        exchanges = self.some(2, interface=interface)
        exchanges[0]._job_process()
        self.assertEqual(exchanges.mapped("work_status"), ["done", "ready"])
        self.assertFalse(self.told)

    def test_what_another_worker_has_is_left_to_it(self):
        exchanges = self.some(3)
        with closing(db_connect(self.env.cr.dbname).cursor()) as elsewhere:
            elsewhere.execute(
                "SELECT pg_advisory_lock(%s, %s)", [LOCK_SPACES["run"], exchanges[1].id]
            )
            exchanges[0]._job_process()
        self.assertEqual(exchanges.mapped("work_status"), ["done", "ready", "done"])

    def test_locks_are_given_back_whatever_happened(self):
        self.some(2)[0]._job_process()
        with mute_logger("odoo.addons.finance_connector_base.models.finance_exchange_state"):
            self.wait({"amount": "1"}, {"amount": "2", "fail": "sql"})[0]._job_process()
        self.assertEqual(len(self.told), 2)
        self.env.cr.execute(
            "SELECT count(*) FROM pg_locks"
            " WHERE locktype = 'advisory' AND pid = pg_backend_pid() AND classid = %s",
            [LOCK_SPACES["run"]],
        )
        self.assertEqual(self.env.cr.fetchone(), (0,))
