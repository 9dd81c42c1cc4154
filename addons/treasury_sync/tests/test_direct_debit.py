from odoo import Command
from odoo.exceptions import AccessError, UserError
from odoo.tests import tagged

from odoo.addons.treasury_sync.tools import life

from .common import TreasuryCase

DEBTOR_IBAN = "FR1420041010050500013M02606"
CREDITOR_ID = "DE98ZZZ09999999999"


@tagged("post_install", "-at_install")
class TestDirectDebit(TreasuryCase):
    """Collections travel the road of payments, on the ground of a mandate."""

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.customer = cls.make_vendor("Debtor SARL", DEBTOR_IBAN, trusted=True)
        cls.mandate = cls.make_mandate("M-1")
        cls.debit_channel = cls.make_channel(
            name="SEPA Core",
            kind="direct_debit",
            file_format="pain.008.001.08",
            profile_code="sepa_dd_core",
            local_instrument="CORE",
            creditor_scheme_id=CREDITOR_ID,
        )

    @classmethod
    def make_mandate(cls, reference, **values):
        mandate = cls.env["treasury.mandate"].create(
            {
                "company_id": cls.company_a.id,
                "partner_id": cls.customer.id,
                "partner_bank_id": cls.customer.bank_ids.id,
                "reference": reference,
                "signed_on": "2026-01-05",
                **values,
            }
        )
        mandate.action_activate()
        return mandate

    def collection(self, *amounts):
        invoices = self.env["account.move"].union(
            *(
                self.make_bill(
                    amount, vendor=self.customer, move_type="out_invoice", partner_bank_id=False
                )
                for amount in amounts
            )
        )
        payments = self.env["account.payment"].union(
            *(self.pay(invoice, user=self.preparer) for invoice in invoices)
        )
        return invoices, self.order(payments=payments, channel=self.debit_channel)

    def test_collection_names_its_mandate_and_is_the_first_once(self):
        invoice, order = self.collection(100)
        order.action_generate()
        item = order._live()
        self.assertEqual(
            (item.mandate_ref, item.mandate_sequence, item.account_number),
            ("M-1", "FRST", DEBTOR_IBAN),
        )
        content = order._file()._content()
        for text in (b"<MndtId>M-1</MndtId>", b"FRST", CREDITOR_ID.encode(), b"2026-01-05"):
            self.assertIn(text, content)
        self.assertEqual(invoice.payment_state, "in_payment")
        _again, second = self.collection(20)
        second.action_generate()
        self.assertEqual(second._live().mandate_sequence, "RCUR")

    def test_refused_collection_of_no_invoice_is_corrected_as_one(self):
        _invoice, order = self.collection(100)
        invoiced = order.payment_ids
        advance = invoiced.copy({"amount": 30})
        advance.action_post()
        order.payment_ids |= advance
        order.action_generate()
        self.approve(order, self.approver, self.second_approver)
        order._live()._advance("transmitted", source="person", code="x")
        order._live()._advance("rejected", source="report", code="RJCT", reason="AM04")
        action = order.action_pay_again()
        run = self.env["treasury.payment.run"].browse(action["params"]["next"]["res_id"])
        self.assertEqual((run.collects, run.line_ids.amount), (True, 100))
        draft = advance.treasury_correction_ids
        self.assertEqual((draft.payment_type, draft.amount), ("inbound", 30))
        draft.action_post()
        again = draft.treasury_order_id.with_user(self.preparer)
        self.assertEqual(again.channel_id, self.debit_channel)
        again.action_generate()
        self.assertEqual(again._live().mandate_ref, "M-1")

    def test_bank_line_that_names_the_mandate_finds_its_collection(self):
        """Where a bank names nothing else: a proposal with its reason, as a mandate is used again and again."""
        _invoice, order = self.collection(100)
        order.action_generate()
        payment = order.payment_ids
        for mandate, expected in (("M-1", payment.outstanding_account_id), ("M-2", None)):
            with self.subTest(mandate):
                line = self.statement_line(90, payment_ref="LASTSCHRIFT")
                line.sudo().transaction_details = {"position": {}, "mandate_id": mandate}
                self.env["bank.statement.matcher"]._match(line)
                self.assertFalse(line.is_reconciled)
                proposal = line.match_id.proposal_ids[:1]
                if expected is None:
                    self.assertFalse(proposal)
                    continue
                self.assertEqual(proposal.item_ids.move_id, payment.move_id)
                self.assertEqual(proposal.item_ids.account_id, expected)
                self.assertTrue(any("mandate" in part["text"] for part in proposal.score_words))

    def test_run_proposes_what_is_due_of_customers_with_a_mandate(self):
        other = self.make_vendor("Nobody SARL", "FR7630006000011234567890189")
        due = [
            self.make_bill(
                amount,
                vendor=customer,
                move_type=move_type,
                partner_bank_id=False,
                due="2026-12-10",
            )
            for amount, customer, move_type in (
                (100, self.customer, "out_invoice"),
                (30, self.customer, "out_refund"),
                (70, other, "out_invoice"),
            )
        ]
        self.make_bill(5, vendor=self.customer, due="2026-12-01")
        self.make_bill(9, vendor=self.customer, move_type="out_invoice", due="2027-03-01")
        run = (
            self.env["treasury.payment.run"]
            .with_user(self.preparer)
            .create(
                {
                    "company_id": self.company_a.id,
                    "channel_id": self.debit_channel.id,
                    "currency_id": self.euro.id,
                    "pay_on": "2026-11-27",
                    "due_until": "2026-12-31",
                }
            )
        )
        run.action_propose()
        self.assertEqual(
            {(line.move_id, line.amount, line.selected) for line in run.line_ids},
            {(due[0], 100, True), (due[1], -30, True), (due[2], 70, False)},
        )
        self.assertIn("mandate", run.line_ids.filtered(lambda line: line.move_id == due[2]).remark)
        order = self.env["treasury.payment.order"].browse(run.action_create_order()["res_id"])
        self.assertEqual(order.payment_ids.mapped("amount"), [70])
        self.assertEqual(order.payment_ids.payment_type, "inbound")
        order.with_user(self.preparer).action_generate()
        self.assertEqual(order._live().mandate_ref, "M-1")
        self.assertEqual(due[0].payment_state, "in_payment")

    def test_fraud_rules_and_payees_are_about_money_that_leaves(self):
        bank = self.make_connection("nextgenpsd2", endpoint="https://bank.test", environment="test")
        self.debit_channel.write(
            {
                "interface_id": self.make_interface("payment_order", bank).id,
                "verify_payees": True,
            }
        )
        self.env["treasury.fraud.rule"].create(
            {"name": "First", "kind": "first_payment", "currency_id": self.euro.id}
        )
        _invoice, order = self.collection(100)
        order.action_generate()
        self.assertFalse(order.hold_ids)
        self.approve(order, self.approver, self.second_approver)
        self.assertTrue(order.exchange_id)

    def test_without_a_mandate_in_force_nothing_is_collected(self):
        _invoice, order = self.collection(100)
        self.mandate.action_end()
        with self.assertRaisesRegex(UserError, "mandate"):
            order.action_generate()

    def test_who_had_a_hand_in_a_mandate_approves_no_collection_by_it(self):
        """It says from whose account money is taken: who entered, corrected or put it in force leaves it to others."""
        self.mandate.action_end()
        for approver in (self.approver, self.second_approver, self.third_approver):
            approver.group_ids |= self.env.ref("treasury_sync.group_treasury_preparer")
        mandate = (
            self.mandate.with_user(self.approver)
            .with_context(default_editor_ids=[])
            .create(
                {
                    "company_id": self.company_a.id,
                    "partner_id": self.customer.id,
                    "partner_bank_id": self.customer.bank_ids.id,
                    "reference": "M-4",
                    "signed_on": "2026-01-05",
                    "editor_ids": [],
                }
            )
        )
        mandate.with_user(self.second_approver).signed_on = "2026-01-06"
        mandate.with_user(self.third_approver).action_activate()
        # Nobody washes their hands of it.
        mandate.with_user(self.approver).write({"editor_ids": [Command.clear()]})
        hands = self.approver | self.second_approver | self.third_approver
        self.assertEqual(mandate.editor_ids, hands)
        _invoice, order = self.collection(100)
        order.action_generate()
        self.assertEqual(order._live().mandate_id, mandate)
        for approver in hands:
            with self.subTest(approver.login), self.assertRaisesRegex(AccessError, "mandate"):
                self.approve(order, approver)
        self.assertFalse(order.approval_ids)
        self.assertEqual(order.missing_approvals, 2)

    def test_1_15_mandates_of_before_and_orders_that_wait_know_whose_hands_they_went_through(self):
        self.mandate.action_end()
        mandate = self.mandate.with_user(self.preparer).create(
            {
                "company_id": self.company_a.id,
                "partner_id": self.customer.id,
                "partner_bank_id": self.customer.bank_ids.id,
                "reference": "M-4",
                "signed_on": "2026-01-05",
            }
        )
        mandate.with_user(self.other_preparer).action_activate()
        _invoice, waiting = self.collection(100)
        _invoice, gone = self.collection(20)
        for order in (waiting, gone):
            order.action_generate()
        gone.action_cancel()
        self.env.flush_all()
        self.env.cr.execute("DELETE FROM treasury_mandate_editor_rel")
        self.env.cr.execute(
            "DELETE FROM treasury_order_excluded_user_rel WHERE user_id = %s",
            [self.other_preparer.id],
        )
        self.env.cr.execute(
            "UPDATE treasury_mandate SET write_uid = %s WHERE id = %s",
            [self.other_preparer.id, mandate.id],
        )
        for _time in range(2):
            self.migrate("treasury_sync", "19.0.1.15.0", "19.0.1.14.0")
            self.assertEqual(mandate.editor_ids, self.preparer | self.other_preparer)
            self.assertIn(self.other_preparer, waiting.excluded_user_ids)
            self.assertNotIn(self.other_preparer, gone.excluded_user_ids)

    def test_mandate_that_ends_stops_what_is_approved(self):
        _invoice, order = self.collection(100)
        order.action_generate()
        self.approve(order, self.approver, self.second_approver)
        self.mandate.action_end()
        with self.assertRaisesRegex(Exception, "mandate"):
            order._check_before_sending(order._file()._content())

    def test_what_was_signed_is_not_changed(self):
        with self.assertRaises(UserError):
            self.mandate.reference = "M-2"
        with self.assertRaises(UserError):
            self.mandate.state = "draft"
        with self.assertRaises(UserError):
            self.mandate.with_user(self.preparer).with_context(treasury_mandate_button=True).write(
                {"state": "draft"}
            )
        self.assertEqual(self.mandate.state, "active")

    def test_mandate_begins_as_a_draft(self):
        mandate = self.mandate.with_user(self.preparer).with_context(default_state="active")
        self.assertEqual(mandate.copy({"reference": "M-2"}).state, "draft")

    def test_one_off_mandate_is_used_once(self):
        self.mandate.action_end()
        self.make_mandate("M-9", kind="one_off")
        _invoice, order = self.collection(100)
        order.action_generate()
        self.assertEqual(order._live().mandate_sequence, "OOFF")
        _other, second = self.collection(20)
        with self.assertRaisesRegex(UserError, "mandate"):
            second.action_generate()

    def test_rejected_collection_leaves_the_invoice_open(self):
        invoice, order = self.collection(100)
        order.action_generate()
        self.approve(order, self.approver, self.second_approver)
        order._live()._advance(life.Fate.TRANSMITTED, source="person")
        order._live()._advance(life.Fate.REJECTED, source="report", code="RJCT", reason="AC04")
        self.assertEqual((invoice.payment_state, invoice.amount_residual), ("not_paid", 100))

    def test_collection_that_is_taken_back_opens_the_invoice_again(self):
        invoice, order = self.collection(100)
        order.action_generate()
        self.approve(order, self.approver, self.second_approver)
        order._live()._advance(life.Fate.TRANSMITTED, source="person")
        for amount in (100, -100):
            line = self.statement_line(amount)
            self.env.cr.execute(
                "UPDATE account_bank_statement_line SET end_to_end_id = %s WHERE id = %s",
                [order._live().end_to_end_id, line.id],
            )
            line.invalidate_recordset()
            self.env["bank.statement.matcher"]._match(line)
        self.assertEqual(order._live().state, "returned")
        self.assertEqual((invoice.payment_state, invoice.amount_residual), ("not_paid", 100))

    def test_money_out_does_not_go_into_a_collection(self):
        order = self.order(100, channel=self.debit_channel)
        with self.assertRaisesRegex(UserError, "goes out"):
            order.action_generate()
