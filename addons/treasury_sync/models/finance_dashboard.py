from odoo import api, fields, models
from odoo.tools import SQL

_ROAD = ("generated", "approved", "transmitted", "acknowledged", "executed")
_PROBLEMS = ("rejected", "returned")
_BOOKED_DAYS = 7


class FinanceDashboard(models.AbstractModel):
    """Adds to the overview where payments are, since when, and what is stuck."""

    _inherit = "finance.dashboard"

    @api.model
    def _overview(self):
        return {**super()._overview(), "payments": self._payments()}

    @api.model
    def _payments(self):
        """
        :return: ``steps`` of the road with number, amounts by currency and the oldest one's time; ``problems`` alike,
            of orders that are not over; ``orders`` that wait longest, with what they wait for; ``mine``: ids of
            those that the present user can approve
        :rtype: dict
        """
        orders = self.env["treasury.payment.order"].search(
            [("state", "in", ("to_approve", "approved", "sent", "acknowledged", "executed"))],
            order="write_date",
            limit=6,
        )
        mine = self.env["treasury.payment.order"]
        if self.env.user.has_group("treasury_sync.group_treasury_approver"):
            mine = mine.search([("state", "=", "to_approve")]).filtered("can_approve")
        labels = dict(
            self.env["treasury.payment.instruction"]
            ._fields["state"]
            ._description_selection(self.env)
        )
        found = self._payments_by_state()
        states = dict(orders._fields["state"]._description_selection(self.env))
        return {
            "steps": [self._payment_step(state, labels, found) for state in (*_ROAD, "booked")],
            "problems": [
                self._payment_step(state, labels, found) for state in _PROBLEMS if state in found
            ],
            "mine": mine.ids,
            "orders": [
                {
                    "id": order.id,
                    "name": order.name,
                    "channel": order.channel_id.name,
                    "state": order.state,
                    "state_label": states[order.state],
                    "amount": order.amount_total,
                    "currency_id": order.currency_id.id,
                    "waits_for": order.waits_for,
                }
                for order in orders
            ],
        }

    @api.model
    def _payments_by_state(self):
        """Booked, refused and returned ones count for a week, all others as long as they are there.

        :return: by state, rows of currency, number, amount and the oldest one's time
        :rtype: dict
        """
        self.env["treasury.payment.instruction"].flush_model()
        rows = self.env.execute_query(
            SQL(
                """SELECT state, currency_id, count(*), sum(amount),
                          min(coalesce(date_ended, date_booked, date_executed, date_acknowledged, date_transmitted,
                                       date_approved, create_date))
                     FROM treasury_payment_instruction
                    WHERE company_id = ANY(%s) AND state != 'cancelled'
                      AND (state = ANY(%s) OR coalesce(date_ended, date_booked) > %s)
                    GROUP BY state, currency_id ORDER BY state, currency_id""",
                self.env.companies.ids,
                list(_ROAD),
                fields.Datetime.subtract(fields.Datetime.now(), days=_BOOKED_DAYS),
            )
        )
        found = {}
        for state, *row in rows:
            found.setdefault(state, []).append(row)
        return found

    @api.model
    def _payment_step(self, state, labels, found):
        rows = found.get(state, [])
        return {
            "state": state,
            "label": labels[state],
            "count": sum(row[1] for row in rows),
            "amounts": [{"currency_id": row[0], "amount": float(row[2])} for row in rows],
            "since": fields.Datetime.to_string(min(row[3] for row in rows)) if rows else None,
        }
