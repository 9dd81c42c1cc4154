from odoo import api, fields, models
from odoo.exceptions import AccessError, UserError
from odoo.tools import SQL


class FinanceInstance(models.Model):
    """A running copy of this database, as PostgreSQL identifies it.

    A database restored from a backup does not know what was sent after it. The restored copy is another instance
    (cluster, timeline and database together), or lags behind the audit anchor outside of it: then nothing is sent until
    the fate of everything unfinished is known and a manager has said so.
    """

    _name = "finance.instance"
    _description = "Finance Database Instance"
    _inherit = ["mail.thread"]
    _order = "id desc"
    _rec_name = "fingerprint"

    fingerprint = fields.Char(
        required=True, readonly=True, help="Cluster, timeline and database of PostgreSQL."
    )
    state = fields.Selection(
        [("trusted", "Trusted"), ("recovering", "Recovery mode")],
        required=True,
        readonly=True,
        tracking=True,
    )
    cause = fields.Selection(
        [
            ("first", "First seen"),
            ("restored", "Another instance than before"),
            ("behind_anchor", "Behind the audit anchor"),
        ],
        required=True,
        readonly=True,
    )
    unknown_count = fields.Integer(
        string="Exchanges of Unknown Fate", compute="_compute_unknown_count"
    )
    reason = fields.Text(string="Reason to End Recovery", tracking=True)
    ended_by_id = fields.Many2one("res.users", readonly=True, index="btree_not_null")
    ended_at = fields.Datetime(readonly=True)

    # === COMPUTE METHODS === #

    @api.depends("state")
    def _compute_unknown_count(self):
        count = self._count_unknown()
        for instance in self:
            instance.unknown_count = count if instance.state == "recovering" else 0

    # === CRUD METHODS === #

    def write(self, vals):
        if not self.env.su and set(vals) - {"reason"}:
            raise AccessError(self.env._("Recovery mode ends with its button only."))
        return super().write(vals)

    # === ACTION METHODS === #

    def action_end_recovery(self):
        """Let exchanges go out again.

        :raise UserError: no reason is given, or the fate of an exchange is still unknown
        """
        self.ensure_one()
        self.check_access("write")
        if self.state != "recovering":
            return True
        if not (self.reason or "").strip():
            raise UserError(self.env._("Say why it is safe to send again."))
        if unknown := self._count_unknown():
            raise UserError(
                self.env._(
                    "%(count)s exchanges may have been sent before the restore. Ask for their status, or decide each "
                    "of them, before recovery mode ends.",
                    count=unknown,
                )
            )
        self.sudo().write(
            {
                "state": "trusted",
                "fingerprint": self._fingerprint(),
                "ended_by_id": self.env.uid,
                "ended_at": fields.Datetime.now(),
            }
        )
        self.env["finance.audit.seal"]._accept_restore()
        self.env["finance.audit.event"]._log("recovery.ended", record=self, summary=self.reason)
        return True

    # === BUSINESS METHODS === #

    @api.model
    def _fingerprint(self):
        """:return: what PostgreSQL says this database is; a restore, a copy and a promoted standby each differ."""
        # The write position knows a new timeline at once; the control file only after the next checkpoint.
        [(fingerprint,)] = self.env.execute_query(
            SQL(
                """SELECT concat_ws('/',
                       (SELECT system_identifier FROM pg_control_system()),
                       CASE WHEN pg_is_in_recovery()
                            THEN (SELECT timeline_id FROM pg_control_checkpoint())
                            ELSE ('x' || left(pg_walfile_name(pg_current_wal_lsn()), 8))::bit(32)::int
                       END,
                       (SELECT oid FROM pg_database WHERE datname = current_database()))"""
            )
        )
        return fingerprint

    @api.model
    def _doubt(self):
        """Why this copy of the database cannot be trusted to know what was sent.

        :return: a value of ``cause``, or ``None``. A database that was never seen at work has nothing to recover.
        :rtype: str | None
        """
        last = self.sudo().search([], limit=1)
        if not last:
            return None
        if last.state == "recovering":
            return last.cause
        if last.fingerprint != self._fingerprint():
            return "restored"
        if self.env["finance.audit.seal"]._anchor_ahead():
            return "behind_anchor"
        return None

    @api.model
    def _watch(self):
        """Remember a new database; put a restored one into recovery mode. The sweeper's first act.

        :return: whether recovery mode holds
        :rtype: bool
        """
        instances = self.sudo()
        last = instances.search([], limit=1)
        if not last:
            instances.create(
                {"fingerprint": self._fingerprint(), "state": "trusted", "cause": "first"}
            )
            return False
        cause = self._doubt()
        if cause and last.state == "trusted":
            self._enter_recovery()
        return bool(cause)

    @api.model
    def _enter_recovery(self):
        """Doubt everything outbound that is not finished, then say that recovery mode holds.

        What guards calls asks :meth:`_doubt` itself, so nothing leaves meanwhile, and a worker that dies between leaves
        the rest to the next sweep.
        """
        exchanges = self.env["finance.exchange"].sudo()
        with exchanges._advisory_lock("instance", 0):
            # Another watcher may have been first; see what it did.
            exchanges._checkpoint()
            cause = self._doubt()
            if not cause or self.sudo().search([], limit=1).state != "trusted":
                return
            count = exchanges._doubt_unfinished()
            instance = self.sudo().create(
                {"fingerprint": self._fingerprint(), "state": "recovering", "cause": cause}
            )
            self.env["finance.audit.event"]._log(
                "recovery.entered",
                record=instance,
                summary=f"{count} outbound exchanges were not finished in this copy of the database",
                details={"cause": cause, "fingerprint": instance.fingerprint},
            )
            # Before the lock is given back: whoever waits for it must see the new instance.
            exchanges._checkpoint()

    @api.model
    def _count_unknown(self):
        return self.env["finance.exchange"].sudo().search_count([("work_status", "=", "unknown")])
