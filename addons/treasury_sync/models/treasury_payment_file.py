from odoo import fields, models

from odoo.addons.finance_connector_base.tools.digest import sha256_hex
from odoo.addons.finance_connector_base.tools.errors import BusinessError, Severity
from odoo.addons.finance_connector_base.tools.vault import TamperedValueError


class TreasuryPaymentFile(models.Model):
    """The exact bytes that approvers approve and that leave, encrypted; one for each version of an order or recall."""

    _name = "treasury.payment.file"
    _description = "Payment File"
    _inherit = ["finance.encrypted.mixin", "treasury.engine.written"]
    _order = "id desc"
    _rec_name = "filename"

    order_id = fields.Many2one(
        "treasury.payment.order", required=True, readonly=True, index=True, ondelete="restrict"
    )
    recall_id = fields.Many2one(
        "treasury.payment.recall", readonly=True, index="btree_not_null", ondelete="restrict"
    )
    company_id = fields.Many2one(related="order_id.company_id", store=True, index=True)
    version = fields.Integer(required=True, readonly=True)
    role = fields.Selection(
        [
            ("file", "Payment file"),
            ("sealed", "Signed or encrypted file"),
            ("signature", "Signature"),
            ("proof", "Proof"),
            ("recall", "Recall"),
        ],
        required=True,
        readonly=True,
        default="file",
    )
    filename = fields.Char(required=True, readonly=True)
    file_format = fields.Char(required=True, readonly=True)
    size = fields.Integer(readonly=True)
    digest = fields.Char(required=True, readonly=True, help="SHA-256 of the bytes.")
    source_digest = fields.Char(
        readonly=True,
        help="SHA-256 of the approved file that a signed or encrypted one was made of.",
    )

    _one_file_uniq = models.UniqueIndex(
        "(order_id, version) WHERE role = 'file'", "Each version of an order has one file."
    )
    _one_sealed_uniq = models.UniqueIndex(
        "(order_id, version, role) WHERE role IN ('sealed', 'signature') AND recall_id IS NULL",
        "Each version of an order is signed or encrypted once.",
    )
    _one_recall_uniq = models.UniqueIndex(
        "(recall_id, role) WHERE recall_id IS NOT NULL",
        "Each recall has one file, which is signed or encrypted once.",
    )

    # === ACTION METHODS === #

    def action_download(self):
        """Get a proof that a person attached; who did is written down.

        :return: action that downloads it
        :raise AccessError: for anybody but preparers, approvers and auditors
        """
        self.ensure_one()
        self._check_reader()
        return {
            "type": "ir.actions.act_url",
            "url": f"/treasury_sync/proof/{self.id}",
            "target": "download",
        }

    # === BUSINESS METHODS === #

    def _check_reader(self):
        if not self.env.user.has_group("finance_connector_base.group_finance_auditor"):
            self.order_id._check_group("preparer", "approver")
        self.check_access("read")

    def _download(self):
        """:return: name and bytes
        :rtype: tuple[str, bytes]
        """
        self._check_reader()
        content = self._content()
        self.order_id._log("proof_downloaded", proof=self.digest)
        return self.filename, content

    def _why_fixed(self):
        return self.env._("A payment file is made once and never changed.")

    def _content(self):
        """
        :return: the clear bytes, proven to be those that were generated
        :rtype: bytes
        :raise BusinessError: ``payment_file_changed``
        """
        self.ensure_one()
        try:
            content = self._unseal()
        except TamperedValueError:
            content = None
        if content is None or sha256_hex(content) != self.digest:
            raise BusinessError(
                "payment_file_changed",
                self.env._("The stored file of %s is not what was generated.", self.order_id.name),
                evidence={"order": self.order_id.name, "digest": self.digest},
                severity=Severity.CRITICAL,
            )
        return content
