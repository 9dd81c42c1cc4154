from odoo.exceptions import UserError
from odoo.tests import tagged

from .common import DAY, StatementCase


@tagged("post_install", "-at_install")
class TestMatchTransfer(StatementCase):
    """Between the company's own accounts: two lines, one of which books the transfer and the other settles it."""

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.savings = cls.make_journal(cls.company_a, "DE02120300000000202051", code="TBN2")
        cls.third = cls.make_journal(cls.company_a, "CH9300762011623852957", code="TBN3")

    def line(self, journal, amount, other=None, **values):
        line = self.env["account.bank.statement.line"].create(
            {
                "journal_id": journal.id,
                "date": DAY,
                "amount": amount,
                "payment_ref": "Transfer",
                "account_number": other.bank_account_id.acc_number if other else False,
                **values,
            }
        )
        return line.with_user(self.operator)

    def sent(self, amount, journal=None, to=None):
        line = self.line(journal or self.journal, amount)
        line.action_match_transfer((to or self.savings).id)
        self.assertTrue(line.is_reconciled)
        return line

    def proposed(self, line):
        self.env["bank.statement.matcher"]._match(line.sudo())
        self.assertFalse(line.is_reconciled, "a transfer never posts by itself")
        return line.match_id.proposal_ids.filtered("transfer_journal_id")

    def test_other_side_is_what_fits_and_nothing_else(self):
        back = self.line(self.savings, 50.0, self.journal)
        for name, other_side in (
            ("another amount", lambda: self.sent(-49)),
            ("another account", lambda: self.sent(-50, self.third)),
            ("not posted", lambda: self.sent(-50).move_id.sudo().button_draft()),
            (
                "settled",
                lambda: (
                    self.sent(-50)
                    and self.proposed(self.line(self.savings, 50.0, self.journal)).action_accept()
                ),
            ),
            ("two that fit", lambda: self.sent(-50) | self.sent(-50)),
        ):
            with self.subTest(name), self.env.cr.savepoint() as savepoint:
                other_side()
                self.assertFalse(self.proposed(back).item_ids)
                savepoint.rollback()
                self.env.invalidate_all()
        transit = self.sent(-50).line_ids.filtered(
            lambda item: item.account_id == self.company_a.transfer_account_id
        )
        self.assertEqual(self.proposed(back).item_ids, transit)

    def test_other_side_in_another_currency_is_a_persons_decision(self):
        dollar = self.make_rate("USD", 1.0)
        abroad = self.make_journal(self.company_a, "NL91ABNA0417164300", dollar, code="TUSD")
        self.sent(-50, to=abroad)
        self.assertFalse(self.proposed(self.line(abroad, 50.0, self.journal)).item_ids)
        back = self.line(
            self.savings,
            50.0,
            self.journal,
            foreign_currency_id=dollar.id,
            amount_currency=50.0,
        )
        self.assertFalse(self.proposed(back).item_ids)

    def test_own_account_is_one_of_the_company_and_not_the_lines(self):
        self.assertFalse(self.proposed(self.line(self.journal, 50.0, self.journal)))
        elsewhere = self.journals[self.company_b]
        self.assertFalse(self.proposed(self.line(self.journal, 50.0, elsewhere)))
        self.assertTrue(self.proposed(self.line(self.journal, 50.0, self.savings)))

    def test_first_side_that_is_accepted_waits_on_the_transfer_account_for_the_other(self):
        line = self.line(self.journal, -50.0, self.savings)
        self.assertEqual(self.proposed(line).action_accept()["accepted"], line.ids)
        transit = line.line_ids.filtered(
            lambda item: item.account_id == self.company_a.transfer_account_id
        )
        self.assertEqual((transit.balance, transit.reconciled), (50.0, False))

    def test_transfer_goes_to_another_bank_account(self):
        line = self.line(self.journal, -50.0)
        sales = self.env["account.journal"].search(
            [("type", "=", "sale"), ("company_id", "=", self.company_a.id)], limit=1
        )
        for journal in (self.journal, sales):
            with self.assertRaises(UserError):
                line.action_match_transfer(journal.id)
        self.assertFalse(line.is_reconciled)
