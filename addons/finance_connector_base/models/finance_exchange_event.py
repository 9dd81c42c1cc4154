from odoo import models


class FinanceExchange(models.Model):
    _inherit = "finance.exchange"

    def _set_status(self, status, **kwargs):
        result = super()._set_status(status, **kwargs)
        if status == "dead":
            self.env["finance.subscription"]._publish(
                "exchange.dead",
                # A subscriber that cannot be reached is not told so by another message to it.
                self.filtered(lambda exchange: not exchange.event_type),
            )
        return result

    def _record_send_failure(self, attempt, error):
        super()._record_send_failure(attempt, error)
        if error.code == "subscriber_gone":
            self.env["finance.subscription"].search(
                [("interface_id", "=", self.interface_id.id)]
            )._disable(error.message)

    def _finance_event_data(self):
        """What subscribers are told about an exchange.

        :rtype: dict
        """
        self.ensure_one()
        return {
            "name": self.name,
            "company": self.company_id.name,
            "interface": self.interface_id.code,
            "direction": self.direction,
            "milestone": self.milestone or None,
            "external_ref": self.external_ref or None,
            "owner": self.owner_id.login or None,
        }
