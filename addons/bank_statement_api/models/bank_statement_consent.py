from datetime import timedelta

from odoo import api, fields, models
from odoo.exceptions import UserError


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
    _order = "valid_until desc, id desc"
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
    valid_until = fields.Date(readonly=True, copy=False)
    redirect_url = fields.Char(readonly=True, copy=False, help="Where the account holder confirms.")
    feed_ids = fields.One2many("bank.statement.feed", "consent_id")

    # === CRUD METHODS === #

    @api.model
    def _provenance_fields(self):
        return super()._provenance_fields() | {
            "external_ref",
            "state",
            "valid_until",
            "redirect_url",
        }

    # === ACTION METHODS === #

    def action_request(self):
        """Ask the bank for a new consent and lead the account holder to its page."""
        self.ensure_one()
        self._check_manager()
        answer = self.connection_id._adapter()._request_consent(self)
        self.sudo().write(
            {
                "external_ref": answer["external_ref"],
                "state": answer["state"],
                "valid_until": answer["valid_until"],
                "redirect_url": answer["redirect_url"],
            }
        )
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
            consent._set_state(consent.connection_id._adapter()._consent_state(consent))

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

    @api.model
    def _default_valid_until(self):
        """Banks cap the life of a consent; 180 days is the longest PSD2 allows (RTS Art. 10)."""
        return fields.Date.context_today(self) + timedelta(days=179)
