from datetime import timedelta

from odoo import api, fields, models
from odoo.exceptions import UserError

from odoo.addons.bank_statement_api.tools import coverage, shadow
from odoo.addons.bank_statement_api.tools.references import end_to_end

_FIRST_PERIOD = 30
_SETTLED = ("signed", "switched")


class BankStatementComparison(models.Model):
    """A channel in shadow beside what is booked, line by line, and the decision that it may take over."""

    _name = "bank.statement.comparison"
    _description = "Comparison of a Shadow with the Live Channel"
    _inherit = [
        "finance.audited.mixin",
        "finance.company.mixin",
        "bank.statement.provenance.mixin",
        "mail.thread",
    ]
    _order = "id desc"
    _check_company_auto = True
    _audit_subject = "comparison"

    interface_id = fields.Many2one(
        "finance.interface",
        string="New Channel",
        required=True,
        index=True,
        check_company=True,
        ondelete="restrict",
        domain="[('handler', '=', 'bank_statement'), ('mode', '=', 'shadow')]",
    )
    company_id = fields.Many2one(related="interface_id.company_id", store=True, index=True)
    interface_mode = fields.Selection(related="interface_id.mode")
    date_from = fields.Date(string="First Day", required=True)
    date_to = fields.Date(
        string="Last Day",
        required=True,
        default=lambda self: fields.Date.context_today(self) - timedelta(days=1),
    )
    state = fields.Selection(
        [
            ("new", "Not Compared"),
            ("different", "Not Equal"),
            ("equal", "Equal"),
            ("signed", "May Take Over"),
            ("switched", "Has Taken Over"),
        ],
        required=True,
        readonly=True,
        copy=False,
        default="new",
        tracking=True,
    )
    compared_at = fields.Datetime(readonly=True, copy=False)
    hindrance = fields.Text(
        string="Why It May Not Take Over Yet", readonly=True, copy=False, default=False
    )
    not_compared = fields.Char(
        readonly=True,
        copy=False,
        help="Accounts that only the new channel brings.",
    )
    same_count = fields.Integer(string="Same", readonly=True, copy=False)
    differing_count = fields.Integer(string="Differing", readonly=True, copy=False)
    only_live_count = fields.Integer(string="Only Live", readonly=True, copy=False)
    only_shadow_count = fields.Integer(string="Only New", readonly=True, copy=False)
    signed_by_id = fields.Many2one("res.users", readonly=True, copy=False, tracking=True)
    signed_at = fields.Datetime(readonly=True, copy=False)
    line_ids = fields.One2many("bank.statement.comparison.line", "comparison_id", readonly=True)
    day_ids = fields.One2many("bank.statement.comparison.day", "comparison_id", readonly=True)

    _period = models.Constraint(
        "CHECK(date_from <= date_to)", "The first day cannot be after the last one."
    )

    # === COMPUTE METHODS === #

    @api.depends("interface_id", "date_from", "date_to")
    def _compute_display_name(self):
        for comparison in self:
            comparison.display_name = self.env._(
                "%(channel)s, %(first)s to %(last)s",
                channel=comparison.interface_id.name,
                first=fields.Date.to_string(comparison.date_from),
                last=fields.Date.to_string(comparison.date_to),
            )

    # === CRUD METHODS === #

    @api.model
    def _provenance_fields(self):
        return super()._provenance_fields() | {
            "state",
            "compared_at",
            "hindrance",
            "not_compared",
            *(f"{state}_count" for state in shadow.STATES),
            "signed_by_id",
            "signed_at",
            "line_ids",
        }

    def write(self, vals):
        moved = {"interface_id", "date_from", "date_to"} & vals.keys()
        if moved and self.filtered(lambda comparison: comparison.state in _SETTLED):
            raise UserError(
                self.env._("What was signed off keeps its channel and its days. Make another one.")
            )
        result = super().write(vals)
        if moved:
            self.sudo().write({"state": "new", "compared_at": False, "hindrance": False})
        return result

    @api.ondelete(at_uninstall=False)
    def _unlink_except_signed(self):
        if self.filtered(lambda comparison: comparison.state in _SETTLED):
            raise UserError(self.env._("A comparison that was signed off is evidence."))

    # === ACTION METHODS === #

    def action_compare(self):
        """Compare anew: what the new channel told with what is booked now.

        :return: True
        :raise UserError: the channel is no shadow any more, or has taken over
        """
        self.check_access("write")
        for comparison in self:
            comparison._check_shadow()
            comparison.sudo()._compare()
        return True

    def action_sign_off(self):
        """Decide that the new channel may take over; offered only while the whole period is equal.

        :return: True
        :raise UserError: it is not equal now, with the reasons
        """
        self.check_access("write")
        for comparison in self:
            comparison._check_shadow()
            comparison.sudo()._compare()
            comparison._check_equal()
            comparison.sudo().write(
                {
                    "state": "signed",
                    "signed_by_id": self.env.uid,
                    "signed_at": fields.Datetime.now(),
                }
            )
            comparison._log_decision("signed_off")
        return True

    def action_switch_over(self):
        """Let the new channel book, from the compared days on, and make the old one its fallback.

        What both bring is recognised, and what is older than the compared days is left to the old channel.

        :return: True
        :raise UserError: nobody signed off, or the books have changed since and are not equal any more
        """
        self.check_access("write")
        for comparison in self:
            comparison._check_shadow()
            if comparison.state != "signed":
                raise UserError(self.env._("Sign off first that this channel may take over."))
            comparison.sudo()._compare()
            comparison._check_equal()
            comparison._switch_over()
        return True

    def action_open_lines(self):
        """All lines of the comparison, side by side."""
        self.ensure_one()
        self.check_access("read")
        return {
            "type": "ir.actions.act_window",
            "name": self.env._("Line by Line"),
            "res_model": "bank.statement.comparison.line",
            "view_mode": "list,kanban,form",
            "domain": [("comparison_id", "=", self.id)],
            "context": {"search_default_not_same": 1},
        }

    # === BUSINESS METHODS === #

    @api.model
    def _open_for(self, interface):
        """The latest comparison of a channel, or a new one for the days that its shadow has read."""
        found = self.search([("interface_id", "=", interface.id)], limit=1)
        if not found and interface.mode != "shadow":
            raise UserError(
                self.env._(
                    "%s is no shadow: only a channel that books nothing yet is compared with what is booked.",
                    interface.display_name,
                )
            )
        yesterday = fields.Date.context_today(self) - timedelta(days=1)
        seen = self._seen(interface).values()
        first = max((first for first, _last in seen), default=None)
        first = max(
            first or yesterday - timedelta(days=_FIRST_PERIOD),
            yesterday - timedelta(days=_FIRST_PERIOD),
        )
        return {
            "type": "ir.actions.act_window",
            "name": self.env._("Comparison with What Is Booked"),
            "res_model": self._name,
            "res_id": found.id,
            "views": [(False, "form")],
            "context": {
                "default_interface_id": interface.id,
                "default_date_from": fields.Date.to_string(min(first, yesterday)),
            },
        }

    def _check_shadow(self):
        self.ensure_one()
        if self.state == "switched" or self.interface_id.mode != "shadow":
            raise UserError(self.env._("%s is no shadow any more.", self.interface_id.display_name))

    def _check_equal(self):
        self.ensure_one()
        if self.hindrance:
            raise UserError(self.hindrance)

    def _log_decision(self, decision):
        self.env["finance.audit.event"]._log(
            f"comparison.{decision}",
            self,
            summary=self.display_name,
            details={
                "interface": self.interface_id.code,
                "date_from": self.date_from.isoformat(),
                "date_to": self.date_to.isoformat(),
                **{state: self[f"{state}_count"] for state in shadow.STATES},
            },
        )

    def _switch_over(self):
        self.ensure_one()
        journals = self.line_ids.journal_id
        feeds = self._feeds(self.interface_id)
        accounts = feeds.filtered(lambda feed: feed.kind == "account")
        accounts.sudo().write({"covered_until": self.date_to, "sync_cursor": False})
        feeds.write({"books_from": self.date_from, "is_fallback": False})
        self.env["bank.statement.feed"].search(
            [
                ("journal_id", "in", journals.ids),
                ("kind", "=", "account"),
                ("interface_id", "!=", self.interface_id.id),
            ]
        ).is_fallback = True
        self.interface_id.action_set_live()
        feeds.filtered(lambda feed: feed.kind != "mail")._enqueue_fetch()
        self.env["bank.statement.shadow.line"].sudo().search(
            [("interface_id", "=", self.interface_id.id)]
        ).unlink()
        self.sudo().state = "switched"
        self._log_decision("switched_over")

    @api.model
    def _feeds(self, interface):
        return self.env["bank.statement.feed"].search([("interface_id", "=", interface.id)])

    # === COMPARE === #

    def _compare(self):
        self.ensure_one()
        told = self.env["bank.statement.shadow.line"].search(
            [
                ("interface_id", "=", self.interface_id.id),
                ("booking_date", ">=", self.date_from),
                ("booking_date", "<=", self.date_to),
            ]
        )
        feeds = self._feeds(self.interface_id)
        journals = (told.journal_id | feeds.journal_id).sorted("name")
        alone = journals.filtered(lambda journal: not self._has_other_channel(journal))
        journals -= alone
        self.line_ids.unlink()
        counts = dict.fromkeys(shadow.STATES, 0)
        for journal in journals:
            of_journal = told.filtered(lambda line, journal=journal: line.journal_id == journal)
            rows = self._rows(journal, of_journal)
            self.env["bank.statement.comparison.line"]._create_rows(self, journal, rows)
            for row in rows:
                counts[row.state] += 1
        reasons = self._hindrances(journals, counts)
        self.write(
            {
                "compared_at": fields.Datetime.now(),
                "hindrance": "\n".join(reasons) or False,
                "not_compared": ", ".join(alone.mapped("name")) or False,
                "state": "different" if reasons else "equal",
                "signed_by_id": False,
                "signed_at": False,
                **{f"{state}_count": count for state, count in counts.items()},
            }
        )
        # The days are read from the lines by the database.
        self.env.flush_all()
        self.invalidate_recordset(["day_ids"])

    def _has_other_channel(self, journal):
        return bool(
            self.env["account.bank.statement.line"].search_count(
                [
                    ("journal_id", "=", journal.id),
                    "|",
                    ("exchange_id", "=", False),
                    ("exchange_id.interface_id", "!=", self.interface_id.id),
                ],
                limit=1,
            )
        )

    def _rows(self, journal, told):
        importer = self.env["bank.statement.importer"]
        booked = self.env["account.bank.statement.line"].search(
            [
                ("journal_id", "=", journal.id),
                "|",
                "&",
                ("bank_booking_date", ">=", self.date_from),
                ("bank_booking_date", "<=", self.date_to),
                "&",
                "&",
                ("bank_booking_date", "=", False),
                ("date", ">=", self.date_from),
                ("date", "<=", self.date_to),
            ],
            order="id",
        )
        currency = importer._journal_currency(journal)
        return shadow.compare(
            [line._as_told() for line in told],
            [self._live_line(currency, line) for line in booked],
            [
                importer._known_line(line, currency, line.provider_uid or None)
                for line in booked.filtered("fingerprint")
            ],
            strategy=journal.uid_strategy,
        )

    @api.model
    def _live_line(self, currency, line):
        to_decimal = self.env["bank.statement.proof"]._to_decimal
        provider = (line.provider_uid or "").partition("|")[0].partition(":")[2]
        payers_id = end_to_end(line)
        return shadow.Line(
            id=line.id,
            entry=(line.fingerprint, line.fingerprint_version, line.fingerprint_occurrence),
            day=line.bank_booking_date or line.date,
            amount=to_decimal(currency, line.amount),
            value_date=line.bank_value_date or None,
            party=line.partner_name or "",
            account=line.account_number or "",
            end_to_end_id=payers_id,
            text=line.payment_ref or "",
            names=shadow.names(line.account_servicer_ref, payers_id, provider),
        )

    # === WHY NOT === #

    def _hindrances(self, journals, counts):
        """:return: what speaks against a sign-off, in words; silence of a bank is none of equality"""
        reasons = []
        wrong = sum(counts.values()) - counts[shadow.SAME]
        if wrong:
            reasons.append(self.env._("Lines that are not the same on both sides: %s.", wrong))
        if not counts[shadow.SAME]:
            reasons.append(self.env._("There is not one line that both channels brought."))
        if self.date_to >= fields.Date.context_today(self):
            reasons.append(self.env._("The last day is not over."))
        seen = self._seen(self.interface_id)
        for journal in journals:
            first, last = seen.get(journal.id, (None, None))
            if not first or first > self.date_from or last < self.date_to:
                reasons.append(
                    self.env._(
                        "%(account)s: the new channel was read from %(first)s to %(last)s only.",
                        account=journal.name,
                        first=first or "?",
                        last=last or "?",
                    )
                )
        return reasons + self._live_hindrances(journals)

    def _live_hindrances(self, journals):
        reasons = []
        facts = self.env["bank.statement.coverage"]._facts(journals)
        today = fields.Date.context_today(self)
        for journal in journals:
            days = coverage.prove(facts[journal.id], self.date_from, self.date_to, today)
            open_days = [
                day.day for day in days if day.state in (coverage.MISSING, coverage.BROKEN)
            ]
            if open_days:
                reasons.append(
                    self.env._(
                        "%(account)s: what is booked is not proven complete on %(count)s days, the first %(day)s.",
                        account=journal.name,
                        count=len(open_days),
                        day=open_days[0],
                    )
                )
        return reasons

    @api.model
    def _seen(self, interface):
        """:return: journal id -> first and last day that the shadow has read
        :rtype: dict
        """
        days = {}
        for feed in self._feeds(interface).filtered("shadow_covered_until"):
            days.setdefault(feed.journal_id.id, []).extend(
                (feed.shadow_covered_from, feed.shadow_covered_until)
            )
        done = (
            self.env["finance.exchange"]
            .sudo()
            .search(
                [
                    ("interface_id", "=", interface.id),
                    ("shadow", "=", True),
                    ("work_status", "=", "done"),
                ]
            )
        )
        for exchange in done:
            for journal_id, *told in (exchange.result or {}).get("observed", ()):
                days.setdefault(journal_id, []).extend(map(fields.Date.to_date, told))
        return {journal_id: (min(told), max(told)) for journal_id, told in days.items()}
