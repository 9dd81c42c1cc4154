from odoo import fields, models


class BankStatementBalance(models.Model):
    """A balance as the bank stated it: the figure that continuity is proven against."""

    _name = "bank.statement.balance"
    _description = "Balance Stated by the Bank"
    _order = "date desc, id desc"
    _rec_name = "type"

    journal_id = fields.Many2one(
        "account.journal", required=True, readonly=True, index=True, ondelete="cascade"
    )
    company_id = fields.Many2one(related="journal_id.company_id", store=True, index=True)
    currency_id = fields.Many2one("res.currency", required=True, readonly=True)
    type = fields.Selection(
        [
            ("OPBD", "Opening booked"),
            ("CLBD", "Closing booked"),
            ("PRCD", "Previously closed booked"),
            ("ITBD", "Interim booked"),
            ("CLAV", "Closing available"),
            ("OPAV", "Opening available"),
            ("ITAV", "Interim available"),
            ("FWAV", "Forward available"),
            ("XPCD", "Expected"),
            ("INFO", "Information"),
        ],
        required=True,
        readonly=True,
        help="Balance type codes of ISO 20022 (ExternalBalanceType1Code).",
    )
    amount = fields.Monetary(required=True, readonly=True)
    date = fields.Date(required=True, readonly=True)
    electronic_sequence = fields.Integer(
        readonly=True, help="The bank's number of the statement that it stands in; 0 for none."
    )
    exchange_id = fields.Many2one(
        "finance.exchange", required=True, readonly=True, index=True, ondelete="restrict"
    )

    _balance_uniq = models.Constraint(
        "UNIQUE(journal_id, type, date, exchange_id, electronic_sequence)",
        "A statement states a balance once.",
    )
    _closing_idx = models.Index("(journal_id, date DESC, id DESC) WHERE type = 'CLBD'")
