import ast

from odoo import api, fields, models
from odoo.exceptions import AccessError, UserError, ValidationError
from odoo.fields import Domain

_SOURCE = {"code", "model", "date_field", "domain", "watched_fields", "control"}


class ReportingDataset(models.Model):
    """Records of one kind that leave Odoo for reporting. A new data set is data: a model, a filter and columns."""

    _name = "reporting.dataset"
    _description = "Reporting Data Set"
    _inherit = ["finance.audited.mixin", "mail.thread"]
    _order = "sequence, name"
    _audit_subject = "dataset"
    _audit_ignored = frozenset({"active_contract_id"})

    sequence = fields.Integer(default=10)
    name = fields.Char(required=True, translate=True)
    code = fields.Char(
        required=True, copy=False, help="Stable name for consumers, e.g. journal_items."
    )
    active = fields.Boolean(default=True)
    description = fields.Text(translate=True)
    model = fields.Char(required=True, help="Technical name of the source, e.g. account.move.line.")
    date_field = fields.Char(
        required=True, default="date", help="Field of the source that puts a row into its period."
    )
    domain = fields.Char(
        required=True,
        default="[]",
        help="Which records belong to it, e.g. [('parent_state', '=', 'posted')].",
    )
    watched_fields = fields.Char(
        help="Many2one fields of the source, separated by commas, whose records change a row as well: move_id."
    )
    control = fields.Selection(
        [("ledger", "Trial balance of the ledger"), ("count", "Number of records")],
        required=True,
        default="count",
        help="What the exported rows have to agree with before anything is delivered.",
    )
    contract_ids = fields.One2many("reporting.contract", "dataset_id")
    active_contract_id = fields.Many2one(
        "reporting.contract", readonly=True, copy=False, ondelete="restrict", index="btree_not_null"
    )

    _code_uniq = models.Constraint("UNIQUE(code)", "Another data set has this code.")

    # === CONSTRAINT METHODS === #

    @api.constrains("code")
    def _check_code(self):
        for dataset in self:
            if not dataset.code.isidentifier() or dataset.code != dataset.code.lower():
                raise ValidationError(
                    self.env._(
                        "%s names folders and tables: use lower case letters, digits and underscores.",
                        dataset.code,
                    )
                )

    @api.constrains("model", "date_field", "domain", "watched_fields")
    def _check_source(self):
        for dataset in self:
            source = dataset._source()
            date_field = source._fields.get(dataset.date_field)
            company_field = source._fields.get("company_id")
            if (
                not date_field
                or date_field.type != "date"
                or not date_field._description_searchable
            ):
                raise ValidationError(
                    self.env._(
                        "%(model)s has no date called %(name)s to search by.",
                        model=dataset.model,
                        name=dataset.date_field,
                    )
                )
            if not company_field or not company_field.store:
                raise ValidationError(
                    self.env._("The records of %s belong to no company.", dataset.model)
                )
            for name in dataset._watched():
                if source._fields.get(name) is None or source._fields[name].type != "many2one":
                    raise ValidationError(
                        self.env._(
                            "%(name)s is no many2one field of %(model)s.",
                            name=name,
                            model=dataset.model,
                        )
                    )
            dataset._source_domain().validate(source)

    # === CRUD METHODS === #

    @api.model_create_multi
    def create(self, vals_list):
        for vals in vals_list:
            self._check_governed(vals)
        datasets = super().create(vals_list)
        datasets._watch_source()
        return datasets

    def write(self, vals):
        self._check_governed(vals)
        self._check_source_kept(vals)
        result = super().write(vals)
        if {"model", "watched_fields"} & vals.keys():
            self._watch_source()
        return result

    def _check_governed(self, vals):
        if "active_contract_id" in vals and not self.env.su:
            raise AccessError(self.env._("A contract is put in force by its button only."))

    def _check_source_kept(self, vals):
        """:raise UserError: other rows, or rows less proven, would go out under a contract that is in force"""
        if self.env.su:
            return
        for dataset in self.filtered("active_contract_id"):
            if any(dataset[name] != vals[name] for name in _SOURCE & vals.keys()):
                raise UserError(
                    self.env._(
                        "Consumers rely on the contract of %s, and changes alone would not tell them of rows that"
                        " belong to it from now on: make another data set, with a contract of its own.",
                        dataset.name,
                    )
                )

    # === BUSINESS METHODS === #

    def _source(self):
        """:return: the empty recordset of the source model
        :raise ValidationError: there is no such model, or it keeps no records
        """
        self.ensure_one()
        source = self.env.get(self.model)
        if source is None or source._abstract or not source._auto:
            raise ValidationError(self.env._("There are no stored records called %s.", self.model))
        return source

    def _watched(self):
        return [name.strip() for name in (self.watched_fields or "").split(",") if name.strip()]

    def _source_domain(self):
        """:rtype: Domain
        :raise ValidationError: it is not a plain domain
        """
        self.ensure_one()
        try:
            return Domain(ast.literal_eval(self.domain))
        except (ValueError, SyntaxError, TypeError) as error:
            raise ValidationError(
                self.env._(
                    "The filter of %(name)s cannot be read: %(error)s", name=self.code, error=error
                )
            ) from error

    def _watch_source(self):
        """Have the database note every change of the records that rows are made of."""
        change = self.env["reporting.change"]
        for dataset in self:
            source = dataset._source()
            change._watch(source)
            for name in dataset._watched():
                change._watch(self.env[source._fields[name].comodel_name])
