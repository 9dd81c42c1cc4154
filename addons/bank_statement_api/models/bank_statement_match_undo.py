from odoo import api, fields, models
from odoo.exceptions import UserError
from odoo.fields import Command


class BankStatementMatchUndo(models.AbstractModel):
    """Taking posted matches back: exactly, or, where the entry may not be touched any more, by a reversal."""

    _name = "bank.statement.match.undo"
    _description = "Undoing of Matches"

    @api.model
    def _undo(self, lines):
        """:return: what ``action_match_undo`` of the line says
        :rtype: dict
        """
        result = {"undone": [], "reversed": [], "refused": []}
        # Somebody else may have been quicker. Odoo would make the items of an open line anew, and call it checked.
        matched = lines.filtered(lambda line: line.is_reconciled or self._counterparts(line))
        for line in lines - matched:
            reason = self.env._("Nothing is matched with %s.", line.display_name)
            result["refused"].append({"line": line.id, "reason": reason})
        fixed = matched.filtered(self._is_fixed)
        for outcome in self.env["bank.statement.poster"]._undo(matched - fixed):
            if outcome.done:
                result["undone"].append(outcome.line_id)
            else:
                result["refused"].append({"line": outcome.line_id, "reason": outcome.error})
        for line in fixed:
            try:
                with self.env.cr.savepoint():
                    self._reverse(line)
            except UserError as error:
                result["refused"].append({"line": line.id, "reason": str(error)})
            else:
                result["reversed"].append(line.id)
        return result

    @api.model
    def _is_fixed(self, line):
        """Whether the line's entry is hashed, or dated in a locked period."""
        move = line.move_id
        return bool(
            move.inalterable_hash
            or move._get_violated_lock_dates(move.date, any(move.line_ids.mapped("tax_ids")))
        )

    @api.model
    def _counterparts(self, line):
        """:return: the items that took the place of the line's suspense item"""
        liquidity, _suspense, counterparts = line._seek_for_lines()
        return counterparts - liquidity

    @api.model
    def _reverse(self, line):
        """Open the items again and bring the line's money back to the suspense account, by an entry of its own.

        The line's own entry stays as it was posted: what it wrote on the items' accounts is taken back there, on the
        first day that is open, and stands on the suspense account, which is where a decision is made on it. What is
        open of the line itself stays so.

        :raise UserError: it is taken back already, or there is no journal for the entry
        """
        line._check_not_reversed()
        counterparts = self._counterparts(line)
        journal = self.env["account.journal"].search(
            [("type", "=", "general"), ("company_id", "=", line.company_id.id)], limit=1
        )
        if not journal:
            raise UserError(
                self.env._("%s has no journal for miscellaneous entries.", line.company_id.name)
            )
        counterparts.remove_move_reconcile()
        move = (
            self.env["account.move"]
            .with_company(line.company_id)
            .create(
                {
                    "journal_id": journal.id,
                    "date": fields.Date.context_today(self),
                    "ref": self.env._("Reversal of the match of %s", line.move_id.name),
                    "line_ids": [
                        Command.create(vals)
                        for part in counterparts
                        for vals in self._reversal_vals(part, line)
                    ],
                }
            )
        )
        move.action_post()
        for part in counterparts.filtered(lambda one: one.account_id.reconcile):
            taken_back = move.line_ids.filtered(
                lambda one, part=part: (
                    one.account_id == part.account_id
                    and one.balance == -part.balance
                    and not one.reconciled
                )
            )[:1]
            (part + taken_back).reconcile()
        line.sudo().match_reversal_id = move
        match = line.sudo().match_id
        if match.state == "posted":
            match._set_undone()
        self.env["bank.statement.review"]._tell_changed(line)
        self.env["finance.audit.event"]._log(
            "statement_line.match_reversed",
            line,
            exchange=line.exchange_id,
            summary=move.name,
            details={"entry": move.id, "match": match.id},
        )
        return move

    @api.model
    def _reversal_vals(self, part, line):
        shared = {"partner_id": part.partner_id.id, "currency_id": part.currency_id.id}
        yield {
            **shared,
            "name": part.name,
            "account_id": part.account_id.id,
            "amount_currency": -part.amount_currency,
            "balance": -part.balance,
            "tax_ids": [Command.set(part.tax_ids.ids)],
        }
        yield {
            **shared,
            "name": line.payment_ref or part.name,
            "account_id": line.journal_id.suspense_account_id.id,
            "amount_currency": part.amount_currency,
            "balance": part.balance,
        }
