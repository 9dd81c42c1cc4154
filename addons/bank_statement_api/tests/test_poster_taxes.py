from decimal import Decimal

from odoo import Command
from odoo.tests import tagged

from odoo.addons.bank_statement_api.tools.posting import Allocation, Proposal

from .common import DAY, StatementCase


@tagged("post_install", "-at_install")
class TestPosterTaxes(StatementCase):
    """What Odoo does with taxes when an invoice is paid: by a discount in time, and on the cash basis."""

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.tax = cls.env["account.tax"].search(
            [("type_tax_use", "=", "sale"), ("company_id", "=", cls.company_a.id)], limit=1
        )
        cls.partner = cls.env["res.partner"].create({"name": "Customer"})

    def taxed_invoice(self, **values):
        invoice = (
            self.env["account.move"]
            .with_company(self.company_a)
            .create(
                {
                    "move_type": "out_invoice",
                    "partner_id": self.partner.id,
                    "invoice_date": "2026-03-02",
                    "invoice_line_ids": [
                        Command.create(
                            {
                                "name": "Goods",
                                "price_unit": 100,
                                "tax_ids": [Command.set(self.tax.ids)],
                            }
                        )
                    ],
                    **values,
                }
            )
        )
        invoice.action_post()
        return invoice

    def line(self, amount, text):
        return self.env["account.bank.statement.line"].create(
            {"journal_id": self.journal.id, "date": DAY, "amount": amount, "payment_ref": text}
        )

    def item_of(self, invoice):
        return invoice.line_ids.filtered(lambda item: item.display_type == "payment_term")

    # === EARLY-PAYMENT DISCOUNT === #

    def term(self, computation):
        return self.env["account.payment.term"].create(
            {
                "name": f"2 % in 10 days, {computation}",
                "company_id": self.company_a.id,
                "early_discount": True,
                "discount_percentage": 2,
                "discount_days": 10,
                "early_pay_discount_computation": computation,
            }
        )

    def given(self, move):
        """What an entry books for the discount: everything but the money and what is owed."""
        return sorted(
            (
                item.account_id.id,
                item.balance,
                item.tax_ids.ids,
                item.tax_repartition_line_id.ids,
                item.tax_tag_ids.ids,
                item.partner_id.id,
            )
            for item in move.line_ids
            if item.account_id.account_type
            not in ("asset_cash", "asset_current", "asset_receivable")
        )

    def test_discount_in_time_is_booked_as_odoo_books_it(self):
        for computation in ("included", "excluded", "mixed"):
            with self.subTest(computation):
                term = self.term(computation)
                ours = self.taxed_invoice(invoice_payment_term_id=term.id)
                odoos = self.taxed_invoice(invoice_payment_term_id=term.id)
                item = self.item_of(ours)
                self.assertLess(item.discount_amount_currency, item.amount_residual_currency)
                line = self.line(item.discount_amount_currency, ours.name)
                self.env["bank.statement.matcher"]._match(line)
                if not line.is_reconciled:
                    proposal = line.match_id.proposal_ids.sorted("rank")[0]
                    self.assertEqual(proposal.difference_kind, "discount")
                    self.assertEqual(proposal.action_accept()["refused"], [])
                self.assertTrue(line.is_reconciled)
                self.assertEqual(ours.payment_state, "paid")
                payment = (
                    self.env["account.payment.register"]
                    .with_company(self.company_a)
                    .with_context(active_model="account.move", active_ids=odoos.ids)
                    .create({"journal_id": self.journal.id, "payment_date": DAY})
                    ._create_payments()
                )
                self.assertEqual(payment.amount, line.amount)
                self.assertEqual(self.given(line.move_id), self.given(payment.move_id))
                line.action_match_undo()
                self.assertEqual(ours.payment_state, "not_paid")
                self.assertEqual(item.amount_residual, item.balance)
                self.assertFalse(self.given(line.move_id))

    def test_discount_is_in_time_by_the_banks_own_day(self):
        """The entry may be of a later day, as where the period of the bank's is locked."""
        invoice = self.taxed_invoice(invoice_payment_term_id=self.term("included").id)
        line = self.line(self.item_of(invoice).discount_amount_currency, invoice.name)
        line.write({"date": "2026-03-30", "bank_booking_date": DAY})
        self.env["bank.statement.matcher"]._match(line)
        proposal = line.match_id.proposal_ids.sorted("rank")[0]
        self.assertEqual(proposal.difference_kind, "discount")

    def test_discount_too_late_is_a_part_payment(self):
        invoice = self.taxed_invoice(
            invoice_payment_term_id=self.term("included").id, invoice_date="2026-02-02"
        )
        line = self.line(self.item_of(invoice).discount_amount_currency, invoice.name)
        self.env["bank.statement.matcher"]._match(line)
        self.assertFalse(line.is_reconciled)
        proposal = line.match_id.proposal_ids.sorted("rank")[0]
        self.assertEqual(proposal.difference_kind, "short")

    # === CASH BASIS === #

    def test_tax_is_due_as_far_as_it_was_paid_and_taken_back_with_it(self):
        company = self.company_a
        company.tax_exigibility = True
        transition = self.env["account.account"].create(
            {
                "name": "Tax not due yet",
                "code": "TAXWAIT",
                "account_type": "liability_current",
                "reconcile": True,
                "company_ids": [Command.set(company.ids)],
            }
        )
        self.tax = self.tax.copy(
            {
                "name": "On payment",
                "tax_exigibility": "on_payment",
                "cash_basis_transition_account_id": transition.id,
            }
        )
        invoice = self.taxed_invoice()
        item = self.item_of(invoice)
        tax = invoice.amount_tax
        self.assertTrue(tax)
        first, second = (self.line(invoice.amount_total / 2, invoice.name) for _half in range(2))
        half = Decimal(str(invoice.amount_total)) / 2
        poster = self.env["bank.statement.poster"]
        for line, share in ((first, 0.5), (second, 1.0)):
            [outcome] = poster._reconcile([Proposal(line.id, (Allocation(item.id, half),))])
            self.assertIsNone(outcome.error)
            self.assertAlmostEqual(self.due_tax(invoice, transition), tax * share)
        self.assertEqual(invoice.payment_state, "paid")
        [outcome] = poster._undo(second)
        self.assertIsNone(outcome.error)
        self.assertAlmostEqual(self.due_tax(invoice, transition), tax / 2)
        self.assertEqual(invoice.payment_state, "partial")

    def due_tax(self, invoice, transition):
        """What the posted cash-basis entries took off the account of taxes that are not due yet."""
        return sum(
            self.env["account.move.line"]
            .search(
                [
                    ("account_id", "=", transition.id),
                    ("move_id", "!=", invoice.id),
                    ("parent_state", "=", "posted"),
                ]
            )
            .mapped("balance")
        )
