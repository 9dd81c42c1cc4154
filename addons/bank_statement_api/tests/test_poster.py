from datetime import date
from decimal import Decimal
from unittest.mock import patch

from odoo.exceptions import UserError
from odoo.fields import Command
from odoo.tests import tagged

from odoo.addons.bank_statement_api.models import bank_statement_poster
from odoo.addons.bank_statement_api.tools.posting import Allocation, Proposal, WriteOff

from .common import StatementCase


@tagged("post_install", "-at_install")
class TestPoster(StatementCase):
    """Each proposal is posted wholly or not at all, one bad one stops no other, and undoing takes all of it back."""

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.poster = cls.env["bank.statement.poster"]
        cls.make_rate("USD", 1.25, date(2026, 1, 1))
        cls.dollar = cls.make_rate("USD", 1.20, date(2026, 3, 1))

    def line(self, amount, journal=None, **values):
        return self.env["account.bank.statement.line"].create(
            {
                "journal_id": (journal or self.journal).id,
                "date": "2026-03-04",
                "amount": amount,
                "payment_ref": f"Payment of {amount}",
                **values,
            }
        )

    def item(self, amount, **values):
        return self.make_invoice(amount, **values).line_ids.filtered(
            lambda item: item.account_id.account_type == "asset_receivable"
        )

    def expense(self):
        return self.env["account.account"].search(
            [
                ("account_type", "=", "expense"),
                ("company_ids", "in", self.company_a.id),
            ],
            limit=1,
        )

    def pair(self, line, *items, **values):
        return Proposal(
            line.id,
            tuple(
                Allocation(item.id, Decimal(str(item.amount_residual_currency))) for item in items
            ),
            **values,
        )

    def figures(self, line):
        """All that a person can see of a line and its entry."""
        items = line.line_ids.sorted(lambda item: (item.account_id.id, item.balance))
        return (
            line.partner_id,
            line.is_reconciled,
            line.amount_residual,
            line.move_id.checked,
            line.move_id.is_manually_modified,
            line.move_id.partner_id,
            [
                (
                    item.account_id,
                    item.partner_id,
                    item.name,
                    item.balance,
                    item.amount_currency,
                    item.currency_id,
                    item.reconciled,
                )
                for item in items
            ],
        )

    def assert_done(self, outcomes):
        self.assertEqual([outcome.error for outcome in outcomes], [None] * len(outcomes))

    def test_many_pairs_at_once(self):
        items = [self.item(10 + number) for number in range(5)]
        lines = [self.line(10 + number) for number in range(5)]
        outcomes = self.poster._reconcile(
            [self.pair(line, item) for line, item in zip(lines, items, strict=True)]
        )
        self.assert_done(outcomes)
        for line, item in zip(lines, items, strict=True):
            self.assertTrue(line.is_reconciled)
            self.assertTrue(item.reconciled)
            self.assertIn(line.move_id, item.full_reconcile_id.reconciled_line_ids.move_id)
            self.assertEqual(line.partner_id, item.partner_id)
            self.assertIn(item.move_id.payment_state, ("paid", "in_payment"))

    def test_one_bad_pair_stops_no_other(self):
        items = [self.item(10), self.item(11), self.item(12), self.item(13)]
        lines = [self.line(10), self.line(11), self.line(99), self.line(13)]
        outcomes = self.poster._reconcile(
            [self.pair(line, item) for line, item in zip(lines, items, strict=True)]
        )
        self.assertEqual([outcome.done for outcome in outcomes], [True, True, False, True])
        self.assertIn("99", outcomes[2].error)
        self.assertEqual([line.is_reconciled for line in lines], [True, True, False, True])
        self.assertFalse(items[2].reconciled)

    def test_an_item_is_settled_once(self):
        item = self.item(10)
        lines = [self.line(10), self.line(10)]
        outcomes = self.poster._reconcile([self.pair(line, item) for line in lines])
        self.assertEqual([outcome.done for outcome in outcomes], [True, False])
        outcomes = self.poster._reconcile(
            [Proposal(lines[1].id, (Allocation(item.id, Decimal(10)),))]
        )
        self.assertFalse(outcomes[0].done)
        self.assertEqual(len(item.matched_credit_ids), 1)

    def test_a_line_in_two_proposals_is_posted_once(self):
        line, items = self.line(10), [self.item(10), self.item(10)]
        outcomes = self.poster._reconcile([self.pair(line, item) for item in items])
        self.assertEqual([outcome.done for outcome in outcomes], [True, False])
        self.assertIn("in two proposals", outcomes[1].error)

    def test_one_line_to_many_items_and_many_lines_to_one(self):
        line = self.line(30)
        items = [self.item(10), self.item(20)]
        big = self.item(100)
        parts = [self.line(40), self.line(60)]
        outcomes = self.poster._reconcile(
            [
                self.pair(line, *items),
                *(
                    Proposal(part.id, (Allocation(big.id, Decimal(str(part.amount))),))
                    for part in parts
                ),
            ]
        )
        self.assert_done(outcomes)
        self.assertTrue(line.is_reconciled)
        self.assertTrue(all(item.reconciled for item in items))
        self.assertTrue(big.reconciled)

    def test_fee_with_tax_is_written_off(self):
        tax = self.env["account.tax"].create(
            {
                "name": "20 %",
                "amount": 20,
                "type_tax_use": "purchase",
                "company_id": self.company_a.id,
                "country_id": self.company_a.account_fiscal_country_id.id,
            }
        )
        line, item = self.line(97), self.item(100)
        write_off = WriteOff(self.expense().id, Decimal("-3.00"), "Bank fee", (tax.id,))
        [outcome] = self.poster._reconcile(
            [Proposal(line.id, (Allocation(item.id, Decimal(100)),), (write_off,))]
        )
        self.assertIsNone(outcome.error)
        self.assertTrue(line.is_reconciled)
        self.assertEqual(item.amount_residual, 0)
        fee = line.line_ids.filtered("tax_ids")
        tax_item = line.line_ids.filtered("tax_line_id")
        self.assertEqual((fee.balance, tax_item.balance), (2.5, 0.5))
        self.assertEqual(tax_item.tax_base_amount, 2.5)

    def test_rest_stays_open_when_asked_for(self):
        line, item = self.line(50), self.item(20)
        [refused] = self.poster._reconcile([self.pair(line, item)])
        self.assertIn("not to the 50.00 open", refused.error)
        [outcome] = self.poster._reconcile([self.pair(line, item, keep_rest=True)])
        self.assertIsNone(outcome.error)
        self.assertTrue(item.reconciled)
        self.assertFalse(line.is_reconciled)
        other = self.item(30)
        self.assert_done(self.poster._reconcile([self.pair(line, other)]))
        self.assertTrue(line.is_reconciled)

    def test_part_of_an_item_is_paid(self):
        line, item = self.line(20), self.item(50)
        self.assert_done(
            self.poster._reconcile([Proposal(line.id, (Allocation(item.id, Decimal(20)),))])
        )
        self.assertTrue(line.is_reconciled)
        self.assertEqual(item.amount_residual, 30)

    def test_foreign_invoice_paid_in_the_company_currency(self):
        item = self.item(125, currency=self.dollar)
        line = self.line(99)
        self.assert_refused(self.pair(line, item), "not to the 99.00 open")
        self.assert_refused(self.pair(self.line(125), item), "say what was paid for it")
        allocation = Allocation(item.id, Decimal(125), paid=Decimal(99))
        self.assert_done(self.poster._reconcile([Proposal(line.id, (allocation,))]))
        self.assertTrue(item.reconciled)
        self.assertTrue(line.is_reconciled)
        exchange = item.full_reconcile_id.partial_reconcile_ids.exchange_move_id
        self.assertEqual(sorted(exchange.line_ids.mapped("balance")), [-1, 1])

    def test_invoice_in_the_company_currency_paid_in_a_foreign_one(self):
        journal = self.make_journal(
            self.company_a, "CH9300762011623852957", self.dollar, code="TUSD"
        )
        item = self.item(100)
        line = self.line(121, journal=journal)
        allocation = Allocation(item.id, Decimal(100), paid=Decimal(121))
        self.assert_done(self.poster._reconcile([Proposal(line.id, (allocation,))]))
        self.assertTrue(item.reconciled)
        self.assertTrue(line.is_reconciled)
        self.assertAlmostEqual(sum(line.line_ids.mapped("balance")), 0)

    def test_foreign_line_against_a_foreign_item(self):
        item = self.item(125, currency=self.dollar)
        line = self.line(99, foreign_currency_id=self.dollar.id, amount_currency=125.0)
        self.assert_done(self.poster._reconcile([self.pair(line, item)]))
        self.assertTrue(item.reconciled)
        self.assertEqual(line.amount, 99)

    def assert_refused(self, proposal, words):
        line = self.env["account.bank.statement.line"].browse(proposal.line_id)
        before = line.exists() and self.figures(line)
        [outcome] = self.poster._reconcile([proposal])
        self.assertIn(words, outcome.error or "")
        self.assertEqual(line.exists() and self.figures(line), before)

    def test_what_is_not_open_any_more_is_refused(self):
        line, item = self.line(10), self.item(10)
        with self.subTest("line deleted"):
            gone = self.line(10)
            proposal = self.pair(gone, item)
            gone.unlink()
            self.assert_refused(proposal, "does not exist any more")
        with self.subTest("line in draft"):
            draft = self.line(10)
            draft.move_id.button_draft()
            self.assert_refused(self.pair(draft, item), "not posted")
        with self.subTest("line with two open parts"):
            parts = self.line(10)
            suspense = parts._seek_for_lines()[1]
            parts.with_context(**bank_statement_poster.QUIET).line_ids = [
                Command.update(suspense.id, {"balance": -4, "amount_currency": -4}),
                Command.create(
                    {"account_id": suspense.account_id.id, "balance": -6, "name": "Second"}
                ),
            ]
            self.assertEqual(len(parts._seek_for_lines()[1]), 2)
            self.assert_refused(self.pair(parts, item), "reconciled already")
        with self.subTest("invoice in draft"):
            other = self.item(10)
            proposal = self.pair(line, other)
            other.move_id.button_draft()
            self.assert_refused(proposal, "not open")
        with self.subTest("item settled"):
            proposal = self.pair(self.line(10), item)
            self.assert_done(self.poster._reconcile([self.pair(line, item)]))
            self.assert_refused(proposal, "not open")
        with self.subTest("line settled"):
            self.assert_refused(self.pair(line, self.item(10)), "reconciled already")
        with self.subTest("line settled on the suspense account"):
            self.journal.suspense_account_id.reconcile = True
            came, went = self.line(10), self.line(-10)
            (came._seek_for_lines()[1] + went._seek_for_lines()[1]).reconcile()
            self.assertTrue(came.is_reconciled)
            self.assert_refused(self.pair(came, self.item(10)), "reconciled already")

    def test_what_is_no_open_amount_of_the_item_is_refused(self):
        item = self.item(10)
        income = item.move_id.line_ids - item
        for name, line, allocation, words in (
            ("more than is open", self.line(20), Allocation(item.id, Decimal(20)), "10.00 open"),
            ("other direction", self.line(-10), Allocation(item.id, Decimal(-10)), "10.00 open"),
            (
                "account without open items",
                self.line(-10),
                Allocation(income.id, Decimal(-10)),
                "cannot be reconciled",
            ),
            (
                "two figures in one currency",
                self.line(9),
                Allocation(item.id, Decimal(10), paid=Decimal(9)),
                "differ",
            ),
        ):
            with self.subTest(name):
                self.assert_refused(Proposal(line.id, (allocation,)), words)

    def test_no_more_than_is_open_is_settled_by_several_lines(self):
        item = self.item(10)
        lines = [self.line(6), self.line(6)]
        outcomes = self.poster._reconcile(
            [Proposal(line.id, (Allocation(item.id, Decimal(6)),)) for line in lines]
        )
        self.assertEqual([outcome.done for outcome in outcomes], [True, False])
        self.assertIn("4.00 open", outcomes[1].error)
        self.assertEqual(item.amount_residual, 4)

    def test_exchange_difference_without_an_account_is_refused(self):
        journal = self.make_journal(
            self.company_a, "CH9300762011623852957", self.dollar, code="TUSD"
        )
        item, line = self.item(100), self.line(121, journal=journal)
        company = self.company_a
        company.income_currency_exchange_account_id = False
        company.expense_currency_exchange_account_id = False
        allocation = Allocation(item.id, Decimal(100), paid=Decimal(121))
        self.assert_refused(Proposal(line.id, (allocation,)), "no account for exchange")

    def test_locked_period_and_hashed_entry_are_left_alone(self):
        line, item = self.line(10), self.item(10)
        # Odoo neither locks nor hashes what is unreconciled: by the time it is posted, somebody may have.
        for name, query, record, words in (
            (
                "locked",
                "UPDATE res_company SET fiscalyear_lock_date = '2026-03-31' WHERE id = %s",
                self.company_a,
                "prior to",
            ),
            (
                "hashed",
                "UPDATE account_move SET inalterable_hash = '$4$x' WHERE id = %s",
                line.move_id,
                "locked journal entry",
            ),
        ):
            with self.subTest(name), self.env.cr.savepoint() as savepoint:
                self.env.cr.execute(query, record.ids)
                self.env.invalidate_all()
                self.env.registry.clear_cache()
                self.assert_refused(self.pair(line, item), words)
                self.assertFalse(item.reconciled)
                savepoint.rollback()

    def test_another_companys_item_is_refused(self):
        item = self.item(10, company=self.company_b)
        # Odoo would refuse it as well, but not before it is to be posted: a preview would show it.
        self.assert_refused(self.pair(self.line(10), item), "or its account cannot be reconciled")
        self.assertFalse(item.reconciled)

    def test_what_odoo_does_not_settle_is_taken_back(self):
        line, item = self.line(10), self.item(10)
        with patch.object(
            self.registry["account.move.line"], "_reconcile_plan_with_sync", lambda *_args: None
        ):
            [outcome] = self.poster._reconcile([self.pair(line, item)])
        self.assertIn("by hand", outcome.error)
        self.assertTrue(line._seek_for_lines()[1])

    # === UNDO === #

    def test_undo_restores_exactly(self):
        other = self.env["res.partner"].create({"name": "Guessed by the bank"})
        for line, item, values in (
            (self.line(10), self.item(10), {}),
            (self.line(12, partner_id=other.id), self.item(12), {}),
            (self.line(50), self.item(20), {"keep_rest": True}),
        ):
            line.move_id.checked = False
            before = self.figures(line)
            self.assert_done(self.poster._reconcile([self.pair(line, item, **values)]))
            self.assertNotEqual(self.figures(line), before)
            self.assert_done(self.poster._undo(line))
            self.assertEqual(self.figures(line), before)
            self.assertFalse(item.reconciled)
            self.assertEqual(item.amount_residual, item.balance)
            self.assertFalse(item.matching_number)

    def test_second_undo_takes_back_nothing_more(self):
        line, item = self.line(10), self.item(10)
        self.assert_done(self.poster._reconcile([self.pair(line, item)]))
        self.assert_done(self.poster._undo(line))
        self.assertFalse(line.partner_id)
        line.partner_id = item.partner_id
        self.assert_done(self.poster._undo(line))
        self.assertEqual(line.partner_id, item.partner_id)

    def test_undo_of_many_restores_each_as_it_was(self):
        partners = self.env["res.partner"].create([{"name": "Guessed"}, {"name": "By the bank"}])
        lines = [self.line(10 + number, partner_id=partners[number % 2].id) for number in range(4)]
        lines[0].move_id.checked = False
        items = [self.item(10 + number) for number in range(4)]
        before = [self.figures(line) for line in lines]
        pairs = [self.pair(line, item) for line, item in zip(lines, items, strict=True)]
        self.assert_done(self.poster._reconcile(pairs))
        by_hand = self.env["res.partner"].create({"name": "Corrected since"})
        lines[3]._write_partner(by_hand)
        self.assert_done(self.poster._undo(lines[0].union(*lines)))
        self.assertEqual([self.figures(line) for line in lines[:3]], before[:3])
        self.assertEqual(lines[3].partner_id, by_hand)
        self.assertFalse(any(item.reconciled for item in items))

    def test_undo_reverses_the_exchange_difference(self):
        item = self.item(125, currency=self.dollar)
        line = self.line(99)
        allocation = Allocation(item.id, Decimal(125), paid=Decimal(99))
        self.assert_done(self.poster._reconcile([Proposal(line.id, (allocation,))]))
        exchange = item.full_reconcile_id.partial_reconcile_ids.exchange_move_id
        self.assert_done(self.poster._undo(line))
        self.assertEqual(item.amount_residual_currency, 125)
        self.assertEqual(exchange.reversal_move_ids.state, "posted")

    def test_undo_that_odoo_refuses_leaves_the_others_done(self):
        lines, items = [self.line(10), self.line(11)], [self.item(10), self.item(11)]
        self.poster._reconcile(
            [self.pair(line, item) for line, item in zip(lines, items, strict=True)]
        )
        move_class = self.registry["account.move"]
        original, refusal = move_class.write, "locked"

        def write(moves, vals):
            if "line_ids" in vals and lines[0].move_id in moves:
                raise UserError(refusal)
            return original(moves, vals)

        with patch.object(move_class, "write", write):
            outcomes = self.poster._undo(lines[0] | lines[1])
        self.assertEqual([outcome.error for outcome in outcomes], [refusal, None])
        self.assertTrue(lines[0].is_reconciled)
        self.assertFalse(lines[1].is_reconciled)
