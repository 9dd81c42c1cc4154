from odoo import models


class FinanceHandlerEvent(models.AbstractModel):
    """Events of Odoo for subscribers: the message is made when the event happens, so nothing is left to prepare."""

    _name = "finance.handler.event"
    _inherit = ["finance.handler"]
    _description = "Handler of events for subscribers"

    _handler_label = "Events for subscribers"
    _direction = "outbound"
    _safe_to_repeat = True
