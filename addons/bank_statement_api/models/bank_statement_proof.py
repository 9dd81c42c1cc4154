from datetime import timedelta
from decimal import Decimal

from odoo import api, models

from odoo.addons.bank_statement_api.tools import checks, documents

API_FORMATS = frozenset({"gocardless", "nextgenpsd2", "plaid", "ponto"})
"""Formats without a statement of their own: a window of bookings and balances that stand beside it."""


class BankStatementProof(models.AbstractModel):
    """Proof that what is booked is what the bank said: balances, totals, chain and numbers."""

    _name = "bank.statement.proof"
    _description = "Proof of Bank Statements"

    @api.model
    def _findings(self, journal, statement):
        """What stands against booking a statement that a bank issued.

        :param journal: ``account.journal``, one record
        :param Statement statement: the canonical statement
        :return: findings in the order a person should read them
        :rtype: list[Finding]
        """
        findings = list(checks.prove(statement))
        if statement.source_format in API_FORMATS or statement.kind != documents.STATEMENT:
            return findings
        previous = self._previous_closings(journal, statement)
        chains = [checks.check_chain(closing, statement) for closing in previous]
        if chains and all(chains):
            findings.extend(chains[0])
        findings.extend(self._check_sequence(journal, statement))
        return findings

    @api.model
    def _previous_closings(self, journal, statement):
        """Closing balances that the opening may continue.

        Banks date an opening balance with the first day of the statement or with the day before it, so a closing of the
        very same day counts as well, unless it is the statement's own. Where others stand before it, any closing of the
        day may be the one it continues: some banks issue several statements a day.

        :return: candidates, the usual one first; empty for the first statement of a journal
        :rtype: list[Balance]
        """
        if not statement.opening:
            return []
        model = self.env["bank.statement.balance"]
        # A page that is not the first continues the interim balance of the page before it.
        domain = self._closing_domain(journal, is_page=statement.opening.type == "ITBD")
        found = model.search([*domain, ("date", "<", statement.opening.date)], limit=1)
        if statement.closing and statement.closing.date > statement.opening.date:
            found |= model.search([*domain, ("date", "=", statement.opening.date)], limit=1)
        if found:
            found |= model.search([*domain, ("date", "=", statement.opening.date)])
        return [self._to_balance(balance) for balance in found]

    @api.model
    def _closing_domain(self, journal, *, is_page=False):
        """The closing balances that others continue: of the journal's own currency, from statements.

        :param bool is_page: those of pages as well
        """
        currency = journal.currency_id or journal.company_id.currency_id
        return [
            ("journal_id", "=", journal.id),
            ("type", "in", ["CLBD", "ITBD"] if is_page else ["CLBD"]),
            ("document_kind", "=", "statement"),
            ("currency_id", "=", currency.id),
            ("date", "!=", False),
        ]

    @api.model
    def _to_balance(self, balance):
        return documents.Balance(
            type=balance.type,
            amount=self._to_decimal(balance.currency_id, balance.amount),
            currency=balance.currency_id.name,
            date=balance.date,
        )

    @api.model
    def _to_decimal(self, currency, amount):
        """Money of the database as an exact figure in the currency's decimals."""
        return Decimal(f"{amount:.{currency.decimal_places}f}")

    @api.model
    def _check_sequence(self, journal, statement):
        if not statement.electronic_sequence or not statement.closing:
            return ()
        # Of the balances and not of Odoo's statements: one without entries has a number, too.
        previous = self.env["bank.statement.balance"].search(
            [
                *self._closing_domain(journal),
                ("electronic_sequence", "!=", 0),
                # Each format of one bank has numbers of its own; balances of before the field were of CAMT.053.
                (
                    "source_format",
                    "in",
                    [statement.source_format, False]
                    if statement.source_format == "camt053"
                    else [statement.source_format],
                ),
                "|",
                ("date", "<", statement.closing.date),
                "&",
                ("date", "=", statement.closing.date),
                ("electronic_sequence", "<", statement.electronic_sequence),
            ],
            order="date desc, electronic_sequence desc",
            limit=1,
        )
        if not previous:
            return ()
        return checks.check_sequence(
            previous.electronic_sequence,
            statement.electronic_sequence,
            previous_date=previous.date,
            current_date=statement.closing.date,
        )

    @api.model
    def _window_findings(self, exchange, journal, statement, new):
        """An API's window that somebody brought as a file is a document: it has to add up before it is booked.

        :param list new: the transactions that it would add
        :rtype: list[Finding]
        """
        difference = self._prove_window(exchange, journal, statement, new)
        if not difference:
            return []
        expected, actual = difference
        message = self.env._(
            "The lines add up to %(expected)s, the file states %(actual)s.",
            expected=expected,
            actual=actual,
        )
        return [
            documents.Finding(
                code="balance_break",
                message=message,
                severity="error",
                expected=str(expected),
                actual=str(actual),
            )
        ]

    @api.model
    def _prove_window(self, exchange, journal, statement, unbooked=()):
        """Compare what is booked with the closing balance that an API stated beside its window.

        Booked means: everything after the last proven closing, and what arrived late for days before it.

        :param unbooked: transactions of the window that would be booked as well
        :return: ``None`` when proven or not provable, else (expected, actual)
        :rtype: tuple[Decimal, Decimal] | None
        """
        closing = next((balance for balance in statement.balances if balance.type == "CLBD"), None)
        if not closing or (statement.period_to and closing.date > statement.period_to):
            # Nothing stated, or stated for a day that the window does not reach.
            return None
        balance_model = self.env["bank.statement.balance"]
        previous = balance_model.search(
            [
                *self._closing_domain(journal),
                ("date", "<", closing.date),
                ("exchange_id", "!=", exchange.id),
            ],
            limit=1,
        )
        if not previous:
            return None
        currency = previous.currency_id
        lines = self.env["account.bank.statement.line"].search_fetch(
            [
                ("journal_id", "=", journal.id),
                ("bank_booking_date", "<=", closing.date),
                "|",
                ("bank_booking_date", ">", previous.date),
                "&",
                ("bank_booking_date", ">=", statement.period_from or previous.date),
                ("exchange_id", ">", previous.exchange_id.id),
            ],
            ["amount"],
        )
        booked = sum((self._to_decimal(currency, line.amount) for line in lines), Decimal())
        from_day = min(previous.date + timedelta(days=1), statement.period_from or previous.date)
        booked += sum(
            item.amount for item in unbooked if from_day <= item.booking_date <= closing.date
        )
        expected = self._to_decimal(currency, previous.amount) + booked
        return None if expected == closing.amount else (expected, closing.amount)
