from odoo import api, fields, models


class CashPositionRunLine(models.Model):
    """An account of a frozen position: the balance that was used, from which exchange, at which rate."""

    _name = "cash.position.run.line"
    _description = "Account of a Frozen Cash Position"
    _inherit = ["finance.append.only"]
    _order = "run_id desc, id"
    _rec_name = "account"

    run_id = fields.Many2one(
        "cash.position.run", required=True, readonly=True, index=True, ondelete="restrict"
    )
    date = fields.Date(related="run_id.date", string="Day of the Position")
    company_id = fields.Many2one(
        "res.company", required=True, readonly=True, index=True, ondelete="restrict"
    )
    entity = fields.Char(readonly=True, help="As the group calls it.")
    journal_id = fields.Many2one(
        "account.journal", readonly=True, index="btree_not_null", ondelete="restrict"
    )
    account = fields.Char(required=True, readonly=True)
    bank = fields.Char(readonly=True)
    state = fields.Selection(
        [
            ("fresh", "Up to Date"),
            ("stale", "Too Old"),
            ("missing", "No Balance"),
            ("broken", "Statements Missing or Not Adding Up"),
            ("not_expected", "Not Expected"),
        ],
        required=True,
        readonly=True,
    )
    currency_id = fields.Many2one("res.currency", required=True, readonly=True, ondelete="restrict")
    bank_balance = fields.Monetary(readonly=True)
    balance_type = fields.Char(readonly=True)
    balance_date = fields.Date(readonly=True)
    balance_id = fields.Many2one(
        "bank.statement.balance", readonly=True, index="btree_not_null", ondelete="restrict"
    )
    exchange = fields.Char(
        readonly=True, help="Reference of the exchange that brought the balance."
    )
    ledger_balance = fields.Monetary(readonly=True)
    difference = fields.Monetary(readonly=True)
    unexplained = fields.Monetary(readonly=True)
    rate = fields.Char(readonly=True)
    rate_date = fields.Date(readonly=True)
    rate_source = fields.Char(readonly=True)
    group_currency_id = fields.Many2one(
        "res.currency", required=True, readonly=True, ondelete="restrict"
    )
    converted = fields.Monetary(
        string="In Group Currency", currency_field="group_currency_id", readonly=True
    )
    eliminated = fields.Boolean(
        readonly=True, help="Kept by an entity of the group: no cash of it."
    )

    @api.model
    def _values(self, position):
        """:return: values of a line for each account of a position
        :rtype: list[dict]
        """
        currencies = {
            currency.name: currency.id
            for currency in self.env["res.currency"].with_context(active_test=False).search([])
        }
        codes = {entity.id: entity.code for entity in position.inputs.entities}
        return [
            {
                "company_id": line.account.entity_id,
                "entity": codes[line.account.entity_id],
                "journal_id": line.account.id,
                "account": line.account.name,
                "bank": line.account.bank,
                "state": line.state,
                "currency_id": currencies[line.account.currency],
                "group_currency_id": currencies[position.inputs.currency],
                "ledger_balance": float(line.account.books.balance),
                "eliminated": line.eliminated,
                **(
                    {
                        "bank_balance": float(line.booked.amount),
                        "balance_type": line.booked.type,
                        "balance_date": line.booked.day,
                        "balance_id": line.booked.id,
                        "exchange": line.booked.exchange,
                        "difference": float(line.difference.total),
                        "unexplained": float(line.difference.unexplained),
                    }
                    if line.booked
                    else {}
                ),
                **(
                    {
                        "converted": float(line.converted),
                        "rate": f"{line.conversion.rate:f}",
                        "rate_date": line.conversion.day,
                        "rate_source": line.conversion.source,
                    }
                    if line.conversion
                    else {}
                ),
            }
            for line in position.lines
        ]
