import runpy
from datetime import timedelta
from pathlib import Path
from unittest.mock import patch

from odoo.exceptions import AccessError, UserError
from odoo.tests import tagged

from odoo.addons.finance_connector_base.tools.errors import RetryableError

from .common import DAY, StatementCase


@tagged("post_install", "-at_install")
class TestPending(StatementCase):
    """What people do with an announced transaction outlives re-reading, and goes to the line when it is booked."""

    def announced(self):
        return self.env["bank.statement.pending"].search(
            [("journal_id", "=", self.journal.id)], order="id"
        )

    def work_on(self, pending):
        """Do as an operator what people do with it."""
        partner = self.env["res.partner"].create({"name": "Café"})
        account = self.env["account.account"].search(
            [("company_ids", "=", self.company_a.id), ("account_type", "=", "expense")], limit=1
        )
        mine = pending.with_user(self.operator)
        mine.write(
            {
                "partner_id": partner.id,
                "note": "Lunch with the bank",
                "user_id": self.operator.id,
                "account_id": account.id,
            }
        )
        mine.activity_schedule(
            "mail.mail_activity_data_todo", summary="Ask for the receipt", user_id=self.operator.id
        )
        return partner, account

    def test_announced_again_it_stays_the_same_record_with_what_people_did(self):
        self.bring(self.window([], pending=[("-12.00", "Card"), ("-3.00", "Tram")]))
        card, tram = self.announced()
        partner, _account = self.work_on(card)
        next_day = DAY + timedelta(days=1)
        self.bring(
            self.window([], date_to=next_day, pending=[("-12.00", "Card"), ("-8.00", "Bakery")])
        )
        self.assertEqual(self.announced().mapped("amount"), [-12.0, -3.0, -8.0])
        self.assertEqual((card.state, card.partner_id), ("announced", partner))
        self.assertEqual(tram.state, "withdrawn")
        self.assertFalse(self.lines())

    def test_booked_it_hands_over_partner_note_activity_and_plan(self):
        self.bring(self.window([], pending=[("-12.00", "Card")]))
        pending = self.announced()
        partner, account = self.work_on(pending)
        booking = DAY + timedelta(days=2)
        self.bring(self.window([(booking, "-12.00", "Card", "T9")], date_to=booking))
        line = self.lines()
        self.assertEqual((pending.state, pending.line_id), ("booked", line))
        self.assertEqual(line.partner_id, partner)
        self.assertEqual(line.move_id.line_ids.partner_id, partner)
        self.assertIn("Lunch with the bank", line.narration)
        self.assertEqual(line.move_id.activity_ids.summary, "Ask for the receipt")
        self.assertEqual(line.pending_ids.account_id, account)
        self.assertEqual(line.pending_ids.user_id, self.operator)

    def test_file_books_what_an_interface_announced(self):
        self.bring(self.window([], pending=[("-12.00", "Card")]))
        pending = self.announced()
        self.bring(self.file(("-12.00", "Card")))
        self.assertEqual((pending.state, pending.line_id), ("booked", self.lines()))

    def test_two_equal_ones_of_which_one_is_booked_wait(self):
        self.bring(self.window([], pending=[("-12.00", "Card"), ("-12.00", "Card")]))
        self.bring(self.window([(DAY, "-12.00", "Card", "T9")]))
        self.assertFalse(self.announced().line_id)
        self.assertEqual(set(self.announced().mapped("state")), {"withdrawn"})
        self.assertEqual(len(self.lines()), 1)

    def test_withdrawn_and_booked_after_all_keeps_the_work(self):
        self.bring(self.window([], pending=[("-12.00", "Card")]))
        pending = self.announced()
        partner, _account = self.work_on(pending)
        self.bring(self.window([], date_from=DAY - timedelta(days=1)))
        self.assertEqual(pending.state, "withdrawn")
        self.bring(self.window([(DAY, "-12.00", "Card", "T9")]))
        self.assertEqual((pending.state, self.lines().partner_id), ("booked", partner))

    def test_older_document_worked_on_again_brings_nothing_back(self):
        first = self.bring(self.window([], pending=[("-12.00", "Card")]))
        self.bring(self.window([(DAY, "-12.00", "Card", "T9")]))
        first.with_user(self.operator).action_replay()
        first._job_process()
        self.assertEqual(self.announced().state, "booked")

    def test_dry_run_links_nothing(self):
        self.bring(self.window([], pending=[("-12.00", "Card")]))
        exchange, _is_new = self.receive(
            self.interface, self.window([(DAY, "-12.00", "Card", "T9")]), process=False
        )
        exchange._dry_run()
        self.assertEqual(self.announced().state, "announced")

    def test_person_says_things_of_it_and_changes_nothing_of_the_banks(self):
        self.bring(self.window([], pending=[("-12.00", "Card")]))
        pending = self.announced()
        for name, value in (("amount", 1.0), ("state", "booked"), ("line_id", False)):
            with self.subTest(name), self.assertRaises(AccessError):
                pending.with_user(self.operator).write({name: value})
        with self.assertRaises(AccessError):
            pending.with_user(self.viewer).note = "x"
        with self.assertRaises(AccessError):
            pending.with_user(self.operator).unlink()
        with self.assertRaises(AccessError):
            pending.with_user(self.users["operator", "b"]).note = "x"

    def test_what_was_announced_before_an_update_goes_when_the_bank_is_silent_of_it(self):
        self.bring(
            self.window([(DAY, "5.00", "x", "T1")], closing="105.00", pending=[("-12.00", "Card")])
        )
        card = self.announced()
        self.env.flush_all()
        # As 19.0.1.1.0 stored it.
        self.env.cr.execute(
            "UPDATE bank_statement_pending SET channel = NULL WHERE id = %s", [card.id]
        )
        script = Path(__file__).parents[1] / "migrations/19.0.1.9.0/post-migration.py"
        runpy.run_path(str(script))["migrate"](self.env.cr, "19.0.1.1.0")
        self.env.invalidate_all()
        self.assertEqual(card.channel, "nextgenpsd2")
        self.bring(self.window([(DAY, "5.00", "x", "T1")], date_to=DAY + timedelta(days=1)))
        self.assertEqual(card.state, "withdrawn")

    def test_killed_before_the_hand_over_it_is_handed_over_at_the_next_try(self):
        self.bring(self.window([], pending=[("-12.00", "Card")]))
        pending = self.announced()
        pending_class = self.registry["bank.statement.pending"]
        with patch.object(pending_class, "_link", side_effect=RetryableError("Killed.")):
            exchange = self.bring(self.window([(DAY, "-12.00", "Card", "T9")]))
        self.assertEqual((exchange.work_status, len(self.lines())), ("retry", 1))
        self.make_due(exchange)
        exchange._job_process()
        self.assertEqual((pending.state, pending.line_id), ("booked", self.lines()))

    def test_equal_one_of_another_account_is_not_booked_by_it(self):
        self.bring(self.window([], pending=[("-12.00", "Card")]))
        number = "AT611904300234573201"
        other = self.make_journal(self.company_a, number, code="TAT")
        self.bring(self.file(("-12.00", "Card"), iban=number))
        self.assertEqual((len(self.lines(other)), self.announced().state), (1, "announced"))

    def test_line_that_was_announced_once_is_not_announced_twice(self):
        self.bring(self.window([], pending=[("-12.00", "Card")]))
        self.bring(self.window([(DAY, "-12.00", "Card", "T9")]))
        self.bring(self.window([], date_to=DAY, pending=[("-12.00", "Card")]))
        self.bring(self.window([(DAY, "-12.00", "Card", "T9")]))
        self.assertEqual(len(self.lines()), 1)
        self.assertEqual(sorted(self.announced().mapped("state")), ["booked", "withdrawn"])

    def test_hand_over_changes_nothing_that_is_settled_and_adds_to_what_was_noted(self):
        self.bring(self.window([], pending=[("-12.00", "Card")]))
        pending = self.announced()
        partner, _account = self.work_on(pending)
        create = self.registry["bank.statement.importer"]._create_chunk

        def settled(importer, *args):
            created = create(importer, *args)
            line = created[0]
            line.move_id.narration = "From the bank"
            self.env.cr.execute(
                "UPDATE account_bank_statement_line SET is_reconciled = TRUE WHERE id = %s",
                line.ids,
            )
            line.invalidate_recordset(["is_reconciled"])
            return created

        with patch.object(self.registry["bank.statement.importer"], "_create_chunk", settled):
            self.bring(self.window([(DAY, "-12.00", "Card", "T9")]))
        self.assertEqual(pending.state, "booked")
        self.assertNotEqual(self.lines().partner_id, partner)
        self.assertIn("From the bank", self.lines().narration)
        self.assertIn("Lunch with the bank", self.lines().narration)

    def test_what_odoo_refuses_to_hand_over_stays_and_stops_nothing(self):
        self.bring(self.window([], pending=[("-12.00", "Card")]))
        pending = self.announced()
        self.work_on(pending)
        line_class = self.registry["account.bank.statement.line"]
        with patch.object(line_class, "_write_partner", side_effect=UserError("It is locked.")):
            exchange = self.bring(self.window([(DAY, "-12.00", "Card", "T9")]))
        self.assertEqual((exchange.work_status, pending.state), ("done", "booked"))
        self.assertIn("It is locked.", pending.message_ids[:1].body)
