from odoo import api, models

from odoo.addons.finance_connector_base.tools.schema import parse_json


class FinanceHandlerBankNotification(models.AbstractModel):
    """Webhooks of banks that say where there is news: they are proven, kept, and cause a fetch; they book nothing."""

    _name = "finance.handler.bank_notification"
    _inherit = "finance.handler"
    _description = "Handler of Bank Notifications"

    _handler_label = "Bank notification"
    _direction = "inbound"

    @api.model
    def _accepts_webhook(self, interface, headers, body):
        return "notify_feeds" in interface.connection_id._adapter()._capabilities

    @api.model
    def _validate(self, exchange, content):
        return parse_json(content)

    @api.model
    def _transform(self, exchange, document):
        """:return: what it is about; None for a kind that is none of our business
        :rtype: Notification | None
        """
        connection = exchange.connection_id
        return connection._adapter()._read_notification(connection, document)

    @api.model
    def _post(self, exchange, prepared):
        if prepared is None:
            return {"feeds": 0}
        connection = exchange.connection_id
        consents = self.env["bank.statement.consent"].search(
            [
                ("connection_id", "=", connection.id),
                *([("external_ref", "in", prepared.consents)] if prepared.consents else []),
            ]
        )
        if prepared.consent_state:
            consents._set_state(prepared.consent_state)
        feeds = self.env["bank.statement.feed"].search(
            [("connection_id", "=", connection.id), ("interface_id.mode", "!=", "off")]
        )
        if not prepared.everything:
            feeds = feeds.filtered(
                lambda feed: (
                    feed.resource_ref in prepared.accounts
                    or feed.consent_id.external_ref in prepared.consents
                )
            )
        feeds._enqueue_notified()
        return {"feeds": len(feeds)}
