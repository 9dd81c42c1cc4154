from odoo import api, models


class FinanceAdapterUpload(models.AbstractModel):
    """Files that a person brings by hand: always there, whatever happens to the automatic channels."""

    _name = "finance.adapter.upload"
    _inherit = "finance.adapter"
    _description = "Adapter of Uploads by Hand"

    _adapter_label = "Upload by hand"
    _connection_fields = ()

    @api.model
    def _test_connection(self, connection):
        return self.env._("Uploads need no connection.")
