import json

from odoo import api, models

from odoo.addons.finance_connector_base.tools.digest import sha256_hex
from odoo.addons.finance_connector_base.tools.errors import BusinessError


class FinanceHandlerCashPosition(models.AbstractModel):
    """Frozen cash positions for a reporting platform: sent once, and done when the platform has acknowledged them.

    A platform that may have a position is asked, and never sent it again before it said that it has none.
    """

    _name = "finance.handler.cash_position"
    _inherit = ["finance.handler"]
    _description = "Handler of Cash Positions"

    _handler_label = "Cash positions"
    _direction = "outbound"
    _final_milestone = "acknowledged"

    @api.model
    def _prepare(self, exchange):
        return self._run_of(exchange)._content()

    @api.model
    def _validate_prepared(self, exchange, content):
        run = self._run_of(exchange)
        if sha256_hex(content) != run.digest:
            raise BusinessError(
                "payload_tampered",
                f"What would be sent of {run.name} is not what was frozen.",
                "Freeze the position anew, and tell whoever looks after the database.",
                evidence={"position": run.name, "digest": run.digest},
            )

    @api.model
    def _settle(self, exchange, outcome):
        if not outcome.get("acknowledged"):
            return "sent"
        self._check_receipt(exchange, outcome.get("receipt") or self._stored_answer(exchange))
        return "acknowledged"

    @api.model
    def _stored_answer(self, exchange):
        """What the platform answered last, from the bytes that were kept: for a worker who goes on after another died.

        :rtype: dict
        """
        payload = exchange.sudo().payload_ids.filtered(lambda each: each.role == "response")[-1:]
        answer = json.loads(payload._content()) if payload else {}
        return answer if isinstance(answer, dict) else {}

    @api.model
    def _check_receipt(self, exchange, receipt):
        """Compare what the platform says it has with what was sent.

        :param dict receipt: ``digest``, ``total`` and ``accounts`` of the platform
        :raise BusinessError: ``position_receipt_differs``
        """
        run = self._run_of(exchange)
        document = json.loads(run.content)
        sent = {
            "digest": run.digest,
            "total": document["totals"]["group"],
            "accounts": len(document["accounts"]),
        }
        differing = sorted(name for name in sent if receipt.get(name) != sent[name])
        if differing:
            raise BusinessError(
                "position_receipt_differs",
                self.env._(
                    "The platform acknowledged another position than %(run)s: %(names)s.",
                    run=run.name,
                    names=", ".join(differing),
                ),
                evidence={
                    "sent": sent,
                    "received": {name: str(receipt.get(name))[:100] for name in sent},
                },
            )

    @api.model
    def _run_of(self, exchange):
        return self.env["cash.position.run"].browse(exchange.res_id)
