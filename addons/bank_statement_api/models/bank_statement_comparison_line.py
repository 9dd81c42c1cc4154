from odoo import api, fields, models

from odoo.addons.bank_statement_api.tools import shadow

STATES = [
    ("same", "Same"),
    ("differing", "Differing"),
    ("only_live", "Only Live"),
    ("only_shadow", "Only New Channel"),
]


class BankStatementComparisonLine(models.Model):
    """A booking as the live channel and the new one tell it, side by side."""

    _name = "bank.statement.comparison.line"
    _description = "Line of a Comparison"
    _order = "day, id"
    _log_access = False

    comparison_id = fields.Many2one(
        "bank.statement.comparison", required=True, readonly=True, index=True, ondelete="cascade"
    )
    company_id = fields.Many2one(related="comparison_id.company_id", store=True, index=True)
    journal_id = fields.Many2one(
        "account.journal", string="Account", required=True, readonly=True, index=True
    )
    currency_id = fields.Many2one("res.currency", required=True, readonly=True)
    day = fields.Date(required=True, readonly=True, help="The bank's booking date.")
    state = fields.Selection(STATES, required=True, readonly=True)
    live_amount = fields.Monetary(string="Live", readonly=True)
    shadow_amount = fields.Monetary(string="New Channel", readonly=True)
    difference = fields.Monetary(readonly=True, help="New channel less live.")
    live_day = fields.Date(readonly=True)
    shadow_day = fields.Date(string="New Day", readonly=True)
    live_text = fields.Char(readonly=True)
    shadow_text = fields.Char(string="New Text", readonly=True)
    live_party = fields.Char(readonly=True)
    shadow_party = fields.Char(string="New Party", readonly=True)
    live_line_id = fields.Many2one(
        "account.bank.statement.line",
        string="Booked As",
        readonly=True,
        index="btree_not_null",
        ondelete="set null",
    )
    shadow_exchange_id = fields.Many2one(
        "finance.exchange",
        string="Told by",
        readonly=True,
        index="btree_not_null",
        ondelete="set null",
    )
    note = fields.Char(readonly=True, help="What the two say in other words, about the same money.")

    # === BUSINESS METHODS === #

    @api.model
    def _create_rows(self, comparison, journal, rows):
        """
        :param rows: of :func:`shadow.compare`
        """
        currency = journal.currency_id or journal.company_id.currency_id
        live = self.env["account.bank.statement.line"].browse(
            [line_id for row in rows for line_id in row.live]
        )
        told = self.env["bank.statement.shadow.line"].browse(
            [line_id for row in rows for line_id in row.shadow]
        )
        live, told = ({line.id: line for line in lines} for lines in (live, told))
        self.create(
            [
                {
                    "comparison_id": comparison.id,
                    "journal_id": journal.id,
                    "currency_id": currency.id,
                    "day": row.days[0] or row.days[1],
                    "state": row.state,
                    "live_day": row.days[0] or False,
                    "shadow_day": row.days[1] or False,
                    "live_amount": float(row.amounts[0] or 0),
                    "shadow_amount": float(row.amounts[1] or 0),
                    "difference": float((row.amounts[1] or 0) - (row.amounts[0] or 0)),
                    "note": self._words(row) or False,
                    **(self._live_vals(live[row.live[0]]) if row.live else {}),
                    **(self._shadow_vals(told[row.shadow[0]]) if row.shadow else {}),
                }
                for row in rows
            ]
        )

    @api.model
    def _live_vals(self, line):
        return {
            "live_line_id": line.id,
            "live_text": line.payment_ref,
            "live_party": line.partner_name,
        }

    @api.model
    def _shadow_vals(self, line):
        transaction = line._transaction()
        return {
            "shadow_exchange_id": line.exchange_id.id,
            "shadow_text": transaction.remittance_text,
            "shadow_party": transaction.counterparty.name,
        }

    @api.model
    def _words(self, row):
        names = {
            "value_date": self.env._("value date"),
            "party": self.env._("other party"),
            "account": self.env._("other party's account"),
            "end_to_end_id": self.env._("end-to-end id"),
            "text": self.env._("text"),
        }
        told = []
        if row.state == shadow.DIFFERING and len(set(row.days)) > 1:
            told.append(self.env._("another day"))
        if row.live and row.shadow and len(row.live) != len(row.shadow):
            told.append(
                self.env._(
                    "%(live)s lines live, %(new)s in the new channel",
                    live=len(row.live),
                    new=len(row.shadow),
                )
            )
        if row.lacking:
            told.append(self.env._("not told: %s", ", ".join(names[name] for name in row.lacking)))
        if row.changed:
            told.append(
                self.env._("other words: %s", ", ".join(names[name] for name in row.changed))
            )
        return "; ".join(told)
