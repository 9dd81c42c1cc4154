import json

from odoo import api, models

from odoo.addons.finance_connector_base.tools.errors import BusinessError, RetryableError
from odoo.addons.finance_connector_base.tools.schema import parse_json

_TYPES = {"position.accepted": "accepted", "position.rejected": "rejected"}
_PAUSE_SECONDS = 5.0


class FinanceHandlerCashPositionReceipt(models.AbstractModel):
    """A reporting platform's word on a position that it was sent: taken, or refused and why."""

    _name = "finance.handler.cash_position_receipt"
    _inherit = ["finance.handler"]
    _description = "Handler of Receipts of Cash Positions"

    _handler_label = "Receipts of cash positions"
    _direction = "inbound"

    @api.model
    def _accepts_webhook(self, interface, headers, body):
        try:
            message = json.loads(body)
        except ValueError:
            return False
        return isinstance(message, dict) and message.get("type") in _TYPES

    @api.model
    def _validate(self, exchange, content):
        message = parse_json(content)
        if not isinstance(message, dict) or message.get("type") not in _TYPES:
            raise BusinessError(
                "invalid_content",
                self.env._("This is no receipt of a cash position."),
            )
        if not isinstance(message.get("idempotency_key"), str):
            raise BusinessError(
                "invalid_content",
                self.env._("The receipt does not say which position it is about."),
            )
        return message

    @api.model
    def _post(self, exchange, message):
        sent = self.env["finance.exchange"].search(
            [
                ("connection_id", "=", exchange.connection_id.id),
                ("interface_id.handler", "=", "cash_position"),
                ("correlation_id", "=", message["idempotency_key"]),
            ]
        )
        if not sent:
            raise BusinessError(
                "position_receipt_unknown",
                self.env._("The platform acknowledges a position that it was not sent."),
                evidence={"idempotency_key": message["idempotency_key"]},
            )
        if sent.work_status in ("ready", "running", "retry"):
            # The platform was faster than our own commit.
            raise RetryableError(
                self.env._("%s is still being sent.", sent.name),
                retry_after=_PAUSE_SECONDS,
                code="position_receipt_early",
            )
        result = {"exchange": sent.name, "status": _TYPES[message["type"]]}
        if sent.work_status in ("done", "cancelled"):
            return {**result, "repeated": True}
        sent._take_receipt(_TYPES[message["type"]], message)
        return result
