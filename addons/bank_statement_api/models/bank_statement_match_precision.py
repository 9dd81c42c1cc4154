from odoo import api, fields, models
from odoo.tools import SQL

from odoo.addons.bank_statement_api.tools.matching import precision

from .bank_statement_match import PASSES

NAMED = [
    ("reference", "Our Reference"),
    ("number", "Its Number"),
    ("core", "Part of Its Number"),
    ("like", "Something Like Its Number"),
    ("none", "Nothing"),
    ("model", "Reconciliation Model"),
    ("own", "Own Account"),
]
"""What the text names, the first part of a pattern."""
AMOUNTS = [
    ("exact", "Equal"),
    ("discount", "Less Early-Payment Discount"),
    ("fee", "Less a Fee"),
    ("rounding", "But for a Rounding"),
    ("withholding", "Less a Withholding"),
    ("short", "Less Than Is Open"),
    ("over", "More Than Is Open"),
    ("sum_all", "Sum of All Named"),
    ("sum_discount", "Sum of All Named, With Discounts"),
    ("sum_some", "Sum of Some Named"),
    ("sum_party", "Sum of Items of the Party"),
    ("sum_lines", "Several Payments Together"),
    ("first", "First Side of the Transfer"),
]
PARTIES = [
    ("known", "Known"),
    ("alike", "Resembles"),
    ("none", "Not Told"),
    ("stranger", "Another Name"),
    ("other", "Somebody Else's Account"),
    ("own", "Ours"),
    ("automatic", "By the Model Itself"),
    ("manual", "When Chosen"),
]


class BankStatementMatchPrecision(models.Model):
    """How often decisions of one pass and one evidence pattern were right in a company, counted from the decisions."""

    _name = "bank.statement.match.precision"
    _description = "Measured Precision of Matching"
    _auto = False
    _order = "company_id, found_by, pattern"
    _rec_name = "pattern"

    company_id = fields.Many2one("res.company", readonly=True)
    found_by = fields.Selection(PASSES, readonly=True)
    pattern = fields.Char(readonly=True)
    named = fields.Selection(NAMED, string="The Text Names", readonly=True)
    amount = fields.Selection(AMOUNTS, string="The Amount Is", readonly=True)
    party = fields.Selection(PARTIES, string="Other Party", readonly=True)
    reconcile_model_id = fields.Many2one("account.reconcile.model", string="Model", readonly=True)
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
        # Without percent signs, which would stand for parameters.
        return """
            SELECT min(id) AS id, company_id, found_by, pattern,
                   split_part(pattern, ':', 1) AS named,
                   CASE WHEN split_part(pattern, ':', 1) != 'model' THEN split_part(pattern, ':', 2) END AS amount,
                   split_part(pattern, ':', 3) AS party,
                   CASE WHEN split_part(pattern, ':', 1) = 'model' THEN split_part(pattern, ':', 2)::integer END
                       AS reconcile_model_id,
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

    @api.depends("pattern")
    def _compute_display_name(self):
        for row in self:
            row.display_name = self._evidence(row.pattern)

    @api.model
    def _evidence(self, pattern):
        """:return: the parts of a pattern in words"""
        named, amount, party = pattern.split(":")
        words = [
            dict(self._fields[name]._description_selection(self.env)).get(code)
            for name, code in (("named", named), ("amount", amount), ("party", party))
        ]
        if named == "model":
            words[1] = self.env["account.reconcile.model"].browse(int(amount)).exists().name
        return " · ".join(word for word in words if word)

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
