from odoo import api, models


class BankStatementMatchPreview(models.AbstractModel):
    """The counterpart entry of a proposal before it is posted, from the values that the poster would write."""

    _name = "bank.statement.match.preview"
    _description = "Preview of a Match"

    @api.model
    def _rows(self, line, proposal):
        """:param proposal: ``posting.Proposal``
        :return: what :class:`bank.statement.match.proposal` says of ``preview``
        :rtype: list[dict]
        :raise UserError: a gate of the poster is closed
        :raise ProposalError: the proposal does not add up
        """
        items = self.env["account.move.line"].browse(
            [part.item_id for part in proposal.allocations]
        )
        entry = self.env["bank.statement.poster.entry"]._prepare(proposal, line, items, {})
        bank = line._seek_for_lines()[0][:1]
        rows = [
            self._row(
                line,
                {
                    "account_id": bank.account_id.id,
                    "partner_id": (entry.partner or line.partner_id).id,
                    "name": bank.name,
                    "currency_id": bank.currency_id.id,
                    "amount_currency": bank.amount_currency,
                    "balance": bank.balance,
                },
                None,
            )
        ]
        for place, vals in enumerate(entry.vals_list):
            item = items[place].id if place < len(items) else None
            rows.append(self._row(line, vals, item))
        return rows

    @api.model
    def _row(self, line, vals, item_id):
        currency = self.env["res.currency"].browse(vals["currency_id"])
        account = self.env["account.account"].browse(vals["account_id"])
        balance = vals["balance"]
        return {
            "account": account.display_name,
            "account_id": account.id,
            "partner": self.env["res.partner"].browse(vals["partner_id"]).display_name or "",
            "label": vals["name"] or "",
            "debit": _text(balance, line.company_id.currency_id.decimal_places)
            if balance > 0
            else "",
            "credit": _text(-balance, line.company_id.currency_id.decimal_places)
            if balance < 0
            else "",
            "amount_currency": _text(vals["amount_currency"], currency.decimal_places),
            "currency": currency.name,
            "currency_id": currency.id,
            "item": item_id,
        }


def _text(amount, decimals):
    return f"{amount:.{decimals}f}"
