from odoo import fields
from odoo.exceptions import AccessError, UserError
from odoo.tests import tagged
from odoo.tools import mute_logger

from odoo.addons.finance_connector_base.tools.errors import BusinessError
from odoo.addons.treasury_sync.tests.common import TreasuryCase
from odoo.addons.treasury_sync.tools import documents


@tagged("post_install", "-at_install")
class TestPaymentSend(TreasuryCase):
    """An approved order leaves once, as it was approved, and what the bank says of it is taken in."""

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.folder = cls.make_folder()
        cls.bank = cls.make_connection("dummy", endpoint=str(cls.folder))
        cls.outbound = cls.make_interface("payment_order", cls.bank)
        cls.channel = cls.make_channel(cls.outbound)

    def sent(self):
        return [path.read_bytes() for path in sorted((self.folder / "inbox").glob("*"))]

    def tell(self, **files):
        for name, text in files.items():
            (self.folder / name).write_text(text)
            self.addCleanup((self.folder / name).unlink, missing_ok=True)

    def setUp(self):
        super().setUp()
        self.addCleanup(lambda: [path.unlink() for path in (self.folder / "inbox").glob("*")])

    def exceptions(self, record):
        return self.env["finance.exception"].search(
            [("res_model", "=", record._name), ("res_id", "=", record.id)]
        )

    def report(self, order, *verdicts, code=None):
        """A status report of ``(number, code, reason code)`` for each instruction."""
        items = order._live()
        return documents.PaymentStatus(
            source_format="pain.002",
            source_version="10",
            original_message_id=order.message_ref,
            status=code,
            groups=(
                documents.GroupStatus(
                    group_id=None,
                    transactions=tuple(
                        documents.TransactionStatus(
                            status=status,
                            end_to_end_id=items[number].end_to_end_id,
                            reasons=(documents.StatusReason(code=reason),) if reason else (),
                        )
                        for number, status, reason in verdicts
                    ),
                ),
            ),
        )

    # === ONCE === #

    def test_approved_order_is_sent_as_it_was_approved(self):
        order = self.approved(100, 50)
        self.run_jobs()
        self.assertEqual(self.sent(), [order._file()._content()])
        self.assertEqual(order.state, "acknowledged")
        self.assertEqual(order.exchange_id.work_status, "done")
        self.assertEqual(set(order.instruction_ids.mapped("state")), {"acknowledged"})
        order.with_user(self.preparer).action_send()
        order.with_user(self.approver).action_send()
        order.exchange_id._job_send()
        self.assertEqual(len(self.sent()), 1)

    def test_order_that_is_not_approved_is_not_sent(self):
        order = self.generated(100)
        with self.assertRaisesRegex(UserError, "not approved"):
            order.action_send()
        self.approve(order, self.approver)
        with self.assertRaisesRegex(UserError, "not approved"):
            order.action_send()
        self.assertFalse(order.exchange_id)

    def test_who_only_looks_on_sends_nothing(self):
        order = self.approved(100)
        with self.assertRaises(AccessError):
            order.with_user(self.viewer).action_send()

    def test_exchange_made_beside_the_order_sends_nothing(self):
        for order in (self.generated(100), self.approved(50)):
            forged = self.env["finance.exchange"]._emit(
                self.outbound,
                f"forged:{order.id}",
                record=order,
                content=order._file()._content(),
            )
            forged._job_send()
            self.assertEqual(forged.work_status, "exception")
            self.assertEqual(forged.exception_ids.code, "payment_not_approved")
            self.assertFalse(self.sent())
        order.exchange_id._job_send()
        self.assertEqual(len(self.sent()), 1, "by its own exchange alone")

    def test_last_look_before_sending(self):
        changes = {
            "amount": lambda order: self.env.cr.execute(
                "UPDATE account_payment SET amount = 999 WHERE id = %s", [order.payment_ids.id]
            ),
            "account": lambda order: self.env.cr.execute(
                "UPDATE res_partner_bank SET sanitized_acc_number = 'X' WHERE id = %s",
                [order.payment_ids.partner_bank_id.id],
            ),
            "account archived": lambda order: self.env.cr.execute(
                "UPDATE res_partner_bank SET active = FALSE WHERE id = %s",
                [order.payment_ids.partner_bank_id.id],
            ),
            "payment": lambda order: self.env.cr.execute(
                "UPDATE account_payment SET state = 'canceled' WHERE id = %s",
                [order.payment_ids.id],
            ),
            "instruction": lambda order: self.env.cr.execute(
                """ALTER TABLE treasury_payment_instruction DISABLE TRIGGER USER;
                   UPDATE treasury_payment_instruction SET beneficiary_name = 'X' WHERE order_id = %s;
                   ALTER TABLE treasury_payment_instruction
                         ENABLE ALWAYS TRIGGER treasury_instruction_fixed""",
                [order.id],
            ),
            "state": lambda order: self.env.cr.execute(
                "UPDATE treasury_payment_order SET state = 'cancelled' WHERE id = %s", [order.id]
            ),
            "digest": lambda order: self.env.cr.execute(
                "UPDATE treasury_payment_order SET digest = repeat('a', 64) WHERE id = %s",
                [order.id],
            ),
            "approvals": lambda order: order._void_approvals("One of them has left."),
        }
        for name, change in changes.items():
            with self.subTest(name), self.env.cr.savepoint() as savepoint:
                order = self.approved(100)
                self.env.flush_all()
                change(order)
                self.env.invalidate_all()
                order.exchange_id._job_send()
                self.assertEqual(order.exchange_id.work_status, "exception")
                self.assertFalse(self.sent())
                savepoint.rollback()

    def test_account_changed_after_approval_stops_it(self):
        order = self.approved(100)
        self.vendor.bank_ids.acc_holder_name = "Somebody Else"
        self.run_jobs()
        self.assertFalse(self.sent())
        self.assertEqual(order.state, "draft")
        self.assertFalse(order.exchange_id)

    # === UNKNOWN IS NOT FAILED === #

    def test_cut_after_the_last_byte_is_asked_for_and_not_sent_again(self):
        self.tell(next="cut")
        order = self.approved(100)
        order.exchange_id._job_send()
        self.assertEqual(order.exchange_id.work_status, "unknown")
        self.assertEqual(order.state, "approved")
        with self.assertRaises(UserError):
            order.with_user(self.preparer).action_back_to_draft()
        with self.assertRaises(UserError):
            order.with_user(self.preparer).action_cancel()
        self.tell(next="")
        order.exchange_id._job_query_status()
        self.assertEqual(order.state, "acknowledged")
        self.assertEqual(len(self.sent()), 1)

    def test_proof_that_nothing_arrived_sends_the_same_bytes_again(self):
        self.tell(next="cut", answer="not_found")
        order = self.approved(100)
        order.exchange_id._job_send()
        [path.unlink() for path in (self.folder / "inbox").glob("*")]
        self.tell(next="")
        self.run_jobs()
        self.assertEqual(self.sent(), [order._file()._content()])
        self.assertEqual(order.state, "acknowledged")

    def test_silence_is_no_answer(self):
        self.tell(next="later", answer="pending")
        order = self.approved(100)
        order.exchange_id._job_send()
        self.assertEqual((order.state, order.exchange_id.work_status), ("sent", "waiting"))
        self.make_due(order.exchange_id)
        order.exchange_id._job_query_status()
        self.assertEqual(order.exchange_id.exception_ids.code, "acknowledgement_overdue")
        self.assertEqual(order.state, "sent")
        self.assertEqual(order.payment_ids.state, "in_process")

    # === BACK === #

    def test_rejected_order_opens_its_bills(self):
        self.tell(next="later", answer="rejected")
        order = self.approved(100)
        bill = order.payment_ids.reconciled_bill_ids
        order.exchange_id._job_send()
        self.make_due(order.exchange_id)
        order.exchange_id._job_query_status()
        self.assertEqual(order.state, "rejected")
        self.assertEqual(bill.payment_state, "not_paid")
        self.assertEqual(order.payment_ids.state, "rejected")
        self.assertEqual(self.exceptions(order).mapped("code"), ["payment_rejected"])

    def test_partial_acceptance_by_transaction(self):
        order = self.approved(100, 50, 25)
        order.exchange_id._job_send()
        bills = [item.payment_id.reconciled_bill_ids for item in order._live()]
        order._apply_report(
            self.report(
                order, (0, "ACSC", None), (1, "RJCT", "AC04"), (2, "PDNG", None), code="PART"
            ),
            source="report",
        )
        self.assertEqual(order._live().mapped("state"), ["executed", "rejected", "acknowledged"])
        self.assertEqual(
            [bill.payment_state for bill in bills], ["in_payment", "not_paid", "in_payment"]
        )
        self.assertEqual(order.state, "acknowledged")
        exception = self.exceptions(order)
        self.assertIn("AC04: the account is closed", exception.summary)
        self.assertTrue(exception.owner_id)

    def test_no_news_takes_a_payment_back(self):
        order = self.approved(100)
        order.exchange_id._job_send()
        for code in ("ACSC", "ACTC", "PDNG", "ACSC"):
            order._apply_report(self.report(order, (0, code, None)), source="report")
        item = order._live()
        self.assertEqual(item.state, "executed")
        self.assertIn("known", item.news_ids.mapped("effect"))

    def test_statement_line_settles_the_order(self):
        order = self.approved(100)
        order.exchange_id._job_send()
        payment = order.payment_ids
        line = self.statement_line(-100)
        self.settle(line, payment._seek_for_lines()[0])
        item = order._live()
        self.assertEqual((item.state, item.statement_line_id), ("booked", line))
        self.assertEqual(order.state, "booked")
        self.assertEqual(payment.reconciled_bill_ids.payment_state, "paid")
        order._apply_report(self.report(order, (0, "RJCT", "AM05")), source="report")
        self.assertEqual(item.state, "booked")
        self.assertEqual(self.exceptions(order).code, "payment_status_conflict")

    def test_return_after_booking_reverses_links_and_tells(self):
        order = self.approved(100)
        order.exchange_id._job_send()
        payment = order.payment_ids
        bill = payment.reconciled_bill_ids
        out = self.statement_line(-100)
        self.settle(out, payment._seek_for_lines()[0])
        back = self.statement_line(100)
        item = order._live()
        item._advance(
            "returned", source="statement", code="AC04", reason="AC04", statement_line_id=back.id
        )
        self.assertEqual(bill.payment_state, "not_paid")
        self.assertEqual(bill.amount_residual, 100)
        self.assertTrue(out.is_reconciled, "what left stays settled")
        reversal = payment.move_id.reversal_move_ids
        outstanding = reversal.line_ids.filtered(
            lambda line: line.account_id == payment.outstanding_account_id
        )
        self.assertEqual(outstanding.amount_residual, 100)
        self.settle(back, outstanding)
        self.assertTrue(back.is_reconciled)
        self.assertEqual(self.exceptions(order).code, "payment_returned")
        again = self.pay(bill, user=self.preparer)
        self.assertEqual(again.amount, 100)

    def test_return_that_is_told_before_the_booking_leaves_both_lines_their_item(self):
        order = self.approved(100)
        order.exchange_id._job_send()
        payment = order.payment_ids
        order._live()._advance("returned", source="notification", code="AC04", reason="AC04")
        out, back = self.statement_line(-100), self.statement_line(100)
        reversal = payment.move_id.reversal_move_ids
        account = payment.outstanding_account_id
        self.settle(out, payment.move_id.line_ids.filtered(lambda line: line.account_id == account))
        self.settle(back, reversal.line_ids.filtered(lambda line: line.account_id == account))
        self.assertEqual(payment.state, "rejected")
        self.assertEqual(order._live().state, "returned")

    def test_cancelled_exchange_frees_the_payments(self):
        order = self.approved(100)
        payment = order.payment_ids
        order.exchange_id.with_user(self.operator).action_cancel("The bank is closed.")
        self.assertEqual(order.state, "cancelled")
        self.assertFalse(payment._live_instruction())
        self.order(payments=payment).action_generate()
        self.run_jobs()
        self.assertFalse(self.sent())

    def test_report_that_names_strangers_is_told(self):
        order = self.approved(100)
        order.exchange_id._job_send()
        report = documents.PaymentStatus(
            source_format="pain.002",
            source_version="10",
            original_message_id=order.message_ref,
            groups=(
                documents.GroupStatus(
                    group_id=None,
                    transactions=(
                        documents.TransactionStatus(status="ACSC", end_to_end_id="NOBODY"),
                    ),
                ),
            ),
        )
        order._apply_report(report, source="report")
        self.assertEqual(self.exceptions(order).code, "payment_status_unknown")

    @mute_logger("odoo.addons.finance_connector_base.models.finance_exchange_state")
    def test_restored_database_sends_nothing(self):
        order = self.approved(100)
        with self.assertRaises(BusinessError):
            order._check_before_sending(b"other bytes")
        self.env["finance.instance"].sudo().create(
            {"fingerprint": "an older copy", "state": "recovering", "cause": "restored"}
        )
        order.exchange_id._job_send()
        self.assertEqual(order.exchange_id.work_status, "retry")
        self.assertGreater(order.exchange_id.due_at, fields.Datetime.now())
        self.assertFalse(self.sent())
