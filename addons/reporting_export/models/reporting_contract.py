from odoo import api, fields, models
from odoo.exceptions import AccessError, UserError, ValidationError

from odoo.addons.finance_connector_base.tools.digest import canonical_json
from odoo.addons.reporting_export.tools.contract import Contract

_GOVERNED = {"state", "number", "activated_by_id", "activated_at", "digest", "dataset_id"}
_FREE = {"reason"}


class ReportingContract(models.Model):
    """What consumers of a data set may rely on; fixed for good once it has been activated."""

    _name = "reporting.contract"
    _description = "Reporting Contract"
    _order = "dataset_id, number desc"

    dataset_id = fields.Many2one("reporting.dataset", required=True, index=True, ondelete="cascade")
    number = fields.Integer(required=True, default=1, readonly=True, copy=False)
    state = fields.Selection(
        [("draft", "Draft"), ("active", "Active"), ("retired", "Retired")],
        required=True,
        default="draft",
        readonly=True,
        copy=False,
    )
    reason = fields.Text(help="Why this version exists, for consumers and auditors.")
    account_column = fields.Char(help="Column that names the ledger account, for control totals.")
    currency_column = fields.Char(help="Column that names the currency of the sums.")
    sum_columns = fields.Char(help="Columns whose sums are proven, separated by commas.")
    column_ids = fields.One2many("reporting.contract.column", "contract_id", copy=True)
    activated_by_id = fields.Many2one(
        "res.users", readonly=True, copy=False, index="btree_not_null"
    )
    activated_at = fields.Datetime(readonly=True, copy=False)
    digest = fields.Char(readonly=True, copy=False, help="SHA-256 of what the contract promises.")
    json_schema = fields.Text(string="JSON Schema", compute="_compute_documents")
    odcs = fields.Text(string="Open Data Contract", compute="_compute_documents")

    _number_uniq = models.Constraint("UNIQUE(dataset_id, number)", "A version number is used once.")
    _active_uniq = models.UniqueIndex(
        "(dataset_id) WHERE state = 'active'", "One contract is active at a time."
    )

    # === COMPUTE METHODS === #

    @api.depends("number", "dataset_id.code")
    def _compute_display_name(self):
        for contract in self:
            contract.display_name = f"{contract.dataset_id.code} v{contract.number}"

    @api.depends("column_ids", "account_column", "currency_column", "sum_columns", "number")
    def _compute_documents(self):
        for record in self:
            contract = record._contract()
            record.json_schema = canonical_json(contract.json_schema()).decode()
            record.odcs = contract.odcs()

    # === CRUD METHODS === #

    @api.model_create_multi
    def create(self, vals_list):
        for vals in vals_list:
            if not self.env.su and (_GOVERNED - {"dataset_id"}) & vals.keys():
                raise AccessError(self.env._("A contract starts as a draft."))
            last = self.search(
                [("dataset_id", "=", vals.get("dataset_id"))], order="number desc", limit=1
            )
            vals.setdefault("number", last.number + 1)
        return super().create(vals_list)

    def write(self, vals):
        if not self.env.su and _GOVERNED & vals.keys():
            raise AccessError(self.env._("A contract is changed by its buttons only."))
        if vals.keys() - _FREE - _GOVERNED:
            self._check_draft()
        return super().write(vals)

    @api.ondelete(at_uninstall=False)
    def _unlink_except_used(self):
        self._check_draft()

    def _check_draft(self):
        if self.filtered(lambda contract: contract.state != "draft"):
            raise UserError(
                self.env._("Consumers rely on this contract: make a new version and change that.")
            )

    # === ACTION METHODS === #

    def action_new_version(self):
        """Start the next version of the contract, as a draft with the same columns.

        :return: action that opens it
        """
        self.ensure_one()
        self.check_access("write")
        version = self.copy({"reason": False})
        return {
            "type": "ir.actions.act_window",
            "res_model": self._name,
            "res_id": version.id,
            "view_mode": "form",
        }

    def action_activate(self):
        """Put this version in force; the one before it is retired.

        The first version of a data set may be activated by who wrote it; a change of what consumers rely on takes a
        second person.

        :raise UserError: it is no draft, or the caller wrote it
        :raise ValidationError: the contract contradicts itself, or names what does not exist
        """
        self.ensure_one()
        self.check_access("write")
        self._check_draft()
        before = self.dataset_id.active_contract_id
        authors = (
            self.create_uid
            | self.write_uid
            | self.column_ids.create_uid
            | self.column_ids.write_uid
        )
        if before and self.env.user in authors and not self.env.su:
            raise UserError(
                self.env._("You wrote this version: somebody else has to put it in force.")
            )
        self._check_usable()
        sudo = self.sudo()
        before.sudo().write({"state": "retired"})
        # There is one active contract at any moment, also for the database.
        before.flush_recordset()
        sudo.write(
            {
                "state": "active",
                "activated_by_id": self.env.uid,
                "activated_at": fields.Datetime.now(),
                "digest": self._contract().digest,
            }
        )
        sudo.dataset_id.active_contract_id = self
        self.env["finance.audit.event"]._log(
            "contract.activated",
            self,
            summary=self.display_name,
            details={"digest": self.digest, "before": before.display_name or ""},
        )

    # === BUSINESS METHODS === #

    def _contract(self):
        """:rtype: Contract"""
        self.ensure_one()
        return Contract(
            dataset=self.dataset_id.code or "",
            version=self.number,
            title=self.dataset_id.name or "",
            description=self.dataset_id.description or "",
            columns=tuple(column._column() for column in self.column_ids.sorted()),
            account=self.account_column or "",
            currency=self.currency_column or "",
            sums=tuple(
                name.strip() for name in (self.sum_columns or "").split(",") if name.strip()
            ),
        )

    def _tells_deletions(self):
        """:return: whether rows are known by the record's id, which is all that is left of a deleted one"""
        self.ensure_one()
        return [column.path for column in self.column_ids if column.key] == ["id"]

    def _check_usable(self):
        """:raise ValidationError: names everything that keeps the contract from being used"""
        self.ensure_one()
        problems = self._contract().problems()
        problems += self.env["reporting.query"]._problems(self)
        if problems:
            raise ValidationError("\n".join(problems))

    @api.model
    def _activate_shipped(self, xml_ids):
        """Put the first contracts that the addon brings in force; what people activated since stays.

        :param list xml_ids: external ids of draft contracts
        """
        for xml_id in xml_ids:
            contract = self.env.ref(xml_id)
            if not contract.dataset_id.active_contract_id:
                contract.action_activate()
