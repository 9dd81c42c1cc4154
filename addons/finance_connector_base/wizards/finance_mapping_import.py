import base64
from datetime import date
from itertools import pairwise

from odoo import fields, models
from odoo.exceptions import UserError

from odoo.addons.finance_connector_base.models.finance_mapping_table import TARGET_MODELS
from odoo.addons.finance_connector_base.tools.csv_safe import CsvError, read_csv
from odoo.addons.finance_connector_base.tools.digest import sha256_hex

_MOST_ERRORS_SHOWN = 50


class FinanceMappingImport(models.TransientModel):
    """Take a CSV file into a mapping table: first looked at as a whole, then taken as a whole or not at all.

    A row with the code and first day of an existing mapping changes that one; any other is added. What the file does
    not name stays.
    """

    _name = "finance.mapping.import"
    _description = "Import of Mappings"
    _inherit = ["finance.encrypted.mixin"]

    table_id = fields.Many2one("finance.mapping.table", required=True, readonly=True)
    file = fields.Binary(
        string="CSV File",
        compute="_compute_file",
        inverse="_inverse_file",
        help="Kept encrypted until it is taken.",
    )
    filename = fields.Char()
    report = fields.Text(readonly=True)
    is_checked = fields.Boolean(readonly=True)
    is_clean = fields.Boolean(readonly=True)

    # === COMPUTE METHODS === #

    def _compute_file(self):
        self.file = False

    def _inverse_file(self):
        for wizard in self:
            if wizard.file:
                wizard._seal(base64.b64decode(wizard.file))
                wizard.is_checked = False

    # === ACTION METHODS === #

    def action_check(self):
        """Look at the file without taking anything of it.

        :return: action that shows what was found
        """
        created, changed, errors = self._plan()
        self._tell(created, changed, errors)
        return self._open()

    def action_import(self):
        """Take the whole file; with one bad row, nothing of it. Where codes are in use, propose it to a second person.

        :return: action that opens the table, or the proposal
        """
        self.table_id.check_access("write")
        created, changed, errors = self._plan()
        if errors:
            self._tell(created, changed, errors)
            return self._open()
        record = self.table_id
        if record._is_in_use():
            record = self.env["finance.mapping.batch"]._propose(self, len(created), len(changed))
        else:
            self._take(created, changed)
        self._erase()
        return {
            "type": "ir.actions.act_window",
            "res_model": record._name,
            "res_id": record.id,
            "views": [(False, "form")],
        }

    # === BUSINESS METHODS === #

    def _take(self, created, changed):
        # What ends comes before what begins: the database refuses two mappings of a code on one day.
        for entry, vals in changed:
            entry.write(vals)
        self.env["finance.mapping.entry"].create(created)
        self.env["finance.audit.event"]._log(
            "mapping.imported",
            self.table_id,
            summary=self.table_id.name,
            details={
                "file": self.filename or "",
                "sha256": sha256_hex(self._content()),
                "added": len(created),
                "changed": len(changed),
            },
        )

    def _open(self):
        return {
            "type": "ir.actions.act_window",
            "name": self.env._("Import %s", self.table_id.name),
            "res_model": self._name,
            "res_id": self.id,
            "views": [(False, "form")],
            "target": "new",
        }

    def _content(self):
        content = self._unseal()
        if content is None:
            raise UserError(self.env._("Choose a file first."))
        return content

    def _tell(self, created, changed, errors):
        shown = errors[:_MOST_ERRORS_SHOWN]
        if len(errors) > len(shown):
            shown.append(self.env._("… and %s more.", len(errors) - len(shown)))
        self.write(
            {
                "is_checked": True,
                "is_clean": not errors,
                "report": "\n".join(shown)
                or self.env._(
                    "%(added)s to add, %(changed)s to change. Nothing was taken yet.",
                    added=len(created),
                    changed=len(changed),
                ),
            }
        )

    def _plan(self):
        """Read the file.

        :return: values to create, (entry, values) to write, and what is wrong, by line
        :rtype: tuple
        """
        self.ensure_one()
        rows, errors = [], []
        try:
            rows.extend(
                read_csv(
                    self._content(), ("code", "target"), ("valid_from", "valid_to", "code_digest")
                )
            )
        except CsvError as error:
            return [], [], [str(error)]
        targets = self._targets({row.values["target"] for row in rows})
        known = {(entry.code_digest, entry.valid_from): entry for entry in self.table_id.entry_ids}
        created, changed, periods = [], [], {}
        for row in rows:
            try:
                vals = self._read_row(row.values, targets)
            except UserError as error:
                errors.append(
                    self.env._("Line %(line)s: %(problem)s", line=row.line, problem=error)
                )
                continue
            periods.setdefault(vals["code_digest"], []).append(
                (row.line, vals["valid_from"], vals["valid_to"])
            )
            entry = known.pop((vals["code_digest"], vals["valid_from"]), None)
            if entry is None:
                created.append({**vals, "table_id": self.table_id.id})
            elif self._differs(entry, vals):
                changed.append(
                    (entry, {name: vals[name] for name in ("res_id", "value", "valid_to")})
                )
        for (digest, _start), entry in known.items():
            if digest in periods:
                periods[digest].append((None, entry.valid_from, entry.valid_to))
        errors += self._overlaps(periods)
        return created, changed, errors

    def _targets(self, keys):
        model = TARGET_MODELS.get(self.table_id.kind)
        if model is None:
            return None
        return self.env["finance.mapping.entry"]._ids_by_key(model, self.table_id.company_id, keys)

    def _read_row(self, values, targets):
        """:raise UserError: what is wrong with the row, for a person"""
        code, digest = self.env["finance.mapping.entry"]._identify(
            self.table_id.kind, values["code"], values["code_digest"]
        )
        vals = {
            "code": code,
            "code_digest": digest,
            "res_id": False,
            "value": False,
            "valid_from": self._read_date(values["valid_from"]),
            "valid_to": self._read_date(values["valid_to"]),
        }
        if vals["valid_from"] and vals["valid_to"] and vals["valid_to"] < vals["valid_from"]:
            raise UserError(self.env._("It ends before it begins."))
        target = values["target"]
        if not target:
            raise UserError(self.env._("The target is empty."))
        if targets is None:
            return {**vals, "value": target}
        ids = targets.get(target, [])
        if len(ids) != 1:
            message = (
                self.env._(
                    "%(count)s are called “%(target)s”: give id: and the number.",
                    count=len(ids),
                    target=target,
                )
                if ids
                else self.env._("Nothing in Odoo is called “%s”.", target)
            )
            raise UserError(message)
        return {**vals, "res_id": ids[0]}

    def _read_date(self, text):
        try:
            return date.fromisoformat(text) if text else False
        except ValueError as error:
            raise UserError(self.env._("“%s” is no date: write 2026-01-31.", text)) from error

    def _differs(self, entry, vals):
        return any(
            (entry[name] or False) != (vals[name] or False)
            for name in ("res_id", "value", "valid_to")
        )

    def _overlaps(self, periods):
        errors = []
        for spans in periods.values():
            spans.sort(key=lambda span: span[1] or date.min)
            for (line, _start, end), (next_line, start, _end) in pairwise(spans):
                if not end or not start or start <= end:
                    errors.append(
                        self.env._(
                            "Line %(line)s: the code stands for something else on the same day; see %(other)s.",
                            line=next_line or line,
                            other=self.env._("line %s", line)
                            if next_line and line
                            else self.env._("the table"),
                        )
                    )
        return errors
