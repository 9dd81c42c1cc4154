from odoo import api, fields, models


class BankStatementBalance(models.Model):
    """A balance as the bank stated it: the figure that continuity is proven against."""

    _name = "bank.statement.balance"
    _description = "Balance Stated by the Bank"
    _order = "date desc, id desc"
    _rec_name = "type_name"

    journal_id = fields.Many2one(
        "account.journal", required=True, readonly=True, index=True, ondelete="cascade"
    )
    company_id = fields.Many2one(related="journal_id.company_id", store=True, index=True)
    currency_id = fields.Many2one("res.currency", required=True, readonly=True)
    type = fields.Char(
        required=True,
        readonly=True,
        help="Balance type code of ISO 20022 (ExternalBalanceType1Code), or the bank's own name of it.",
    )
    type_name = fields.Char(string="Kind of Balance", compute="_compute_type_name")
    amount = fields.Monetary(required=True, readonly=True)
    date = fields.Date(readonly=True, help="Empty where the bank gave none.")
    credit_line_included = fields.Boolean(
        string="With Credit Line",
        readonly=True,
        help="The bank counted what may be overdrawn as if it were there.",
    )
    document_kind = fields.Selection(
        [
            ("statement", "Statement"),
            ("report", "Intraday Report"),
            ("notification", "Notification"),
        ],
        string="Stated in",
        required=True,
        readonly=True,
        default="statement",
        help="Only what a statement states is part of the chain: reports number and cut the day in their own way.",
    )
    electronic_sequence = fields.Integer(
        readonly=True, help="The bank's number of the statement that it stands in; 0 for none."
    )
    source_format = fields.Char(
        readonly=True, help="Format that it came in; the numbers of statements are the format's."
    )
    exchange_id = fields.Many2one(
        "finance.exchange", required=True, readonly=True, ondelete="restrict"
    )

    _balance_uniq = models.Constraint(
        "UNIQUE(journal_id, type, currency_id, date, exchange_id, electronic_sequence)",
        "A statement states a balance once.",
    )
    _exchange_idx = models.Index("(exchange_id, journal_id)")
    _closing_idx = models.Index("(journal_id, date DESC, id DESC) WHERE type = 'CLBD'")

    # === COMPUTE METHODS === #

    @api.depends("type")
    def _compute_type_name(self):
        names = {
            "OPBD": self.env._("Opening booked"),
            "CLBD": self.env._("Closing booked"),
            "PRCD": self.env._("Previously closed booked"),
            "ITBD": self.env._("Interim booked"),
            "CLAV": self.env._("Closing available"),
            "OPAV": self.env._("Opening available"),
            "ITAV": self.env._("Interim available"),
            "FWAV": self.env._("Forward available"),
            "XPCD": self.env._("Expected"),
            "INFO": self.env._("Information"),
        }
        for balance in self:
            balance.type_name = names.get(balance.type, balance.type)
