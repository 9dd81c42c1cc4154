from odoo import api, fields, models


class AccountMove(models.Model):
    """What a gateway said of the payments of an invoice."""

    _inherit = "account.move"

    treasury_settlement_ids = fields.Many2many(
        "treasury.settlement",
        "treasury_settlement_invoice_rel",
        string="Gateway Payments",
        readonly=True,
        copy=False,
        groups="finance_connector_base.group_finance_viewer",
    )
    treasury_settlement_count = fields.Integer(
        compute="_compute_treasury_settlement_count",
        groups="finance_connector_base.group_finance_viewer",
    )

    @api.depends("treasury_settlement_ids")
    def _compute_treasury_settlement_count(self):
        for move in self:
            move.treasury_settlement_count = len(move.treasury_settlement_ids)

    def action_open_treasury_settlements(self):
        """Open what the gateway said of this invoice's payments, with their refunds, chargebacks and payouts.

        :return: action that shows them, the timeline of the only one at once
        """
        self.ensure_one()
        settlements = self.treasury_settlement_ids
        action = self.env["ir.actions.act_window"]._for_xml_id(
            "treasury_sync.treasury_settlement_action"
        )
        if len(settlements) == 1:
            return {
                **action,
                "view_mode": "form",
                "views": [(False, "form")],
                "res_id": settlements.id,
            }
        return {**action, "domain": [("id", "in", (settlements | settlements.child_ids).ids)]}
