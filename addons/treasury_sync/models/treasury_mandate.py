from odoo import Command, api, fields, models
from odoo.exceptions import UserError, ValidationError

from .engine import as_engine, is_engine

# What the debtor signed; another text is another mandate.
_SIGNED = frozenset(
    {"company_id", "partner_id", "partner_bank_id", "reference", "scheme", "kind", "signed_on"}
)
# Written by the buttons and by what notes who had a hand in a mandate.
_MACHINE = frozenset({"state", "editor_ids"})


class TreasuryMandate(models.Model):
    """What a debtor signed so that we may collect from an account: the ground of each direct debit."""

    _name = "treasury.mandate"
    _description = "Direct Debit Mandate"
    _inherit = ["finance.audited.mixin", "mail.thread"]
    _order = "partner_id, id desc"
    _rec_name = "reference"
    _check_company_auto = True
    _audit_subject = "mandate"

    company_id = fields.Many2one(
        "res.company", required=True, index=True, default=lambda self: self.env.company
    )
    partner_id = fields.Many2one(
        "res.partner", string="Debtor", required=True, index=True, ondelete="restrict"
    )
    partner_bank_id = fields.Many2one(
        "res.partner.bank",
        string="Account",
        required=True,
        index=True,
        ondelete="restrict",
        domain="[('partner_id', '=', partner_id)]",
    )
    reference = fields.Char(
        string="Mandate Reference", required=True, help="As signed; at most 35 characters."
    )
    scheme = fields.Selection(
        [("CORE", "SEPA Core"), ("B2B", "SEPA B2B")], required=True, default="CORE"
    )
    kind = fields.Selection(
        [("recurrent", "For Many Collections"), ("one_off", "For One Collection")],
        required=True,
        default="recurrent",
    )
    signed_on = fields.Date(required=True)
    state = fields.Selection(
        [("draft", "Draft"), ("active", "In Force"), ("ended", "Ended")],
        required=True,
        readonly=True,
        default="draft",
        copy=False,
        tracking=True,
    )
    editor_ids = fields.Many2many(
        "res.users",
        "treasury_mandate_editor_rel",
        "mandate_id",
        "user_id",
        string="Entered By",
        readonly=True,
        copy=False,
        help="Whoever entered what was signed or put it in force: they approve no collection by it.",
    )
    instruction_ids = fields.One2many("treasury.payment.instruction", "mandate_id", readonly=True)
    last_used_on = fields.Date(compute="_compute_last_used_on")

    _reference_uniq = models.Constraint(
        "UNIQUE(company_id, reference)", "A mandate reference is used once."
    )

    # === COMPUTE METHODS === #

    @api.depends("instruction_ids.state", "signed_on")
    def _compute_last_used_on(self):
        for mandate in self:
            mandate.last_used_on = max(
                mandate._used().order_id.mapped("requested_date"), default=False
            )

    # === CONSTRAINT METHODS === #

    @api.constrains("reference", "partner_id", "partner_bank_id", "signed_on")
    def _check_mandate(self):
        for mandate in self:
            if len(mandate.reference) > 35:
                raise ValidationError(self.env._("A mandate reference has at most 35 characters."))
            if mandate.signed_on > fields.Date.context_today(mandate):
                raise ValidationError(self.env._("A mandate is signed before it is used."))
            owner = mandate.partner_bank_id.partner_id.commercial_partner_id
            if owner != mandate.partner_id.commercial_partner_id:
                raise ValidationError(self.env._("The account belongs to somebody else."))

    # === CRUD METHODS === #

    @api.model_create_multi
    def create(self, vals_list):
        for vals in vals_list:
            for name in _MACHINE & vals.keys():
                del vals[name]
        mandates = super().create(vals_list)
        mandates._note_editor()
        return mandates

    def write(self, vals):
        if "state" in vals and not is_engine(self.env):
            raise UserError(self.env._("A mandate is put in force and ended by its buttons."))
        if "editor_ids" in vals and not is_engine(self.env):
            vals = {name: value for name, value in vals.items() if name != "editor_ids"}
        if _SIGNED & vals.keys() and any(mandate.state != "draft" for mandate in self):
            raise UserError(
                self.env._("What was signed stays as it is: end this mandate and enter another.")
            )
        result = super().write(vals)
        if _SIGNED & vals.keys():
            self._note_editor()
        return result

    @api.ondelete(at_uninstall=False)
    def _unlink_except_used(self):
        if self.sudo().instruction_ids:
            raise UserError(self.env._("A mandate that was used is evidence: end it instead."))

    # === ACTION METHODS === #

    def action_activate(self):
        """Put mandates in force: what was signed is there.

        :return: True
        """
        self._move("active", "draft")
        self._note_editor()
        return True

    def action_end(self):
        """End mandates: nothing more is collected by them.

        :return: True
        """
        self._move("ended", "active")
        return True

    # === BUSINESS METHODS === #

    def _move(self, state, source):
        self.check_access("write")
        for mandate in self:
            if mandate.state != source:
                raise UserError(self.env._("%s is not in that state.", mandate.reference))
        as_engine(self).write({"state": state})

    def _note_editor(self):
        as_engine(self).write({"editor_ids": [Command.link(self.env.uid)]})

    @api.model
    def _find(self, company, partner, scheme):
        """
        :param str scheme: ``CORE`` or ``B2B``
        :return: the mandate in force of a debtor, the newest first; none where nothing may be collected
        :rtype: treasury.mandate
        """
        mandates = self.sudo().search(
            [
                ("company_id", "=", company.id),
                ("partner_id", "child_of", partner.commercial_partner_id.id),
                ("scheme", "=", scheme),
                ("state", "=", "active"),
            ]
        )
        return mandates.filtered(lambda item: item.kind == "recurrent" or not item._used())[:1]

    def _used(self):
        """:return: the collections that count as a use: what was refused before the debit does not"""
        return self.sudo().instruction_ids.filtered(
            lambda item: item.state not in ("cancelled", "rejected")
        )

    def _sequence(self):
        """:return: the sequence type (ISO 20022 SequenceType) of the next collection
        :rtype: str
        """
        self.ensure_one()
        if self.kind == "one_off":
            return "OOFF"
        return "RCUR" if self._used() else "FRST"
