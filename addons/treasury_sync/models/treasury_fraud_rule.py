from collections import Counter
from datetime import UTC, timedelta
from zoneinfo import ZoneInfo

from odoo import api, fields, models
from odoo.fields import Domain

from odoo.addons.base.models.res_partner import _tz_get
from odoo.addons.treasury_sync.tools import cut_off, payees

PAID = ("transmitted", "acknowledged", "executed", "booked")
# Also what waits in another order: two orders at once are not looked at less than two after another.
_LIVE = ("generated", "approved", *PAID)
_SATURDAY = 5


class TreasuryFraudRule(models.Model):
    """What makes a payment suspicious: its order is held until a second person has looked at it."""

    _name = "treasury.fraud.rule"
    _description = "Fraud Rule"
    _inherit = ["finance.audited.mixin", "finance.shared.mixin", "mail.thread"]
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
            (
                "bill_account",
                "The account is not the one of the bill, or was changed since the bill came",
            ),
            ("shared_account", "Several vendors have the account"),
            ("duplicate", "Same vendor or account, and same amount, lately"),
            ("country", "The account is in a country of the list"),
            ("unusual_amount", "Much more than the vendor usually gets"),
            ("unusual_time", "Approval was asked for outside of working hours"),
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
    calendar = fields.Selection(
        selection=lambda self: self.env["treasury.cut.off"]._selection_calendar(),
        string="Working Days",
        tracking=True,
        help="Whose weekends and bank holidays are no working days. Empty: Saturdays and Sundays are none.",
    )
    hour_from = fields.Float(string="Work Begins", default=7.0, tracking=True)
    hour_to = fields.Float(string="Work Ends", default=19.0, tracking=True)
    zone = fields.Selection(
        selection="_selection_zone",
        string="Time Zone",
        required=True,
        default=lambda self: self.env.user.tz or "Europe/Berlin",
        tracking=True,
    )

    _hours_check = models.Constraint(
        "CHECK (0 <= hour_from AND hour_from < hour_to AND hour_to <= 24)",
        "Work begins before it ends, on the same day.",
    )

    # === SELECTION METHODS === #

    @api.model
    def _selection_zone(self):
        return _tz_get(self)

    # === BUSINESS METHODS === #

    @api.model
    def _suspicions(self, order, kinds=()):
        """
        :param order: ``treasury.payment.order``
        :param kinds: of the rules to ask; empty: all
        :return: pairs of rule and instruction, for each instruction of an order that a rule finds suspicious
        :rtype: list[tuple[treasury.fraud.rule, treasury.payment.instruction]]
        """
        rules = self.sudo().search([("company_id", "in", (False, order.company_id.id))])
        items = order.sudo()._live()
        return [
            (rule, item)
            for rule in rules
            if not kinds or rule.kind in kinds
            for item in getattr(rule, f"_find_{rule.kind}")(items)
        ]

    def _find_untrusted(self, items):
        return items.filtered(lambda item: not item.partner_bank_id.allow_out_payment)

    def _find_first_payment(self, items):
        numbers = Domain("account_number", "in", items.mapped("account_number"))
        paid = self._earlier(items, numbers, ["account_number"])
        known = {number for (number,) in paid}
        return items.filtered(lambda item: item.account_number not in known)

    def _find_account_changed(self, items):
        since = self._since()
        return items.filtered(
            lambda item: (
                item.partner_bank_id.treasury_edited_at
                and item.partner_bank_id.treasury_edited_at >= since
            )
        )

    def _find_bill_account(self, items):
        own = items.company_id.partner_id.bank_ids

        def is_another(item):
            bills = item.payment_id.reconciled_bill_ids
            # A credit note names an account of ours.
            named = bills.partner_bank_id - own
            edited_at = item.partner_bank_id.treasury_edited_at
            return (named - item.partner_bank_id) or (
                edited_at and any(edited_at > bill.create_date for bill in bills)
            )

        return items.filtered(is_another)

    def _find_shared_account(self, items):
        same = (
            self.env["res.partner.bank"]
            .search([("sanitized_acc_number", "in", items.mapped("account_number"))])
            .grouped("sanitized_acc_number")
        )
        return items.filtered(
            lambda item: (
                item.account_number in same
                and len(same[item.account_number].partner_id.commercial_partner_id) > 1
            )
        )

    def _find_duplicate(self, items):
        keys = {
            item: [
                (side, item.currency_id, item.currency_id.round(item.amount))
                for side in (item.partner_id.commercial_partner_id, item.account_number)
            ]
            for item in items
        }
        here = Counter(key for found in keys.values() for key in found)
        numbers = Domain("account_number", "in", items.mapped("account_number"))
        same = Domain("amount", "in", list(set(items.mapped("amount"))))
        earlier = {
            (side, currency, currency.round(amount))
            for partner, number, currency, amount in self._earlier(
                items,
                (self._to_vendors(items) | numbers) & same & self._lately(),
                ["partner_id", "account_number", "currency_id", "amount"],
                states=_LIVE,
            )
            for side in (*self._above(partner), number)
        }
        return items.filtered(
            lambda item: any(here[key] > 1 or key in earlier for key in keys[item])
        )

    def _find_country(self, items):
        codes = set(self.country_ids.mapped("code"))
        return items.filtered(lambda item: self._country_of(item) in codes)

    def _country_of(self, item):
        """:return: the code of the country that an account is in; where nothing says so, of whoever has it"""
        if item.is_iban:
            return item.account_number[:2]
        bank = item.partner_bank_id.bank_id
        return (item.bic or "")[4:6].upper() or bank.country.code or item.country_code

    def _find_unusual_amount(self, items):
        usual = self._sums_by_vendor(items, self._to_vendors(items))

        def is_unusual(item):
            total, count = usual.get(item.partner_id.commercial_partner_id, (0, 0))
            return bool(count) and self._in_currency(item) > self.factor * total / count

        return items.filtered(is_unusual)

    def _find_unusual_time(self, items):
        """All of an order is asked for at once: it is held once, for its largest payment."""
        asked_at = items.order_id.generated_at.replace(tzinfo=UTC).astimezone(ZoneInfo(self.zone))
        hour = asked_at.hour + asked_at.minute / 60
        works = (
            cut_off.is_banking_day(asked_at.date(), self.calendar)
            if self.calendar
            else asked_at.weekday() < _SATURDAY
        )
        if works and self.hour_from <= hour < self.hour_to:
            return items.browse()
        return items.sorted("amount")[-1:]

    def _find_combined_limit(self, items):
        lately = self._sums_by_vendor(items, self._to_vendors(items) & self._lately(), states=_LIVE)
        totals = {vendor: total for vendor, (total, _count) in lately.items()}
        for item in items:
            vendor = item.partner_id.commercial_partner_id
            totals[vendor] = totals.get(vendor, 0) + self._in_currency(item)
        return items.filtered(
            lambda item: (
                self.currency_id.compare_amounts(
                    totals[item.partner_id.commercial_partner_id], self.limit_amount
                )
                > 0
            )
        )

    def _find_payee(self, items):
        return items.filtered(lambda item: item.payee_code not in (False, payees.MATCH))

    # === WHAT WAS PAID BEFORE === #

    def _since(self):
        return fields.Datetime.now() - timedelta(days=self.days)

    def _lately(self):
        return Domain("create_date", ">=", self._since())

    def _to_vendors(self, items):
        return Domain("partner_id", "child_of", items.partner_id.commercial_partner_id.ids)

    def _above(self, partner):
        """:return: a partner and those that it belongs to: a payment to it is one to each of them"""
        above = partner
        while parent := above[-1:].parent_id - above:
            above += parent
        return above

    def _earlier(self, items, domain, groupby, aggregates=(), states=PAID):
        """:return: what the company has paid with other orders, by groups"""
        return self.env["treasury.payment.instruction"]._read_group(
            Domain("company_id", "in", items.company_id.ids)
            & Domain("order_id", "not in", items.order_id.ids)
            & Domain("state", "in", states)
            & domain,
            groupby,
            aggregates,
        )

    def _sums_by_vendor(self, items, domain, states=PAID):
        """:return: sum in this rule's currency and number of the payments to each vendor before
        :rtype: dict
        """
        sums = {}
        for partner, currency, amount, count in self._earlier(
            items, domain, ["partner_id", "currency_id"], ["amount:sum", "__count"], states
        ):
            amount = self._convert(amount, currency, items.company_id)
            for vendor in self._above(partner):
                total, number = sums.get(vendor, (0, 0))
                sums[vendor] = (total + amount, number + count)
        return sums

    def _in_currency(self, item):
        return self._convert(item.amount, item.currency_id, item.company_id)

    def _convert(self, amount, currency, company):
        return currency._convert(
            amount, self.currency_id, company, fields.Date.context_today(self), round=False
        )
