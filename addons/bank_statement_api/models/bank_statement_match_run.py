from odoo import fields, models
from odoo.exceptions import UserError


class BankStatementMatchRun(models.Model):
    """A dry run of the matching: what it would decide, kept row by row; committing it posts exactly that.

    Nothing of a dry run touches lines or items. What changed before the commit is told apart and not posted: a line
    that somebody decided on, an item that was settled meanwhile.
    """

    _name = "bank.statement.match.run"
    _description = "Dry Run of Matching"
    _order = "id desc"
    _rec_name = "create_date"

    company_id = fields.Many2one("res.company", required=True, readonly=True, index=True)
    state = fields.Selection(
        [("tried", "Tried"), ("committed", "Committed")],
        required=True,
        readonly=True,
        default="tried",
    )
    match_ids = fields.One2many("bank.statement.match", "run_id", readonly=True)
    line_count = fields.Integer(string="Lines", compute="_compute_counts")
    auto_count = fields.Integer(string="Would Be Posted", compute="_compute_counts")
    result = fields.Json(readonly=True, help="What the commit posted, and what it refused and why.")

    def _compute_counts(self):
        for run in self:
            run.line_count = len(run.match_ids)
            run.auto_count = len(run.match_ids.filtered(lambda one: one.outcome == "auto"))

    def action_commit(self):
        """Post what these dry runs decided, exactly.

        :return: True
        :raise AccessError: the caller may not write statement lines of the company
        :raise UserError: it was committed before
        """
        self.check_access("read")
        line_model = self.env["account.bank.statement.line"]
        line_model.check_access("write")
        for run in self:
            run.match_ids.line_id.check_access("write")
            if run.state != "tried":
                raise UserError(self.env._("This run was committed before."))
            matcher = self.env["bank.statement.matcher"]
            waiting = matcher._waiting(run.match_ids.line_id)
            # Decided by somebody since: that decision is newer than this run.
            open_matches = run.match_ids.filtered(
                lambda one, waiting=waiting, run=run: (
                    one.line_id in waiting
                    and (
                        not one.line_id.match_id
                        or one.line_id.match_id.create_date <= run.create_date
                    )
                )
            )
            open_matches._make_current()
            for match in open_matches.sorted("id"):
                matcher._show(match)
            matcher._post(open_matches)
            posted = open_matches.filtered(lambda one: one.state == "posted")
            run.sudo().write(
                {
                    "state": "committed",
                    "result": {
                        "posted": posted.line_id.ids,
                        "left": sorted(set(run.match_ids.line_id.ids) - set(posted.line_id.ids)),
                    },
                }
            )
            self.env["finance.audit.event"]._log(
                "match_run.committed", run, details={"posted": len(posted)}
            )
        return True
