from odoo import api, fields, models
from odoo.exceptions import AccessError, UserError

from odoo.addons.finance_connector_base.tools.digest import sha256_hex
from odoo.addons.treasury_sync.tools import life

from .engine import as_engine


class TreasuryPaymentOrder(models.Model):
    """What people do where the channel cannot: transmit by hand, and find out by telephone what the bank has."""

    _inherit = "treasury.payment.order"

    can_prove = fields.Boolean(compute="_compute_can_prove")

    # === COMPUTE METHODS === #

    @api.depends_context("uid")
    @api.depends("state", "work_status")
    def _compute_can_prove(self):
        """Whether the present user says what became of it: an approver where it may be with the bank, or else who
        prepares payments.
        """
        for order in self:
            group = "approver" if order._is_in_doubt() else "preparer"
            order.can_prove = order.state == "approved" and self.env.user.has_group(
                f"treasury_sync.group_treasury_{group}"
            )

    # === ACTION METHODS === #

    def action_download(self):
        """Get the approved bytes; who did is written down.

        :return: action that downloads the file
        """
        self._check_group("preparer", "approver")
        self.ensure_one()
        return {
            "type": "ir.actions.act_url",
            "url": f"/treasury_sync/order/{self.id}/file",
            "target": "download",
        }

    def action_open_proof(self):
        """:return: action that asks for the proof of a transmission by hand, or of what the bank said
        :raise UserError: there is nothing to prove
        """
        self._check_group("preparer", "approver")
        self.ensure_one()
        if self.state != "approved":
            raise UserError(self.env._("%s does not wait to be sent.", self.name))
        return {
            "type": "ir.actions.act_window",
            "name": self.env._("Proof for %s", self.name),
            "res_model": "treasury.payment.proof",
            "views": [(False, "form")],
            "target": "new",
            "context": {
                "default_order_id": self.id,
                "default_kind": "bank_has_it" if self._is_in_doubt() else "by_hand",
            },
        }

    # === BUSINESS METHODS === #

    def _download(self):
        """:return: name and bytes of the file of the version that stands
        :rtype: tuple[str, bytes]
        :raise AccessError: for anybody but preparers and approvers
        """
        self._check_group("preparer", "approver")
        self.ensure_one()
        self.check_access("read")
        payment_file = self._file()
        if not payment_file:
            raise UserError(self.env._("%s has no file.", self.name))
        if self.state in ("draft", "cancelled"):
            raise UserError(
                self.env._("%s was taken back: its file is not to be paid any more.", self.name)
            )
        self._log("file_downloaded")
        return payment_file.filename, payment_file._content()

    def _is_in_doubt(self):
        """:return: whether it may be with the bank, and nobody knows"""
        exchange = self.sudo().exchange_id
        return bool(exchange) and exchange._may_have_left()

    def _record_proof(self, kind, reference, content, filename):
        """Take a person's word, with its proof, for what became of an approved order.

        :param str kind: ``by_hand``, ``bank_has_it`` or ``bank_has_not``
        :param str reference: the bank's, or who said so
        :param bytes content: the receipt
        :raise UserError: it contradicts what is known
        """
        self.ensure_one()
        self.lock_for_update()
        if self.state != "approved":
            raise UserError(self.env._("%s does not wait to be sent.", self.name))
        if kind == "by_hand":
            self._check_group("preparer")
            self._transmit_by_hand(reference)
        else:
            # Who prepared the payment does not decide that it may be sent again.
            self._check_group("approver")
            if self.env.user in self._excluded_now():
                raise AccessError(
                    self.env._(
                        "You prepared or edited this order, a payment or an account: others say what the bank has."
                    )
                )
            if not self._is_in_doubt():
                raise UserError(
                    self.env._("%s has not left: there is no doubt about it.", self.name)
                )
        proof = as_engine(self.env["treasury.payment.file"]).create(
            {
                "order_id": self.id,
                "version": self.version,
                "role": "proof",
                "filename": filename or self.env._("proof"),
                "file_format": kind,
                "size": len(content),
                "digest": sha256_hex(content),
            }
        )
        proof._seal(content)
        self._log(f"proof_{kind}", reference=reference, proof=proof.digest)
        if kind == "bank_has_not":
            self.sudo().exchange_id._attest_not_received(reference)
            return
        if kind == "bank_has_it":
            self.sudo().exchange_id._attest_received(reference)
        self._live()._advance(
            life.Fate.TRANSMITTED,
            source="person",
            code=reference,
            exchange=self.sudo().exchange_id,
        )

    def _transmit_by_hand(self, reference):
        content = self._file()._content()
        if self._told_in_part():
            # It is there, whatever became of its payments since.
            self._check_content(content)
        else:
            self._check_before_sending(content)
        exchange = self.sudo().exchange_id
        if exchange:
            # Whatever takes its lock now is refused; what may have left already refuses this.
            exchange._withdraw_payment(self.env._("Transmitted by hand: %s", reference))
