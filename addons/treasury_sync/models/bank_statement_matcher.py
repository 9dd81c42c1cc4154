from dataclasses import replace

from odoo import api, models
from odoo.tools import SQL

from odoo.addons.bank_statement_api.tools.matching import words

_TRANSIT = "transit"
_OUTSTANDING = (
    "account_journal_payment_debit_account_id",
    "account_journal_payment_credit_account_id",
)


class BankStatementMatcher(models.AbstractModel):
    """Payments, and what comes back, are known by their end-to-end identification; collections by a mandate too."""

    _inherit = "bank.statement.matcher"

    @api.model
    def _match(self, lines):
        self.env["treasury.payment.instruction"]._hear_returns(lines)
        return super()._match(lines)

    @api.model
    def _source_open_items(self, company, wanted):
        items = super()._source_open_items(company, wanted)
        documents = sorted({item.document for item in items if item.kind == _TRANSIT})
        if not documents:
            return items
        self.env["treasury.payment.instruction"].flush_model()
        self.env["account.move"].flush_model(["reversed_entry_id"])
        rows = self.env.execute_query(
            SQL(
                """SELECT move.id, instruction.end_to_end_id, instruction.mandate_ref
                     FROM account_move move
                     JOIN account_payment payment ON payment.move_id IN (move.id, move.reversed_entry_id)
                     JOIN treasury_payment_instruction instruction ON instruction.payment_id = payment.id
                    WHERE move.id = ANY(%s) AND instruction.state != 'cancelled'""",
                documents,
            )
        )
        known = {document: names for document, *names in rows}
        return [
            self._with_names(item, *known[item.document])
            if item.kind == _TRANSIT and item.document in known
            else item
            for item in items
        ]

    @api.model
    def _with_names(self, item, end_to_end_id, mandate_ref):
        return replace(
            item,
            references=(*item.references, end_to_end_id),
            mandate=words.normalise(mandate_ref),
        )

    @api.model
    def _blocks(self, wanted):
        found = super()._blocks(wanted)
        if wanted.everything:
            return found
        by_instruction = SQL(
            """item.move_id IN (
                SELECT move.id
                  FROM treasury_payment_instruction instruction
                  JOIN account_payment payment ON payment.id = instruction.payment_id
                  JOIN account_move move ON payment.move_id IN (move.id, move.reversed_entry_id)
                 WHERE regexp_replace(upper(instruction.end_to_end_id), '[^A-Z0-9]', '', 'g') = ANY(%(values)s)
                UNION
                SELECT payment.move_id
                  FROM treasury_mandate mandate
                  JOIN treasury_payment_instruction instruction ON instruction.mandate_id = mandate.id
                  JOIN account_payment payment ON payment.id = instruction.payment_id
                 WHERE regexp_replace(upper(mandate.reference), '[^A-Z0-9]', '', 'g') = ANY(%(values)s))""",
            values=sorted(wanted.values),
        )
        return SQL("(%s OR %s)", found, by_instruction)

    @api.model
    def _outstanding_accounts(self, company):
        accounts = super()._outstanding_accounts(company)
        if not company._payments_await_bank():
            return accounts
        template = self.env["account.chart.template"].with_context(
            allowed_company_ids=company.root_id.ids
        )
        for name in _OUTSTANDING:
            # Where Odoo puts payments whose method line names no account.
            if account := template.ref(name, raise_if_not_found=False):
                accounts |= account.sudo().filtered("reconcile")
        return accounts
