from odoo import api, models

from . import file_drop


class TreasuryPaymentDrop(models.AbstractModel):
    """Payment orders over an adapter of a drop of files: handed over once, and found out about."""

    _name = "treasury.payment.drop"
    _description = "Payment Files in a Drop"

    @api.model
    def _open_payment_drop(self, order):
        """
        :param order: ``treasury.payment.order`` that is sent
        :return: context manager of the folder that its file goes to, see ``adapters.file_drop``
        """
        raise NotImplementedError

    @api.model
    def _send(self, exchange, content):
        order = exchange._payment_order()
        if not order:
            return super()._send(exchange, content)
        name, signature = order._sent_name(), order._sealed_file("signature")
        with self._open_payment_drop(order) as drop:
            file_drop.hand_over(
                drop,
                name,
                content,
                with_sidecar=order.channel_id.checksum_sidecar,
                beside={signature.filename: signature._content()} if signature else {},
            )
        return {"external_ref": name}

    @api.model
    def _query_status(self, exchange):
        order = exchange._payment_order()
        if not order:
            return super()._query_status(exchange)
        name = order._sent_name()
        with self._open_payment_drop(order) as drop:
            found = file_drop.find(drop, name)
        return order._found_in_drop(found, name)
