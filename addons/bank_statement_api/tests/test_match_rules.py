from datetime import timedelta
from decimal import Decimal
from unittest.mock import patch

from odoo import fields
from odoo.exceptions import AccessError, UserError, ValidationError
from odoo.tests import tagged

from odoo.addons.bank_statement_api.tools.matching import precision

from .common import StatementCase


@tagged("post_install", "-at_install")
class TestMatchRules(StatementCase):
    """Rules: versioned, tried on the past, put into force by somebody else, suspended when they err; dry runs."""

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.expense = cls.env["account.account"].search(
            [("account_type", "=", "expense"), ("company_ids", "in", cls.company_a.ids)], limit=1
        )
        cls.other_manager = cls.manager.copy({"login": "manager_two"})

    def make_rule(self, **values):
        return (
            self.env["bank.statement.match.rule"]
            .with_user(self.manager)
            .create(
                {
                    "name": "Fees",
                    "kind": "fee",
                    "maximum": 5.0,
                    "company_id": self.company_a.id,
                    "currency_id": self.euro.id,
                    "account_id": self.expense.id,
                    **values,
                }
            )
        )

    def in_force(self, **values):
        rule = self.make_rule(**values)
        rule.action_backtest()
        rule.action_propose()
        rule.with_user(self.other_manager).action_activate()
        return rule

    def trust_everything(self):
        """The patterns of these tests are measured elsewhere: here it matters what is done with them."""
        patcher = patch.object(precision, "prior_of", lambda found_by, pattern: (4_000, 0))
        patcher.start()
        self.addCleanup(patcher.stop)

    # === RULES === #

    def test_fee_is_booked_where_the_rule_says(self):
        self.trust_everything()
        rule = self.in_force()
        invoice = self.make_invoice(50)
        self.bring(self.file(("47.50", invoice.name)))
        self.assertEqual(self.match(), 1)
        line = self.lines()
        self.assertEqual(invoice.amount_residual, 0)
        fee = line.line_ids.filtered(lambda item: item.account_id == self.expense)
        self.assertEqual(fee.balance, 2.5)
        self.assertEqual((line.match_id.rule_id, line.match_id.rule_version), (rule, 1))
        self.assertEqual(line.match_found_by, "tolerance")

    def test_rule_of_a_draft_changes_nothing(self):
        self.trust_everything()
        self.make_rule()
        invoice = self.make_invoice(50)
        self.bring(self.file(("47.50", invoice.name)))
        self.assertEqual(self.match(), 0)

    def test_author_does_not_put_a_rule_into_force(self):
        rule = self.make_rule()
        with self.assertRaises(UserError):
            rule.action_propose()
        rule.action_backtest()
        rule.action_propose()
        with self.assertRaises(AccessError):
            rule.action_activate()
        with self.assertRaises(UserError):
            rule.maximum = 500
        with self.assertRaises(AccessError):
            rule.write({"state": "active"})

    def test_rule_comes_into_force_step_by_step(self):
        now = fields.Datetime.now()
        for values in ({"state": "active"}, {"contributor_ids": []}, {"backtested_at": now}):
            with self.assertRaises(AccessError):
                self.make_rule(**values)
        rule = self.make_rule()
        of_other = rule.with_user(self.other_manager)
        with self.assertRaises(UserError):
            of_other.action_activate()
        rule.action_backtest()
        rule.action_propose()
        of_other.action_activate()
        of_other.action_retire()
        for call in (rule.action_propose, of_other.action_activate):
            with self.assertRaises(UserError):
                call()
        self.assertEqual(rule.state, "retired")

    def test_default_keys_do_not_put_a_rule_into_force(self):
        rule = self.make_rule()
        born = (
            self.env["bank.statement.match.rule"]
            .with_user(self.manager)
            .with_context(default_state="active", default_code=rule.code, default_number=9)
            .create(
                {
                    "name": "Fees",
                    "kind": "fee",
                    "maximum": 5,
                    "account_id": rule.account_id.id,
                    "company_id": self.company_a.id,
                    "currency_id": rule.currency_id.id,
                }
            )
        )
        self.assertEqual((born.state, born.number), ("draft", 1))
        self.assertNotEqual(born.code, rule.code)
        self.assertFalse(born._in_force(self.company_a))

    def test_change_of_a_draft_voids_its_trial(self):
        rule = self.make_rule()
        rule.action_backtest()
        rule.maximum = 500
        with self.assertRaises(UserError):
            rule.action_propose()

    def test_next_version_retires_the_one_before(self):
        rule = self.in_force()
        draft = self.env["bank.statement.match.rule"].browse(
            rule.with_user(self.manager).action_new_version()["res_id"]
        )
        self.assertEqual((draft.number, draft.state, draft.code), (2, "draft", rule.code))
        draft.action_backtest()
        draft.action_propose()
        draft.with_user(self.other_manager).action_activate()
        self.assertEqual(rule.state, "retired")

    def test_who_changed_a_draft_does_not_put_it_into_force(self):
        rule = self.make_rule()
        rule.with_user(self.other_manager).maximum = 6
        rule.action_backtest()
        rule.action_propose()
        for author in (self.manager, self.other_manager):
            with self.assertRaises(AccessError):
                rule.with_user(author).action_activate()

    def test_rule_that_was_in_force_is_kept(self):
        rule = self.in_force()
        rule.action_retire()
        with self.assertRaises(UserError):
            rule.unlink()
        self.make_rule().unlink()

    def test_rule_speaks_of_its_partners_and_accounts_only(self):
        self.trust_everything()
        invoice = self.make_invoice(50)
        other = self.make_journal(self.company_a, "DE02120300000000202051", code="TBN2")
        stranger = self.env["res.partner"].create({"name": "Stranger"})
        self.in_force(name="Of a stranger", partner_ids=stranger.ids)
        self.in_force(name="Of another account", journal_ids=other.ids)
        account = self.env["account.account"].search(
            [("account_type", "=", "expense"), ("company_ids", "in", self.company_b.ids)], limit=1
        )
        self.env["bank.statement.match.rule"].create(
            {
                "name": "Of another company",
                "kind": "fee",
                "maximum": 5.0,
                "company_id": self.company_b.id,
                "currency_id": self.euro.id,
                "account_id": account.id,
                "state": "active",
            }
        )
        self.bring(self.file(("47.50", invoice.name)))
        self.assertEqual(self.match(), 0)
        self.assertFalse(self.lines().match_id.rule_id)
        rule = self.in_force(partner_ids=invoice.partner_id.ids, journal_ids=self.journal.ids)
        self.assertEqual(self.match(), 1)
        self.assertEqual(self.lines().match_id.rule_id, rule)

    def test_rule_that_accepts_nothing_is_refused(self):
        with self.assertRaises(ValidationError):
            self.make_rule(maximum=0)

    def test_rule_that_errs_is_suspended_and_people_are_told(self):
        self.trust_everything()
        rule = self.in_force()
        invoice = self.make_invoice(50)
        self.bring(self.file(("47.50", invoice.name)))
        self.match()
        self.lines().with_user(self.operator).action_match_undo()
        self.assertEqual(rule.state, "suspended")
        self.assertTrue(
            self.env["finance.exception"].search(
                [("code", "=", "match_rule_suspended"), ("res_id", "=", rule.id)]
            )
        )
        self.assertEqual(self.match(), 0)

    def test_rule_that_is_out_of_force_is_not_suspended(self):
        self.trust_everything()
        rule = self.in_force()
        self.bring(self.file(("47.50", self.make_invoice(50).name)))
        self.match()
        rule.action_retire()
        self.lines().with_user(self.operator).action_match_undo()
        self.assertEqual(rule.state, "retired")

    # === BACK-TEST === #

    def test_backtest_says_what_the_rule_would_have_done(self):
        self.trust_everything()
        today = fields.Date.today()
        right, wrong = self.make_invoice(50), self.make_invoice(60)
        other = self.make_invoice(58)
        lines = self.env["account.bank.statement.line"].create(
            [
                {
                    "journal_id": self.journal.id,
                    "date": today - timedelta(days=20),
                    "amount": amount,
                    "payment_ref": invoice.name,
                }
                for amount, invoice in ((47.5, right), (58.0, wrong))
            ]
        )
        fee = {"account": self.expense.id, "label": "Fee"}
        receivable = [
            invoice.line_ids.filtered(
                lambda item: item.account_id.account_type == "asset_receivable"
            )
            for invoice in (right, other)
        ]
        lines[0].with_user(self.operator).action_match_allocate([{"item": receivable[0].id}], fee)
        lines[1].with_user(self.operator).action_match_allocate([{"item": receivable[1].id}])
        rule = self.make_rule()
        rule.action_backtest()
        result = rule.backtest
        self.assertEqual((result["lines"], result["before"], result["auto"]), (2, 0, 2))
        self.assertEqual((result["right"], result["precision"], result["recall"]), (1, 50.0, 50.0))
        self.assertEqual(
            next((row["line"], row["after"], row["people"]) for row in result["changed"]),
            (lines[0].id, receivable[0].ids, receivable[0].ids),
        )
        self.assertIn("lines", rule.backtest_text)
        self.assertIn("0 without this version, 2 with it", rule.backtest_text)
        self.assertEqual((rule.backtest_wrong, rule.backtest_changed), (1, 2))
        opened = rule.with_user(self.users["viewer", "a"]).action_open_changed()
        self.assertEqual(self.env[opened["res_model"]].search(opened["domain"]), lines)

    def test_backtest_on_nothing_says_so(self):
        rule = self.make_rule()
        rule.action_backtest()
        self.assertIn("the trial says nothing", rule.backtest_text)
        self.assertNotIn("precision", rule.backtest_text)
        self.assertFalse(rule.backtest_wrong)

    def decided(self, amount, invoice, journal=None, days=20, user=None, text=None):
        """A line that a person, or else the engine, reconciled with an invoice some days ago."""
        line = self.env["account.bank.statement.line"].create(
            {
                "journal_id": (journal or self.journal).id,
                "date": fields.Date.today() - timedelta(days=days),
                "amount": amount,
                "payment_ref": text or invoice.name,
            }
        )
        if user:
            item = invoice.line_ids.filtered("date_maturity")
            account = self.expense if amount < invoice.amount_total else False
            rest = {"account": account.id, "label": "Fee"} if account else None
            line.with_user(user).action_match_allocate([{"item": item.id}], rest)
        else:
            self.env["bank.statement.matcher"]._match(line)
        self.assertTrue(line.is_reconciled)
        return line

    def test_backtest_is_of_what_people_of_the_company_decided_lately(self):
        self.trust_everything()
        self.decided(50, self.make_invoice(50))
        self.decided(51, self.make_invoice(51), days=200, user=self.operator)
        self.decided(
            52,
            self.make_invoice(52, company=self.company_b),
            self.journals[self.company_b],
            user=self.users["operator", "b"],
        )
        self.decided(53, self.make_invoice(53), user=self.operator)
        # Who works for both companies tries a rule of one of them.
        self.manager.company_ids |= self.company_b
        rule = self.make_rule()
        rule.action_backtest()
        self.assertEqual((rule.backtest["lines"], rule.backtest["auto"]), (1, 1))

    def test_backtest_of_a_version_is_without_the_one_in_force(self):
        self.trust_everything()
        self.decided(47.5, self.make_invoice(50), user=self.operator)
        draft = self.env["bank.statement.match.rule"].browse(
            self.in_force().with_user(self.manager).action_new_version()["res_id"]
        )
        draft.maximum = 1
        draft.action_backtest()
        self.assertEqual((draft.backtest["before"], draft.backtest["auto"]), (1, 0))

    def test_backtest_does_not_know_the_partner_that_the_match_set(self):
        self.trust_everything()
        invoice = self.make_invoice(53)
        line = self.decided(53, invoice, user=self.operator, text=invoice.name.partition("/")[2])
        self.assertEqual(line.partner_id, invoice.partner_id)
        rule = self.make_rule()
        rule.action_backtest()
        self.assertEqual((rule.backtest["lines"], rule.backtest["auto"]), (1, 0))

    # === DRY RUN === #

    def test_dry_run_touches_nothing_and_its_commit_is_what_it_said(self):
        invoices = [self.make_invoice(50 + number) for number in range(3)]
        self.bring(
            self.file(*((f"{50 + number}.00", one.name) for number, one in enumerate(invoices)))
        )
        lines = self.lines().with_user(self.operator)
        before = lines.read(["match_state", "is_reconciled", "match_id"])
        run = self.env["bank.statement.match.run"].browse(lines.action_match_try()["res_id"])
        self.assertEqual(lines.read(["match_state", "is_reconciled", "match_id"]), before)
        self.assertEqual((run.line_count, run.auto_count), (3, 3))
        said = {one.line_id: one.chosen_id.item_ids for one in run.match_ids}
        run.with_user(self.operator).action_commit()
        for line in lines:
            self.assertTrue(line.is_reconciled)
            self.assertEqual(line.match_id.chosen_id.item_ids, said[line])
            self.assertEqual(line.match_id.run_id, run)
        with self.assertRaises(UserError):
            run.with_user(self.operator).action_commit()

    def test_commit_leaves_what_changed_meanwhile(self):
        first, second = self.make_invoice(50), self.make_invoice(60)
        self.bring(self.file(("50.00", first.name), ("60.00", second.name)))
        lines = self.lines().with_user(self.operator)
        run = self.env["bank.statement.match.run"].browse(lines.action_match_try()["res_id"])
        lines[0].action_match_allocate(
            [{"item": first.line_ids.filtered("amount_residual").id, "amount": "20.00"}],
            {"account": self.expense.id, "label": "x"},
        )
        run.with_user(self.operator).action_commit()
        self.assertEqual(run.result, {"posted": lines[1].ids, "left": lines[0].ids})
        self.assertEqual(first.amount_residual, 30)

    def test_commit_leaves_what_was_decided_anew(self):
        reference = "RF18539007547034"
        invoice = self.make_invoice(50, reference=reference)
        self.bring(self.file(("50.00", reference)))
        line = self.lines().with_user(self.operator)
        run = self.env["bank.statement.match.run"].browse(line.action_match_try()["res_id"])
        self.assertEqual(run.auto_count, 1)
        self.env.cr.execute(
            "UPDATE bank_statement_match_run SET create_date = create_date - interval '1 minute'"
        )
        run.invalidate_recordset()
        self.make_invoice(50, reference=reference)
        self.match()
        decision = line.match_id
        run.with_user(self.operator).action_commit()
        self.assertEqual(run.result, {"posted": [], "left": line.ids})
        self.assertEqual((line.match_id, decision.is_current), (decision, True))
        self.assertEqual(invoice.amount_residual, 50)

    def test_commit_leaves_what_does_not_wait_any_more(self):
        invoice = self.make_invoice(50)
        self.bring(self.file(("50.00", invoice.name)))
        line = self.lines().with_user(self.operator)
        run = self.env["bank.statement.match.run"].browse(line.action_match_try()["res_id"])
        line.action_match_ignore("Test payment of the bank")
        run.with_user(self.operator).action_commit()
        self.assertEqual(run.result, {"posted": [], "left": line.ids})
        self.assertEqual(invoice.amount_residual, 50)

    def test_dry_run_is_of_lines_of_one_company_that_wait(self):
        invoice = self.make_invoice(50)
        self.bring(self.file(("50.00", invoice.name), ("60.00", "x")))
        self.match()
        matched, waits = self.lines()
        elsewhere = self.env["account.bank.statement.line"].create(
            {
                "journal_id": self.journals[self.company_b].id,
                "date": fields.Date.today(),
                "amount": 5.0,
                "payment_ref": "y",
            }
        )
        run = self.env["bank.statement.match.run"].browse(
            (matched | waits).action_match_try()["res_id"]
        )
        self.assertEqual(run.match_ids.line_id, waits)
        for lines in (matched, waits | elsewhere):
            with self.assertRaises(UserError):
                lines.action_match_try()

    # === PRECISION === #

    def test_pattern_that_errs_posts_nothing_more_and_people_are_told(self):
        invoice = self.make_invoice(50)
        self.bring(self.file(("50.00", invoice.name)))
        self.assertEqual(self.match(), 1)
        self.lines().with_user(self.operator).action_match_undo()
        self.assertTrue(
            self.env["finance.exception"].search([("code", "=", "match_rule_suspended")])
        )
        other = self.make_invoice(70)
        self.bring(self.file(("70.00", other.name), opening=Decimal("150.00"), sequence=2))
        self.assertEqual(self.match(), 0)
        self.assertEqual(self.lines()[1].match_reason_code, "precision")
        row = self.env["bank.statement.match.precision"].search(
            [("company_id", "=", self.company_a.id)]
        )
        self.assertEqual((row.wrong_count, row.posts_by_itself), (1, False))

    def test_decision_of_a_person_that_is_taken_back_suspends_nothing(self):
        self.bring(self.file(("50.00", self.make_invoice(80).name)))
        self.match()
        line = self.lines().with_user(self.operator)
        line.match_id.proposal_ids[0].action_accept()
        line.action_match_undo()
        self.assertFalse(
            self.env["finance.exception"].search([("code", "=", "match_rule_suspended")])
        )

    def test_what_was_taken_back_waits_however_certain_it_is(self):
        invoice = self.make_invoice(50)
        self.bring(self.file(("50.00", invoice.name)))
        with patch.object(precision, "holds", lambda *_args: True):
            self.assertEqual(self.match(), 1)
            line = self.lines().with_user(self.operator)
            line.action_match_undo()
        self.assertFalse(line.is_reconciled)
        self.assertEqual((line.match_id.outcome, line.match_id.state), ("auto", "waiting"))
        self.assertEqual(invoice.amount_residual, 50)

    def test_precision_of_another_company_is_its_own(self):
        invoice = self.make_invoice(50)
        self.bring(self.file(("50.00", invoice.name)))
        self.match()
        self.lines().with_user(self.operator).action_match_undo()
        trusted = self.env["bank.statement.match.precision"]._trusted(self.company_b)
        self.assertTrue(trusted(self.company_b.id, self.lines().match_id))

    # === FIXED ENTRIES === #

    def test_hashed_entry_is_corrected_by_a_reversal(self):
        invoice = self.make_invoice(50)
        self.bring(self.file(("50.00", invoice.name)))
        self.match()
        line = self.lines()
        self.journal.restrict_mode_hash_table = True
        line.move_id.button_hash()
        self.assertTrue(line.move_id.inalterable_hash)
        figures = line.line_ids.read(["account_id", "balance"])
        result = line.with_user(self.operator).action_match_undo()
        self.assertEqual(result["reversed"], line.ids)
        self.assertEqual(line.line_ids.read(["account_id", "balance"]), figures)
        self.assertEqual(invoice.amount_residual, 50)
