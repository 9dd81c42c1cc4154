from odoo import models


class IrHttp(models.AbstractModel):
    _inherit = "ir.http"

    def session_info(self):
        info = super().session_info()
        if self.env.user.has_group("finance_connector_base.group_finance_viewer"):
            info["finance_environment"] = self.env["finance.environment"]._banner()
        return info
