from odoo import api, fields, models
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
    account_number = fields.Char(help="Enter it where the other side tells only how it ends.")
    number_told = fields.Boolean(compute="_compute_number_told")
    currency_code = fields.Char(string="Currency", readonly=True)
    journal_id = fields.Many2one(
        "account.journal",
        index="btree_not_null",
        domain="[('type', 'in', ('bank', 'credit')), ('company_id', '=', company_id)]",
    )
    create_journal = fields.Boolean(string="Make a Journal")
    remark = fields.Char(compute="_compute_remark")

    _resource_uniq = models.Constraint(
        "UNIQUE(setup_id, resource_ref)", "The bank lists an account once."
    )

    # === COMPUTE METHODS === #

    @api.depends("setup_id.adapter")
    def _compute_number_told(self):
        for account in self:
            account.number_told = not account.setup_id._adapter()._masks_numbers

    @api.depends("account_number", "journal_id")
    @api.depends_context("uid")
    def _compute_remark(self):
        """Two companies that both book an account would have its money twice."""
        importer = self.env["bank.statement.importer"]
        for account in self:
            account.remark = False
            number = importer._sanitize(account.account_number)
            if account.journal_id or not number:
                continue
            elsewhere_sudo = (
                self.env["account.journal"]
                .sudo()
                .search(
                    [
                        ("bank_account_id.sanitized_acc_number", "=", number),
                        ("company_id", "!=", account.company_id.id),
                        ("company_id", "in", self.env.user.company_ids.ids),
                    ],
                    limit=1,
                )
            )
            if elsewhere_sudo:
                account.remark = self.env._(
                    "An account of %(company)s: journal %(journal)s",
                    company=elsewhere_sudo.company_id.name,
                    journal=elsewhere_sudo.name,
                )

    # === BUSINESS METHODS === #

    def _ensure_journal(self):
        """Make the journals that were asked for, with number and currency of the account."""
        for account in self.filtered(lambda each: each.create_journal and not each.journal_id):
            company = account.company_id
            if not account.account_number:
                raise UserError(
                    self.env._(
                        "Enter the whole account number of %s, or choose its journal.", account.name
                    )
                )
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
