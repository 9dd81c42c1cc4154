from odoo import api, fields, models


class BankStatementGap(models.Model):
    """Days that a feed should have covered and has not: visible while it lasts, closed by the fetch that covers it."""

    _name = "bank.statement.gap"
    _description = "Gap in a Bank Statement Feed"
    _order = "date_from desc, id desc"
    _rec_name = "reason"

    feed_id = fields.Many2one(
        "bank.statement.feed", required=True, readonly=True, index=True, ondelete="cascade"
    )
    company_id = fields.Many2one(related="feed_id.company_id", store=True, index=True)
    journal_id = fields.Many2one(related="feed_id.journal_id", store=True, index="btree_not_null")
    date_from = fields.Date(required=True, readonly=True, help="First day not covered.")
    date_to = fields.Date(required=True, readonly=True, help="Last day not covered, so far.")
    reason = fields.Char(
        required=True, readonly=True, help="The last error, in the bank's or our words."
    )
    closed_at = fields.Datetime(readonly=True)
    state = fields.Selection(
        [("open", "Missing"), ("closed", "Filled")],
        compute="_compute_state",
        store=True,
        precompute=True,
    )

    _open_uniq = models.UniqueIndex(
        "(feed_id) WHERE closed_at IS NULL", "A feed has one open gap at a time."
    )

    @api.depends("closed_at")
    def _compute_state(self):
        for gap in self:
            gap.state = "closed" if gap.closed_at else "open"
