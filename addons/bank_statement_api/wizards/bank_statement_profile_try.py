import base64

from markupsafe import Markup

from odoo import api, fields, models
from odoo.exceptions import UserError

from odoo.addons.bank_statement_api.tools import column_suggestion, columns
from odoo.addons.bank_statement_api.tools.errors import StatementFormatError

SHOWN = 20
"""Rows of the preview."""
MAX_BYTES = 20 * 1024 * 1024


class BankStatementProfileTry(models.TransientModel):
    """Make a column profile from a file: proposed, looked at, corrected, kept. Nothing is booked here."""

    _name = "bank.statement.profile.try"
    _description = "Try a Column Profile"
    _inherit = ["bank.statement.profile.mixin"]
    _check_company_auto = True

    name = fields.Char(help="E.g. the bank, and which of its exports.")
    company_id = fields.Many2one(
        "res.company", required=True, default=lambda self: self.env.company
    )
    profile_id = fields.Many2one(
        "bank.statement.profile",
        check_company=True,
        domain="[('company_id', '=', company_id)]",
        string="Existing Profile",
    )
    journal_id = fields.Many2one(
        "account.journal",
        string="Bank Account",
        check_company=True,
        domain="[('type', 'in', ('bank', 'credit')), ('company_id', '=', company_id)]",
    )
    # In the database and not in the file store, and gone with the wizard.
    file = fields.Binary(attachment=False)
    filename = fields.Char()
    preview = fields.Html(compute="_compute_preview", sanitize=False)

    # === COMPUTE METHODS === #

    @api.depends(
        lambda self: ("file", "journal_id", *self.env["bank.statement.profile.mixin"]._fields)
    )
    def _compute_preview(self):
        for wizard in self:
            wizard.preview = wizard._preview() if wizard.file else False

    @api.onchange("profile_id")
    def _onchange_profile_id(self):
        if self.profile_id:
            self.update(self._from_profile(self.profile_id._to_profile()))
            self.name = self.profile_id.name

    def _content(self):
        # The web client asks for the size of a file in place of it.
        content = base64.b64decode(self.with_context(bin_size=False).file or b"")
        if len(content) > MAX_BYTES:
            raise UserError(self.env._("For a try, choose a smaller file."))
        return content

    def _preview(self):
        """The first rows as they would be read, what all of them add up to, and what cannot be read."""
        self.ensure_one()
        if not self.booking_date:
            return Markup("<p>%s</p>") % self.env._("Choose Suggest, or fill in the columns.")
        currency = self.journal_id.currency_id or self.company_id.currency_id
        try:
            statements = columns.read(
                self._content(), profile=self._to_profile(), currency=currency.name
            )
        except StatementFormatError as error:
            return Markup(
                '<div class="alert alert-danger" role="alert"><b>%s</b> %s<br/>%s</div>'
            ) % (
                error.message,
                error.reason,
                error.next_step or "",
            )
        return Markup("").join(self._shown(statement) for statement in statements)

    def _shown(self, statement):
        cell = Markup("<td>%s</td>")
        number = Markup('<td class="text-end">%s</td>')
        rows = Markup("").join(
            Markup("<tr>%s</tr>")
            % Markup("").join(
                (
                    number % line.position.line,
                    cell % line.booking_date,
                    cell % (line.value_date or ""),
                    number % f"{line.amount} {line.currency}",
                    number % " ".join(str(charge.amount) for charge in line.charges),
                    cell % (line.counterparty.name or ""),
                    cell % (line.counterparty.iban or line.counterparty.other_id or ""),
                    cell % line.remittance_text[:120],
                    cell % (line.account_servicer_ref or ""),
                    cell % (self.env._("Reversal") if line.reversal else ""),
                )
            )
            for line in statement.booked[:SHOWN]
        )
        heads = (
            self.env._("Row"),
            self.env._("Booked"),
            self.env._("Value Date"),
            self.env._("Amount"),
            self.env._("Fee"),
            self.env._("Other Party"),
            self.env._("Account"),
            self.env._("Text"),
            self.env._("Reference"),
            "",
        )
        problems = [bad.reason for bad in statement.bad_entries]
        problems += [finding.message for finding in statement.findings]
        problems += [warning.message for warning in statement.warnings]
        total = sum(line.amount for line in statement.booked)
        summary = self.env._(
            "%(account)s %(currency)s: %(count)s rows would be read, together %(total)s; %(bad)s cannot be read.",
            account=statement.account.identifier or self.journal_id.display_name or "",
            currency=statement.account.currency,
            count=len(statement.booked),
            total=total,
            bad=len(statement.bad_entries),
        )
        return (
            Markup("<p><b>%s</b></p>") % summary
            + Markup("").join(
                Markup('<div class="alert alert-warning py-1 mb-1" role="alert">%s</div>') % problem
                for problem in problems[:SHOWN]
            )
            + Markup(
                '<table class="table table-sm o_bank_profile_preview"><thead><tr>%s</tr></thead>'
            )
            % Markup("").join(Markup("<th>%s</th>") % head for head in heads)
            + Markup("<tbody>%s</tbody></table>") % rows
        )

    # === ACTION METHODS === #

    def action_suggest(self):
        """Propose the columns from the file's head; a person looks at the preview."""
        self.check_access("write")
        if not self.file:
            raise UserError(self.env._("Choose a file first."))
        try:
            profile = column_suggestion.suggest(self._content())
        except StatementFormatError as error:
            raise UserError(
                self.env._(
                    "%(problem)s %(step)s", problem=error.message, step=error.next_step or ""
                )
            ) from error
        self.write(self._from_profile(profile))
        return self._again()

    def action_look(self):
        """Show the rows as the columns say by now."""
        self.check_access("write")
        return self._again()

    def action_save(self):
        """Keep the profile, new or as the changed existing one.

        :return: action that shows it
        """
        self.check_access("write")
        vals = self._from_profile(self._to_profile())
        if self.profile_id:
            self.profile_id.write(vals)
            profile = self.profile_id
        else:
            if not self.name:
                raise UserError(self.env._("Give the profile a name, such as the bank's."))
            profile = self.env["bank.statement.profile"].create(
                {**vals, "name": self.name, "company_id": self.company_id.id}
            )
        return {
            "type": "ir.actions.act_window",
            "res_model": "bank.statement.profile",
            "view_mode": "form",
            "views": [(False, "form")],
            "res_id": profile.id,
        }

    def _again(self):
        self.ensure_one()
        return {
            "type": "ir.actions.act_window",
            "name": self.env._("Column Profile from a File"),
            "res_model": self._name,
            "view_mode": "form",
            "views": [(False, "form")],
            "res_id": self.id,
            "target": "new",
        }
