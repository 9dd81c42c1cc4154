from decimal import Decimal
from unittest.mock import patch

from odoo.tests import tagged

from odoo.addons.bank_statement_api.tools.matching import precision

from .common import StatementCase


@tagged("post_install", "-at_install")
class TestMatchCurrency(StatementCase):
    """A payment that was ordered in dollars and booked in euros pays what is open in euros, to the cent."""

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.make_rate("USD", 1.2)
        # What is measured elsewhere does not matter here.
        cls.startClassPatcher(patch.object(precision, "prior_of", lambda *_args: (4_000, 0)))

    def paid(self, euros, text):
        """Bring a payment for which nine dollars were ordered for each eight euros that were booked, and match it."""
        dollars = Decimal(euros) * 9 / 8
        content = self.file((euros, text)).replace(
            b"<TxDtls><R",
            f'<TxDtls><AmtDtls><InstdAmt><Amt Ccy="USD">{dollars}</Amt></InstdAmt></AmtDtls><R'.encode(),
            1,
        )
        self.bring(content)
        self.match()
        line = self.lines()
        self.assertEqual((line.foreign_currency_id.name, line.currency_id), ("USD", self.euro))
        return line

    def entry(self, line):
        """:return: the items in the place of the suspense item, by account type and amount in euros"""
        liquidity, _suspense, _other = line._seek_for_lines()
        return sorted(
            (item.account_id.account_type, item.balance) for item in line.line_ids - liquidity
        )

    def test_whole(self):
        invoice = self.make_invoice(98)
        line = self.paid("98.00", invoice.name)
        self.assertEqual((line.match_state, invoice.amount_residual), ("matched", 0))
        self.assertEqual(self.entry(line), [("asset_receivable", -98)])

    def test_several_items(self):
        invoices = [self.make_invoice(amount) for amount in (60, 38.01)]
        line = self.paid("98.01", " ".join(invoice.name for invoice in invoices))
        line.match_id.proposal_ids[:1].action_accept()
        self.assertEqual([invoice.amount_residual for invoice in invoices], [0, 0])
        self.assertEqual(
            self.entry(line), [("asset_receivable", -60), ("asset_receivable", -38.01)]
        )

    def test_less_than_is_open(self):
        invoice = self.make_invoice(98)
        line = self.paid("40.00", invoice.name)
        line.match_id.proposal_ids[0].action_accept()
        self.assertEqual((line.is_reconciled, invoice.amount_residual), (True, 58))
        self.assertEqual(self.entry(line), [("asset_receivable", -40)])

    def test_what_is_paid_too_much_stays_open(self):
        invoice = self.make_invoice(98)
        line = self.paid("106.00", invoice.name)
        line.match_id.proposal_ids[0].action_accept()
        self.assertEqual((line.is_reconciled, invoice.amount_residual), (False, 0))
        self.assertEqual(line._open_amount(), Decimal("9.00"), "in dollars")
        self.assertEqual(self.entry(line), [("asset_current", -8), ("asset_receivable", -98)])

    def test_fee_is_what_the_rule_says_in_euros(self):
        expense = self.env["account.account"].search(
            [("account_type", "=", "expense"), ("company_ids", "in", self.company_a.ids)], limit=1
        )
        rule = self.env["bank.statement.match.rule"].create(
            {
                "name": "Fees",
                "kind": "fee",
                "maximum": 5.0,
                "company_id": self.company_a.id,
                "currency_id": self.euro.id,
                "account_id": expense.id,
            }
        )
        rule.state = "active"
        invoice = self.make_invoice(100)
        line = self.paid("98.00", invoice.name)
        self.assertEqual((line.match_state, invoice.amount_residual), ("matched", 0))
        self.assertEqual(self.entry(line), [("asset_receivable", -100), ("expense", 2)])
