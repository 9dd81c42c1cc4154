from datetime import timedelta

from odoo import api, fields, models
from odoo.fields import Domain

from odoo.addons.treasury_sync.tools import payees

PAID = ("transmitted", "acknowledged", "executed", "booked")


class TreasuryFraudRule(models.Model):
    """What makes a payment suspicious: its order is held until a second person has looked at it."""

    _name = "treasury.fraud.rule"
    _description = "Fraud Rule"
    _inherit = ["finance.audited.mixin", "mail.thread"]
    _order = "sequence, id"
    _audit_subject = "fraud_rule"

    name = fields.Char(required=True, tracking=True)
    sequence = fields.Integer(default=10)
    active = fields.Boolean(default=True, tracking=True)
    company_id = fields.Many2one("res.company", index=True, help="Empty: all companies.")
    kind = fields.Selection(
        [
            ("untrusted", "The account is not trusted"),
            ("first_payment", "First payment to the account"),
            ("account_changed", "The account was changed lately"),
            ("shared_account", "Several vendors have the account"),
            ("duplicate", "Same vendor and amount lately"),
            ("country", "The account is in a country of the list"),
            ("unusual_amount", "Much more than the vendor usually gets"),
            ("combined_limit", "All payments to the vendor together are above a limit"),
            ("payee", "The bank does not confirm the payee"),
        ],
        required=True,
        tracking=True,
    )
    days = fields.Integer(default=30, tracking=True, help="How far back “lately” goes.")
    factor = fields.Float(
        default=3.0, tracking=True, help="How many times the usual amount is unusual."
    )
    currency_id = fields.Many2one(
        "res.currency", required=True, default=lambda self: self.env.company.currency_id
    )
    limit_amount = fields.Monetary(tracking=True, help="Of the order and the days before it.")
    country_ids = fields.Many2many("res.country", string="Countries", tracking=True)

    # === BUSINESS METHODS === #

    @api.model
    def _suspicions(self, order):
        """:return: pairs of rule and instruction, for each instruction of an order that a rule finds suspicious
        :rtype: list[tuple[treasury.fraud.rule, treasury.payment.instruction]]
        """
        rules = self.sudo().search([("company_id", "in", (False, order.company_id.id))])
        return [
            (rule, item)
            for rule in rules
            for item in order.sudo()._live()
            if getattr(rule, f"_is_{rule.kind}")(item)
        ]

    def _is_untrusted(self, item):
        return not item.partner_bank_id.allow_out_payment

    def _is_first_payment(self, item):
        return not self._earlier(item, Domain("account_number", "=", item.account_number))

    def _is_account_changed(self, item):
        edited = item.partner_bank_id.treasury_edited_at
        return bool(edited) and edited >= self._since()

    def _is_shared_account(self, item):
        same = self.env["res.partner.bank"].search(
            [("sanitized_acc_number", "=", item.account_number)]
        )
        return len(same.partner_id.commercial_partner_id) > 1

    def _is_duplicate(self, item):
        same = Domain("partner_id", "child_of", item.partner_id.commercial_partner_id.id)
        same &= Domain("currency_id", "=", item.currency_id.id) & Domain("amount", "=", item.amount)
        twins = item.order_id._live().filtered(
            lambda other: (
                other != item
                and other.partner_id.commercial_partner_id == item.partner_id.commercial_partner_id
                and not item.currency_id.compare_amounts(other.amount, item.amount)
            )
        )
        return bool(twins or self._earlier(item, same & Domain("create_date", ">=", self._since())))

    def _is_country(self, item):
        return item.is_iban and item.account_number[:2] in self.country_ids.mapped("code")

    def _is_unusual_amount(self, item):
        usual = self._earlier(item, self._to_vendor(item))
        if not usual:
            return False
        average = sum(self._in_currency(other) for other in usual) / len(usual)
        return self._in_currency(item) > self.factor * average

    def _is_combined_limit(self, item):
        lately = self._earlier(
            item, self._to_vendor(item) & Domain("create_date", ">=", self._since())
        )
        together = lately | item.order_id._live().filtered(
            lambda other: (
                other.partner_id.commercial_partner_id == item.partner_id.commercial_partner_id
            )
        )
        total = sum(self._in_currency(other) for other in together)
        return self.currency_id.compare_amounts(total, self.limit_amount) > 0

    def _is_payee(self, item):
        return item.payee_code not in (False, payees.MATCH)

    def _since(self):
        return fields.Datetime.now() - timedelta(days=self.days)

    def _to_vendor(self, item):
        return Domain("partner_id", "child_of", item.partner_id.commercial_partner_id.id)

    def _earlier(self, item, domain):
        return self.env["treasury.payment.instruction"].search(
            Domain("company_id", "=", item.company_id.id)
            & Domain("order_id", "!=", item.order_id.id)
            & Domain("state", "in", PAID)
            & domain
        )

    def _in_currency(self, item):
        return item.currency_id._convert(
            item.amount, self.currency_id, item.company_id, fields.Date.context_today(self)
        )
