import base64
import binascii
import json
import logging
from pathlib import Path

from odoo import api, fields, models

from odoo.addons.finance_connector_base.tools import audit_anchor, audit_chain
from odoo.addons.finance_connector_base.tools.errors import FinanceError
from odoo.addons.finance_connector_base.tools.vault import TamperedValueError

_logger = logging.getLogger(__name__)
# The file that this chain was anchored in last: a file that is gone is no file that was never there.
_BEGUN = "finance_connector_base.audit_anchor_begun"


class FinanceAuditSeal(models.Model):
    """The witness outside the database: whoever removes the end of the chain, or writes it anew, contradicts it."""

    _inherit = "finance.audit.seal"

    @api.model
    def _anchor(self, restored=False):
        """Tell the outside how far the chain reaches: a log line, and a line in the file that ``odoo.conf`` names.

        Only what is committed may be anchored.

        :param bool restored: an older copy of the database is accepted from here on
        """
        last = self.search([], limit=1)
        path = self.env["finance.environment"]._settings().audit_anchor
        try:
            known = audit_anchor.last_record(path, self._database_uuid()) if path else None
            if not restored:
                self._check_anchor_there(path, known)
                if known and known["position"] >= last.position:
                    return
            record = {
                "database": self._database_uuid(),
                "position": last.position,
                "chain_hash": last.chain_hash or audit_chain.GENESIS,
                "time": audit_chain.iso(fields.Datetime.now()),
            }
            if restored:
                record["restored"] = True
            _logger.info("Audit anchor: %s", audit_anchor.canonical_line(record).decode())
            if path:
                audit_anchor.append(path, record | {"mac": self._anchor_mac(record)})
                self._remember_anchor(path)
        except (OSError, ValueError, FinanceError) as exc:
            self._open_exception(
                "audit_anchor_failed",
                f"The audit anchor {path} cannot be used: {exc}",
                path or "log",
            )

    @api.model
    def _anchor_ahead(self):
        """Whether the outside knows of a chain that this database does not have: it was restored, or cut.

        :rtype: bool
        """
        path = self.env["finance.environment"]._settings().audit_anchor
        try:
            known = audit_anchor.last_record(path, self._database_uuid()) if path else None
        except (OSError, ValueError) as exc:
            _logger.error(
                "The audit anchor %s cannot be read, so nobody knows whether it is ahead: %s",
                path,
                exc,
            )
            return False
        if not known or not known["position"]:
            return False
        seal = self.sudo().search([("position", "=", known["position"])])
        return seal.chain_hash != known["chain_hash"]

    @api.model
    def _accept_restore(self):
        """State outside the database that this older copy of it is the one that goes on."""
        self.sudo()._anchor(restored=True)

    @api.model
    def _read_anchor(self):
        """:return: chain hash by position, as the outside knows them
        :rtype: dict[int, str]
        :raise AnchorError: a line is damaged, or was not written by this suite
        """
        path = self.env["finance.environment"]._settings().audit_anchor
        if not path:
            return {}
        lines = []
        if Path(path).exists():
            with Path(path).open(encoding="utf-8") as stream:
                lines = stream.readlines()
        for number, line in enumerate(lines, 1):
            self._check_anchor_mac(number, line)
        anchored = audit_chain.read_anchor(lines, self._database_uuid())
        self._check_anchor_there(path, anchored)
        return anchored

    @api.model
    def _check_anchor_there(self, path, known):
        """:raise AnchorError: the file says nothing of this chain, and did before"""
        begun = self.env["ir.config_parameter"].sudo().get_param(_BEGUN)
        if path and begun == path and not known:
            raise audit_chain.AnchorError(
                f"The audit anchor {path} was removed or emptied. Put it back from a copy."
                " If there is none, keep the log and name another file in odoo.conf: a new anchor begins there."
            )

    @api.model
    def _remember_anchor(self, path):
        parameters = self.env["ir.config_parameter"].sudo()
        before = parameters.get_param(_BEGUN)
        if before != path:
            parameters.set_param(_BEGUN, path)
            self.env["finance.audit.event"]._log(
                "audit.anchor_begun", details={"before": before or None, "after": path}
            )

    @api.model
    def _anchor_mac(self, record):
        # AES-GCM over nothing, bound to the line: a keyed authentication code that follows the key ring's rotation.
        return base64.b64encode(
            self.env["finance.vault"]._encrypt(b"", self._anchor_purpose(record))
        ).decode()

    @api.model
    def _check_anchor_mac(self, number, line):
        try:
            record = json.loads(line)
            if record["database"] != self._database_uuid():
                return
            mac = base64.b64decode(record.pop("mac"), validate=True)
            self.env["finance.vault"]._decrypt(mac, self._anchor_purpose(record))
        except (ValueError, KeyError, TypeError, binascii.Error, TamperedValueError) as exc:
            raise audit_chain.AnchorError(
                f"Line {number} of the anchor was damaged, or not written by this suite."
            ) from exc

    @api.model
    def _anchor_purpose(self, record):
        return f"audit.anchor:{audit_anchor.canonical_line(record).decode()}"

    @api.model
    def _database_uuid(self):
        return self.env["ir.config_parameter"].sudo().get_param("database.uuid")
