from odoo import api, fields, models
from odoo.fields import Command

from odoo.addons.treasury_sync.models.treasury_payment_recall import REASONS
from odoo.addons.treasury_sync.tools import life


class TreasuryRecallRequest(models.TransientModel):
    """Which payments are to come back, and why."""

    _name = "treasury.recall.request"
    _description = "Request of a Recall"

    order_id = fields.Many2one("treasury.payment.order", required=True, readonly=True)
    instruction_ids = fields.Many2many(
        "treasury.payment.instruction",
        string="Payments",
        compute="_compute_instruction_ids",
        store=True,
        readonly=False,
    )
    reason = fields.Selection(REASONS, required=True)
    note = fields.Text(help="For the bank and for those who approve.")

    @api.depends("order_id")
    def _compute_instruction_ids(self):
        for request in self:
            items = request.order_id.instruction_ids.filtered(
                lambda item: item.state in (*life.UNDER_WAY, life.Fate.BOOKED)
            )
            request.instruction_ids = [Command.set(items.ids)]

    def action_request(self):
        """Ask for the recall: two people who did not ask for it approve it.

        :return: action that opens it
        """
        self.ensure_one()
        recall = self.env["treasury.payment.recall"]._request(
            self.order_id, self.instruction_ids, self.reason, self.note
        )
        return {
            "type": "ir.actions.act_window",
            "res_model": recall._name,
            "res_id": recall.id,
            "views": [(False, "form")],
        }
