from decimal import Decimal

from odoo import Command
from odoo.tests import tagged

from .common import StatementCase


@tagged("post_install", "-at_install")
class TestMatchWriteOff(StatementCase):
    """Odoo's write-off models: which of them fit a line, and when one of them books it by itself."""

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.expense = cls.env["account.account"].search(
            [("account_type", "=", "expense"), ("company_ids", "in", cls.company_a.ids)], limit=1
        )

    def waiting(self, *lines, **kwargs):
        """Bring lines and let the engine look at them; as the operator sees them."""
        self.bring(self.file(*lines, **kwargs))
        self.match()
        return self.lines().with_user(self.operator)

    def make_model(self, **values):
        """A model for lines with “account fee”, if nothing else is said."""
        return self.env["account.reconcile.model"].create(
            {
                "name": "Fees",
                "company_id": self.company_a.id,
                "match_label": "contains",
                "match_label_param": "account fee",
                "line_ids": [Command.create({"account_id": self.expense.id, "label": "Fee"})],
                **values,
            }
        )

    def automated(self, **values):
        return self.make_model(trigger="auto_reconcile", **values)

    def test_model_that_is_chosen_books_the_line(self):
        model = self.make_model(match_label=False)
        line = self.waiting(("-5.00", "Account fee"))
        line.action_match_write_off(model.id)
        self.assertTrue(line.is_reconciled)
        self.assertIn(self.expense, line.line_ids.account_id)

    def test_model_is_proposed_where_its_conditions_hold(self):
        fits = {
            "label": {},
            "no such label": {"match_label": "not_contains", "match_label_param": "interest"},
            "pattern": {"match_label": "match_regex", "match_label_param": "fee.*march"},
            "least": {"match_amount": "greater", "match_amount_min": 5},
            "most": {"match_amount": "lower", "match_amount_max": 5},
            "between": {"match_amount": "between", "match_amount_min": 4, "match_amount_max": 6},
            "journal": {"match_journal_ids": self.journal.ids},
        }
        other = self.make_journal(self.company_a, "DE02120300000000202051", code="TBN2")
        partner = self.env["res.partner"].create({"name": "Some partner"})
        does_not = {
            "another label": {"match_label_param": "interest"},
            "such a label": {"match_label": "not_contains"},
            "another pattern": {"match_label": "match_regex", "match_label_param": "fee.*april"},
            "more at least": {"match_amount": "greater", "match_amount_min": 6},
            "less at most": {"match_amount": "lower", "match_amount_max": 4},
            "beyond": {"match_amount": "between", "match_amount_min": 6, "match_amount_max": 7},
            "another journal": {"match_journal_ids": other.ids},
            "another partner": {"match_partner_ids": partner.ids},
            "no condition": {"match_label": False, "trigger": "auto_reconcile"},
            "no account": {"line_ids": [Command.create({"partner_id": partner.id})]},
        }
        wanted = self.env["account.reconcile.model"]
        for name, values in fits.items():
            wanted |= self.make_model(name=name, **values)
        for name, values in does_not.items():
            self.make_model(name=name, **values)
        line = self.waiting(("-5.00", "Account fee of March"))
        self.assertFalse(line.is_reconciled)
        found = line.match_id.proposal_ids.reconcile_model_id
        self.assertEqual(set(found.mapped("name")), set(wanted.mapped("name")))

    def test_model_of_another_company_is_not_proposed(self):
        account = self.env["account.account"].search(
            [("account_type", "=", "expense"), ("company_ids", "in", self.company_b.ids)], limit=1
        )
        self.automated(
            company_id=self.company_b.id, line_ids=[Command.create({"account_id": account.id})]
        )
        line = self.waiting(("-5.00", "Account fee"))
        self.assertFalse(line.match_id.proposal_ids)

    def test_automated_model_books_lines_by_itself_until_it_erred(self):
        self.automated()
        line = self.waiting(("-5.00", "Account fee"))
        self.assertTrue(line.is_reconciled)
        self.assertEqual(line.match_found_by, "write_off")
        line.action_match_undo()
        lines = self.waiting(("-6.00", "Account fee"), opening=Decimal("95.00"), sequence=2)
        self.assertFalse(lines[1].is_reconciled)

    def test_automated_model_stands_back_where_anything_else_is_found(self):
        fees = self.automated()
        quarterly = self.automated(name="Quarterly", match_label_param="quarterly")
        invoice, paid = self.make_invoice(9), self.make_invoice(8)
        alone, both, with_item, with_certain = self.waiting(
            ("5.00", "Account fee"),
            ("6.00", "Account fee, quarterly"),
            ("7.00", f"Account fee {invoice.name}"),
            ("8.00", f"Account fee {paid.name}"),
        )
        self.assertTrue(alone.is_reconciled)
        self.assertFalse(both.is_reconciled)
        self.assertEqual(both.match_id.proposal_ids.reconcile_model_id, fees | quarterly)
        self.assertFalse(with_item.is_reconciled)
        proposals = with_item.match_id.proposal_ids
        self.assertEqual(proposals[0].reconcile_model_id, fees, "the better one")
        self.assertEqual(proposals.item_ids.move_id, invoice)
        self.assertTrue(with_certain.is_reconciled)
        self.assertEqual((with_certain.match_found_by, paid.amount_residual), ("exact", 0))

    def test_automated_model_that_books_nothing_leaves_the_line_to_a_person(self):
        self.automated(
            line_ids=[
                Command.create(
                    {
                        "account_id": self.expense.id,
                        "amount_type": "regex",
                        "amount_string": r"EUR (\d+)",
                    }
                )
            ]
        )
        unread, read = self.waiting(("-5.00", "Account fee"), ("-6.00", "Account fee EUR 6"))
        self.assertTrue(read.is_reconciled, "one that cannot be posted stops no other")
        self.assertFalse(unread.is_reconciled)
        self.assertEqual(unread.match_reason_code, "refused")
        self.assertIn("books nothing", unread.match_explanation)

    def test_amounts_of_a_model_are_of_the_line_of_the_rest_or_fixed(self):
        model = self.make_model(
            match_label=False,
            line_ids=[
                Command.create(
                    {
                        "account_id": self.expense.id,
                        "label": kind,
                        "amount_type": kind,
                        "amount_string": amount,
                    }
                )
                for kind, amount in (
                    ("fixed", "2"),
                    ("percentage_st_line", "50"),
                    ("percentage", "25"),
                )
            ],
        )
        came, went = self.waiting(("100.00", "a"), ("-100.00", "b"))
        for line, booked, rest in ((came, [-2, -50, -12], -36), (went, [-2, 50, 13], 39)):
            line.action_match_write_off(model.id)
            written = line.line_ids.filtered(lambda item: item.account_id == self.expense)
            self.assertEqual(written.sorted("id").mapped("balance"), booked)
            self.assertEqual(line._seek_for_lines()[1].balance, rest)

    def test_part_that_a_model_does_not_book_stays_open(self):
        model = self.make_model(
            line_ids=[
                Command.create(
                    {
                        "account_id": self.expense.id,
                        "amount_type": "percentage",
                        "amount_string": "40",
                    }
                )
            ]
        )
        line = self.waiting(("-5.00", "Account fee"))
        line.action_match_write_off(model.id)
        self.assertFalse(line.is_reconciled)
        self.assertEqual(abs(line.amount_residual), 3)
