from odoo import api, models


class FinanceException(models.Model):
    _inherit = "finance.exception"

    @api.model_create_multi
    def create(self, vals_list):
        exceptions = super().create(vals_list)
        self.env["finance.subscription"]._publish(
            "exception.opened",
            # A subscriber that cannot be reached is not told so by another message to it.
            exceptions.filtered(lambda exception: not exception.exchange_id.event_type),
        )
        return exceptions

    def _finance_event_data(self):
        """What subscribers are told about an exception; the evidence stays here.

        :rtype: dict
        """
        self.ensure_one()
        return {
            "name": self.name,
            "company": self.company_id.name,
            "kind": self.kind,
            "code": self.code,
            "severity": self.severity,
            "exchange": self.exchange_id.name or None,
            "interface": self.exchange_id.interface_id.code or None,
        }
