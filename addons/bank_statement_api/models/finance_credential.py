from odoo import fields, models


class FinanceCredential(models.Model):
    """A token that stands for one consent, where a connection has several."""

    _inherit = "finance.credential"

    kind = fields.Selection(
        selection_add=[("consent_token", "Token of a bank consent")],
        ondelete={"consent_token": "cascade"},
    )
    consent_id = fields.Many2one(
        "bank.statement.consent",
        index="btree_not_null",
        ondelete="cascade",
        help="The consent that the token was given for.",
    )
