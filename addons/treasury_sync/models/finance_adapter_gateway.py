from odoo import api, models

from odoo.addons.finance_connector_base.tools.errors import FinalError


class FinanceAdapter(models.AbstractModel):
    """What gateways add to adapters. Capability: ``settle_payments``."""

    _inherit = "finance.adapter"

    @api.model
    def _fetch_gateway_events(self, gateway):
        """Yield what the gateway's list of events holds since the cursor, the oldest first.

        :param gateway: ``treasury.gateway``, one record
        :return: iterator of ``(id, content, cursor)``: with ``cursor`` the next fetch goes on after this event; some
            that are known may come again, none may be left out
        :raise FinanceError: nothing may be concluded; an error is never an empty list
        """
        raise FinalError(
            f"The adapter of {gateway.connection_id.display_name} has no list of events.",
            code="capability_missing",
        )

    @api.model
    def _fetch_payout_rows(self, gateway, payout):
        """Fetch all that a payout pays.

        :param gateway: ``treasury.gateway``, one record
        :param str payout: the gateway's id
        :return: all pages, in a form that :meth:`_read_settlement` understands
        :rtype: bytes
        :raise FinanceError: nothing may be concluded
        """
        raise FinalError(
            f"The adapter of {gateway.connection_id.display_name} cannot itemise payouts.",
            code="capability_missing",
        )

    @api.model
    def _read_settlement(self, gateway, content):
        """What a document of the gateway says.

        :param gateway: ``treasury.gateway``, one record
        :param bytes content: a webhook, an event of the list, or the rows of a payout
        :rtype: settlements.Message
        :raise SettlementFormatError: it cannot be read without guessing
        """
        raise FinalError(
            f"The adapter of {gateway.connection_id.display_name} reads no settlements.",
            code="capability_missing",
        )
