from datetime import timedelta

from odoo import api, fields, models
from odoo.tools import SQL

from odoo.addons.finance_connector_base.tools.errors import RetryableError
from odoo.addons.finance_connector_base.tools.rate_limit import (
    Bucket,
    Quota,
    take_quota,
    take_token,
)

_WHOLE_CONNECTION = ""


class FinanceConnectionQuota(models.Model):
    """What was used of the limits of a connection: one row per scope, and one without scope for the whole connection.

    The row of the connection's health is the lock of them all.
    """

    _name = "finance.connection.quota"
    _description = "Finance Connection Quota"
    _order = "connection_id, scope"
    _rec_name = "scope"
    _log_access = False

    connection_id = fields.Many2one(
        "finance.connection", required=True, readonly=True, index=True, ondelete="cascade"
    )
    company_id = fields.Many2one(related="connection_id.company_id")
    scope = fields.Char(
        readonly=True, help="What is called, e.g. one account. Empty: the whole connection."
    )
    tokens = fields.Float(readonly=True, help="Calls that may be made at once.")
    updated_at = fields.Datetime(readonly=True)
    day = fields.Date(readonly=True, help="UTC")
    used = fields.Integer(readonly=True, help="Calls made on that day.")
    per_day = fields.Integer(
        string="Allowed a Day", readonly=True, help="Most calls a day that we make; 0: no limit."
    )
    told_limit = fields.Integer(
        string="Limit Told", readonly=True, help="Calls that the counterparty said it allows."
    )
    told_remaining = fields.Integer(
        string="Left",
        readonly=True,
        aggregator=None,
        help="Calls that the counterparty said are left.",
    )
    told_reset_at = fields.Datetime(
        string="Counted Anew", readonly=True, help="When the counterparty begins to count anew."
    )
    blocked_until = fields.Datetime(
        readonly=True, help="The counterparty said that nothing is left until then."
    )

    _scope_uniq = models.UniqueIndex("(connection_id, scope)", "A scope is counted once.")

    # === BUSINESS METHODS === #

    @api.model
    def _take(self, connection, scope, now):
        """Count one call against the limits of ``connection``.

        :raise RetryableError: ``rate_limited`` or ``quota_spent``, with the seconds to wait; nothing was counted
        """
        per_minute, per_day = connection._adapter()._call_limits(connection, scope)
        rows = []
        if per_minute:
            row = self._row(connection, _WHOLE_CONNECTION)
            bucket = Bucket(row.tokens, row.updated_at) if row.updated_at else None
            bucket, wait = take_token(bucket, now, per_minute)
            self._refuse("rate_limited", "The limit of calls per minute is reached.", wait)
            rows.append((row, {"tokens": bucket.tokens, "updated_at": bucket.updated_at}))
        row = self._row(connection, scope)
        if row.blocked_until and row.blocked_until > now:
            wait = (row.blocked_until - now).total_seconds()
            self._refuse("quota_spent", "The other side allows no more calls for now.", wait)
        if per_day:
            quota, wait = take_quota(Quota(row.day, row.used) if row.day else None, now, per_day)
            self._refuse("quota_spent", "The calls of this day are used up.", wait)
            rows.append((row, {"day": quota.day, "used": quota.used, "per_day": per_day}))
        for row, vals in rows:
            row.write(vals)

    @api.model
    def _block(self, connection, scope, until):
        self._row(connection, scope).blocked_until = until

    @api.model
    def _remember(self, connection, scope, limits, now):
        """Keep what an answer told of the limits: people see it, and a limit that is spent is not run into.

        :param connection: ``finance.connection``, one record
        :param str scope: what was called
        :param limits: of ``tools.rate_limit``
        :param datetime now: the present time, naive UTC
        """
        if not limits:
            return
        row = self._row(connection, scope)
        tightest = min(limits, key=lambda limit: limit.remaining)
        spent = [limit.reset_seconds for limit in limits if not limit.remaining]
        resets_in = [seconds for seconds in spent if seconds]
        row.write(
            {
                "told_limit": tightest.limit or 0,
                "told_remaining": tightest.remaining,
                "told_reset_at": tightest.reset_seconds is not None
                and now + timedelta(seconds=tightest.reset_seconds),
                **({"blocked_until": now + timedelta(seconds=max(resets_in))} if resets_in else {}),
            }
        )

    @api.model
    def _row(self, connection, scope):
        self.env.cr.execute(
            SQL(
                "INSERT INTO finance_connection_quota (connection_id, scope) VALUES (%s, %s) ON CONFLICT DO NOTHING",
                connection.id,
                scope,
            )
        )
        [(row_id,)] = self.env.execute_query(
            SQL(
                "SELECT id FROM finance_connection_quota WHERE connection_id = %s AND scope = %s",
                connection.id,
                scope,
            )
        )
        return self.browse(row_id)

    @api.model
    def _refuse(self, code, message, wait):
        if wait:
            raise RetryableError(message, retry_after=wait, code=code)
