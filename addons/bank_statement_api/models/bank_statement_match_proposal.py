from decimal import Decimal

from odoo import api, fields, models
from odoo.exceptions import UserError

from odoo.addons.bank_statement_api.tools import posting

from .bank_statement_match import PASSES


class BankStatementMatchProposal(models.Model):
    """One ranked way to settle a statement line: what the review board shows on its right side.

    **Contract with the screens.** A waiting line has ``match_id`` (its current decision); ``match_id.proposal_ids``
    are its proposals by ``rank``, 1 the best. Each has:

    - ``score`` 0 to 100, and ``score_words``: ``[{"text", "points"}]``, the sentence of each reason in the user's
      language;
    - ``spans``: ``[{"field", "start", "end", "kind", "item"}]``, the characters of that field of the line to highlight.
      ``field`` is ``payment_ref``, ``structured``, ``end_to_end_id``, ``batch`` or ``remittance``; ``kind`` is
      ``reference``, ``number``, ``core``, ``lookalike`` or ``cut``; ``item`` is the journal item that it names;
    - ``item_ids`` and ``allocations``: ``[{"item", "amount", "currency"}]``, amounts as decimal text, signed like
      the open amount;
    - ``difference`` and ``difference_kind``: what no item explains, and as what it is to be booked; an ``over`` or
      ``short`` is nobody's yet: the rest stays open on the line or on the item;
    - ``preview``: ``[{"account", "partner", "label", "debit", "credit", "amount_currency", "currency", "currency_id",
      "item"}]``, the counterpart entry as it will be posted, as text, the bank's own item first.

    Accept with :meth:`action_accept`; everything else a person may do with a line is on the line itself
    (``account_bank_statement_line_review.py``). Rows are the engine's: nobody else writes them.
    """

    _name = "bank.statement.match.proposal"
    _description = "Proposal to Settle a Statement Line"
    _order = "match_id desc, rank, id"
    _rec_name = "summary"

    match_id = fields.Many2one(
        "bank.statement.match", required=True, readonly=True, index=True, ondelete="cascade"
    )
    line_id = fields.Many2one(
        "account.bank.statement.line", required=True, readonly=True, index=True, ondelete="cascade"
    )
    company_id = fields.Many2one("res.company", required=True, readonly=True, index=True)
    rank = fields.Integer(required=True, readonly=True)
    score = fields.Integer(readonly=True)
    score_parts = fields.Json(readonly=True)
    score_words = fields.Json(compute="_compute_words")
    spans = fields.Json(readonly=True)
    found_by = fields.Selection(PASSES, required=True, readonly=True)
    pattern = fields.Char(readonly=True)
    is_certain = fields.Boolean(readonly=True)
    rule_id = fields.Many2one(
        "bank.statement.match.rule", readonly=True, index="btree_not_null", ondelete="restrict"
    )
    reconcile_model_id = fields.Many2one(
        "account.reconcile.model",
        string="Write-Off Model",
        readonly=True,
        index="btree_not_null",
        ondelete="cascade",
    )
    transfer_journal_id = fields.Many2one(
        "account.journal",
        string="Transfer From or To",
        readonly=True,
        index="btree_not_null",
        ondelete="cascade",
    )
    item_ids = fields.Many2many(
        "account.move.line",
        "bank_statement_match_proposal_item_rel",
        "proposal_id",
        "item_id",
        string="Open Items",
        readonly=True,
    )
    allocations = fields.Json(readonly=True)
    partner_id = fields.Many2one(
        "res.partner", readonly=True, index="btree_not_null", ondelete="set null"
    )
    currency_id = fields.Many2one("res.currency", readonly=True, ondelete="restrict")
    difference = fields.Monetary(readonly=True)
    difference_kind = fields.Char(readonly=True)
    summary = fields.Char(compute="_compute_words", help="What it settles, in one line.")
    preview = fields.Json(compute="_compute_preview")

    # === COMPUTE METHODS === #

    @api.depends("score_parts", "item_ids", "reconcile_model_id", "transfer_journal_id")
    @api.depends_context("lang")
    def _compute_words(self):
        words = self.env["bank.statement.match.words"]
        for proposal in self:
            proposal.score_words = [
                {"text": words._sentence(part), "points": part["points"]}
                for part in proposal.score_parts or []
            ]
            proposal.summary = words._summary(proposal)

    @api.depends("allocations", "difference", "reconcile_model_id", "transfer_journal_id")
    def _compute_preview(self):
        preview = self.env["bank.statement.match.preview"]
        for proposal in self:
            try:
                proposal.preview = preview._rows(proposal.line_id, proposal._to_post())
            except (UserError, posting.ProposalError):
                # Settled meanwhile, or not to be booked as it is: the screen shows no entry.
                proposal.preview = []

    # === ACTION METHODS === #

    def action_accept(self):
        """Post these proposals, one for each line; what Odoo refuses does not stop the others.

        A part payment leaves the rest of the item open; an overpayment leaves the rest of the line open.

        :return: ``{"accepted": [line ids], "refused": [{"line": id, "reason": sentence}]}``
        :rtype: dict
        :raise AccessError: the caller may not write statement lines, or not those of this company
        :raise UserError: two proposals are for one line, or one is of a decision that was replaced meanwhile
        """
        self.check_access("read")
        self.env["account.bank.statement.line"].check_access("write")
        lines = self.line_id
        lines.check_access("write")
        if len(lines) < len(self):
            raise UserError(self.env._("Choose one proposal for each line."))
        if stale := self.filtered(
            lambda one: not one.match_id.is_current or one.match_id.state != "waiting"
        ):
            raise UserError(
                self.env._(
                    "%s was decided meanwhile: look at the line again.",
                    ", ".join(stale.line_id.mapped("display_name")),
                )
            )
        return self._accept()

    def _accept(self):
        refused, ready = [], {}
        for proposal in self.sorted("line_id"):
            try:
                ready[proposal] = proposal._to_post()
            except (UserError, posting.ProposalError) as error:
                refused.append({"line": proposal.line_id.id, "reason": str(error)})
        outcomes = self.env["bank.statement.poster"]._reconcile(ready.values())
        accepted = []
        for proposal, outcome in zip(ready, outcomes, strict=True):
            if outcome.done:
                accepted.append(outcome.line_id)
                proposal.match_id._set_posted(proposal)
                proposal.line_id._after_decision(proposal.match_id)
                self.env["bank.statement.match.lesson"]._learn(proposal)
            else:
                refused.append({"line": outcome.line_id, "reason": outcome.error})
        return {"accepted": accepted, "refused": refused}

    # === POSTING === #

    def _to_post(self):
        """What has to be posted for this proposal.

        :rtype: posting.Proposal
        :raise UserError: there is no account for the difference
        """
        self.ensure_one()
        line = self.line_id
        if self.reconcile_model_id:
            return self.env["bank.statement.match.write.off"]._to_post(
                line, self.reconcile_model_id
            )
        if self.transfer_journal_id and not self.item_ids:
            return line._transfer_to_post(self.transfer_journal_id)
        allocations = [
            (int(part["item"]), Decimal(part["amount"])) for part in self.allocations or []
        ]
        if any(item < 0 for item, _amount in allocations):
            raise UserError(
                self.env._(
                    "The line pays a batch in part only: choose the payments it is for one by one."
                )
            )
        return line._to_post(
            allocations,
            self._difference_parts(),
            keep_rest=self.difference_kind in ("over", "short"),
        )

    def _difference_parts(self):
        """:return: write-offs for what no item explains"""
        if self.difference_kind in (False, "", "over", "short") or not self.difference:
            return ()
        if self.difference_kind in ("discount", "sum_discount"):
            return self.env["bank.statement.match.write.off"]._discount(self)
        if not self.rule_id.account_id:
            raise UserError(
                self.env._("No rule says to which account the difference of %s goes.", self.summary)
            )
        amount = Decimal(f"{self.difference:.{self.currency_id.decimal_places}f}")
        return (
            posting.WriteOff(
                self.rule_id.account_id.id,
                amount,
                self.rule_id.label or self.rule_id.name,
                tuple(self.rule_id.tax_ids.ids),
            ),
        )
