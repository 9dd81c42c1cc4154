from odoo import api, models
from odoo.tools import SQL

from odoo.addons.treasury_sync.models.account_bank_statement_line import DATED_APART
from odoo.addons.treasury_sync.models.cash_position_bank import COUNTS, exact
from odoo.addons.treasury_sync.tools.position.figures import Books, last_booked

#: Accounting may date a line so many days before or after the bank; what lies further apart is left unexplained.
_APART = 45


class CashPosition(models.AbstractModel):
    """What the ledger says of the bank accounts, and why it is not what the banks say."""

    _inherit = "cash.position"

    @api.model
    def _books(self, journals, facts, day, until):
        """
        :param dict facts: what the banks stated, of :meth:`_bank_facts`
        :param date day: whose end is looked at
        :param until: time; entries made later do not count
        :return: journal id -> the books of that account
        :rtype: dict[int, Books]
        """
        for model in ("account.move.line", "account.payment", "account.bank.statement.line"):
            self.env[model].flush_model()
        places = {
            journal.id: (journal.currency_id or journal.company_id.currency_id).decimal_places
            for journal in journals
        }
        booked = {
            journal_id: balance.day
            for journal_id, balances in facts.items()
            if (balance := last_booked(balances))
        }
        known = {
            "booked": list(booked),
            "booked_days": list(booked.values()),
            "counts": COUNTS,
            "own": SQL(_OWN),
            "journals": journals.ids,
            "day": day,
            "until": until,
            "apart": _APART,
            "dated_apart": SQL(DATED_APART),
        }
        parts = {
            name: dict(self.env.execute_query(SQL(query, **known)))
            for name, query in (
                ("unreconciled", _UNRECONCILED),
                ("in_transit", _IN_TRANSIT),
                ("timing", _TIMING),
            )
        }
        firsts = {row[0]: row[1:] for row in self.env.execute_query(SQL(_FIRST, **known))}
        found = {}
        for journal_id, account, by_hand in self.env.execute_query(SQL(_LEDGER, **known)):
            place = places[journal_id]
            first, late = firsts.get(journal_id, (None, None))
            found[journal_id] = Books(
                account=exact(account, place),
                in_transit=exact(parts["in_transit"].get(journal_id), place),
                unreconciled=exact(parts["unreconciled"].get(journal_id), place),
                # Of an account that no statement came for yet nothing can be explained.
                before_first=exact(first, place) - exact(by_hand, place)
                if first is not None
                else exact("0", place),
                booked_late=exact(late, place),
                timing=exact(parts["timing"].get(journal_id), place),
            )
        return found


# An amount in the account's own currency: that of the journal, or else of the company.
_OWN = """CASE WHEN journal.currency_id IS NULL OR journal.currency_id = company.currency_id
               THEN item.balance ELSE item.amount_currency END"""

_LEDGER = """
    SELECT journal.id, sums.total::text, sums.by_hand::text
      FROM account_journal journal
      JOIN res_company company ON company.id = journal.company_id
CROSS JOIN LATERAL (
           SELECT sum(%(own)s) AS total, sum(%(own)s) FILTER (WHERE item.statement_line_id IS NULL) AS by_hand
             FROM account_move_line item
            WHERE item.account_id = journal.default_account_id
              AND item.parent_state = 'posted'
              AND item.date <= %(day)s
              AND item.create_date <= %(until)s
           ) sums
     WHERE journal.id = ANY(%(journals)s)
"""

# Bank lines that stand on the suspense account: the bank has the amount, and nobody said what it is.
_UNRECONCILED = """
    SELECT journal.id, (-sum(%(own)s))::text
      FROM account_bank_statement_line line
      JOIN account_journal journal ON journal.id = line.journal_id
      JOIN res_company company ON company.id = journal.company_id
      JOIN account_move move ON move.id = line.move_id
      JOIN account_move_line item ON item.move_id = move.id AND item.account_id = journal.suspense_account_id
     WHERE line.journal_id = ANY(%(journals)s)
       AND line.is_reconciled IS NOT TRUE
       AND move.state = 'posted'
       AND move.date <= %(day)s
       AND line.create_date <= %(until)s
  GROUP BY journal.id
"""

# Payments that were registered until that day, less what statement lines had settled of them by then.
_IN_TRANSIT = """
    SELECT journal.id, sum(%(own)s - coalesce(settled.amount, 0))::text
      FROM account_payment payment
      JOIN account_journal journal ON journal.id = payment.journal_id
      JOIN res_company company ON company.id = journal.company_id
      JOIN account_move move ON move.id = payment.move_id
      JOIN account_move_line item ON item.move_id = move.id AND item.account_id = payment.outstanding_account_id
 LEFT JOIN LATERAL (
           SELECT sum(CASE WHEN journal.currency_id IS NULL OR journal.currency_id = company.currency_id
                           THEN part.amount
                           WHEN part.debit_move_id = item.id THEN part.debit_amount_currency
                           ELSE part.credit_amount_currency END
                      * CASE WHEN part.debit_move_id = item.id THEN 1 ELSE -1 END) AS amount
             FROM account_partial_reconcile part
            WHERE (part.debit_move_id = item.id OR part.credit_move_id = item.id)
              AND part.max_date <= %(day)s
           ) settled ON TRUE
     WHERE payment.journal_id = ANY(%(journals)s)
       AND payment.outstanding_account_id != journal.default_account_id
       AND move.state = 'posted'
       AND move.date <= %(day)s
       AND move.create_date <= %(until)s
       AND (item.reconciled IS NOT TRUE
            OR EXISTS (SELECT FROM account_partial_reconcile late
                        WHERE (late.debit_move_id = item.id OR late.credit_move_id = item.id)
                          AND late.max_date > %(day)s))
  GROUP BY journal.id
"""

# The day of the last booked balance cuts the bank's lines, the day asked for cuts the ledger's: lines between the two
# days, and those that accounting dates otherwise than the bank, which have an index of their own.
_TIMING = """
    SELECT journal.id,
           sum(CASE WHEN line.bank_booking_date <= journal.day AND move.date > %(day)s THEN line.amount
                    WHEN line.bank_booking_date > journal.day AND move.date <= %(day)s THEN -line.amount
                    ELSE 0 END)::text
      FROM unnest(%(booked)s::int[], %(booked_days)s::date[]) AS journal(id, day)
CROSS JOIN LATERAL (
           SELECT * FROM account_bank_statement_line line
            WHERE line.journal_id = journal.id
              AND line.bank_booking_date > journal.day AND line.bank_booking_date <= %(day)s
              AND NOT %(dated_apart)s
            UNION ALL
           SELECT * FROM account_bank_statement_line line
            WHERE line.journal_id = journal.id
              AND line.bank_booking_date BETWEEN journal.day - %(apart)s::int AND %(day)s::date + %(apart)s::int
              AND %(dated_apart)s
           ) line
      JOIN account_move move ON move.id = line.move_id AND move.state = 'posted'
     WHERE line.create_date <= %(until)s
  GROUP BY journal.id
"""

# What the bank had before everything that is booked: the opening balance of its first statement, or where none is
# stated its closing balance less the lines that led to it; less what came in for days before. And what of that came in
# after the first balance.
_FIRST = """
    SELECT journal.id, (coalesce(opening.amount, first.amount) - coalesce(before.total, 0))::text, before.late::text
      FROM account_journal journal
      JOIN res_company company ON company.id = journal.company_id
CROSS JOIN LATERAL (
           SELECT stated.amount, stated.date, stated.exchange_id, stated.electronic_sequence, stated.currency_id
             FROM (VALUES ('CLBD', 1), ('ITBD', 2)) AS kind(type, place)
       CROSS JOIN LATERAL (
                  SELECT *
                    FROM bank_statement_balance stated
                   WHERE stated.journal_id = journal.id
                     AND stated.type = kind.type
                     AND stated.currency_id = coalesce(journal.currency_id, company.currency_id)
                     AND %(counts)s
                ORDER BY stated.date, stated.electronic_sequence, stated.id
                   LIMIT 1
                  ) stated
         ORDER BY kind.place
            LIMIT 1
           ) first
 LEFT JOIN LATERAL (
           SELECT stated.amount, stated.date
             FROM bank_statement_balance stated
            WHERE stated.exchange_id = first.exchange_id
              AND stated.journal_id = journal.id
              AND stated.electronic_sequence = first.electronic_sequence
              AND stated.currency_id = first.currency_id
              AND stated.type IN ('OPBD', 'PRCD')
              AND stated.date <= coalesce(first.date, 'infinity')
         ORDER BY stated.date DESC, stated.type
            LIMIT 1
           ) opening ON TRUE
CROSS JOIN LATERAL (
           SELECT sum(line.amount) AS total,
                  sum(line.amount) FILTER (WHERE line.exchange_id > first.exchange_id) AS late
             FROM (SELECT amount, exchange_id FROM account_bank_statement_line
                    WHERE journal_id = journal.id
                      AND bank_booking_date < coalesce(opening.date, first.date + 1)
                    UNION ALL
                   -- A balance without a day is of what had come in by then.
                   SELECT amount, exchange_id FROM account_bank_statement_line
                    WHERE opening.date IS NULL AND first.date IS NULL
                      AND journal_id = journal.id AND exchange_id <= first.exchange_id) line
           ) before
     WHERE journal.id = ANY(%(journals)s)
"""
