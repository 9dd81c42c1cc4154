from odoo import fields, models


class FinanceCredential(models.Model):
    """Keys of payment files: used on this server, sent nowhere, and deleted by neutralisation like all the others."""

    _inherit = "finance.credential"

    kind = fields.Selection(
        selection_add=[
            ("payment_signing_key", "Key that signs payment files"),
            ("payment_signing_certificate", "Certificate of the key that signs payment files"),
            ("payment_bank_key", "Bank's certificate or public key for payment files"),
        ],
        ondelete={
            "payment_signing_key": "cascade",
            "payment_signing_certificate": "cascade",
            "payment_bank_key": "cascade",
        },
    )
