from datetime import timedelta

from odoo import api, fields, models
from odoo.exceptions import AccessError, UserError

from odoo.addons.treasury_sync.tools.position import document
from odoo.addons.treasury_sync.tools.position.assemble import Inputs, assemble
from odoo.addons.treasury_sync.tools.position.figures import (
    Account,
    Books,
    Entity,
    shown_number,
)
from odoo.addons.treasury_sync.tools.position.transfers import WINDOW_DAYS

_VIEWER = "finance_connector_base.group_finance_viewer"
_READER = "treasury_sync.group_treasury_cash_reader"
#: Days shown beside each account: two weeks and the weekends of both.
STRIP_DAYS = 14
#: Without a balance for that long, an archived account is closed.
_CLOSED_AFTER = timedelta(days=35)


class CashPosition(models.AbstractModel):
    """What cash there is, on any day, as known at any time; computed from what the banks stated, and never stored here.

    The bank's balances and the rates are only added to, so that what was known earlier can be read later. The ledger
    beside them is what was entered until then, as it stands now: entries that were deleted or taken back since are
    only in the frozen runs.
    """

    _name = "cash.position"
    _description = "Cash Position"

    # === PUBLIC METHODS === #

    @api.model
    @api.readonly
    def list_groups(self) -> list:
        """The groups whose position the caller may read.

        ::

            POST /json/2/cash.position/list_groups
            {}

            200 [{"group": "EMEA", "name": "Europe", "currency": "EUR", "entities": 4}]

        :return: list of groups, ordered by name
        :raise AccessError: the caller reads no positions (HTTP 403)
        """
        self._check_reader()
        return [
            {
                "group": group.code,
                "name": group.name,
                "currency": group.currency_id.name,
                "entities": len(group.entity_ids),
            }
            for group in self._groups()
        ]

    @api.model
    @api.readonly
    def get_position(
        self, group: str | None = None, date: str | None = None, known_at: str | None = None
    ) -> dict:
        """The cash position of a group, or of the companies that the caller works for.

        ::

            POST /json/2/cash.position/get_position
            {"group": "EMEA", "date": "2026-11-25", "known_at": "2026-11-26T07:00:00Z"}

            200 {"schema": "cash_position.v1", "complete": false, "findings": [...],
                 "totals": {"group": "1250000.00", ...}, "accounts": [...], ...}

        Every figure carries its rate, the rate's date and its source. What is missing is left out of the sums and
        named in ``findings``; ``complete`` is false while one of them blocks. The form is described by the JSON Schema
        ``cash_position.v1``.

        :param str | None group: code of a group; without one the companies that are switched on are one
        :param str | None date: ISO 8601; today by default, no later day
        :param str | None known_at: time in UTC, ISO 8601; only what was known then counts. By default now.
        :return: the position
        :raise AccessError: the caller does not read this group (HTTP 403)
        :raise UserError: an argument cannot be used (HTTP 422)
        """
        self._check_reader()
        if group is None and not self.env.user.has_group(_VIEWER):
            raise AccessError(
                self.env._("Name one of your groups: the books of a company are for its viewers.")
            )
        found = self._find_group(group) if group is not None else None
        day, time = self._read_arguments(date, known_at)
        return document.write(assemble(self._inputs(found, day, time)))

    # === WHO READS WHAT === #

    @api.model
    def _check_reader(self):
        if not (self.env.user.has_group(_VIEWER) or self.env.user.has_group(_READER)):
            raise AccessError(
                self.env._(
                    "Cash positions are for viewers of Finance Connectivity and for group readers."
                )
            )

    @api.model
    def _groups(self):
        """The groups that name the caller as a reader, or all of whose entities a viewer works for."""
        groups = self.env["cash.position.group"].sudo().search([("entity_ids", "!=", False)])
        user = self.env.user
        is_viewer = user.has_group(_VIEWER)
        return groups.filtered(
            lambda group: (
                user in group.reader_ids or (is_viewer and group.entity_ids <= user.company_ids)
            )
        )

    @api.model
    def _find_group(self, code):
        group = self._groups().filtered(lambda group: group.code == code)
        if not group:
            raise AccessError(self.env._("There is no such group, or it does not name you."))
        return group

    @api.model
    def _read_arguments(self, date, known_at):
        """:return: the day, and the time in UTC or None for now"""
        today = fields.Date.context_today(self)
        try:
            day = fields.Date.to_date(date) if date else today
            time = (
                fields.Datetime.to_datetime(known_at.removesuffix("Z").replace("T", " "))
                if known_at
                else None
            )
        except (AttributeError, TypeError, ValueError):
            day = time = None
            date = "?"
        if not day or (known_at and not time):
            raise UserError(
                self.env._(
                    "Write the date like 2026-11-25, and the time in UTC like 2026-11-25T07:00:00Z."
                )
            )
        if day > today:
            raise UserError(
                self.env._("%s is not over: the ladder tells what is expected.", day.isoformat())
            )
        return day, time

    # === INPUTS === #

    @api.model
    def _blocking_codes(self):
        """:return: codes of what keeps a position from being complete"""
        return {
            "position_missing",
            "position_stale",
            "position_broken",
            "position_unmapped",
            "position_rate_missing",
            "position_rate_old",
        }

    @api.model
    def _finding_labels(self):
        """:return: code of a finding -> what it means, in words
        :rtype: dict[str, str]
        """
        return {
            **{code: self.env["finance.exception"]._title(code) for code in self._blocking_codes()},
            "position_unexplained": self.env._(
                "The bank and the ledger differ by an amount that nothing explains"
            ),
            "position_transfer_late": self.env._(
                "A transfer within the group has not arrived for more than %s days", WINDOW_DAYS
            ),
        }

    @api.model
    def _inputs(self, group, day, known_at):
        """Read everything that a position is made of, as the superuser: who may read it was decided before.

        :param group: ``cash.position.group``, or None for the companies that are switched on
        :param date day: whose end is looked at
        :param datetime known_at: UTC, or None for now
        :rtype: Inputs
        """
        reader = self.sudo()
        if group:
            group = group.sudo()
            companies, owner, currency = group.entity_ids, group.company_id, group.currency_id
            codes, max_rate_age = group._entity_codes(day), group.max_rate_age
        else:
            companies, owner = self.env.companies.sudo(), self.env.company.sudo()
            currency, max_rate_age = owner.currency_id, 7
            codes = {
                company.id: company.company_registry or f"company-{company.id}"
                for company in companies
            }
        # Many look-ups of few rows, which PostgreSQL takes for more work than they are: compiling took 3 of 4 seconds.
        self.env.cr.execute("SET LOCAL jit = off")
        today = fields.Date.context_today(self)
        # Rows carry the time of their transaction, which may be ahead of this one's.
        until = known_at or "infinity"
        journals = reader._journals(companies)
        facts = reader._bank_facts(journals, day, until)
        books = reader._books(journals, facts, day, until)
        strips = {} if known_at else reader._strips(journals, day, today)
        return Inputs(
            day=day,
            known_at=known_at or fields.Datetime.now(),
            today=today,
            currency=currency.name,
            decimals=currency.decimal_places,
            entities=[
                Entity(id=company.id, name=company.name, code=codes.get(company.id))
                for company in companies
            ],
            accounts=[
                account
                for account in (
                    reader._account(journal, facts, books, strips)
                    for journal in journals
                    if journal.active or reader._counted_lately(facts.get(journal.id), day)
                )
                # Odoo makes a bank journal for each company, whether it has such an account or not.
                if account.expected or account.balances
            ],
            rates=reader._rates(owner, day, until),
            max_rate_age=max_rate_age,
            transfers=reader._transfers(journals, companies, day, until),
            # A forecast starts from what is there now.
            flows=reader._flows(companies, today) if day == today and not known_at else (),
        )

    @api.model
    def _journals(self, companies):
        return (
            self.env["account.journal"]
            .with_context(active_test=False)
            .search(
                [
                    ("type", "in", ("bank", "credit")),
                    ("company_id", "in", companies.ids),
                    "|",
                    ("active", "=", True),
                    ("bank_account_id", "!=", False),
                ],
                order="company_id, name, id",
            )
        )

    @api.model
    def _counted_lately(self, balances, day):
        """Whether an account that is archived by now was still in use then."""
        return any(balance.day >= day - _CLOSED_AFTER for balance in balances or ())

    @api.model
    def _account(self, journal, facts, books, strips):
        currency = journal.currency_id or journal.company_id.currency_id
        number = journal.bank_account_id
        expected = journal.active and (
            journal.cash_expected == "yes" or (journal.cash_expected == "auto" and bool(number))
        )
        return Account(
            id=journal.id,
            name=journal.name,
            label=shown_number(number.sanitized_acc_number or ""),
            entity_id=journal.company_id.id,
            bank=number.bank_id.name or journal.name,
            currency=currency.name,
            decimals=currency.decimal_places,
            calendar=journal.bank_calendar,
            expected=expected,
            max_age=journal.cash_max_age,
            kept_by=journal.cash_kept_by_id.id or None,
            balances=facts.get(journal.id, ()),
            books=books.get(journal.id, Books()),
            days=strips.get(journal.id, ""),
        )

    @api.model
    def _strips(self, journals, day, today):
        """:return: journal id -> a mark for each of the last days, proven as the coverage screen proves them"""
        last = min(day, today - timedelta(days=1))
        first = last - timedelta(days=STRIP_DAYS - 1)
        return self.env["bank.statement.coverage"]._marks_of(journals, first, last, today)
