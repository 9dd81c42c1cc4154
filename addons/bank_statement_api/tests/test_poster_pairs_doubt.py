from dataclasses import replace
from datetime import timedelta
from decimal import Decimal
from unittest.mock import patch

from odoo.tests import tagged
from odoo.tools import SQL

from odoo.addons.bank_statement_api.models import (
    bank_statement_poster,
    bank_statement_poster_pairs,
)
from odoo.addons.bank_statement_api.tools.posting import WriteOff

from .common import DAY
from .pairs_case import PAIRS, PairsCase


@tagged("post_install", "-at_install")
class TestPosterPairsDoubt(PairsCase):
    """Whatever is not known to be plain is posted by Odoo itself."""

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
        entry, invoice = line.move_id, item.move_id
        suspense = line._seek_for_lines()[1]
        foreign = pairs[1][1].move_id.line_ids - pairs[1][1]
        dollar = self.make_rate("USD", 1.25)
        payment = self.env["account.payment"].create(
            {"amount": 1, "partner_id": item.partner_id.id}
        )

        self.env.cr.execute("INSERT INTO account_full_reconcile DEFAULT VALUES RETURNING id")
        [full_id] = self.env.cr.fetchone()

        def change(record, **values):
            def change_row():
                for column, value in values.items():
                    self.env.cr.execute(
                        SQL(
                            "UPDATE %s SET %s = %s WHERE id = %s",
                            SQL.identifier(record._table),
                            SQL.identifier(column),
                            value,
                            record.id,
                        )
                    )

            return change_row

        def give_bank(partner):
            self.env["res.partner.bank"].create({"acc_number": "X1", "partner_id": partner.id})

        other = self.env["res.partner"].create({"name": "Other"})

        def change_from_partner_with_a_bank():
            give_bank(other)
            change(line, partner_id=other.id)()

        def change_to_contact_of_one_with_a_bank():
            give_bank(other)
            change(item.partner_id, commercial_partner_id=other.id)()

        for name, what in {
            "told when paid": lambda: invoice.message_subscribe(
                [item.partner_id.id], subtype_ids=paid.ids
            ),
            "new partner with a bank": lambda: give_bank(item.partner_id),
            "earlier partner with a bank": change_from_partner_with_a_bank,
            "contact of one with a bank": change_to_contact_of_one_with_a_bank,
            "counterpart on another account": change(suspense, account_id=foreign.account_id.id),
            "entry not posted": change(entry, state="draft"),
            "hashed": change(entry, inalterable_hash="x"),
            "hashed journal": change(line.journal_id, restrict_mode_hash_table=True),
            "line reconciled": change(line, is_reconciled=True),
            "line in another currency": change(line, foreign_currency_id=dollar.id),
            "entry of three items": change(foreign, move_id=entry.id),
            "suspense item in another currency": change(suspense, currency_id=dollar.id),
            "suspense item of a project": change(suspense, analytic_distribution='{"1": 100}'),
            "other amount on the suspense item": change(suspense, balance=-1),
            "item in another currency": change(item, currency_id=dollar.id),
            "item of another company": change(item, company_id=self.company_b.id),
            "item of nobody": change(item, partner_id=None),
            "item not posted": change(item, parent_state="draft"),
            "item reconciled": change(item, reconciled=True),
            "partial number": change(item, matching_number="P1"),
            "item of a full reconciliation": change(item, full_reconcile_id=full_id),
            "item of a payment": change(item, payment_id=payment.id),
            "early discount": change(item, discount_date=DAY),
            "partly paid": change(item, balance=item.balance + 1),
            "other amount open": change(item, amount_residual=1, balance=1),
            "account not reconciled": change(item.account_id, reconcile=False),
            "account of another kind": change(item.account_id, account_type="asset_current"),
            "no invoice": change(invoice, move_type="entry"),
            "blocked": change(invoice, payment_state="blocked"),
            "entry of a payment": change(invoice, origin_payment_id=payment.id),
            "other amount of the invoice open": change(invoice, amount_residual=1),
            "instalments": change((invoice.line_ids - item)[:1], display_type="payment_term"),
            "payment under way": lambda: self.env.cr.execute(
                "INSERT INTO account_move__account_payment (invoice_id, payment_id) VALUES (%s, %s)",
                [invoice.id, payment.id],
            ),
        }.items():
            with self.subTest(name):
                self.assertTrue(spoil(what))

    def test_proposal_that_says_more_than_the_pair_is_not_plain(self):
        (line, item), *_others = self.make_pairs()
        [proposal] = self.proposals([(line, item)])
        self.assertTrue(self.pairs._facts([proposal]))
        [allocation] = proposal.allocations
        for name, changed in {
            "another partner": replace(proposal, partner_id=self.company_a.partner_id.id),
            "a write-off": replace(proposal, write_offs=(WriteOff(1, Decimal(1), "Fee"),)),
            "the rest stays": replace(proposal, keep_rest=True),
            "another figure was paid": replace(
                proposal, allocations=(replace(allocation, paid=Decimal(1)),)
            ),
        }.items():
            with self.subTest(name):
                self.assertFalse(self.pairs._facts([changed]))
        [(part, _item)] = self.make_pairs([item], amount=lambda item: item.balance - 1)
        amount = Decimal(str(part.amount))
        of_part = replace(proposal, line_id=part.id)
        of_part = replace(of_part, allocations=(replace(allocation, amount=amount),))
        self.assertFalse(self.pairs._facts([of_part]), "a part of what is open")
        # An invoice is paid once, whoever of two is first.
        [(twin, _item)] = self.make_pairs([item])
        facts = self.pairs._facts(self.proposals([(line, item), (twin, item)]))
        self.assertEqual([fact["line_id"] for fact in facts], [line.id])

    def test_item_that_two_lines_want_is_settled_once(self):
        pairs = self.make_pairs()
        item = pairs[0][1]
        [(twin, _item)] = self.make_pairs([item])
        outcomes = self.poster._reconcile(self.proposals([*pairs, (twin, item)]))
        self.assertEqual([outcome.done for outcome in outcomes], [True] * PAIRS + [False])
        self.assertEqual({outcome.way for outcome in outcomes[:PAIRS]}, {"set_based"})
        self.assertEqual(len(item.matched_credit_ids), 1)

    def test_company_settings_that_are_not_plain(self):
        facts = self.pairs._facts(self.proposals(self.make_pairs()))
        self.assertIsNone(self.pairs._why_not(self.company_a, facts))
        for values, reason in (
            ({"tax_exigibility": True}, "cash-basis"),
            ({"restrictive_audit_trail": True}, "audit"),
            ({"account_storno": True}, "storno"),
            ({"tax_lock_date": DAY}, "a lock date"),
        ):
            with self.env.cr.savepoint() as savepoint:
                self.company_a.write(values)
                self.assertIn(reason, self.pairs._why_not(self.company_a, facts))
                savepoint.rollback()
        with self.env.cr.savepoint() as savepoint:
            self.company_a.tax_lock_date = DAY
            later = [{**fact, "date": DAY + timedelta(days=1)} for fact in facts]
            self.assertIsNone(self.pairs._why_not(self.company_a, later))
            self.assertEqual(self.pairs._why_not(self.company_a, [*later, facts[0]]), "a lock date")
            savepoint.rollback()
        # Its module is not among those of the suite: a model with the same field and rows stands for it.
        automation = self.registry["ir.rule"]
        with patch.dict(self.registry.models, {"base.automation": automation}):
            self.assertEqual(self.pairs._why_not(self.company_a, facts), "automation rules")
        with self.env.cr.savepoint() as savepoint:
            self.env["account.analytic.distribution.model"].create({})
            self.assertIn("analytic", self.pairs._why_not(self.company_a, facts))
            savepoint.rollback()
        self.assertEqual(self.pairs._why_not(self.company_a, facts[:1]), "few pairs")
        self.journal.suspense_account_id.reconcile = True
        self.assertIn("suspense", self.pairs._why_not(self.company_a, facts))

    def test_foreign_override_goes_through_odoo(self):
        facts = self.pairs._facts(self.proposals(self.make_pairs()))
        known = tuple(
            name for name in bank_statement_poster_pairs.KNOWN_MODULES if "mail" not in name
        )
        with patch(
            "odoo.addons.bank_statement_api.models.bank_statement_line_writer.KNOWN_MODULES", known
        ):
            self.assertIn("overrides", self.pairs._why_not(self.company_a, facts))

    def test_foreign_say_in_analytic_distributions_goes_through_odoo(self):
        facts = self.pairs._facts(self.proposals(self.make_pairs()))
        known = tuple(
            name
            for name in bank_statement_poster_pairs.KNOWN_MODULES
            if name != "odoo.addons.account."
        )
        with patch(
            "odoo.addons.bank_statement_api.models.bank_statement_line_writer.KNOWN_MODULES", known
        ):
            self.assertEqual(self.pairs._why_not(self.company_a, facts), "analytic models")

    def test_foreign_stored_field_goes_through_odoo(self):
        facts = self.pairs._facts(self.proposals(self.make_pairs()))
        with patch.object(bank_statement_poster_pairs, "KNOWN_MODULES", ("odoo.addons.mail.",)):
            self.assertIn("depends on", self.pairs._why_not(self.company_a, facts))

    def test_foreign_currency_goes_through_odoo(self):
        dollar = self.make_rate("USD", 1.25)
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
