from odoo import api, fields, models
from odoo.exceptions import ValidationError

from odoo.addons.finance_connector_base.tools.errors import BusinessError

DOCUMENT_KINDS = [
    ("statement", "Statement"),
    ("payment", "Payment"),
    ("status", "Payment Status"),
    ("settlement", "Settlement"),
    ("journal", "Journal Entry"),
    ("balance", "Balance"),
]


class FinanceRoutingRule(models.Model):
    """Which interface carries a given document: policy, not code. The first rule that fits wins."""

    _name = "finance.routing.rule"
    _description = "Finance Routing Rule"
    _inherit = ["finance.audited.mixin", "mail.thread"]
    _order = "sequence, id"
    _check_company_auto = True
    _audit_subject = "routing_rule"

    name = fields.Char(required=True, tracking=True)
    sequence = fields.Integer(default=10, tracking=True)
    active = fields.Boolean(default=True, tracking=True)
    company_id = fields.Many2one(
        "res.company", required=True, index=True, default=lambda self: self.env.company
    )
    document_kind = fields.Selection(
        DOCUMENT_KINDS, string="Document", required=True, tracking=True
    )
    interface_id = fields.Many2one(
        "finance.interface",
        string="Carried By",
        required=True,
        index=True,
        check_company=True,
        ondelete="restrict",
        tracking=True,
        help="While this interface is off, its documents wait; no other rule takes them over.",
    )
    currency_id = fields.Many2one("res.currency", tracking=True, help="Empty: any currency.")
    amount_from = fields.Monetary(
        tracking=True, help="Smallest amount, included; 0: no lower limit."
    )
    amount_to = fields.Monetary(tracking=True, help="Largest amount, included; 0: no upper limit.")
    journal_ids = fields.Many2many(
        "account.journal", string="Journals", check_company=True, help="Empty: any journal."
    )
    country_ids = fields.Many2many(
        "res.country", string="Countries", help="Of the partner. Empty: any country."
    )
    partner_ids = fields.Many2many(
        "res.partner",
        string="Partners",
        check_company=True,
        help="Companies with all their contacts. Empty: anybody.",
    )

    _amounts_check = models.Constraint(
        "CHECK (amount_from >= 0 AND (amount_to = 0 OR amount_to >= amount_from))",
        "The largest amount cannot be less than the smallest one.",
    )
    _lookup_idx = models.Index("(company_id, document_kind, sequence) WHERE active")

    # === CONSTRAINT METHODS === #

    @api.constrains("amount_from", "amount_to", "currency_id")
    def _check_amount_currency(self):
        for rule in self:
            if (rule.amount_from or rule.amount_to) and not rule.currency_id:
                raise ValidationError(
                    self.env._("Choose the currency of the amounts: 1,000 yen are not 1,000 euros.")
                )

    # === BUSINESS METHODS === #

    @api.model
    def _route(self, document_kind, company, **facts):
        """The interface that carries a document, by the first rule that fits.

        :param str document_kind: a key of ``DOCUMENT_KINDS``
        :param company: ``res.company`` of the document
        :param facts: what is known of the document; see :meth:`_mismatch`
        :return: ``finance.interface``, which may be switched off: then what it carries waits
        :raise BusinessError: ``route_missing``, no rule fits
        """
        for rule in self._candidates(document_kind, company):
            if rule._mismatch(**facts) is None:
                return rule.interface_id.sudo(False)
        label = dict(self._fields["document_kind"]._description_selection(self.env)).get(
            document_kind, document_kind
        )
        raise BusinessError(
            "route_missing",
            self.env._(
                "No routing rule of %(company)s carries this %(document)s.",
                company=company.name,
                document=label.lower(),
            ),
            evidence={
                "document_kind": document_kind,
                "company_id": company.id,
                **{
                    name: value.display_name if isinstance(value, models.BaseModel) else str(value)
                    for name, value in facts.items()
                    if value
                },
            },
        )

    @api.model
    def _candidates(self, document_kind, company):
        """:return: the company's rules for a kind of document, in order; as superuser: all are routed alike"""
        return self.sudo().search(
            [("document_kind", "=", document_kind), ("company_id", "=", company.id)]
        )

    def _mismatch(self, *, currency=None, amount=None, journal=None, country=None, partner=None):
        """Why this rule does not fit. What a rule asks for and the caller does not know never fits.

        :param currency: ``res.currency``
        :param amount: Decimal or float, in ``currency``; its sign is not looked at
        :param journal: ``account.journal``
        :param country: ``res.country``; by default the partner's
        :param partner: ``res.partner``
        :return: a sentence, or ``None`` when the rule fits
        """
        self.ensure_one()
        partner = partner or self.env["res.partner"]
        country = country or partner.country_id
        if not self.interface_id.active:
            return self.env._("its interface is archived")
        if self.currency_id and self.currency_id != currency:
            return self.env._("the currency is not %s", self.currency_id.name)
        if (self.amount_from or self.amount_to) and not self._fits_amount(amount):
            return self.env._("the amount is outside its range")
        if self.journal_ids and (not journal or journal not in self.journal_ids):
            return self.env._("the journal is none of its journals")
        if self.country_ids and country not in self.country_ids:
            return self.env._("the country is none of its countries")
        if self.partner_ids and not (partner | partner.commercial_partner_id) & self.partner_ids:
            return self.env._("the partner is none of its partners")
        return None

    def _fits_amount(self, amount):
        if amount is None:
            return False
        amount = abs(float(amount))
        compare = self.currency_id.compare_amounts
        return compare(amount, self.amount_from) >= 0 and (
            not self.amount_to or compare(amount, self.amount_to) <= 0
        )
