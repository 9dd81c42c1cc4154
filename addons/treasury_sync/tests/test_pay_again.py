from unittest.mock import patch

from odoo import Command
from odoo.exceptions import UserError
from odoo.tests import tagged

from .follow_common import FollowCase


@tagged("post_install", "-at_install")
class TestPayAgain(FollowCase):
    """What is open again is paid anew, and nothing else with it; what is under way is not paid at all."""

    def setUp(self):
        super().setUp()
        entry = self.env["account.move"].create(
            {
                "move_type": "entry",
                "journal_id": self.journal.id,
                "date": "2026-11-01",
                "line_ids": [
                    Command.create({"account_id": account.id, "balance": balance})
                    for account, balance in (
                        (self.journal.default_account_id, 10000),
                        (self.journal.suspense_account_id, -10000),
                    )
                ],
            }
        )
        entry.action_post()

    def refused(self, order, fate="rejected", reason="AC04: the account is closed"):
        items = order._live()
        items._advance("transmitted", source="person", code="x")
        items._advance(fate, source="report", code="RJCT", reason=reason)

    def proposed(self, run):
        return [(line.move_id, line.selected, line.remark or "") for line in run.line_ids]

    def again(self, order):
        action = order.with_user(self.preparer).action_pay_again()
        return self.env["treasury.payment.run"].with_user(self.preparer).browse(action["res_id"])

    def test_only_what_was_refused_is_paid_again(self):
        bill, later = self.make_bill(100, due="2027-06-30"), self.make_bill(70)
        order = self.approved(payments=self.pay(bill, user=self.preparer))
        self.refused(order)
        run = self.again(order)
        self.assertEqual(
            self.proposed(run),
            [(bill, True, "Not executed before: AC04: the account is closed")],
        )
        self.assertEqual(later.payment_state, "not_paid")
        again = self.env["treasury.payment.order"].browse(run.action_create_order()["res_id"])
        with self.assertRaisesRegex(UserError, "paid, or under way, again"):
            order.with_user(self.preparer).action_pay_again()
        exception = self.exceptions(order)
        self.assertEqual(exception.state, "open")
        self.assertEqual(order.exception_count, 1)
        self.assertIn("AC04", order.exception_text)
        self.assertEqual(
            order.exception_text, f"{exception.summary.rstrip('.')}. {exception.next_step}"
        )
        action = order.with_user(self.viewer).action_open_exceptions()
        self.assertEqual(exception.search(action["domain"]), exception)
        again.with_user(self.preparer).action_generate()
        self.approve(again, self.approver, self.second_approver)
        self.assertEqual(exception.state, "open", "nothing has left")
        again._live()._advance("transmitted", source="person", code="x")
        self.assertEqual(exception.state, "resolved")
        self.assertIn(again.name, exception.resolution)
        order.invalidate_recordset(["exception_count"])
        self.assertFalse(order.exception_count)

    def test_paid_again_in_part_it_is_looked_after(self):
        bills = self.make_bill(100) | self.make_bill(70)
        order = self.approved(payments=self.pay(bills, user=self.preparer, group_payment=True))
        self.refused(order)
        again = self.approved(payments=self.pay(bills[0], user=self.preparer))
        again._live()._advance("transmitted", source="person", code="x")
        self.assertEqual(self.exceptions(order).state, "open")

    def test_who_owns_the_channel_looks_after_what_a_person_carried(self):
        channel = self.make_channel(owner_id=self.manager.id)
        order = self.approved(100, channel=channel)
        self.refused(order)
        self.assertEqual(self.exceptions(order).owner_id, self.manager)

    def exceptions(self, order):
        return self.env["finance.exception"].search(
            [("code", "=", "payment_rejected"), ("res_id", "=", order.id)]
        )

    def test_bill_that_was_tied_by_hand_is_found_as_well(self):
        bill = self.make_bill(100)
        payment = self.by_hand(100)
        owed = (bill | payment.move_id).line_ids.filtered(
            lambda line: line.account_type == "liability_payable"
        )
        owed.reconcile()
        order = self.approved(payments=payment)
        self.refused(order)
        self.assertEqual(self.again(order).line_ids.move_id, bill)

    def test_run_does_not_select_what_the_bank_refused_until_the_account_is_another(self):
        bill = self.make_bill(100)
        self.refused(self.approved(payments=self.pay(bill, user=self.preparer)))
        run = self.run_for()
        run.action_propose()
        self.assertEqual(
            self.proposed(run),
            [(bill, False, "Not executed before: AC04: the account is closed")],
        )
        account = self.vendor.bank_ids
        account.acc_number = "FR1420041010050500013M02606"
        account.allow_out_payment = True
        run.action_propose()
        self.assertEqual(self.proposed(run), [(bill, True, "")])

    def test_bill_that_is_to_be_paid_another_way_is_not_selected(self):
        cash = self.env["account.journal"].create(
            {"name": "Cash", "code": "CSHX", "type": "cash", "company_id": self.company_a.id}
        )
        own = self.journal.outbound_payment_method_line_ids[:1]
        bills = [
            self.make_bill(10, preferred_payment_method_line_id=line.id)
            for line in (cash.outbound_payment_method_line_ids[:1], own)
        ]
        run = self.run_for()
        run.action_propose()
        self.assertEqual(
            sorted(line.selected for line in run.line_ids.filtered("selected")), [True]
        )
        remarks = {line.move_id: line.remark or "" for line in run.line_ids}
        self.assertIn("to be paid by", remarks[bills[0]])
        self.assertEqual(remarks[bills[1]], "")

    def test_discount_is_open_again_with_its_bill(self):
        term = self.env["account.payment.term"].create(
            {
                "name": "2 % within 30 days",
                "early_discount": True,
                "discount_percentage": 2,
                "discount_days": 30,
                "line_ids": [
                    Command.create({"value": "percent", "value_amount": 100, "nb_days": 60})
                ],
            }
        )
        for booked, fate in ((False, "rejected"), (False, "returned"), (True, "returned")):
            with self.subTest(fate, booked=booked):
                bill = self.make_bill(1000, due=False, invoice_payment_term_id=term.id)
                payment = self.pay(bill, user=self.preparer)
                self.assertEqual((payment.amount, bill.payment_state), (980, "in_payment"))
                order = self.approved(payments=payment)
                if booked:
                    order._live()._advance("transmitted", source="person", code="x")
                    self.settle(self.statement_line(-980), payment._seek_for_lines()[0])
                    self.assertEqual((order.state, bill.payment_state), ("booked", "paid"))
                    order._live()._advance(fate, source="statement", code="x")
                else:
                    self.refused(order, fate)
                self.assertEqual((bill.payment_state, bill.amount_residual), ("not_paid", 1000))
                run = self.again(order)
                self.assertEqual((run.line_ids.amount, run.line_ids.discount), (980, 20))

    def test_branch_does_not_pay_what_is_under_way_at_its_parent(self):
        branch = self.env["res.company"].create({"name": "Branch", "parent_id": self.company_a.id})
        self.env.user.company_ids |= branch
        bill = self.make_bill(100)
        self.generated(payments=self.pay(bill, user=self.preparer))
        register = (
            self.env["account.payment.register"]
            .with_company(branch)
            .with_context(
                allowed_company_ids=[branch.id, self.company_a.id],
                active_model="account.move",
                active_ids=bill.ids,
            )
        )
        with self.assertRaisesRegex(UserError, "nothing left to pay"):
            register.create({})
        run = self.run_for()
        run.action_propose()
        self.assertFalse(run.line_ids)

    # === DRAFTS OF EARLIER RELEASES === #

    def drafted(self, *statuses):
        """An order that the bank reported in part, and was made a draft all the same, as by earlier releases."""
        order = self.approved(100, 50, channel=self.make_channel())
        self.upload(self.report(order, *statuses), self.approver)
        orders = self.registry["treasury.payment.order"]
        with patch.object(orders, "_told_in_part", lambda self: ""):
            order.with_user(self.preparer).action_back_to_draft()
        return order.with_user(self.preparer)

    def test_draft_that_the_bank_has_in_part_is_not_generated_once_more(self):
        for status in ("ACCP", "RJCT"):
            with self.subTest(status):
                order = self.drafted(status)
                self.assertIn("then cancel it", order.waits_for)
                with self.assertRaisesRegex(UserError, "1 of the 2 payments.*cancel the order"):
                    order.action_generate()

    def test_cancelled_it_keeps_what_the_bank_has_and_frees_the_rest(self):
        order = self.drafted("ACCP")
        kept, free = order.payment_ids.sorted("id")
        conflicts = [("code", "=", "payment_status_conflict"), ("res_id", "=", order.id)]
        before = self.env["finance.exception"].search_count(conflicts)
        order.action_cancel()
        self.assertEqual((order.state, order.payment_ids), ("acknowledged", kept))
        self.assertFalse(free.treasury_order_id)
        self.assertEqual(self.env["finance.exception"].search_count(conflicts), before)
        self.upload(self.report(order, "ACSC").replace(b">R1<", b">R2<"), self.approver)
        self.assertEqual(order.state, "executed")
        with self.assertRaises(UserError):
            order.action_cancel()
        self.assertNotIn("cancel", order.waits_for)
        again = self.generated(payments=free, channel=order.channel_id)
        self.assertEqual(again._live().amount, 50)
