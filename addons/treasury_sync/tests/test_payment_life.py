from odoo import fields
from odoo.tests import tagged

from .common import TreasuryCase


@tagged("post_install", "-at_install")
class TestPaymentLife(TreasuryCase):
    """How a payment travels in Community: docs/architecture.md, section 7."""

    def outstanding(self, payment):
        liquidity, _counterpart, _writeoff = payment._seek_for_lines()
        return liquidity

    def balance(self, account):
        lines = self.env["account.move.line"].search(
            [
                ("account_id", "=", account.id),
                ("company_id", "=", self.company_a.id),
                ("parent_state", "=", "posted"),
            ]
        )
        return sum(lines.mapped("balance"))

    def test_bill_is_paid_when_the_bank_booked_and_not_before(self):
        bill = self.make_bill(100)
        payment = self.pay(bill, user=self.preparer)
        self.assertEqual(payment.state, "in_process")
        self.assertEqual(bill.payment_state, "in_payment")
        self.assertFalse(bill.amount_residual, "reconciled with the entry: nobody can pay it again")
        self.settle(self.statement_line(-100), self.outstanding(payment))
        self.assertEqual(payment.state, "paid")
        self.assertEqual(bill.payment_state, "paid")

    def test_rejected_payment_leaves_the_bill_open_and_the_ledger_right(self):
        bills = self.make_bill(100) | self.make_bill(40)
        payment = self.pay(bills, group_payment=True)
        account = payment.outstanding_account_id
        before = self.balance(account)
        payment._reject(fields.Date.to_date("2026-11-28"), "AC04: account closed")
        self.assertEqual(payment.state, "rejected")
        self.assertEqual(bills.mapped("payment_state"), ["not_paid", "not_paid"])
        self.assertEqual(bills.mapped("amount_residual"), [100, 40])
        self.assertEqual(self.balance(account), before + 140)
        self.assertTrue(payment.move_id.reversal_move_ids, "reversed, not deleted")
        again = self.pay(bills, group_payment=True)
        self.assertEqual(again.amount, 140)

    def test_partial_payment_and_credit_note(self):
        bill = self.make_bill(100)
        first = self.pay(bill, amount=30)
        self.assertEqual(bill.payment_state, "partial")
        refund = self.make_bill(20, move_type="in_refund")
        rest = self.pay(bill | refund, group_payment=True)
        self.assertEqual(rest.amount, 50)
        self.assertEqual(bill.payment_state, "in_payment")
        self.settle(self.statement_line(-30), self.outstanding(first))
        self.assertEqual(bill.payment_state, "in_payment")
        self.settle(self.statement_line(-50), self.outstanding(rest))
        self.assertEqual(bill.payment_state, "paid")

    def test_customer_payment_waits_for_the_statement_as_well(self):
        invoice = self.make_invoice(70)
        payment = self.pay(invoice)
        self.assertEqual(invoice.payment_state, "in_payment")
        self.settle(self.statement_line(70), self.outstanding(payment))
        self.assertEqual(invoice.payment_state, "paid")

    def test_company_outside_of_the_suite_stays_as_odoo_made_it(self):
        self.company_b.payments_await_bank = False
        bill = self.make_bill(100, company=self.company_b)
        self.pay(bill, journal=self.journals[self.company_b])
        self.assertEqual(bill.payment_state, "paid")
        waiting = self.make_bill(100)
        self.pay(waiting)
        self.assertEqual(waiting.payment_state, "in_payment")

    def test_setting_also_holds_for_what_was_registered_before(self):
        bill = self.make_bill(100)
        self.pay(bill)
        self.company_a.payments_await_bank = False
        self.assertEqual(bill.payment_state, "paid")
        self.company_a.payments_await_bank = True
        self.assertEqual(bill.payment_state, "in_payment")
