from odoo import api, fields, models
from odoo.exceptions import AccessError, UserError
from odoo.tools import SQL

from odoo.addons.finance_connector_base.models.finance_exception import OPEN_STATES
from odoo.addons.finance_connector_base.models.finance_mapping_entry import MASKED
from odoo.addons.finance_connector_base.models.finance_mapping_table import KINDS, TARGET_MODELS

_MOST_SUGGESTIONS = 5
# What the exceptions say: a caller who could say otherwise would map any code of any company.
_CASE = {"company_id", "connection_id", "code", "code_digest", "res_model"}


class FinanceExceptionFixMapping(models.TransientModel):
    """Say what a code stands for, close the exceptions that miss it and try their exchanges again.

    The evidence of an exception has the code masked and its digest. The digest is all that a mapping needs, so nobody
    has to know or type the account number.
    """

    _name = "finance.exception.fix.mapping"
    _description = "Fix a Missing Mapping"

    exception_ids = fields.Many2many(
        "finance.exception", string="Exceptions", required=True, readonly=True
    )
    company_id = fields.Many2one(
        "res.company", compute="_compute_case", store=True, precompute=True
    )
    connection_id = fields.Many2one(
        "finance.connection", compute="_compute_case", store=True, precompute=True
    )
    kind = fields.Selection(
        KINDS, compute="_compute_case", store=True, precompute=True, readonly=False
    )
    code = fields.Char(compute="_compute_case", store=True, precompute=True)
    code_digest = fields.Char(compute="_compute_case", store=True, precompute=True)
    typed_code = fields.Char(
        string="Code in Full",
        compute="_compute_typed_code",
        inverse="_inverse_typed_code",
        help="The exception does not say the whole code. It is not kept in clear if it is an account number.",
    )
    res_model = fields.Char(compute="_compute_res_model", store=True, precompute=True)
    res_id = fields.Many2oneReference(string="Stands For", model_field="res_model")
    value = fields.Char(string="Stands For (Text)")
    scope = fields.Selection(
        [("connection", "This connection only"), ("fallback", "All connections")],
        string="Holds For",
        required=True,
        default="connection",
    )
    valid_from = fields.Date(help="First day; empty: always was.")
    suggestion_ids = fields.One2many(
        "finance.exception.fix.mapping.suggestion", "wizard_id", readonly=True
    )

    # === COMPUTE METHODS === #

    @api.depends("exception_ids")
    def _compute_case(self):
        for wizard in self:
            exceptions = wizard.exception_ids
            wizard.company_id = exceptions[:1].company_id
            connections = exceptions.connection_id
            wizard.connection_id = connections if len(connections) == 1 else False
            wizard.kind, wizard.code, wizard.code_digest = wizard._missed()

    def _compute_typed_code(self):
        self.typed_code = False

    def _inverse_typed_code(self):
        for wizard in self.filtered("typed_code"):
            if wizard._missed()[2]:
                raise UserError(self.env._("The exception says itself which code is missing."))
            code, digest = self.env["finance.mapping.entry"]._identify(
                wizard.kind, wizard.typed_code
            )
            wizard.sudo().write(
                {"code": self.env["finance.mapping.table"]._label(code), "code_digest": digest}
            )

    @api.depends("kind")
    def _compute_res_model(self):
        for wizard in self:
            wizard.res_model = TARGET_MODELS.get(wizard.kind)

    # === CRUD METHODS === #

    @api.model_create_multi
    def create(self, vals_list):
        for vals in vals_list:
            self._check_case(vals)
        wizards = super().create(vals_list)
        for wizard in wizards:
            wizard._check_same_code()
            if not wizard.connection_id:
                wizard.scope = "fallback"
            wizard._suggest()
        return wizards

    def write(self, vals):
        self._check_case(vals)
        return super().write(vals)

    @api.model
    def _governed_names(self, names):
        return _CASE & {*names}

    def _check_case(self, vals):
        if _CASE & vals.keys() and not self.env.su:
            raise AccessError(self.env._("Which code is missing, and where, the exceptions say."))

    # === ACTION METHODS === #

    def action_apply(self):
        """Create the mapping, close what waited for it with it as the reason, and try those exchanges again.

        :return: action that closes the dialogue
        :raise UserError: something is missing, or the code stands for something else already
        """
        self.ensure_one()
        if not self.kind or not self.code_digest:
            raise UserError(self.env._("Say which kind of code it is, and type the code in full."))
        entry_sudo = self._find_or_create_entry()
        exceptions = self.exception_ids | self._waiting()
        exchanges = exceptions.exchange_id
        exceptions._close(
            "resolved",
            self.env._(
                "Mapped: “%(code)s” stands for %(target)s.",
                code=self.code,
                target=entry_sudo.target_name,
            ),
        )
        exchanges.filtered(
            lambda exchange: exchange.work_status in ("exception", "dead", "retry")
        ).action_retry()
        return {"type": "ir.actions.act_window_close"}

    # === BUSINESS METHODS === #

    def _missed(self):
        """:return: kind, code and digest of what the exceptions miss, each False or None where they do not say it
        :rtype: tuple
        """
        evidence = self.exception_ids[:1].evidence or {}
        kind, code, digest = (evidence.get(name) for name in ("kind", "code", "code_digest"))
        if kind not in dict(KINDS):
            kind = False
        elif code and not digest and MASKED not in code:
            code, digest = self.env["finance.mapping.entry"]._identify(kind, code)
        return kind, code, digest

    def _check_same_code(self):
        exceptions = self.exception_ids
        if not all(exceptions.mapped("misses_mapping")):
            raise UserError(self.env._("A mapping cures exceptions that miss one only."))
        cases = {
            (
                exception.company_id,
                *((exception.evidence or {}).get(name) for name in ("kind", "code", "code_digest")),
            )
            for exception in exceptions
        }
        if len(cases) != 1:
            raise UserError(
                self.env._("These exceptions miss different codes: fix one code at a time.")
            )

    def _waiting(self):
        """:return: the other open exceptions that this mapping cures"""
        self.env["finance.exception"].flush_model()
        rows = self.env.execute_query(
            SQL(
                """
                SELECT id
                  FROM finance_exception
                 WHERE state IN %s
                   AND company_id = %s
                   AND evidence ->> 'code_digest' = %s
                   AND (%s OR connection_id = %s)
                """,
                OPEN_STATES,
                self.company_id.id,
                self.code_digest,
                self.scope == "fallback",
                self.connection_id.id or None,
            )
        )
        return self.env["finance.exception"].browse([row[0] for row in rows])

    def _find_or_create_entry(self):
        """:return: the entry, as superuser: operators add mappings by this dialogue only"""
        if self.res_model:
            target = self.env[self.res_model].browse(self.res_id or ()).exists()
            if not target:
                raise UserError(self.env._("Choose what “%s” stands for.", self.code))
            target.check_access("read")
        connection = (
            self.connection_id if self.scope == "connection" else self.env["finance.connection"]
        )
        table_sudo = (
            self.env["finance.mapping.table"].sudo()._of(self.kind, self.company_id, connection)
        )
        vals = {
            "res_id": self.res_id if self.res_model else False,
            "value": False if self.res_model else self.value,
        }
        known_sudo = table_sudo.entry_ids.filtered(
            lambda entry: (
                entry.code_digest == self.code_digest
                and (not entry.valid_to or not self.valid_from or entry.valid_to >= self.valid_from)
            )
        )
        if not known_sudo:
            return (
                self.env["finance.mapping.entry"]
                .sudo()
                .create(
                    {
                        "table_id": table_sudo.id,
                        "code": self.code,
                        "code_digest": self.code_digest,
                        "valid_from": self.valid_from,
                        **vals,
                    }
                )
            )
        if any(known_sudo[-1][name] != (vals[name] or False) for name in vals if vals[name]):
            raise UserError(
                self.env._(
                    "“%(code)s” stands for %(target)s already. Ask an integration manager to change the mapping.",
                    code=self.code,
                    target=known_sudo[-1].target_name,
                )
            )
        return known_sudo[-1]

    def _suggest(self):
        self.ensure_one()
        if not self.res_model:
            return
        candidates = self._candidates()
        self.env["finance.exception.fix.mapping.suggestion"].create(
            [
                {"wizard_id": self.id, "res_id": record.id, "name": record.display_name}
                for record in candidates
            ]
        )
        if len(candidates) == 1:
            self.res_id = candidates.id

    def _candidates(self):
        """:return: a few records that the code may stand for, by their numbers or names"""
        model = self.env[self.res_model].with_company(self.company_id)
        domain = []
        if {"company_id", "company_ids"} & model._fields.keys() and self.kind != "entity":
            domain = [*model._check_company_domain(self.company_id)]
        # Of an account number, masking leaves the end.
        text = (self.code or "").partition("|")[0].strip("* ")
        if not text:
            return model
        if self.kind == "journal":
            domain += [
                ("type", "in", ("bank", "cash", "credit")),
                ("bank_account_id.sanitized_acc_number", "=like", f"%{text}"),
            ]
            return model.search(domain, limit=_MOST_SUGGESTIONS)
        found = model.name_search(text, domain, limit=_MOST_SUGGESTIONS)
        return model.browse([record_id for record_id, _name in found])


class FinanceExceptionFixMappingSuggestion(models.TransientModel):
    """A record that the missing code may stand for."""

    _name = "finance.exception.fix.mapping.suggestion"
    _description = "Suggested Mapping"

    wizard_id = fields.Many2one(
        "finance.exception.fix.mapping", required=True, index=True, ondelete="cascade"
    )
    res_id = fields.Integer(required=True)
    name = fields.Char(required=True)

    def action_choose(self):
        """Take this record as what the code stands for.

        :return: action that shows the dialogue again
        """
        self.ensure_one()
        self.wizard_id.res_id = self.res_id
        return {
            "type": "ir.actions.act_window",
            "name": self.env._("Fix Mapping"),
            "res_model": self.wizard_id._name,
            "res_id": self.wizard_id.id,
            "views": [(False, "form")],
            "target": "new",
        }
