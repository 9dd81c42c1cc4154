from odoo import api, models

from odoo.addons.finance_connector_base.tools.errors import BusinessError
from odoo.addons.treasury_sync.tools import json_gateway, settlements, stripe

from .engine import as_engine


class FinanceHandlerGatewaySettlement(models.AbstractModel):
    """What a payment gateway says, by webhook or list: the objects it is of, and what the books have of these."""

    _name = "finance.handler.gateway_settlement"
    _inherit = "finance.handler"
    _description = "Handler of Gateway Settlements"

    _handler_label = "Gateway settlement"
    _direction = "inbound"
    _together = 100

    @api.model
    def _accepts_webhook(self, interface, headers, body):
        return "settle_payments" in interface.connection_id._adapter()._capabilities

    @api.model
    def _digest_content(self, content):
        """Webhook and list show one event in two ways: spacing and order of fields, and what tells of the delivery."""
        try:
            document = json_gateway.loads(content)
            if isinstance(document, dict) and document.get("object") == "event":
                return stripe.event_identity(content)
            return json_gateway.dumps(document)
        except settlements.SettlementFormatError:
            return content

    @api.model
    def _validate(self, exchange, content):
        """:rtype: settlements.Message"""
        gateway = self.env["treasury.gateway"]._of_interface(exchange.interface_id)
        try:
            return exchange.connection_id._adapter()._read_settlement(gateway, content)
        except settlements.SettlementFormatError as error:
            raise BusinessError("settlement_unreadable", str(error)) from error

    @api.model
    def _schema_instance(self, content, document):
        return settlements.message_to_dict(document)

    @api.model
    def _post(self, exchange, prepared):
        [result] = self._post_together(exchange, [prepared])
        return result

    @api.model
    def _post_together(self, exchanges, prepared):
        if not any(message.observations or message.payout is not None for message in prepared):
            return [{"objects": [], "rows": 0} for _message in prepared]
        gateway = self.env["treasury.gateway"]._of_interface(exchanges.interface_id)
        # One at a time for each gateway, with a snapshot younger than the lock: what one message says of a payment and
        # another of its refund meet here.
        with exchanges._advisory_lock("journal", gateway.journal_id.id):
            exchanges._checkpoint()
            found = self._take_in(exchanges, gateway, prepared)
            exchanges._checkpoint()
        return [self._result(message, found) for message in prepared]

    @api.model
    def _result(self, message, names):
        """:return: what is kept of a message: those of the objects it is of that the books were looked at for"""
        said = [(each.kind, each.external_id) for each in message.observations]
        if message.payout is not None:
            said.append(("payout", message.payout))
        objects = [key[1] for key in dict.fromkeys(said) if key in names]
        return {"objects": objects, "rows": len(message.rows)}

    @api.model
    def _take_in(self, exchanges, gateway, messages):
        """:return: kind and id of the objects that the books were made to agree with
        :rtype: set[tuple[str, str]]
        """
        model = as_engine(self.env["treasury.settlement"]).with_company(gateway.company_id)
        told = [
            (observation, exchange)
            for exchange, message in zip(exchanges, messages, strict=True)
            for observation in message.observations
        ]
        found = model._record(gateway, told)
        for message in messages:
            if message.payout is None:
                continue
            payout = model.search(
                [
                    ("gateway_id", "=", gateway.id),
                    ("kind", "=", "payout"),
                    ("external_id", "=", message.payout),
                ]
            )
            found |= payout
            self.env["treasury.settlement.row"]._keep(payout, message.rows)
        found._apply()
        waiting = found.filtered(
            lambda item: (
                item.kind == "payout"
                and item.state in ("paid", "failed", "cancelled")
                and item.is_itemised
                and not item.rows_known
            )
        )
        if waiting and not self.env["finance.exchange"]._current_run().dry:
            gateway._enqueue_fetch()
        return {(settlement.kind, settlement.external_id) for settlement in found}

    @api.model
    def _describe_result(self, result):
        if not result.get("objects"):
            return self.env._("Finished: it says nothing that is booked.")
        return self.env._("Finished: %s.", ", ".join(result["objects"][:5]))
