from lxml import etree

from odoo.exceptions import UserError, ValidationError
from odoo.tests import tagged

from .common import TreasuryCase


@tagged("post_install", "-at_install")
class TestOrder(TreasuryCase):
    """From payments to instructions and the exact bytes."""

    def test_generated_order_is_a_snapshot_in_a_file(self):
        order = self.generated(100, 40.5)
        self.assertEqual(order.state, "to_approve")
        content = order._file()._content()
        root = etree.fromstring(content)
        names = {"p": root.nsmap[None]}
        ids = root.xpath("//p:EndToEndId/text()", namespaces=names)
        self.assertEqual(ids, order.instruction_ids.sorted("sequence").mapped("end_to_end_id"))
        self.assertEqual(root.xpath("//p:CtrlSum/text()", namespaces=names)[0], "140.50")
        self.assertEqual(root.xpath("//p:MsgId/text()", namespaces=names), [order.message_ref])
        item = order.instruction_ids[0]
        self.assertEqual(item.beneficiary_name, "Vendor SARL")
        self.assertEqual(item.account_number, "FR7630006000011234567890189")
        self.assertEqual(item.town, "Paris")

    def test_regenerated_order_is_a_new_one_at_the_bank(self):
        order = self.generated(100)
        first = (order.message_ref, order.digest, order.instruction_ids.end_to_end_id)
        order.action_back_to_draft()
        self.assertEqual(order.instruction_ids.state, "cancelled")
        order.action_generate()
        second = (order.message_ref, order.digest, order._live().end_to_end_id)
        for before, after in zip(first, second, strict=True):
            self.assertNotEqual(before, after)
        self.assertEqual(len(order.instruction_ids), 2, "the first one stays as evidence")

    def test_payment_has_one_live_instruction(self):
        order = self.generated(100)
        payment = order.payment_ids
        with self.assertRaisesRegex(UserError, "order"):
            self.order(payments=payment)
        self.env.cr.execute(
            "SELECT indexdef FROM pg_indexes WHERE indexname = %s",
            ["treasury_payment_instruction_payment_uniq"],
        )
        self.assertIn("UNIQUE", self.env.cr.fetchone()[0])

    def test_payment_of_a_cancelled_order_is_free(self):
        order = self.generated(100)
        payment = order.payment_ids
        order.action_cancel()
        self.assertEqual(order.state, "cancelled")
        self.assertFalse(payment.treasury_order_id)
        again = self.order(payments=payment)
        again.action_generate()
        self.assertEqual(payment._live_instruction().order_id, again)

    def test_what_the_format_refuses_never_reaches_approval(self):
        order = self.order(100)
        self.vendor.bank_ids.acc_number = "12345678"
        with self.assertRaisesRegex(UserError, "IBAN"), self.env.cr.savepoint():
            order.action_generate()
        self.assertEqual(order.state, "draft")
        self.assertFalse(order.instruction_ids)

    def test_what_cannot_be_paid_is_named(self):
        invoice = self.make_invoice(10)
        inbound = self.pay(invoice, user=self.preparer)
        order = self.order(payments=inbound)
        with self.assertRaisesRegex(UserError, f"{inbound.name}.*comes in"):
            order.action_generate()
        empty = self.order(50)
        empty.payment_ids = [(5,)]
        with self.assertRaisesRegex(UserError, "no payments"):
            empty.action_generate()
        self.company_a.payments_await_bank = False
        with self.assertRaisesRegex(UserError, "Paid When the Bank Has Booked"):
            self.order(50).action_generate()

    def test_account_of_somebody_else_is_refused(self):
        order = self.order(100)
        other = self.make_vendor("Other SARL", "FR1420041010050500013M02606")
        order.payment_ids.partner_bank_id = other.bank_ids
        with self.assertRaisesRegex(UserError, "somebody else"):
            order.action_generate()

    def test_credit_note_and_several_bills_travel_as_one_payment(self):
        bills = self.make_bill(100) | self.make_bill(50)
        refund = self.make_bill(30, move_type="in_refund")
        payment = self.pay(bills | refund, user=self.preparer, group_payment=True)
        order = self.generated(payments=payment)
        self.assertEqual(order.instruction_ids.amount, 120)
        self.assertEqual(set(bills.mapped("payment_state")), {"in_payment"})

    def test_creditor_reference_of_the_only_bill_goes_structured(self):
        bill = self.make_bill(100, payment_reference="RF18 5390 0754 7034")
        order = self.generated(payments=self.pay(bill, user=self.preparer))
        self.assertEqual(order.instruction_ids.reference, "RF18539007547034")
        self.assertIn(b"<Ref>RF18539007547034</Ref>", order._file()._content())

    def test_file_of_what_was_taken_back_is_not_handed_out(self):
        order = self.generated(100)
        self.assertTrue(order._download()[1])
        for act in (order.action_back_to_draft, order.action_cancel):
            act()
            with self.assertRaisesRegex(UserError, "taken back"):
                order._download()

    def test_purpose_is_a_part_of_what_is_approved(self):
        payment = self.pay(self.make_bill(100), user=self.preparer)
        with self.assertRaisesRegex(ValidationError, "four capital letters"):
            payment.treasury_purpose = "tax"
        payment.treasury_purpose = "TAXS"
        order = self.generated(payments=payment)
        self.assertEqual(order._live().purpose, "TAXS")
        self.assertIn(b"<Purp><Cd>TAXS</Cd></Purp>", order._file()._content())
        with self.assertRaises(UserError):
            payment.with_user(self.preparer).treasury_purpose = "SALA"

    def test_file_is_encrypted_at_rest(self):
        order = self.generated(100)
        self.env.flush_all()
        self.env.cr.execute(
            "SELECT ciphertext FROM treasury_payment_file WHERE order_id = %s", [order.id]
        )
        self.assertNotIn(b"FR76", bytes(self.env.cr.fetchone()[0]))

    def test_many_payments_take_no_more_queries_than_a_few(self):
        self.generated(5)
        counts = []
        for number in (2, 9):
            order = self.order(*range(11, 11 + number))
            self.env.flush_all()
            self.env.invalidate_all()
            steps = []
            for step in (
                order.action_generate,
                lambda order=order: self.approve(order, self.approver, self.second_approver),
                lambda order=order: order._live()._advance("transmitted", source="person"),
            ):
                before = self.env.cr.sql_log_count
                step()
                self.env.flush_all()
                steps.append(self.env.cr.sql_log_count - before)
            counts.append(steps)
        few, many = counts
        for name, less, more in zip(("generated", "approved", "sent"), few, many, strict=True):
            self.assertLess(more - less, 7, name)
