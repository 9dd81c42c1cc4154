from dataclasses import replace
from unittest.mock import patch

from odoo.addons.finance_connector_base.tools.errors import UnknownOutcomeError

from .common import TreasuryCase

PAIN_002 = """<?xml version="1.0"?>
<Document xmlns="urn:iso:std:iso:20022:tech:xsd:pain.002.001.10"><CstmrPmtStsRpt>
<GrpHdr><MsgId>R1</MsgId><CreDtTm>2026-11-26T10:00:00</CreDtTm></GrpHdr>
<OrgnlGrpInfAndSts><OrgnlMsgId>{message}</OrgnlMsgId><OrgnlMsgNmId>pain.001.001.09</OrgnlMsgNmId>{group}
</OrgnlGrpInfAndSts><OrgnlPmtInfAndSts><OrgnlPmtInfId>{message}-G1</OrgnlPmtInfId>{items}</OrgnlPmtInfAndSts>
</CstmrPmtStsRpt></Document>"""
ITEM = """<TxInfAndSts><OrgnlEndToEndId>{id}</OrgnlEndToEndId><TxSts>{status}</TxSts>{reason}</TxInfAndSts>"""
REASON = "<StsRsnInf><Rsn><Cd>AC04</Cd></Rsn></StsRsnInf>"


class FollowCase(TreasuryCase):
    """An order over a folder: what is handed over, and what comes back."""

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.root = cls.make_folder()
        (cls.root / "out").mkdir()
        cls.startClassPatcher(
            patch.object(
                cls.registry["finance.environment"],
                "_settings",
                lambda self, original=cls.registry["finance.environment"]._settings: _with_root(
                    original(self), cls.root
                ),
            )
        )
        cls.drop = cls.make_connection("folder", endpoint=str(cls.root), environment="test")
        cls.out = cls.make_interface(
            "payment_order", cls.drop, version={"base_seconds": 1, "cap_seconds": 1}
        )
        cls.reports = cls.make_interface("payment_report", cls.drop)
        cls.channel = cls.make_channel(cls.out, outbox_folder="out")

    def sent(self, *amounts):
        order = self.approved(*amounts, channel=self.channel)
        order.exchange_id._job_send()
        return order

    def request_recall(self, order, items=None, **values):
        return (
            self.env["treasury.payment.recall"]
            .with_user(self.preparer)
            ._request(
                order.with_user(self.preparer),
                items or order._live(),
                values.get("reason", "DUPL"),
                values.get("note", "Paid twice"),
            )
        )

    def approved_recall(self, order, items=None):
        recall = self.request_recall(order, items)
        for user in (self.approver, self.second_approver):
            recall.with_user(user)._approve()
        return recall

    def in_doubt(self, *amounts):
        """:return: an order whose sending ended without an answer"""
        order = self.approved(*amounts, channel=self.channel)
        with patch.object(
            self.registry["finance.adapter.folder"],
            "_send",
            side_effect=UnknownOutcomeError("The worker died."),
        ):
            order.exchange_id._job_send()
        return order

    def report(self, order, *statuses, group=""):
        items = "".join(
            ITEM.format(
                id=item.end_to_end_id, status=status, reason=REASON if status == "RJCT" else ""
            )
            for item, status in zip(order._live(), statuses, strict=False)
        )
        group = f"<GrpSts>{group}</GrpSts>" if group else ""
        return PAIN_002.format(message=order.message_ref, group=group, items=items).encode()

    def upload(self, content, user):
        attachment = (
            self.env["ir.attachment"].with_user(user).create({"name": "answer.xml", "raw": content})
        )
        wizard = (
            self.env["treasury.report.upload"]
            .with_user(user)
            .create({"company_id": self.company_a.id, "attachment_ids": attachment.ids})
        )
        exchange = self.env["finance.exchange"].browse(wizard.action_upload()["res_id"])
        exchange._job_process()
        return exchange


def _with_root(settings, root):
    return replace(settings, file_roots=(str(root),))
