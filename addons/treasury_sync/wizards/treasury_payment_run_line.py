from odoo import api, fields, models


class TreasuryPaymentRunLine(models.TransientModel):
    """One open item that a payment run proposes."""

    _name = "treasury.payment.run.line"
    _description = "Proposed Payment"
    _order = "due_date, id"

    run_id = fields.Many2one("treasury.payment.run", required=True, ondelete="cascade", index=True)
    company_id = fields.Many2one(related="run_id.company_id")
    item_id = fields.Many2one("account.move.line", required=True, readonly=True)
    move_id = fields.Many2one(related="item_id.move_id", string="Document")
    partner_id = fields.Many2one(related="item_id.partner_id")
    due_date = fields.Date(related="item_id.date_maturity", store=True)
    discount_date = fields.Date(related="item_id.discount_date")
    currency_id = fields.Many2one(related="run_id.currency_id")
    amount = fields.Monetary(readonly=True)
    discount = fields.Monetary(readonly=True)
    purpose = fields.Char(
        string="Purpose Code",
        size=4,
        compute="_compute_purpose",
        store=True,
        readonly=False,
        precompute=True,
        help="ISO 20022 code, proposed as it is on the vendor.",
    )
    selected = fields.Boolean()
    remark = fields.Char(readonly=True)

    @api.depends("item_id")
    def _compute_purpose(self):
        for line in self:
            vendor = line.partner_id.commercial_partner_id
            line.purpose = False if line.run_id.collects else vendor.treasury_purpose
