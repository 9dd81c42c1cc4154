from odoo import api, fields, models
from odoo.exceptions import UserError, ValidationError

from odoo.addons.finance_connector_base.models.finance_fetch_mixin import FinanceFetchMixin

HANDLER = "gateway_settlement"


class TreasuryGateway(models.Model):
    """One account at a payment gateway: where its money is booked, and how far its events were fetched."""

    _name = "treasury.gateway"
    _description = "Payment Gateway"
    _inherit = [
        "finance.fetch.mixin",
        "finance.audited.mixin",
        "finance.company.mixin",
        "mail.thread",
    ]
    _order = "name, id"
    _check_company_auto = True
    _audit_subject = "gateway"
    _audit_ignored = FinanceFetchMixin._FETCH_STATE | {"event_cursor"}
    _fetch_unit = "gateway"
    _fetch_exceptions = ("gateway_failing",)

    name = fields.Char(required=True)
    active = fields.Boolean(default=True)
    interface_id = fields.Many2one(
        "finance.interface",
        required=True,
        index=True,
        check_company=True,
        ondelete="restrict",
        domain=f"[('handler', '=', '{HANDLER}')]",
    )
    company_id = fields.Many2one(related="interface_id.company_id", store=True, index=True)
    connection_id = fields.Many2one(related="interface_id.connection_id", store=True, index=True)
    journal_id = fields.Many2one(
        "account.journal",
        required=True,
        index=True,
        check_company=True,
        domain="[('type', '=', 'bank')]",
        help="A journal of the gateway's own: payments, refunds and payouts are booked in it.",
    )
    clearing_account_id = fields.Many2one(
        "account.account",
        required=True,
        check_company=True,
        index="btree_not_null",
        domain="[('reconcile', '=', True)]",
        help="What the gateway owes us: payments until their payout.",
    )
    fee_account_id = fields.Many2one(
        "account.account", required=True, check_company=True, index="btree_not_null"
    )
    transit_account_id = fields.Many2one(
        "account.account",
        string="Payouts in Transit",
        required=True,
        check_company=True,
        index="btree_not_null",
        domain="[('reconcile', '=', True)]",
        help="Payouts that the bank has not booked yet: its statement lines are matched with them.",
    )
    difference_account_id = fields.Many2one(
        "account.account",
        string="Differences",
        check_company=True,
        index="btree_not_null",
        help="Where an operator books rows of a payout that nothing explains.",
    )
    reference_names = fields.Char(
        string="Names of References",
        default="invoice, invoice_number, reference, order_id",
        help="Which fields of a payment's metadata may name an invoice, the strongest first.",
    )
    event_cursor = fields.Char(
        readonly=True,
        copy=False,
        help="How far the list of events was fetched. Moves only together with the events.",
    )
    clearing_balance = fields.Monetary(
        compute="_compute_clearing_balance", help="What the gateway owes us by the books."
    )
    next_run_at = fields.Datetime(readonly=True)
    currency_id = fields.Many2one(related="company_id.currency_id")

    _interface_uniq = models.UniqueIndex(
        "(interface_id) WHERE active", "This interface belongs to another gateway."
    )
    _interval_positive = models.Constraint(
        "CHECK(interval_minutes > 0)", "The interval must be at least a minute."
    )
    _due_idx = models.Index("(next_run_at) WHERE active")

    # === COMPUTE METHODS === #

    @api.depends("clearing_account_id")
    def _compute_clearing_balance(self):
        totals = dict(
            self.env["account.move.line"]._read_group(
                [
                    ("account_id", "in", self.clearing_account_id.ids),
                    ("parent_state", "=", "posted"),
                    ("company_id", "in", self.company_id.ids),
                ],
                ["account_id"],
                ["balance:sum"],
            )
        )
        for gateway in self:
            gateway.clearing_balance = totals.get(gateway.clearing_account_id, 0)

    # === CONSTRAINT METHODS === #

    @api.constrains("interface_id", "journal_id", "clearing_account_id", "transit_account_id")
    def _check_accounts(self):
        for gateway in self:
            accounts = gateway.clearing_account_id | gateway.transit_account_id
            if len(accounts) < 2 or gateway.journal_id.default_account_id in accounts:
                raise ValidationError(
                    self.env._(
                        "Clearing, payouts in transit and the journal's own account are three accounts."
                    )
                )
            if not all(account.reconcile for account in accounts):
                raise ValidationError(
                    self.env._("Clearing and payouts in transit need accounts that are reconciled.")
                )
            if not gateway.company_id._payments_await_bank():
                raise ValidationError(
                    self.env._(
                        "Switch on “Paid When the Bank Has Booked” for %s first: a confirmed payment leaves its"
                        " invoice in payment until the payout is on the bank account.",
                        gateway.company_id.name,
                    )
                )

    # === CRUD METHODS === #

    @api.model_create_multi
    def create(self, vals_list):
        gateways = super().create(vals_list)
        gateways._prepare_journal()
        return gateways

    def write(self, vals):
        if not self.env.su and vals.keys() & (self._FETCH_STATE | {"event_cursor"}):
            raise UserError(self.env._("How far events were fetched is written by the machine."))
        result = super().write(vals)
        if vals.keys() & {"journal_id", "clearing_account_id"}:
            self._prepare_journal()
        return result

    # === ACTION METHODS === #

    def action_fetch_now(self):
        """Fetch events and the rows of payouts at once, beside the schedule."""
        self.check_access("write")
        self._enqueue_fetch()
        return self._tell_fetching()

    def action_open_settlements(self):
        """:return: action that lists what the gateway has told"""
        self.ensure_one()
        self.check_access("read")
        action = self.env["ir.actions.act_window"]._for_xml_id(
            "treasury_sync.treasury_settlement_action"
        )
        return {**action, "domain": [("gateway_id", "=", self.id)]}

    # === BUSINESS METHODS === #

    def _prepare_journal(self):
        """Payments of the journal stand on the clearing account until their payout."""
        for gateway in self:
            lines = gateway.journal_id.inbound_payment_method_line_ids
            lines[:1].sudo().payment_account_id = gateway.clearing_account_id

    @api.model
    def _of_interface(self, interface):
        """:return: the gateway that an interface serves
        :raise UserError: there is none
        """
        gateway = self.sudo().search([("interface_id", "=", interface.id)], limit=1)
        if not gateway:
            raise UserError(
                self.env._("%s has no gateway yet: make one and retry.", interface.display_name)
            )
        return gateway

    def _names_of_references(self):
        """:rtype: tuple[str, ...]"""
        self.ensure_one()
        return tuple(
            name.strip() for name in (self.reference_names or "").split(",") if name.strip()
        )
