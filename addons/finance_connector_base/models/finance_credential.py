import time
from datetime import timedelta

from odoo import api, fields, models
from odoo.exceptions import AccessError, UserError, ValidationError

from odoo.addons.finance_connector_base.models.turns import one_by_one
from odoo.addons.finance_connector_base.tools import certificates
from odoo.addons.finance_connector_base.tools.errors import FinalError

_REVEAL_SECONDS = 60
_REVEALED = {}
_WARNING_DAYS = (30, 14, 7, 1)
_ACTIVITY = "mail.mail_activity_data_warning"
# What the counterparty is shown itself. Keys only sign or prove; they do not leave.
SENT_KINDS = frozenset(
    {"api_key", "basic", "password", "client_secret", "refresh_token", "oauth2_token"}
)


class FinanceCredential(models.Model):
    """One secret or key of a connection: people write it, only the machine reads it."""

    _name = "finance.credential"
    _description = "Finance Credential"
    _inherit = [
        "finance.encrypted.mixin",
        "finance.company.mixin",
        "mail.thread",
        "mail.activity.mixin",
    ]
    _order = "connection_id, kind, valid_from desc, id desc"

    name = fields.Char(required=True, tracking=True)
    connection_id = fields.Many2one(
        "finance.connection", required=True, index=True, ondelete="cascade", tracking=True
    )
    company_id = fields.Many2one(related="connection_id.company_id", store=True, index=True)
    kind = fields.Selection(
        [
            ("api_key", "API key"),
            ("basic", "User name and password"),
            ("password", "Password"),
            ("client_secret", "OAuth2 client secret"),
            ("refresh_token", "OAuth2 refresh token"),
            ("oauth2_token", "OAuth2 access token"),
            ("signing_secret", "Webhook signing secret"),
            ("private_key", "Private key"),
            ("certificate", "Certificate"),
        ],
        required=True,
        tracking=True,
    )
    secret = fields.Char(
        compute="_compute_secret",
        readonly=False,
        copy=False,
        exportable=False,
        help="Can be replaced, never read.",
    )
    is_set = fields.Boolean(string="Secret Stored", compute="_compute_is_set")
    valid_from = fields.Datetime(required=True, default=fields.Datetime.now, tracking=True)
    valid_until = fields.Datetime(tracking=True, index="btree_not_null")
    state = fields.Selection(
        [
            ("valid", "Valid"),
            ("expiring", "Expiring"),
            ("expired", "Expired"),
            ("disarmed", "To Be Entered Again"),
        ],
        compute="_compute_state",
    )
    bound_to = fields.Char(
        readonly=True,
        copy=False,
        help="Where the connection led to when the secret was entered: it is sent nowhere else.",
    )
    owner_id = fields.Many2one(
        "res.users", default=lambda self: self.env.user, tracking=True, index="btree_not_null"
    )
    changed_at = fields.Datetime(string="Secret Changed", readonly=True, copy=False)
    warned_days = fields.Integer(
        readonly=True, copy=False, help="The last expiry warning: so many days ahead."
    )

    _token_uniq = models.UniqueIndex(
        "(connection_id) WHERE kind = 'oauth2_token'", "A connection has one access token."
    )

    # === COMPUTE METHODS === #

    def _compute_secret(self):
        self.secret = False

    @api.depends("key_id")
    def _compute_is_set(self):
        for credential in self:
            credential.is_set = bool(credential.key_id)

    @api.depends(
        "valid_until",
        "bound_to",
        "key_id",
        "connection_id.adapter",
        "connection_id.endpoint",
        "connection_id.token_url",
    )
    def _compute_state(self):
        now = fields.Datetime.now()
        for credential in self:
            if credential.key_id and not credential._is_armed():
                credential.state = "disarmed"
            elif not credential.valid_until or credential.valid_until > now + timedelta(
                days=_WARNING_DAYS[0]
            ):
                credential.state = "valid"
            else:
                credential.state = "expiring" if credential.valid_until > now else "expired"

    # === CONSTRAINT METHODS === #

    @api.constrains("valid_from", "valid_until")
    def _check_validity(self):
        for credential in self:
            if credential.valid_until and credential.valid_until <= credential.valid_from:
                raise ValidationError(self.env._("%s ends before it begins.", credential.name))

    # === CRUD METHODS === #

    @api.model_create_multi
    def create(self, vals_list):
        # Taken out before the ORM sees it: a value in its cache could be read back within the transaction.
        vals_list = [{**vals, "bound_to": False} for vals in vals_list]
        secrets = [vals.pop("secret", None) for vals in vals_list]
        for vals, secret in zip(vals_list, secrets, strict=True):
            vals.update(self._validity_of(vals.get("kind"), secret, vals))
            connection_id = vals.get("connection_id") or self.env.context.get(
                "default_connection_id"
            )
            if secret and connection_id:
                vals.update(self._binding(self.env["finance.connection"].browse(connection_id)))
        credentials = super().create(vals_list)
        for credential, secret in zip(credentials, secrets, strict=True):
            if secret:
                credential._seal_secret(secret)
            credential._log("credential.created")
        return credentials

    def write(self, vals):
        if {"bound_to", "changed_at"} & vals.keys():
            raise AccessError(self.env._("Enter the secret again to send it to another place."))
        vals = dict(vals)
        secret = vals.pop("secret", None)
        for credential in self:
            for name in ("connection_id", "kind"):
                if name in vals and vals[name] != credential._fields[name].convert_to_write(
                    credential[name], credential
                ):
                    raise UserError(
                        self.env._(
                            "A secret stays with its connection and kind. Create another credential instead."
                        )
                    )
        if "valid_until" in vals:
            vals["warned_days"] = 0
        if not secret:
            return super().write(vals)
        for credential in self:
            super(FinanceCredential, credential).write(
                {
                    **vals,
                    **self._validity_of(credential.kind, secret, vals),
                    **self._binding(credential.connection_id),
                }
            )
            credential._seal_secret(secret)
            credential._log("credential.changed")
        return True

    @api.ondelete(at_uninstall=False)
    def _unlink_with_trace(self):
        for credential in self:
            credential._log("credential.removed")

    # === BUSINESS METHODS === #

    @api.model
    def _validity_of(self, kind, secret, vals):
        """A certificate says itself how long it is valid, unless the person said otherwise."""
        if kind != "certificate" or not secret:
            return {}
        try:
            valid_from, valid_until = certificates.validity(secret)
        except certificates.CertificateError as exc:
            raise ValidationError(" ".join((exc.message, exc.next_step))) from None
        return {
            "valid_from": vals.get("valid_from") or valid_from,
            "valid_until": vals.get("valid_until") or valid_until,
            "warned_days": 0,
        }

    @api.model
    def _binding(self, connection):
        """:return: values of a credential whose secret is entered now, for where ``connection`` leads to"""
        return {
            "changed_at": fields.Datetime.now(),
            "bound_to": connection.sudo()._secret_destination(),
        }

    def _seal_secret(self, secret):
        try:
            self._seal(secret.encode())
        except FinalError as exc:
            raise UserError(" ".join((exc.message, exc.next_step))) from exc

    def _is_armed(self):
        """:return: whether the secret may be used where its connection leads to now: it was entered for that place"""
        self.ensure_one()
        return self.kind not in SENT_KINDS or (
            self.bound_to == self.sudo().connection_id._secret_destination()
        )

    def _reveal(self):
        """The clear secret, for the machine. Who asks for it becomes an audit event, one a minute.

        :rtype: str
        :raise FinalError: nothing is stored, the key is missing, or the row was changed outside the suite
        """
        self.ensure_one()
        content = self._unseal()
        if content is None:
            raise FinalError(
                f"No secret is stored for the credential {self.name} of {self.connection_id.display_name}.",
                code="credential_missing",
                next_step="Enter the secret again on the connection.",
            )
        self._log_reveal()
        return content.decode()

    def _log_reveal(self):
        """One event per credential, user, worker and minute: webhooks ask for the same secret many times a second."""
        use = (self.env.cr.dbname, self.id, self.env.uid)
        now = time.monotonic()
        if now - _REVEALED.get(use, -_REVEAL_SECONDS) >= _REVEAL_SECONDS:
            _REVEALED[use] = now
            self._log("credential.revealed")

    def _log(self, action):
        self.env["finance.audit.event"]._log(
            action,
            record=self,
            summary=f"{self.name} of {self.connection_id.name}",
            details={
                "kind": self.kind,
                "connection_id": self.connection_id.id,
                "key_id": self.key_id or None,
            },
        )

    # === CRON METHODS === #

    @api.model
    def _cron_warn_expiry(self):
        """Tell the owner 30, 14, 7 and 1 days ahead, once each, as long as nothing replaces the credential."""
        now = fields.Datetime.now()
        expiring = [
            ("kind", "!=", "oauth2_token"),
            ("connection_id.active", "=", True),
            ("valid_until", "!=", False),
            ("valid_until", "<=", now + timedelta(days=_WARNING_DAYS[0])),
        ]
        for credential in one_by_one(self.search(expiring), expiring):
            days_left = (credential.valid_until - now) / timedelta(days=1)
            warning = min(days for days in _WARNING_DAYS if days_left <= days)
            if credential.warned_days != warning and not credential._is_replaced():
                credential._schedule_warning()
                credential.warned_days = warning

    def _is_replaced(self):
        return bool(
            self.search_count(
                [
                    ("connection_id", "=", self.connection_id.id),
                    ("kind", "=", self.kind),
                    ("id", "!=", self.id),
                    ("key_id", "!=", False),
                    "|",
                    ("valid_until", "=", False),
                    ("valid_until", ">", self.valid_until),
                ],
                limit=1,
            )
        )

    def _schedule_warning(self):
        user = self.owner_id or self.connection_id.owner_id
        self.activity_unlink([_ACTIVITY])
        self.activity_schedule(
            _ACTIVITY,
            date_deadline=self.valid_until.date(),
            user_id=user.id,
            summary=self.env._(
                "%(name)s of %(connection)s expires on %(date)s: enter its successor.",
                name=self.name,
                connection=self.connection_id.name,
                date=self.valid_until.date(),
            ),
        )
