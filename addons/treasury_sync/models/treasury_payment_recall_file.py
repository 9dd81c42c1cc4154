from datetime import UTC

from odoo import fields, models
from odoo.exceptions import UserError

from odoo.addons.finance_connector_base.tools.digest import sha256_hex
from odoo.addons.finance_connector_base.tools.errors import BusinessError, Severity
from odoo.addons.treasury_sync.tools import camt055, identifiers, life, recalls

from .engine import as_engine


class TreasuryPaymentRecall(models.Model):
    """A recall as a file (camt.055): made when it is asked for, so that its exact bytes are what two people approve."""

    _name = "treasury.payment.recall"
    _inherit = ["treasury.payment.recall", "treasury.payment.sealed"]

    case_ref = fields.Char(string="Case ID", readonly=True, help="What the bank's answer names.")
    digest = fields.Char(readonly=True, help="SHA-256 of the file that is approved.")
    file_ids = fields.One2many("treasury.payment.file", "recall_id", readonly=True)
    exchange_id = fields.Many2one(
        "finance.exchange", readonly=True, index="btree_not_null", ondelete="restrict"
    )
    work_status = fields.Selection(related="exchange_id.work_status", string="Sending")

    _case_ref_uniq = models.UniqueIndex(
        "(case_ref) WHERE case_ref IS NOT NULL", "A case identification is used once, for ever."
    )

    # === ACTION METHODS === #

    def action_download(self):
        """Get the approved bytes; who did is written down.

        :return: action that downloads the file
        :raise UserError: the bank takes no files, or two people have not approved it
        """
        self.ensure_one()
        self._check_may_download()
        return {
            "type": "ir.actions.act_url",
            "url": f"/treasury_sync/recall/{self.id}/file",
            "target": "download",
        }

    # === BUSINESS METHODS === #

    def _generate(self):
        """Make the file, where the bank takes one.

        :raise UserError: what its characters cannot carry
        """
        self.ensure_one()
        channel = self.channel_id.sudo()
        if not channel.recall_format:
            return
        case = identifiers.message_id(f"RC{self.id}")
        try:
            content = camt055.write(self._document(case), channel.recall_format, channel._profile())
        except BusinessError as error:
            raise UserError(f"{error.message}\n{error.next_step}".strip()) from error
        self.write({"case_ref": case, "digest": sha256_hex(content)})
        kept = as_engine(self.env["treasury.payment.file"]).create(
            {
                **self._file_vals(),
                "role": "recall",
                "filename": f"{case}.xml",
                "file_format": channel.recall_format,
                "size": len(content),
                "digest": self.digest,
            }
        )
        kept._seal(content)
        self._log("recall_generated", case=case, file_digest=self.digest)

    def _document(self, case):
        order = self.order_id.sudo()
        document = order._document()
        return recalls.Recall(
            case_id=case,
            created_at=fields.Datetime.now().replace(tzinfo=UTC),
            order=document,
            order_format=order._file().file_format,
            end_to_end_ids=frozenset(self.instruction_ids.mapped("end_to_end_id")),
            agent=document.groups[0].account.agent,
            reason=self.reason,
            note=self.note or None,
        )

    def _file(self):
        """:return: ``treasury.payment.file`` that is approved, if the bank takes files"""
        self.ensure_one()
        return self.sudo().file_ids.filtered(lambda item: item.role == "recall")

    def _file_vals(self):
        return {"order_id": self.order_id.id, "version": self.version, "recall_id": self.id}

    def _log(self, action, **details):
        self.order_id.sudo()._log(action, **details)

    def _travels_as_file(self):
        """:return: whether the interface that carried the order carries the file of this recall"""
        exchange = self._find_order_exchange()
        return bool(
            self.digest and exchange and exchange.connection_id._adapter()._carries_recall_files
        )

    def _is_carried(self):
        return super()._is_carried() or self._travels_as_file()

    def _is_told_by_people(self):
        # A bank that was sent a file may well answer by telephone.
        return super()._is_told_by_people() or self._travels_as_file()

    def _release(self):
        self.ensure_one()
        if not self._travels_as_file():
            super()._release()
            return
        as_engine(self).exchange_id = self.env["finance.exchange"]._emit(
            self._find_order_exchange().interface_id,
            f"payment_recall:{self.case_ref}",
            record=self,
            event_type="payment_recall.approved",
            content=self._content_to_send(),
        )

    def _take_back(self):
        if exchange := self.sudo().exchange_id:
            # Also takes the lock of a worker that is about to send it.
            exchange._withdraw_payment(self.env._("The recall was withdrawn."))
        super()._take_back()

    def _record_answer(self, state):
        result = super()._record_answer(state)
        for recall in self.sudo().filtered("exchange_id"):
            recall.exchange_id._conclude_by_report(recall.answer)
        return result

    def _check_before_sending(self, content):
        """Prove that ``content`` is what was approved by two who did not ask for it, and that it still has a point.

        :param bytes content: what is about to be sent
        :raise BusinessError: ``payment_not_approved`` or ``payment_file_changed``
        """
        self.ensure_one()
        self._check_approved()
        if sha256_hex(self._clear_of(content)) != self.digest:
            raise BusinessError(
                "payment_file_changed",
                self.env._(
                    "The recall of %s is not what was approved: it was changed in the database.",
                    self.order_id.name,
                ),
                evidence={"order": self.order_id.name, "digest": self.digest},
                severity=Severity.CRITICAL,
            )
        if all(item.state in life.ENDED for item in self.instruction_ids):
            raise self._not_approved(
                self.env._("No payment of the recall of %s is left.", self.order_id.name)
            )

    def _on_sent(self):
        """The bank has the file."""
        if self.state == "approved":
            self._move("sent")

    def _check_may_download(self):
        self.order_id._check_group("preparer", "approver")
        self._check_state("approved", "sent", "accepted", "partly", "refused")
        if not self._is_approved():
            raise UserError(self.env._("Two people have not approved this file."))
        if not self._file():
            raise UserError(self.env._("The bank takes no recalls as files: call it."))

    def _download(self):
        """:return: name and bytes of the file
        :rtype: tuple[str, bytes]
        :raise AccessError: for anybody but preparers and approvers
        """
        self.ensure_one()
        self._check_may_download()
        self._log("recall_downloaded")
        return self._file().filename, self._file()._content()
