from odoo import api, fields, models
from odoo.fields import Domain

from odoo.addons.finance_connector_base.models.finance_exception import OPEN_STATES


class TreasuryPaymentOrder(models.Model):
    """What is wrong with an order, and what to do, stands on the order itself."""

    _inherit = "treasury.payment.order"

    exception_count = fields.Integer(string="Exceptions", compute="_compute_exceptions")
    exception_text = fields.Char(compute="_compute_exceptions")

    @api.depends_context("lang")
    def _compute_exceptions(self):
        for order in self:
            found = self.env["finance.exception"].search(
                order._exceptions_domain() & Domain("state", "in", OPEN_STATES), order="id"
            )
            order.exception_count = len(found)
            summary = (found[:1].summary or "").rstrip(".")
            order.exception_text = f"{summary}. {found[:1].what_to_do or ''}" if summary else False

    def action_open_exceptions(self):
        """:return: action that lists the exceptions of this order, closed ones included"""
        self.ensure_one()
        self.check_access("read")
        return {
            "type": "ir.actions.act_window",
            "name": self.env._("Exceptions of %s", self.name),
            "res_model": "finance.exception",
            "views": [(False, "list"), (False, "kanban"), (False, "form")],
            "domain": list(self._exceptions_domain()),
        }

    def _exceptions_domain(self):
        own = Domain([("res_model", "=", self._name), ("res_id", "=", self.id)])
        exchange = self.sudo().exchange_id
        return own | Domain("exchange_id", "=", exchange.id) if exchange else own
