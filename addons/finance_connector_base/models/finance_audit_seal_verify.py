import json
import logging
from datetime import UTC, datetime

from odoo import api, fields, models
from odoo.exceptions import AccessError
from odoo.tools import SQL

from odoo.addons.finance_connector_base.tools import audit_chain
from odoo.addons.finance_connector_base.tools.errors import FinanceError

_logger = logging.getLogger(__name__)
# Before any event; columns are naive UTC.
_EARLIEST = datetime(1970, 1, 1)  # noqa: DTZ001

_BATCH = 5000


class FinanceAuditSeal(models.Model):
    """Verification of the chain: the first row that does not fit is named."""

    _inherit = "finance.audit.seal"

    # === ACTION METHODS === #

    def action_verify(self):
        """Verify the whole chain now and say what was found.

        :return: a notification for the screen
        :raise AccessError: the caller is no auditor
        """
        if not self.env.user.has_group("finance_connector_base.group_finance_auditor"):
            raise AccessError(self.env._("Only auditors verify the audit trail."))
        result = self._verify_and_report()
        message = (
            self.env._(
                "%(count)s events verify, %(waiting)s wait for their seal. Last hash: %(hash)s",
                count=result.sealed,
                waiting=result.unsealed,
                hash=result.chain_hash,
            )
            if result.ok
            else result.finding.message
        )
        return {
            "type": "ir.actions.client",
            "tag": "display_notification",
            "params": {
                "title": self.env._("Audit trail"),
                "message": message,
                "type": "success" if result.ok else "danger",
                "sticky": True,
            },
        }

    # === CRON METHODS === #

    @api.model
    def _cron_verify(self):
        """Verify the whole chain; a failure becomes a critical exception."""
        self._cron_seal()
        self._verify_and_report()

    # === BUSINESS METHODS === #

    @api.model
    def _verify(self):
        """Walk the whole chain, in bounded memory.

        :rtype: tools.audit_chain.Verification
        """
        try:
            anchored = self._read_anchor()
        except (OSError, audit_chain.AnchorError, FinanceError) as exc:
            return audit_chain.Verification(audit_chain.Finding("anchor_damaged", str(exc)))
        return audit_chain.verify(self._iter_chain(), anchored, datetime.now(UTC))

    @api.model
    def _verify_and_report(self):
        """Verify, leave a trace, and open a critical exception when something does not fit.

        :rtype: tools.audit_chain.Verification
        """
        result = self.sudo()._verify()
        summary = result.finding.message if result.finding else f"{result.sealed} events verify"
        self.env["finance.audit.event"]._log(
            "audit.verified" if result.ok else "audit.verification_failed",
            summary=summary,
            details={
                "sealed": result.sealed,
                "unsealed": result.unsealed,
                "anchored": result.anchored,
            },
        )
        if result.finding:
            _logger.error("The audit trail does not verify: %s", summary)
            finding = result.finding
            self._open_exception(
                "audit_chain_broken",
                summary,
                f"{finding.kind}:{finding.position or finding.event_id or 0}",
                {"kind": finding.kind, "position": finding.position, "event_id": finding.event_id},
            )
        return result

    @api.model
    def _open_exception(self, code, summary, unit_key, evidence=None):
        self.env["finance.exception"]._open(
            code,
            summary,
            company=self.env["res.company"].sudo().search([], order="id", limit=1),
            kind="technical",
            unit_key=unit_key,
            evidence=evidence,
        )

    @api.model
    def _export(self, stream):
        """Write all events and seals as an archive that ``tools/audit_chain.py`` verifies without Odoo.

        :param stream: text file, open for writing
        :return: how many events were written
        :rtype: int
        """
        header = {
            "format": audit_chain.FORMAT,
            "database": self._database_uuid(),
            "exported_at": audit_chain.iso(fields.Datetime.now()),
        }
        stream.write(json.dumps(header) + "\n")
        count = 0
        for seal, event in self._iter_chain():
            stream.write(json.dumps({"seal": seal, "event": event}, ensure_ascii=False) + "\n")
            count += event is not None
        return count

    @api.model
    def _iter_chain(self):
        """Yield ``(seal, event)`` by position, then the events without a seal, oldest first."""
        seal_columns = SQL(", ").join(SQL.identifier("s", name) for name in self._seal_fields())
        position = 0
        while rows := self.env.execute_query(
            SQL(
                """
                SELECT %s, %s FROM finance_audit_seal s LEFT JOIN finance_audit_event e ON e.id = s.event_id
                WHERE s.position > %s ORDER BY s.position, s.id LIMIT %s
                """,
                seal_columns,
                self._event_columns(),
                position,
                _BATCH,
            )
        ):
            for row in rows:
                seal = dict(zip(self._seal_fields(), row, strict=False))
                seal["sealed_at"] = audit_chain.iso(seal["sealed_at"])
                values = row[len(seal) :]
                yield seal, (self._event_of(values) if values[0] is not None else None)
            position = rows[-1][0]
        yield from ((None, event) for event in self._iter_unsealed())

    @api.model
    def _iter_unsealed(self):
        after = (_EARLIEST, 0)
        while rows := self.env.execute_query(
            SQL(
                """
                SELECT %s FROM finance_audit_event e
                WHERE (e.event_time, e.id) > (%s, %s)
                  AND NOT EXISTS (SELECT 1 FROM finance_audit_seal s WHERE s.event_id = e.id)
                ORDER BY e.event_time, e.id LIMIT %s
                """,
                self._event_columns(),
                *after,
                _BATCH,
            )
        ):
            yield from map(self._event_of, rows)
            after = (rows[-1][1], rows[-1][0])
