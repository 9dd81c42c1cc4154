from odoo import api, fields, models
from odoo.exceptions import UserError, ValidationError

from odoo.addons.finance_connector_base.tools.errors import BusinessError
from odoo.addons.treasury_sync.tools import formats, profiles

# What a file is made of, beside its payments.
_FILE = frozenset(
    {
        "batch_booking",
        "category_purpose",
        "charge_bearer",
        "creditor_scheme_id",
        "file_format",
        "local_instrument",
        "profile_code",
        "profile_options",
        "service_level",
    }
)
# Where the payments of its orders are found; evidence does not move to another account or company.
_PLACE = frozenset({"company_id", "journal_id", "kind"})
KINDS = [("credit_transfer", "Credit Transfer"), ("direct_debit", "Direct Debit")]


class TreasuryPaymentChannel(models.Model):
    """How payments of one own account travel: file format, profile of the bank, and the interface that carries it."""

    _name = "treasury.payment.channel"
    _description = "Payment Channel"
    _inherit = ["finance.audited.mixin", "mail.thread"]
    _order = "sequence, name, id"
    _check_company_auto = True
    _audit_subject = "payment_channel"

    name = fields.Char(required=True, tracking=True)
    sequence = fields.Integer(default=10)
    active = fields.Boolean(default=True, tracking=True)
    company_id = fields.Many2one(
        "res.company", required=True, index=True, default=lambda self: self.env.company
    )
    journal_id = fields.Many2one(
        "account.journal",
        string="Bank Account",
        required=True,
        index=True,
        check_company=True,
        domain="[('type', '=', 'bank')]",
        ondelete="restrict",
        tracking=True,
    )
    kind = fields.Selection(KINDS, required=True, default="credit_transfer", tracking=True)
    interface_id = fields.Many2one(
        "finance.interface",
        index="btree_not_null",
        check_company=True,
        domain="[('handler', '=', 'payment_order')]",
        ondelete="restrict",
        tracking=True,
        help="What carries the file to the bank. Empty: a person transmits it and records the proof.",
    )
    file_format = fields.Selection(
        selection="_selection_file_format", required=True, default="pain.001.001.09", tracking=True
    )
    profile_code = fields.Selection(
        selection="_selection_profile",
        string="Bank Profile",
        required=True,
        default="sepa",
        tracking=True,
        help="The rules that a file is checked against before anybody may approve it.",
    )
    profile_options = fields.Json(
        default=dict, help="Choices of the profile, by the names that the format documents."
    )
    currency_ids = fields.Many2many("res.currency", help="Empty: any currency.")
    service_level = fields.Char(default="SEPA", tracking=True, help="ISO 20022 code, e.g. SEPA.")
    local_instrument = fields.Char(tracking=True, help="ISO 20022 code, e.g. INST.")
    category_purpose = fields.Char(tracking=True, help="ISO 20022 code, e.g. SUPP.")
    charge_bearer = fields.Selection(
        [
            ("SLEV", "Following the scheme"),
            ("SHAR", "Shared"),
            ("DEBT", "By us"),
            ("CRED", "By them"),
        ],
        required=True,
        default="SLEV",
        tracking=True,
    )
    batch_booking = fields.Boolean(
        tracking=True, help="The bank books the whole order in one amount."
    )

    owner_id = fields.Many2one(
        "res.users",
        default=lambda self: self.env.user,
        tracking=True,
        help="Looks after exceptions of payments that no connection carries.",
    )
    recognises_repeats = fields.Boolean(
        string="Bank Recognises Repeats",
        tracking=True,
        help="The bank answers a repeated request with its first answer, so that a request whose answer was lost can be"
        " asked about by repeating it. Only where the bank's contract says so.",
    )

    creditor_scheme_id = fields.Char(
        string="Creditor Identifier",
        tracking=True,
        help="Direct debits: who collects, as the scheme knows the company, e.g. DE98ZZZ09999999999.",
    )

    # === SELECTION METHODS === #

    @api.model
    def _selection_file_format(self):
        return formats.choices()

    @api.model
    def _selection_profile(self):
        return profiles.choices()

    # === CONSTRAINT METHODS === #

    @api.constrains("interface_id")
    def _check_interface(self):
        for channel in self:
            if channel.interface_id and channel.interface_id.handler != "payment_order":
                raise ValidationError(
                    self.env._("%s does not carry payment orders.", channel.interface_id.name)
                )

    @api.constrains("kind", "file_format")
    def _check_file_format(self):
        for channel in self:
            payment_format = channel._format()
            if channel.kind not in payment_format.kinds:
                raise ValidationError(
                    self.env._(
                        "%(format)s carries no such payments as %(channel)s.",
                        format=payment_format.name,
                        channel=channel.name,
                    )
                )

    @api.constrains("profile_code", "profile_options")
    def _check_profile(self):
        for channel in self:
            try:
                profiles.find(channel.profile_code, channel.profile_options)
            except BusinessError as error:
                raise ValidationError(" ".join((error.message, error.next_step))) from error

    # === CRUD METHODS === #

    def write(self, vals):
        touched = _FILE & vals.keys()
        before = [(channel, *(channel[name] for name in touched)) for channel in self]
        places = [(channel, channel._place()) for channel in self]
        result = super().write(vals)
        changed = self.browse(
            channel.id
            for channel, *values in before
            if values != [channel[name] for name in touched]
        )
        changed._take_orders_back()
        for channel, place in places:
            if channel._place() != place:
                channel._check_not_used()
        return result

    # === BUSINESS METHODS === #

    def _place(self):
        return [self[name] for name in _PLACE]

    def _check_not_used(self):
        """:raise UserError: orders were made with this channel, and would move with it"""
        used = self.env["treasury.payment.order"].sudo()
        if used.search_count([("channel_id", "=", self.id), ("version", ">", 0)], limit=1):
            raise UserError(
                self.env._(
                    "Orders were made with %s, and stay where they are: make another channel and archive this one.",
                    self.name,
                )
            )

    def _take_orders_back(self):
        """Files that wait are not what this channel makes any more: others are made and approved."""
        orders = (
            self.env["treasury.payment.order"]
            .sudo()
            .search([("channel_id", "in", self.ids), ("state", "in", ("to_approve", "approved"))])
        )
        for channel, waiting in orders.grouped("channel_id").items():
            reason = self.env._(
                "%(user)s changed the channel %(channel)s.",
                user=self.env.user.name,
                channel=channel.name,
            )
            waiting._take_back(reason, "channel_changed", channel=channel.name)

    def _format(self):
        """:rtype: PaymentFormat
        :raise BusinessError: this release does not know it
        """
        return formats.find(self.file_format)

    def _profile(self):
        return formats.Profile(self.profile_code, self.profile_options or {})

    def _check_carries(self, payments):
        """Refuse what this channel cannot carry.

        :param payments: ``account.payment``
        :raise UserError: naming the payment and what is wrong with it
        """
        self.ensure_one()
        for payment in payments:
            if payment.journal_id != self.journal_id:
                raise UserError(
                    self.env._(
                        "%(payment)s is paid from %(journal)s, and %(channel)s pays from %(own)s.",
                        payment=payment.display_name,
                        journal=payment.journal_id.display_name,
                        channel=self.name,
                        own=self.journal_id.display_name,
                    )
                )
            if self.currency_ids and payment.currency_id not in self.currency_ids:
                raise UserError(
                    self.env._(
                        "%(payment)s is in %(currency)s, which %(channel)s does not carry.",
                        payment=payment.display_name,
                        currency=payment.currency_id.name,
                        channel=self.name,
                    )
                )
