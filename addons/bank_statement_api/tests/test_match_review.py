from datetime import timedelta
from unittest.mock import patch

from odoo import Command, fields
from odoo.exceptions import AccessError, UserError
from odoo.modules import load_script
from odoo.tests import new_test_user, tagged
from odoo.tools import file_path

from .common import DAY, StatementCase


@tagged("post_install", "-at_install")
class TestMatchReview(StatementCase):
    """What a person does with a line that waits; always as an operator, who is nobody's administrator."""

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.expense = cls.env["account.account"].search(
            [("account_type", "=", "expense"), ("company_ids", "in", cls.company_a.ids)], limit=1
        )

    def waiting(self, *lines):
        """Bring lines and let the engine look at them; as the operator sees them."""
        self.bring(self.file(*lines))
        self.match()
        return self.lines().with_user(self.operator)

    def item_of(self, invoice):
        return invoice.line_ids.filtered(
            lambda item: item.account_id.account_type == "asset_receivable"
        )

    def lock(self, day=DAY):
        """Close the period of the lines, as it may be with some of them open: Odoo would ask for them first."""
        self.env.cr.execute(
            "UPDATE res_company SET fiscalyear_lock_date = %s WHERE id = %s",
            [day, self.company_a.id],
        )
        self.env.invalidate_all()
        self.env.registry.clear_cache()

    # === PROPOSALS === #

    def test_proposals_are_ranked_and_say_why(self):
        invoice = self.make_invoice(80)
        line = self.waiting(("50.00", f"Part of {invoice.name}, rest follows"))
        best = line.match_id.proposal_ids[0]
        self.assertEqual((best.rank, best.item_ids), (1, self.item_of(invoice)))
        [span] = best.spans
        self.assertEqual(line.payment_ref[span["start"] : span["end"]], invoice.name)
        self.assertIn("50.00", best.score_words[1]["text"])
        self.assertEqual(best.allocations[0]["amount"], "50.00")
        self.assertIn(invoice.name, line.match_id.explanation)
        self.assertEqual(line.match_reason_code, "amount_short")

    def test_preview_is_the_entry_that_is_posted(self):
        invoice = self.make_invoice(80)
        line = self.waiting(("50.00", invoice.name))
        proposal = line.match_id.proposal_ids[0]
        preview = proposal.preview
        proposal.action_accept()
        posted = [
            (item.account_id.id, f"{item.debit:.2f}", f"{item.credit:.2f}")
            for item in line.line_ids.sorted(lambda item: item.balance < 0)
        ]
        shown = [
            (row["account_id"], row["debit"] or "0.00", row["credit"] or "0.00") for row in preview
        ]
        self.assertEqual(shown, posted)

    def test_accepting_a_part_payment_leaves_the_rest_of_the_item_open(self):
        invoice = self.make_invoice(80)
        line = self.waiting(("50.00", invoice.name))
        result = line.match_id.proposal_ids[0].action_accept()
        self.assertEqual(result, {"accepted": line.ids, "refused": []})
        self.assertTrue(line.is_reconciled)
        self.assertEqual(invoice.amount_residual, 30)
        self.assertEqual(line.match_id.verdict, "right")
        self.assertEqual(line.match_id.decided_by_id, self.operator)
        self.assertFalse(
            self.env["finance.exception"].search(
                [("res_id", "=", line.id), ("state", "=", "open"), ("code", "=like", "match_%")]
            )
        )

    def test_accepting_an_overpayment_leaves_the_rest_of_the_line_open(self):
        invoice = self.make_invoice(40)
        line = self.waiting(("50.00", invoice.name))
        line.match_id.proposal_ids[0].action_accept()
        self.assertEqual(invoice.amount_residual, 0)
        self.assertFalse(line.is_reconciled)
        self.assertEqual(abs(line.amount_residual), 10)

    def test_many_are_accepted_at_once_and_one_refusal_stops_none(self):
        invoices = [self.make_invoice(80) for _ in range(3)]
        lines = self.waiting(*(("50.00", invoice.name) for invoice in invoices))
        proposals = lines.match_id.proposal_ids.filtered(lambda one: one.rank == 1)
        invoices[1].button_draft()
        result = proposals.action_accept()
        self.assertEqual(len(result["accepted"]), 2)
        self.assertEqual([row["line"] for row in result["refused"]], lines[1].ids)

    def test_proposal_of_a_replaced_decision_cannot_be_accepted(self):
        invoice = self.make_invoice(80)
        line = self.waiting(("50.00", invoice.name))
        stale = line.match_id.proposal_ids[0]
        self.match()
        self.assertEqual(stale.match_id.state, "replaced")
        with self.assertRaises(UserError):
            stale.action_accept()

    def test_two_proposals_of_one_line_are_not_accepted_together(self):
        self.make_invoice(50)
        self.make_invoice(50)
        line = self.waiting(("50.00", "one of these"))
        self.assertGreater(len(line.match_id.proposal_ids), 1)
        with self.assertRaises(UserError):
            line.match_id.proposal_ids.action_accept()
        self.assertFalse(line.is_reconciled)

    # === BY HAND === #

    def test_line_is_split_over_items_and_a_write_off(self):
        first, second = self.make_invoice(30), self.make_invoice(15)
        line = self.waiting(("50.00", "both, and a tip"))
        chosen = [
            {"item": self.item_of(first).id},
            {"item": self.item_of(second).id, "amount": "10.00"},
        ]
        rest = {"account": self.expense.id, "label": "Tip"}
        preview = line.action_match_preview(chosen, rest)
        self.assertEqual([row["credit"] for row in preview], ["", "30.00", "10.00", "10.00"])
        line.action_match_allocate(chosen, rest)
        self.assertTrue(line.is_reconciled)
        self.assertEqual((first.amount_residual, second.amount_residual), (0, 5))
        self.assertEqual(line.match_found_by, "manual")

    def test_first_proposal_that_was_passed_over_counts_as_wrong(self):
        proposed, chosen = self.make_invoice(80), self.make_invoice(50)
        line = self.waiting(("50.00", proposed.name))
        decision = line.match_id
        line.action_match_allocate([{"item": self.item_of(chosen).id}])
        self.assertEqual((decision.verdict, decision.is_current), ("wrong", False))

    def test_more_than_is_open_is_refused(self):
        invoice = self.make_invoice(30)
        line = self.waiting(("50.00", "x"))
        result = line.action_match_allocate([{"item": self.item_of(invoice).id, "amount": "31.00"}])
        self.assertTrue(result["refused"])
        self.assertFalse(line.is_reconciled)

    def test_amount_that_is_none_is_told(self):
        invoice = self.make_invoice(30)
        line = self.waiting(("50.00", "x"))
        for amount in ("ten", "NaN", "Infinity"):
            with self.assertRaises(UserError):
                line.action_match_allocate([{"item": self.item_of(invoice).id, "amount": amount}])

    def test_both_sides_of_a_transfer_are_settled(self):
        other = self.make_journal(self.company_a, "DE02120300000000202051", code="TBN2")
        out = self.waiting(("-50.00", "to savings"))
        out.action_match_transfer(other.id)
        self.assertTrue(out.is_reconciled)
        back = self.env["account.bank.statement.line"].create(
            {
                "journal_id": other.id,
                "date": DAY,
                "amount": 50.0,
                "payment_ref": "from current account",
                "account_number": self.journal.bank_account_id.acc_number,
            }
        )
        self.env["bank.statement.matcher"]._match(back)
        back.with_user(self.operator).match_id.proposal_ids[0].action_accept()
        transit = (out | back).line_ids.filtered(
            lambda item: item.account_id == self.company_a.transfer_account_id
        )
        self.assertEqual(len(transit), 2)
        self.assertTrue(all(transit.mapped("reconciled")))

    def test_postponed_ignored_and_asked(self):
        line = self.waiting(("50.00", "x"))
        with self.assertRaises(UserError):
            line.action_match_postpone(fields.Date.to_string(fields.Date.today()))
        day = fields.Date.today() + timedelta(days=3)
        line.action_match_postpone(fields.Date.to_string(day))
        self.assertEqual(line.match_postponed_until, day)
        line.action_match_ask(self.users["manager", "a"].id, "Yours?")
        self.assertEqual(line.match_asked_id, self.users["manager", "a"])
        self.assertEqual(line.move_id.activity_ids.user_id, self.users["manager", "a"])
        with self.assertRaises(UserError):
            line.action_match_ask(self.users["manager", "b"].id, "Yours?")
        line.action_match_ignore("Test payment of the bank")
        self.assertEqual(line.match_id.state, "ignored")
        self.assertEqual(self.match(), 0)
        line.action_match_ignore("")
        self.assertEqual(line.match_id.state, "waiting")
        line.action_match_allocate([{"item": self.item_of(self.make_invoice(50)).id}])
        with self.assertRaises(UserError):
            line.action_match_ignore("It is settled.")
        self.assertEqual(line.match_id.state, "posted")

    def test_partner_of_a_line_whose_rest_waits_takes_nothing_apart(self):
        invoice = self.make_invoice(40)
        line = self.waiting(("50.00", invoice.name))
        line.match_id.proposal_ids[0].action_accept()
        partner = self.env["res.partner"].create({"name": "Pays for others"})
        line.action_match_partner(partner.id)
        self.assertEqual((line.partner_id, line.move_id.partner_id), (partner, partner))
        self.assertEqual((invoice.amount_residual, abs(line.amount_residual)), (0, 10))

    # === UNDO === #

    def test_undo_restores_line_and_item_and_keeps_the_decision(self):
        invoice = self.make_invoice(50)
        line = self.waiting(("50.00", invoice.name))
        before = line.match_id
        self.assertTrue(line.is_reconciled)
        result = line.action_match_undo()
        self.assertEqual(result["undone"], line.ids)
        self.assertEqual(invoice.amount_residual, 50)
        self.assertFalse(line.is_reconciled)
        self.assertEqual((before.state, before.verdict), ("undone", "wrong"))
        self.assertEqual(line.match_id.state, "waiting", "it can be decided on again")
        self.assertEqual(line.match_id.proposal_ids[0].item_ids, self.item_of(invoice))
        line.match_id.proposal_ids.invalidate_recordset()
        self.match()
        self.assertFalse(line.is_reconciled, "what erred once is not posted again by itself")

    def test_who_takes_a_match_back_after_somebody_else_changes_nothing(self):
        invoice = self.make_invoice(50)
        line = self.waiting(("50.00", invoice.name))
        self.assertEqual(line.action_match_undo()["undone"], line.ids)
        line.move_id.sudo().checked = False
        decision, items = line.match_id, line.line_ids
        result = line.action_match_undo()
        self.assertEqual([row["line"] for row in result["refused"]], line.ids)
        self.assertIn("Nothing is matched", result["refused"][0]["reason"])
        self.assertEqual((line.match_id, line.line_ids), (decision, items))
        self.assertFalse(line.move_id.checked)

    def test_line_that_is_settled_on_the_suspense_account_can_be_taken_back(self):
        self.journal.suspense_account_id.reconcile = True
        lines = self.waiting(("50.00", "x"), ("-50.00", "y"))
        self.env["account.move.line"].union(
            *(line._seek_for_lines()[1] for line in lines)
        ).reconcile()
        self.assertTrue(all(lines.mapped("is_reconciled")))
        self.assertEqual(lines[0].action_match_undo()["undone"], lines[0].ids)
        self.assertFalse(any(lines.mapped("is_reconciled")))

    def test_locked_period_is_corrected_by_a_reversal(self):
        invoice = self.make_invoice(50)
        line = self.waiting(("50.00", invoice.name))
        self.company_a.sudo().fiscalyear_lock_date = DAY
        figures = line.line_ids.read(["account_id", "balance"])
        result = line.action_match_undo()
        self.assertEqual(result["reversed"], line.ids)
        self.assertEqual(line.line_ids.read(["account_id", "balance"]), figures)
        self.assertEqual(invoice.amount_residual, 50)
        suspense = self.journal.suspense_account_id
        open_again = self.env["account.move.line"].search([("account_id", "=", suspense.id)])
        self.assertEqual(sum(open_again.mapped("balance")), -50)

    def test_reversal_opens_each_of_several_items(self):
        invoices = [self.make_invoice(amount) for amount in (25, 25, 10)]
        refund = self.make_invoice(25).copy({"move_type": "out_refund"})
        refund.invoice_date = DAY
        refund.action_post()
        line = self.waiting(("35.00", "several"))
        moves = [*invoices, refund]
        line.action_match_allocate([{"item": self.item_of(move).id} for move in moves])
        self.assertTrue(line.is_reconciled)
        self.lock()
        # Of all companies that the caller works for, the journal is the line's company's.
        general = self.env["account.journal"].search([("type", "=", "general")])
        general.filtered(lambda one: one.company_id == self.company_b).sequence = 0
        general.filtered(lambda one: one.company_id == self.company_a).sequence = 9
        companies = self.company_a | self.company_b
        self.operator.company_ids = companies
        line = line.with_context(allowed_company_ids=companies.ids)
        self.assertEqual(line.action_match_undo()["reversed"], line.ids)
        self.assertEqual([move.amount_residual for move in moves], [25, 25, 10, 25])
        own = line.line_ids.filtered(
            lambda item: item.account_id.account_type == "asset_receivable"
        )
        self.assertTrue(all(own.mapped("reconciled")), "with what took them back")
        self.assertEqual((line.match_id.state, line.match_id.verdict), ("undone", "wrong"))
        entry = self.env["account.move"].search([("journal_id", "in", general.ids)], limit=1)
        self.assertEqual((entry.company_id, entry.state), (self.company_a, "posted"))

    def test_reversal_that_odoo_refuses_takes_nothing_apart(self):
        invoice = self.make_invoice(50)
        line = self.waiting(("50.00", invoice.name))
        self.lock()
        refusal = "not today"

        def refuse(moves):
            raise UserError(refusal)

        with patch.object(self.registry["account.move"], "action_post", refuse):
            result = line.action_match_undo()
        self.assertEqual(result["refused"], [{"line": line.id, "reason": refusal}])
        self.assertEqual(invoice.amount_residual, 0)
        self.assertTrue(line.is_reconciled)
        self.assertEqual(line.match_id.state, "posted")

    def test_reversal_without_a_journal_for_its_entry_takes_nothing_apart(self):
        invoice = self.make_invoice(50)
        line = self.waiting(("50.00", invoice.name))
        self.lock()
        self.env["account.journal"].search(
            [("type", "=", "general"), ("company_id", "=", self.company_a.id)]
        ).active = False
        [refused] = line.action_match_undo()["refused"]
        self.assertIn("no journal for miscellaneous entries", refused["reason"])
        self.assertEqual((invoice.amount_residual, line.match_id.state), (0, "posted"))

    def test_line_that_is_open_in_part_is_reversed_and_its_rest_stays_open(self):
        invoice = self.make_invoice(40)
        line = self.waiting(("50.00", invoice.name))
        line.match_id.proposal_ids[0].action_accept()
        self.lock()
        figures = line.line_ids.read(["account_id", "balance"])
        self.assertEqual(line.action_match_undo()["reversed"], line.ids)
        self.assertEqual(line.line_ids.read(["account_id", "balance"]), figures)
        self.assertEqual((invoice.amount_residual, abs(line.amount_residual)), (40, 10))
        suspense = line.match_reversal_id.line_ids.filtered(
            lambda item: item.account_id == self.journal.suspense_account_id
        )
        self.assertEqual(suspense.balance, -40)

    def test_line_with_nothing_matched_is_not_reversed(self):
        line = self.waiting(("50.00", "x"))
        self.lock()
        [refused] = line.action_match_undo()["refused"]
        self.assertIn("Nothing is matched", refused["reason"])
        self.assertFalse(line.match_reversal_id)

    def test_match_is_taken_back_once(self):
        invoice = self.make_invoice(50)
        line = self.waiting(("50.00", invoice.name))
        self.lock()
        line.action_match_undo()
        entry = line.match_reversal_id
        for day in (DAY, None):
            self.lock(day)
            with self.subTest(locked=day):
                [refused] = line.action_match_undo()["refused"]
                self.assertIn(entry.name, refused["reason"])
                self.assertEqual(line.match_reversal_id, entry)
                self.assertEqual(invoice.amount_residual, 50)
                self.assertTrue(all((line.move_id + entry).line_ids.filtered("matched_debit_ids")))
        entry.sudo().button_draft()
        self.assertEqual(line.action_match_undo()["undone"], line.ids)
        self.assertEqual((invoice.amount_residual, line.is_reconciled), (50, False))

    def test_match_taken_back_before_the_upgrade_is_not_taken_back_again(self):
        invoice = self.make_invoice(50)
        line = self.waiting(("50.00", invoice.name))
        self.lock()
        line.action_match_undo()
        entry = line.match_reversal_id
        line.sudo().match_reversal_id = False
        self.env.flush_all()
        path = file_path("bank_statement_api/migrations/19.0.1.9.5/post-migration.py")
        load_script(path, "post-migration").migrate(self.env.cr, "19.0.1.9.4")
        self.env.invalidate_all()
        self.assertEqual(line.match_reversal_id, entry)

    def test_of_many_open_items_the_nearest_amounts_are_offered(self):
        dollar = self.env.ref("base.USD")
        dollar.active = True
        self.make_invoice(50, currency=dollar)
        for amount in (500, 400, 300, 49):
            self.make_invoice(amount)
        line = self.waiting(("50.00", "Thank you"))
        fits = self.make_invoice(50)
        offered = [row["item"] for row in line.action_match_items(limit=2)]
        self.assertEqual(offered[0], self.item_of(fits).id)
        self.assertEqual(
            [row["amount"] for row in line.action_match_items(limit=2)], ["50.00", "49.00"]
        )
        line.action_match_partner(fits.partner_id.id)
        self.assertEqual([row["item"] for row in line.action_match_items()], self.item_of(fits).ids)

    # === WHO MAY === #

    def test_another_companys_operator_reaches_nothing(self):
        invoice = self.make_invoice(80)
        line = self.waiting(("50.00", invoice.name))
        stranger = self.users["operator", "b"]
        for call in (
            line.match_id.proposal_ids.with_user(stranger).action_accept,
            line.with_user(stranger).action_match_undo,
            line.with_user(stranger).action_match_items,
        ):
            with self.assertRaises(AccessError):
                call()
        self.assertEqual(invoice.amount_residual, 80)

    def test_nothing_of_another_company_is_used_by_whoever_works_for_both(self):
        companies = self.company_a | self.company_b
        user = new_test_user(
            self.env,
            "both_companies",
            groups="finance_connector_base.group_finance_operator",
            company_ids=[Command.set(companies.ids)],
            company_id=self.company_a.id,
        )
        account = self.env["account.account"].search(
            [("account_type", "=", "expense"), ("company_ids", "in", self.company_b.ids)], limit=1
        )
        model = self.env["account.reconcile.model"].create(
            {
                "name": "Fees B",
                "company_id": self.company_b.id,
                "line_ids": [Command.create({"account_id": account.id})],
            }
        )
        item = self.item_of(self.make_invoice(50, company=self.company_b))
        line = self.waiting(("50.00", "x")).with_user(user)
        line = line.with_context(allowed_company_ids=companies.ids)
        for name, call in {
            "model": lambda: line.action_match_write_off(model.id),
            "account for the rest": lambda: line.action_match_preview(
                [], {"account": account.id, "label": "x"}
            ),
            "model for the rest": lambda: line.action_match_preview([], {"model": model.id}),
            "item": lambda: line.action_match_preview([{"item": item.id}]),
            "bank account": lambda: line.action_match_transfer(self.journals[self.company_b].id),
        }.items():
            with self.subTest(name), self.assertRaises(UserError):
                call()
        self.assertTrue(line.action_match_allocate([{"item": item.id}])["refused"])
        self.assertFalse(item.reconciled)

    def test_decision_cannot_be_written_past_its_actions(self):
        line = self.waiting(("50.00", "x"))
        manager = self.users["manager", "a"]
        decided = {
            "match_id": False,
            "match_found_by": "exact",
            "match_reason_code": "x",
            "match_score": 99,
            "match_postponed_until": "2099-01-01",
            "match_ignored_reason": "x",
            "match_asked_id": manager.id,
            "match_reversal_id": line.move_id.id,
        }
        for record, vals in (
            *((line, {name: value}) for name, value in decided.items()),
            (line.match_id, {"verdict": "right"}),
        ):
            with self.subTest(vals), self.assertRaises(AccessError):
                record.with_user(manager).write(vals)
