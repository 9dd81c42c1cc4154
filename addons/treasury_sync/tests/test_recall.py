from unittest.mock import patch

from odoo.exceptions import AccessError, UserError
from odoo.tests import tagged

from odoo.addons.finance_connector_base.tools.errors import RetryableError
from odoo.addons.queue_job.exception import RetryableJobError
from odoo.addons.treasury_sync.tools import life

from .test_follow import FollowCase


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
        adapter = self.registry["finance.adapter.folder"]
        answers = [RetryableError("Not now."), {"state": "accepted", "answer": "cancelled"}]
        with (
            patch.object(
                adapter,
                "_capabilities",
                frozenset({"recall_payments", "query_payments"}),
                create=True,
            ),
            patch.object(adapter, "_recall", side_effect=answers, create=True),
        ):
            recall = self.request(order)
            for user in (self.approver, self.second_approver):
                recall.with_user(user)._approve()
            self.assertFalse(recall.by_hand)
            with self.assertRaises(RetryableJobError):
                order.exchange_id._job_recall(recall.id)
            self.assertEqual(recall.state, "approved", "not now is not a no")
            order.exchange_id._job_recall(recall.id)
            self.assertEqual((recall.state, recall.answer), ("accepted", "cancelled"))
            self.assertEqual(order._live().state, "transmitted")
        order._live()._advance(life.Fate.REJECTED, source="query", code="CANC")
        self.assertEqual(order.payment_ids.state, "rejected")
