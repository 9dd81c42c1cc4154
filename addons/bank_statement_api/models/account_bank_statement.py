from odoo import api, fields, models
from odoo.tools import SQL

DERIVED = (
    "_compute_date",
    "_compute_first_line_index",
    "_compute_balance_end",
    "_compute_is_complete",
    "_compute_journal_id",
)
"""Methods by which Odoo derives from the lines what :meth:`AccountBankStatement._update_from_lines` does."""


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
    _bank_date_idx = models.Index("(journal_id, bank_date) WHERE bank_date IS NOT NULL")

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

    # === FIGURES === #

    @api.model
    def _figures_of_lines(self):
        """:return: the fields that Odoo derives from the lines"""
        return [field for field in self._fields.values() if field.compute in DERIVED]

    def _update_from_lines(self, stated):
        """Derive from the lines what Odoo does, by one query: Odoo reads every line and its entry into memory.

        :param dict stated: the balances to write with it; those that are left out stay as they are
        """
        self.ensure_one()
        writer = self.env["bank.statement.line.writer"]
        self.flush_recordset()
        if writer._foreign_override((self._name,), DERIVED):
            self.modified(["line_ids"])
            self.write(stated)
            return
        self.env["account.move"].flush_model(["date", "state"])
        self.env["account.bank.statement.line"].flush_model(
            ["amount", "internal_index", "move_id", "statement_id"]
        )
        [(first_index, day, total)] = self.env.execute_query(
            SQL(
                """SELECT min(line.internal_index),
                          (array_agg(move.date ORDER BY line.internal_index DESC)
                              FILTER (WHERE move.state = 'posted'))[1],
                          sum(line.amount) FILTER (WHERE move.state = 'posted')
                     FROM account_bank_statement_line line
                     JOIN account_move move ON move.id = line.move_id
                    WHERE line.statement_id = %s""",
                self.id,
            )
        )
        start = stated.get("balance_start", self.balance_start)
        end = self.currency_id.round(start + (total or 0.0))
        stated_end = stated.get("balance_end_real", self.balance_end_real)
        figures = {
            "date": day or False,
            "first_line_index": first_index or False,
            "balance_end": end,
            "is_complete": total is not None
            and self.currency_id.compare_amounts(end, stated_end) == 0,
        }
        # Else what is written would have Odoo derive the others of them once more, from every line.
        protected = [self._fields[name] for name in (*figures, "balance_end_real")]
        with self.env.protecting(protected, self):
            self.write(figures | stated)

    # === ACTION METHODS === #

    def action_open_lines(self):
        """:return: action that lists what the statement booked, matched or not"""
        self.ensure_one()
        self.check_access("read")
        return {
            **self.env["ir.actions.act_window"]._for_xml_id(
                "bank_statement_api.account_bank_statement_line_action"
            ),
            "display_name": self.env._("Lines of %s", self.name),
            "domain": [("statement_id", "=", self.id)],
            "context": {},
        }

    # === CRUD METHODS === #

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
