from decimal import Decimal
from unittest.mock import patch

from odoo.fields import Command

from odoo.addons.bank_statement_api.models import bank_statement_poster_pairs
from odoo.addons.bank_statement_api.tools.posting import Allocation, Proposal

from . import posted_rows
from .common import StatementCase

PAIRS = 4


class PairsCase(StatementCase):
    """Lines with the open invoices that they pay, a few of which are enough to be posted set-based."""

    maxDiff = None

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.poster = cls.env["bank.statement.poster"]
        cls.pairs = cls.env["bank.statement.poster.pairs"]
        cls.startClassPatcher(patch.object(bank_statement_poster_pairs, "MIN_PAIRS", 2))
        cls.startClassPatcher(
            patch("odoo.addons.bank_statement_api.models.bank_statement_poster.MIN_PAIRS", 2)
        )
        # Lines and invoices of earlier days, as they are in a database that is in use.
        cls.invoices = [cls.make_invoice(100 + number) for number in range(PAIRS)]

    def items(self, invoices=None):
        return [
            next(item for item in invoice.line_ids if item.display_type == "payment_term")
            for invoice in invoices or self.invoices
        ]

    def make_pairs(self, items=None, journal=None, **values):
        """:return: lines with an item of the same amount each"""
        found = []
        for item in items or self.items():
            line = self.env["account.bank.statement.line"].create(
                {
                    "journal_id": (journal or self.journals[item.company_id]).id,
                    "date": "2026-03-04",
                    "amount": item.balance,
                    "payment_ref": f"Pays {item.move_id.name}",
                    **{name: value(item) for name, value in values.items()},
                }
            )
            found.append((line, item))
        self.settle()
        return found

    def settle(self):
        """Have written and tracked what was done, as the commit before a posting does."""
        self.env.cr.flush()
        self.env.cr.precommit.run()

    def proposals(self, pairs):
        return [
            Proposal(line.id, (Allocation(item.id, Decimal(str(item.amount_residual_currency))),))
            for line, item in pairs
        ]

    def rows(self, post, pairs):
        """All columns of all rows that ``post`` leaves, without the ids that differ by nature."""
        move_ids = [line.move_id.id for line, _item in pairs]
        move_ids += [item.move_id.id for _line, item in pairs]
        found = {}
        with self.env.cr.savepoint() as savepoint:
            post()
            self.settle()
            for table, query in posted_rows.QUERIES:
                self.env.cr.execute(query, [move_ids])
                found[table] = [
                    {
                        # Of what Odoo makes anew, there is one; which one differs.
                        column: bool(value) if column in posted_rows.IDS else value
                        for column, value in row.items()
                        if column not in {"write_date", "match_before"}
                    }
                    for row in self.env.cr.dictfetchall()
                ]
            savepoint.rollback()
        self.env.invalidate_all()
        return found

    def by_odoo(self, pairs):
        """As Odoo's own code and what is built on it do: partner, entry, reconciliation, one line after another."""
        for line, item in pairs:
            # Written before the items: Odoo makes the items anew whenever the partner changes.
            if line.partner_id != item.partner_id:
                line.partner_id = item.partner_id
            _liquidity, suspense, _other = line._seek_for_lines()
            line.with_context(force_delete=True, skip_readonly_check=True).write(
                {
                    "line_ids": [
                        Command.delete(suspense.id),
                        Command.create(
                            {
                                "name": item.name or item.move_id.name,
                                "account_id": item.account_id.id,
                                "partner_id": item.partner_id.id,
                                "currency_id": suspense.currency_id.id,
                                "amount_currency": suspense.amount_currency,
                                "balance": suspense.balance,
                            }
                        ),
                    ]
                }
            )
            counterpart = line.line_ids.filtered(
                lambda entry, item=item: entry.account_id == item.account_id
            )
            (counterpart + item).reconcile()

    def assert_same_rows(self, pairs):
        odoo = self.rows(lambda: self.by_odoo(pairs), pairs)
        self.assert_rows(odoo, pairs, "set_based")
        self.assert_same_through_orm(pairs, odoo)

    def assert_same_through_orm(self, pairs, odoo=None):
        odoo = odoo or self.rows(lambda: self.by_odoo(pairs), pairs)
        with patch.object(self.registry["bank.statement.poster"], "_why_not", lambda *_args: "x"):
            self.assert_rows(odoo, pairs, "orm")
        return odoo

    def assert_rows(self, odoo, pairs, way):
        outcomes = []
        ours = self.rows(
            lambda: outcomes.extend(self.poster._reconcile(self.proposals(pairs))), pairs
        )
        self.assertEqual({outcome.way for outcome in outcomes}, {way})
        for table, rows in odoo.items():
            self.assertTrue(rows or table == "analytic" or "exchange" in table, table)
            self.assertEqual(len(ours[table]), len(rows), table)
            for mine, theirs in zip(ours[table], rows, strict=True):
                self.assertEqual(mine, theirs, table)
