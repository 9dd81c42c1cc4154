import base64
import json
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from unittest.mock import patch

from odoo import fields
from odoo.exceptions import UserError
from odoo.tests import tagged

from odoo.addons.bank_statement_api.tools import documents as statements
from odoo.addons.finance_connector_base.tools.errors import (
    BusinessError,
    FinalError,
    RetryableError,
    UnknownOutcomeError,
)
from odoo.addons.finance_connector_base.tools.signatures import sign_webhook
from odoo.addons.treasury_sync.tools import documents

from .follow_common import FollowCase

SECRET = "whsec_" + base64.b64encode(b"a secret of thirty-two characters").decode()


@tagged("post_install", "-at_install")
class TestFolder(FollowCase):
    """A payment file is in the bank's folder whole or not at all, with its checksum, once."""

    def names(self):
        return sorted(path.name for path in (self.root / "out").iterdir())

    def setUp(self):
        super().setUp()
        for path in (self.root / "out").iterdir():
            path.unlink()

    def test_file_is_handed_over_with_its_checksum(self):
        order = self.sent(100)
        name = order._file().filename
        self.assertEqual(self.names(), [name, f"{name}.sha256"])
        self.assertEqual((self.root / "out" / name).read_bytes(), order._file()._content())
        told = (self.root / "out" / f"{name}.sha256").read_text()
        self.assertEqual(told, f"{order.digest}  {name}\n")
        self.assertEqual((order.state, order.exchange_id.work_status), ("sent", "waiting"))

    def test_broken_off_before_the_rename_it_is_sent_again_and_once(self):
        order = self.approved(100, channel=self.channel)
        adapter = self.registry["finance.adapter.folder"]
        name = order._file().filename

        def broken(model, exchange, content):
            (self.root / "out" / f"{name}.part").write_bytes(content[:10])
            raise UnknownOutcomeError("The worker died.")

        with patch.object(adapter, "_send", broken):
            order.exchange_id._job_send()
        self.assertEqual(order.exchange_id.work_status, "unknown")
        order.exchange_id._job_query_status()
        self.assertEqual(order.exchange_id.work_status, "ready")
        self.assertEqual(self.names(), [], "an upload that was not handed over is taken back")
        order.exchange_id._job_send()
        self.assertEqual(self.names(), [name, f"{name}.sha256"])

    def test_broken_off_after_the_rename_it_is_found_and_not_sent_again(self):
        order = self.approved(100, channel=self.channel)
        adapter = self.registry["finance.adapter.folder"]
        original = adapter._send

        def broken(model, exchange, content):
            original(model, exchange, content)
            raise UnknownOutcomeError("The worker died.")

        with patch.object(adapter, "_send", broken):
            order.exchange_id._job_send()
        self.assertEqual(order.exchange_id.work_status, "unknown")
        order.exchange_id._job_query_status()
        self.assertEqual((order.exchange_id.work_status, order.state), ("waiting", "sent"))

    def test_taken_away_meanwhile_a_person_says_what_the_bank_has(self):
        order = self.in_doubt(100)
        order.exchange_id._job_query_status()
        self.assertEqual(order.exchange_id.work_status, "exception")
        self.assertEqual(self.names(), [])

    def test_file_of_that_name_is_never_written_over(self):
        order = self.approved(100, channel=self.channel)
        name = order._file().filename
        (self.root / "out" / name).write_bytes(b"another")
        order.exchange_id._job_send()
        self.assertEqual((self.root / "out" / name).read_bytes(), b"another")
        self.assertEqual(order.exchange_id.work_status, "unknown")

    def test_folder_that_is_not_there_is_tried_again(self):
        self.channel.outbox_folder = "later"
        order = self.sent(100)
        self.assertEqual(order.exchange_id.work_status, "retry")
        (self.root / "later").mkdir()
        order.exchange_id.sudo().due_at = fields.Datetime.now()
        order.exchange_id._job_send()
        self.assertEqual(order.state, "sent")

    def test_folder_outside_is_refused(self):
        for name in ("../x", "/etc", "a//b", "."):
            with self.subTest(name), self.assertRaisesRegex(Exception, "below"):
                self.channel.outbox_folder = name


@tagged("post_install", "-at_install")
class TestReports(FollowCase):
    """The bank's word from files: each payment moves on, the sending is over, what is refused is open again."""

    def test_report_moves_each_payment_and_ends_the_sending(self):
        order = self.sent(100, 50)
        exchange = self.process(self.reports, self.report(order, "ACSC", "RJCT"))
        self.assertEqual(exchange.work_status, "done")
        self.assertEqual(order._live().mapped("state"), ["executed", "rejected"])
        self.assertEqual(order.exchange_id.work_status, "done")
        refused = order.payment_ids.filtered(lambda payment: payment.state == "rejected")
        self.assertEqual(refused.amount, 50)
        self.assertIn("the account is closed", order._live()[1].status_reason)
        news = order.news_ids.filtered(lambda item: item.proven == "executed")
        self.assertEqual((news.source, news.exchange_id), ("report", exchange))

    def test_report_of_one_part_leaves_the_rest_waiting(self):
        order = self.sent(100, 50)
        self.process(self.reports, self.report(order, "ACCP"))
        self.assertEqual(order._live().mapped("state"), ["acknowledged", "transmitted"])
        self.assertEqual(order.exchange_id.work_status, "waiting")
        self.process(self.reports, self.report(order, "ACSC", "ACSC"))
        self.assertEqual(order.exchange_id.work_status, "done")

    def test_older_report_never_takes_a_payment_back(self):
        order = self.sent(100)
        self.process(self.reports, self.report(order, "ACSC"))
        self.process(self.reports, self.report(order, "RCVD"))
        self.assertEqual(order._live().state, "executed")
        self.assertEqual(order.news_ids.mapped("effect")[-1], "known")

    def test_same_word_of_another_report_is_kept_as_well(self):
        order = self.sent(100)
        report = self.report(order, "ACSC")
        brought = self.process(self.reports, report)
        brought |= self.process(self.reports, report.replace(b">R1<", b">R2<"))
        told = order.news_ids.filtered(lambda item: item.proven == "executed")
        self.assertEqual(told.exchange_id, brought)

    def test_report_on_what_is_unknown_is_put_before_a_person(self):
        order = self.sent(100)
        content = self.report(order, "ACSC").replace(order.message_ref.encode(), b"ELSEWHERE")
        exchange = self.process(self.reports, content)
        self.assertEqual(exchange.work_status, "exception")
        self.assertEqual(exchange.exception_ids.code, "payment_status_unknown")

    def test_report_of_another_company_moves_nothing(self):
        order = self.sent(100)
        other = self.make_interface(
            "payment_report", self.make_connection("upload", company_id=self.company_b.id)
        )
        exchange = self.process(other, self.report(order, "RJCT"))
        self.assertEqual(exchange.work_status, "exception")
        self.assertEqual(order._live().state, "transmitted")

    def test_report_answers_a_sending_in_doubt(self):
        order = self.in_doubt(100)
        self.process(self.reports, self.report(order, "ACCP"))
        self.assertEqual((order.exchange_id.work_status, order.state), ("done", "acknowledged"))
        order.exchange_id._job_send()
        self.assertFalse((self.root / "out" / order._file().filename).exists())

    def test_report_on_what_this_older_database_has_yet_to_send_is_believed(self):
        order = self.approved(100, channel=self.channel)
        self.assertEqual(order.exchange_id.work_status, "ready")
        self.process(self.reports, self.report(order, "ACSC"))
        self.assertEqual((order.exchange_id.work_status, order.state), ("done", "executed"))
        order.exchange_id._job_send()
        self.assertFalse((self.root / "out" / order._file().filename).exists(), "not once more")

    def test_what_the_bank_has_spoken_of_in_part_is_not_sent_again(self):
        order = self.approved(100, 50, channel=self.channel)
        self.process(self.reports, self.report(order, "ACCP"))
        order.exchange_id._job_send()
        self.assertFalse((self.root / "out" / order._file().filename).exists(), "the bank has it")
        exception = order.exchange_id._open_exceptions()
        self.assertEqual(exception.code, "payment_not_approved")
        self.assertIn("transmitted by hand", exception.next_step)
        with self.assertRaisesRegex(BusinessError, "1 of the 2 payments"):
            order.with_user(self.preparer).action_send()

    def test_carried_by_hand_and_reported_in_part_it_is_no_draft_again(self):
        for status, state in (("ACCP", "acknowledged"), ("RJCT", "rejected")):
            with self.subTest(status):
                order = self.approved(100, 50)
                self.upload(self.report(order, status), self.approver)
                self.assertEqual((order._live()[0].state, order.state), (state, "approved"))
                mine = order.with_user(self.preparer)
                for act in (mine.action_back_to_draft, mine.action_cancel):
                    with self.assertRaisesRegex(UserError, "1 of the 2 payments.*by hand"):
                        act()
                self.assertEqual(order._live().mapped("state"), [state, "approved"])
                self.assertFalse(
                    self.env["finance.exception"].search(
                        [("code", "=", "payment_status_conflict"), ("res_id", "=", order.id)]
                    )
                )
                mine._record_proof("by_hand", "Portal", b"receipt", "receipt.txt")
                self.assertEqual(order._live().mapped("state"), [state, "transmitted"])
                self.assertEqual(order.state, "sent")

    def test_account_changed_after_the_bank_spoke_of_a_part_voids_nothing(self):
        order = self.approved(100, 50)
        self.upload(self.report(order, "ACCP"), self.approver)
        order._live().partner_bank_id[:1].sudo().acc_number = "NL91ABNA0417164300"
        self.assertEqual(order.state, "approved")
        self.assertEqual(order._live().mapped("state"), ["acknowledged", "approved"])

    def test_own_json_is_read_as_well(self):
        order = self.sent(100)
        report = order._report_on_all("ACSC", source_format="treasury")
        content = json.dumps(documents.status_to_dict(report)).encode()
        self.process(self.reports, content)
        self.assertEqual(order._live().state, "executed")

    def test_webhook_of_a_platform_is_proven_before_it_counts(self):
        platform = self.make_connection("treasury_platform", endpoint="https://platform.test")
        self.env["finance.credential"].create(
            {
                "name": "Webhooks",
                "connection_id": platform.id,
                "kind": "signing_secret",
                "secret": SECRET,
            }
        )
        self.make_interface("payment_report", platform)
        self.channel.report_connection_ids = platform
        order = self.sent(100)
        report = order._report_on_all("ACSC", source_format="treasury")
        body = json.dumps(documents.status_to_dict(report)).encode()
        headers = sign_webhook([SECRET], "news-1", body, datetime.now(UTC))
        with self.assertRaises(FinalError):
            platform._adapter()._verify_webhook(platform, headers, body.replace(b"ACSC", b"RJCT"))
        exchange = platform._receive_webhook(headers, body)
        self.assertEqual(platform._receive_webhook(headers, body), exchange, "sent again")
        exchange._job_process()
        self.assertEqual(order._live().state, "executed")
        self.assertEqual(order.news_ids.mapped("source")[-1], "webhook")

    def test_upload_by_hand(self):
        order = self.sent(100)
        self.upload(self.report(order, "ACSC"), self.preparer)
        self.assertEqual(order._live().state, "executed")

    def test_preparer_does_not_bring_the_word_after_which_it_is_paid_again(self):
        order = self.sent(100)
        refusal = self.report(order, "RJCT")
        exchange = self.upload(refusal, self.preparer)
        self.assertEqual(exchange.exception_ids.mapped("code"), ["payment_report_own"])
        self.assertEqual(order._live().state, "transmitted")
        self.upload(refusal, self.approver)
        self.assertEqual(order._live().state, "rejected")

    def test_an_approver_has_the_button_that_ends_a_doubt(self):
        """Who prepared it transmits by hand what did not leave; what became of the rest, an approver says."""
        doubtful, waiting = self.in_doubt(100), self.approved(50)
        for user, wanted in ((self.approver, doubtful), (self.preparer, waiting)):
            with self.subTest(user.login):
                mine = (doubtful | waiting).with_user(user)
                self.assertEqual(mine.filtered("can_prove"), wanted)
                self.assertIn('name="action_open_proof"', mine.get_view(view_type="form")["arch"])

    def test_preparer_does_not_bring_the_word_that_ends_a_doubt(self):
        order = self.in_doubt(100)
        report = self.report(order, "ACCP")
        exchange = self.upload(report, self.preparer)
        self.assertEqual(exchange.exception_ids.mapped("code"), ["payment_report_own"])
        self.assertEqual((order.state, order.exchange_id.work_status), ("approved", "unknown"))
        self.upload(report, self.approver)
        self.assertEqual((order.state, order.exchange_id.work_status), ("acknowledged", "done"))


@tagged("post_install", "-at_install")
class TestAsking(FollowCase):
    """A payment is asked about until its fate is known, ever more seldom; silence is put before a person."""

    def asked(self, order, *answers):
        """Let the bank answer the next questions one after the other."""
        adapter = self.registry["finance.adapter.folder"]
        self.startPatcher(
            patch.object(adapter, "_capabilities", frozenset({"query_payments"}), create=True)
        )
        self.startPatcher(patch.object(adapter, "_query_status", side_effect=list(answers)))

    def test_asked_until_it_is_over(self):
        order = self.approved(100, channel=self.channel)
        self.asked(
            order,
            {"status": "accepted"},
            RetryableError("Not now."),
            {"status": "accepted"},
            {"status": "rejected", "reason": "no money"},
        )
        order.exchange_id._job_send()
        pauses, told = [], []
        news = self.env["treasury.payment.news"]
        for state in ("acknowledged", "acknowledged", "acknowledged", "rejected"):
            self.assertTrue(order.next_question_at)
            order.exchange_id._job_follow_payments()
            self.assertEqual(order._live().state, state)
            told.append(news.search_count([("order_id", "=", order.id)]))
            if order.next_question_at:
                pauses.append(order.next_question_at - fields.Datetime.now())
        self.assertLess(pauses[0], pauses[1])
        self.assertEqual(told[0], told[2], "what was said before is no news")
        self.assertFalse(order.next_question_at)
        self.assertFalse(order.answer_due_at)
        exception = self.env["finance.exception"].search(
            [("code", "=", "payment_rejected"), ("res_id", "=", order.id)]
        )
        self.assertTrue(exception.owner_id or exception.company_id)

    def test_silence_until_the_deadline_is_an_exception_that_the_answer_closes(self):
        order = self.sent(100)
        self.assertTrue(order.answer_due_at)
        order._report_overdue()
        exception = self.env["finance.exception"].search(
            [("code", "=", "payment_no_answer"), ("res_id", "=", order.id)]
        )
        self.assertEqual(len(exception), 1)
        self.assertIn("Do not pay again", exception.next_step)
        self.assertEqual(order._live().state, "transmitted", "silence is not a no")
        self.process(self.reports, self.report(order, "ACSC"))
        self.assertEqual(exception.state, "resolved")

    def test_schedule_finds_what_is_due(self):
        order = self.sent(100)
        due = fields.Datetime.now() - timedelta(minutes=1)
        self.env.cr.execute(
            "UPDATE treasury_payment_order SET answer_due_at = %s WHERE id = %s", [due, order.id]
        )
        order.invalidate_recordset()
        with self.enter_registry_test_mode():
            self.env.ref("treasury_sync.ir_cron_follow_payments").method_direct_trigger()
        self.assertEqual(
            self.env["finance.exception"].search_count(
                [("code", "=", "payment_no_answer"), ("res_id", "=", order.id)]
            ),
            1,
        )


@tagged("post_install", "-at_install")
class TestStatements(FollowCase):
    """Statements know payments by their end-to-end identification: booked, and returned."""

    def test_booked_by_the_identification_alone(self):
        order = self.sent(100)
        rival = self.sent(100)
        line = self.line(order, -100)
        self.env["bank.statement.matcher"]._match(line)
        self.assertTrue(line.is_reconciled)
        self.assertEqual((order._live().state, rival._live().state), ("booked", "transmitted"))
        self.assertEqual(order.payment_ids.state, "paid")

    def test_returned_after_booking_the_bill_is_open_again_and_the_ledger_right(self):
        order = self.sent(100)
        bill = order.payment_ids.reconciled_bill_ids
        self.env["bank.statement.matcher"]._match(self.line(order, -100))
        back = self.line(order, 100, payment_ref="AC04 return")
        self.env["bank.statement.matcher"]._match(back)
        self.assertEqual(order._live().state, "returned")
        self.assertEqual((bill.amount_residual, bill.payment_state), (100, "not_paid"))
        self.assertTrue(back.is_reconciled)
        self.assertEqual(order._live().return_line_id, back)
        self.assertEqual(order._live().reversal_ids.reversed_entry_id, order.payment_ids.move_id)
        exception = self.env["finance.exception"].search(
            [("code", "=", "payment_returned"), ("res_id", "=", order.id)]
        )
        self.assertIn("AC04", exception.summary)
        accounts = self.env["bank.statement.matcher"]._outstanding_accounts(self.company_a)
        open_items = self.env["account.move.line"].search(
            [
                ("account_id", "in", accounts.ids),
                ("move_id", "in", order.payment_ids.move_id.ids),
                ("reconciled", "=", False),
            ]
        )
        self.assertFalse(open_items)

    def test_returned_less_what_the_bank_kept_of_it(self):
        order = self.sent(100)
        bill = order.payment_ids.reconciled_bill_ids
        self.env["bank.statement.matcher"]._match(self.line(order, -100))
        charge = {"amount": "-2.50", "currency": "EUR", "included": True}
        for beside in ({**charge, "included": False}, {**charge, "currency": "USD"}):
            self.env["bank.statement.matcher"]._match(self.line(order, 97.5, [beside]))
            self.assertEqual(order._live().state, "booked", beside)
        back = self.line(order, 97.5, [charge], payment_ref="AC04 return")
        self.env["bank.statement.matcher"]._match(back)
        self.assertEqual(order._live().state, "returned")
        self.assertEqual((bill.amount_residual, bill.payment_state), (100, "not_paid"))
        # The charge is nobody's guess: a rule for fees, or a person on the review board, says what it is.
        self.assertFalse(back.is_reconciled)
        self.assertEqual(back.match_state, "uncertain")

    def announced(self, order, status):
        account = self.journal.bank_account_id.sanitized_acc_number
        transaction = statements.Transaction(
            amount=Decimal("-100.00"),
            currency="EUR",
            status=status,
            booking_date=date(2026, 11, 27) if status == "booked" else None,
            position=statements.Position(statement=1, entry=1),
            end_to_end_id=order._live().end_to_end_id,
        )
        return statements.Statement(
            account=statements.AccountRef(iban=account, currency="EUR"),
            source_format="camt.054",
            source_version="08",
            kind="notification" if status == "booked" else "report",
            transactions=(transaction,),
        )

    def test_announced_or_notified_by_the_bank_it_is_executed_and_not_booked(self):
        exchange, _is_new = self.receive(self.interface, b"<Document/>")
        for status in ("pending", "booked"):
            order = self.sent(100)
            statement = self.announced(order, status)
            if status == "pending":
                self.env["bank.statement.pending"]._hear(exchange, self.journal, statement)
            else:
                self.env["bank.statement.notification"]._keep(exchange, self.journal, statement)
            self.assertEqual(order._live().state, "executed", status)
            self.assertEqual(order.news_ids.mapped("source")[-1], "notification")
            self.assertEqual(order.payment_ids.state, "in_process")

    def test_money_of_another_amount_is_no_return(self):
        order = self.sent(100)
        self.env["bank.statement.matcher"]._match(self.line(order, 40))
        self.assertEqual(order._live().state, "transmitted")
