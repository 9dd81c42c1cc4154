from odoo import api, models

from odoo.addons.reporting_export.tools.stores.folder import FolderStore


class FinanceAdapterFolder(models.AbstractModel):
    """Folders take exports as well, below the roots that ``odoo.conf`` allows."""

    _inherit = "finance.adapter.folder"
    _capabilities = frozenset({"pick_up_files", "store_files"})

    @api.model
    def _open_store(self, connection):
        return FolderStore(self._folder(connection))
