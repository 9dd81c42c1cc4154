from odoo import fields, models
from odoo.tools import SQL


class BankStatementComparisonDay(models.Model):
    """One account and day of a comparison, with both totals; read from its lines."""

    _name = "bank.statement.comparison.day"
    _description = "Day of a Comparison"
    _order = "day desc, journal_id"
    _auto = False
    _log_access = False

    comparison_id = fields.Many2one("bank.statement.comparison", readonly=True)
    company_id = fields.Many2one("res.company", readonly=True)
    journal_id = fields.Many2one("account.journal", string="Account", readonly=True)
    currency_id = fields.Many2one("res.currency", readonly=True)
    day = fields.Date(readonly=True)
    state = fields.Selection([("equal", "Equal"), ("different", "Not Equal")], readonly=True)
    same = fields.Integer(readonly=True)
    differing = fields.Integer(readonly=True)
    only_live = fields.Integer(readonly=True)
    only_shadow = fields.Integer(string="Only New", readonly=True)
    live_total = fields.Monetary(string="Live", readonly=True)
    shadow_total = fields.Monetary(string="New Channel", readonly=True)

    @property
    def _table_query(self):
        return SQL(
            """SELECT min(id) AS id, comparison_id, company_id, journal_id, currency_id, day,
                      CASE WHEN bool_and(state = 'same') THEN 'equal' ELSE 'different' END AS state,
                      count(*) FILTER (WHERE state = 'same') AS same,
                      count(*) FILTER (WHERE state = 'differing') AS differing,
                      count(*) FILTER (WHERE state = 'only_live') AS only_live,
                      count(*) FILTER (WHERE state = 'only_shadow') AS only_shadow,
                      sum(live_amount) AS live_total,
                      sum(shadow_amount) AS shadow_total
                 FROM bank_statement_comparison_line
             GROUP BY comparison_id, company_id, journal_id, currency_id, day"""
        )

    def action_open_lines(self):
        """The lines of this account and day, side by side."""
        self.ensure_one()
        self.check_access("read")
        return self.comparison_id.action_open_lines() | {
            "domain": [
                ("comparison_id", "=", self.comparison_id.id),
                ("journal_id", "=", self.journal_id.id),
                ("day", "=", self.day),
            ],
            "context": {},
        }
