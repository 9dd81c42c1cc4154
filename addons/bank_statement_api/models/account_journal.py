from odoo import fields, models
from odoo.fields import Domain

RECOGNISES = ("bank_account_id", "currency_id", "uid_strategy", "statement_connection_ids")
"""What decides which statements are booked here, and what counts as booked already."""


class AccountJournal(models.Model):
    _inherit = "account.journal"

    bank_calendar = fields.Selection(
        [
            ("target", "Bank Days of the Euro Area (T2)"),
            ("weekdays", "Monday to Friday"),
            ("daily", "Every Day"),
        ],
        required=True,
        default="target",
        help="On which days the bank books: on others no statement is missing.",
    )
    bank_feed_ids = fields.One2many("bank.statement.feed", "journal_id")
    uid_strategy = fields.Integer(
        string="Duplicate Strategy",
        default=1,
        help="How the bank's own transaction ids are trusted: 0 not at all, 1 the bank's reference,"
        " 2 the provider's id. Changing it re-imports nothing: the content is compared in any case.",
    )

    statement_connection_ids = fields.Many2many(
        "finance.connection",
        string="Statements Only Over",
        check_company=True,
        domain="[('interface_ids.handler', '=', 'bank_statement')]",
        help="Connections that are believed when they bring statements of this account, beside those of its feeds and"
        " what a person uploads; what any other one brings is put before a person."
        " Empty: every connection is believed.",
    )

    _uid_strategy_known = models.Constraint(
        "CHECK(uid_strategy IN (0, 1, 2))", "The duplicate strategy is 0, 1 or 2."
    )

    # === CRUD METHODS === #

    def write(self, vals):
        names = [name for name in RECOGNISES if name in vals]
        before = {journal: journal._shown_values(names) for journal in self if names}
        result = super().write(vals)
        for journal, values in before.items():
            after = journal._shown_values(names)
            if values != after:
                self.env["finance.audit.event"]._log(
                    "journal.changed",
                    journal,
                    summary=journal.display_name,
                    details={"before": values, "after": after},
                )
        return result

    def _shown_values(self, names):
        self.ensure_one()
        return {
            name: ", ".join(self[name].mapped("display_name"))
            if self._fields[name].relational
            else self[name]
            for name in names
        }

    # === BUSINESS METHODS === #

    def _believed_connections(self):
        """Connections whose statements of this account are booked; none named means any.

        :rtype: finance.connection
        """
        self.ensure_one()
        named = self.sudo().statement_connection_ids
        return named and named | self.sudo().bank_feed_ids.connection_id

    # === DASHBOARD === #

    def _fill_bank_cash_dashboard_data(self, dashboard_data):
        """Odoo's figures of the cards, and how many lines wait on the review board."""
        super()._fill_bank_cash_dashboard_data(dashboard_data)
        journals = self.filtered(lambda journal: journal.type in ("bank", "cash", "credit"))
        line_model = self.env["account.bank.statement.line"]
        counts = {}
        if journals and line_model.has_access("write"):
            waiting = self.env["bank.statement.review"]._waiting_domain()
            counts = dict(
                line_model._read_group(
                    waiting & Domain("journal_id", "in", journals.ids), ["journal_id"], ["__count"]
                )
            )
        for journal in journals:
            dashboard_data[journal.id]["number_to_review"] = counts.get(journal, 0)

    # === ACTION METHODS === #

    def action_upload_bank_statement(self):
        """Open the upload of a statement file by hand."""
        return self.env["ir.actions.act_window"]._for_xml_id(
            "bank_statement_api.bank_statement_upload_action"
        )
