import contextlib
from unittest.mock import patch

import psycopg2

from odoo.exceptions import AccessError, UserError
from odoo.tests import tagged
from odoo.tools import mute_logger

from odoo.addons.finance_connector_base.tools.errors import RetryableError, UnknownOutcomeError
from odoo.addons.queue_job.exception import RetryableJobError
from odoo.addons.treasury_sync.tools import life

from .follow_common import FollowCase


@tagged("post_install", "-at_install")
class TestRecall(FollowCase):
    """A recall is a request that two others approve; only the bank's word changes what became of a payment."""

    def request(self, order, items=None):
        wizard = (
            self.env["treasury.recall.request"]
            .with_user(self.preparer)
            .create({"order_id": order.id, "reason": "DUPL"})
        )
        if items:
            wizard.instruction_ids = items
        return self.env["treasury.payment.recall"].browse(wizard.action_request()["res_id"])

    @contextlib.contextmanager
    def channel_recalls(self, **options):
        """A channel whose call can recall and tell the status; yields the call."""
        adapter = self.registry["finance.adapter.folder"]
        able = frozenset({"recall_payments", "query_payments"})
        with (
            patch.object(adapter, "_capabilities", able, create=True),
            patch.object(adapter, "_recall", create=True, **options) as called,
        ):
            yield called

    def test_two_others_approve_and_a_person_carries_it(self):
        order = self.sent(100, 50)
        recall = self.request(order, order._live()[0])
        with self.assertRaises(AccessError):
            recall.with_user(self.preparer)._approve()
        recall.with_user(self.approver)._approve()
        with self.assertRaises(UserError):
            recall.with_user(self.approver)._approve()
        self.assertEqual(recall.state, "requested")
        recall.with_user(self.second_approver)._approve()
        self.assertEqual((recall.state, recall.by_hand), ("approved", True))
        recall.with_user(self.approver).action_accepted()
        self.assertEqual(recall.state, "accepted")
        self.assertEqual(set(order._live().mapped("state")), {"transmitted"}, "a word is no money")

    def test_approver_who_asked_for_it_does_not_approve_it(self):
        order = self.sent(100)
        recall = (
            self.env["treasury.payment.recall"]
            .with_user(self.approver)
            ._request(order.with_user(self.approver), order._live(), "FRAD", "")
        )
        with self.assertRaisesRegex(AccessError, "others approve"):
            recall._approve()

    def test_the_button_asks_for_the_password_first(self):
        order = self.generated(100)
        recall = self.request(self.sent(70))
        for record in (order, recall):
            with self.subTest(record._name), self.assertRaisesRegex(UserError, "HTTP"):
                record.with_user(self.approver).action_approve()

    def test_one_recall_of_an_order_at_a_time(self):
        order = self.sent(100)
        recall = self.request(order)
        with (
            mute_logger("odoo.sql_db"),
            self.assertRaises(psycopg2.errors.UniqueViolation),
            self.env.cr.savepoint(),
        ):
            self.request(order)
        recall.with_user(self.preparer).action_withdraw()
        self.env.flush_all()
        self.assertTrue(self.request(order))

    def test_what_a_person_took_to_the_bank_no_channel_recalls(self):
        with self.channel_recalls() as called:
            order = self.approved(100, channel=self.channel)
            order.with_user(self.preparer)._record_proof("by_hand", "Portal", b"x", "receipt.txt")
            recall = self.request(order)
            for user in (self.approver, self.second_approver):
                recall.with_user(user)._approve()
            self.assertTrue(recall.by_hand, "the interface never brought it")
            recall.with_user(self.approver).action_refused()
        self.assertFalse(called.called)

    def test_only_what_is_with_the_bank(self):
        order = self.generated(100, channel=self.channel)
        with self.assertRaises(UserError):
            order.action_recall()
        with self.assertRaises(UserError):
            self.env["treasury.payment.recall"].with_user(self.preparer)._request(
                order, order._live(), "DUPL", ""
            )

    def test_nobody_writes_it(self):
        recall = self.request(self.sent(100))
        for act in (
            lambda: recall.sudo().write({"state": "accepted"}),
            lambda: recall.sudo().unlink(),
            lambda: recall.sudo().copy(),
        ):
            with self.assertRaises(AccessError), self.env.cr.savepoint():
                act()

    def test_channel_carries_it_and_the_banks_word_decides(self):
        order = self.sent(100)
        answers = [
            RetryableError("Not now."),
            UnknownOutcomeError("The line was cut."),
            {"state": "accepted", "answer": "cancelled"},
        ]
        with self.channel_recalls(side_effect=answers):
            recall = self.request(order)
            for user in (self.approver, self.second_approver):
                recall.with_user(user)._approve()
            self.assertFalse(recall.by_hand)
            for _no_answer in range(2):
                with self.assertRaises(RetryableJobError):
                    order.exchange_id._job_recall(recall.id)
                self.assertEqual(recall.state, "approved", "neither not now nor silence is a no")
            order.exchange_id._job_recall(recall.id)
            self.assertEqual((recall.state, recall.answer), ("accepted", "cancelled"))
            self.assertEqual(order._live().state, "transmitted")
        order._live()._advance(life.Fate.REJECTED, source="query", code="CANC")
        self.assertEqual(order.payment_ids.state, "rejected")

    def test_restored_database_recalls_nothing_until_recovery_mode_ends(self):
        order = self.sent(100)
        environment = self.env["finance.environment"]
        answer = {"state": "accepted", "answer": "cancelled"}
        with self.channel_recalls(return_value=answer) as called:
            recall = self.request(order)
            for user in (self.approver, self.second_approver):
                recall.with_user(user)._approve()
            with (
                patch.object(type(environment), "_recovery_mode", return_value=True),
                self.assertRaises(RetryableJobError),
            ):
                order.exchange_id._job_recall(recall.id)
            called.assert_not_called()
            self.assertEqual(recall.state, "approved", "it waits")
            order.exchange_id._job_recall(recall.id)
            called.assert_called_once()

    def test_only_who_may_asks_answers_and_withdraws(self):
        order = self.sent(100)
        recalls = self.env["treasury.payment.recall"]
        with self.assertRaises(AccessError):
            recalls.with_user(self.viewer)._request(
                order.with_user(self.viewer), order._live(), "DUPL", ""
            )
        recall = self.request(order)
        with self.assertRaises(AccessError):
            recall.with_user(self.viewer).action_withdraw()
        with self.assertRaisesRegex(UserError, "To Approve"):
            recall.with_user(self.approver).action_accepted()
        for user in (self.approver, self.second_approver):
            recall.with_user(user)._approve()
        with self.assertRaises(AccessError):
            recall.with_user(self.preparer).action_accepted()
        recall.with_user(self.approver).action_refused()
        for act in (
            recall.with_user(self.preparer).action_withdraw,
            recall.with_user(self.approver).action_accepted,
            recall.with_user(self.third_approver)._approve,
        ):
            with self.assertRaisesRegex(UserError, "Refused"):
                act()

    def test_payments_of_another_order_are_not_recalled_with_it(self):
        order, other = self.sent(100), self.sent(70)
        with self.assertRaisesRegex(UserError, "nothing to recall"):
            self.request(order, other._live())
        recall = self.request(order, order._live() | other._live())
        self.assertEqual(recall.instruction_ids, order._live())

    def test_call_of_a_channel_is_for_a_whole_order_and_brings_its_answer(self):
        with self.channel_recalls() as called:
            order = self.sent(100, 50)
            self.assertTrue(self.request(order, order._live()[0]).by_hand, "a part of it")
            order = self.sent(70)
            recall = self.request(order)
            self.assertFalse(recall.by_hand)
            for user in (self.approver, self.second_approver):
                recall.with_user(user)._approve()
            with self.assertRaisesRegex(UserError, "brings the bank's answer"):
                recall.with_user(self.approver).action_accepted()
            recall.with_user(self.preparer).action_withdraw()
            order.exchange_id._job_recall(recall.id)
            self.assertFalse(called.called, "withdrawn before it left")

    def test_deputies_and_strangers_are_no_second_person(self):
        recall = self.request(self.sent(100))
        stranger = self.make_user("stranger", "approver", self.company_b)
        for user in (self.other_preparer, self.viewer, stranger):
            with self.assertRaises(AccessError):
                recall.with_user(user)._approve()
        self.assertFalse(recall.approver_ids)

    # === THE DATABASE === #

    def sql(self, query, *parameters):
        self.env.flush_all()
        with mute_logger("odoo.sql_db"), self.env.cr.savepoint():
            self.env.cr.execute(query, parameters)
        self.env.invalidate_all()

    def insert(self, recall, user, **values):
        row = {
            "recall_id": recall.id,
            "company_id": recall.company_id.id,
            "digest": recall.digest or None,
            "user_id": user.id,
            "requested_by_id": recall.requested_by_id.id,
            **values,
        }
        columns = ", ".join(row)
        self.sql(
            f"INSERT INTO treasury_payment_recall_approval ({columns}, approved_at)"
            f" VALUES ({', '.join(['%s'] * len(row))}, now())",
            *row.values(),
        )

    def test_database_refuses_what_the_button_refuses(self):
        self.channel.recall_format = "camt.055.001.08"
        recall, other = self.request(self.sent(100)), self.request(self.sent(70))
        forged = psycopg2.errors.InsufficientPrivilege
        for error, user, values in (
            (psycopg2.errors.CheckViolation, self.preparer, {}),
            (forged, self.preparer, {"requested_by_id": self.approver.id}),
            (forged, self.approver, {"digest": other.digest}),
            (forged, self.approver, {"digest": None}),
            (forged, self.approver, {"recall_id": other.id}),
        ):
            with self.subTest(values), self.assertRaises(error):
                self.insert(recall, user, **values)
        self.insert(recall, self.approver)
        with self.assertRaises(psycopg2.errors.UniqueViolation):
            self.insert(recall, self.approver)
        recall.with_user(self.preparer).action_withdraw()
        with self.assertRaises(forged):
            self.insert(recall, self.second_approver)

    def test_approval_is_never_changed_or_deleted(self):
        recall = self.request(self.sent(100))
        recall.with_user(self.approver)._approve()
        for query in (
            "UPDATE treasury_payment_recall_approval SET user_id = %s",
            "UPDATE treasury_payment_recall_approval SET recall_id = NULL WHERE user_id <> %s",
            "DELETE FROM treasury_payment_recall_approval WHERE user_id <> %s",
        ):
            with self.assertRaises(psycopg2.errors.InsufficientPrivilege):
                self.sql(query, self.second_approver.id)
        with self.assertRaises(AccessError):
            recall.approval_ids.sudo().unlink()

    def test_recall_that_counts_as_approved_and_is_not_never_reaches_the_bank(self):
        recall = self.request(self.sent(100))
        recall.with_user(self.approver)._approve()
        self.sql("UPDATE treasury_payment_recall SET state = 'approved' WHERE id = %s", recall.id)
        with patch.object(
            self.registry["finance.adapter.folder"], "_recall", create=True
        ) as called:
            recall.order_id.exchange_id._job_recall(recall.id)
        self.assertFalse(called.called)
        told = self.env["finance.exception"].search([("code", "=", "payment_not_approved")])
        self.assertIn(recall.order_id.name, told.mapped("summary")[0])

    def test_approval_of_the_recalls_file_is_for_no_other_file(self):
        self.channel.recall_format = "camt.055.001.08"
        recall = self.request(self.sent(100))
        for user in (self.approver, self.second_approver):
            recall.with_user(user)._approve()
        self.sql("UPDATE treasury_payment_recall SET digest = repeat('a', 64)")
        self.assertFalse(recall.approver_ids)
        with self.assertRaisesRegex(UserError, "have not approved"):
            recall.with_user(self.preparer).action_download()
        recall.exchange_id._job_send()
        self.assertEqual(recall.work_status, "exception")
        self.assertEqual(recall.exchange_id.exception_ids.code, "payment_not_approved")
