import secrets
import tempfile
from contextlib import contextmanager

from psycopg2.extensions import ISOLATION_LEVEL_READ_COMMITTED

from odoo import SUPERUSER_ID, api, fields, models
from odoo.exceptions import AccessError, UserError
from odoo.sql_db import Cursor

from odoo.addons.finance_connector_base.tools.errors import FinalError, RetryableError, describe
from odoo.addons.finance_connector_base.tools.http_client import HttpClient

_RECOVERY_PAUSE = 300.0


class FinanceConnection(models.Model):
    """One external party in one environment: how it is reached, with which credentials, how healthy it is."""

    _name = "finance.connection"
    _description = "Finance Connection"
    _inherit = ["finance.audited.mixin", "mail.thread", "mail.activity.mixin"]
    _order = "name, id"
    _check_company_auto = True
    _audit_subject = "connection"

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
    ca_certificate = fields.Text(
        string="CA Certificate",
        help="PEM of the authority that signed the counterparty's certificate.",
    )
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
    calls_per_minute = fields.Integer(tracking=True, help="Most calls a minute; 0: no limit.")
    calls_per_day = fields.Integer(
        tracking=True, help="Most calls a day (UTC) of one scope, such as one account; 0: no limit."
    )
    health_ids = fields.One2many("finance.connection.health", "connection_id")
    quota_ids = fields.One2many("finance.connection.quota", "connection_id")
    limits_spent = fields.Text(
        compute="_compute_limits_spent",
        help="Which calls are used up, and when they are made again.",
    )
    health_state = fields.Selection(
        [
            ("untried", "Not used yet"),
            ("healthy", "Healthy"),
            ("failing", "Failing"),
            ("paused", "Paused"),
        ],
        compute="_compute_health_state",
    )
    last_success_at = fields.Datetime(
        string="Last Success",
        compute="_compute_last_calls",
        help="The last call that was answered well.",
    )
    last_failure_at = fields.Datetime(string="Last Failure", compute="_compute_last_calls")
    last_error_message = fields.Char(string="Last Error", compute="_compute_last_calls")
    resumes_at = fields.Datetime(
        compute="_compute_last_calls",
        help="No call is made before: it failed too often, or was asked to pause.",
    )

    _webhook_token_uniq = models.UniqueIndex(
        "(webhook_token)", "Two connections cannot share a webhook token."
    )

    # === SELECTION METHODS === #

    @api.model
    def _selection_adapter(self):
        return self.env["finance.interface"]._selection_descendants(
            "finance.adapter", "_adapter_label"
        )

    # === COMPUTE METHODS === #

    @api.depends(
        "health_ids.breaker_state", "health_ids.breaker_failures", "health_ids.paused_until"
    )
    def _compute_health_state(self):
        for connection in self:
            connection.health_state = (
                connection.health_ids._state() if connection.health_ids else "untried"
            )

    @api.depends(
        "health_ids.last_success_at",
        "health_ids.last_failure_at",
        "health_ids.last_error_message",
        "health_ids.breaker_until",
        "health_ids.paused_until",
    )
    def _compute_last_calls(self):
        now = fields.Datetime.now()
        for connection in self:
            health = connection.health_ids
            pauses = [until for until in (health.breaker_until, health.paused_until) if until]
            connection.last_success_at = health.last_success_at
            connection.last_failure_at = health.last_failure_at
            connection.last_error_message = health.last_error_message
            connection.resumes_at = max((until for until in pauses if until > now), default=False)

    @api.depends("quota_ids.state")
    def _compute_limits_spent(self):
        for connection in self:
            connection.limits_spent = connection.quota_ids._tell_spent()

    # === CRUD METHODS === #

    def write(self, vals):
        if not self.env.su and "webhook_token" in vals:
            raise AccessError(self.env._("The webhook address is made by the system."))
        if "company_id" in vals and any(
            connection.sudo().interface_ids and connection.company_id.id != vals["company_id"]
            for connection in self
        ):
            raise UserError(self.env._("A connection that has interfaces stays with its company."))
        return super().write(vals)

    # === ACTION METHODS === #

    def action_test_connection(self):
        """Ask the counterparty for something harmless.

        :return: a notification that says what it answered
        :raise UserError: what went wrong and what to do
        """
        self.ensure_one()
        self.check_access("write")
        try:
            with self._call("test"):
                answer = self._adapter()._test_connection(self.sudo())
        except Exception as error:
            report = describe(error)
            raise UserError(f"{report.message}\n{report.next_step}".strip()) from error
        return {
            "type": "ir.actions.client",
            "tag": "display_notification",
            "params": {"type": "success", "message": answer},
        }

    # === BUSINESS METHODS === #

    def _adapter(self):
        """The adapter model of this connection.

        :return: an empty recordset of ``finance.adapter.<code>``
        """
        self.ensure_one()
        return self.env[f"finance.adapter.{self.adapter}"]

    # === CALLS === #

    def _http_client(self, endpoint=None, **options):
        """The way out to this connection's counterparty.

        :param str endpoint: another address of it than the connection's endpoint
        :param options: further arguments of :class:`HttpClient`
        :return: a context manager
        :rtype: HttpClient
        :raise FinalError: the connection belongs to another environment or region, or is not set up
        """
        self.ensure_one()
        connection_sudo = self.sudo()
        self.env["finance.environment"]._check_may_call(connection_sudo)
        authority = None
        if connection_sudo.ca_certificate:
            authority = tempfile.NamedTemporaryFile("w", suffix=".pem")  # noqa: SIM115
            authority.write(connection_sudo.ca_certificate)
            authority.flush()
        client = HttpClient(
            endpoint or connection_sudo.endpoint or "",
            allow_private=connection_sudo.allow_private_address,
            verify=authority.name if authority else True,
            client_certificate=connection_sudo._client_certificate(),
            **options,
        )
        # Removed together with the client.
        client.authority_file = authority
        return client

    @contextmanager
    def _call(self, scope):
        """Make a call within the limits of this connection, and remember how it went.

        :param str scope: what is called, e.g. ``accounts:DE...``; limits count per scope
        :raise RetryableError: not now, with the seconds to wait
        :raise FinalError: not from this environment
        """
        self._guard_call(scope)
        try:
            yield
        except Exception as error:
            self._record_outcome(error)
            raise
        self._record_outcome()

    def _guard_call(self, scope):
        """Ask whether a call may be made now, and count it. Committed on its own at once.

        :param str scope: ``send`` for what has an effect over there (refused in recovery mode), else what is called
        :raise RetryableError: not now: ``circuit_open``, ``rate_limited``, ``quota_spent``, ``recovery_mode``
        :raise FinalError: never like this: ``environment_mismatch``, ``region_not_allowed``, ``connection_archived``
        """
        self.ensure_one()
        connection_sudo = self.sudo()
        self.env["finance.environment"]._check_may_call(connection_sudo)
        if not connection_sudo.active:
            raise FinalError(
                f"{connection_sudo.name} is archived.",
                code="connection_archived",
                next_step="Use another connection, or restore this one.",
            )
        if scope == "send" and self.env["finance.environment"]._recovery_mode():
            raise RetryableError(
                "The database was restored: nothing is sent until recovery mode ends.",
                retry_after=_RECOVERY_PAUSE,
                code="recovery_mode",
                next_step="Reconcile what was under way, then end recovery mode.",
            )
        with self._ledger() as connection:
            connection.env["finance.connection.health"]._of(connection)._take(scope)

    def _record_outcome(self, error=None, headers=None, scope=""):
        """Remember how a call went. Committed on its own at once.

        :param Exception error: what was raised, None for success
        :param headers: of the answer, which may tell about limits
        :param str scope: what was called
        """
        self.ensure_one()
        with self._ledger() as connection:
            connection.env["finance.connection.health"]._of(connection)._record(
                error, headers, scope
            )

    @contextmanager
    def _ledger(self):
        """This connection in a short transaction of its own: workers share nothing but these rows, and each sees the
        latest state of a row as soon as it holds its lock.
        """
        with self.env.registry.cursor() as cr:
            if isinstance(cr, Cursor):
                cr.connection.set_isolation_level(ISOLATION_LEVEL_READ_COMMITTED)
            yield self.with_env(self.env(cr=cr, user=SUPERUSER_ID, context={}, su=True))
