from decimal import Decimal

from odoo import Command
from odoo.exceptions import UserError
from odoo.tests import tagged

from .camt_writer import Line
from .common import DAY, StatementCase

IBAN_OF_PAYER = "FR7630006000011234567890189"


@tagged("post_install", "-at_install")
class TestMatchLesson(StatementCase):
    """What people decide alike becomes a lesson, which does nothing before a person accepts it."""

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.expense = cls.env["account.account"].search(
            [("account_type", "=", "expense"), ("company_ids", "in", cls.company_a.ids)], limit=1
        )
        cls.lesson_model = cls.env["bank.statement.match.lesson"]

    def waiting(self, *lines, **kwargs):
        """Bring lines and let the engine look at them; as the operator sees them."""
        self.bring(self.file(*lines, **kwargs))
        self.match()
        return self.lines().with_user(self.operator)

    def accepted(self, *invoices, sequence=1):
        """Lines of one account that were accepted as part payments of invoices."""
        before = self.lines()
        self.waiting(
            *(
                Line(DAY, Decimal("1.00"), invoice.name, reference=f"L{sequence}{number}")
                for number, invoice in enumerate(invoices)
            ),
            opening=Decimal(100 + len(before)),
            sequence=sequence,
        )
        lines = (self.lines() - before).with_user(self.operator)
        lines.sudo().account_number = IBAN_OF_PAYER
        for line in lines:
            self.assertTrue(line.match_id.proposal_ids[0].action_accept()["accepted"])
        return lines

    def lessons(self, kind):
        return self.lesson_model.search([("kind", "=", kind)]).with_user(self.operator)

    def known(self, company=None):
        """Whom the engine takes for the owner of the account."""
        matcher = self.env["bank.statement.matcher"]
        facts = matcher._facts_of(self.lines().filtered("account_number"))
        return matcher._parties(company or self.company_a, facts).ibans

    def test_account_is_learned_from_people_once_they_accept_it(self):
        invoices = [self.make_invoice(80) for _ in range(3)]
        partner = invoices[0].partner_id
        for invoice in invoices[1:]:
            invoice.button_draft()
            invoice.partner_id = partner
            invoice.action_post()
        iban = "FR7630006000011234567890189"
        lines = self.waiting(
            *(
                Line(DAY, Decimal("50.00"), invoice.name, reference=f"L{number}")
                for number, invoice in enumerate(invoices[:2])
            )
        )
        lines.sudo().account_number = iban
        for line in lines:
            line.match_id.proposal_ids[0].action_accept()
        lesson = self.env["bank.statement.match.lesson"].search([("kind", "=", "iban_partner")])
        self.assertEqual((lesson.state, lesson.times, lesson.partner_id), ("proposed", 2, partner))
        self.assertEqual(lesson.line_ids, lines)
        matcher = self.env["bank.statement.matcher"]
        known = matcher._parties(self.company_a, matcher._facts_of(lines)).ibans
        self.assertFalse(known)
        lesson.with_user(self.operator).action_accept()
        known = matcher._parties(self.company_a, matcher._facts_of(lines)).ibans
        self.assertEqual(known, {iban: frozenset(partner.ids)})
        lesson.with_user(self.operator).action_refuse()
        self.assertFalse(matcher._parties(self.company_a, matcher._facts_of(lines)).ibans)

    def test_habit_of_paying_several_items_is_learned_once_people_accept_it(self):
        partner = self.env["res.partner"].create({"name": "Customer"})
        # No other selection of them adds up to what one of the lines brings.
        amounts = ((31, 23), (47, 19), (53, 11))
        for both in amounts:
            for invoice in [self.make_invoice(amount) for amount in both]:
                invoice.button_draft()
                invoice.partner_id = partner
                invoice.action_post()
        lines = self.waiting(
            *(
                Line(DAY, Decimal(sum(both)), "Our payment", reference=f"S{number}")
                for number, both in enumerate(amounts)
            )
        )
        lines.sudo().partner_id = partner
        self.match()
        for line in lines[:2]:
            proposal = line.match_id.proposal_ids[0]
            self.assertEqual(len(proposal.item_ids), 2)
            proposal.action_accept()
        lesson = self.env["bank.statement.match.lesson"].search([("kind", "=", "several_items")])
        self.assertEqual((lesson.state, lesson.times, lesson.partner_id), ("proposed", 2, partner))
        last = lines[2]

        def known():
            self.match()
            proposal = last.match_id.proposal_ids[0]
            self.assertEqual(len(proposal.item_ids), 2)
            return proposal.score, any("several" in part["text"] for part in proposal.score_words)

        before, is_said = known()
        self.assertFalse(is_said)
        lesson.with_user(self.operator).action_accept()
        self.assertEqual(known(), (before + 5, True))
        self.assertFalse(last.is_reconciled, "it proposes and posts nothing")
        lesson.with_user(self.operator).action_refuse()
        self.assertEqual(known(), (before, False))

    def test_text_is_learned_from_people_once_they_accept_it(self):
        model = self.env["account.reconcile.model"].create(
            {
                "name": "Telephone",
                "company_id": self.company_a.id,
                "trigger": "auto_reconcile",
                "line_ids": [Command.create({"account_id": self.expense.id, "label": "Phone"})],
            }
        )
        lines = self.waiting(
            ("-5.00", "Telekom Mobilfunk 03/2026"),
            ("-6.00", "Telekom Mobilfunk 04/2026"),
            ("-7.00", "MOBILFUNK Rechnung 05/2026 Telekom"),
            ("-8.00", "Mobilfunk"),
        )
        first, second, same_words, fewer_words = lines
        (first | second).action_match_write_off(model.id)
        lesson = self.env["bank.statement.match.lesson"].search([("kind", "=", "text_model")])
        self.assertEqual((lesson.state, lesson.reconcile_model_id), ("proposed", model))
        self.match()
        self.assertFalse(
            same_words.match_id.proposal_ids, "nothing changes before a person says so"
        )
        lesson.with_user(self.operator).action_accept()
        self.match()
        self.assertFalse(same_words.is_reconciled, "it proposes and posts nothing")
        proposal = same_words.match_id.proposal_ids
        self.assertEqual(proposal.reconcile_model_id, model)
        self.assertFalse(fewer_words.match_id.proposal_ids)
        self.assertEqual(proposal.action_accept()["accepted"], same_words.ids)
        self.assertIn(self.expense, same_words.line_ids.account_id)
        lesson.with_user(self.operator).action_refuse()
        self.assertFalse(self.env["bank.statement.match.lesson"]._learned_models(same_words))

    # === WHAT COUNTS === #

    def test_decision_counts_once_and_what_was_refused_is_not_asked_again(self):
        invoice = self.make_invoice(80)
        line = self.accepted(invoice)
        lesson = self.lessons("iban_partner")
        self.assertEqual((lesson.state, lesson.times), ("seen", 1))
        self.assertFalse(
            self.lessons("several_items"), "one document is no habit of paying several"
        )
        line.action_match_undo()
        line.match_id.proposal_ids[0].action_accept()
        self.assertEqual((lesson.state, lesson.times), ("seen", 1))
        self.accepted(invoice, sequence=2)
        self.assertEqual((lesson.state, lesson.times), ("proposed", 2))
        lesson.action_refuse()
        self.accepted(invoice, sequence=3)
        self.assertEqual((lesson.state, lesson.times), ("refused", 3))

    def test_account_is_learned_for_one_partner_and_one_company(self):
        first, second = self.make_invoice(80), self.make_invoice(80)
        for number, invoice in enumerate((first, first, second, second), start=1):
            self.accepted(invoice, sequence=number)
        one, other = self.lessons("iban_partner").sorted("id")
        one.action_accept()
        with self.assertRaises(UserError):
            other.action_accept()
        self.assertEqual(self.known(), {IBAN_OF_PAYER: frozenset(first.partner_id.ids)})
        self.assertEqual(self.known(self.company_b), {})

    def test_items_of_several_partners_tell_nothing_of_the_account(self):
        first, second = self.make_invoice(30), self.make_invoice(20)
        line = self.waiting(("50.00", f"{first.name} {second.name}"))
        line.sudo().account_number = IBAN_OF_PAYER
        proposal = line.match_id.proposal_ids[0]
        self.assertEqual(proposal.item_ids.move_id, first | second)
        self.assertEqual(proposal.action_accept()["accepted"], line.ids)
        self.assertFalse(self.lesson_model.search([]))

    def test_account_that_is_on_a_contact_is_nothing_to_learn(self):
        invoice = self.make_invoice(80)
        self.env["res.partner.bank"].create(
            {"acc_number": IBAN_OF_PAYER, "partner_id": invoice.partner_id.id}
        )
        self.accepted(invoice)
        self.assertFalse(self.lessons("iban_partner"))

    def test_text_is_learned_for_models_that_say_nothing_of_it_and_are_in_use(self):
        with_label, plain = (
            self.env["account.reconcile.model"].create(
                {
                    "name": "Telephone",
                    "company_id": self.company_a.id,
                    "match_label": label,
                    "match_label_param": "sms",
                    "line_ids": [Command.create({"account_id": self.expense.id})],
                }
            )
            for label in ("contains", False)
        )
        lines = self.waiting(*((f"-{number}.00", "Mobilfunk Telekom") for number in range(1, 6)))
        lines[:2].action_match_write_off(with_label.id)
        self.assertFalse(self.lessons("text_model"))
        lines[2:4].action_match_write_off(plain.id)
        self.lessons("text_model").action_accept()
        self.match()
        self.assertEqual(lines[4].match_id.proposal_ids.reconcile_model_id, plain)
        plain.active = False
        self.match()
        self.assertFalse(lines[4].match_id.proposal_ids)
