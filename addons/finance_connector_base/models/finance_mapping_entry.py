from collections import defaultdict

from odoo import api, fields, models
from odoo.exceptions import UserError, ValidationError

from odoo.addons.finance_connector_base.models.finance_mapping_table import TARGET_MODELS
from odoo.addons.finance_connector_base.tools.mapping_code import (
    code_digest,
    is_code_digest,
    normalise_code,
)

# What names a record of each model in a file, so that the file also fits another database.
KEY_FIELDS = {
    "res.company": "name",
    "account.journal": "code",
    "account.account": "code",
    "res.currency": "name",
    "res.partner": "ref",
    "account.tax": "name",
    "account.payment.method": "code",
}
ID_PREFIX = "id:"
# What masking leaves of an account number begins like this.
MASKED = "****"


class FinanceMappingEntry(models.Model):
    """One code and what it stands for, from one day to another.

    A code that is an account number is kept masked; its digest is what is looked up.
    """

    _name = "finance.mapping.entry"
    _description = "Finance Mapping Entry"
    _inherit = ["finance.company.mixin"]
    _order = "code, valid_from, id"
    _rec_name = "code"

    table_id = fields.Many2one(
        "finance.mapping.table", required=True, index=True, ondelete="restrict"
    )
    kind = fields.Selection(related="table_id.kind", store=True, precompute=True)
    company_id = fields.Many2one(
        related="table_id.company_id", store=True, precompute=True, index=True
    )
    connection_id = fields.Many2one(related="table_id.connection_id")
    code = fields.Char(
        required=True,
        help="The counterparty's code. An account number is kept masked, and still recognised.",
    )
    code_digest = fields.Char(required=True, readonly=True, help="Stands for the exact code.")
    res_model = fields.Char(compute="_compute_res_model", store=True, precompute=True)
    res_id = fields.Many2oneReference(string="Stands For", model_field="res_model")
    value = fields.Char(string="Stands For (Text)")
    target_name = fields.Char(string="Meaning", compute="_compute_target_name")
    valid_from = fields.Date(help="First day; empty: always was.")
    valid_to = fields.Date(help="Last day; empty: until further notice.")

    _digest_idx = models.Index("(code_digest, table_id)")
    _validity_check = models.Constraint(
        "CHECK (valid_from <= valid_to)", "A mapping cannot end before it begins."
    )
    # Ranges of one value stand in for plain equality, which GiST indexes do not offer without an extension.
    _overlap_excl = models.Constraint(
        """EXCLUDE USING gist (
            int4range(table_id, table_id, '[]') WITH &&,
            numrange(hashtextextended(code_digest, 0)::numeric, hashtextextended(code_digest, 0)::numeric, '[]')
                WITH &&,
            daterange(valid_from, valid_to, '[]') WITH &&
        )""",
        "A code stands for one thing on one day: end the earlier mapping before the new one begins.",
    )

    # === COMPUTE METHODS === #

    @api.depends("kind")
    def _compute_res_model(self):
        for entry in self:
            entry.res_model = TARGET_MODELS.get(entry.kind)

    @api.depends("res_model", "res_id", "value")
    def _compute_target_name(self):
        for entry in self:
            target_sudo = entry._target().sudo() if entry.res_model else None
            entry.target_name = target_sudo.display_name if target_sudo else entry.value

    # === CONSTRAINT METHODS === #

    @api.constrains("res_id", "value", "table_id")
    def _check_target(self):
        for entry in self:
            if not entry.res_model:
                if not (entry.value or "").strip() or entry.res_id:
                    raise ValidationError(self.env._("Say what “%s” stands for.", entry.code))
                continue
            target_sudo = entry._target().sudo()
            if not target_sudo or entry.value:
                raise ValidationError(self.env._("Choose what “%s” stands for.", entry.code))
            if not entry._fits_company(target_sudo):
                raise ValidationError(
                    self.env._(
                        "%(target)s does not belong to %(company)s.",
                        target=target_sudo.display_name,
                        company=entry.company_id.name
                        or self.env._("all companies, which share this table"),
                    )
                )

    # === CRUD METHODS === #

    @api.model_create_multi
    def create(self, vals_list):
        tables = self.env["finance.mapping.table"]
        entries = super().create(
            [
                self._with_digest(
                    vals,
                    tables.browse(vals.get("table_id") or self.env.context.get("default_table_id")),
                )
                for vals in vals_list
            ]
        )
        for entry in entries:
            entry._log("mapping.entry_created", {"after": entry._facts()})
        return entries

    def write(self, vals):
        if "table_id" in vals and any(entry.table_id.id != vals["table_id"] for entry in self):
            raise UserError(
                self.env._("A mapping stays in its table: end it, and add one to the other table.")
            )
        before = {entry: entry._facts() for entry in self}
        for table, entries in self.grouped("table_id").items():
            super(FinanceMappingEntry, entries).write(self._with_digest(vals, table))
        # What ends makes room for what begins: the database has to know before the next row is added.
        self.flush_recordset()
        for entry, facts in before.items():
            after = entry._facts()
            if after != facts:
                entry._log("mapping.entry_changed", {"before": facts, "after": after})
        return True

    @api.ondelete(at_uninstall=False)
    def _unlink_with_trace(self):
        for entry in self:
            entry._log("mapping.entry_deleted", {"before": entry._facts()})

    # === BUSINESS METHODS === #

    @api.model
    def _governed_names(self, names):
        # The two stand for each other: neither comes without the other one.
        return super()._governed_names(names) | ({"code", "code_digest"} & {*names})

    @api.model
    def _with_digest(self, vals, table):
        """:return: ``vals`` with a code that may be stored, and its digest"""
        if not vals.get("code"):
            if "code_digest" in vals:
                raise UserError(
                    self.env._("The digest stands for the code: give the code that it belongs to.")
                )
            return vals
        code, digest = self._identify(table.kind, vals["code"], vals.get("code_digest"))
        return {
            **vals,
            "code": self.env["finance.mapping.table"]._label(code),
            "code_digest": digest,
        }

    @api.model
    def _identify(self, kind, code, digest=None):
        """The code in its one form, and its digest.

        :param str code: as typed; masked only together with its digest
        :param str digest: as of an export or an exception
        :return: (code, digest)
        :rtype: tuple
        :raise UserError: the two do not belong together, or stand for nothing
        """
        code = normalise_code(kind, code)
        if not code:
            raise UserError(self.env._("The code is empty."))
        if not digest:
            if MASKED in code:
                raise UserError(
                    self.env._("Give the whole code: “%s” is masked and stands for nothing.", code)
                )
            return code, code_digest(kind, code)
        if not is_code_digest(digest) or (MASKED not in code and digest != code_digest(kind, code)):
            raise UserError(
                self.env._("The digest of “%s” is that of another code: leave it empty.", code)
            )
        return code, digest

    def _target(self):
        """:return: the record that the code stands for; empty when there is none"""
        self.ensure_one()
        return self.env[self.res_model].browse(self.res_id or ()).exists()

    def _fits_company(self, target_sudo):
        if (
            not {"company_id", "company_ids"} & target_sudo._fields.keys()
            or target_sudo._name == "res.company"
        ):
            return True
        return bool(target_sudo.filtered_domain(target_sudo._check_company_domain(self.company_id)))

    def _facts(self):
        self.ensure_one()
        return {
            "table": self.table_id.name,
            "kind": self.kind,
            "code": self.code,
            "stands_for": self.target_name,
            "res_id": self.res_id or None,
            "valid_from": str(self.valid_from or ""),
            "valid_to": str(self.valid_to or ""),
        }

    def _log(self, action, details):
        self.env["finance.audit.event"]._log(action, self, summary=self.code, details=details)

    # === FILES === #

    def _target_keys(self):
        """What stands for each target in a file: its own key where that names one record, else its database id.

        :return: text by entry
        :rtype: dict
        """
        keys = {entry: entry.value or "" for entry in self if not entry.res_model}
        for model, entries in self.filtered("res_model").grouped("res_model").items():
            for company, own in entries.grouped("company_id").items():
                records = (
                    self.env[model]
                    .sudo()
                    .with_company(company)
                    .browse(own.mapped("res_id"))
                    .exists()
                )
                names = {record.id: record[KEY_FIELDS[model]] or "" for record in records}
                ids = self._ids_by_key(model, company, set(names.values()))
                for entry in own:
                    name = names.get(entry.res_id, "")
                    keys[entry] = (
                        name if ids.get(name) == [entry.res_id] else f"{ID_PREFIX}{entry.res_id}"
                    )
        return keys

    @api.model
    def _ids_by_key(self, model, company, keys):
        """The records that may be meant by keys or database ids of a file.

        :param str model: one of ``KEY_FIELDS``
        :param company: of the table; empty for a shared one
        :param set keys: texts of the column ``target``
        :return: list of ids by key
        :rtype: dict
        """
        records = self.env[model].with_company(company)
        domain = []
        if {"company_id", "company_ids"} & records._fields.keys() and model != "res.company":
            domain = [*records._check_company_domain(company)]
        field = KEY_FIELDS[model]
        names = {key for key in keys if key and not key.startswith(ID_PREFIX)}
        numbers = {
            int(number): key
            for key in keys
            if key.startswith(ID_PREFIX)
            and (number := key.removeprefix(ID_PREFIX).strip()).isdecimal()
        }
        found = defaultdict(list)
        for record in records.search([*domain, (field, "in", list(names))]):
            found[record[field]].append(record.id)
        for record in records.search([*domain, ("id", "in", list(numbers))]):
            found[numbers[record.id]].append(record.id)
        return found
