from odoo import models

_LOCKS = {"fiscalyear_lock_date", "hard_lock_date"}


class ResCompany(models.Model):
    """Locking a month is what closes it for reporting as well."""

    _inherit = "res.company"

    def write(self, vals):
        result = super().write(vals)
        if _LOCKS & vals.keys():
            exports = (
                self.env["reporting.export"]
                .sudo()
                .search(
                    [
                        ("kind", "=", "close"),
                        ("entity_ids", "in", self.ids),
                        ("interface_id.mode", "!=", "off"),
                        ("dataset_id.active_contract_id", "!=", False),
                    ]
                )
            )
            for export in exports:
                export._start_closed()
        return result
