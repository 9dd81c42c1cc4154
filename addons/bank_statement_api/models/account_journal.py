from odoo import fields, models


class AccountJournal(models.Model):
    _inherit = "account.journal"

    bank_feed_ids = fields.One2many("bank.statement.feed", "journal_id")
    uid_strategy = fields.Integer(
        string="Duplicate Strategy",
        default=1,
        help="How the bank's own transaction ids are trusted: 0 not at all, 1 the bank's reference,"
        " 2 the provider's id. Changing it re-imports nothing: the content is compared in any case.",
    )

    _uid_strategy_known = models.Constraint(
        "CHECK(uid_strategy IN (0, 1, 2))", "The duplicate strategy is 0, 1 or 2."
    )

    def action_upload_bank_statement(self):
        """Open the upload of a statement file by hand."""
        return self.env["ir.actions.act_window"]._for_xml_id(
            "bank_statement_api.bank_statement_upload_action"
        )
