from odoo import SUPERUSER_ID, api, models

from odoo.addons.bank_statement_api.tools import documents


class BankStatementImporter(models.AbstractModel):
    """What comes before and beside the end-of-day statement: intraday reports and notifications."""

    _inherit = "bank.statement.importer"

    # === NOTIFICATIONS === #

    @api.model
    def _take_notification(self, exchange, plan):
        """Keep a notification and bring it to its entry, if that is booked; it never books anything.

        :return: counts by name
        :rtype: dict
        """
        journal, statement = plan.journal, plan.statement
        model = self.env["bank.statement.notification"]
        new = model._keep(exchange, journal, statement)
        self._store_balances(exchange, journal, statement)
        attached = self._attach_notifications(journal, statement)
        return {"notifications": len(new), "attached": attached}

    @api.model
    def _attach_notifications(self, journal, statement):
        """:return: number of lines that learnt something"""
        lines = self.env["bank.statement.notification"]._attach(
            journal, {line.booking_date for line in statement.transactions if line.booking_date}
        )
        self.env["bank.statement.matcher"]._enqueue(
            journal, lines.filtered(lambda line: line.match_state == "pending")
        )
        return len(lines)

    # === REPORTS === #

    @api.model
    def _check_reported(self, exchange, journal, statement):
        """Ask about intraday bookings that the statement of their day does not hold, and stop asking when one does."""
        if statement.kind != documents.STATEMENT or not statement.closing:
            return
        exception_model = self.env["finance.exception"]
        first = statement.opening.date if statement.opening else statement.period_from
        reported = self.env["account.bank.statement.line"].search(
            [
                ("journal_id", "=", journal.id),
                ("bank_document_kind", "=", "report"),
                ("bank_booking_date", "<=", statement.closing.date),
                ("bank_booking_date", ">=", first or statement.closing.date),
            ]
        )
        for line in reported:
            if line.statement_id:
                exception_model._resolve_by_system(
                    line,
                    codes=("report_unconfirmed",),
                    reason=self.env._("A statement holds the booking."),
                )
            elif not self._was_decided(line):
                exception_model._open(
                    "report_unconfirmed",
                    self.env._(
                        "%(amount)s of %(day)s was reported as booked, but is not on statement %(statement)s.",
                        amount=line.amount,
                        day=line.bank_booking_date,
                        statement=statement.statement_id,
                    ),
                    kind="business",
                    evidence={
                        "amount": str(line.amount),
                        "booking_date": line.bank_booking_date.isoformat(),
                        "reported_by": line.exchange_id.name,
                    },
                    severity="2",
                    unit_key=f"line:{line.id}",
                    record=line,
                    company=line.company_id,
                    connection=exchange.connection_id,
                )

    @api.model
    def _was_decided(self, line):
        """:return: whether a person said what to do with a booking that no statement holds"""
        return bool(
            self.env["finance.exception"].search_count(
                [
                    ("code", "=", "report_unconfirmed"),
                    ("res_model", "=", line._name),
                    ("res_id", "=", line.id),
                    ("state", "in", ("resolved", "ignored")),
                    ("resolved_by_id", "!=", SUPERUSER_ID),
                ],
                limit=1,
            )
        )

    @api.model
    def _is_outdated(self, journal, statement):
        """Whether a report tells of a day that a statement has closed since: what it announces was decided by then."""
        if statement.kind != documents.REPORT:
            return False
        day = statement.created_at.date() if statement.created_at else statement.period_to
        closing = self.env["bank.statement.balance"].search(
            [
                *self.env["bank.statement.proof"]._closing_domain(journal),
                ("date", ">=", day or "9999-12-31"),
            ],
            limit=1,
        )
        return bool(closing)
