from odoo import api, models


class AccountPayment(models.Model):
    """How a payment travels: its entry stands on an outstanding account until a statement line settles that."""

    _inherit = "account.payment"

    @api.depends("payment_method_line_id")
    def _compute_outstanding_account_id(self):
        """Every payment has an entry, as in Odoo Community without this addon: an invoice that waits for the bank is
        reconciled with it, and so cannot be paid a second time.
        """
        super()._compute_outstanding_account_id()
        for payment in self:
            if payment.company_id.payments_await_bank and not payment.outstanding_account_id:
                payment.outstanding_account_id = payment._get_outstanding_account(
                    payment.payment_type
                )

    def _reject(self, date, reason):
        """Undo payments that the bank did not execute: each entry is reversed, what it had paid is open again.

        :param datetime.date date: accounting date of the reversal
        :param str reason: of the bank, in words
        """
        for payment in self.sudo():
            # First, or Odoo would take the reversed entry for one that the bank has settled.
            payment.state = "rejected"
            if payment.move_id.state == "posted":
                payment.move_id._reverse_moves(
                    [{"date": max(date, payment.move_id.date), "ref": reason}], cancel=True
                )
