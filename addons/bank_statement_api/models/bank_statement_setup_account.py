from odoo import fields, models
from odoo.exceptions import UserError


class BankStatementSetupAccount(models.Model):
    """An account that the bank listed, and the journal it goes to."""

    _name = "bank.statement.setup.account"
    _description = "Account of a Bank Set-up"
    _inherit = ["finance.company.mixin"]
    _order = "id"

    setup_id = fields.Many2one(
        "bank.statement.setup", required=True, index=True, ondelete="cascade"
    )
    company_id = fields.Many2one(related="setup_id.company_id", store=True, index=True)
    name = fields.Char(required=True)
    resource_ref = fields.Char(string="Account at the Bank", required=True, readonly=True)
    account_number = fields.Char(readonly=True)
    currency_code = fields.Char(string="Currency", readonly=True)
    journal_id = fields.Many2one(
        "account.journal",
        index="btree_not_null",
        domain="[('type', 'in', ('bank', 'credit')), ('company_id', '=', company_id)]",
    )
    create_journal = fields.Boolean(string="Make a Journal")

    _resource_uniq = models.Constraint(
        "UNIQUE(setup_id, resource_ref)", "The bank lists an account once."
    )

    def _ensure_journal(self):
        """Make the journals that were asked for, with number and currency of the account."""
        for account in self.filtered(lambda each: each.create_journal and not each.journal_id):
            company = account.company_id
            currency = self.env["res.currency"].search([("name", "=", account.currency_code)])
            if account.currency_code and not currency:
                raise UserError(
                    self.env._(
                        "Switch on the currency %s under Accounting > Currencies first.",
                        account.currency_code,
                    )
                )
            number = self.env["bank.statement.importer"]._sanitize(account.account_number)
            bank_accounts = self.env["res.partner.bank"].sudo()
            bank_account = bank_accounts.search(
                [
                    ("sanitized_acc_number", "=", number),
                    ("partner_id", "=", company.partner_id.id),
                ],
                limit=1,
            ) or bank_accounts.create(
                {"acc_number": account.account_number, "partner_id": company.partner_id.id}
            )
            # Who may connect banks need not keep the chart of accounts: this one journal is part of connecting.
            account.journal_id = (
                self.env["account.journal"]
                .sudo()
                .create(
                    {
                        "name": account.name,
                        "type": "bank",
                        "company_id": company.id,
                        "bank_account_id": bank_account.id,
                        "currency_id": currency.id if currency != company.currency_id else False,
                    }
                )
            ).sudo(False)
            self.env["finance.audit.event"]._log(
                "journal.created", account.journal_id, summary=account.journal_id.display_name
            )
