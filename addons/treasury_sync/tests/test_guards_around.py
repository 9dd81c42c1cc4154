from odoo import Command
from odoo.exceptions import AccessError, UserError
from odoo.tests import new_test_user, tagged

from odoo.addons.finance_connector_base.tools.errors import BusinessError
from odoo.addons.treasury_sync.models.engine import as_engine

from .common import TreasuryCase


@tagged("post_install", "-at_install")
class TestGuardsAround(TreasuryCase):
    """Roads round the control that begin beside a payment order: before it, after it, or at what it is made of."""

    def refused(self, order, fate="rejected"):
        order._live()._advance("transmitted", source="person", code="x")
        order._live()._advance(fate, source="report", code="RJCT", reason="AC04")

    def payable(self, *moves):
        return (
            self.env["account.move"]
            .union(*moves)
            .line_ids.filtered(lambda line: line.account_type == "liability_payable")
        )

    # === BEFORE IT === #

    def test_payment_whose_bill_another_one_pays_is_not_paid(self):
        bill = self.make_bill(100)
        first = self.pay(bill, user=self.preparer)
        order = self.order(payments=first)
        self.payable(first.move_id).remove_move_reconcile()
        second = self.pay(bill, user=self.preparer)
        self.generated(payments=second)
        with self.assertRaisesRegex(UserError, f"pays {bill.name} no more"):
            order.action_generate()

    def test_payment_whose_bill_was_cancelled_is_not_paid(self):
        bills = self.make_bill(100) | self.make_bill(40)
        payment = self.pay(bills, user=self.preparer, group_payment=True)
        order = self.order(payments=payment)
        bills[0].button_draft()
        with self.assertRaisesRegex(UserError, "is not posted"):
            order.action_generate()
        bills[0].button_cancel()
        with self.assertRaisesRegex(UserError, f"pays {bills[0].name} no more"):
            order.action_generate()

    def test_payment_that_pays_its_bill_no_more_is_neither_approved_nor_sent(self):
        for approvals in (0, 2):
            bill = self.make_bill(100)
            order = self.generated(payments=self.pay(bill, user=self.preparer))
            self.approve(order, *(self.approver, self.second_approver)[:approvals])
            # As one does who untied them when the order was not generated yet, for all that they saw.
            as_engine(self.payable(bill)).remove_move_reconcile()
            with (
                self.subTest(approvals=approvals),
                self.assertRaisesRegex((BusinessError, UserError), f"pays {bill.name} no more"),
            ):
                if approvals:
                    order._check_before_sending(order._file()._content())
                else:
                    self.approve(order, self.approver)

    def test_payment_that_has_more_or_less_than_its_bills_is_paid(self):
        bills = self.make_bill(100) | self.make_bill(40)
        refund = self.make_bill(20, move_type="in_refund")
        for documents, amount in ((bills | refund, 50), (self.make_bill(10), 15)):
            payment = self.pay(documents, user=self.preparer, group_payment=True, amount=amount)
            self.assertEqual(self.generated(payments=payment)._live().amount, amount)

    def test_who_only_invoices_puts_nothing_into_an_order_and_takes_nothing_out(self):
        clerk = new_test_user(
            self.env,
            "clerk",
            groups="account.group_account_invoice",
            company_id=self.company_a.id,
            company_ids=[Command.set(self.company_a.ids)],
        )
        order = self.order(100)
        ordered, other = order.payment_ids, self.pay(self.make_bill(50))
        payments = self.env["account.payment"].with_user(clerk)
        values = {
            "amount": 5,
            "payment_type": "outbound",
            "partner_type": "supplier",
            "partner_id": self.vendor.id,
            "journal_id": self.journal.id,
        }
        for name, act in {
            "in": lambda: payments.browse(other.id).write({"treasury_order_id": order.id}),
            "out": lambda: payments.browse(ordered.id).write({"treasury_order_id": False}),
            "born in": lambda: payments.create({**values, "treasury_order_id": order.id}),
            "born in by default": lambda: payments.with_context(
                default_treasury_order_id=order.id
            ).create(values),
        }.items():
            with self.subTest(name), self.assertRaises(AccessError), self.env.cr.savepoint():
                act()
        self.assertEqual(order.payment_ids, ordered)
        # Payments that go into no order are the clerk's work, as ever.
        own = payments.create({**values, "treasury_order_id": False})
        own.action_post()
        own.action_draft()
        own.write({"memo": "Again", "treasury_order_id": False})
        own.action_post()
        self.assertEqual(own.state, "in_process")

    def test_approver_who_left_the_company_delegates_nothing_there(self):
        self.env["treasury.approval.delegation"].with_user(self.approver).create(
            {
                "company_id": self.company_a.id,
                "delegate_id": self.second_approver.id,
                "date_from": "2020-01-01",
                "date_to": "2099-01-01",
                "reason": "Holiday",
            }
        )
        self.env["treasury.approval.policy"].create(
            {
                "name": "One of them",
                "company_id": self.company_a.id,
                "approver_ids": [Command.set((self.approver | self.third_approver).ids)],
            }
        )
        order = self.generated(100)
        with self.env.cr.savepoint() as savepoint:
            self.approve(order, self.second_approver)
            self.assertEqual(order.approval_ids.principal_id, self.approver)
            savepoint.rollback()
        self.env.invalidate_all()
        self.approver.write(
            {
                "company_ids": [Command.set(self.company_b.ids)],
                "company_id": self.company_b.id,
            }
        )
        self.approve(order, self.second_approver)
        self.assertEqual(order.approval_ids.principal_id, self.second_approver)

    # === AFTER IT === #

    def test_reversal_of_what_was_refused_stays(self):
        bill = self.make_bill(100)
        order = self.approved(payments=self.pay(bill, user=self.preparer))
        payment = order._live().payment_id
        self.refused(order)
        reversal = payment.move_id.reversal_move_ids
        for act in (
            reversal.button_draft,
            reversal.button_cancel,
            lambda: reversal._reverse_moves(cancel=True),
            lambda: self.payable(reversal).remove_move_reconcile(),
        ):
            with self.assertRaises(UserError), self.env.cr.savepoint():
                act()
        self.assertEqual((reversal.state, bill.amount_residual), ("posted", 100))

    def test_vendor_that_was_paid_becomes_a_part_of_another(self):
        order = self.approved(100)
        holding = self.env["res.partner"].create({"name": "Holding", "is_company": True})
        with self.assertRaises(UserError), self.env.cr.savepoint():
            self.vendor.write({"parent_id": holding.id, "is_company": False})
        item = order._live()
        item._advance("transmitted", source="person", code="x")
        item._advance("booked", source="statement", code="x")
        self.vendor.write({"parent_id": holding.id, "is_company": False})
        self.assertEqual(item.payment_id.move_id.line_ids.partner_id, holding)
        self.assertEqual(item.partner_id, self.vendor)
        with self.assertRaises(UserError), self.env.cr.savepoint():
            self.payable(item.payment_id.move_id).write({"partner_id": False, "debit": 5})

    # === WHAT IT IS MADE OF === #

    def test_channel_of_an_order_stays_in_its_place(self):
        other = self.journal.copy({"code": "OTHR"})
        foreign = self.journals[self.company_b]
        moves = (
            {"journal_id": other.id},
            {"company_id": self.company_b.id, "journal_id": foreign.id},
            {"kind": "direct_debit", "file_format": "pain.008.001.08"},
        )
        self.order(100)
        self.channel.journal_id = other
        self.channel.journal_id = self.journal
        order = self.generated(70)
        place = (order.company_id, order.journal_id, order.kind)
        for values in moves:
            with (
                self.subTest(values),
                self.assertRaisesRegex(UserError, "make another channel"),
                self.env.cr.savepoint(),
            ):
                self.channel.write(values)
        self.env.invalidate_all()
        self.assertEqual((order.company_id, order.journal_id, order.kind), place)
        self.channel.write({"journal_id": self.journal.id, "name": "SEPA, renamed"})
        self.assertEqual(order.state, "to_approve")
