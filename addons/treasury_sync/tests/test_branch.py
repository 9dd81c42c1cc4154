from odoo import Command
from odoo.exceptions import UserError
from odoo.tests import tagged

from .common import TreasuryCase


@tagged("post_install", "-at_install")
class TestBranch(TreasuryCase):
    """A branch's bill is paid from its parent's account by the parent, or not at all."""

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.branch = cls.env["res.company"].create(
            {"name": "Branch", "parent_id": cls.company_a.id}
        )
        # Odoo gives a branch what it needs of the parent's chart at the commit.
        cls.env.cr.precommit.run()
        cls.env.user.company_ids |= cls.branch
        for user in (cls.preparer, cls.approver, cls.second_approver):
            user.company_ids |= cls.branch
        cls.env = cls.env(
            context={
                **cls.env.context,
                "allowed_company_ids": [cls.company_a.id, cls.branch.id],
            }
        )

    def branch_bill(self, amount=100, **values):
        # Odoo takes the parent where both are switched on.
        bill = self.make_bill(amount, company=self.branch, company_id=self.branch.id, **values)
        self.assertEqual(bill.company_id, self.branch)
        return bill

    def run_for(self, **values):
        run = (
            super()
            .run_for(**values)
            .with_context(allowed_company_ids=[self.company_a.id, self.branch.id])
        )
        run.action_propose()
        return run

    def ordered(self, *bills):
        run = self.run_for()
        run.line_ids.selected = True
        self.assertEqual(run.line_ids.move_id, self.env["account.move"].union(*bills))
        order = self.env["treasury.payment.order"].browse(run.action_create_order()["res_id"])
        return order.with_user(self.preparer)

    def test_run_of_the_parent_pays_it_and_the_statement_of_the_parent_books_it(self):
        bill = self.branch_bill()
        order = self.ordered(bill)
        payment = order.payment_ids
        self.assertEqual((payment.company_id, payment.journal_id), (self.company_a, self.journal))
        self.assertEqual(payment.reconciled_bill_ids, bill)
        order.action_generate()
        self.assertEqual(bill.payment_state, "in_payment")
        self.approve(order, self.approver, self.second_approver)
        item = order._live()
        item._advance("transmitted", source="person", code="x")
        self.env["bank.statement.matcher"]._match(self.line(order, -100))
        self.assertEqual((item.state, order.state), ("booked", "booked"))
        self.assertEqual(bill.payment_state, "paid")

    def test_refused_it_is_open_in_the_branch_and_paid_again(self):
        bill = self.branch_bill()
        order = self.ordered(bill)
        order.action_generate()
        self.approve(order, self.approver, self.second_approver)
        order._live()._advance("transmitted", source="person", code="x")
        order._live()._advance("rejected", source="report", code="RJCT", reason="AC04")
        self.assertEqual((bill.payment_state, bill.amount_residual), ("not_paid", 100))
        action = order.with_context(
            allowed_company_ids=[self.company_a.id, self.branch.id]
        ).action_pay_again()
        run = self.env["treasury.payment.run"].browse(action["res_id"])
        self.assertEqual(run.line_ids.move_id, bill)

    def test_bills_of_both_of_one_vendor_are_one_payment(self):
        bills = self.branch_bill(100), self.make_bill(50)
        other = self.make_vendor("Other SARL", "FR1420041010050500013M02606")
        third = self.branch_bill(7, vendor=other)
        order = self.ordered(*bills, third)
        self.assertEqual(sorted(order.payment_ids.mapped("amount")), [7, 150])
        self.assertEqual(order.payment_ids.company_id, self.company_a)
        order.action_generate()
        for bill in (*bills, third):
            self.assertEqual(bill.payment_state, "in_payment")

    def test_branch_that_has_a_channel_pays_for_itself(self):
        journal = self.env["account.journal"].create(
            {"name": "Own", "code": "OWN", "type": "bank", "company_id": self.branch.id}
        )
        self.make_channel(company_id=self.branch.id, journal_id=journal.id)
        self.branch_bill()
        self.assertFalse(self.run_for().line_ids)

    def test_payment_that_odoo_made_in_the_branch_is_refused_at_the_first_step(self):
        bill = self.branch_bill()
        payment = (
            self.env["account.payment.register"]
            .with_user(self.preparer)
            .with_context(
                allowed_company_ids=[self.branch.id, self.company_a.id],
                active_model="account.move",
                active_ids=bill.ids,
            )
            .create({"journal_id": self.journal.id})
            ._create_payments()
        )
        self.assertEqual(payment.company_id, self.branch)
        self.assertEqual(bill.payment_state, "in_payment", "the parent's payments await the bank")
        with self.assertRaisesRegex(UserError, "branch Branch.*payment run of"):
            self.order(payments=payment)
        draft = self.order(50)
        with self.assertRaisesRegex(UserError, "branch Branch.*payment run of"):
            draft.payment_ids = [Command.link(payment.id)]
