from odoo import api, models

from odoo.addons.finance_connector_base.tools.errors import BusinessError


class FinanceHandlerDummyOut(models.AbstractModel):
    _name = "finance.handler.dummy_out"
    _inherit = ["finance.handler"]
    _description = "Test handler, outbound"

    _handler_label = "Test, outbound"
    _direction = "outbound"

    @api.model
    def _prepare(self, exchange):
        return f"message of {exchange.idempotency_key}".encode()

    @api.model
    def _validate_prepared(self, exchange, content):
        if b"forbidden" in content:
            raise BusinessError("invalid_content", "It must not be sent.", "Correct it.")

    @api.model
    def _settle(self, exchange, outcome):
        if outcome.get("unsettleable"):
            raise BusinessError(
                "mapping_missing", "The answer names an unknown account.", "Add a mapping."
            )
        return super()._settle(exchange, outcome)


class FinanceHandlerDummyRepeat(models.AbstractModel):
    _name = "finance.handler.dummy_repeat"
    _inherit = ["finance.handler.dummy_out"]
    _description = "Test handler, outbound, safe to repeat"

    _handler_label = "Test, outbound, safe to repeat"
    _safe_to_repeat = True
