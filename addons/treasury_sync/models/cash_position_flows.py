from odoo import api, models
from odoo.tools import SQL

from odoo.addons.treasury_sync.models.cash_position_bank import exact
from odoo.addons.treasury_sync.tools.position import ladder
from odoo.addons.treasury_sync.tools.position.ladder import Flow, Habit
from odoo.addons.treasury_sync.tools.position.transfers import WINDOW_DAYS, Transfer

#: Habits are measured on what fell due in the last year.
_HABIT_DAYS = 365


class CashPosition(models.AbstractModel):
    """What moves: between accounts of the group, and what is expected from others and owed to them."""

    _inherit = "cash.position"

    @api.model
    def _transfers(self, journals, companies, day, until):
        """Bookings whose other end is an account or a company of the group.

        :rtype: list[Transfer]
        """
        partners, numbers = self._own_ends(companies)
        outside = journals.filtered(lambda journal: not journal.cash_kept_by_id)
        rows = self.env.execute_query(
            SQL(
                """
                SELECT line.id, line.journal_id, line.amount::text, line.bank_booking_date,
                       coalesce(partner.commercial_partner_id, 0),
                       coalesce(regexp_replace(upper(line.account_number), '[^A-Z0-9]', '', 'g'), '')
                  FROM account_bank_statement_line line
             LEFT JOIN res_partner partner ON partner.id = line.partner_id
                 WHERE line.journal_id = ANY(%(journals)s)
                   AND line.bank_booking_date BETWEEN %(day)s::date - %(window)s::int AND %(day)s
                   AND line.create_date <= %(until)s
                   AND (partner.commercial_partner_id = ANY(%(partners)s)
                        OR regexp_replace(upper(line.account_number), '[^A-Z0-9]', '', 'g') = ANY(%(numbers)s))
                """,
                journals=outside.ids,
                day=day,
                until=until,
                window=2 * WINDOW_DAYS,
                partners=list(partners),
                numbers=list(numbers),
            )
        )
        found = []
        for line_id, journal_id, amount, date, partner_id, number in rows:
            journal = self.env["account.journal"].browse(journal_id)
            currency = journal.currency_id or journal.company_id.currency_id
            found.append(
                Transfer(
                    id=line_id,
                    entity_id=journal.company_id.id,
                    other_id=numbers.get(number) or partners.get(partner_id),
                    account_id=journal_id,
                    currency=currency.name,
                    amount=exact(amount, currency.decimal_places),
                    day=date,
                )
            )
        return found

    @api.model
    def _own_ends(self, companies):
        """:return: partner id -> company id, and account number -> company id, of the group's companies"""
        partners = {
            company.partner_id.commercial_partner_id.id: company.id for company in companies
        }
        numbers = {
            account.sanitized_acc_number: partners[account.partner_id.commercial_partner_id.id]
            for account in self.env["res.partner.bank"]
            .with_context(active_test=False)
            .search([("partner_id.commercial_partner_id", "in", list(partners))])
            if account.sanitized_acc_number
        }
        return partners, numbers

    @api.model
    def _flows(self, companies, today):
        """What is expected to come and to go: open items by their due dates and habits, payments under way by theirs.

        :rtype: list[Flow]
        """
        partners, _numbers = self._own_ends(companies)
        return [
            *self._open_items(companies, partners, today),
            *self._payments_under_way(companies, partners, today),
        ]

    @api.model
    def _open_items(self, companies, partners, today):
        accounts = (
            self.env["account.account"]
            .with_context(active_test=False)
            .search(
                [
                    ("company_ids", "in", companies.ids),
                    ("account_type", "in", ("asset_receivable", "liability_payable")),
                ]
            )
        )
        rows = self.env.execute_query(
            SQL(
                """
                SELECT item.company_id, currency.name, currency.decimal_places, account.account_type,
                       coalesce(partner.commercial_partner_id, 0), coalesce(item.date_maturity, item.date) AS due,
                       sum(item.amount_residual_currency)::text
                  FROM account_move_line item
                  JOIN account_account account ON account.id = item.account_id
                  JOIN res_currency currency ON currency.id = item.currency_id
             LEFT JOIN res_partner partner ON partner.id = item.partner_id
                 WHERE item.account_id = ANY(%(accounts)s)
                   AND item.company_id = ANY(%(companies)s)
                   AND item.reconciled IS NOT TRUE
                   AND item.parent_state = 'posted'
              GROUP BY 1, 2, 3, 4, 5, 6
                HAVING sum(item.amount_residual_currency) != 0
                """,
                accounts=accounts.ids,
                companies=companies.ids,
            )
        )
        habits = self._habits(companies, accounts, {row[4] for row in rows}, today)
        found = []
        for company_id, currency, places, account_type, partner_id, due, amount in rows:
            kind = ladder.RECEIVABLE if account_type == "asset_receivable" else ladder.PAYABLE
            expected, basis = ladder.expect(kind, due, today, habits.get((company_id, partner_id)))
            found.append(
                Flow(
                    entity_id=company_id,
                    currency=currency,
                    amount=exact(amount, places),
                    kind=kind,
                    due=due,
                    expected=expected,
                    basis=basis,
                    other_id=partners.get(partner_id),
                )
            )
        return found

    @api.model
    def _habits(self, companies, accounts, partner_ids, today):
        """How customers paid what fell due in the last year.

        :return: (company id, partner id) -> habit
        :rtype: dict[tuple[int, int], Habit]
        """
        rows = self.env.execute_query(
            SQL(
                """
                SELECT paid.company_id, paid.partner_id,
                       percentile_disc(0.5) WITHIN GROUP (ORDER BY paid.late), count(*)
                  FROM (SELECT item.company_id, partner.commercial_partner_id AS partner_id,
                               max(part.max_date) - item.date_maturity AS late
                          FROM account_move_line item
                          JOIN res_partner partner ON partner.id = item.partner_id
                          JOIN account_partial_reconcile part ON part.debit_move_id = item.id
                         WHERE item.account_id = ANY(%(accounts)s)
                           AND item.company_id = ANY(%(companies)s)
                           AND partner.commercial_partner_id = ANY(%(partners)s)
                           AND item.reconciled
                           AND item.parent_state = 'posted'
                           AND item.balance > 0
                           AND item.date_maturity BETWEEN %(today)s::date - %(days)s::int AND %(today)s
                      GROUP BY item.id, partner.commercial_partner_id) paid
              GROUP BY paid.company_id, paid.partner_id
                """,
                accounts=accounts.filtered(
                    lambda account: account.account_type == "asset_receivable"
                ).ids,
                companies=companies.ids,
                partners=list(partner_ids),
                today=today,
                days=_HABIT_DAYS,
            )
        )
        return {
            (company_id, partner_id): Habit(late=late, count=count)
            for company_id, partner_id, late, count in rows
        }

    @api.model
    def _payments_under_way(self, companies, partners, today):
        """Payments that no statement line has settled: the bill is paid by them, so it is not among the open items."""
        rows = self.env.execute_query(
            SQL(
                """
                SELECT payment.company_id, currency.name, currency.decimal_places,
                       coalesce(partner.commercial_partner_id, 0), payment.date, requested.day,
                       sum(item.amount_residual_currency)::text
                  FROM account_payment payment
                  JOIN account_move_line item
                    ON item.move_id = payment.move_id AND item.account_id = payment.outstanding_account_id
                  JOIN account_journal journal ON journal.id = payment.journal_id
                  JOIN res_currency currency ON currency.id = item.currency_id
             LEFT JOIN res_partner partner ON partner.id = payment.partner_id
             LEFT JOIN LATERAL (
                       SELECT treasury_order.requested_date AS day
                         FROM treasury_payment_instruction instruction
                         JOIN treasury_payment_order treasury_order ON treasury_order.id = instruction.order_id
                        WHERE instruction.payment_id = payment.id
                          AND instruction.state NOT IN ('cancelled', 'rejected', 'returned')
                     ORDER BY instruction.id DESC
                        LIMIT 1
                       ) requested ON TRUE
                 WHERE payment.company_id = ANY(%(companies)s)
                   AND payment.outstanding_account_id != journal.default_account_id
                   AND item.parent_state = 'posted'
                   AND item.reconciled IS NOT TRUE
              GROUP BY 1, 2, 3, 4, 5, 6
                HAVING sum(item.amount_residual_currency) != 0
                """,
                companies=companies.ids,
            )
        )
        found = []
        for company_id, currency, places, partner_id, date, requested, amount in rows:
            day, _basis = ladder.expect(ladder.PAYMENT, requested or date, today)
            found.append(
                Flow(
                    entity_id=company_id,
                    currency=currency,
                    amount=exact(amount, places),
                    kind=ladder.PAYMENT,
                    due=requested or date,
                    expected=day,
                    basis=ladder.ORDER if requested else ladder.TRANSIT,
                    other_id=partners.get(partner_id),
                )
            )
        return found
