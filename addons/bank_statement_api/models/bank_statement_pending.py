from odoo import fields, models


class BankStatementPending(models.Model):
    """A booking the bank announces and has not made: an expectation, never an entry in the books."""

    _name = "bank.statement.pending"
    _description = "Pending Bank Transaction"
    _order = "date desc, id desc"
    _rec_name = "label"

    journal_id = fields.Many2one(
        "account.journal", required=True, readonly=True, index=True, ondelete="cascade"
    )
    company_id = fields.Many2one(related="journal_id.company_id", store=True, index=True)
    currency_id = fields.Many2one("res.currency", required=True, readonly=True)
    amount = fields.Monetary(required=True, readonly=True)
    date = fields.Date(readonly=True, help="The bank's expected value date, where it gives one.")
    label = fields.Char(readonly=True)
    partner_name = fields.Char(readonly=True)
    provider_uid = fields.Char(
        readonly=True,
        index="btree_not_null",
        help="The interface's own id of it, where it gives one.",
    )
    exchange_id = fields.Many2one(
        "finance.exchange", required=True, readonly=True, index=True, ondelete="restrict"
    )
