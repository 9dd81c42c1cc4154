import posixpath

from odoo import api, models

from odoo.addons.finance_connector_base.tools import sftp_address

from . import file_drop

_LARGEST_SIDECAR = 1024


class FinanceAdapterSftp(models.AbstractModel):
    """Payment files to a bank's SFTP server: temporary name, remote size check, rename, checksum beside it."""

    _inherit = "finance.adapter.sftp"

    @api.model
    def _send(self, exchange, content):
        order = exchange._payment_order()
        if not order:
            return super()._send(exchange, content)
        name = order._file().filename
        with exchange.connection_id._sftp_client() as client:
            file_drop.hand_over(
                _RemoteDrop(client, self._payment_folder(order)),
                name,
                content,
                with_sidecar=order.channel_id.checksum_sidecar,
            )
        return {"external_ref": name}

    @api.model
    def _query_status(self, exchange):
        order = exchange._payment_order()
        if not order:
            return super()._query_status(exchange)
        name = order._file().filename
        with exchange.connection_id._sftp_client() as client:
            found = file_drop.find(_RemoteDrop(client, self._payment_folder(order)), name)
        return order._found_in_drop(found, name)

    @api.model
    def _payment_folder(self, order):
        base = sftp_address.parse_address(order.exchange_id.connection_id.sudo().endpoint).folder
        return posixpath.join(base, order.channel_id.outbox_folder or "")


class _RemoteDrop:
    def __init__(self, client, folder):
        self._client, self._folder = client, folder

    def put(self, name, content):
        self._client.put(name, content, self._folder)

    def read(self, name):
        file = self._find(name)
        return file and self._client.read(file, max_bytes=_LARGEST_SIDECAR, folder=self._folder)

    def has(self, name):
        return self._find(name) is not None

    def withdraw(self, name):
        return self._client.withdraw(name, self._folder)

    def _find(self, name):
        wanted = name.encode()
        return next(
            (file for file in self._client.files(self._folder) if file.name == wanted), None
        )
