from odoo import api, fields, models

from odoo.addons.reporting_export.tools import contract as contracts


class ReportingContractColumn(models.Model):
    """One column of a contract: where its value comes from and what may be relied on."""

    _name = "reporting.contract.column"
    _description = "Column of a Reporting Contract"
    _order = "contract_id, sequence, id"

    contract_id = fields.Many2one(
        "reporting.contract", required=True, index=True, ondelete="cascade"
    )
    sequence = fields.Integer(default=10)
    name = fields.Char(required=True)
    path = fields.Char(
        required=True, help="Field of the source, by many2one steps: move_id.partner_id.name."
    )
    type = fields.Selection(
        [
            (contracts.STRING, "Text"),
            (contracts.INTEGER, "Integer"),
            (contracts.DECIMAL, "Decimal"),
            (contracts.DATE, "Date"),
            (contracts.TIMESTAMP, "Time (UTC)"),
            (contracts.BOOLEAN, "Yes or no"),
        ],
        required=True,
        default=contracts.STRING,
    )
    required = fields.Boolean()
    key = fields.Boolean(help="Part of what tells one row from all others.")
    personal = fields.Boolean(
        help="May say who a person is. An export can mask all such columns for its target."
    )
    aggregate = fields.Selection(
        [
            ("sum", "Sum"),
            ("count", "Number"),
            ("before", "Sum before the period"),
            ("within", "Sum within the period"),
            ("until", "Sum until the end of the period"),
        ],
        help="Makes one row of all records that agree in the plain columns.",
    )
    description = fields.Char()

    _name_uniq = models.Constraint("UNIQUE(contract_id, name)", "A column's name is used once.")

    # === CRUD METHODS === #

    @api.model_create_multi
    def create(self, vals_list):
        columns = super().create(vals_list)
        columns.contract_id._check_draft()
        return columns

    def write(self, vals):
        self.contract_id._check_draft()
        return super().write(vals)

    @api.ondelete(at_uninstall=False)
    def _unlink_except_used(self):
        self.contract_id._check_draft()

    # === BUSINESS METHODS === #

    def _column(self):
        """:rtype: contracts.Column"""
        self.ensure_one()
        return contracts.Column(
            name=self.name or "",
            type=self.type,
            path=self.path or "",
            required=self.required,
            key=self.key,
            personal=self.personal,
            aggregate=self.aggregate or "",
            description=self.description or "",
        )
