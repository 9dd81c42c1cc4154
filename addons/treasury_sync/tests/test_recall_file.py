from unittest.mock import patch

from lxml import etree

from odoo.exceptions import AccessError, UserError, ValidationError
from odoo.tests import tagged

from odoo.addons.finance_connector_base.tools.digest import sha256_hex
from odoo.addons.finance_connector_base.tools.errors import UnknownOutcomeError
from odoo.addons.treasury_sync.tools import life

from .follow_common import FollowCase

CAMT_029 = """<?xml version="1.0"?>
<Document xmlns="urn:iso:std:iso:20022:tech:xsd:camt.029.001.09"><RsltnOfInvstgtn>
<Assgnmt><Id>{id}</Id><Assgnr><Agt><FinInstnId><BICFI>COBADEFFXXX</BICFI></FinInstnId></Agt></Assgnr>
<Assgne><Pty><Nm>Us</Nm></Pty></Assgne><CreDtTm>2026-11-26T12:00:00</CreDtTm></Assgnmt>
<RslvdCase><Id>{case}</Id><Cretr><Pty><Nm>Us</Nm></Pty></Cretr></RslvdCase><Sts><Conf>{confirmation}</Conf></Sts>
<CxlDtls><OrgnlGrpInfAndSts><OrgnlMsgId>{message}</OrgnlMsgId><OrgnlMsgNmId>pain.001.001.09</OrgnlMsgNmId>
</OrgnlGrpInfAndSts><OrgnlPmtInfAndSts><OrgnlPmtInfId>{message}-G1</OrgnlPmtInfId>{items}</OrgnlPmtInfAndSts></CxlDtls>
</RsltnOfInvstgtn></Document>"""
ITEM = "<TxInfAndSts><OrgnlEndToEndId>{id}</OrgnlEndToEndId><TxCxlSts>{status}</TxCxlSts>{reason}</TxInfAndSts>"
REASON = "<CxlStsRsnInf><Rsn><Cd>CUST</Cd></Rsn></CxlStsRsnInf>"


class RecallFileCase(FollowCase):
    """Recalls as camt.055 files over a folder, and the bank's camt.029."""

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.channel.recall_format = "camt.055.001.08"

    def setUp(self):
        super().setUp()
        for path in (self.root / "out").iterdir():
            path.unlink()

    def sent_recall(self, order, items=None):
        recall = self.approved_recall(order, items)
        recall.exchange_id._job_send()
        return recall

    def answer(self, recall, *statuses, items=None, number=1, case=None, message=None):
        """The bank's answer on the payments of a recall, in their order."""
        items = items or recall.instruction_ids.sorted("sequence")
        return CAMT_029.format(
            id=f"A{number}",
            case=case or recall.case_ref,
            confirmation="PECR",
            message=message or recall.order_id.message_ref,
            items="".join(
                ITEM.format(
                    id=item.end_to_end_id, status=code, reason=REASON if code == "RJCR" else ""
                )
                for item, code in zip(items, statuses, strict=True)
            ),
        ).encode()

    def exceptions(self, order, code):
        return self.env["finance.exception"].search(
            [("code", "=", code), ("res_model", "=", order._name), ("res_id", "=", order.id)]
        )


@tagged("post_install", "-at_install")
class TestRecallFile(RecallFileCase):
    """What two approve is what the bank gets, once, and it names no payment but those that are recalled."""

    def test_bank_gets_the_bytes_that_two_others_approved(self):
        order = self.sent(100, 50)
        second = order._live()[1]
        recall = self.request_recall(order, second)
        content = recall._file()._content()
        self.assertEqual(sha256_hex(content), recall.digest)
        root = etree.fromstring(content)
        named = [item.text for item in root.iterfind(".//{*}OrgnlEndToEndId")]
        self.assertEqual(named, [second.end_to_end_id])
        self.assertEqual(root.findtext(".//{*}OrgnlMsgId"), order.message_ref)
        self.assertEqual(root.findtext(".//{*}Assgnmt/{*}Id"), recall.case_ref)
        self.assertFalse(recall.exchange_id)
        recall.with_user(self.approver)._approve()
        self.assertFalse(recall.exchange_id, "one is not two")
        recall.with_user(self.second_approver)._approve()
        self.assertFalse(recall.by_hand)
        recall.exchange_id._job_send()
        self.assertEqual((recall.state, recall.work_status), ("sent", "waiting"))
        name = f"{recall.case_ref}.xml"
        self.assertEqual((self.root / "out" / name).read_bytes(), content)
        told = (self.root / "out" / f"{name}.sha256").read_text()
        self.assertEqual(told, f"{recall.digest}  {name}\n")
        self.assertEqual(
            set(order._live().mapped("state")), {"transmitted"}, "silence is no answer"
        )
        recall.exchange_id._job_send()
        recall.exchange_id._job_query_status()
        self.assertEqual((recall.state, recall.work_status), ("sent", "waiting"))

    def test_what_was_not_approved_by_two_others_is_not_sent(self):
        for change in (
            "UPDATE treasury_payment_recall SET requested_by_id = %(approver)s WHERE id = %(recall)s",
            "UPDATE treasury_payment_recall SET digest = 'f' WHERE id = %(recall)s",
            "UPDATE treasury_payment_recall SET state = 'requested' WHERE id = %(recall)s",
        ):
            with self.subTest(change):
                recall = self.approved_recall(self.sent(100))
                self.env.flush_all()
                self.env.cr.execute(change, {"approver": self.approver.id, "recall": recall.id})
                self.env.invalidate_all()
                recall.exchange_id._job_send()
                self.assertEqual(recall.work_status, "exception")
                self.assertFalse((self.root / "out" / f"{recall.case_ref}.xml").exists())

    def test_file_of_another_recall_or_of_no_recall_is_not_sent(self):
        recall, other = (self.approved_recall(self.sent(amount)) for amount in (100, 70))
        forged = self.env["finance.exchange"]._emit(
            self.out, "forged", record=recall, content=recall._file()._content()
        )
        forged._job_send()
        self.assertEqual(forged.exception_ids.code, "payment_not_approved", "beside the recall")
        replayed = self.env["finance.exchange"]._emit(
            self.out, "replayed", record=recall, content=other._file()._content()
        )
        self.env.flush_all()
        self.env.cr.execute(
            "UPDATE treasury_payment_recall SET exchange_id = %s WHERE id = %s",
            (replayed.id, recall.id),
        )
        self.env.invalidate_all()
        replayed._job_send()
        self.assertEqual(replayed.exception_ids.code, "payment_file_changed")
        for case in (recall.case_ref, other.case_ref):
            self.assertFalse((self.root / "out" / f"{case}.xml").exists())

    def test_recall_of_what_has_come_back_is_not_sent(self):
        order = self.sent(100)
        recall = self.approved_recall(order)
        order._live()._advance(life.Fate.REJECTED, source="report", code="RJCT")
        recall.exchange_id._job_send()
        self.assertEqual(recall.exchange_id.exception_ids.code, "payment_not_approved")
        self.assertFalse((self.root / "out" / f"{recall.case_ref}.xml").exists())

    def test_withdrawn_or_cancelled_before_it_left_it_never_leaves(self):
        recall = self.approved_recall(self.sent(100))
        recall.with_user(self.preparer).action_withdraw()
        self.assertEqual((recall.state, recall.work_status), ("withdrawn", "cancelled"))
        recall.exchange_id._job_send()
        self.assertFalse((self.root / "out" / f"{recall.case_ref}.xml").exists())
        recall = self.approved_recall(self.sent(100))
        recall.exchange_id.with_user(self.operator).action_cancel("Not needed.")
        self.assertEqual(recall.state, "withdrawn")
        recall = self.sent_recall(self.sent(100))
        with self.assertRaises(UserError):
            recall.with_user(self.preparer).action_withdraw()

    def test_broken_off_half_way_it_lies_there_once(self):
        recall = self.approved_recall(self.sent(100))
        adapter = self.registry["finance.adapter.folder"]
        original = adapter._send

        def broken(model, exchange, content):
            original(model, exchange, content)
            raise UnknownOutcomeError("The worker died.")

        with patch.object(adapter, "_send", broken):
            recall.exchange_id._job_send()
        self.assertEqual((recall.state, recall.work_status), ("approved", "unknown"))
        recall.exchange_id._job_query_status()
        self.assertEqual(recall.work_status, "waiting")
        self.process(self.reports, self.answer(recall, "PDCR"))
        self.assertEqual((recall.state, recall.work_status), ("sent", "done"))

    def test_without_an_interface_a_person_carries_the_file(self):
        self.channel = self.make_channel(name="By hand", recall_format="camt.055.001.05")
        order = self.approved(100)
        order._record_proof("by_hand", "Portal", b"receipt", "receipt.txt")
        recall = self.request_recall(order)
        with self.assertRaisesRegex(UserError, "To Approve"):
            recall.with_user(self.preparer).action_download()
        for user in (self.approver, self.second_approver):
            recall.with_user(user)._approve()
        self.assertTrue(recall.by_hand)
        self.assertFalse(recall.exchange_id)
        name, content = recall.with_user(self.preparer)._download()
        self.assertEqual((name, content), (f"{recall.case_ref}.xml", recall._file()._content()))
        self.assertIn(b"camt.055.001.05", content)
        self.env.flush_all()
        event = self.env["finance.audit.event"].search(
            [("action", "=", "payment_order.recall_downloaded"), ("res_id", "=", order.id)]
        )
        self.assertEqual(event.user_id, self.preparer.id)
        for user in (self.make_user("other", "approver", self.company_b), self.viewer):
            with self.assertRaises(AccessError):
                recall.with_user(user)._download()
        self.upload(self.answer(recall, "ACCR"), self.approver)
        self.assertEqual((recall.state, order._live().state), ("accepted", "rejected"))

    def test_note_that_the_banks_letters_cannot_carry_is_refused_at_once(self):
        order = self.sent(100)
        with (
            self.assertRaisesRegex(UserError, "characters cannot carry"),
            self.env.cr.savepoint(),
        ):
            self.request_recall(order, note="支付两次")
        self.assertFalse(order.recall_ids)

    def test_only_channels_of_iso_20022_recall_with_it(self):
        with self.assertRaisesRegex(ValidationError, "ISO 20022"):
            self.make_channel(
                file_format="bacs18",
                profile_code="bacs_credit",
                recall_format="camt.055.001.08",
            )


@tagged("post_install", "-at_install")
class TestRecallAnswer(RecallFileCase):
    """Only what the bank says of a payment that was recalled moves it, once, and never backwards."""

    def test_cancelled_its_bill_is_open_again(self):
        order = self.sent(100, 50)
        recall = self.sent_recall(order)
        bills = order.payment_ids.reconciled_bill_ids
        self.assertFalse(any(bills.mapped("amount_residual")))
        exchange = self.process(self.reports, self.answer(recall, "ACCR", "ACCR"))
        self.assertEqual(exchange.work_status, "done")
        self.assertEqual((recall.state, recall.answer), ("accepted", "Cancelled"))
        self.assertEqual(set(order._live().mapped("state")), {"rejected"})
        self.assertEqual(set(order.payment_ids.mapped("state")), {"rejected"})
        self.assertEqual(sum(bills.mapped("amount_residual")), 150)
        self.assertEqual(
            (recall.work_status, order.exchange_id.work_status),
            ("done", "done"),
            "nobody asks any more",
        )
        news = order.news_ids.filtered(lambda item: item.proven == "rejected")
        self.assertEqual(set(news.mapped("source")), {"recall"})
        self.assertEqual(news.exchange_id, exchange)
        self.assertFalse(self.exceptions(order, "payment_rejected"), "nobody refused them")
        told = self.exceptions(order, "payment_recalled")
        self.assertEqual(len(told), 2)
        self.assertIn("reverse a bill that is not to be paid", told[0].next_step)

    def test_report_of_what_we_recalled_is_not_a_refusal(self):
        order = self.sent(100, 50)
        first, second = order._live()
        self.sent_recall(order, first)
        self.process(self.reports, self.report(order, "CANC", "CANC"))
        self.assertEqual(set(order._live().mapped("state")), {"rejected"})
        self.assertIn(first.beneficiary_name, self.exceptions(order, "payment_recalled").summary)
        refused = self.exceptions(order, "payment_rejected")
        self.assertEqual(refused.evidence["end_to_end_id"], second.end_to_end_id)

    def test_report_of_what_we_only_thought_of_recalling_is_a_refusal(self):
        order, other = self.sent(100), self.sent(70)
        self.request_recall(order).with_user(self.preparer).action_withdraw()
        self.request_recall(other)
        for each in (order, other):
            self.process(self.reports, self.report(each, "CANC"))
            self.assertEqual(each._live().state, "rejected")
            self.assertTrue(self.exceptions(each, "payment_rejected"))
            self.assertFalse(self.exceptions(each, "payment_recalled"), "the bank was not asked")

    def test_refused_for_another_reason_as_well_it_is_refused_and_not_cancelled(self):
        order = self.sent(100)
        recall = self.sent_recall(order)
        content = self.answer(recall, "RJCR")
        self.process(self.reports, content)
        self.process(self.reports, content.replace(b"CUST", b"NOAS"))
        self.assertEqual(len(recall.answer_ids), 2)
        self.assertEqual((recall.state, order._live().state), ("refused", "transmitted"))

    def test_refused_the_payment_goes_on_and_somebody_is_told_what_to_do(self):
        order = self.sent(100)
        recall = self.sent_recall(order)
        self.process(self.reports, self.answer(recall, "RJCR"))
        self.assertEqual(recall.state, "refused")
        self.assertIn("the recipient does not agree", recall.answer)
        self.assertEqual(order._live().state, "transmitted")
        exception = self.exceptions(order, "payment_recall_refused")
        self.assertIn("the recipient does not agree", exception.summary)
        self.assertIn("Do not pay its bill again", exception.next_step)
        self.assertTrue(self.request_recall(order), "it may be asked for again")

    def test_pending_decides_nothing_and_each_payment_has_its_own_end(self):
        order = self.sent(100, 50)
        recall = self.sent_recall(order)
        self.process(self.reports, self.answer(recall, "PDCR", "PDCR"))
        self.assertEqual(
            (recall.state, recall.answer_ids.mapped("code")), ("sent", ["PDCR", "PDCR"])
        )
        self.assertEqual(set(order._live().mapped("state")), {"transmitted"})
        first, second = order._live()
        self.process(self.reports, self.answer(recall, "ACCR", items=first, number=2))
        self.assertEqual(
            (recall.state, first.state, second.state), ("sent", "rejected", "transmitted")
        )
        self.process(self.reports, self.answer(recall, "RJCR", items=second, number=3))
        self.assertEqual((recall.state, second.state), ("partly", "transmitted"))
        self.process(self.reports, self.answer(recall, "PDCR", items=second, number=4))
        self.assertEqual(recall.state, "partly", "never backwards")

    def test_answer_on_a_payment_that_was_not_recalled_moves_nothing(self):
        order, other = self.sent(100, 50), self.sent(70)
        first, second = order._live()
        recall = self.sent_recall(order, first)
        strangers = second | other._live()
        self.process(self.reports, self.answer(recall, "ACCR", "ACCR", items=strangers))
        self.assertEqual({*order._live().mapped("state"), other._live().state}, {"transmitted"})
        self.assertEqual(recall.state, "sent")
        told = self.exceptions(order, "payment_recall_unknown")
        self.assertIn(second.end_to_end_id, told.summary)
        self.assertIn(other._live().end_to_end_id, told.summary)

    def test_repeated_it_counts_once_and_a_contradiction_is_put_before_a_person(self):
        order = self.sent(100)
        recall = self.sent_recall(order)
        content = self.answer(recall, "RJCR")
        self.process(self.reports, content)
        self.process(self.reports, content)
        self.process(self.reports, self.answer(recall, "RJCR", number=2))
        self.assertEqual(len(recall.answer_ids), 1)
        self.assertEqual(len(self.exceptions(order, "payment_recall_refused")), 1)
        self.process(self.reports, self.answer(recall, "ACCR", number=3))
        self.assertEqual((recall.state, order._live().state), ("refused", "transmitted"))
        self.assertTrue(self.exceptions(order, "payment_status_conflict"))
        self.assertEqual(recall.answer_ids.mapped("code"), ["RJCR", "ACCR"], "every word is kept")

    def test_after_the_booking_the_payment_stays_booked_until_the_money_is_back(self):
        order = self.sent(100)
        recall = self.sent_recall(order)
        item = order._live()
        line = self.statement_line(-100, end_to_end_id=item.end_to_end_id)
        outstanding, _counterpart, _other = order.payment_ids._seek_for_lines()
        self.settle(line, outstanding)
        self.assertEqual(item.state, "booked")
        self.process(self.reports, self.answer(recall, "ACCR"))
        self.assertEqual((recall.state, item.state), ("accepted", "booked"))
        self.assertFalse(self.exceptions(order, "payment_status_conflict"))
        back = self.statement_line(100, end_to_end_id=item.end_to_end_id)
        self.env["treasury.payment.instruction"]._hear_returns(back)
        self.assertEqual(item.state, "returned")

    def test_after_the_rejection_it_is_known(self):
        order = self.sent(100)
        recall = self.sent_recall(order)
        order._live()._advance(life.Fate.REJECTED, source="query", code="RJCT")
        self.process(self.reports, self.answer(recall, "ACCR"))
        self.assertEqual((recall.state, order._live().state), ("accepted", "rejected"))
        self.assertFalse(self.exceptions(order, "payment_status_conflict"))

    def test_second_companys_bank_cannot_answer_ours(self):
        order = self.sent(100)
        recall = self.sent_recall(order)
        other = self.make_interface(
            "payment_report", self.make_connection("upload", company_id=self.company_b.id)
        )
        exchange = self.process(other, self.answer(recall, "ACCR"))
        self.assertEqual(exchange.exception_ids.code, "payment_recall_unknown")
        self.assertEqual((recall.state, order._live().state), ("sent", "transmitted"))
        self.assertFalse(
            self.env["treasury.payment.recall.answer"]
            .with_user(self.make_user("theirs", "approver", self.company_b))
            .search([])
        )

    def test_another_banks_connection_cannot_answer(self):
        order = self.sent(100)
        recall = self.sent_recall(order)
        other = self.make_interface("payment_report", self.make_connection("upload"))
        exchange = self.process(other, self.answer(recall, "ACCR"))
        self.assertEqual(exchange.exception_ids.code, "payment_report_elsewhere")
        self.assertEqual((recall.state, order._live().state), ("sent", "transmitted"))
        self.assertFalse(recall.answer_ids)

    def test_preparer_does_not_bring_the_answer_after_which_it_is_paid_again(self):
        order = self.sent(100)
        recall = self.sent_recall(order)
        answer = self.answer(recall, "ACCR")
        exchange = self.upload(answer, self.preparer)
        self.assertEqual(exchange.exception_ids.code, "payment_report_own")
        self.assertEqual((recall.state, order._live().state), ("sent", "transmitted"))
        self.upload(answer, self.approver)
        self.assertEqual((recall.state, order._live().state), ("accepted", "rejected"))

    def test_case_and_order_that_do_not_belong_together_are_refused(self):
        order, other = self.sent(100), self.sent(50)
        recall, second = self.sent_recall(order), self.sent_recall(other)
        for content in (
            self.answer(recall, "ACCR", message=other.message_ref),
            self.answer(recall, "ACCR", case="ANOTHER", message="ANOTHER"),
        ):
            exchange = self.process(self.reports, content)
            self.assertEqual(exchange.exception_ids.code, "payment_recall_unknown")
        self.assertEqual({recall.state, second.state}, {"sent"})
        self.assertEqual({*(order | other).instruction_ids.mapped("state")}, {"transmitted"})

    def test_answer_to_what_nobody_sent_is_refused(self):
        order = self.sent(100)
        recall = self.request_recall(order)
        exchange = self.process(self.reports, self.answer(recall, "ACCR"))
        self.assertEqual(exchange.exception_ids.code, "payment_recall_unknown")
        self.assertEqual((recall.state, order._live().state), ("requested", "transmitted"))

    def test_order_alone_names_its_only_recall(self):
        recall = self.sent_recall(self.sent(100))
        self.process(self.reports, self.answer(recall, "ACCR", case="OF-THE-BANK"))
        self.assertEqual(recall.state, "accepted")

    def test_word_by_telephone_ends_the_question_and_moves_no_payment(self):
        order = self.sent(100)
        recall = self.sent_recall(order)
        recall.with_user(self.approver).action_accepted()
        self.assertEqual((recall.state, recall.work_status), ("accepted", "done"))
        self.assertEqual(order._live().state, "transmitted")

    def test_nobody_writes_the_answer(self):
        recall = self.sent_recall(self.sent(100))
        self.process(self.reports, self.answer(recall, "PDCR"))
        for act in (
            lambda: recall.answer_ids.sudo().write({"code": "ACCR"}),
            lambda: recall.answer_ids.sudo().unlink(),
            lambda: recall.answer_ids.sudo().copy(),
        ):
            with self.assertRaises(AccessError), self.env.cr.savepoint():
                act()
