from decimal import Decimal

from odoo import api, models
from odoo.tools import SQL

from odoo.addons.bank_statement_api.models.bank_statement_proof import API_FORMATS
from odoo.addons.treasury_sync.tools.position.figures import Balance
from odoo.addons.treasury_sync.tools.position.rates import Rate, RateTable

#: Kinds of balances that are shown, of ISO 20022: closing and interim booked, closing, interim and forward available,
#: expected.
_TYPES = ["CLBD", "ITBD", "CLAV", "ITAV", "FWAV", "XPCD"]


# Of the balances "stated": a report closes the day in its own way, and what the pages of a statement end with is in its
# closing balance. An interface states what is booked at the moment.
COUNTS = SQL(
    """CASE stated.type WHEN 'CLBD' THEN stated.document_kind = 'statement'
                        WHEN 'ITBD' THEN stated.document_kind != 'statement' OR stated.source_format = ANY(%s)
                        ELSE TRUE END""",
    sorted(API_FORMATS),
)


class CashPosition(models.AbstractModel):
    """What the banks stated until a time, and what the currencies were worth."""

    _inherit = "cash.position"

    @api.model
    def _bank_facts(self, journals, day, until):
        """The last balance of each type of each account, in the account's own currency.

        :param date day: later balances do not count
        :param until: time; what was stated later was not known
        :return: journal id -> balances
        :rtype: dict[int, list[Balance]]
        """
        self.env["bank.statement.balance"].flush_model()
        rows = self.env.execute_query(
            SQL(
                """
                SELECT journal.id, balance.id, balance.type, balance.amount::text, balance.day,
                       balance.create_date, coalesce(balance.source_format, ''), exchange.name,
                       coalesce(balance.credit_line_included, FALSE), currency.decimal_places
                  FROM account_journal journal
                  JOIN res_company company ON company.id = journal.company_id
                  JOIN res_currency currency
                    ON currency.id = coalesce(journal.currency_id, company.currency_id)
            CROSS JOIN unnest(%(types)s) AS kind(type)
          CROSS JOIN LATERAL (
                       SELECT candidate.*
                         FROM (
                              (SELECT stated.*, stated.date AS day
                                 FROM bank_statement_balance stated
                                WHERE stated.journal_id = journal.id
                                  AND stated.type = kind.type
                                  AND stated.currency_id = currency.id
                                  AND stated.date <= %(day)s
                                  AND stated.create_date <= %(until)s
                                  AND %(counts)s
                             ORDER BY stated.date DESC, stated.electronic_sequence DESC, stated.id DESC
                                LIMIT 1)
                              UNION ALL
                              -- Some interfaces state what is there, and not of when: it is of when it was read.
                              (SELECT stated.*, stated.create_date::date AS day
                                 FROM bank_statement_balance stated
                                WHERE stated.journal_id = journal.id
                                  AND stated.type = kind.type
                                  AND stated.currency_id = currency.id
                                  AND stated.date IS NULL
                                  AND stated.create_date < %(day)s::date + 1
                                  AND stated.create_date <= %(until)s
                                  AND %(counts)s
                             ORDER BY stated.electronic_sequence DESC, stated.id DESC
                                LIMIT 1)
                              ) candidate
                     ORDER BY candidate.day DESC
                        LIMIT 1
                       ) balance
                  JOIN finance_exchange exchange ON exchange.id = balance.exchange_id
                 WHERE journal.id = ANY(%(journals)s)
              ORDER BY journal.id, array_position(%(types)s, balance.type::text)
                """,
                types=_TYPES,
                counts=COUNTS,
                journals=journals.ids,
                day=day,
                until=until,
            )
        )
        found = {}
        for (
            journal_id,
            balance_id,
            kind,
            amount,
            date,
            known_at,
            source,
            name,
            line,
            places,
        ) in rows:
            found.setdefault(journal_id, []).append(
                Balance(
                    id=balance_id,
                    type=kind,
                    amount=exact(amount, places),
                    day=date,
                    known_at=known_at,
                    source=source,
                    exchange=name,
                    credit_line_included=line,
                )
            )
        return found

    @api.model
    def _rates(self, company, day, until):
        """The rates of a company in force on a day, as entered until a time.

        Odoo quotes each currency against one whose rate is 1: the company's own, unless that has rates itself. That one
        is 1 by definition; another currency without a rate has none.

        :rtype: RateTable
        """
        self.env["res.currency.rate"].flush_model()
        root = company.root_id
        rows = self.env.execute_query(
            SQL(
                """
                SELECT DISTINCT ON (currency.name)
                       currency.name, rate.rate::text, rate.name, owner.name
                  FROM res_currency_rate rate
                  JOIN res_currency currency ON currency.id = rate.currency_id
             LEFT JOIN res_company owner ON owner.id = rate.company_id
                 WHERE (rate.company_id = %(company)s OR rate.company_id IS NULL)
                   AND rate.name <= %(day)s
                   AND rate.create_date <= %(until)s
              ORDER BY currency.name, rate.name DESC, rate.company_id NULLS LAST
                """,
                company=root.id,
                day=day,
                until=until,
            )
        )
        rates = {
            code: Rate(
                currency=code,
                per_base=Decimal(rate),
                day=date,
                source=f"Odoo rates of {owner}" if owner else "Odoo rates of all companies",
            )
            for code, rate, date, owner in rows
        }
        own = root.currency_id.name
        return RateTable(base="" if own in rates else own, day=day, rates=rates)


def exact(amount, places):
    """Money of the database, read as text, as an exact figure in the currency's decimals.

    :rtype: Decimal
    """
    return Decimal(amount or "0").quantize(Decimal(1).scaleb(-places))
