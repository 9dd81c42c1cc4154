from psycopg2.errors import UniqueViolation

from odoo.exceptions import UserError
from odoo.tests import tagged
from odoo.tools import mute_logger

from .common import TreasuryCase


@tagged("post_install", "-at_install")
class TestCorrect(TreasuryCase):
    """What paid no bill and was refused is corrected once, as a new payment of a new order."""

    def by_hand(self, amount, **values):
        payment = super().by_hand(amount)
        if values:
            payment.action_draft()
            payment.write(values)
            payment.action_post()
        return payment

    def refused(self, payments, fate="rejected"):
        order = self.approved(payments=payments)
        order._live()._advance("transmitted", source="person", code="x")
        order._live()._advance(fate, source="report", code="RJCT", reason="AC04: closed")
        return order.with_user(self.preparer)

    def correct(self, order, user=None):
        """:return: the order that the button opens"""
        action = order.with_user(user or self.preparer).action_pay_again()
        self.assertEqual(action["res_model"], "treasury.payment.order")
        return self.env["treasury.payment.order"].with_user(self.preparer).browse(action["res_id"])

    def exception(self, order):
        return self.env["finance.exception"].search([("res_id", "=", order.id)], limit=1)

    def test_refused_or_returned_it_is_a_draft_with_the_same_data(self):
        for fate in ("rejected", "returned"):
            with self.subTest(fate):
                payment = self.by_hand(100, memo="Deposit 7", treasury_purpose="DEPT")
                order = self.refused(payment, fate)
                again = self.correct(order)
                draft = again.payment_ids
                self.assertEqual((again.state, draft.state), ("draft", "draft"))
                self.assertEqual(draft.treasury_corrects_id, payment)
                self.assertEqual(payment.treasury_correction_ids, draft)
                for name in (
                    "amount",
                    "currency_id",
                    "destination_account_id",
                    "journal_id",
                    "memo",
                    "partner_bank_id",
                    "partner_id",
                    "partner_type",
                    "payment_method_line_id",
                    "payment_type",
                    "treasury_purpose",
                ):
                    self.assertEqual(draft[name], payment[name], name)

    def test_corrected_and_sent_nobody_has_to_look_after_it(self):
        order = self.refused(self.by_hand(100))
        exception = self.exception(order)
        again = self.correct(order)
        again.payment_ids.amount = 90
        with self.assertRaisesRegex(UserError, "confirm it first"):
            again.action_generate()
        again.payment_ids.action_post()
        again.action_generate()
        self.approve(again, self.approver, self.second_approver)
        self.assertEqual(exception.state, "open", "nothing has left")
        again._live()._advance("transmitted", source="person", code="x")
        self.assertEqual(exception.state, "resolved")

    def test_what_was_more_than_its_bills_is_a_draft_beside_them(self):
        bills = self.make_bill(100) | self.make_bill(40)
        documents = bills | self.make_bill(20, move_type="in_refund")
        for amount, surplus in ((150, 30), (120, 0), (90, 0)):
            payment = self.pay(documents, user=self.preparer, group_payment=True, amount=amount)
            order = self.refused(payment)
            with self.subTest(amount), self.env.cr.savepoint() as savepoint:
                action = order.action_pay_again()
                run = action if "params" not in action else action["params"]["next"]
                run = self.env["treasury.payment.run"].browse(run["res_id"])
                self.assertEqual(sum(run.line_ids.mapped("amount")), 120)
                draft = payment.treasury_correction_ids
                self.assertEqual(draft.amount, surplus)
                self.assertFalse(draft.invoice_ids)
                run.line_ids.selected = True
                run.with_user(self.preparer).action_create_order()
                # The bills are paid: what is left is the same draft.
                self.assertFalse(sum(documents.mapped("amount_residual")))
                if surplus:
                    self.assertEqual(self.correct(order), draft.treasury_order_id)
                savepoint.rollback()
            self.env.invalidate_all()

    def test_surplus_in_another_currency_is_nobodys_guess(self):
        dollar = self.env.ref("base.USD")
        dollar.active = True
        bill = self.make_bill(100, currency_id=dollar.id)
        order = self.refused(
            self.pay(bill, user=self.preparer, currency_id=self.euro.id, amount=500)
        )
        # Nor does a run in the payment's currency have the bill.
        with self.assertRaisesRegex(
            UserError, f"{bill.name}.* is open again.* register its payment"
        ):
            order.action_pay_again()
        self.assertFalse(order.instruction_ids.payment_id.treasury_correction_ids)
        self.pay(bill, user=self.preparer)
        with self.assertRaisesRegex(UserError, "paid, or under way, again"):
            order.action_pay_again()

    def test_who_asks_again_is_shown_the_same(self):
        order = self.refused(self.by_hand(100))
        again = self.correct(order)
        self.assertEqual(self.correct(order, self.other_preparer), again)
        again.payment_ids.action_post()
        again.action_generate()
        with self.assertRaisesRegex(UserError, "paid, or under way, again"):
            order.action_pay_again()
        self.approve(again, self.approver, self.second_approver)
        again._live()._advance("transmitted", source="person", code="x")
        again._live()._advance("rejected", source="report", code="RJCT", reason="AC04")
        # What was refused twice is corrected where it was refused last: from both, it would be paid twice.
        with self.assertRaisesRegex(UserError, "paid, or under way, again"):
            order.action_pay_again()
        self.assertEqual(
            self.correct(again).payment_ids.treasury_corrects_id, again._live().payment_id
        )

    def test_given_up_it_is_made_anew_and_never_twice(self):
        order = self.refused(self.by_hand(100))
        given_up = self.correct(order).payment_ids
        given_up.action_cancel()
        again = self.correct(order).payment_ids
        self.assertNotEqual(again, given_up)
        with mute_logger("odoo.sql_db"), self.assertRaises(UniqueViolation):
            given_up.action_draft()
            self.env.flush_all()

    def test_nobody_writes_what_a_payment_is_in_place_of(self):
        order = self.refused(self.by_hand(100))
        payments = self.env["account.payment"].with_user(self.preparer)
        refused = order._live().payment_id
        other = payments.with_context(default_treasury_corrects_id=refused.id).create(
            {
                "payment_type": "outbound",
                "partner_type": "supplier",
                "partner_id": self.vendor.id,
                "partner_bank_id": self.vendor.bank_ids.id,
                "amount": 1,
                "journal_id": self.journal.id,
                "treasury_corrects_id": refused.id,
            }
        )
        self.assertFalse(other.treasury_corrects_id)
        other.treasury_corrects_id = refused
        self.assertFalse(other.treasury_corrects_id)
        again = self.correct(order).payment_ids
        again.treasury_corrects_id = False
        self.assertEqual(again.treasury_corrects_id, refused)
        self.assertFalse(again.copy().treasury_corrects_id)

    def test_who_presses_the_button_does_not_approve_it(self):
        self.other_preparer.group_ids |= self.env.ref("treasury_sync.group_treasury_approver")
        order = self.refused(self.by_hand(100))
        again = self.correct(order, self.other_preparer)
        again.payment_ids.action_post()
        again.action_generate()
        self.assertIn(self.other_preparer, again.excluded_user_ids)

    def test_bills_go_into_a_run_and_the_rest_into_an_order(self):
        bills = self.make_bill(100) | self.make_bill(40)
        refund = self.make_bill(20, move_type="in_refund")
        payments = self.pay(bills | refund, user=self.preparer, group_payment=True)
        order = self.refused(payments | self.by_hand(7))
        action = order.action_pay_again()
        run = self.env["treasury.payment.run"].browse(action["params"]["next"]["res_id"])
        self.assertEqual(sum(run.line_ids.mapped("amount")), 120)
        draft = order._live().payment_id.treasury_correction_ids
        self.assertEqual(draft.amount, 7)
        self.assertIn(draft.treasury_order_id.name, action["params"]["message"])
