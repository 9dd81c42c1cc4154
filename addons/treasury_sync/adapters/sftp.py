import posixpath
from contextlib import contextmanager

from odoo import api, models

from odoo.addons.finance_connector_base.tools import sftp_address

# A signature with the certificates of its authorities.
_LARGEST_BESIDE = 64 * 1024


class FinanceAdapterSftp(models.AbstractModel):
    """Payment files to a bank's SFTP server: temporary name, remote size check, rename, checksum beside it."""

    _name = "finance.adapter.sftp"
    _inherit = ["treasury.payment.drop", "finance.adapter.sftp"]

    @api.model
    @contextmanager
    def _open_payment_drop(self, document):
        connection = document.exchange_id.connection_id
        base = sftp_address.parse_address(connection.sudo().endpoint).folder
        folder = posixpath.join(base, document.channel_id.outbox_folder or "")
        with connection._sftp_client() as client:
            yield _RemoteDrop(client, folder)


class _RemoteDrop:
    def __init__(self, client, folder):
        self._client, self._folder = client, folder

    def put(self, name, content):
        self._client.put(name, content, self._folder)

    def read(self, name):
        file = self._find(name)
        return file and self._client.read(file, max_bytes=_LARGEST_BESIDE, folder=self._folder)

    def has(self, name):
        return self._find(name) is not None

    def withdraw(self, name):
        return self._client.withdraw(name, self._folder)

    def _find(self, name):
        wanted = name.encode()
        return next(
            (file for file in self._client.files(self._folder) if file.name == wanted), None
        )
