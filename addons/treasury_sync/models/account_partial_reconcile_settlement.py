from odoo import api, models

from .engine import as_engine


class AccountPartialReconcile(models.Model):
    """A statement line that settles a payout in transit books it; taken back, the payout waits again."""

    _inherit = "account.partial.reconcile"

    @api.model_create_multi
    def create(self, vals_list):
        partials = super().create(vals_list)
        for payout, line in partials._payouts_and_lines():
            transit = payout._transit_items(payout.move_id)
            if line and all(item.reconciled for item in transit):
                payout._booked_by(line)
        return partials

    def unlink(self):
        payouts = [
            payout
            for payout, line in self._payouts_and_lines()
            if line and payout.statement_line_id == line
        ]
        result = super().unlink()
        for payout in payouts:
            payout._no_longer_booked()
        return result

    def _payouts_and_lines(self):
        """:return: (payout, statement line) of those that tie an item in transit to the bank's word"""
        items = self.debit_move_id | self.credit_move_id
        payouts = as_engine(self.env["treasury.settlement"]).search(
            [("kind", "=", "payout"), ("move_id", "in", items.move_id.ids)]
        )
        if not payouts:
            return []
        by_move = {payout.move_id: payout for payout in payouts}
        found = []
        for partial in self.sudo():
            for item, other in (
                (partial.debit_move_id, partial.credit_move_id),
                (partial.credit_move_id, partial.debit_move_id),
            ):
                payout = by_move.get(item.move_id)
                if payout and item.account_id == payout.gateway_id.transit_account_id:
                    found.append((payout, other.move_id.statement_line_id))
        return found
