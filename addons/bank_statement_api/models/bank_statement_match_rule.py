from odoo import api, fields, models
from odoo.exceptions import AccessError, UserError, ValidationError
from odoo.tools import format_date

from odoo.addons.bank_statement_api.tools.matching import facts

_CONTENT = (
    "name",
    "kind",
    "company_id",
    "currency_id",
    "maximum",
    "percent",
    "account_id",
    "tax_ids",
    "label",
    "partner_ids",
    "journal_ids",
)
_GOVERNED = {
    "state",
    "number",
    "author_id",
    "approved_by_id",
    "effective_from",
    "suspended_reason",
    "backtest",
    "backtested_at",
}


class BankStatementMatchRule(models.Model):
    """A difference between payment and open amount that the company accepts, and where it is booked.

    What a rule says is a version: it is drafted, tried on the months that people reconciled, proposed, and put into
    force by somebody who did not write it. A rule in force that starts to err is suspended by the engine.
    """

    _name = "bank.statement.match.rule"
    _description = "Matching Rule"
    _order = "company_id, code, number desc, id desc"
    _check_company_auto = True

    name = fields.Char(required=True)
    code = fields.Char(
        required=True, readonly=True, copy=False, default="new", help="The same for all versions."
    )
    number = fields.Integer(string="Version", readonly=True, default=1, copy=False)
    company_id = fields.Many2one(
        "res.company", required=True, index=True, default=lambda self: self.env.company
    )
    kind = fields.Selection(
        [
            ("fee", "Fee Kept Back"),
            ("rounding", "Rounding"),
            ("withholding", "Withholding"),
        ],
        required=True,
    )
    currency_id = fields.Many2one(
        "res.currency",
        required=True,
        default=lambda self: self.env.company.currency_id,
        help="Of the open item; a rule speaks of one currency.",
    )
    maximum = fields.Monetary(help="Largest difference.")
    percent = fields.Float(
        digits=(5, 2),
        help="Of the open amount: the limit of a fee, or exactly what is withheld.",
    )
    account_id = fields.Many2one(
        "account.account", required=True, check_company=True, ondelete="restrict"
    )
    tax_ids = fields.Many2many("account.tax", check_company=True)
    label = fields.Char(help="Of the journal item; the rule's name by default.")
    partner_ids = fields.Many2many("res.partner", help="Only for these; empty for everybody.")
    journal_ids = fields.Many2many(
        "account.journal", check_company=True, help="Only on these bank accounts; empty for all."
    )
    state = fields.Selection(
        [
            ("draft", "Draft"),
            ("proposed", "Proposed"),
            ("active", "In Force"),
            ("suspended", "Suspended"),
            ("retired", "Retired"),
        ],
        required=True,
        readonly=True,
        default="draft",
        copy=False,
    )
    author_id = fields.Many2one(
        "res.users",
        readonly=True,
        copy=False,
        default=lambda self: self.env.user,
        index="btree_not_null",
    )
    contributor_ids = fields.Many2many(
        "res.users",
        "bank_statement_match_rule_contributor_rel",
        readonly=True,
        copy=False,
        help="Everyone who wrote this version: none of them may put it into force.",
    )
    approved_by_id = fields.Many2one("res.users", readonly=True, copy=False, index="btree_not_null")
    effective_from = fields.Datetime(readonly=True, copy=False)
    suspended_reason = fields.Char(readonly=True, copy=False)
    backtest = fields.Json(readonly=True, copy=False)
    backtested_at = fields.Datetime(string="Tried On", readonly=True, copy=False)
    backtest_text = fields.Text(string="Back-Test", compute="_compute_backtest_text")
    backtest_wrong = fields.Integer(compute="_compute_backtest_text")
    backtest_changed = fields.Integer(compute="_compute_backtest_text")

    _active_uniq = models.UniqueIndex(
        "(company_id, code) WHERE state = 'active'", "One version of a rule is in force at a time."
    )
    _limits = models.Constraint(
        "CHECK(maximum >= 0 AND percent >= 0 AND percent < 100)",
        "A difference is positive and below 100 %.",
    )

    @api.depends("backtest")
    @api.depends_context("lang")
    def _compute_backtest_text(self):
        for rule in self:
            rule.backtest_text = rule.backtest and rule._backtest_words(rule.backtest)
            rule.backtest_wrong = rule.backtest and rule.backtest["auto"] - rule.backtest["right"]
            rule.backtest_changed = rule.backtest and rule.backtest["changed_count"]

    def _backtest_words(self, result):
        since = format_date(self.env, result["since"])
        if not result["lines"]:
            return self.env._(
                "People reconciled no line with an open item since %s: the trial says nothing of this version.",
                since,
            )
        return "\n".join(
            (
                self.env._(
                    "Reconciled by people since %(since)s: %(lines)s lines.",
                    since=since,
                    lines=result["lines"],
                ),
                self.env._(
                    "Posted by themselves: %(before)s without this version, %(auto)s with it.",
                    before=result["before"],
                    auto=result["auto"],
                ),
                self.env._(
                    "As people decided: %(right)s of these %(auto)s (precision %(precision)s %%,"
                    " recall %(recall)s %%).",
                    right=result["right"],
                    auto=result["auto"],
                    precision=result["precision"],
                    recall=result["recall"],
                ),
            )
        )

    @api.constrains("kind", "maximum", "percent")
    def _check_limits(self):
        for rule in self:
            needed = rule.percent if rule.kind == "withholding" else rule.maximum
            if not needed:
                raise ValidationError(
                    self.env._(
                        "%s accepts no difference: set its percentage or maximum.", rule.name
                    )
                )

    # === CRUD METHODS === #

    @api.model_create_multi
    def create(self, vals_list):
        governed = _GOVERNED | {"code", "contributor_ids"}
        if not self.env.su and any(governed & vals.keys() for vals in vals_list):
            raise AccessError(
                self.env._("State, number and author of a rule are set by the system.")
            )
        for vals in vals_list:
            vals["author_id"] = self.env.uid
            vals["contributor_ids"] = [(6, 0, [self.env.uid])]
        rules = super().create(vals_list)
        for rule in rules.filtered(lambda one: one.code == "new"):
            rule.sudo().code = f"rule-{rule.id}"
        return rules

    def write(self, vals):
        if not self.env.su and vals.keys() & (_GOVERNED | {"code", "contributor_ids"}):
            raise AccessError(self.env._("The state of a rule changes by its buttons only."))
        if vals.keys() & set(_CONTENT):
            if any(rule.state != "draft" for rule in self):
                raise UserError(
                    self.env._("Only a draft can be edited. Make a new version for another change.")
                )
            vals = {**vals, "contributor_ids": [(4, self.env.uid)]}
            self.sudo().write({"backtest": False, "backtested_at": False})
        return super().write(vals)

    @api.ondelete(at_uninstall=False)
    def _unlink_except_used(self):
        if any(rule.effective_from for rule in self):
            raise UserError(self.env._("A rule that was in force is evidence and stays."))

    # === ACTION METHODS === #

    def action_backtest(self, months=3):
        """Try this version on what people reconciled in the last months; nothing is written but the result.

        :param int months: how far back, 1 to 24
        :return: True
        """
        self.check_access("write")
        for rule in self:
            rule._check_state("draft", "proposed", "suspended")
            result = self.env["bank.statement.match.backtest"]._try(
                rule, min(max(int(months), 1), 24)
            )
            rule.sudo().write({"backtest": result, "backtested_at": fields.Datetime.now()})
        return True

    def action_open_changed(self):
        """Open the lines that the trial decided otherwise than without this version, the first 50 of them.

        :return: action that lists them
        :rtype: dict
        """
        self.check_access("read")
        self.ensure_one()
        lines = [row["line"] for row in (self.backtest or {}).get("changed", [])]
        action = self.env["ir.actions.actions"]._for_xml_id(
            "bank_statement_api.account_bank_statement_line_action"
        )
        return {
            **action,
            "name": self.env._("Decided Differently by %s", self.name),
            "domain": [("id", "in", lines)],
            "context": {},
        }

    def action_propose(self):
        """Offer a draft for activation; it cannot be edited any more.

        :return: True
        :raise UserError: it is no draft, or was not tried on past months
        """
        self.check_access("write")
        for rule in self:
            rule._check_state("draft")
            if not rule.backtested_at:
                raise UserError(self.env._("Try %s on past months first.", rule.name))
            rule._log("match_rule.proposed")
            rule.sudo().state = "proposed"
        return True

    def action_activate(self):
        """Put a proposed or suspended version into force in place of the active one.

        :return: True
        :raise AccessError: the caller wrote it
        """
        self.check_access("write")
        for rule in self:
            rule._check_state("proposed", "suspended")
            if self.env.user in rule.contributor_ids:
                raise AccessError(
                    self.env._("You wrote %s: somebody else has to put it into force.", rule.name)
                )
            self.sudo().search(
                [
                    ("company_id", "=", rule.company_id.id),
                    ("code", "=", rule.code),
                    ("state", "=", "active"),
                ]
            ).state = "retired"
            # The index allows one active version at a time.
            self.env.flush_all()
            rule.sudo().write(
                {
                    "state": "active",
                    "approved_by_id": self.env.uid,
                    "effective_from": fields.Datetime.now(),
                    "suspended_reason": False,
                }
            )
            rule._log("match_rule.activated")
        return True

    def action_retire(self):
        """Take a version out of force.

        :return: True
        """
        self.check_access("write")
        for rule in self:
            rule._check_state("active", "suspended", "proposed")
            rule._log("match_rule.retired")
            rule.sudo().state = "retired"
        return True

    def action_new_version(self):
        """Begin a draft with what this version says.

        :return: action that opens the draft
        :rtype: dict
        """
        self.check_access("write")
        self.ensure_one()
        last = self.sudo().search(
            [("company_id", "=", self.company_id.id), ("code", "=", self.code)],
            order="number desc",
            limit=1,
        )
        draft = self.copy()
        draft.sudo().write({"code": self.code, "number": last.number + 1})
        return {
            "type": "ir.actions.act_window",
            "res_model": self._name,
            "res_id": draft.id,
            "view_mode": "form",
        }

    # === FOR THE ENGINE === #

    @api.model
    def _in_force(self, company):
        return self.sudo().search([("company_id", "=", company.id), ("state", "=", "active")])

    def _tolerance(self):
        """:rtype: facts.Tolerance"""
        self.ensure_one()
        currency = self.currency_id
        return facts.Tolerance(
            rule=self.id,
            company=self.company_id.id,
            kind=self.kind,
            currency=currency.name,
            maximum=round(self.maximum * 10**currency.decimal_places),
            rate=round(self.percent * 100),
            partners=frozenset(self.partner_ids.commercial_partner_id.ids),
            journals=frozenset(self.journal_ids.ids),
        )

    def _suspend(self, reason):
        """Take rules out of force that err, and tell people."""
        for rule in self.sudo().filtered(lambda one: one.state == "active"):
            rule.write({"state": "suspended", "suspended_reason": reason})
            rule._log("match_rule.suspended", {"reason": reason})
            self.env["finance.exception"]._open(
                "match_rule_suspended",
                self.env._("%(rule)s was suspended: %(reason)s", rule=rule.name, reason=reason),
                kind="business",
                company=rule.company_id,
                unit_key=f"rule:{rule.id}",
                record=rule,
            )

    def _check_state(self, *states):
        if self.state not in states:
            labels = dict(self._fields["state"]._description_selection(self.env))
            raise UserError(
                self.env._(
                    "%(rule)s is %(state)s; this needs: %(wanted)s.",
                    rule=self.name,
                    state=labels[self.state],
                    wanted=", ".join(labels[state] for state in states),
                )
            )

    def _log(self, action, details=None):
        self.env["finance.audit.event"]._log(
            action,
            self,
            summary=self.name,
            details={"code": self.code, "number": self.number, **(details or {})},
        )
