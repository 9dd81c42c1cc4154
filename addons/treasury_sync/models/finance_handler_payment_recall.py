from odoo import api, models


class FinanceHandlerPaymentOrder(models.AbstractModel):
    """Recalls as files travel with the payment orders, over the same interface."""

    _inherit = "finance.handler.payment_order"

    @api.model
    def _prepare(self, exchange):
        recall = exchange._payment_recall()
        return (
            recall._seal_content(exchange.connection_id) if recall else super()._prepare(exchange)
        )

    @api.model
    def _check_before_send(self, exchange, content):
        recall = exchange._payment_recall()
        if not recall:
            return super()._check_before_send(exchange, content)
        recall._check_before_sending(content)
        return recall._check_sealed(content)

    @api.model
    def _settle(self, exchange, outcome):
        recall = exchange._payment_recall()
        if not recall:
            return super()._settle(exchange, outcome)
        recall._on_sent()
        # That the file was taken is no answer: that comes as camt.029.
        return "sent" if recall.state == "sent" else "acknowledged"
