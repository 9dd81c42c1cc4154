import base64

from odoo import api, fields, models
from odoo.exceptions import UserError, ValidationError
from odoo.tools import SQL

from odoo.addons.finance_connector_base.tools.csv_safe import write_csv
from odoo.addons.finance_connector_base.tools.errors import BusinessError
from odoo.addons.finance_connector_base.tools.mapping_code import code_digest
from odoo.addons.finance_connector_base.tools.masking import mask_text

KINDS = [
    ("entity", "Entity"),
    ("journal", "Journal"),
    ("account", "Account"),
    ("currency", "Currency"),
    ("counterparty", "Counterparty"),
    ("tax", "Tax"),
    ("payment_method", "Payment Method"),
    ("document_id", "Document ID"),
]
# What a code of each kind stands for; a kind that is not here maps to a text.
TARGET_MODELS = {
    "entity": "res.company",
    "journal": "account.journal",
    "account": "account.account",
    "currency": "res.currency",
    "counterparty": "res.partner",
    "tax": "account.tax",
    "payment_method": "account.payment.method",
}
# Their records belong to a company, so a table that all companies share cannot name them.
_COMPANY_KINDS = {"journal", "account", "tax"}

CSV_COLUMNS = ("code", "target", "valid_from", "valid_to", "code_digest")


class FinanceMappingTable(models.Model):
    """What the codes of one kind stand for in Odoo, for one connection or as the fallback of all connections."""

    _name = "finance.mapping.table"
    _description = "Finance Mapping Table"
    _order = "kind, name, id"
    _check_company_auto = True

    name = fields.Char(required=True)
    active = fields.Boolean(default=True)
    kind = fields.Selection(KINDS, required=True)
    company_id = fields.Many2one(
        "res.company",
        index=True,
        default=lambda self: self.env.company,
        help="Empty: shared by all companies on purpose. A company's own table is asked first.",
    )
    connection_id = fields.Many2one(
        "finance.connection",
        index="btree_not_null",
        check_company=True,
        ondelete="restrict",
        help="Empty: the fallback, asked when the connection's own table does not know a code.",
    )
    entry_ids = fields.One2many("finance.mapping.entry", "table_id")
    entry_count = fields.Integer(string="Codes", compute="_compute_entry_count")
    csv_file = fields.Binary(compute="_compute_csv_file")

    _scope_uniq = models.UniqueIndex(
        "(kind, COALESCE(connection_id, 0), COALESCE(company_id, 0)) WHERE active",
        "There is a table of this kind for this connection and company already: add the codes there.",
    )

    # === COMPUTE METHODS === #

    @api.depends("entry_ids")
    def _compute_entry_count(self):
        counts = dict(
            self.env["finance.mapping.entry"]._read_group(
                [("table_id", "in", self.ids)], ["table_id"], ["__count"]
            )
        )
        for table in self:
            table.entry_count = counts.get(table, 0)

    def _compute_csv_file(self):
        for table in self:
            entries = table.entry_ids
            keys = entries._target_keys()
            content = write_csv(
                CSV_COLUMNS,
                [
                    {
                        "code": entry.code,
                        "target": keys[entry],
                        "valid_from": entry.valid_from.isoformat() if entry.valid_from else "",
                        "valid_to": entry.valid_to.isoformat() if entry.valid_to else "",
                        "code_digest": entry.code_digest,
                    }
                    for entry in entries
                ],
            )
            table.csv_file = base64.b64encode(content)

    # === CONSTRAINT METHODS === #

    @api.constrains("kind", "company_id")
    def _check_company_kind(self):
        for table in self:
            if table.kind in _COMPANY_KINDS and not table.company_id:
                raise ValidationError(
                    self.env._(
                        "Journals, accounts and taxes belong to a company: choose the company of the table."
                    )
                )

    @api.constrains("company_id", "connection_id")
    def _check_targets(self):
        self.entry_ids._check_target()

    # === CRUD METHODS === #

    @api.model_create_multi
    def create(self, vals_list):
        tables = super().create(vals_list)
        for table in tables:
            table._log(
                "mapping.table_created",
                {"kind": table.kind, "connection_id": table.connection_id.id},
            )
        return tables

    def write(self, vals):
        if "kind" in vals and any(table.kind != vals["kind"] and table.entry_ids for table in self):
            raise UserError(
                self.env._("A table that has codes keeps its kind: start another table.")
            )
        before = {table: table._values_of(vals) for table in self}
        result = super().write(vals)
        for table, values in before.items():
            after = table._values_of(vals)
            changed = {name for name in values if values[name] != after[name]}
            if changed:
                table._log(
                    "mapping.table_changed",
                    {
                        "before": {name: values[name] for name in changed},
                        "after": {name: after[name] for name in changed},
                    },
                )
        return result

    @api.ondelete(at_uninstall=False)
    def _unlink_except_filled(self):
        for table in self:
            if table.entry_ids:
                raise UserError(
                    self.env._("%s still has codes: archive it instead.", table.display_name)
                )
            table._log(
                "mapping.table_deleted",
                {"kind": table.kind, "connection_id": table.connection_id.id},
            )

    # === ACTION METHODS === #

    def action_export(self):
        """Download the table as CSV. Account numbers stay masked; the digest beside them lets it be imported again.

        :return: action that downloads the file
        """
        self.ensure_one()
        self.check_access("read")
        return {
            "type": "ir.actions.act_url",
            "url": f"/web/content/{self._name}/{self.id}/csv_file/mapping-{self.kind}-{self.id}.csv?download=true",
            "target": "self",
        }

    def action_import(self):
        """Open the dialogue that imports a CSV file into this table.

        :return: action of ``finance.mapping.import``
        """
        self.ensure_one()
        wizard = self.env["finance.mapping.import"].create({"table_id": self.id})
        return wizard._open()

    # === BUSINESS METHODS === #

    def _is_in_use(self):
        """:return: whether an interface that is switched on may ask this table"""
        self.ensure_one()
        domain = [("mode", "!=", "off")]
        if self.connection_id:
            domain.append(("connection_id", "=", self.connection_id.id))
        if self.company_id:
            domain.append(("company_id", "=", self.company_id.id))
        return bool(self.env["finance.interface"].sudo().search_count(domain, limit=1))

    @api.model
    def _resolve(self, kind, code, *, connection=None, company=None, on_date=None, required=True):
        """What a code stands for: the connection's own table is asked first, then the fallback; of each, the company's
        before the shared one.

        :param str kind: a key of ``KINDS``
        :param str code: the counterparty's code
        :param connection: ``finance.connection`` the code came over
        :param company: ``res.company``; by default the connection's, else the current one
        :param date on_date: day on which the mapping has to be valid; today by default
        :param bool required: raise when nothing is found
        :return: a record of the kind's model (empty when not found), or the canonical text (``None`` when not found)
        :raise BusinessError: ``mapping_missing``
        """
        connection = connection or self.env["finance.connection"]
        company = company or connection.company_id or self.env.company
        on_date = on_date or fields.Date.today()
        digest = code_digest(kind, code)
        self.flush_model()
        self.env["finance.mapping.entry"].flush_model()
        rows = self.env.execute_query(
            SQL(
                """
                SELECT entry.res_id, entry.value
                  FROM finance_mapping_entry entry
                  JOIN finance_mapping_table tab ON tab.id = entry.table_id
                 WHERE entry.code_digest = %s
                   AND tab.kind = %s
                   AND tab.active
                   AND (tab.connection_id = %s OR tab.connection_id IS NULL)
                   AND (tab.company_id = %s OR tab.company_id IS NULL)
                   AND (entry.valid_from IS NULL OR entry.valid_from <= %s)
                   AND (entry.valid_to IS NULL OR entry.valid_to >= %s)
                 ORDER BY tab.connection_id NULLS LAST, tab.company_id NULLS LAST
                 LIMIT 1
                """,
                digest,
                kind,
                connection.id or None,
                company.id,
                on_date,
                on_date,
            )
        )
        res_id, value = rows[0] if rows else (None, None)
        model = TARGET_MODELS.get(kind)
        found = self.env[model].browse(res_id or ()).exists() if model else value
        if found or not required:
            return found
        raise BusinessError(
            "mapping_missing",
            self.env._(
                "%(kind)s “%(code)s” has no mapping for %(company)s.",
                kind=dict(self._fields["kind"]._description_selection(self.env))[kind],
                code=self._label(code),
                company=company.name,
            ),
            evidence={
                "kind": kind,
                "code": self._label(code),
                "code_digest": digest,
                "connection_id": connection.id or None,
                "company_id": company.id,
                "on_date": on_date.isoformat(),
            },
        )

    @api.model
    def _label(self, code):
        """:return: ``code`` as it may be stored and shown"""
        return mask_text(code, self.env["finance.vault"]._policy())

    @api.model
    def _of(self, kind, company, connection):
        """The table of a kind for a company and a connection (empty: the fallback), made where it is missing.

        :return: ``finance.mapping.table``
        """
        table = self.search(
            [
                ("kind", "=", kind),
                ("company_id", "=", company.id),
                ("connection_id", "=", connection.id),
            ]
        )
        if table:
            return table
        label = dict(self._fields["kind"]._description_selection(self.env))[kind]
        owner = connection.name or self.env._("all connections")
        return self.create(
            {
                "name": self.env._("%(kind)s codes of %(owner)s", kind=label, owner=owner),
                "kind": kind,
                "company_id": company.id,
                "connection_id": connection.id,
            }
        )

    def _values_of(self, names):
        self.ensure_one()
        return {
            name: self._fields[name].convert_to_write(self[name], self)
            for name in names
            if name in ("name", "active", "kind", "company_id", "connection_id")
        }

    def _log(self, action, details):
        self.env["finance.audit.event"]._log(action, self, summary=self.name, details=details)
