from odoo import models


class AccountMove(models.Model):
    _inherit = "account.move"

    def _post(self, soft=True):
        posted = super()._post(soft)
        self.env["finance.subscription"]._publish(
            "invoice.posted", posted.filtered(lambda move: move.is_invoice(include_receipts=True))
        )
        return posted

    def _invoice_paid_hook(self):
        super()._invoice_paid_hook()
        # Called for `in_payment` too, which is a payment that no bank has confirmed.
        self.env["finance.subscription"]._publish(
            "invoice.paid", self.filtered(lambda move: move.payment_state == "paid")
        )

    def _finance_event_data(self):
        """What subscribers are told about an invoice: references, and the amounts as decimal strings.

        :rtype: dict
        """
        self.ensure_one()
        return {
            "name": self.name,
            "move_type": self.move_type,
            "company": self.company_id.name,
            "partner_id": self.commercial_partner_id.id,
            "reference": self.ref or None,
            "payment_reference": self.payment_reference or None,
            "invoice_date": self.invoice_date and self.invoice_date.isoformat(),
            "due_date": self.invoice_date_due and self.invoice_date_due.isoformat(),
            "currency": self.currency_id.name,
            "amount_total": self._finance_amount(self.amount_total),
            "amount_residual": self._finance_amount(self.amount_residual),
            "payment_state": self.payment_state,
        }

    def _finance_amount(self, amount):
        return f"{amount:.{self.currency_id.decimal_places}f}"
