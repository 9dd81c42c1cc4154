from decimal import Decimal
from unittest.mock import patch

from odoo.tests import tagged

from odoo.addons.bank_statement_api.models import bank_statement_matcher_load

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

    def test_reference_counts_where_the_bank_sent_no_text(self):
        invoice = self.make_invoice(50)
        self.bring(self.file(("50.00", "")))
        line = self.lines()
        self.assertNotIn("remittance", line.transaction_details, "what was not said is not kept")
        line.transaction_details = {
            **line.transaction_details,
            "structured": [{"value": invoice.name}],
        }
        self.assertEqual(self.match(), 1)
        self.assertTrue(line.is_reconciled)

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
        self.assertEqual(exception.evidence["items"], [invoice.name])
        self.assertIn(f"Items: {invoice.name}", exception.evidence_text.split("\n"))

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
        self.assertEqual(self.lines().match_state, "no_evidence")
        self.assertFalse(self.lines().match_id.proposal_ids, "nor is it shown to anybody")

    def test_money_without_decimals_is_compared_in_its_own_units(self):
        yen = self.env.ref("base.JPY")
        yen.active = True
        invoice, other = (self.make_invoice(amount, currency=yen) for amount in (5000, 50))
        journal = self.make_journal(self.company_a, "CH9300762011623852957", yen, code="TJPY")
        lines = self.env["account.bank.statement.line"].create(
            [
                {"journal_id": journal.id, "date": DAY, "amount": 5000.0, "payment_ref": one.name}
                for one in (invoice, other)
            ]
        )
        self.assertEqual(self.env["bank.statement.matcher"]._match(lines), 1)
        self.assertEqual((invoice.amount_residual, other.amount_residual), (0, 50))

    def test_foreign_payment_matches_by_what_was_instructed(self):
        dollar = self.make_rate("USD", 1.25)
        invoice = self.make_invoice(125, currency=dollar)
        self.bring(self.file(("99.00", "x")))
        line = self.lines()
        line.write({"foreign_currency_id": dollar.id, "amount_currency": 125.0})
        details = {**line.transaction_details, "remittance": [invoice.name]}
        line.transaction_details = details
        self.assertEqual(self.match(), 1)
        self.assertEqual(invoice.amount_residual, 0)
        self.assertEqual(line.amount, 99.0, "the booked amount is the bank's")

    # === WHAT IS LOOKED AT === #

    def test_what_does_not_wait_is_not_decided_on(self):
        invoice = self.make_invoice(50)
        self.bring(self.file(("50.00", invoice.name), ("60.00", "x"), ("70.00", "y")))
        matched, draft, ignored = self.lines()
        draft.move_id.button_draft()
        ignored.with_user(self.operator).action_match_ignore("Test payment")
        self.assertEqual(self.match(), 1)
        self.assertFalse((draft | ignored).match_id)
        decision = matched.match_id
        self.assertEqual(self.match(), 0)
        self.assertEqual((matched.match_id, decision.state), (decision, "posted"))
        self.assertEqual(matched.match_state, "matched")

    def test_what_odoo_refuses_waits_in_odoos_words_and_stops_no_other(self):
        invoice, other = self.make_invoice(50), self.make_invoice(60)
        self.bring(self.file(("50.00", invoice.name), ("60.00", other.name)))
        line = self.lines()[0]
        # Odoo hashes nothing that is unreconciled: by the time it is posted, somebody may have.
        self.env.cr.execute(
            "UPDATE account_move SET inalterable_hash = '$4$x' WHERE id = %s", line.move_id.ids
        )
        self.env.invalidate_all()
        self.assertEqual(self.match(), 1)
        self.assertFalse(line.is_reconciled)
        self.assertEqual((line.match_state, line.match_reason_code), ("uncertain", "refused"))
        self.assertIn("locked journal entry", line.match_explanation)
        decision = line.match_id
        self.assertEqual((decision.outcome, decision.state), ("propose", "waiting"))
        self.assertFalse(decision.chosen_id)
        self.assertEqual(invoice.amount_residual, 50)

    def test_draft_with_the_same_reference_is_no_rival(self):
        invoice = self.make_invoice(50, reference="RF18539007547034")
        self.make_invoice(50, reference="RF18539007547034").button_draft()
        self.bring(self.file(("50.00", "RF18 5390 0754 7034")))
        # For few lines the indexes leave it out already, for many there is nothing else that does.
        with patch.object(bank_statement_matcher_load, "MANY", 0):
            self.assertEqual(self.match(), 1)
        self.assertEqual(invoice.amount_residual, 0)

    def test_number_that_the_customer_gave_an_invoice_is_none_of_ours(self):
        invoice = self.make_invoice(50)
        invoice.ref = "RF18539007547034"
        self.bring(self.file(("50.00", "RF18539007547034")))
        self.assertEqual(self.match(), 0)
        self.assertFalse(self.lines().match_evidence)

    def test_words_for_no_end_to_end_id_are_no_reference(self):
        self.make_invoice(50, reference="NOT PROVIDED")
        line = Line(DAY, Decimal("50.00"), "Thank you", "A", end_to_end_id="NOTPROVIDED")
        self.bring(self.file(line))
        self.assertEqual(self.match(), 0)
        self.assertFalse(self.lines().match_evidence)
        board = self.env["bank.statement.review"].with_user(self.operator)
        shown = board.get_line(self.lines().id)["texts"]
        self.assertEqual([text["field"] for text in shown], ["payment_ref"])

    def test_bank_account_itself_holds_no_candidates(self):
        """Where payments go straight to it, its items are open as Odoo counts."""
        bank = self.journal.default_account_id
        self.journal.inbound_payment_method_line_ids.payment_account_id = bank
        self.bring(self.file(("50.00", "x")))
        booked = self.lines()
        self.bring(self.file(("50.00", booked.move_id.name), opening=Decimal("150.00"), sequence=2))
        self.match()
        self.assertFalse(self.lines().match_id.proposal_ids)

    def test_payment_in_transit_is_settled_and_not_what_it_paid_with(self):
        partner = self.env["res.partner"].create({"name": "Customer"})
        payment = self.env["account.payment"].create(
            {
                "amount": 50,
                "partner_id": partner.id,
                "journal_id": self.journal.id,
                "company_id": self.company_a.id,
                "payment_type": "inbound",
            }
        )
        payment.action_post()
        transit, paid_with = payment.move_id.line_ids.sorted("balance", reverse=True)
        self.bring(self.file(("50.00", payment.name), ("-50.00", payment.name)))
        self.match()
        came, went = self.lines()
        self.assertTrue(came.is_reconciled or came.match_id.proposal_ids[0].item_ids == transit)
        self.assertNotIn(paid_with, (came | went).match_id.proposal_ids.item_ids)

    def test_item_of_a_branch_is_a_candidate_of_its_company(self):
        branch = self.env["res.company"].create(
            {"name": "Alder AG, Basel", "parent_id": self.company_a.id}
        )
        self.env["ir.default"].set(
            "res.partner",
            "property_account_receivable_id",
            self.make_invoice(1).line_ids.filtered("date_maturity").account_id.id,
            company_id=branch.id,
        )
        invoice = self.make_invoice(50, company=branch)
        self.assertEqual(invoice.company_id, branch)
        self.bring(self.file(("50.00", invoice.name)))
        self.assertEqual(self.match(), 1)
        self.assertEqual(invoice.amount_residual, 0)

    def test_party_is_who_the_company_knows_by_account_or_name(self):
        iban = "FR7630006000011234567890189"
        partner_model = self.env["res.partner"]
        ours = partner_model.create({"name": "Zimmermann", "company_id": self.company_a.id})
        contact = partner_model.create({"name": "Payroll", "parent_id": ours.id})
        theirs = partner_model.create({"name": "Zimmermann", "company_id": self.company_b.id})
        gone = partner_model.create({"name": "Zimmermann", "active": False})
        for owner in (contact, theirs):
            self.env["res.partner.bank"].create({"acc_number": iban, "partner_id": owner.id})
        self.bring(self.file(Line(DAY, Decimal("50.00"), "x", "A", name="Zimmermann", iban=iban)))
        matcher = self.env["bank.statement.matcher"]
        parties = matcher._parties(self.company_a, matcher._facts_of(self.lines()))
        self.assertEqual(parties.ibans, {iban: frozenset(ours.ids)})
        self.assertEqual(list(parties.names.values()), [frozenset(ours.ids)], [theirs, gone])

    def test_undo_restores_invoice_and_line(self):
        invoice = self.make_invoice(50)
        self.bring(self.file(("50.00", invoice.name)))
        self.match()
        self.lines().with_user(self.operator).action_undo_reconciliation()
        self.assertEqual(invoice.amount_residual, 50)
        self.assertFalse(self.lines().is_reconciled)
