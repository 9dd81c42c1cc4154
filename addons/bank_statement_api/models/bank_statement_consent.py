import hmac
import secrets
from datetime import timedelta

from odoo import api, fields, models
from odoo.exceptions import UserError

from odoo.addons.finance_connector_base.models.turns import one_by_one
from odoo.addons.finance_connector_base.tools.digest import sha256_hex
from odoo.addons.finance_connector_base.tools.errors import BusinessError, FinalError
from odoo.addons.finance_connector_base.tools.masking import mask_text

RETURN_PATH = "/finance/consent/return"
RETURN_HOURS = 24
"""How long the account holder may take on the bank's page."""
WARNING_DAYS = (14, 7, 1)
_ACTIVITY = "mail.mail_activity_data_warning"
_OVER = ("rejected", "expired", "revoked")


class BankStatementConsent(models.Model):
    """An account holder's permission for us to read accounts at a bank, with an end."""

    _name = "bank.statement.consent"
    _description = "Bank Consent"
    _inherit = [
        "finance.audited.mixin",
        "bank.statement.provenance.mixin",
        "mail.thread",
        "mail.activity.mixin",
    ]
    _order = "granted_until desc, id desc"
    _check_company_auto = True
    _audit_subject = "consent"

    name = fields.Char(required=True)
    connection_id = fields.Many2one(
        "finance.connection", required=True, index=True, check_company=True, ondelete="restrict"
    )
    company_id = fields.Many2one(
        "res.company", required=True, index=True, default=lambda self: self.env.company
    )
    holder_ref = fields.Char(
        string="Account Holder", help="How the bank knows the account holder, e.g. the PSU-ID."
    )
    external_ref = fields.Char(string="Consent ID", readonly=True, copy=False)
    state = fields.Selection(
        [
            ("draft", "Draft"),
            ("received", "Waiting for the Account Holder"),
            ("valid", "Valid"),
            ("rejected", "Rejected"),
            ("expired", "Expired"),
            ("revoked", "Revoked"),
        ],
        required=True,
        default="draft",
        readonly=True,
        copy=False,
        tracking=True,
    )
    granted_until = fields.Date(
        readonly=True,
        copy=False,
        help="The last day of the consent as a whole, where the bank names one.",
    )
    # Not stored: its accounts are fetched side by side, and would all write to this one row.
    valid_until = fields.Date(
        compute="_compute_valid_until",
        compute_sudo=True,
        help="The consent ends with the first of its accounts that the bank asks about again.",
    )
    redirect_url = fields.Char(readonly=True, copy=False, help="Where the account holder confirms.")
    owner_id = fields.Many2one(
        "res.users",
        string="Responsible",
        default=lambda self: self.env.user,
        index="btree_not_null",
        help="Is asked to renew the consent before it ends.",
    )
    requested_ref = fields.Char(
        readonly=True,
        copy=False,
        help="The bank's id of the consent that waits for the account holder; the one before it works meanwhile.",
    )
    requested_until = fields.Date(readonly=True, copy=False)
    return_digest = fields.Char(
        readonly=True,
        copy=False,
        groups="finance_connector_base.group_finance_manager",
        index="btree_not_null",
        help="Digest of the secret that the account holder comes back with. It works once.",
    )
    return_until = fields.Datetime(readonly=True, copy=False)
    warned_days = fields.Integer(
        readonly=True, copy=False, help="The last expiry warning: so many days ahead."
    )
    health = fields.Selection(
        [
            ("missing", "Not Given"),
            ("waiting", "Waiting for the Account Holder"),
            ("ok", "Valid"),
            ("ending", "Ends Soon"),
            ("ended", "Ended"),
        ],
        compute="_compute_health",
        help="Whether accounts can be read, today and in two weeks.",
    )
    feed_ids = fields.One2many("bank.statement.feed", "consent_id")

    # === COMPUTE METHODS === #

    @api.depends("granted_until", "feed_ids.authorized_until")
    def _compute_valid_until(self):
        for consent in self:
            days = (consent.granted_until, *consent.feed_ids.mapped("authorized_until"))
            consent.valid_until = min(filter(None, days), default=False)

    @api.depends("state", "valid_until")
    def _compute_health(self):
        soon = fields.Date.context_today(self) + timedelta(days=WARNING_DAYS[0])
        for consent in self:
            if consent.state == "valid":
                ends = consent.valid_until and consent.valid_until <= soon
                consent.health = "ending" if ends else "ok"
            elif consent.state in _OVER:
                consent.health = "ended"
            else:
                consent.health = "waiting" if consent.state == "received" else "missing"

    # === CRUD METHODS === #

    @api.model
    def _provenance_fields(self):
        return super()._provenance_fields() | {
            "external_ref",
            "state",
            "granted_until",
            "redirect_url",
            "requested_ref",
            "requested_until",
            "return_digest",
            "return_until",
            "warned_days",
        }

    # === ACTION METHODS === #

    def action_request(self):
        """Ask the bank for a consent, or its successor, and lead the account holder to the bank's page.

        One that is valid goes on to be used until its successor is.
        """
        self.ensure_one()
        self._check_manager()
        state = secrets.token_urlsafe(32)
        answer = self.connection_id._adapter()._request_consent(self, self._return_address(), state)
        vals = {
            "requested_ref": answer["external_ref"],
            "requested_until": answer["valid_until"],
            "redirect_url": answer["redirect_url"],
            "return_digest": sha256_hex(state.encode()),
            "return_until": fields.Datetime.now() + timedelta(hours=RETURN_HOURS),
        }
        self.sudo().write(vals)
        if self.state != "valid" or answer["state"] == "valid":
            self._settle(answer["external_ref"], answer)
        self.env["finance.audit.event"]._log("consent.requested", self, summary=self.name)
        return self.action_open_redirect()

    def action_open_redirect(self):
        """Open the bank's page where the account holder confirms."""
        self.ensure_one()
        if not self.redirect_url:
            raise UserError(
                self.env._("The bank gave no page to confirm this consent on. Request it first.")
            )
        return {"type": "ir.actions.act_url", "url": self.redirect_url, "target": "new"}

    def action_refresh(self):
        """Ask the bank what the consent is worth today."""
        self._check_manager()
        for consent in self:
            adapter = consent.connection_id._adapter()
            if waiting := consent.requested_ref:
                consent._settle(
                    waiting,
                    adapter._complete_consent(consent, waiting, {}, consent._return_address()),
                )
            if in_use := consent.external_ref:
                consent._settle(in_use, {"state": adapter._consent_state(consent, in_use)})

    # === BUSINESS METHODS === #

    def _check_manager(self):
        self.check_access("write")

    def _set_state(self, state):
        """Record what the bank says; a change is audited."""
        for consent_sudo in self.sudo():
            if consent_sudo.state != state:
                consent_sudo.state = state
                self.env["finance.audit.event"]._log(
                    f"consent.{state}", consent_sudo, summary=consent_sudo.name
                )

    def _settle(self, external_ref, answer):
        """Take over what the bank says of one consent: the one in use, or the one that waits to replace it.

        :param str external_ref: the bank's id of the consent that was asked about
        :param dict answer: ``state``, perhaps ``external_ref`` and ``valid_until``
        """
        self.ensure_one()
        consent_sudo = self.sudo()
        state = answer["state"]
        if external_ref == consent_sudo.requested_ref:
            if state in _OVER:
                consent_sudo.write({"requested_ref": False, "redirect_url": False})
            if state == "valid":
                consent_sudo.write(
                    {
                        "external_ref": answer.get("external_ref") or external_ref,
                        "granted_until": answer.get("valid_until") or consent_sudo.requested_until,
                        "requested_ref": False,
                        "warned_days": 0,
                    }
                )
                # What the bank said of each account is told anew by its next fetch.
                consent_sudo.feed_ids.filtered("authorized_until").authorized_until = False
                consent_sudo.activity_unlink([_ACTIVITY])
            elif consent_sudo.state == "valid":
                # The one in use is as good as it was.
                return
        elif answer.get("valid_until"):
            consent_sudo.granted_until = answer["valid_until"]
        self._set_state(state)

    # === TOKENS === #

    def _token(self, required=True):
        """The provider's token that stands for this consent.

        :rtype: str | None
        :raise BusinessError: ``consent_invalid``: there is none
        """
        self.ensure_one()
        credential = self.connection_id._credentials("consent_token").filtered(
            lambda credential: credential.consent_id == self
        )[:1]
        if credential:
            return credential._reveal()
        if not required:
            return None
        raise BusinessError(
            "consent_invalid",
            self.env._("%s was never given.", self.name),
            next_step=self.env._("Open the consent, request it and confirm it at the bank."),
        )

    def _store_token(self, token):
        self.ensure_one()
        credentials = self.env["finance.credential"].sudo()
        known = credentials.search([("kind", "=", "consent_token"), ("consent_id", "=", self.id)])
        if known:
            known[:1].secret = token
            return
        credentials.create(
            {
                "name": self.env._("Token of %s", self.name),
                "connection_id": self.connection_id.id,
                "consent_id": self.id,
                "kind": "consent_token",
                "secret": token,
            }
        )

    # === COMING BACK === #

    def _return_address(self):
        return f"{self.get_base_url()}{RETURN_PATH}"

    @api.model
    def _waiting_for(self, state):
        """The consent that an account holder comes back for. The secret works once, and for a day.

        :param str state: as it came with the request
        :return: the consent as superuser
        :raise FinalError: ``consent_return_unknown``
        """
        digest = sha256_hex((state or "").encode())
        consent_sudo = self.sudo().search(
            [("return_digest", "=", digest), ("return_until", ">", fields.Datetime.now())], limit=1
        )
        if (
            not state
            or not consent_sudo
            or not hmac.compare_digest(digest, consent_sudo.return_digest)
        ):
            raise FinalError(
                "This address is not known, was used before or is too old.",
                code="consent_return_unknown",
                next_step="Open the consent in Odoo: it says what became of it, and can be requested again.",
            )
        consent_sudo.return_digest = False
        return consent_sudo

    def _complete(self, parameters):
        """The account holder came back: prove with the bank what became of the consent, then fetch what was missed.

        :param dict parameters: query of the request; not to be believed
        :raise FinanceError: the bank did not say; the consent stays as it was
        """
        self.ensure_one()
        external_ref = self.requested_ref or self.external_ref
        error = str(parameters.get("error") or "")[:100]
        self.env["finance.audit.event"]._log(
            "consent.returned", self, summary=self.name, details={"error": mask_text(error)}
        )
        if error:
            # Whatever went wrong over there: this request is over, and the consent in use is as good as it was.
            self._settle(external_ref, {"state": "rejected"})
            return
        self._settle(
            external_ref,
            self.connection_id._adapter()._complete_consent(
                self, external_ref, parameters, self._return_address()
            ),
        )
        if self.state == "valid":
            self.feed_ids._enqueue_notified()

    # === CRON METHODS === #

    @api.model
    def _cron_warn_expiry(self):
        """Ask 14, 7 and 1 days ahead, once each, for a successor; what passed its last day has ended."""
        today = fields.Date.context_today(self)
        valid = [("state", "=", "valid"), ("connection_id.active", "=", True)]
        for consent in one_by_one(self.search(valid), valid):
            if not consent.valid_until:
                continue
            days_left = (consent.valid_until - today).days
            if days_left < 0:
                consent._set_state("expired")
                continue
            warning = min((days for days in WARNING_DAYS if days_left <= days), default=0)
            if consent.warned_days != warning:
                consent._schedule_warning(warning)

    def _schedule_warning(self, warning):
        """Replace the warning that stands by one for today.

        :param int warning: so many days ahead; 0 when the bank has moved the end out of sight
        """
        self.sudo().warned_days = warning
        self.activity_unlink([_ACTIVITY])
        if not warning:
            return
        user = self.owner_id or self.connection_id.owner_id
        self.activity_schedule(
            _ACTIVITY,
            date_deadline=self.valid_until,
            user_id=user.id,
            summary=self.env._(
                "%(consent)s ends on %(date)s: press Renew and confirm at the bank.",
                consent=self.name,
                date=self.valid_until,
            ),
        )

    @api.model
    def _default_valid_until(self):
        """Banks cap the life of a consent; 180 days is the longest PSD2 allows (RTS Art. 10)."""
        return fields.Date.context_today(self) + timedelta(days=179)
