from odoo.exceptions import AccessError, UserError
from odoo.tests import tagged

from .follow_common import FollowCase


@tagged("post_install", "-at_install")
class TestWhoReports(FollowCase):
    """An order's fate is told by the way it left, by a way that its channel names, or by a person: by nobody else."""

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.other_bank = cls.make_connection("folder", endpoint=str(cls.root), environment="test")
        cls.other_reports = cls.make_interface("payment_report", cls.other_bank)

    def assert_not_believed(self, order, *reports):
        """Nothing of what the other bank says moves anything, and it is told what, where and what to do."""
        before = (order.state, order._live().state, order.payment_ids.state)
        for report in reports:
            exchange = self.process(self.other_reports, report)
            exception = exchange.exception_ids
            self.assertEqual(exception.code, "payment_report_elsewhere")
            for name in (self.other_bank.name, order.name):
                self.assertIn(name, exception.summary)
            self.assertIn("payment channel", exception.next_step)
        self.assertEqual((order.state, order._live().state, order.payment_ids.state), before)
        self.assertFalse(order.news_ids.filtered(lambda item: item.source == "report"))
        return exchange

    def test_other_banks_connection_moves_nothing(self):
        order = self.sent(100)
        bill = order.payment_ids.reconciled_bill_ids
        self.assert_not_believed(order, self.report(order, "ACSC"), self.report(order, "RJCT"))
        self.assertFalse(bill.amount_residual, "it cannot be paid again")
        self.process(self.reports, self.report(order, "ACSC"))
        self.assertEqual(order._live().state, "executed")

    def test_other_bank_ends_no_doubt(self):
        order = self.in_doubt(100)
        self.assert_not_believed(order, self.report(order, "ACCP"), self.report(order, "RJCT"))
        self.assertEqual(order.exchange_id.work_status, "unknown")

    def test_connection_that_the_channel_names_is_believed_also_what_it_said_before(self):
        order = self.sent(100)
        exchange = self.assert_not_believed(order, self.report(order, "ACSC"))
        self.channel.report_connection_ids = self.other_bank
        exchange.exception_ids.with_user(self.operator).action_retry()
        exchange._job_process()
        self.assertEqual((exchange.work_status, order._live().state), ("done", "executed"))

    def test_way_it_left_by_counts_and_not_the_one_that_came_after(self):
        order = self.sent(100)
        self.channel.interface_id = self.make_interface("payment_order", self.other_bank)
        self.assert_not_believed(order, self.report(order, "RJCT"))
        self.process(self.reports, self.report(order, "RJCT"))
        self.assertEqual(order._live().state, "rejected")

    def test_carried_by_hand_the_connection_of_its_channel_is_believed(self):
        order = self.approved(100, channel=self.channel)
        order.with_user(self.preparer)._record_proof("by_hand", "Portal", b"receipt", "r.txt")
        self.assertEqual(order.exchange_id.work_status, "cancelled")
        self.assert_not_believed(order, self.report(order, "RJCT"))
        self.process(self.reports, self.report(order, "ACSC"))
        self.assertEqual(order._live().state, "executed")

    def test_carried_by_hand_without_an_interface_a_person_brings_the_answer(self):
        channel = self.make_channel(name="By hand")
        order = self.approved(100, channel=channel)
        order.with_user(self.preparer)._record_proof("by_hand", "Portal", b"receipt", "r.txt")
        self.assert_not_believed(order, self.report(order, "RJCT"))
        self.upload(self.report(order, "ACCP"), self.preparer)
        self.assertEqual(order._live().state, "acknowledged")
        channel.report_connection_ids = self.other_bank
        self.process(self.other_reports, self.report(order, "ACSC"))
        self.assertEqual(order._live().state, "executed")

    def test_who_neither_pays_nor_approves_brings_no_answer(self):
        order = self.sent(100)
        with self.assertRaises(AccessError):
            self.upload(self.report(order, "ACSC"), self.operator)

    def test_connection_of_another_company_cannot_be_named(self):
        theirs = self.make_connection("upload", company_id=self.company_b.id)
        with self.assertRaisesRegex(UserError, "company"):
            self.channel.report_connection_ids = theirs

    def test_preparers_and_approvers_do_not_name_connections(self):
        for user in (self.preparer, self.approver):
            with self.assertRaises(AccessError):
                self.channel.with_user(user).report_connection_ids = self.other_bank
