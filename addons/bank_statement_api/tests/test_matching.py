from decimal import Decimal

from odoo.tests import tagged

from .camt_writer import Line
from .common import DAY, StatementCase


@tagged("post_install", "-at_install")
class TestMatching(StatementCase):
    """Only a reference we issued, in the same currency, for the same amount and found once, reconciles by itself."""

    def test_certain_payment_is_reconciled_and_explained(self):
        invoice = self.make_invoice(50)
        self.bring(self.file(("50.00", f"Thank you for {invoice.name}, regards")))
        self.assertEqual(self.match(), 1)
        line = self.lines()
        self.assertTrue(line.is_reconciled)
        self.assertEqual(line.match_state, "matched")
        self.assertIn(invoice.name, line.match_explanation)
        self.assertIn(invoice.payment_state, ("paid", "in_payment"))
        self.assertEqual(invoice.amount_residual, 0)

    def test_matching_twice_changes_nothing(self):
        invoice = self.make_invoice(50)
        self.bring(self.file(("50.00", invoice.name)))
        self.env["bank.statement.matcher"]._job_match(self.journal.id, self.lines().ids)
        self.env["bank.statement.matcher"]._job_match(self.journal.id, self.lines().ids)
        self.assertEqual(len(invoice.line_ids.matched_credit_ids), 1)

    def test_other_amount_waits_for_a_person_with_the_evidence(self):
        invoice = self.make_invoice(50)
        self.bring(self.file(("49.00", invoice.name)))
        self.assertEqual(self.match(), 0)
        line = self.lines()
        self.assertFalse(line.is_reconciled)
        self.assertEqual(line.match_state, "uncertain")
        exception = self.env["finance.exception"].search(
            [("res_model", "=", line._name), ("res_id", "=", line.id)]
        )
        self.assertEqual(exception.code, "match_amount_differs")
        self.assertEqual(exception.evidence["items"], line.match_evidence["items"])

    def test_same_figure_in_another_currency_is_no_match(self):
        dollar = self.env.ref("base.USD")
        dollar.active = True
        invoice = self.make_invoice(50, currency=dollar)
        self.bring(self.file(("50.00", invoice.name)))
        self.assertEqual(self.match(), 0)
        self.assertEqual(invoice.amount_residual, 50)
        self.assertIn(
            "match_currency_differs", self.env["finance.exception"].search([]).mapped("code")
        )

    def test_two_candidates_are_ambiguous(self):
        first = self.make_invoice(50, reference="ORDER-4711")
        self.make_invoice(50, reference="ORDER 4711")
        self.bring(self.file(("50.00", "ORDER-4711")))
        self.assertEqual(self.match(), 0)
        self.assertEqual(first.amount_residual, 50)
        self.assertEqual(self.lines().match_state, "uncertain")

    def test_valid_checksum_that_was_not_issued_is_no_match(self):
        self.make_invoice(50)
        self.bring(self.file(("50.00", "RF18539007547034")))
        self.assertEqual(self.match(), 0)
        self.assertEqual(self.lines().match_state, "no_evidence")

    def test_second_payment_of_one_invoice_is_not_matched_again(self):
        invoice = self.make_invoice(50)
        entries = [
            Line(DAY, Decimal("50.00"), invoice.name, reference=reference)
            for reference in ("A", "B")
        ]
        self.bring(self.file(*entries))
        self.assertEqual(self.match(), 1)
        self.assertEqual(len(self.lines().filtered("is_reconciled")), 1)

    def test_invoice_of_another_company_is_no_candidate(self):
        invoice = self.make_invoice(50, company=self.company_b, reference="SHARED-REF-1")
        self.bring(self.file(("50.00", "SHARED-REF-1")))
        self.assertEqual(self.match(), 0)
        self.assertEqual(invoice.amount_residual, 50)

    def test_foreign_payment_matches_by_what_was_instructed(self):
        dollar = self.make_dollar(1.25)
        invoice = self.make_invoice(125, currency=dollar)
        self.bring(self.file(("99.00", "x")))
        line = self.lines()
        line.write({"foreign_currency_id": dollar.id, "amount_currency": 125.0})
        details = {**line.transaction_details, "remittance": [invoice.name]}
        line.transaction_details = details
        self.assertEqual(self.match(), 1)
        self.assertEqual(invoice.amount_residual, 0)
        self.assertEqual(line.amount, 99.0, "the booked amount is the bank's")

    def test_undo_restores_invoice_and_line(self):
        invoice = self.make_invoice(50)
        self.bring(self.file(("50.00", invoice.name)))
        self.match()
        self.lines().with_user(self.operator).action_undo_reconciliation()
        self.assertEqual(invoice.amount_residual, 50)
        self.assertFalse(self.lines().is_reconciled)
