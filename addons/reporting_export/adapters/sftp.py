from odoo import api, models

from odoo.addons.reporting_export.tools.stores.sftp import SftpStore


class FinanceAdapterSftp(models.AbstractModel):
    """SFTP servers take exports as well, below the folder of the connection's address."""

    _inherit = "finance.adapter.sftp"
    _capabilities = frozenset({"pick_up_files", "store_files"})

    @api.model
    def _open_store(self, connection):
        return SftpStore(connection._sftp_client())
