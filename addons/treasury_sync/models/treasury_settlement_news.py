import json

from odoo import api, fields, models

from odoo.addons.finance_connector_base.tools.digest import sha256_hex
from odoo.addons.treasury_sync.tools import settlements

from .engine import as_engine
from .treasury_settlement import STATES


class TreasurySettlementNews(models.Model):
    """Everything that was ever said of an object at a gateway, with its source: the timeline."""

    _name = "treasury.settlement.news"
    _description = "Gateway News"
    _inherit = "treasury.engine.written"
    _order = "as_of, id"
    _rec_name = "source"

    settlement_id = fields.Many2one(
        "treasury.settlement", required=True, readonly=True, index=True, ondelete="cascade"
    )
    company_id = fields.Many2one(
        related="settlement_id.company_id", store=True, index=True, precompute=True
    )
    exchange_id = fields.Many2one(
        "finance.exchange", readonly=True, index="btree_not_null", ondelete="set null"
    )
    source = fields.Char(string="Message", required=True, readonly=True)
    state = fields.Selection(STATES, readonly=True, help="What it says.")
    as_of = fields.Datetime(string="At the Gateway", readonly=True)
    observation = fields.Json(readonly=True)
    amount = fields.Monetary(
        compute="_compute_amount", help="Of the object, as this message has it."
    )
    currency_id = fields.Many2one(related="settlement_id.currency_id")
    digest = fields.Char(required=True, readonly=True)

    _said_uniq = models.Constraint(
        "UNIQUE(settlement_id, digest)", "This was said before, word by word."
    )

    @api.depends("observation")
    def _compute_amount(self):
        for news in self:
            news.amount = float(news.observation["amount"])

    def _place(self):
        """:return: where it stands in a timeline; gateways tell the second, and much happens in one"""
        kinds, kind = list(settlements.LIVES), self.settlement_id.kind
        return self.as_of, kinds.index(kind), settlements.LIVES[kind].index(self.state), self.id

    def _why_fixed(self):
        return self.env._("What a gateway said is kept as it came; nobody edits it.")

    @api.model
    def _keep(self, told):
        """Keep observations, each once.

        :param told: (``treasury.settlement``, observation, ``finance.exchange`` that brought it) of each
        """
        known = {
            (settlement, digest)
            for settlement in {settlement for settlement, _observation, _exchange in told}
            for digest in settlement.news_ids.mapped("digest")
        }
        new = {}
        for settlement, observation, exchange in told:
            plain = settlements.observation_to_dict(observation)
            key = settlement, sha256_hex(json.dumps(plain, sort_keys=True).encode())
            if key not in known and key not in new:
                new[key] = {
                    "settlement_id": settlement.id,
                    "exchange_id": exchange.id,
                    "source": observation.source,
                    "state": observation.status,
                    "as_of": observation.as_of.replace(tzinfo=None),
                    "observation": plain,
                    "digest": key[1],
                }
        if new:
            as_engine(self).create(list(new.values()))
