from odoo import api, fields, models
from odoo.exceptions import UserError

from odoo.addons.treasury_sync.tools import settlements

from .engine import as_engine

KINDS = [
    ("payment", "Payment"),
    ("refund", "Refund"),
    ("dispute", "Chargeback"),
    ("payout", "Payout"),
]
STATES = [
    ("pending", "Pending"),
    ("open", "Inquiry"),
    ("in_transit", "In Transit"),
    ("succeeded", "Succeeded"),
    ("withdrawn", "Withdrawn"),
    ("paid", "Paid"),
    ("lost", "Lost"),
    ("reinstated", "Won"),
    ("cancelled", "Cancelled"),
    ("failed", "Failed"),
]


class TreasurySettlement(models.Model):
    """One object at a gateway: a payment, a refund, a chargeback or a payout.

    What it is follows from everything that was ever said of it (``news_ids``), in whatever order it came; what the
    books have of it follows from what it is. Written by the machine alone.
    """

    _name = "treasury.settlement"
    _description = "Gateway Settlement"
    _inherit = ["treasury.engine.written", "mail.thread"]
    _order = "occurred_on desc, id desc"
    _rec_name = "external_id"
    _check_company_auto = True

    gateway_id = fields.Many2one(
        "treasury.gateway", required=True, readonly=True, index=True, ondelete="restrict"
    )
    company_id = fields.Many2one(
        related="gateway_id.company_id", store=True, index=True, precompute=True
    )
    kind = fields.Selection(KINDS, required=True, readonly=True)
    external_id = fields.Char(string="Gateway's ID", required=True, readonly=True)
    state = fields.Selection(STATES, readonly=True, index=True)
    amount = fields.Monetary(readonly=True)
    currency_id = fields.Many2one("res.currency", readonly=True)
    occurred_on = fields.Date(string="Date", readonly=True)
    reference = fields.Char(readonly=True, help="What may name an invoice, the strongest first.")
    provider_reference = fields.Char(readonly=True, help="Further id, such as that of the intent.")
    customer_ref = fields.Char(string="Gateway's Customer", readonly=True)
    customer_name = fields.Char(readonly=True)
    reason = fields.Char(readonly=True, help="Of a failure or chargeback, in the gateway's words.")
    parent_ref = fields.Char(readonly=True, help="The payment that it is about, by its id.")
    parent_id = fields.Many2one(
        "treasury.settlement", string="Payment", readonly=True, index="btree_not_null"
    )
    child_ids = fields.One2many(
        "treasury.settlement", "parent_id", string="Refunds and Chargebacks", readonly=True
    )
    partner_id = fields.Many2one(
        "res.partner", string="Customer", readonly=True, index="btree_not_null"
    )
    invoice_ids = fields.Many2many(
        "account.move", "treasury_settlement_invoice_rel", string="Invoices", readonly=True
    )
    assigned_by_id = fields.Many2one(
        "res.users",
        readonly=True,
        index="btree_not_null",
        help="Who named the invoices; empty where the references did.",
    )
    payment_id = fields.Many2one(
        "account.payment", string="Odoo's Payment", readonly=True, index="btree_not_null"
    )
    move_id = fields.Many2one(
        "account.move", string="Journal Entry", readonly=True, index="btree_not_null"
    )
    reversal_id = fields.Many2one(
        "account.move",
        readonly=True,
        index="btree_not_null",
        help="Money that came back: of a refund that failed, a chargeback that was won, a payout that was returned.",
    )
    news_ids = fields.One2many("treasury.settlement.news", "settlement_id", readonly=True)
    subject_row_ids = fields.One2many("treasury.settlement.row", "subject_id", readonly=True)
    fee = fields.Monetary(
        compute="_compute_net",
        currency_field="settled_currency_id",
        help="What the gateway kept of it, once its payout is known.",
    )
    net = fields.Monetary(compute="_compute_net", currency_field="settled_currency_id")
    gross = fields.Monetary(
        compute="_compute_net",
        currency_field="settled_currency_id",
        help="In the currency of the payout.",
    )
    settled_currency_id = fields.Many2one("res.currency", compute="_compute_net")
    payout_id = fields.Many2one(
        "treasury.settlement", string="Paid Out With", compute="_compute_net"
    )
    bank_line_id = fields.Many2one(
        "account.bank.statement.line", string="On the Bank Account", compute="_compute_net"
    )
    timeline_ids = fields.Many2many(
        "treasury.settlement.news",
        compute="_compute_timeline",
        help="What the gateway said of it, of its refunds and chargebacks, and of the payout that brings the money.",
    )

    _object_uniq = models.Constraint(
        "UNIQUE(gateway_id, kind, external_id)", "This object of the gateway is known already."
    )
    _parent_idx = models.Index("(gateway_id, parent_ref) WHERE parent_ref IS NOT NULL")
    _payment_uniq = models.UniqueIndex(
        "(payment_id) WHERE payment_id IS NOT NULL",
        "One payment of Odoo stands for one payment of the gateway.",
    )

    # === COMPUTE METHODS === #

    @api.depends("kind", "external_id")
    def _compute_display_name(self):
        labels = dict(self._fields["kind"]._description_selection(self.env))
        for settlement in self:
            settlement.display_name = f"{labels.get(settlement.kind, '')} {settlement.external_id}"

    @api.depends("subject_row_ids.net", "subject_row_ids.payout_id.statement_line_id")
    def _compute_net(self):
        for settlement in self:
            rows = settlement.subject_row_ids
            settlement.fee = sum(rows.mapped("fee"))
            settlement.net = sum(rows.mapped("net"))
            settlement.gross = sum(rows.mapped("gross"))
            settlement.settled_currency_id = rows.currency_id[:1] or settlement.currency_id
            settlement.payout_id = rows.payout_id.sorted("id")[-1:]
            settlement.bank_line_id = settlement.payout_id.statement_line_id

    @api.depends("news_ids", "child_ids.news_ids", "subject_row_ids.payout_id.news_ids")
    def _compute_timeline(self):
        for settlement in self:
            family = settlement | settlement.child_ids | settlement.payout_id
            settlement.timeline_ids = family.news_ids.sorted(lambda news: news._place())

    # === ACTION METHODS === #

    def action_open_assign(self):
        """Open the dialogue in which a person names the invoices that a payment pays.

        :return: action of ``treasury.settlement.assign``
        """
        self.ensure_one()
        self._check_may_decide()
        return {
            "type": "ir.actions.act_window",
            "name": self.env._("Which Invoices Does It Pay?"),
            "res_model": "treasury.settlement.assign",
            "view_mode": "form",
            "target": "new",
            "context": {"default_settlement_id": self.id},
        }

    def action_open_entries(self):
        """:return: action that lists the journal entries of this settlement"""
        self.ensure_one()
        self.check_access("read")
        entries = self._entries()
        return {
            "type": "ir.actions.act_window",
            "name": self.env._("Journal Entries"),
            "res_model": "account.move",
            "view_mode": "list,form",
            "domain": [("id", "in", entries.ids)],
        }

    # === BUSINESS METHODS === #

    def _why_fixed(self):
        return self.env._("What a gateway said is kept as it came; nobody edits it.")

    def _check_may_decide(self):
        self.check_access("read")
        if not self.env.user.has_group("finance_connector_base.group_finance_operator"):
            raise UserError(self.env._("An operator decides what a gateway's payment is for."))

    def _entries(self):
        return self.payment_id.move_id | self.move_id | self.reversal_id

    @api.model
    def _record(self, gateway, told):
        """Keep what was said; once each, however often it comes.

        :param gateway: ``treasury.gateway``, one record
        :param told: of each observation of ``tools.settlements``, it and the ``finance.exchange`` that brought it
        :return: the objects they are of, without those of which the books have all that was said before and nothing new
            was
        :rtype: treasury.settlement
        """
        keys = list(dict.fromkeys((each.kind, each.external_id) for each, _exchange in told))
        found = self._of_objects(gateway, keys)
        self.env["treasury.settlement.news"]._keep(
            [
                (found[observation.kind, observation.external_id], observation, exchange)
                for observation, exchange in told
            ]
        )
        settlements_told = as_engine(self).browse().union(*found.values())
        changed = settlements_told._remember_lives()
        return settlements_told.filtered(lambda item: item in changed or not item._is_settled())

    @api.model
    def _of_objects(self, gateway, keys):
        """:return: (kind, gateway's id) -> settlement, made where there was none"""
        model, found = as_engine(self), {}
        for kind in dict.fromkeys(kind for kind, _name in keys):
            names = [name for other, name in keys if other == kind]
            for settlement in model._named(gateway, kind, names):
                found[kind, settlement.external_id] = settlement
        missing = [key for key in keys if key not in found]
        # Its news are its history: a message that it was created tells nobody anything.
        made = (
            model.with_context(tracking_disable=True)
            .create(
                [
                    {"gateway_id": gateway.id, "kind": kind, "external_id": name}
                    for kind, name in missing
                ]
            )
            .with_env(self.env)
        )
        return found | dict(zip(missing, made, strict=True))

    @api.model
    def _named(self, gateway, kind, names):
        """:return: those of the gateway's objects of one kind that have these ids"""
        return self.search(
            [
                ("gateway_id", "=", gateway.id),
                ("kind", "=", kind),
                ("external_id", "in", list(names)),
            ]
        )

    def _is_settled(self):
        """:return: whether the books have all of it: a payment that is tied to what it pays"""
        return bool(
            self.kind == "payment"
            and self.state == "succeeded"
            and self.invoice_ids
            and self.receivable_key == self._receivable_state()
        )

    def _life(self):
        """:rtype: settlements.Life"""
        self.ensure_one()
        return settlements.fold(
            settlements.observation_from_dict(news.observation) for news in self.news_ids
        )

    def _remember_lives(self):
        """Write what is known of these objects of one gateway, as far as it changed.

        :return: those of which anything did
        """
        lives = {settlement: settlement._life() for settlement in self}
        names = {life.parent for life in lives.values() if life.parent}
        gateway = self.gateway_id
        parents = {}
        if names:
            parents = {
                payment.external_id: payment for payment in self._named(gateway, "payment", names)
            }
        currencies = {
            currency.name: currency
            for currency in self.env["res.currency"]
            .with_context(active_test=False)
            .search([("name", "in", list({life.last.currency for life in lives.values()}))])
        }
        changed = self.browse()
        for settlement, life in lives.items():
            vals = settlement._life_vals(life, parents, currencies)
            if vals := {
                name: value for name, value in vals.items() if settlement._has_other(name, value)
            }:
                settlement.write(vals)
                changed |= settlement
        return changed | self._adopt_orphans(lives)

    def _life_vals(self, life, parents, currencies):
        parent = parents.get(life.parent)
        currency = currencies.get(life.last.currency)
        return {
            "state": life.status,
            "amount": float(life.last.amount),
            "currency_id": currency and currency.id,
            "occurred_on": life.last.occurred_on,
            "reference": ", ".join(life.references) or False,
            "provider_reference": life.provider_reference or False,
            "customer_ref": life.customer or False,
            "customer_name": life.customer_name or False,
            "reason": life.reason or False,
            "parent_ref": life.parent or False,
            "parent_id": parent and parent.id,
            "arrival_on": life.arrival_on or False,
            "bank_reference": life.bank_reference or False,
            "is_itemised": life.last.itemised,
        }

    def _adopt_orphans(self, settlements_told):
        """Tie what is about these payments and came before them.

        :return: the payments that got any
        """
        payments = {item.external_id: item for item in settlements_told if item.kind == "payment"}
        if not payments:
            return self.browse()
        orphans = self.search(
            [
                ("gateway_id", "=", self.gateway_id.id),
                ("parent_ref", "in", list(payments)),
                ("parent_id", "=", False),
            ]
        )
        for name, children in orphans.grouped("parent_ref").items():
            children.write({"parent_id": payments[name].id})
        return orphans.parent_id

    def _has_other(self, name, value):
        field = self._fields[name]
        return self[name] != field.convert_to_record(field.convert_to_cache(value, self), self)

    def _apply(self):
        """Make the books say what these objects are. Repeating it changes nothing."""
        for settlement in self:
            settlement._check_currency()
        kinds = self.sorted("id").grouped("kind")
        none = self.browse()
        payments = kinds.get("payment", none)
        payments._apply_payments()
        families = payments | self.parent_id
        (
            kinds.get("refund", none) | kinds.get("dispute", none) | (families.child_ids - self)
        )._apply_withdrawals()
        kinds.get("payout", none)._apply_payouts()
        families._settle_receivables()
        touched = families | families.child_ids | self
        rows = self.env["treasury.settlement.row"].search(
            [
                ("gateway_id", "in", touched.gateway_id.ids),
                ("subject_ref", "in", touched.mapped("external_id")),
            ]
        )
        payouts = rows.payout_id | self.filtered(lambda item: item.kind == "payout")
        as_engine(payouts)._settle_payouts()

    def _check_currency(self):
        if not self.currency_id.active:
            raise UserError(
                self.env._(
                    "%(name)s is in %(currency)s, which is not in use here: activate the currency, then retry.",
                    name=self.display_name,
                    currency=self._life().last.currency,
                )
            )
