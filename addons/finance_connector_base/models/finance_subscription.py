from datetime import UTC

from odoo import api, fields, models, tools

from odoo.addons.finance_connector_base.tools.digest import canonical_json


class FinanceSubscription(models.Model):
    """An external system that is told when something happens in Odoo, by signed webhooks."""

    _name = "finance.subscription"
    _description = "Finance Subscription"
    _inherit = ["finance.audited.mixin", "mail.thread"]
    _order = "name, id"
    _check_company_auto = True
    _audit_subject = "subscription"

    name = fields.Char(required=True, tracking=True)
    active = fields.Boolean(default=True, tracking=True)
    company_id = fields.Many2one(
        "res.company", required=True, index=True, default=lambda self: self.env.company
    )
    interface_id = fields.Many2one(
        "finance.interface",
        required=True,
        index=True,
        check_company=True,
        ondelete="restrict",
        domain=[("handler", "=", "event")],
        tracking=True,
        help="Carries the events; its connection has the subscriber's address and signing secret.",
    )
    connection_id = fields.Many2one(related="interface_id.connection_id")
    event_type_ids = fields.Many2many("finance.event.type", required=True)
    exchange_count = fields.Integer(string="Events", compute="_compute_exchange_count")

    # === COMPUTE METHODS === #

    @api.depends("interface_id")
    def _compute_exchange_count(self):
        counts = dict(
            self.env["finance.exchange"]._read_group(
                [("interface_id", "in", self.interface_id.ids)], ["interface_id"], ["__count"]
            )
        )
        for subscription in self:
            subscription.exchange_count = counts.get(subscription.interface_id, 0)

    # === CRUD METHODS === #

    @api.model_create_multi
    def create(self, vals_list):
        self.env.registry.clear_cache()
        return super().create(vals_list)

    def write(self, vals):
        self.env.registry.clear_cache()
        return super().write(vals)

    def unlink(self):
        self.env.registry.clear_cache()
        return super().unlink()

    # === ACTION METHODS === #

    def action_open_exchanges(self):
        """Open what was sent, and is to be sent, to this subscriber."""
        self.ensure_one()
        return {
            "type": "ir.actions.act_window",
            "name": self.env._("Events of %s", self.name),
            "res_model": "finance.exchange",
            "view_mode": "list,form",
            "domain": [("interface_id", "=", self.interface_id.id)],
        }

    # === BUSINESS METHODS === #

    @api.model
    def _publish(self, event_type, records):
        """Tell the subscribers of each record's company, as part of the transaction that makes the event true.

        A rollback takes the events back. One transaction has one event of a kind for a record, however often this is
        called. Costs nothing where nobody has subscribed.

        :param str event_type: code of a ``finance.event.type``
        :param records: records with a ``company_id`` and ``_finance_event_data()``
        :return: the exchanges that carry the events
        """
        # The caller's context may hold defaults meant for its own records.
        outbox = self.sudo().with_env(self.env(su=True, context={}))
        exchanges = outbox.env["finance.exchange"]
        for record in records.with_env(outbox.env):
            interface_ids = outbox._subscribed_interface_ids(record.company_id.id, event_type)
            if not interface_ids:
                continue
            now = self.env.cr.now().replace(tzinfo=UTC).isoformat()
            content = canonical_json(
                {
                    "type": event_type,
                    "timestamp": now,
                    "data": {
                        "model": record._name,
                        "id": record.id,
                        **record._finance_event_data(),
                    },
                }
            )
            for interface in outbox.env["finance.interface"].browse(interface_ids):
                exchanges |= exchanges._emit(
                    interface,
                    f"{event_type}:{record._name}:{record.id}:{now}",
                    record=record,
                    event_type=event_type,
                    content=content,
                )
        return exchanges

    @api.model
    @tools.ormcache("company_id", "event_type")
    def _subscribed_interface_ids(self, company_id, event_type):
        subscriptions = self.search(
            [("company_id", "=", company_id), ("event_type_ids.code", "=", event_type)]
        )
        return tuple(subscriptions.interface_id.sorted("id").ids)

    def _disable(self, reason):
        """Stop telling a subscriber who does not want to hear any more. What waits to be sent goes on waiting.

        :param str reason: one sentence, shown in the history of the subscription
        """
        self.interface_id.action_set_off()
        self.active = False
        for subscription in self:
            subscription.message_post(body=reason)
            self.env["finance.audit.event"]._log(
                "subscription.disabled", subscription, summary=reason
            )
