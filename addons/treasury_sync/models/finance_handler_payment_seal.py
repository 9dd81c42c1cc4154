from odoo import api, models


class FinanceHandlerPaymentOrder(models.AbstractModel):
    """Files of channels that sign or encrypt are made when they are sent, from what was approved."""

    _inherit = "finance.handler.payment_order"

    @api.model
    def _prepare(self, exchange):
        order = self._find_order(exchange)
        if not order.channel_id.sudo().seal_method:
            return super()._prepare(exchange)
        return order._seal_content(exchange.connection_id)

    @api.model
    def _check_before_send(self, exchange, content):
        super()._check_before_send(exchange, content)
        self._find_order(exchange)._check_sealed(content)
