from odoo import api, models
from odoo.tools import SQL

from odoo.addons.bank_statement_api.tools.matching import facts, words

# What banks and payers write where there is no end-to-end id; see tools/references.py.
_NO_END_TO_END = frozenset({"", "NOTPROVIDED", "NOTAVAILABLE", "NONREF", "UNKNOWN"})


class BankStatementMatcher(models.AbstractModel):
    """Statement lines as the engine is told of them: one query, whatever their number."""

    _inherit = "bank.statement.matcher"

    @api.model
    def _facts_of(self, lines):
        """:param lines: ``account.bank.statement.line``
        :rtype: list[facts.Line]
        """
        for model in (
            "account.bank.statement.line",
            "account.move",
            "res.partner",
            "res.partner.bank",
        ):
            self.env[model].flush_model()
        rows = self.env.execute_query(
            SQL(
                """
                SELECT line.id, move.company_id, move.journal_id, currency.name, currency.decimal_places, line.amount,
                       foreign_currency.name, foreign_currency.decimal_places, line.amount_currency,
                       COALESCE(line.bank_booking_date, move.date), line.payment_ref, line.partner_name,
                       COALESCE(NULLIF(line.account_number, ''), bank.sanitized_acc_number),
                       partner.commercial_partner_id, line.transaction_details
                  FROM account_bank_statement_line line
                  JOIN account_move move ON move.id = line.move_id
                  JOIN account_journal journal ON journal.id = move.journal_id
                  JOIN res_company company ON company.id = move.company_id
                  JOIN res_currency currency ON currency.id = COALESCE(journal.currency_id, company.currency_id)
                  LEFT JOIN res_currency foreign_currency ON foreign_currency.id = line.foreign_currency_id
                  LEFT JOIN res_partner partner ON partner.id = line.partner_id
                  LEFT JOIN res_partner_bank bank ON bank.id = move.partner_bank_id
                 WHERE line.id = ANY(%s)
                 ORDER BY line.id
                """,
                lines.ids,
            )
        )
        return [self._line_fact(*row) for row in rows]

    @api.model
    def _line_fact(
        self,
        line_id,
        company,
        journal,
        currency,
        decimals,
        amount,
        foreign,
        foreign_decimals,
        foreign_amount,
        day,
        text,
        name,
        account,
        partner,
        details,
    ):
        details = details or {}
        amounts = [(currency, round(amount * 10**decimals))]
        if foreign:
            amounts.insert(0, (foreign, round(foreign_amount * 10**foreign_decimals)))
        return facts.Line(
            id=line_id,
            company=company,
            journal=journal,
            amounts=tuple(amounts),
            date=day,
            texts=self._texts_of(text or "", details),
            iban=words.normalise(account),
            name=name or "",
            mandate=words.normalise(details.get("mandate_id")),
            partner=partner or 0,
        )

    @api.model
    def _texts_of(self, text, details):
        """:param dict details: a canonical transaction, see ``tools/documents.py``; or anything else of Odoo's
        :rtype: tuple[facts.Text]
        """
        texts = [facts.Text("payment_ref", text)]
        if "position" not in details:
            return tuple(texts)
        remittance = " ".join(details.get("remittance") or ())
        if (
            remittance
            and remittance != text
            and words.normalise(remittance) not in words.normalise(text)
        ):
            texts.append(facts.Text("remittance", remittance))
        texts += [
            facts.Text("structured", reference["value"], structured=True)
            for reference in details.get("structured") or ()
        ]
        end_to_end = details.get("end_to_end_id")
        if end_to_end and words.normalise(end_to_end) not in _NO_END_TO_END:
            texts.append(facts.Text("end_to_end_id", end_to_end, structured=True))
        batch = details.get("batch") or {}
        if batch.get("parts", 1) == 1:
            # Booked in one amount; the lines of one that was split each name their own payment.
            texts += [
                facts.Text("batch", batch[name], structured=True)
                for name in ("payment_information_id", "message_id")
                if batch.get(name)
            ]
        additional = details.get("additional_info")
        if additional and additional != text:
            texts.append(facts.Text("additional_info", additional))
        return tuple(texts)
