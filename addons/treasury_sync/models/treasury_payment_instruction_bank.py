from decimal import Decimal

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
    def _hear_announced(self, journal, transactions, exchange):
        """Bookings that a bank announces, or notifies of, by the identification of a payment: it was executed.

        :param transactions: canonical ones of an own account
        :param exchange: ``finance.exchange`` that brought them
        """
        amounts = {
            (payment.end_to_end_id or "").strip(): transaction.amount
            for transaction in transactions
            for payment in (transaction, *transaction.details)
        }
        for item in self._known_by(journal, amounts):
            forth = (amounts[item.end_to_end_id] > 0) == item._collects()
            if forth and item.state in (*life.UNDER_WAY, life.Fate.APPROVED):
                item._advance(life.Fate.EXECUTED, source="notification", exchange=exchange)

    @api.model
    def _hear_returns(self, lines):
        """Money that comes back by the identification of a payment: the payment is returned, its bills are open again.

        :param lines: ``account.bank.statement.line`` that nothing settles yet
        :return: the instructions that were returned
        """
        returned = self.browse()
        for journal, of_journal in lines.filtered("end_to_end_id").grouped("journal_id").items():
            known = self._known_by(journal, of_journal.mapped("end_to_end_id")).grouped(
                "end_to_end_id"
            )
            for line in of_journal:
                item = known.get(line.end_to_end_id.strip(), self.browse())
                if item.state in (*life.UNDER_WAY, life.Fate.BOOKED) and item._is_return(line):
                    returned |= item._advance(
                        life.Fate.RETURNED,
                        source="statement",
                        code=line.move_id.name,
                        reason=line.payment_ref,
                        return_line_id=line.id,
                    )
        return returned

    def _is_return(self, line):
        """:return: whether a statement line is all of this payment's money, going the other way, but for what the bank
        says it kept of it
        """
        self.ensure_one()
        currency = line.foreign_currency_id or line.currency_id
        amount = line.amount_currency if line.foreign_currency_id else line.amount
        back = -self.amount if self._collects() else self.amount
        return currency == self.currency_id and not currency.compare_amounts(
            amount - float(self._kept_of(line, currency)), back
        )

    @api.model
    def _kept_of(self, line, currency):
        """:return: charges that the bank says are inside the amount of a statement line, negative
        :rtype: Decimal
        """
        charges = (line.transaction_details or {}).get("charges") or ()
        return sum(
            (
                Decimal(charge["amount"])
                for charge in charges
                if charge.get("included") and charge["currency"] == currency.name
            ),
            Decimal(0),
        )

    def _collects(self):
        return self.order_id.kind == "direct_debit"
