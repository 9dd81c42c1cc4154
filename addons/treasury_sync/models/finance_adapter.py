from odoo import api, models


class FinanceAdapter(models.AbstractModel):
    _inherit = "finance.adapter"

    @api.model
    def _read_payment_status(self, order, content):
        """What a kept answer of the bank says of the payments of an order.

        :param order: ``treasury.payment.order``, one record
        :param bytes content: body of the answer to a sending or to a question
        :return: None where it says nothing beyond that it was taken
        :rtype: documents.PaymentStatus | None
        """
        return
