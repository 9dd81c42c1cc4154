from datetime import UTC, time

from odoo import api, fields, models
from odoo.exceptions import ValidationError
from odoo.tools import format_datetime

from odoo.addons.base.models.res_partner import _tz_get
from odoo.addons.treasury_sync.tools import cut_off


class TreasuryCutOff(models.Model):
    """Until when a bank takes payments of one product for a day, and by which banking days it counts."""

    _name = "treasury.cut.off"
    _description = "Cut-Off Time"
    _inherit = ["finance.audited.mixin", "finance.shared.mixin", "mail.thread"]
    _order = "sequence, id"
    _check_company_auto = True
    _audit_subject = "cut_off"

    name = fields.Char(required=True)
    sequence = fields.Integer(default=10, help="The first one that fits a channel counts.")
    active = fields.Boolean(default=True)
    company_id = fields.Many2one(
        "res.company", index="btree_not_null", help="Empty: of all companies."
    )
    bank_id = fields.Many2one(
        "res.bank", index="btree_not_null", help="Empty: any bank.", ondelete="restrict"
    )
    service_level = fields.Char(help="ISO 20022 code of the product, e.g. SEPA. Empty: any.")
    local_instrument = fields.Char(help="ISO 20022 code, e.g. INST. Empty: any.")
    currency_id = fields.Many2one(
        "res.currency", help="Of the account. Empty: any.", ondelete="restrict"
    )
    calendar = fields.Selection(
        selection="_selection_calendar", required=True, default="ECB", help="Its banking days."
    )
    hour = fields.Float(string="Until", required=True, default=14.0, help="Local time of the bank.")
    zone = fields.Selection(
        selection="_selection_zone", string="Time Zone", required=True, default="Europe/Berlin"
    )
    days_before = fields.Integer(
        string="Banking Days Before", help="0: on the day of the execution itself."
    )

    _hour_check = models.Constraint(
        "CHECK (hour >= 0 AND hour < 24)", "A cut-off is a time of the day."
    )
    _days_check = models.Constraint(
        "CHECK (days_before BETWEEN 0 AND 30)", "A cut-off is at most 30 banking days before."
    )

    # === SELECTION METHODS === #

    @api.model
    def _selection_calendar(self):
        countries = dict(
            self.env["res.country"]
            .sudo()
            .search([("code", "!=", False)])
            .mapped(lambda item: (item.code, item.name))
        )
        return [(code, countries.get(code, name)) for code, name in cut_off.calendars()]

    @api.model
    def _selection_zone(self):
        return _tz_get(self)

    # === CONSTRAINT METHODS === #

    @api.constrains("calendar", "hour", "zone", "days_before")
    def _check_usable(self):
        for record in self:
            try:
                cut_off.next_deadline(record._rule(), record._now())
            except ValueError as error:
                raise ValidationError(str(error)) from error

    # === BUSINESS METHODS === #

    @api.model
    def _for_channel(self, channel):
        """:return: the cut-off that counts for a channel, or none
        :rtype: treasury.cut.off
        """
        journal = channel.journal_id
        currency = journal.currency_id or journal.company_id.currency_id
        candidates = self.sudo().search([("company_id", "in", [False, channel.company_id.id])])
        return candidates.filtered(
            lambda item: (
                item.bank_id in (journal.bank_id, item.env["res.bank"])
                and item.service_level in (channel.service_level, False)
                and item.local_instrument in (channel.local_instrument, False)
                and item.currency_id in (currency, item.env["res.currency"])
            )
        )[:1]

    def _rule(self):
        """:rtype: cut_off.CutOff"""
        self.ensure_one()
        minutes = min(round(self.hour * 60), 24 * 60 - 1)
        return cut_off.CutOff(
            self.calendar, time(minutes // 60, minutes % 60), self.zone, self.days_before
        )

    @api.model
    def _now(self):
        return fields.Datetime.now().replace(tzinfo=UTC)

    def _describe(self, moment):
        """:return: ``moment`` in the bank's own time, for people"""
        self.ensure_one()
        naive = moment.astimezone(UTC).replace(tzinfo=None)
        return f"{format_datetime(self.env, naive, tz=self.zone, dt_format='EEE d MMM, HH:mm')} ({self.zone})"
