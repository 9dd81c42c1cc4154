from odoo import api, fields, models
from odoo.exceptions import UserError

from odoo.addons.bank_statement_api.tools.matching import words

ENOUGH = 2
"""Decisions alike from which something is proposed to be learned."""


class BankStatementMatchLesson(models.Model):
    """What may be learned from people's decisions: a proposal with its examples, in use only once a person accepts it.

    An accepted lesson is evidence for the engine, never a bank account that payments could be sent to; removing it ends
    its effect at once.
    """

    _name = "bank.statement.match.lesson"
    _description = "Lesson from Matching Decisions"
    _order = "state desc, times desc, id desc"
    _rec_name = "explanation"

    company_id = fields.Many2one("res.company", required=True, readonly=True, index=True)
    kind = fields.Selection(
        [
            ("iban_partner", "Account Belongs to Partner"),
            ("several_items", "Partner Pays Several Items at Once"),
            ("text_model", "Text Is Booked by Model"),
        ],
        required=True,
        readonly=True,
    )
    key = fields.Char(required=True, readonly=True, help="Account number or text, normalised.")
    partner_id = fields.Many2one(
        "res.partner", readonly=True, index="btree_not_null", ondelete="cascade"
    )
    reconcile_model_id = fields.Many2one(
        "account.reconcile.model", readonly=True, index="btree_not_null", ondelete="cascade"
    )
    times = fields.Integer(readonly=True, default=1, help="Decisions that say so.")
    line_ids = fields.Many2many(
        "account.bank.statement.line",
        "bank_statement_match_lesson_line_rel",
        string="Examples",
        readonly=True,
    )
    state = fields.Selection(
        [
            ("seen", "Seen Once"),
            ("proposed", "Proposed"),
            ("accepted", "In Use"),
            ("refused", "Refused"),
        ],
        required=True,
        readonly=True,
        default="seen",
        index=True,
    )
    decided_by_id = fields.Many2one("res.users", readonly=True, index="btree_not_null")
    explanation = fields.Char(compute="_compute_explanation")

    _lesson_uniq = models.UniqueIndex(
        "(company_id, kind, key, COALESCE(partner_id, 0), COALESCE(reconcile_model_id, 0))",
        "This was seen before.",
    )

    @api.depends("kind", "key", "partner_id", "reconcile_model_id", "times")
    @api.depends_context("lang")
    def _compute_explanation(self):
        texts = {
            "iban_partner": self.env._(
                "Payments from account …%(end)s were %(partner)s's, %(times)s times."
            ),
            "several_items": self.env._("%(partner)s paid several items at once, %(times)s times."),
            "text_model": self.env._(
                "Lines with “%(key)s” were booked by %(model)s, %(times)s times."
            ),
        }
        for lesson in self:
            lesson.explanation = texts[lesson.kind] % {
                "end": (lesson.key or "")[-4:],
                "key": lesson.key,
                "partner": lesson.partner_id.display_name,
                "model": lesson.reconcile_model_id.display_name,
                "times": lesson.times,
            }

    # === ACTION METHODS === #

    def action_accept(self):
        """Let the engine use what these lessons say.

        :return: True
        :raise UserError: an account is in use for another partner already
        """
        self._check_may_decide()
        for lesson in self.sudo():
            other = self.sudo().search(
                [
                    ("company_id", "=", lesson.company_id.id),
                    ("kind", "=", lesson.kind),
                    ("key", "=", lesson.key),
                    ("state", "=", "accepted"),
                    ("id", "!=", lesson.id),
                ],
                limit=1,
            )
            if other:
                raise UserError(
                    self.env._("Something else was learned of it already: %s", other.explanation)
                )
            lesson._decide("accepted")
        return True

    def action_refuse(self):
        """Do not propose these lessons again; what is in use stops being used.

        :return: True
        """
        self._check_may_decide()
        for lesson in self.sudo():
            lesson._decide("refused")
        return True

    def _check_may_decide(self):
        self.check_access("read")
        self.env["account.bank.statement.line"].check_access("write")

    def _decide(self, state):
        self.write({"state": state, "decided_by_id": self.env.uid})
        self.env["finance.audit.event"]._log(
            f"match_lesson.{state}", self, summary=self.explanation, details={"kind": self.kind}
        )

    # === LEARNING === #

    @api.model
    def _learn(self, proposal):
        """Note what a person's acceptance of a proposal says."""
        line = proposal.line_id
        partner = proposal.item_ids.partner_id.commercial_partner_id
        if len(partner) != 1:
            return
        account = words.normalise(line.account_number or line.partner_bank_id.acc_number or "")
        known = (
            self.env["res.partner.bank"]
            .sudo()
            .search_count([("sanitized_acc_number", "=", account)], limit=1)
        )
        if account and not known:
            self._note(line, "iban_partner", account, partner=partner)
        if len(proposal.item_ids.move_id) > 1:
            self._note(line, "several_items", str(partner.id), partner=partner)

    @api.model
    def _learn_model(self, line, model):
        """Note that a person booked a line by a write-off model."""
        telling = self._telling(line)
        if telling and not model.match_label:
            self._note(line, "text_model", " ".join(telling[:4]), model=model)

    @api.model
    def _telling(self, line):
        """:return: the words of a line's text that come again next time: no numbers, nothing short"""
        return [
            word
            for word, _start, _end in words.words(line.payment_ref or "")
            if len(word) > 2 and not any(char.isdigit() for char in word)
        ]

    @api.model
    def _note(self, line, kind, key, partner=None, model=None):
        values = {
            "company_id": line.company_id.id,
            "kind": kind,
            "key": key,
            "partner_id": partner.id if partner else False,
            "reconcile_model_id": model.id if model else False,
        }
        lesson = self.sudo().search([(name, "=", value) for name, value in values.items()], limit=1)
        if not lesson:
            self.sudo().create({**values, "line_ids": [(4, line.id)]})
            return
        if line in lesson.line_ids:
            return
        lesson.write({"times": lesson.times + 1, "line_ids": [(4, line.id)]})
        if lesson.state == "seen" and lesson.times >= ENOUGH:
            lesson.state = "proposed"

    # === FOR THE ENGINE === #

    @api.model
    def _accepted(self, company, kind):
        return self.sudo().search(
            [("company_id", "=", company.id), ("kind", "=", kind), ("state", "=", "accepted")]
        )

    @api.model
    def _learned_models(self, lines):
        """The write-off models by which lines with such a text are booked, as people accepted; by line.

        :rtype: dict
        """
        found = {}
        for company, company_lines in lines.grouped("company_id").items():
            lessons = [
                (lesson.reconcile_model_id, frozenset(lesson.key.split()))
                for lesson in self._accepted(company, "text_model")
                if lesson.reconcile_model_id.active
            ]
            for line in company_lines if lessons else ():
                telling = frozenset(self._telling(line))
                found[line] = self.env["account.reconcile.model"].union(
                    *(model for model, text in lessons if text <= telling)
                )
        return found
