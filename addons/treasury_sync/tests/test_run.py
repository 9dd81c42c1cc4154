import base64
from unittest.mock import patch

from odoo.exceptions import AccessError, UserError, ValidationError
from odoo.tests import tagged

from .common import TreasuryCase


@tagged("post_install", "-at_install")
class TestRun(TreasuryCase):
    """A payment run proposes, a person decides; what people did by hand is recorded with its proof."""

    def make_term(self, *instalments, early_discount=False):
        """:param instalments: tuples of percents and days; a discount is of 2 % in 30 days"""
        return self.env["account.payment.term"].create(
            {
                "name": "Term",
                "early_discount": early_discount,
                "discount_percentage": 2,
                "discount_days": 30,
                "line_ids": [
                    (0, 0, {"value": "percent", "value_amount": share, "nb_days": days})
                    for share, days in instalments
                ],
            }
        )

    def fund(self, amount):
        line = self.statement_line(amount)
        self.assertTrue(line)

    def test_proposes_what_is_due_as_far_as_the_cash_goes(self):
        self.fund(160)
        bills = [
            self.make_bill(amount, due=f"2026-12-{day}")
            for amount, day in ((100, "01"), (90, "05"), (40, "10"))
        ]
        self.make_bill(10, due="2027-02-01")
        run = self.run_for()
        run.action_propose()
        self.assertEqual(run.line_ids.mapped("move_id.id"), [bill.id for bill in bills])
        self.assertEqual(run.line_ids.mapped("selected"), [True, False, True])
        self.assertIn("cash", run.line_ids[1].remark)
        self.assertEqual(run.selected_total, 140)

    def test_currency_is_that_of_the_account_unless_chosen(self):
        dollar = self.env.ref("base.USD")
        dollar.active = True
        journal = self.journal.copy({"name": "Dollars", "code": "USDX", "currency_id": dollar.id})
        channel = self.make_channel(name="Dollars", journal_id=journal.id)
        run = (
            self.env["treasury.payment.run"]
            .with_user(self.preparer)
            .create({"company_id": self.company_a.id, "channel_id": channel.id})
        )
        self.assertEqual(run.currency_id, dollar)
        run.channel_id = self.channel
        self.assertEqual(run.currency_id, self.euro)
        self.assertEqual(self.run_for(channel_id=channel.id).currency_id, self.euro)

    def test_account_that_is_not_trusted_is_not_proposed(self):
        self.fund(1000)
        vendor = self.make_vendor("New Ltd", "FR1420041010050500013M02606", trusted=False)
        self.make_bill(50, vendor=vendor)
        run = self.run_for()
        run.action_propose()
        self.assertFalse(run.line_ids.selected)
        self.assertIn("not trusted", run.line_ids.remark)

    def test_credit_note_is_taken_off_and_one_payment_goes_to_each_account(self):
        self.fund(1000)
        self.make_bill(100)
        self.make_bill(50)
        self.make_bill(30, move_type="in_refund")
        other = self.make_vendor("Other SARL", "FR1420041010050500013M02606")
        self.make_bill(70, vendor=other)
        run = self.run_for()
        run.action_propose()
        action = run.action_create_order()
        order = self.env["treasury.payment.order"].browse(action["res_id"])
        self.assertEqual(sorted(order.payment_ids.mapped("amount")), [70, 120])
        order.with_user(self.preparer).action_generate()
        self.assertEqual(order.state, "to_approve")

    def test_early_payment_discount_is_taken_and_booked(self):
        self.fund(1000)
        term = self.make_term((100, 90), early_discount=True)
        bill = self.make_bill(100, invoice_payment_term_id=term.id)
        run = self.run_for(due_until="2026-11-30")
        run.action_propose()
        self.assertEqual((run.line_ids.amount, run.line_ids.discount), (98, 2))
        order = self.env["treasury.payment.order"].browse(run.action_create_order()["res_id"])
        self.assertEqual(order.payment_ids.amount, 98)
        self.assertEqual(bill.payment_state, "in_payment")
        self.assertFalse(bill.amount_residual)

    def test_discount_that_is_not_wanted_is_not_taken(self):
        self.fund(1000)
        term = self.make_term((100, 31), early_discount=True)
        bill = self.make_bill(100, invoice_payment_term_id=term.id)
        later = self.make_term((100, 200), early_discount=True)
        self.make_bill(55, invoice_payment_term_id=later.id)
        run = self.run_for(take_discounts=False)
        run.action_propose()
        self.assertEqual(run.line_ids.move_id, bill, "what is not due is worth no discount either")
        self.assertEqual(run.selected_total, 100)
        order = self.env["treasury.payment.order"].browse(run.action_create_order()["res_id"])
        self.assertEqual(order.payment_ids.amount, 100)
        self.assertFalse(bill.amount_residual)

    def test_every_instalment_that_was_selected_is_paid_and_no_other(self):
        self.fund(1000)
        term = self.make_term((50, 30), (30, 45), (20, 90))
        bill = self.make_bill(100, invoice_payment_term_id=term.id)
        run = self.run_for()
        run.action_propose()
        self.assertEqual(run.line_ids.mapped("amount"), [50, 30])
        order = self.env["treasury.payment.order"].browse(run.action_create_order()["res_id"])
        self.assertEqual(order.amount_total, run.selected_total)
        self.assertEqual(order.payment_ids.mapped("amount"), [80])
        self.assertEqual(bill.amount_residual, 20)

    def test_many_vendors_are_paid_each_its_own_to_the_account_of_its_bills(self):
        self.fund(10000)
        term = self.make_term((100, 20), early_discount=True)
        other = self.make_vendor("Other SARL", "FR1420041010050500013M02606")
        second = self.env["res.partner.bank"].create(
            {
                "acc_number": "DE89370400440532013000",
                "partner_id": other.id,
                "allow_out_payment": True,
            }
        )
        third = self.make_vendor("Third SARL", "BE68539007547034")
        fourth = self.make_vendor("Fourth BV", "NL91ABNA0417164300")
        # The first one is overdue: Odoo would leave the next for another day.
        instalments = self.make_term((50, 10), (30, 45), (20, 90))
        part = self.make_bill(100, vendor=fourth, invoice_payment_term_id=instalments.id)
        bills = self.make_bill(100) | self.make_bill(50)
        bills |= self.make_bill(70, vendor=other)
        bills |= self.make_bill(30, vendor=other, partner_bank_id=second.id)
        bills |= self.make_bill(200, vendor=third, invoice_payment_term_id=term.id)
        run = self.run_for()
        run.action_propose()
        order = self.env["treasury.payment.order"].browse(run.action_create_order()["res_id"])
        paid = {
            (payment.partner_id, payment.partner_bank_id): payment.amount
            for payment in order.payment_ids
        }
        self.assertEqual(
            paid,
            {
                (self.vendor, self.vendor.bank_ids): 150,
                (other, other.bank_ids - second): 70,
                (other, second): 30,
                (third, third.bank_ids): 196,
                (fourth, fourth.bank_ids): 80,
            },
        )
        self.assertEqual(set(bills.mapped("payment_state")), {"in_payment"})
        self.assertFalse(sum(bills.mapped("amount_residual")))
        self.assertEqual(part.amount_residual, 20)

    def discounted_and_plain(self):
        """A run over two vendors that takes no discounts, one of whom offers one."""
        self.fund(1000)
        term = self.make_term((100, 31), early_discount=True)
        self.make_bill(100, invoice_payment_term_id=term.id)
        self.make_bill(70, vendor=self.make_vendor("Other SARL", "FR1420041010050500013M02606"))
        run = self.run_for(take_discounts=False)
        run.action_propose()
        self.assertEqual(run.selected_total, 170)
        return run

    def test_discount_that_is_not_wanted_is_not_taken_beside_other_vendors(self):
        run = self.discounted_and_plain()
        order = self.env["treasury.payment.order"].browse(run.action_create_order()["res_id"])
        self.assertEqual(sorted(order.payment_ids.mapped("amount")), [70, 100])

    def test_whatever_odoo_registers_only_what_was_looked_at_is_paid(self):
        run = self.discounted_and_plain()
        with (
            patch.object(
                self.registry["treasury.payment.run"], "_is_simple", lambda _run, _group: True
            ),
            self.assertRaisesRegex(UserError, "was proposed"),
        ):
            run.action_create_order()

    def test_bill_without_an_account_goes_to_the_first_one_of_its_vendor(self):
        self.fund(1000)
        self.make_bill(100)
        self.make_bill(50, partner_bank_id=False)
        self.make_bill(70, vendor=self.make_vendor("Other SARL", "FR1420041010050500013M02606"))
        run = self.run_for()
        run.action_propose()
        order = self.env["treasury.payment.order"].browse(run.action_create_order()["res_id"])
        to_vendor = order.payment_ids.filtered(lambda payment: payment.partner_id == self.vendor)
        self.assertEqual(to_vendor.mapped("amount"), [150], "one payment to one account")
        self.assertEqual(to_vendor.partner_bank_id, self.vendor.bank_ids)
        self.assertEqual(order.amount_total, 220)

    def test_bill_without_an_account_goes_where_the_list_says_also_beside_another_account(self):
        self.fund(1000)
        second = self.env["res.partner.bank"].create(
            {
                "acc_number": "FR1420041010050500013M02606",
                "partner_id": self.vendor.id,
                "allow_out_payment": True,
                "sequence": 99,
            }
        )
        self.make_bill(100, partner_bank_id=second.id)
        self.make_bill(50, partner_bank_id=False)
        self.make_bill(20)
        run = self.run_for()
        run.action_propose()
        order = self.env["treasury.payment.order"].browse(run.action_create_order()["res_id"])
        self.assertEqual(
            {payment.partner_bank_id: payment.amount for payment in order.payment_ids},
            {second: 100, self.vendor.bank_ids - second: 70},
        )
        order.with_user(self.preparer).action_generate()
        self.assertEqual(
            {item.account_number: item.amount for item in order._live()},
            {second.sanitized_acc_number: 100, "FR7630006000011234567890189": 70},
        )

    def test_credit_note_that_names_our_account_is_taken_off_what_the_vendor_gets(self):
        self.fund(1000)
        bill = self.make_bill(100)
        self.make_bill(30, vendor=self.make_vendor("Other SARL", "FR1420041010050500013M02606"))
        note = self.make_bill(40, move_type="in_refund")
        note.partner_bank_id = self.journal.bank_account_id
        run = self.run_for()
        run.action_propose()
        self.assertEqual(set(run.line_ids.mapped("selected")), {True})
        order = self.env["treasury.payment.order"].browse(run.action_create_order()["res_id"])
        self.assertEqual(sorted(order.payment_ids.mapped("amount")), [30, 60])
        self.assertEqual((bill.amount_residual, note.amount_residual), (0, 0))
        to_vendor = order.payment_ids.filtered(lambda payment: payment.partner_id == self.vendor)
        self.assertEqual(to_vendor.partner_bank_id, self.vendor.bank_ids)

    def test_method_that_needs_a_trusted_account_leaves_nobody_out_unsaid(self):
        self.fund(1000)
        other = self.make_vendor("Other SARL", "FR1420041010050500013M02606")
        third = self.make_vendor("Third SARL", "BE68539007547034")
        self.make_bill(70, vendor=other)
        self.make_bill(80, vendor=third)
        bill = self.make_bill(10)
        run = self.run_for()
        run.action_propose()
        third.bank_ids.sudo().allow_out_payment = False
        payment = self.registry["account.payment"]
        needed = patch.object(
            payment, "_get_method_codes_needing_bank_account", lambda _model: ["manual"]
        )
        with needed, self.assertRaises(UserError) as caught:
            run.action_create_order()
        self.assertIn("Third SARL", str(caught.exception))
        self.assertNotIn("Other SARL", str(caught.exception))
        self.assertEqual(bill.amount_residual, 10)

    def test_what_was_paid_since_it_was_looked_at_is_not_paid_again(self):
        self.fund(1000)
        for paid in (100, 30):
            with self.subTest(paid):
                bill, other = self.make_bill(100), self.make_bill(50)
                run = self.run_for()
                run.action_propose()
                self.pay(bill, amount=paid)
                with self.assertRaisesRegex(UserError, "Propose anew") as caught:
                    run.action_create_order()
                self.assertIn(bill.name, str(caught.exception))
                self.assertNotIn(other.name, str(caught.exception))
                self.assertEqual(other.amount_residual, 50)

    def test_credit_notes_that_are_more_than_what_is_owed_are_refused(self):
        self.fund(1000)
        self.make_bill(50)
        self.make_bill(80, move_type="in_refund")
        run = self.run_for()
        run.action_propose()
        run.line_ids.selected = True
        with self.assertRaisesRegex(UserError, "more than what is owed"):
            run.action_create_order()

    def test_blocked_bill_and_discount_that_has_passed_are_not_proposed(self):
        self.fund(1000)
        term = self.make_term((100, 200), early_discount=True)
        self.make_bill(100, invoice_payment_term_id=term.id)
        run = self.run_for(due_until="2026-11-30", pay_on="2026-12-20")
        run.action_propose()
        self.assertFalse(run.line_ids, "the discount ended, and nothing is due")
        blocked = self.make_bill(60)
        blocked.action_toggle_block_payment()
        run = self.run_for()
        run.action_propose()
        self.assertNotIn(blocked, run.line_ids.move_id)

    def test_discount_that_has_passed_is_not_taken_of_what_is_due(self):
        self.fund(1000)
        term = self.make_term((100, 31), early_discount=True)
        self.make_bill(100, invoice_payment_term_id=term.id)
        run = self.run_for(pay_on="2026-12-20")
        run.action_propose()
        self.assertEqual((run.line_ids.amount, run.line_ids.discount), (100, 0))

    def test_vendor_without_an_account_is_not_proposed(self):
        self.fund(1000)
        self.make_bill(50, partner_bank_id=False)
        self.vendor.bank_ids.unlink()
        run = self.run_for()
        run.action_propose()
        self.assertFalse(run.line_ids.selected)
        self.assertIn("has no bank account", run.line_ids.remark)

    def test_credit_note_is_taken_off_the_account_that_gets_most(self):
        self.fund(1000)
        accounts = self.env["res.partner.bank"].create(
            [
                {"acc_number": number, "partner_id": self.vendor.id, "allow_out_payment": True}
                for number in ("FR1420041010050500013M02606", "BE68539007547034")
            ]
        )
        for amount, account in zip((20, 100), accounts, strict=True):
            self.make_bill(amount, partner_bank_id=account.id)
        self.make_bill(40, move_type="in_refund")
        run = self.run_for()
        run.action_propose()
        order = self.env["treasury.payment.order"].browse(run.action_create_order()["res_id"])
        self.assertEqual(
            {payment.partner_bank_id: payment.amount for payment in order.payment_ids},
            dict(zip(accounts, (20, 60), strict=True)),
        )

    def test_foreign_currency_is_no_matter_of_the_accounts_cash(self):
        dollar = self.env.ref("base.USD")
        dollar.active = True
        other = self.make_vendor("Other SARL", "FR1420041010050500013M02606")
        self.make_bill(100, currency_id=dollar.id)
        self.make_bill(70, currency_id=dollar.id, vendor=other)
        run = self.run_for(currency_id=dollar.id)
        run.action_propose()
        self.assertEqual(set(run.line_ids.mapped("selected")), {True})
        order = self.env["treasury.payment.order"].browse(run.action_create_order()["res_id"])
        self.assertEqual(order.payment_ids.currency_id, dollar)
        self.assertEqual(sorted(order.payment_ids.mapped("amount")), [70, 100])

    def test_only_posted_bills_of_the_company_and_the_partners_are_proposed(self):
        self.fund(1000)
        wanted = self.make_bill(100)
        self.pay(self.make_bill(15))
        dollar = self.env.ref("base.USD")
        dollar.active = True
        self.make_bill(25, currency_id=dollar.id)
        self.make_bill(20).button_draft()
        other = self.make_vendor("Other SARL", "FR1420041010050500013M02606")
        self.make_bill(30, vendor=other)
        self.make_bill(40, company=self.company_b)
        self.preparer.company_ids |= self.company_b
        run = self.run_for(
            partner_ids=[(6, 0, self.vendor.ids)],
        )
        run.action_propose()
        self.assertEqual(run.line_ids.move_id, wanted)

    def test_credit_note_alone_is_nothing_to_pay(self):
        self.fund(1000)
        self.make_bill(40, move_type="in_refund")
        run = self.run_for()
        run.action_propose()
        self.assertFalse(run.line_ids)

    def test_cash_is_what_the_books_have_less_what_is_on_its_way(self):
        self.fund(160)
        payment = self.pay(self.make_bill(100))
        self.assertEqual(self.run_for().cash_available, 60)
        self.settle(self.statement_line(-100), payment._seek_for_lines()[0])
        self.assertEqual(self.run_for().cash_available, 60, "booked, it is not on its way")

    def test_purpose_of_the_vendor_is_proposed_and_can_be_changed(self):
        self.vendor.treasury_purpose = "SUPP"
        other = self.make_vendor("Office of Taxes", "FR1420041010050500013M02606")
        other.treasury_purpose = "TAXS"
        plain = self.make_vendor("Plain SARL", "DE02120300000000202051", country="DE")
        bills = [
            self.make_bill(100 + n, vendor=who) for n, who in enumerate((self.vendor, other, plain))
        ]
        run = self.run_for()
        run.action_propose()
        self.assertEqual(
            {line.move_id: line.purpose for line in run.line_ids},
            dict(zip(bills, ("SUPP", "TAXS", False), strict=True)),
        )
        run.line_ids.selected = True
        run.line_ids.filtered(lambda line: line.move_id == bills[1]).purpose = "VATX"
        order = self.env["treasury.payment.order"].browse(run.action_create_order()["res_id"])
        order.with_user(self.preparer).action_generate()
        self.assertEqual(
            {item.partner_id: item.purpose for item in order._live()},
            {self.vendor: "SUPP", other: "VATX", plain: False},
        )

    def test_one_payment_has_one_purpose(self):
        self.make_bill(10)
        self.make_bill(20)
        run = self.run_for()
        run.action_propose()
        run.line_ids.selected = True
        run.line_ids[0].purpose = "SUPP"
        with self.assertRaisesRegex(UserError, "one payment, which has one purpose"):
            run.action_create_order()

    def test_purpose_of_the_vendor_is_proposed_on_a_payment_and_never_put_over_another(self):
        self.vendor.treasury_purpose = "SUPP"
        part = self.env["res.partner"].create({"name": "Lyon", "parent_id": self.vendor.id})
        payment = self.pay(self.make_bill(100), user=self.preparer)
        self.assertEqual(payment.treasury_purpose, "SUPP")
        self.assertEqual(self.by_hand(5, part).treasury_purpose, "SUPP")
        payment.treasury_purpose = "RENT"
        self.vendor.treasury_purpose = "TAXS"
        self.assertEqual(payment.treasury_purpose, "RENT")
        invoice = self.make_bill(5, move_type="out_invoice", partner_bank_id=False)
        self.assertFalse(self.pay(invoice).treasury_purpose)
        with self.assertRaisesRegex(ValidationError, "four capital letters"):
            self.vendor.treasury_purpose = "supp"

    def test_only_preparers_run_payments(self):
        with self.assertRaises(AccessError):
            self.run_for(user=self.approver)

    def test_refused_payment_is_paid_again_as_a_new_one(self):
        self.fund(1000)
        order = self.approved(100)
        item = order._live()
        item._advance("transmitted", source="person", code="x")
        item._advance("rejected", source="report", code="RJCT", reason="AC04")
        action = order.with_user(self.preparer).action_pay_again()
        run = self.env["treasury.payment.run"].with_user(self.preparer).browse(action["res_id"])
        again = self.env["treasury.payment.order"].browse(run.action_create_order()["res_id"])
        again.with_user(self.preparer).action_generate()
        self.assertEqual(again._live().amount, 100)
        self.assertNotEqual(again._live().end_to_end_id, item.end_to_end_id)

    # === BY HAND === #

    def proof(self, order, user, kind="by_hand"):
        return (
            self.env["treasury.payment.proof"]
            .with_user(user)
            .create(
                {
                    "order_id": order.id,
                    "kind": kind,
                    "reference": "Portal 4711",
                    "proof": base64.b64encode(b"receipt"),
                }
            )
        )

    def test_transmitted_by_hand_with_proof(self):
        order = self.generated(100)
        with self.assertRaises(UserError):
            self.proof(order, self.preparer).action_confirm()
        self.approve(order, self.approver, self.second_approver)
        with self.assertRaisesRegex(UserError, "has no interface"):
            order.with_user(self.preparer).action_send()
        self.proof(order, self.preparer).action_confirm()
        self.assertEqual(order.state, "sent")
        for act in (order.action_back_to_draft, order.action_cancel):
            with self.assertRaisesRegex(UserError, "may be with the bank"):
                act()
        proof = order.file_ids.filtered(lambda item: item.role == "proof")
        for reader in (self.preparer, self.approver, self.auditor):
            url = proof.with_user(reader).action_download()["url"]
            self.assertEqual(url, f"/treasury_sync/proof/{proof.id}")
            self.assertEqual(proof.with_user(reader)._download(), (proof.filename, b"receipt"))
        for read in ("action_download", "_download"):
            with self.assertRaises(AccessError):
                getattr(proof.with_user(self.viewer), read)()
        self.assertEqual(order._live().news_ids[-1].source, "person")
        with self.assertRaises(UserError):
            self.proof(order, self.preparer).action_confirm()

    def test_word_on_what_has_not_left_is_refused(self):
        order = self.approved(100)
        with self.assertRaisesRegex(UserError, "no doubt"):
            self.proof(order, self.approver, "bank_has_not").action_confirm()
        with self.assertRaises(AccessError):
            self.proof(order, self.preparer, "bank_has_not").action_confirm()

    def test_who_prepared_it_does_not_say_what_the_bank_has_as_an_approver_either(self):
        order = self.approved(100)
        self.preparer.group_ids |= self.env.ref("treasury_sync.group_treasury_approver")
        for kind in ("bank_has_it", "bank_has_not"):
            with self.assertRaisesRegex(AccessError, "others say"):
                self.proof(order, self.preparer, kind).action_confirm()
