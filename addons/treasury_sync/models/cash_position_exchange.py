from odoo import models


class FinanceExchange(models.Model):
    _inherit = "finance.exchange"

    def _take_receipt(self, status, receipt):
        """What a reporting platform says of a position, whichever way it said so.

        :param str status: ``accepted`` or ``rejected``
        :param dict receipt: the platform's message
        """
        self.ensure_one()
        exchange = self.sudo()
        exchange._reach("sent", attested=True)
        if status == "rejected":
            exchange._reject({"reason": receipt.get("reason")})
        else:
            exchange._settle({"acknowledged": True, "receipt": receipt})
