from odoo import api, models

from odoo.addons.finance_connector_base.tools.errors import BusinessError


class FinanceHandlerEvent(models.AbstractModel):
    """Events of Odoo for subscribers: the message is made when the event happens, so nothing is left to prepare."""

    _name = "finance.handler.event"
    _inherit = ["finance.handler"]
    _description = "Handler of events for subscribers"

    _handler_label = "Events for subscribers"
    _direction = "outbound"
    _safe_to_repeat = True

    @api.model
    def _prepare(self, exchange):
        return exchange._content()

    @api.model
    def _settle(self, exchange, outcome):
        if outcome["http_status"] == 410:
            self._stop_telling(exchange)
        return super()._settle(exchange, outcome)
