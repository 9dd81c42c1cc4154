import logging
from datetime import datetime

import psycopg2
from psycopg2.extras import execute_values

from odoo import api, fields, models
from odoo.tools import SQL

from odoo.addons.finance_connector_base.tools import audit_chain

_logger = logging.getLogger(__name__)
# Before any event; columns are naive UTC.
_EARLIEST = datetime(1970, 1, 1)  # noqa: DTZ001

_SEALER_LOCK = 7_304_112_019
SEAL_BATCH = 5000


class FinanceAuditSeal(models.Model):
    """One link of the chain over the audit events, written after them by a single sealer.

    Events are written by all workers at once and are therefore not chained as they come. The sealer gives them their
    positions once they are committed, so that one which commits late is neither lost nor out of place.
    """

    _name = "finance.audit.seal"
    _description = "Finance Audit Seal"
    _inherit = ["finance.append.only"]
    _order = "position desc"
    _rec_name = "position"
    _log_access = False

    position = fields.Integer(required=True, readonly=True)
    event_id = fields.Integer(string="Event ID", required=True, readonly=True)
    event_hash = fields.Char(
        required=True, readonly=True, help="SHA-256 of the event's canonical form."
    )
    chain_hash = fields.Char(
        required=True, readonly=True, help="SHA-256 over the previous link and this one."
    )
    sealed_at = fields.Datetime(required=True, readonly=True)

    _position_uniq = models.UniqueIndex("(position)", "A position of the chain is used once.")
    _event_uniq = models.UniqueIndex("(event_id)", "An event is sealed once.")

    # === CRON METHODS === #

    @api.model
    def _cron_seal(self):
        """Seal what was committed since the last run, in batches, and let the anchor know."""
        cron = self.env["ir.cron"]
        # First: an anchor that has caught up no longer tells that this database is an older copy.
        self.env["finance.environment"]._watch_instance()
        # Each batch starts with a new transaction: the snapshot has to be younger than the lock.
        cron._commit_progress()
        while sealed := self._seal():
            if not cron._commit_progress(sealed, remaining=int(sealed == SEAL_BATCH)):
                break
        self._anchor()

    # === SEALING === #

    @api.model
    def _seal(self, limit=SEAL_BATCH):
        """Seal the oldest events that have no seal, unless another sealer is at work.

        :param int limit: most events of one batch
        :return: how many were sealed
        :rtype: int
        """
        cr = self.env.cr
        cr.execute(
            "SELECT pg_try_advisory_xact_lock(%s), clock_timestamp() AT TIME ZONE 'UTC'",
            [_SEALER_LOCK],
        )
        is_sealer, sealed_at = cr.fetchone()
        if not is_sealer:
            return 0
        last = self.search([], limit=1)
        events = self._unsealed_events(limit)
        seals = list(
            audit_chain.link(
                last.chain_hash or audit_chain.GENESIS,
                last.position,
                events,
                audit_chain.iso(sealed_at),
            )
        )
        if not seals:
            return 0
        rows = [tuple(seal[name] for name in self._seal_fields()) for seal in seals]
        try:
            with cr.savepoint(flush=False):
                execute_values(
                    cr._obj,
                    "INSERT INTO finance_audit_seal (position, event_id, event_hash, chain_hash, sealed_at) VALUES %s",
                    rows,
                    page_size=1000,
                )
        except psycopg2.errors.UniqueViolation:
            # The other sealer committed between our snapshot and our lock. What is left is for the next run.
            _logger.info("Another sealer was faster; %s events wait for the next run.", len(rows))
            return 0
        return len(rows)

    @api.model
    def _unsealed_events(self, limit):
        # An event that claims to be much older than what is sealed was not written by a late transaction: verification
        # names it, and the sealer does not make it look like the others.
        cr = self.env.cr
        cr.execute(
            """
            SELECT e.event_time - %s FROM finance_audit_seal s JOIN finance_audit_event e ON e.id = s.event_id
            ORDER BY s.position DESC LIMIT 1
            """,
            [audit_chain.LATEST_COMMIT],
        )
        since = cr.fetchone()
        return self._read_events(
            SQL(
                """
                SELECT %s FROM finance_audit_event e
                WHERE e.event_time > %s
                  AND NOT EXISTS (SELECT 1 FROM finance_audit_seal s WHERE s.event_id = e.id)
                ORDER BY e.event_time, e.id LIMIT %s
                """,
                self._event_columns(),
                since[0] if since else _EARLIEST,
                limit,
            )
        )

    @api.model
    def _event_columns(self):
        return SQL(", ").join(SQL.identifier("e", name) for name in audit_chain.EVENT_FIELDS)

    @api.model
    def _read_events(self, query):
        self.env.cr.execute(query)
        return [self._event_of(row) for row in self.env.cr.fetchall()]

    @api.model
    def _seal_fields(self):
        return ("position", "event_id", "event_hash", "chain_hash", "sealed_at")

    @staticmethod
    def _event_of(row):
        event = dict(zip(audit_chain.EVENT_FIELDS, row, strict=True))
        event["event_time"] = audit_chain.iso(event["event_time"])
        return event
