from odoo import api, models
from odoo.tools import SQL

from odoo.addons.bank_statement_api.tools.matching import facts
from odoo.addons.treasury_sync.tools import identifiers, life


class BankStatementMatcher(models.AbstractModel):
    """Payments of one order that the bank books in one amount."""

    _inherit = "bank.statement.matcher"

    @api.model
    def _candidate_sources(self):
        return [*super()._candidate_sources(), "_source_payment_orders"]

    @api.model
    def _source_payment_orders(self, company, wanted):  # pylint: disable=unused-argument
        """Orders under way: what of their payments the bank may still book.

        There are as many as are sent in some days, so all of them are wanted. An order of which the bank booked a
        payment by itself is none any more: it books the others in the same way.
        """
        for model in (
            "treasury.payment.order",
            "treasury.payment.instruction",
            "account.payment",
            "account.move.line",
        ):
            self.env[model].flush_model()
        rows = self.env.execute_query(
            SQL(
                """SELECT payment_order.id, payment_order.name, payment_order.message_ref, currency.name,
                          currency.decimal_places,
                          array_agg(item.id ORDER BY item.id),
                          array_agg(item.amount_residual_currency ORDER BY item.id)
                     FROM treasury_payment_order payment_order
                     JOIN treasury_payment_instruction instruction
                          ON instruction.order_id = payment_order.id AND instruction.state = ANY(%s)
                     JOIN account_payment payment ON payment.id = instruction.payment_id
                     JOIN account_move_line item
                          ON item.move_id = payment.move_id AND item.account_id = payment.outstanding_account_id
                     JOIN res_currency currency ON currency.id = item.currency_id
                    WHERE payment_order.company_id = %s AND payment_order.message_ref IS NOT NULL
                      AND NOT EXISTS (SELECT FROM treasury_payment_instruction booked
                                       WHERE booked.order_id = payment_order.id AND booked.state = 'booked')
                    GROUP BY payment_order.id, currency.id
                   HAVING count(*) > 1
                      AND bool_and(item.parent_state = 'posted' AND item.reconciled IS NOT TRUE)
                    ORDER BY payment_order.id""",
                [str(fate) for fate in life.UNDER_WAY],
                company.id,
            )
        )
        return [self._order_item(company, *row) for row in rows]

    @api.model
    def _order_item(self, company, order_id, name, message_ref, currency, decimals, ids, amounts):
        order = self.env["treasury.payment.order"].browse(order_id)
        members = tuple(
            (item, round(amount * 10**decimals)) for item, amount in zip(ids, amounts, strict=True)
        )
        number = self._composite_id(order)
        return facts.Item(
            id=number,
            company=company.id,
            currency=currency,
            residual=sum(amount for _item, amount in members),
            document=number,
            references=(message_ref, identifiers.part_id(message_ref, "G1")),
            numbers=(name,),
            kind="batch",
            members=members,
        )
