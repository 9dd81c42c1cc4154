from datetime import timedelta

from odoo import api, fields, models
from odoo.fields import Domain
from odoo.tools import SQL, format_datetime

from odoo.addons.finance_connector_base.tools.errors import RetryableError
from odoo.addons.finance_connector_base.tools.rate_limit import (
    Bucket,
    Quota,
    Standing,
    standing_of_day,
    take_quota,
    take_token,
    tightest,
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
    subject = fields.Char(
        string="Counted For",
        compute="_compute_subject",
        help="Whose calls are counted: an account, a consent, or the connection as a whole.",
    )
    purpose = fields.Char(
        string="Asked For", compute="_compute_purpose", help="What the calls ask for."
    )
    usage = fields.Char(
        string="Calls", compute="_compute_standing", help="How many are used of how many."
    )
    state = fields.Selection(
        [("free", "Calls Left"), ("low", "Nearly Used Up"), ("spent", "Used Up")],
        compute="_compute_standing",
        search="_search_state",
    )
    counted_anew_at = fields.Datetime(
        string="Counted Anew",
        compute="_compute_standing",
        help="What is used up is called again from then on, by itself.",
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
        readonly=True, help="When the counterparty begins to count anew."
    )
    blocked_until = fields.Datetime(
        readonly=True, help="The counterparty said that nothing is left until then."
    )

    _scope_uniq = models.UniqueIndex("(connection_id, scope)", "A scope is counted once.")

    # === COMPUTE METHODS === #

    @api.depends("scope", "connection_id")
    def _compute_subject(self):
        for row in self:
            reference = (row.scope or "").partition(":")[2]
            row.subject = (
                row._subject_of(reference) if reference else self.env._("The whole connection")
            )

    @api.depends("scope")
    def _compute_purpose(self):
        purposes = self._purposes()
        for row in self:
            kind = (row.scope or "").partition(":")[0]
            row.purpose = purposes.get(kind) or kind.replace("_", " ").capitalize()

    @api.depends(
        "day", "used", "per_day", "told_limit", "told_remaining", "told_reset_at", "blocked_until"
    )
    def _compute_standing(self):
        now = fields.Datetime.now()
        for row in self:
            standing = tightest(row._standings(now), now)
            row.usage, row.state, row.counted_anew_at = False, "free", False
            if standing is None:
                continue
            row.counted_anew_at = standing.until
            if standing.allowed:
                row.usage = self.env._(
                    "%(used)s of %(allowed)s",
                    used=standing.allowed - standing.left,
                    allowed=standing.allowed,
                )
            if not standing.left:
                row.state = "spent"
            elif standing.is_nearly_spent:
                row.state = "low"

    def _search_state(self, operator, value):
        if operator != "in":
            return NotImplemented
        limited = Domain.OR(
            [(name, "!=", False)] for name in ("day", "told_reset_at", "blocked_until")
        )
        return [("id", "in", self.search(limited).filtered(lambda row: row.state in value).ids)]

    # === BUSINESS METHODS === #

    def _standings(self, now):
        """:return: what each limit leaves: the one we keep, the one we were told, and a refusal"""
        self.ensure_one()
        standings = []
        # As it is set now: a raised limit frees calls at once.
        per_day = self.connection_id._adapter()._call_limits(self.connection_id, self.scope)[1]
        if per_day and self.day:
            standings.append(standing_of_day(Quota(self.day, self.used), now, per_day))
        if self.told_reset_at:
            standings.append(
                Standing(self.told_remaining, self.told_limit or None, self.told_reset_at)
            )
        if self.blocked_until:
            standings.append(Standing(0, None, self.blocked_until))
        return standings

    @api.model
    def _purposes(self):
        """:return: the first word of a scope -> what its calls ask for, in words"""
        return {
            "": self.env._("Everything"),
            "accounts": self.env._("Accounts"),
            "balances": self.env._("Balances"),
            "consents": self.env._("Consents"),
            "host_key": self.env._("The server's key"),
            "pick_up": self.env._("Files"),
            "send": self.env._("Sending"),
            "status": self.env._("What became of what was sent"),
            "test": self.env._("Tests of the connection"),
            "transactions": self.env._("Bookings"),
            "webhook keys": self.env._("Keys of webhooks"),
        }

    def _subject_of(self, reference):
        """Whose limit it is, in words; an addon that knows the counterparty's ids says it better.

        :param str reference: the counterparty's id of it
        :rtype: str
        """
        return self.env._("Not known here (%s)", reference)

    def _tell_spent(self):
        """:return: of each row that is used up: what, and from when on it is called again; a text"""
        return "\n".join(
            self.env._(
                "%(subject)s, %(purpose)s: no call before %(time)s",
                purpose=row.purpose,
                subject=row.subject,
                time=format_datetime(self.env, row.counted_anew_at, dt_format="medium"),
            )
            for row in self
            if row.state == "spent"
        )

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
