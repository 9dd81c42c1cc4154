import time
import uuid
from pathlib import Path

from odoo import api, models

from odoo.addons.finance_connector_base.tools.errors import (
    FinalError,
    RetryableError,
    UnknownOutcomeError,
)


class FinanceAdapterDummy(models.AbstractModel):
    """A counterparty that is a folder, the connection's endpoint.

    What it took is in ``inbox``. The file ``next`` says how the next send goes, ``answer`` what it says when asked.
    """

    _name = "finance.adapter.dummy"
    _inherit = ["finance.adapter"]
    _description = "Test adapter"

    _adapter_label = "Test"
    _capabilities = frozenset({"deliver_events"})

    @api.model
    def _test_connection(self, connection):
        return f"{connection.name} answers."

    @api.model
    def _send(self, exchange, content):
        folder = Path(exchange.connection_id.endpoint)
        command = _read(folder / "next")
        if command == "refuse":
            raise RetryableError("Busy.", retry_after=1800)
        if command == "final":
            raise FinalError("Not like this.", code="final_error")
        inbox = folder / "inbox"
        inbox.mkdir(exist_ok=True)
        (inbox / f"{exchange.correlation_id}.{uuid.uuid4()}").write_bytes(content)
        if command == "cut":
            raise UnknownOutcomeError("Cut after the last byte.")
        if command == "bug":
            raise KeyError("status")
        if command == "hang":
            (folder / "reached").touch()
            while (folder / "next").exists():
                time.sleep(0.05)
        return {
            "external_ref": f"REF-{exchange.correlation_id[:8]}",
            "http_status": 200,
            "response": b'{"taken": true}',
            "acknowledged": command != "later",
            "unsettleable": command == "unsettleable",
        }

    @api.model
    def _query_status(self, exchange):
        folder = Path(exchange.connection_id.endpoint)
        answer = _read(folder / "answer")
        if answer == "cannot":
            return super()._query_status(exchange)
        if answer == "busy":
            raise RetryableError("Busy.")
        taken = list((folder / "inbox").glob(f"{exchange.correlation_id}.*"))
        return {"status": answer or ("accepted" if taken else "not_found"), "reason": "as asked"}


def _read(path):
    return path.read_text().strip() if path.exists() else ""
