from decimal import Decimal
from unittest.mock import patch

from odoo.tests import tagged

from odoo.addons.bank_statement_api.models import (
    bank_statement_poster,
    bank_statement_poster_pairs,
)
from odoo.addons.bank_statement_api.models.bank_statement_line_writer import KNOWN_MODULES
from odoo.addons.bank_statement_api.tools.posting import Allocation, Proposal

from . import posted_rows
from .common import DAY, StatementCase

PAIRS = 4


@tagged("post_install", "-at_install")
class TestPosterPairs(StatementCase):
    maxDiff = None
    """Pairs posted set-based leave the rows Odoo leaves, column by column; in doubt Odoo posts them."""

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
        for line, item in pairs:
            # As its own code and what is built on it do: partner, entry, reconciliation, one line after another.
            self.pairs._by_odoo(
                {"line_id": line.id, "item_id": item.id, "name": item.name or item.move_id.name}
            )

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

    # === EQUAL === #

    def test_rows_equal_odoos_for_a_line_without_a_partner(self):
        self.assert_same_rows(self.make_pairs())

    def test_rows_equal_odoos_for_a_line_with_its_partner(self):
        self.assert_same_rows(self.make_pairs(partner_id=lambda item: item.partner_id.id))

    def test_rows_equal_odoos_for_a_line_with_another_partner(self):
        other = self.env["res.partner"].create({"name": "Other"})
        self.assert_same_rows(self.make_pairs(partner_id=lambda _item: other.id))

    def test_rows_equal_odoos_where_the_partner_is_known_and_has_a_bank(self):
        for invoice in self.invoices:
            self.env["res.partner.bank"].create(
                {"acc_number": f"ACC{invoice.id}", "partner_id": invoice.partner_id.id}
            )
        self.assert_same_rows(self.make_pairs(partner_id=lambda item: item.partner_id.id))

    def test_rows_equal_odoos_for_bills_and_refunds(self):
        for move_type in ("in_invoice", "out_refund", "in_refund"):
            moves = self.env["account.move"].create(
                [
                    {
                        "move_type": move_type,
                        "partner_id": invoice.partner_id.id,
                        "invoice_date": "2026-02-03",
                        "ref": f"{move_type} {invoice.id}",
                        "company_id": self.company_a.id,
                        "invoice_line_ids": [
                            (0, 0, {"name": "Goods", "price_unit": 7, "tax_ids": [(5, 0, 0)]})
                        ],
                    }
                    for invoice in self.invoices
                ]
            )
            moves.action_post()
            with self.subTest(move_type):
                self.assert_same_rows(self.make_pairs(self.items(moves)))

    def test_rows_equal_odoos_in_a_second_company(self):
        invoices = [self.make_invoice(50, company=self.company_b) for _number in range(PAIRS)]
        self.assert_same_rows(self.make_pairs(self.items(invoices)))

    def test_rows_equal_odoos_where_a_partner_has_an_analytic_distribution(self):
        region, campaign = (
            self.env["account.analytic.account"].create(
                {
                    "name": name,
                    "plan_id": self.env["account.analytic.plan"].create({"name": name}).id,
                    "company_id": self.company_a.id,
                }
            )
            for name in ("Region", "Campaign")
        )
        pairs = self.make_pairs()
        by_hand = pairs[3][0]._seek_for_lines()[0]
        by_hand.analytic_distribution = {str(campaign.id): 50}
        # Not of the first, which Odoo reconciles as the sample of its kind.
        partner = pairs[2][1].partner_id
        self.env["account.analytic.distribution.model"].create(
            [
                {
                    "partner_id": some.id,
                    "company_id": self.company_a.id,
                    "analytic_distribution": {str(region.id): 100},
                }
                for some in (partner, pairs[3][1].partner_id)
            ]
        )
        odoo = self.rows(lambda: self.by_odoo(pairs), pairs)
        given = [row["partner_id"] for row in odoo["item"] if row["analytic_distribution"]]
        self.assertEqual(given.count(partner.id), 2, "the bank's item, and its counterpart")
        self.assertGreaterEqual(len(odoo["analytic"]), 4)
        self.assert_rows(odoo, pairs, "orm")

    def test_rows_equal_odoos_where_the_rate_has_changed(self):
        dollar = self.make_dollar(1.25)
        invoices = [self.make_invoice(125, currency=dollar) for _number in range(PAIRS)]
        pairs = self.make_pairs(
            self.items(invoices),
            amount=lambda _item: 99.0,
            foreign_currency_id=lambda _item: dollar.id,
            amount_currency=lambda item: item.amount_currency,
        )
        odoo = self.assert_same_through_orm(pairs)
        for table in ("move", "item", "message"):
            self.assertGreaterEqual(len(odoo[f"exchange {table}"]), PAIRS, table)

    def test_undo_restores_what_was_posted_set_based(self):
        other = self.env["res.partner"].create({"name": "Other"})
        pairs = self.make_pairs(partner_id=lambda _item: other.id)
        outcomes = self.poster._reconcile(self.proposals(pairs))
        self.assertEqual({outcome.way for outcome in outcomes}, {"set_based"})
        for line, item in pairs:
            self.assertTrue(line.is_reconciled)
            self.assertIn(item.move_id.payment_state, ("paid", "in_payment"))
        for outcome in self.poster._undo(
            self.env["account.bank.statement.line"].union(*(line for line, _item in pairs))
        ):
            self.assertIsNone(outcome.error)
        for line, item in pairs:
            self.assertEqual(line.partner_id, other)
            self.assertFalse(line.is_reconciled)
            self.assertEqual(item.amount_residual, item.balance)
            self.assertEqual(item.move_id.payment_state, "not_paid")

    def test_hook_of_paid_invoices_is_called(self):
        pairs = self.make_pairs()
        paid = []
        with patch.object(
            self.registry["account.move"], "_invoice_paid_hook", lambda moves: paid.extend(moves)
        ):
            self.poster._reconcile(self.proposals(pairs))
        self.assertGreaterEqual(set(paid), {item.move_id for _line, item in pairs})

    # === THROUGH THE ORM === #

    def test_messages_answer_what_odoo_has_them_answer(self):
        for invoice in self.invoices[1:]:
            invoice.message_post(body="We paid today.", message_type="comment")
            invoice.message_post(body="Noted.")
        self.assert_same_rows(self.make_pairs())

    def test_followers_are_told_as_odoo_tells_them(self):
        partner = self.env["res.partner"].create(
            {"name": "Curious", "email": "curious@test.example"}
        )
        told = self.invoices[2]
        # Whoever is told gets a link, whose secret is another one each time it is made.
        told._portal_ensure_token()
        told.message_subscribe(partner.ids, subtype_ids=self.env.ref("account.mt_invoice_paid").ids)
        pairs = self.make_pairs()
        self.assert_same_through_orm(pairs)
        # As the commit does after a posting.
        self.poster._reconcile(self.proposals(pairs))
        self.settle()
        notified = self.env["mail.notification"].search([("res_partner_id", "=", partner.id)])
        self.assertEqual(notified.mail_message_id.mapped("res_id"), told.ids)

    def test_entry_keeps_the_words_it_was_given(self):
        pairs = self.make_pairs()
        said = self.invoices[3]

        def post(way):
            said._track_set_log_message("Paid by the bank.")
            way()

        odoo = self.rows(lambda: post(lambda: self.by_odoo(pairs)), pairs)
        self.assertEqual(
            ["Paid by" in (row["body"] or "") for row in odoo["message"]].count(True), 1
        )
        with patch.object(self.registry["bank.statement.poster"], "_why_not", lambda *_args: "x"):
            ours = self.rows(
                lambda: post(lambda: self.poster._reconcile(self.proposals(pairs))), pairs
            )
        self.assertEqual(ours["message"], odoo["message"])

    def test_odoos_plan_is_followed_whole_where_it_may_make_entries(self):
        """Left out is only what it computes for entries that it makes, and nothing for a module that is not known."""
        followed = []
        original = self.registry["account.move.line"]._reconcile_plan

        def follow(items, plan):
            followed.append(plan)
            return original(items, plan)

        for name, values, known, expected in (
            ("plain", {}, None, False),
            ("cash-basis taxes", {"tax_exigibility": True}, None, True),
            ("foreign override", {}, ("odoo.orm.", "odoo.addons.mail."), True),
        ):
            with self.subTest(name), self.env.cr.savepoint() as savepoint:
                self.company_a.write(values)
                entries = self.env["bank.statement.poster.entry"]
                pairs = self.make_pairs()
                items = self.env["account.move.line"].union(*(item for _line, item in pairs))
                prepared = [
                    entries._prepare(proposal, line, items, {})
                    for proposal, (line, _item) in zip(self.proposals(pairs), pairs, strict=True)
                ]
                entries._write(prepared)
                plan = [
                    sum(pair, items.browse()) for one in prepared for pair in one.pairs.values()
                ]
                followed.clear()
                writer = "odoo.addons.bank_statement_api.models.bank_statement_line_writer"
                with (
                    patch(f"{writer}.KNOWN_MODULES", known or KNOWN_MODULES),
                    patch.object(self.registry["account.move.line"], "_reconcile_plan", follow),
                ):
                    entries._reconcile(prepared, plan)
                self.assertEqual(bool(followed), expected)
                self.assertTrue(all(item.reconciled for item in items))
                savepoint.rollback()

    # === IN DOUBT === #

    def assert_through_odoo(self, pairs):
        outcomes = self.poster._reconcile(self.proposals(pairs))
        self.assertEqual([outcome.error for outcome in outcomes], [None] * len(pairs))
        self.assertEqual({outcome.way for outcome in outcomes}, {"orm"})

    def test_what_is_not_plain_goes_through_odoo(self):
        pairs = self.make_pairs()
        proposals = self.proposals(pairs)
        self.assertEqual(len(self.pairs._facts(proposals)), PAIRS)
        line, item = pairs[0]

        def spoil(what):
            """:return: whether the first pair is no plain one any more"""
            with self.env.cr.savepoint() as savepoint:
                what()
                self.env.flush_all()
                plain = {fact["line_id"] for fact in self.pairs._facts(proposals)}
                savepoint.rollback()
            return line.id not in plain

        paid = self.env.ref("account.mt_invoice_paid")
        sql = self.env.cr.execute
        for name, what in {
            "told when paid": lambda: item.move_id.message_subscribe(
                [item.partner_id.id], subtype_ids=paid.ids
            ),
            "new partner with a bank": lambda: self.env["res.partner.bank"].create(
                {"acc_number": "X1", "partner_id": item.partner_id.id}
            ),
            "blocked": lambda: setattr(item.move_id, "payment_state", "blocked"),
            "hashed": lambda: sql(
                "UPDATE account_move SET inalterable_hash = 'x' WHERE id = %s", [line.move_id.id]
            ),
            "hashed journal": lambda: sql(
                "UPDATE account_journal SET restrict_mode_hash_table = TRUE WHERE id = %s",
                [line.journal_id.id],
            ),
            "early discount": lambda: sql(
                "UPDATE account_move_line SET discount_date = date WHERE id = %s", [item.id]
            ),
            "partly paid": lambda: sql(
                "UPDATE account_move_line SET amount_residual = 1 WHERE id = %s", [item.id]
            ),
            "partial number": lambda: sql(
                "UPDATE account_move_line SET matching_number = 'P1' WHERE id = %s", [item.id]
            ),
        }.items():
            with self.subTest(name):
                self.assertTrue(spoil(what))

    def test_company_settings_that_are_not_plain(self):
        facts = self.pairs._facts(self.proposals(self.make_pairs()))
        self.assertIsNone(self.pairs._why_not(self.company_a, facts))
        for values, reason in (
            ({"tax_exigibility": True}, "cash-basis"),
            ({"restrictive_audit_trail": True}, "audit"),
        ):
            with self.env.cr.savepoint() as savepoint:
                self.company_a.write(values)
                self.assertIn(reason, self.pairs._why_not(self.company_a, facts))
                savepoint.rollback()
        with self.env.cr.savepoint() as savepoint:
            self.env["account.analytic.distribution.model"].create({})
            self.assertIn("analytic", self.pairs._why_not(self.company_a, facts))
            savepoint.rollback()
        with patch.object(
            self.registry["res.company"], "_get_violated_lock_dates", lambda *_args: [(DAY, "x")]
        ):
            self.assertEqual(self.pairs._why_not(self.company_a, facts), "a lock date")

    def test_foreign_override_goes_through_odoo(self):
        facts = self.pairs._facts(self.proposals(self.make_pairs()))
        known = tuple(
            name for name in bank_statement_poster_pairs.KNOWN_MODULES if "mail" not in name
        )
        with patch(
            "odoo.addons.bank_statement_api.models.bank_statement_line_writer.KNOWN_MODULES", known
        ):
            self.assertIn("overrides", self.pairs._why_not(self.company_a, facts))

    def test_foreign_stored_field_goes_through_odoo(self):
        facts = self.pairs._facts(self.proposals(self.make_pairs()))
        with patch.object(bank_statement_poster_pairs, "KNOWN_MODULES", ("odoo.addons.mail.",)):
            self.assertIn("depends on", self.pairs._why_not(self.company_a, facts))

    def test_foreign_currency_goes_through_odoo(self):
        dollar = self.make_dollar(1.25)
        journal = self.make_journal(self.company_a, "CH9300762011623852957", dollar, code="TUSD")
        invoices = [self.make_invoice(125, currency=dollar) for _number in range(PAIRS)]
        pairs = self.make_pairs(
            self.items(invoices), journal, amount=lambda item: item.amount_currency
        )
        self.assert_through_odoo(pairs)

    def test_canary_finds_a_row_that_odoo_leaves_otherwise(self):
        pairs = self.make_pairs()
        pairs_class = self.registry["bank.statement.poster.pairs"]
        original = pairs_class._tracked

        def wrong(model, name, about, facts, names):
            if name == "name":
                return {"old_value_char": ["x"] * len(facts)}
            return original(model, name, about, facts, names)

        with (
            patch.object(pairs_class, "_tracked", wrong),
            patch.object(bank_statement_poster, "_logger") as logger,
        ):
            self.assert_through_odoo(pairs)
        self.assertIn("old_value_char", str(logger.info.call_args.args[-1]))
