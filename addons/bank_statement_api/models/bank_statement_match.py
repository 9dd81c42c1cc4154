from odoo import api, fields, models

PASSES = [
    ("exact", "Reference and Amount"),
    ("tolerance", "With an Accepted Difference"),
    ("one_to_many", "Several Items"),
    ("many_to_one", "Part of Several Payments"),
    ("currency", "In Another Currency"),
    ("fuzzy", "Likeness Only"),
    ("write_off", "Write-Off Model"),
    ("transfer", "Internal Transfer"),
    ("manual", "By Hand"),
]


class BankStatementMatch(models.Model):
    """What was decided about a statement line and why. Nothing is overwritten: a new decision archives the one before.

    Rows are made by the matching engine and by the actions of the line and of its proposals, as the superuser after
    their checks; everybody else reads.
    """

    _name = "bank.statement.match"
    _description = "Match Decision of a Statement Line"
    _order = "id desc"
    _rec_name = "explanation"

    line_id = fields.Many2one(
        "account.bank.statement.line", required=True, readonly=True, index=True, ondelete="cascade"
    )
    company_id = fields.Many2one("res.company", required=True, readonly=True, index=True)
    journal_id = fields.Many2one(
        "account.journal", required=True, readonly=True, index=True, ondelete="cascade"
    )
    run_id = fields.Many2one(
        "bank.statement.match.run", readonly=True, index="btree_not_null", ondelete="cascade"
    )
    is_current = fields.Boolean(readonly=True, default=True)
    outcome = fields.Selection(
        [
            ("auto", "Certain"),
            ("propose", "Proposed"),
            ("ambiguous", "Ambiguous"),
            ("none", "Nothing Found"),
            ("manual", "Decided by Hand"),
        ],
        required=True,
        readonly=True,
    )
    state = fields.Selection(
        [
            ("waiting", "Waits"),
            ("posted", "Posted"),
            ("undone", "Undone"),
            ("ignored", "Ignored"),
            ("replaced", "Replaced"),
        ],
        required=True,
        readonly=True,
        default="waiting",
    )
    found_by = fields.Selection(PASSES, readonly=True)
    pattern = fields.Char(
        readonly=True, help="Evidence it rests on: reference, amount, other party."
    )
    evidence = fields.Char(compute="_compute_evidence", help="What it rests on, in words.")
    rule_id = fields.Many2one(
        "bank.statement.match.rule", readonly=True, index="btree_not_null", ondelete="restrict"
    )
    rule_version = fields.Integer(readonly=True)
    engine_version = fields.Integer(readonly=True)
    score = fields.Integer(readonly=True)
    reason = fields.Json(
        readonly=True, help="Why it was not posted by itself, as a code and its figures."
    )
    explanation = fields.Char(
        compute="_compute_explanation", help="The decision and its runner-up, in words."
    )
    proposal_ids = fields.One2many("bank.statement.match.proposal", "match_id", readonly=True)
    chosen_id = fields.Many2one(
        "bank.statement.match.proposal",
        readonly=True,
        index="btree_not_null",
        ondelete="set null",
        help="What was posted; for a waiting line none.",
    )
    verdict = fields.Selection(
        [("right", "Was Right"), ("wrong", "Was Wrong")],
        readonly=True,
        help="What a person's decision, or its absence, said of the engine's first proposal.",
    )
    decided_by_id = fields.Many2one(
        "res.users",
        readonly=True,
        index="btree_not_null",
        help="Empty for the engine.",
    )
    decided_at = fields.Datetime(readonly=True)

    _current_uniq = models.UniqueIndex(
        "(line_id) WHERE is_current", "A line has one current decision."
    )
    # For the measured precision of a pass and pattern.
    _precision_idx = models.Index("(company_id, found_by, pattern, verdict)")

    @api.depends("reason", "chosen_id", "proposal_ids.score_parts")
    @api.depends_context("lang")
    def _compute_explanation(self):
        words = self.env["bank.statement.match.words"]
        for match in self:
            match.explanation = words._decision(match)

    @api.depends("pattern")
    def _compute_evidence(self):
        precision = self.env["bank.statement.match.precision"]
        for match in self:
            match.evidence = match.pattern and precision._evidence(match.pattern)

    # === WRITING, FOR THE ENGINE AND THE ACTIONS === #

    @api.model
    def _replace(self, vals_list):
        """Make decisions the current ones of their lines.

        :param list vals_list: values, one for each line
        :rtype: recordset
        """
        self._archive_current([vals["line_id"] for vals in vals_list])
        return self.sudo().create(vals_list)

    def _make_current(self):
        """Put decisions that were kept beside the current ones in their place."""
        self._archive_current(self.line_id.ids)
        self.sudo().is_current = True

    @api.model
    def _archive_current(self, line_ids):
        earlier = self.sudo().search([("line_id", "in", line_ids), ("is_current", "=", True)])
        earlier.filtered(lambda match: match.state == "waiting").state = "replaced"
        earlier.is_current = False
        # The index allows one current decision at a time.
        self.env.flush_all()

    def _set_posted(self, chosen=None):
        """Note that a decision was posted: by the engine, or by the calling person's choice of a proposal."""
        for match in self.sudo():
            proposal = chosen or match.chosen_id
            match.write(
                {
                    "state": "posted",
                    "chosen_id": proposal.id,
                    "found_by": proposal.found_by or match.found_by,
                    "decided_by_id": False
                    if match.outcome == "auto" and not chosen
                    else self.env.uid,
                    "decided_at": fields.Datetime.now(),
                    "verdict": "right" if not chosen or chosen.rank == 1 else "wrong",
                }
            )

    def _set_undone(self):
        """Note that posted decisions were taken back.

        A rule whose decision that was is suspended; a pattern that has now been wrong too often stops: people are told.
        """
        for match in self:
            precision = self.env["bank.statement.match.precision"]
            trusted = match.outcome == "auto" and precision._holds(match)
            match.write({"state": "undone", "verdict": "wrong"})
            reason = self.env._("its decision on %s was taken back.", match.line_id.display_name)
            match.rule_id._suspend(reason)
            if trusted and not precision._holds(match):
                found_by = dict(match._fields["found_by"]._description_selection(self.env))
                self.env["finance.exception"]._open(
                    "match_rule_suspended",
                    self.env._(
                        "“%(found_by)s” on evidence “%(pattern)s” posts nothing by itself any more: %(reason)s",
                        found_by=found_by[match.found_by],
                        pattern=match.evidence,
                        reason=reason,
                    ),
                    kind="business",
                    company=match.company_id,
                    unit_key=f"pattern:{match.found_by} {match.pattern}",
                    record=match,
                )
