from odoo import api, fields, models
from odoo.tools import SQL

from odoo.addons.bank_statement_api.tools.matching import precision


class BankStatementMatchPrecision(models.Model):
    """How often decisions of one pass and one evidence pattern were right in a company, counted from the decisions."""

    _name = "bank.statement.match.precision"
    _description = "Measured Precision of Matching"
    _auto = False
    _order = "company_id, found_by, pattern"
    _rec_name = "pattern"

    company_id = fields.Many2one("res.company", readonly=True)
    found_by = fields.Char(readonly=True)
    pattern = fields.Char(readonly=True)
    right_count = fields.Integer(string="Right", readonly=True)
    wrong_count = fields.Integer(string="Wrong", readonly=True)
    lower_bound = fields.Float(
        digits=(6, 5),
        compute="_compute_lower_bound",
        help="Of the precision, by Wilson, with the corpus of the project as a beginning.",
    )
    posts_by_itself = fields.Boolean(compute="_compute_lower_bound")

    @property
    def _table_query(self):
        return """
            SELECT min(id) AS id, company_id, found_by, pattern,
                   count(*) FILTER (WHERE verdict = 'right') AS right_count,
                   count(*) FILTER (WHERE verdict = 'wrong') AS wrong_count
              FROM bank_statement_match
             WHERE verdict IS NOT NULL AND pattern IS NOT NULL
             GROUP BY company_id, found_by, pattern
        """

    @api.depends("right_count", "wrong_count")
    def _compute_lower_bound(self):
        for row in self:
            prior, prior_wrong = precision.prior_of(row.found_by, row.pattern)
            count = row.right_count + row.wrong_count + prior
            row.lower_bound = precision.lower_bound(count - row.wrong_count - prior_wrong, count)
            row.posts_by_itself = precision.holds(
                row.found_by, row.pattern, row.right_count, row.wrong_count
            )

    @api.model
    def _trusted(self, company):
        """:return: says of a pass, a pattern and a rule whether they post by themselves in the company"""
        self.env["bank.statement.match"].flush_model()
        # Past the cache: a decision of this transaction may have changed the counts.
        rows = self.env.execute_query(
            SQL(
                """SELECT found_by, pattern, count(*) FILTER (WHERE verdict = 'right'),
                          count(*) FILTER (WHERE verdict = 'wrong')
                     FROM bank_statement_match
                    WHERE company_id = %s AND verdict IS NOT NULL AND pattern IS NOT NULL
                    GROUP BY found_by, pattern""",
                company.id,
            )
        )
        counts = {(found_by, pattern): (right, wrong) for found_by, pattern, right, wrong in rows}

        def trusted(_company, proposal):
            right, wrong = counts.get((proposal.found_by, proposal.pattern), (0, 0))
            return precision.holds(proposal.found_by, proposal.pattern, right, wrong)

        return trusted

    @api.model
    def _holds(self, match):
        """Whether decisions like this one post by themselves in its company."""
        return bool(match.pattern) and self._trusted(match.company_id)(match.company_id.id, match)
