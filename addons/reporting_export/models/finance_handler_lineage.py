from odoo import models


class FinanceHandlerLineage(models.AbstractModel):
    """Lineage events of runs: made when the run makes them true; a repeated one is the same fact."""

    _name = "finance.handler.lineage"
    _inherit = ["finance.handler"]
    _description = "Handler of Lineage Events"

    _handler_label = "Lineage of exports"
    _direction = "outbound"
    _safe_to_repeat = True
