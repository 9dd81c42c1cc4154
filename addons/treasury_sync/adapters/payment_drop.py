from odoo import api, models

from . import file_drop


class TreasuryPaymentDrop(models.AbstractModel):
    """Payment orders and recalls over an adapter of a drop of files: handed over once, and found out about."""

    _name = "treasury.payment.drop"
    _description = "Payment Files in a Drop"

    _carries_recall_files = True

    @api.model
    def _open_payment_drop(self, document):
        """
        :param document: ``treasury.payment.order`` or ``treasury.payment.recall`` that is sent
        :return: context manager of the folder that its file goes to, see ``adapters.file_drop``
        """
        raise NotImplementedError

    @api.model
    def _send(self, exchange, content):
        document = exchange._payment_document()
        if not document:
            return super()._send(exchange, content)
        name, signature = document._sent_name(), document._sealed_file("signature")
        with self._open_payment_drop(document) as drop:
            file_drop.hand_over(
                drop,
                name,
                content,
                with_sidecar=document.channel_id.checksum_sidecar,
                beside={signature.filename: signature._content()} if signature else {},
            )
        return {"external_ref": name}

    @api.model
    def _query_status(self, exchange):
        document = exchange._payment_document()
        if not document:
            return super()._query_status(exchange)
        name = document._sent_name()
        with self._open_payment_drop(document) as drop:
            found = file_drop.find(drop, name)
        return document._found_in_drop(found, name)
