from odoo import api, models

from odoo.addons.treasury_sync.tools import life

from .engine import as_engine


class TreasuryPaymentInstruction(models.Model):
    """What bank statements and notifications say, by the end-to-end identification that a payment was given."""

    _inherit = "treasury.payment.instruction"

    @api.model
    def _known_by(self, journal, references):
        """
        :param journal: ``account.journal`` of the own account that the bank speaks of
        :param references: end-to-end identifications, as the bank gives them
        :return: the instructions of that account that have them
        """
        references = [reference.strip() for reference in references if reference]
        if not references:
            return self.browse()
        return as_engine(self).search(
            [
                ("end_to_end_id", "in", references),
                ("order_id.journal_id", "=", journal.id),
                ("state", "!=", "cancelled"),
            ]
        )

    @api.model
    def _hear_returns(self, lines):
        """Money that comes back by the identification of a payment: the payment is returned, its bills are open again.

        :param lines: ``account.bank.statement.line`` that nothing settles yet
        :return: the instructions that were returned
        """
        returned = self.browse()
        for line in lines.filtered(lambda line: line.amount > 0 and line.end_to_end_id):
            item = self._known_by(line.journal_id, [line.end_to_end_id])
            same = (
                item.currency_id == (line.foreign_currency_id or line.currency_id)
                and not item.currency_id.compare_amounts(
                    item.amount, line.amount_currency if line.foreign_currency_id else line.amount
                )
                if item
                else False
            )
            if same and item.state in (*life.UNDER_WAY, life.Fate.BOOKED):
                returned |= item._advance(
                    life.Fate.RETURNED,
                    source="statement",
                    code=line.move_id.name,
                    reason=line.payment_ref,
                )
        return returned
