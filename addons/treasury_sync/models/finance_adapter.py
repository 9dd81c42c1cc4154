from odoo import api, models

from odoo.addons.finance_connector_base.tools.errors import FinalError


class FinanceAdapter(models.AbstractModel):
    _inherit = "finance.adapter"

    # Whether a recall in a file goes the way that payment files go.
    _carries_recall_files = False

    @api.model
    def _read_payment_status(self, order, content):
        """What a kept answer of the bank says of the payments of an order.

        :param order: ``treasury.payment.order``, one record
        :param bytes content: body of the answer to a sending or to a question
        :return: None where it says nothing beyond that it was taken
        :rtype: documents.PaymentStatus | None
        """
        return

    @api.model
    def _verify_payee(self, connection, name, iban, bic):
        """Ask whether an account is of somebody of that name.

        :param connection: ``finance.connection``
        :rtype: payees.Verification
        :raise FinanceError: there is no answer that counts
        """
        raise FinalError(
            f"The adapter of {connection.display_name} verifies no payees.",
            code="capability_missing",
        )

    @api.model
    def _recall(self, exchange, recall):
        """Ask the bank to cancel a whole order; repeating the question changes nothing over there.

        :param exchange: ``finance.exchange`` that carried the order
        :param recall: ``treasury.payment.recall``, approved
        :return: mapping with ``state`` (``sent``, ``accepted``, ``refused``) and ``answer``, the bank's words
        :rtype: dict
        :raise FinanceError: the question itself failed
        """
        raise FinalError(
            f"The adapter of {exchange.connection_id.display_name} carries no recalls.",
            code="capability_missing",
        )
