from odoo import api, fields, models


class TreasurySettlementAssign(models.TransientModel):
    """A person says which invoices a gateway's payment pays."""

    _name = "treasury.settlement.assign"
    _description = "Invoices of a Gateway Payment"

    settlement_id = fields.Many2one("treasury.settlement", required=True, readonly=True)
    company_id = fields.Many2one(related="settlement_id.company_id")
    amount = fields.Monetary(related="settlement_id.amount")
    currency_id = fields.Many2one(related="settlement_id.currency_id")
    reference = fields.Char(related="settlement_id.reference")
    customer_name = fields.Char(related="settlement_id.customer_name")
    invoice_ids = fields.Many2many(
        "account.move",
        string="Invoices",
        domain="[('move_type', '=', 'out_invoice'), ('state', '=', 'posted'), ('company_id', '=', company_id),"
        " ('currency_id', '=', currency_id), ('amount_residual', '>', 0)]",
        compute="_compute_invoice_ids",
        store=True,
        readonly=False,
    )

    @api.depends("settlement_id")
    def _compute_invoice_ids(self):
        for wizard in self:
            wizard.invoice_ids = wizard.settlement_id.invoice_ids

    def action_confirm(self):
        """Tie the payment to the invoices.

        :return: action that closes the dialogue
        :raise UserError: they cannot be paid with it
        """
        self.ensure_one()
        self.settlement_id._assign(self.invoice_ids)
        return {"type": "ir.actions.act_window_close"}
