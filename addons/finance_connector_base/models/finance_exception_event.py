from odoo import models


class FinanceException(models.Model):
    _inherit = "finance.exception"

    def _publish_opened(self):
        """Tell subscribers. One that cannot be reached is not told so by another message to it."""
        if not self.sudo().exchange_id.event_type:
            self.env["finance.subscription"]._publish("exception.opened", self)

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
