import logging

from odoo import api, models
from odoo.exceptions import UserError
from odoo.fields import Command
from odoo.tools import SQL, split_every

from odoo.addons.bank_statement_api.tools import documents, references
from odoo.addons.finance_connector_base.tools.masking import mask_text

_logger = logging.getLogger(__name__)

CHUNK = 50
"""Lines a commit."""


class BankStatementMatcher(models.AbstractModel):
    """First rung of matching: a reference that we issued, in the same currency, for the same amount, found once.

    Everything else waits for a person, with the evidence that was found.
    """

    _name = "bank.statement.matcher"
    _description = "Matching of Bank Statement Lines"

    # === SCHEDULE === #

    @api.model
    def _enqueue(self, journal, lines):
        if lines:
            self.with_delay(
                channel="root.finance.match",
                description=f"Match {len(lines)} lines of {journal.display_name}",
            )._job_match(journal.id, lines.ids)

    @api.model
    def _job_match(self, journal_id, line_ids):
        """Match lines of one journal by id; repeating it changes nothing.

        It takes turns with the imports of the journal, which write on the same lines.
        """
        exchange_model = self.env["finance.exchange"]
        for chunk in split_every(CHUNK, line_ids):
            with exchange_model._advisory_lock("journal", journal_id):
                exchange_model._checkpoint()
                lines = self.env["account.bank.statement.line"].browse(chunk).exists()
                self._match(lines.filtered(lambda line: not line.is_reconciled))
                exchange_model._checkpoint()

    # === MATCH === #

    @api.model
    def _match(self, lines):
        """Reconcile what is certain; write down for the rest what was found.

        :param lines: ``account.bank.statement.line``, unreconciled
        :return: number of lines reconciled
        :rtype: int
        """
        matched = 0
        for company, company_lines in lines.grouped("company_id").items():
            evidence = {line: self._references_of(line) for line in company_lines}
            items_by_reference = self._open_items(
                company, {candidate.value for found in evidence.values() for candidate in found}
            )
            for line in company_lines.sorted("internal_index"):
                matched += self._decide(line, evidence[line], items_by_reference)
        return matched

    @api.model
    def _references_of(self, line):
        if line.transaction_details and "remittance" in line.transaction_details:
            return references.candidates(documents.transaction_from_dict(line.transaction_details))
        return ()

    @api.model
    def _open_items(self, company, values):
        """Open receivable and payable items whose entry was issued with one of the references.

        :param company: ``res.company``, one record
        :param set values: normalised references
        :return: item recordsets by normalised reference
        :rtype: dict
        """
        if not values:
            return {}
        self.env["account.move.line"].flush_model()
        self.env["account.move"].flush_model()
        normalised_name, normalised_reference = (
            SQL("regexp_replace(upper(%s), '[^A-Z0-9]', '', 'g')", SQL.identifier("move", column))
            for column in ("name", "payment_reference")
        )
        rows = self.env.execute_query(
            SQL(
                """
                SELECT issued.reference, item.id
                  FROM (
                        SELECT move.id, %(name)s AS reference FROM account_move move
                         WHERE move.state = 'posted' AND move.company_id = %(company)s AND %(name)s = ANY(%(values)s)
                         UNION
                        SELECT move.id, %(payment)s FROM account_move move
                         WHERE move.state = 'posted' AND move.company_id = %(company)s AND %(payment)s = ANY(%(values)s)
                       ) issued
                  JOIN account_move_line item ON item.move_id = issued.id
                  JOIN account_account account ON account.id = item.account_id
                 WHERE account.account_type IN ('asset_receivable', 'liability_payable')
                   AND item.reconciled IS NOT TRUE
                 ORDER BY item.id
                """,
                name=normalised_name,
                payment=normalised_reference,
                company=company.id,
                values=sorted(values),
            )
        )
        found = {}
        for reference, item_id in rows:
            found.setdefault(reference, []).append(item_id)
        return {
            reference: self.env["account.move.line"].browse(ids) for reference, ids in found.items()
        }

    @api.model
    def _decide(self, line, candidates, items_by_reference):
        """:return: 1 when the line was reconciled, else 0"""
        items = self.env["account.move.line"]
        for candidate in candidates:
            items |= items_by_reference.get(candidate.value, items)
        items = items.filtered(lambda item: not item.reconciled)
        if not items:
            line.sudo().write(
                {"match_state": "no_evidence", "match_explanation": False, "match_evidence": False}
            )
            return 0
        currency = line.foreign_currency_id or line.currency_id
        amount = line.amount_currency if line.foreign_currency_id else line.amount
        exact = items.filtered(
            lambda item: (
                item.currency_id == currency
                and currency.compare_amounts(item.amount_residual_currency, amount) == 0
            )
        )
        evidence = {
            "references": [
                candidate.value for candidate in candidates if candidate.value in items_by_reference
            ],
            "items": items.ids,
        }
        if len(items) == 1 and exact:
            return self._reconcile(line, exact, evidence)
        self._ask(line, items, exact, evidence, currency, amount)
        return 0

    @api.model
    def _reconcile(self, line, item, evidence):
        explanation = self.env._(
            "%(reference)s was issued with %(entry)s; currency and amount are equal, and no other open item has it.",
            reference=", ".join(evidence["references"]),
            entry=item.move_id.display_name,
        )
        try:
            with self.env.cr.savepoint():
                self._book(line, item)
        except UserError as error:
            _logger.info("Line %s could not be reconciled", line.id)
            line.sudo().write(
                {
                    "match_state": "uncertain",
                    "match_explanation": mask_text(str(error)),
                    "match_evidence": evidence,
                }
            )
            return 0
        line.sudo().write(
            {"match_state": "matched", "match_explanation": explanation, "match_evidence": evidence}
        )
        self.env["finance.audit.event"]._log(
            "statement_line.matched",
            line,
            exchange=line.exchange_id,
            summary=explanation,
            details=evidence,
        )
        return 1

    @api.model
    def _book(self, line, item):
        """Put the item's account in place of the suspense account, at the bank's rate, and reconcile the two."""
        # Written before the items: Odoo makes the items anew whenever the partner changes.
        line.partner_id = item.partner_id
        _liquidity, suspense, _other = line._seek_for_lines()
        line.with_context(force_delete=True, skip_readonly_check=True).write(
            {
                "line_ids": [
                    Command.delete(suspense.id),
                    Command.create(
                        {
                            "name": item.name or item.move_id.name,
                            "account_id": item.account_id.id,
                            "partner_id": item.partner_id.id,
                            "currency_id": suspense.currency_id.id,
                            "amount_currency": suspense.amount_currency,
                            "balance": suspense.balance,
                        }
                    ),
                ],
            }
        )
        counterpart = line.line_ids.filtered(lambda entry: entry.account_id == item.account_id)
        (counterpart + item).reconcile()
        if not item.reconciled or not line.is_reconciled:
            raise UserError(
                self.env._(
                    "Odoo did not reconcile %s in full: reconcile it by hand.",
                    item.move_id.display_name,
                )
            )

    @api.model
    def _ask(self, line, items, exact, evidence, currency, amount):
        """Leave a line with evidence to a person, as an exception that says what differs."""
        if len(items) > 1:
            code = "match_ambiguous"
            summary = self.env._("%(count)s open items fit the reference.", count=len(items))
        elif items.currency_id != currency:
            code = "match_currency_differs"
            summary = self.env._(
                "%(entry)s was issued in %(issued)s, the payment is in %(paid)s.",
                entry=items.move_id.display_name,
                issued=items.currency_id.name,
                paid=currency.name,
            )
        else:
            code = "match_amount_differs"
            summary = self.env._(
                "%(entry)s has %(open)s open, the payment is %(paid)s.",
                entry=items.move_id.display_name,
                open=currency.format(items.amount_residual_currency),
                paid=currency.format(amount),
            )
        line.sudo().write(
            {"match_state": "uncertain", "match_explanation": summary, "match_evidence": evidence}
        )
        self.env["finance.exception"]._open(
            code,
            summary,
            kind="business",
            severity="1",
            evidence=evidence,
            unit_key=f"line:{line.id}",
            record=line,
            company=line.company_id,
            connection=line.exchange_id.connection_id,
        )
