import json
from datetime import timedelta
from decimal import Decimal
from unittest.mock import MagicMock, patch

from odoo import Command, fields
from odoo.exceptions import AccessError, UserError
from odoo.tests import Form, new_test_user, tagged

from .common import StatementCase


@tagged("post_install", "-at_install")
class TestReviewBoard(StatementCase):
    """What the review board is told; always as an operator, who is nobody's administrator."""

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.board = cls.env["bank.statement.review"].with_user(cls.operator)

    def waiting(self, *lines):
        self.bring(self.file(*lines))
        self.match()
        return self.lines().with_user(self.operator)

    def ids(self, **filters):
        return self.board.get_board(filters)["ids"]

    # === LIST === #

    def test_lists_what_waits_by_age_amount_and_reason(self):
        invoice = self.make_invoice(80)
        small, part, large = self.waiting(("5.00", "x"), ("50.00", invoice.name), ("-900.00", "y"))
        self.assertEqual(self.ids(), [small.id, part.id, large.id])
        self.assertEqual(self.ids(order="newest"), [large.id, part.id, small.id])
        self.assertEqual(self.ids(order="amount"), [large.id, part.id, small.id])
        self.assertEqual(self.ids(order="kind"), [part.id, small.id, large.id])
        self.assertEqual(self.ids(direction="out"), large.ids)
        self.assertEqual(self.ids(kind="amount"), part.ids)
        self.assertEqual(self.ids(score=1), part.ids)
        self.assertEqual(self.ids(text=invoice.name), part.ids)
        self.assertEqual(self.ids(text="900,00"), large.ids)
        board = self.board.get_board()
        self.assertEqual(
            {kind["id"]: kind["count"] for kind in board["kinds"]}, {"amount": 1, "nothing": 2}
        )
        self.assertEqual([journal["count"] for journal in board["journals"]], [3])
        self.assertEqual([row["id"] for row in board["rows"]], board["ids"])
        self.assertEqual(board["rows"][2]["amount"], "-900.00")

    def test_reasons_of_the_engine_have_a_kind_each(self):
        """A reason that no kind knows would be hidden behind “Not looked at”."""
        invoice = self.make_invoice(80)
        rival = self.make_invoice(80, reference=invoice.payment_reference)
        self.waiting(("80.00", f"{invoice.name} {rival.name}"), ("70.00", invoice.name))
        for kind in self.board.get_board()["kinds"]:
            self.assertNotEqual(kind["id"], "other")

    def test_postponed_and_ignored_lines_have_lists_of_their_own(self):
        later, ignored, asked, decided = self.waiting(
            ("1.00", "a"), ("2.00", "b"), ("3.00", "c"), ("4.00", self.make_invoice(4).name)
        )
        day = fields.Date.to_string(fields.Date.today() + timedelta(days=3))
        later.action_match_postpone(day)
        ignored.action_match_ignore("Test payment")
        asked.action_match_ask(self.operator.id, "Yours?")
        self.assertEqual(self.ids(), asked.ids)
        self.assertEqual(self.ids(scope="asked"), asked.ids)
        self.assertEqual(self.ids(scope="postponed"), later.ids)
        self.assertEqual(self.ids(scope="ignored"), ignored.ids)
        self.assertEqual(self.ids(scope="decided"), decided.ids)
        scopes = [row["scope"] for row in self.board.get_rows((later | ignored | decided).ids)]
        self.assertEqual(scopes, ["postponed", "ignored", "decided"])
        later.action_match_postpone("")
        self.assertIn(later.id, self.ids())

    def test_lists_are_of_what_is_so_now(self):
        draft, due, later, theirs, matched = self.waiting(
            ("1.00", "a"),
            ("2.00", "b"),
            ("3.00", "c"),
            ("4.00", "d"),
            ("5.00", self.make_invoice(5).name),
        )
        draft.move_id.sudo().button_draft()
        today = fields.Date.today()
        (due | later).action_match_postpone(fields.Date.to_string(today + timedelta(days=3)))
        due.sudo().match_postponed_until = today
        theirs.action_match_ask(self.users["manager", "a"].id, "Yours?")
        self.assertEqual(self.ids(), (due | theirs).ids)
        self.assertEqual(self.ids(scope="postponed"), later.ids)
        self.assertEqual(self.ids(scope="asked"), [], "of somebody else")
        self.assertEqual(self.ids(scope="decided"), matched.ids)
        self.env.cr.execute(
            "UPDATE account_move SET inalterable_hash = '$4$x' WHERE id = %s", matched.move_id.ids
        )
        self.env.invalidate_all()
        self.assertEqual(matched.action_match_undo()["reversed"], matched.ids)
        self.assertEqual(self.ids(scope="decided"), [])

    def test_unknown_filter_is_told(self):
        for filters in ({"scope": "all"}, {"order": "1; DROP"}, {"kind": "x"}, {"sql": "x"}):
            with self.assertRaises(UserError):
                self.board.get_board(filters)

    def test_rows_of_lines_that_are_gone_are_left_out(self):
        kept, gone = self.waiting(("1.00", "a"), ("2.00", "b"))
        ids = (gone | kept).ids
        gone.sudo().statement_id.unlink()
        gone.sudo().unlink()
        self.assertEqual([row["id"] for row in self.board.get_rows(ids)], kept.ids)
        self.assertEqual(self.board.get_line(ids[0]), {})

    def test_number_of_queries_does_not_grow_with_the_lines(self):
        self.waiting(*((f"{number}.00", f"text {number}") for number in range(1, 11)))

        def queries():
            self.env.invalidate_all()
            before = self.env.cr.sql_log_count
            self.board.get_board()
            return self.env.cr.sql_log_count - before

        queries()
        few = queries()
        self.bring(
            self.file(
                *((f"{number}.00", f"more {number}") for number in range(1, 31)),
                opening=Decimal("155.00"),
                sequence=2,
            )
        )
        queries()
        self.assertLessEqual(queries(), few + 2)

    # === LINE === #

    def test_line_has_words_candidates_and_the_entry(self):
        invoice = self.make_invoice(80)
        line = self.waiting(("50.00", f"Part of {invoice.name}"))
        shown = self.board.get_line(line.id)
        [candidate] = shown["candidates"]
        [span] = candidate["spans"]
        [text] = [one for one in shown["texts"] if one["field"] == span["field"]]
        self.assertEqual(text["text"][span["start"] : span["end"]], invoice.name)
        self.assertIn("30.00", candidate["rest"])
        self.assertEqual([row["credit"] for row in candidate["preview"]], ["", "50.00"])
        self.assertTrue(shown["explanation"])
        json.dumps(shown)

    def test_form_of_a_missing_bill_is_filled_from_the_line(self):
        paid, received = self.waiting(("-75.50", "Rent of March"), ("20.00", "Advance"))
        partner = self.env["res.partner"].create({"name": "Landlord"})
        for line, kind, amount in ((paid, "in_invoice", 75.5), (received, "out_invoice", 20.0)):
            with self.subTest(kind):
                defaults = json.loads(json.dumps(self.board.get_line(line.id)["bill"]))
                form = Form(
                    self.env["account.move"].with_user(self.operator).with_context(**defaults)
                )
                form.partner_id = partner
                bill = form.save()
                self.assertEqual((bill.move_type, bill.amount_total), (kind, amount))
                self.assertEqual(bill.company_id, line.company_id)
                self.assertEqual(bill.currency_id, line.currency_id)

    def test_candidate_that_cannot_be_posted_says_why(self):
        invoice = self.make_invoice(80)
        line = self.waiting(("50.00", invoice.name))
        invoice.button_draft()
        [candidate] = self.board.get_line(line.id)["candidates"]
        self.assertIn(invoice.name, candidate["blocked"])
        self.assertFalse(candidate["preview"])

    def test_line_of_which_a_part_is_settled_can_be_taken_back_while_its_rest_waits(self):
        invoice = self.make_invoice(40)
        line = self.waiting(("50.00", invoice.name))
        self.assertFalse(self.board.get_line(line.id)["matched"])
        line.match_id.proposal_ids[0].action_accept()
        shown = self.board.get_line(line.id)
        self.assertEqual((shown["open"], shown["matched"], shown["rest"]), (True, True, "10.00"))
        line.action_match_undo()
        shown = self.board.get_line(line.id)
        self.assertEqual((shown["open"], shown["matched"], shown["rest"]), (True, False, "50.00"))

    def test_decided_line_shows_the_entry_as_it_is(self):
        invoice = self.make_invoice(50)
        line = self.waiting(("50.00", invoice.name))
        shown = self.board.get_line(line.id)
        self.assertEqual((shown["open"], shown["matched"]), (False, True))
        self.assertEqual(shown["candidates"], [])
        self.assertEqual(len(shown["entry"]), 2)
        self.assertTrue(shown["decided"])

    def test_contact_is_set_and_matches_are_looked_for(self):
        invoice = self.make_invoice(50)
        line = self.waiting(("50.00", "no number"))
        partner = invoice.partner_id
        line.action_match_partner(partner.id)
        self.assertEqual(line.partner_id, partner)
        self.assertEqual(
            line.match_id.proposal_ids[:1].item_ids.move_id, invoice, "known now, so proposed"
        )
        stranger = self.env["res.partner"].create({"name": "B", "company_id": self.company_b.id})
        with self.assertRaises(UserError):
            line.action_match_partner(stranger.id)

    def test_choices_are_of_the_company(self):
        line = self.waiting(("50.00", "x"))
        other = self.make_journal(self.company_a, "DE02120300000000202051", code="TBN2")
        for company in (self.company_a, self.company_b):
            account = self.env["account.account"].search(
                [("account_type", "=", "expense"), ("company_ids", "in", company.ids)], limit=1
            )
            self.env["account.reconcile.model"].create(
                {
                    "name": f"Fees {company.name}",
                    "company_id": company.id,
                    "line_ids": [Command.create({"account_id": account.id})],
                }
            )
        choices = self.board.get_choices(line.id)
        self.assertIn(other.id, [journal["id"] for journal in choices["journals"]])
        self.assertNotIn(self.journal.id, [journal["id"] for journal in choices["journals"]])
        names = [model["name"] for model in choices["models"]]
        self.assertIn("Fees Alder AG", names)
        self.assertNotIn("Fees Birch GmbH", names)
        users = [user["id"] for user in choices["users"]]
        self.assertIn(self.viewer.id, users)
        self.assertNotIn(self.users["operator", "b"].id, users)

    # === BULK === #

    def test_bulk_accepts_exactly_what_its_totals_counted(self):
        invoices = [self.make_invoice(80) for _ in range(3)]
        self.waiting(*(("50.00", invoice.name) for invoice in invoices), ("7.00", "nothing"))
        bulk = self.board.get_bulk({"text": "INV"})
        [group] = bulk["groups"]
        self.assertEqual(group["count"], 3)
        self.assertEqual(
            group["totals"], [{"currency_id": self.euro.id, "in": "150.00", "out": "0.00"}]
        )
        result = self.board.accept_many(group["proposals"])
        self.assertEqual(len(result["accepted"]), 3)
        self.assertEqual([invoice.amount_residual for invoice in invoices], [30, 30, 30])
        again = self.board.accept_many(group["proposals"])
        self.assertEqual((again["accepted"], len(again["refused"])), ([], 3))
        self.assertEqual([invoice.amount_residual for invoice in invoices], [30, 30, 30])

    def test_bulk_leaves_out_what_needs_a_person(self):
        shared, closed = self.make_invoice(80), self.make_invoice(80)
        self.waiting(
            ("30.00", shared.name),
            ("31.00", shared.name),
            ("50.00", closed.name),
            ("7.00", "nothing"),
        )
        closed.button_draft()
        bulk = self.board.get_bulk()
        self.assertEqual(bulk["groups"], [])
        self.assertEqual(sum(left["count"] for left in bulk["left_out"]), 4)

    def test_bulk_of_lines_that_do_not_wait_is_refused(self):
        with self.assertRaises(UserError):
            self.board.get_bulk({"scope": "ignored"})

    # === WHO MAY === #

    def test_viewer_and_stranger_get_no_answer(self):
        line = self.waiting(("50.00", "x"))
        accountant = new_test_user(
            self.env,
            "plain_accountant",
            groups="account.group_account_user",
            company_id=self.company_a.id,
            company_ids=[Command.set(self.company_a.ids)],
        )
        for user in (self.viewer, self.auditor, self.api_user, accountant):
            board = self.board.with_user(user)
            for call in (
                board.get_board,
                board.get_bulk,
                lambda board=board: board.get_rows(line.ids),
                lambda board=board: board.get_line(line.id),
                lambda board=board: board.get_choices(line.id),
                lambda board=board: board.accept_many([]),
                lambda board=board: board.tell_presence(line.id),
            ):
                with self.subTest(user.login), self.assertRaises(AccessError):
                    call()

    def test_another_companys_operator_sees_nothing(self):
        line = self.waiting(("50.00", self.make_invoice(80).name))
        proposal = line.match_id.proposal_ids
        board = self.board.with_user(self.users["operator", "b"]).with_context(
            allowed_company_ids=self.company_b.ids
        )
        answer = board.get_board()
        self.assertEqual((answer["ids"], answer["kinds"], answer["journals"]), ([], [], []))
        self.assertEqual(board.get_rows(line.ids), [])
        for call in (
            lambda: board.get_line(line.id),
            lambda: board.get_choices(line.id),
            lambda: board.tell_presence(line.id),
            lambda: board.accept_many(proposal.ids),
        ):
            with self.assertRaises(AccessError):
                call()
        self.assertFalse(line.is_reconciled)

    # === NEWS === #

    def _news(self):
        """Let the bus write what it would when the transaction ends."""
        self.env.cr.precommit.run()
        return [
            (json.loads(row.channel), json.loads(row.message))
            for row in self.env["bus.bus"].sudo().search([], order="id")
            if "bank_statement_review" in row.channel
        ]

    def test_presence_and_decisions_are_told_to_the_company_alone(self):
        line = self.waiting(("50.00", self.make_invoice(80).name))
        self._news()
        self.env["bus.bus"].sudo().search([]).unlink()
        self.board.tell_presence(line.id, True)
        [(channel, message)] = self._news()
        self.assertEqual(channel[1:], ["res.company", self.company_a.id, "bank_statement_review"])
        self.assertEqual(message["payload"]["name"], self.operator.name)
        self.env["bus.bus"].sudo().search([]).unlink()
        line.match_id.proposal_ids.action_accept()
        [(channel, message)] = self._news()
        self.assertEqual(channel[2], self.company_a.id)
        self.assertEqual(message["payload"]["ids"], line.ids)

    def test_only_reviewers_hear_the_news_of_their_companies(self):
        def heard(user):
            websocket = self.env["ir.websocket"].with_user(user)
            request = MagicMock()
            request.session.uid = user.id
            with patch("odoo.addons.bus.models.ir_websocket.wsrequest", new=request):
                channels = websocket._build_bus_channel_list(["bank_statement_review"])
            # Records stand among them, which do not compare with a text.
            names = [channel for channel in channels if isinstance(channel, str)]
            self.assertNotIn("bank_statement_review", names)
            return [
                one[0]
                for one in channels
                if isinstance(one, tuple) and one[1] == "bank_statement_review"
            ]

        self.assertEqual(heard(self.operator), [self.company_a])
        self.assertEqual(heard(self.viewer), [])

    def test_card_of_the_journal_counts_what_waits(self):
        later, _waits = self.waiting(("1.00", "a"), ("2.00", "b"))
        later.action_match_postpone(fields.Date.to_string(fields.Date.today() + timedelta(days=3)))
        journal = self.journal.with_user(self.operator)
        self.assertEqual(json.loads(journal.kanban_dashboard)["number_to_review"], 1)
        self.env.invalidate_all()
        journal = self.journal.with_user(self.viewer)
        self.assertEqual(json.loads(journal.kanban_dashboard)["number_to_review"], 0)
