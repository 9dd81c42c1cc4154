from unittest.mock import patch

from odoo.tests import tagged

from odoo.addons.bank_statement_api.models.bank_statement_line_writer import KNOWN_MODULES

from .pairs_case import PAIRS, PairsCase


@tagged("post_install", "-at_install")
class TestPosterPairs(PairsCase):
    """Pairs posted set-based, or through the ORM in bulk, leave the rows Odoo leaves, column by column."""

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
        dollar = self.make_rate("USD", 1.25)
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

    def test_rows_equal_odoos_where_kinds_come_together(self):
        """A sample stands for pairs of its own kind only."""
        refunds = self.env["account.move"].create(
            [
                {
                    "move_type": "out_refund",
                    "partner_id": self.invoices[0].partner_id.id,
                    "invoice_date": "2026-02-03",
                    "company_id": self.company_a.id,
                    "invoice_line_ids": [
                        (0, 0, {"name": "Goods", "price_unit": 7, "tax_ids": [(5, 0, 0)]})
                    ],
                }
                for _number in range(2)
            ]
        )
        refunds.action_post()
        more = [self.make_invoice(30 + number) for number in range(4)]
        items = self.items()
        other = self.env["res.partner"].create({"name": "Other"})
        journal = self.make_journal(self.company_a, "CH9300762011623852957", code="TBN2")
        known = {"partner_id": lambda item: item.partner_id.id}
        self.assert_same_rows(
            [
                *self.make_pairs(items[:2]),
                *self.make_pairs(items[2:], **known),
                *self.make_pairs(self.items(refunds)),
                *self.make_pairs(self.items(more[:2]), partner_id=lambda _item: other.id),
                *self.make_pairs(self.items(more[2:]), journal),
            ]
        )

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

    def test_messages_are_odoos_where_a_module_that_is_not_known_takes_part(self):
        entries = self.registry["bank.statement.poster.entry"]
        writer = "odoo.addons.bank_statement_api.models.bank_statement_line_writer"
        # Of messages it is mail that has a say, of those about entries accounting as well.
        for foreign in (None, "odoo.addons.mail.", "odoo.addons.account."):
            modules = tuple(name for name in KNOWN_MODULES if name != foreign)
            pairs = self.make_pairs(self.items([self.make_invoice(7) for _number in range(2)]))
            with (
                patch(f"{writer}.KNOWN_MODULES", modules),
                patch.object(
                    self.registry["bank.statement.poster"], "_why_not", lambda *_args: "x"
                ),
                patch.object(entries, "_post_alike") as alike,
            ):
                self.poster._reconcile(self.proposals(pairs))
            self.assertEqual(alike.called, foreign is None, foreign)

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
            # Odoo calls it with nothing as well, where there are no entries to make.
            followed.extend(plan)
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
