import secrets

from odoo import api, fields, models


class FinanceConnection(models.Model):
    """One external party in one environment: how it is reached, with which credentials, how healthy it is."""

    _name = "finance.connection"
    _description = "Finance Connection"
    _inherit = ["mail.thread", "mail.activity.mixin"]
    _order = "name, id"
    _check_company_auto = True

    def _default_webhook_token(self):
        return secrets.token_urlsafe(24)

    name = fields.Char(required=True, tracking=True)
    active = fields.Boolean(default=True)
    company_id = fields.Many2one(
        "res.company",
        index=True,
        default=lambda self: self.env.company,
        help="Empty: shared by all companies on purpose.",
    )
    adapter = fields.Selection(
        selection="_selection_adapter",
        required=True,
        tracking=True,
        help="The kind of system that is spoken to.",
    )
    environment = fields.Selection(
        [("production", "Production"), ("test", "Test"), ("sandbox", "Sandbox")],
        required=True,
        default="test",
        tracking=True,
        help="A production connection works only where odoo.conf declares production.",
    )
    endpoint = fields.Char(
        tracking=True, help="Base address of an API, or the folder of a file drop."
    )
    region = fields.Char(tracking=True, help="Where the counterparty keeps the data, e.g. EU.")
    allow_private_address = fields.Boolean(
        tracking=True,
        help="Allow addresses inside your own network, which are refused otherwise.",
    )
    ca_certificate = fields.Text(help="PEM of the authority that signed the counterparty's certificate.")
    owner_id = fields.Many2one(
        "res.users", default=lambda self: self.env.user, tracking=True, index="btree_not_null"
    )
    webhook_token = fields.Char(
        default=lambda self: self._default_webhook_token(),
        copy=False,
        readonly=True,
        groups="finance_connector_base.group_finance_manager",
    )
    interface_ids = fields.One2many("finance.interface", "connection_id")
    exchange_ids = fields.One2many("finance.exchange", "connection_id")

    _webhook_token_uniq = models.UniqueIndex(
        "(webhook_token)", "Two connections cannot share a webhook token."
    )

    # === SELECTION METHODS === #

    @api.model
    def _selection_adapter(self):
        return self.env["finance.interface"]._selection_descendants(
            "finance.adapter", "_adapter_label"
        )

    # === BUSINESS METHODS === #

    def _adapter(self):
        """The adapter model of this connection.

        :return: an empty recordset of ``finance.adapter.<code>``
        """
        self.ensure_one()
        return self.env[f"finance.adapter.{self.adapter}"]
