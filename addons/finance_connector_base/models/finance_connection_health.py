from datetime import UTC, datetime, timedelta

from odoo import api, fields, models
from odoo.tools import SQL

from odoo.addons.finance_connector_base.tools.breaker import (
    BreakerEvent,
    BreakerPolicy,
    BreakerState,
    transition,
)
from odoo.addons.finance_connector_base.tools.errors import ErrorClass, RetryableError, describe
from odoo.addons.finance_connector_base.tools.rate_limit import parse_rate_limit_headers

_POLICY = BreakerPolicy()
_PIPE_FAILURES = (ErrorClass.RETRYABLE, ErrorClass.UNKNOWN)
# It proves that the other side is well.
_TOO_MANY_CALLS = "http_429"


class FinanceConnectionHealth(models.Model):
    """How a connection is doing: circuit breaker, and when it last worked and failed. One row per connection."""

    _name = "finance.connection.health"
    _description = "Finance Connection Health"
    _rec_name = "connection_id"
    _log_access = False

    connection_id = fields.Many2one(
        "finance.connection", required=True, readonly=True, index=True, ondelete="cascade"
    )
    company_id = fields.Many2one(related="connection_id.company_id")
    breaker_state = fields.Selection(
        [("closed", "Pass"), ("open", "Held back"), ("half_open", "Tried again")],
        required=True,
        readonly=True,
        default="closed",
        help="Closed: calls pass. Open: none does. Half open: one probe is out.",
    )
    breaker_failures = fields.Integer(readonly=True, help="Failures in a row.")
    breaker_until = fields.Datetime(readonly=True)
    breaker_open_seconds = fields.Float(readonly=True)
    paused_until = fields.Datetime(
        readonly=True, help="The counterparty asked for a pause until then."
    )
    last_success_at = fields.Datetime(readonly=True)
    last_failure_at = fields.Datetime(readonly=True)
    last_error_code = fields.Char(readonly=True)
    last_error_message = fields.Char(readonly=True, help="Masked.")

    _connection_uniq = models.UniqueIndex("(connection_id)", "A connection has one health.")

    # === BUSINESS METHODS === #

    @api.model
    def _of(self, connection):
        """The health of ``connection``, locked until this transaction ends.

        :rtype: finance.connection.health
        """
        self.env.cr.execute(
            SQL(
                """INSERT INTO finance_connection_health (connection_id, breaker_state) VALUES (%s, 'closed')
                   ON CONFLICT DO NOTHING""",
                connection.id,
            )
        )
        [(health_id,)] = self.env.execute_query(
            SQL(
                "SELECT id FROM finance_connection_health WHERE connection_id = %s FOR UPDATE",
                connection.id,
            )
        )
        return self.browse(health_id)

    def _take(self, scope):
        """Let one call pass, or not.

        :raise RetryableError: not now
        """
        now = _now()
        if self.paused_until and self.paused_until > now:
            raise RetryableError(
                "The other side asked for a pause.",
                retry_after=(self.paused_until - now).total_seconds(),
                code="rate_limited",
            )
        after = transition(self._breaker(), BreakerEvent.ATTEMPT, now, _POLICY)
        self._quotas()._take(self.connection_id, scope, now)
        self._write_breaker(after)

    def _record(self, error, headers, scope):
        """Remember how a call went."""
        now = _now()
        event = BreakerEvent.SUCCESS
        if error is None:
            self.last_success_at = now
        else:
            report = describe(error)
            if report.error_class in _PIPE_FAILURES and report.code != _TOO_MANY_CALLS:
                event = BreakerEvent.FAILURE
            self.write(
                {
                    "last_failure_at": now,
                    "last_error_code": report.code,
                    "last_error_message": report.message,
                }
            )
            if report.retry_after:
                self._pause(report, scope, now + timedelta(seconds=report.retry_after))
        self._write_breaker(transition(self._breaker(), event, now, _POLICY))
        limits = parse_rate_limit_headers(headers or {}, now.replace(tzinfo=UTC))
        self._quotas()._remember(self.connection_id, scope, limits, now)

    def _pause(self, report, scope, until):
        """Keep the pause that was asked for; the limit of one scope is none of the others' business."""
        if scope and report.code == _TOO_MANY_CALLS:
            self._quotas()._block(self.connection_id, scope, until)
        else:
            self.paused_until = until

    def _quotas(self):
        return self.env["finance.connection.quota"]

    def _breaker(self):
        return BreakerState(
            self.breaker_state,
            self.breaker_failures,
            self.breaker_until or None,
            self.breaker_open_seconds,
        )

    def _write_breaker(self, state):
        self.write(
            {
                "breaker_state": state.state,
                "breaker_failures": state.failures,
                "breaker_until": state.until,
                "breaker_open_seconds": state.open_seconds,
            }
        )

    def _state(self):
        """:return: ``untried``, ``healthy``, ``failing`` or ``paused``"""
        if self.breaker_state != "closed" or (
            self.paused_until and self.paused_until > fields.Datetime.now()
        ):
            return "paused"
        if self.breaker_failures:
            return "failing"
        return "healthy" if self.last_success_at else "untried"


def _now():
    return datetime.now(UTC).replace(tzinfo=None)
