from odoo import api, fields, models


class AccountBankStatement(models.Model):
    """A statement as the bank issued it, traced to the exchange that brought it."""

    _name = "account.bank.statement"
    _inherit = ["account.bank.statement", "bank.statement.provenance.mixin"]

    exchange_id = fields.Many2one(
        "finance.exchange", readonly=True, copy=False, index="btree_not_null", ondelete="restrict"
    )
    bank_statement_ref = fields.Char(
        readonly=True, copy=False, help="The bank's own id of the statement."
    )
    electronic_sequence = fields.Integer(readonly=True, copy=False)
    legal_sequence = fields.Integer(readonly=True, copy=False)
    bank_remarks = fields.Text(
        string="Remarks on the Document",
        readonly=True,
        copy=False,
        help="Where the bank's document departs from its format without touching what it means.",
    )
    bank_date = fields.Date(readonly=True, copy=False, help="The day of the closing balance.")

    _bank_statement_uniq = models.UniqueIndex(
        "(journal_id, bank_date, bank_statement_ref) WHERE bank_statement_ref IS NOT NULL",
        "This statement of the bank is booked already.",
    )

    # === PROVENANCE === #

    @api.model
    def _provenance_fields(self):
        return super()._provenance_fields() | {
            "exchange_id",
            "bank_statement_ref",
            "electronic_sequence",
            "legal_sequence",
            "bank_date",
            "bank_remarks",
        }

    def unlink(self):
        for statement in self.filtered("exchange_id"):
            self.env["finance.audit.event"]._log(
                "statement.deleted",
                statement,
                summary=statement.name,
                details={
                    "bank_date": str(statement.bank_date),
                    "balance_end_real": str(statement.balance_end_real),
                },
            )
        return super().unlink()
