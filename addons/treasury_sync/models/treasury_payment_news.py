from odoo import api, fields, models
from odoo.exceptions import AccessError

from .engine import is_engine
from .treasury_payment_instruction import FATES

SOURCES = [
    ("order", "This order"),
    ("sending", "Answer to the sending"),
    ("query", "Answer to a question"),
    ("webhook", "Webhook"),
    ("report", "Status report"),
    ("notification", "Notification of the bank"),
    ("statement", "Statement"),
    ("recall", "Answer to a recall"),
    ("person", "A person"),
]


class TreasuryPaymentNews(models.Model):
    """Everything that was ever said of an instruction, with its source, also what changed nothing."""

    _name = "treasury.payment.news"
    _description = "Payment Status News"
    _order = "id"
    _rec_name = "status_code"

    instruction_id = fields.Many2one(
        "treasury.payment.instruction", required=True, readonly=True, index=True, ondelete="cascade"
    )
    order_id = fields.Many2one(
        related="instruction_id.order_id", store=True, index=True, precompute=True
    )
    company_id = fields.Many2one(
        related="instruction_id.company_id", store=True, index=True, precompute=True
    )
    beneficiary_name = fields.Char(related="instruction_id.beneficiary_name")
    source = fields.Selection(SOURCES, required=True, readonly=True)
    proven = fields.Selection(FATES, readonly=True, help="What it proves.")
    status_code = fields.Char(readonly=True, help="The code of the source.")
    reason = fields.Char(readonly=True)
    effect = fields.Selection(
        [("advance", "Taken"), ("known", "Known already"), ("conflict", "Cannot be true as well")],
        readonly=True,
    )
    exchange_id = fields.Many2one(
        "finance.exchange", readonly=True, index="btree_not_null", ondelete="restrict"
    )
    user_id = fields.Many2one(
        "res.users", readonly=True, index="btree_not_null", default=lambda self: self.env.user
    )

    @api.model_create_multi
    def create(self, vals_list):
        if not is_engine(self.env):
            raise AccessError(self.env._("News of a payment comes from its sources."))
        return super().create(vals_list)

    def write(self, vals):
        if not is_engine(self.env):
            raise AccessError(self.env._("News of a payment is never changed."))
        return super().write(vals)

    @api.ondelete(at_uninstall=False)
    def _unlink_never(self):
        raise AccessError(self.env._("News of a payment is never changed."))
