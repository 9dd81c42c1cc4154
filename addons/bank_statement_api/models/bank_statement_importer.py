import logging
from decimal import Decimal

from odoo import SUPERUSER_ID, api, models

from odoo.addons.bank_statement_api.models.bank_statement_proof import API_FORMATS
from odoo.addons.bank_statement_api.tools import documents, identity
from odoo.addons.finance_connector_base.tools.errors import BusinessError, describe
from odoo.addons.finance_connector_base.tools.masking import mask_mapping, mask_text

_logger = logging.getLogger(__name__)

MOST_REMARKS = 100
"""Remarks kept with a statement; a bank that breaks its schema does so in every entry."""


class BankStatementImporter(models.AbstractModel):
    """Canonical statements into Odoo's statement lines: recognised, proven, booked once."""

    _name = "bank.statement.importer"
    _description = "Importer of Bank Statements"

    # === JOURNAL === #

    @api.model
    def _find_journal(self, exchange, statement):
        """The journal of a statement, if it believes what comes over the exchange's connection.

        :return: (journal, None), or (None, why not)
        :rtype: tuple
        """
        journal, refusal = self._journal_of_account(exchange, statement)
        if not journal or exchange.source == "upload":
            return journal, refusal
        believed = journal._believed_connections()
        if not believed or exchange.connection_id in believed:
            return journal, None
        return None, BusinessError(
            "statement_elsewhere",
            self.env._(
                "%(connection)s brought a statement of %(journal)s, whose statements come over %(believed)s.",
                connection=exchange.connection_id.name,
                journal=journal.display_name,
                believed=", ".join(believed.mapped("name")),
            ),
            evidence={"statement": statement.statement_id, "day": _day_of(statement)},
        )

    @api.model
    def _journal_of_account(self, exchange, statement):
        """The one journal of the exchange's company that stands for the statement's account and currency.

        Never by likeness: the whole account number and the currency have to be equal, or a mapping says so.

        :return: (journal, None), or (None, why not)
        :rtype: tuple
        """
        account = statement.account
        company = exchange.company_id
        journals = self.env["account.journal"].search(
            [
                *self.env["account.journal"]._check_company_domain(company),
                ("type", "in", ("bank", "credit")),
                ("bank_account_id.sanitized_acc_number", "=", self._sanitize(account.identifier)),
            ]
        )
        if account.currency:
            journals = journals.filtered(
                lambda journal: self._journal_currency(journal).name == account.currency
            )
        if len(journals) == 1:
            return journals, None
        try:
            journal = self.env["finance.mapping.table"]._resolve(
                "journal",
                # Where the bank names no currency, it takes a mapping of its own to say which journal is meant.
                identity.account_key(account, currency="?"),
                connection=exchange.connection_id,
                company=company,
            )
        except (BusinessError, ValueError) as error:
            # A ValueError: without a number there is nothing that a mapping could name.
            return None, BusinessError(
                "account_unmapped",
                self.env._(
                    "No bank journal of %(company)s has the account %(account)s in %(currency)s.",
                    company=company.name,
                    account=mask_text(account.identifier or "?"),
                    currency=account.currency or self.env._("an unknown currency"),
                ),
                next_step=self.env._(
                    "Set account number and currency on its bank journal, or map the account to a journal, then retry."
                ),
                evidence=mask_mapping(dict(getattr(error, "evidence", {}))),
            )
        return journal, None

    @api.model
    def _sanitize(self, account_number):
        return "".join(char for char in (account_number or "").upper() if char.isalnum())

    @api.model
    def _journal_currency(self, journal):
        return journal.currency_id or journal.company_id.currency_id

    # === STATEMENT === #

    @api.model
    def _import(self, exchange, plan):
        """Book one planned statement as far as it can be booked; open an exception for what cannot.

        :param exchange: ``finance.exchange``, one record
        :param PlannedStatement plan: see the handler
        :return: counts by name
        :rtype: dict
        """
        if plan.refusal:
            self._open(exchange, plan.refusal, plan.unit_key)
            return {"held": 1}
        with exchange._advisory_lock("journal", plan.journal.id):
            # A new snapshot: what another worker booked before it let go of the lock is visible now.
            exchange._checkpoint()
            counts = self._import_locked(exchange, plan)
            # Committed before the lock is let go, so that the next worker's snapshot has it.
            exchange._checkpoint()
            return counts

    @api.model
    def _import_locked(self, exchange, plan):
        statement, journal = plan.statement, plan.journal
        findings = self.env["bank.statement.proof"]._findings(journal, statement)
        fetched = "fetch_statements" in exchange.connection_id._adapter()._capabilities
        if statement.source_format in API_FORMATS and not fetched:
            recognitions = self._recognise(journal, statement)
            new = [item.transaction for item in recognitions if item.known is None]
            findings += self.env["bank.statement.proof"]._window_findings(
                exchange, journal, statement, new
            )
        if self._is_held(exchange, plan, findings):
            return {"held": 1}
        counts = {
            "refused": self._report_bad_entries(exchange, plan),
            "remarks": len(statement.warnings),
        }
        if statement.kind == documents.NOTIFICATION:
            return counts | self._take_notification(exchange, plan)
        plan, changed = self._hold_changed(exchange, plan)
        statement = plan.statement
        recognitions, left_out = self._leave_out(exchange, self._recognise(journal, statement))
        recognitions, asked = self._tell_apart(exchange, plan, recognitions)
        new = [item for item in recognitions if item.known is None]
        record, is_new = self._bank_statement(exchange, journal, statement, recognitions)
        lines, by_orm, refused = self._create_lines(exchange, plan, new, record)
        withdrawn = self._settle_withdrawn(exchange, plan, recognitions)
        counts["refused"] += asked + refused + changed + withdrawn
        known = self._known(recognitions)
        counts["lines"] = len(lines)
        counts["set_based"] = len(lines) - sum(by_orm.values())
        counts["by_orm"] = by_orm
        counts["duplicates"] = len(known)
        counts["left_out"] = left_out
        # Before the matching, which then knows the partner that a person named.
        self.env["bank.statement.pending"]._link(journal, lines | known)
        new_balances = self._store_balances(exchange, journal, statement)
        counts["pending"] = self._replace_pending(exchange, journal, statement)
        if statement.source_format in API_FORMATS:
            self._report_window(exchange, journal, statement)
        else:
            counts["statements"] = self._complete_statement(record, is_new, statement, known)
            self._check_reported(exchange, journal, statement)
        if counts["lines"] or new_balances:
            # Only what is new can help others: two files that wait would else wake each other for ever.
            self._release_held(exchange, journal)
        counts["attached"] = self._attach_notifications(journal, statement)
        # Also those of a run that was killed before it came this far.
        unmatched = lines | known.search(
            [("id", "in", known.ids), ("match_state", "=", "pending")], order="id"
        )
        self.env["bank.statement.matcher"]._enqueue(journal, unmatched.sorted("id"))
        return counts

    @api.model
    def _decision(self, exchange, code, unit_key):
        """How a person closed the last exception of that code about that unit of the exchange.

        What the system closed, because it did not come up again, decides nothing.

        :return: ``resolved``, ``ignored`` or ``None``
        """
        closed = exchange.sudo().exception_ids.filtered(
            lambda exception: (
                (exception.code, exception.unit_key) == (code, unit_key)
                and exception.state in ("resolved", "ignored")
                and exception.resolved_by_id.id != SUPERUSER_ID
            )
        )
        return closed.sorted("id")[-1:].state or None

    @api.model
    def _open(self, exchange, error, unit_key, record=None):
        report = describe(error)
        exchange._open_exception(
            report.code,
            report.message,
            kind="business",
            next_step=report.next_step or None,
            evidence=dict(report.evidence),
            severity="2",
            unit_key=unit_key,
            record=record,
        )

    @api.model
    def _is_held(self, exchange, plan, findings):
        """Whether findings keep the statement out of the books. A person's decision outweighs them, and is audited.

        Resolved: book it as it is. Ignored: never book it.
        """
        held = False
        for finding in findings:
            code = f"statement_{finding.code.lower()}"
            if finding.severity == "info" or finding.code == "balance_unproven":
                continue
            blocking = finding.severity == "error"
            unit_key = plan.unit_key if blocking else f"{plan.unit_key}:{finding.position}"
            decision = self._decision(exchange, code, unit_key)
            if decision == "ignored":
                held = held or blocking
            elif decision is None:
                exchange._open_exception(
                    code,
                    finding.message,
                    kind="business",
                    evidence={
                        "expected": finding.expected,
                        "actual": finding.actual,
                        "position": finding.position and str(finding.position),
                        "statement": plan.statement.statement_id,
                        "day": _day_of(plan.statement),
                    },
                    severity="2" if blocking else "1",
                    unit_key=unit_key,
                    record=plan.journal,
                )
                feed = blocking and self._feed_of(exchange)
                if feed and feed.imbalance_policy == "book":
                    self._log_policy(exchange, plan, feed, finding)
                else:
                    held = held or blocking
        return held

    @api.model
    def _leave_out(self, exchange, recognitions):
        """Leave out what another channel has brought, before this one took over from it.

        :return: (recognitions, number left out)
        """
        feed = self._feed_of(exchange)
        if not feed.books_from:
            return recognitions, 0
        kept = [
            item
            for item in recognitions
            if item.known is not None or item.transaction.booking_date >= feed.books_from
        ]
        return kept, len(recognitions) - len(kept)

    @api.model
    def _feed_of(self, exchange):
        handler = self.env["finance.handler.bank_statement"]
        return self.env["bank.statement.feed"]._of_exchange(exchange, handler._filename(exchange))

    @api.model
    def _log_policy(self, exchange, plan, feed, finding):
        """Leave in the audit that a feed's policy, and no person, let a statement into the books."""
        self.env["finance.audit.event"]._log(
            "statement.booked_by_policy",
            plan.journal,
            exchange=exchange,
            summary=finding.message,
            details={
                "feed": feed.display_name,
                "finding": finding.code,
                "expected": finding.expected,
                "actual": finding.actual,
                "statement": plan.statement.statement_id,
            },
        )

    @api.model
    def _report_bad_entries(self, exchange, plan):
        for bad in plan.statement.bad_entries:
            unit_key = f"{plan.unit_key}:entry:{bad.position}"
            if self._decision(exchange, "entry_invalid", unit_key):
                continue
            exchange._open_exception(
                "entry_invalid",
                self.env._(
                    "Entry %(position)s cannot be booked: %(reason)s",
                    position=bad.position,
                    reason=bad.reason,
                ),
                evidence=mask_mapping({"code": bad.code, **bad.evidence}),
                severity="2",
                unit_key=unit_key,
                record=plan.journal,
            )
        return len(plan.statement.bad_entries)

    # === AROUND THE LINES === #

    @api.model
    def _bank_statement(self, exchange, journal, statement, recognitions):
        """Odoo's statement for the bank's, made before its lines so that they are written into it.

        :return: (``account.bank.statement`` or an empty one where the bank states none, whether it is new)
        """
        model = self.env["account.bank.statement"]
        if not recognitions or not statement.closing or statement.source_format in API_FORMATS:
            return model, False
        known = model.search(
            [
                ("journal_id", "=", journal.id),
                ("bank_date", "=", statement.closing.date),
                ("bank_statement_ref", "=", statement.statement_id),
            ]
        )
        if known:
            return known, False
        if all(item.known for item in recognitions) and not self._free(self._known(recognitions)):
            return model, False
        record = model.create(
            {
                "name": statement.statement_id,
                "journal_id": journal.id,
                "reference": exchange.name,
                "exchange_id": exchange.id,
                "bank_statement_ref": statement.statement_id,
                "electronic_sequence": statement.electronic_sequence or 0,
                "legal_sequence": statement.legal_sequence or 0,
                "bank_date": statement.closing.date,
                "bank_remarks": "\n".join(
                    f"{warning.path}: {warning.message}"
                    for warning in statement.warnings[:MOST_REMARKS]
                )
                or False,
                **self._stated_balances(statement),
            }
        )
        # Odoo derives it from the lines, which are not there yet: an import that is killed has to find it again.
        record.flush_recordset()
        with self.env.protecting([model._fields["journal_id"]], record):
            record.write({"journal_id": journal.id})
        return record, True

    @api.model
    def _known(self, recognitions):
        """:return: the lines that were booked before"""
        return self.env["account.bank.statement.line"].browse(
            [item.known.id for item in recognitions if item.known is not None]
        )

    @api.model
    def _free(self, lines):
        """:return: those of the lines that no statement has taken yet"""
        # Found by a search, as reading one field of many lines brings all the others into memory.
        return lines.search([("id", "in", lines.ids), ("statement_id", "=", False)], order="id")

    @api.model
    def _stated_balances(self, statement):
        return {
            "balance_start": float(statement.opening.amount) if statement.opening else 0.0,
            "balance_end_real": float(statement.closing.amount),
        }

    @api.model
    def _complete_statement(self, record, is_new, statement, known):
        """Take over the lines that came by another channel, and keep the bank's balances as they were stated.

        :param record: of :meth:`_bank_statement`, which may be empty
        :return: 1 when it is new, else 0
        """
        if not record:
            return 0
        self.env["bank.statement.line.writer"]._attach(self._free(known), record)
        if not known.search_count([("statement_id", "=", record.id)], limit=1):
            # Everything of it waits for a person.
            record.unlink()
            return 0
        # Odoo derives both anew when lines are attached; the bank's word counts.
        record._update_from_lines(self._stated_balances(statement) if is_new else {})
        return int(is_new)

    @api.model
    def _store_balances(self, exchange, journal, statement):
        """:return: the balances that this exchange had not stated before"""
        model = self.env["bank.statement.balance"]
        currencies = self.env["res.currency"].with_context(active_test=False)
        by_name = currencies.search(
            [("name", "in", [balance.currency for balance in statement.balances])]
        ).grouped("name")
        stored = {
            (row.type, row.currency_id.name, row.date, row.electronic_sequence)
            for row in model.search(
                [("exchange_id", "=", exchange.id), ("journal_id", "=", journal.id)]
            )
        }
        vals_list = []
        for balance in statement.balances:
            day = balance.date or False
            sequence = statement.electronic_sequence or 0
            key = (balance.type, balance.currency, day, sequence)
            if balance.currency in by_name and key not in stored:
                stored.add(key)
                vals_list.append(
                    {
                        "journal_id": journal.id,
                        "company_id": journal.company_id.id,
                        "currency_id": by_name[balance.currency].id,
                        "type": balance.type,
                        "amount": float(balance.amount),
                        "date": day,
                        "document_kind": statement.kind,
                        "credit_line_included": balance.credit_line_included,
                        "electronic_sequence": sequence,
                        "source_format": statement.source_format,
                        "exchange_id": exchange.id,
                    }
                )
        return model.sudo().create(vals_list)

    @api.model
    def _replace_pending(self, exchange, journal, statement):
        """The bank's latest word on what is pending replaces its earlier one; it is never booked."""
        if statement.source_format in identity.DELTA_CHANNELS:
            return self._update_pending(exchange, journal, statement)
        if not statement.pending and statement.source_format not in API_FORMATS:
            return 0
        if self._is_outdated(journal, statement):
            return 0
        return self.env["bank.statement.pending"]._hear(exchange, journal, statement)

    @api.model
    def _report_window(self, exchange, journal, statement):
        """An API states balances beside its bookings: say so while they do not agree."""
        difference = self.env["bank.statement.proof"]._prove_window(exchange, journal, statement)
        exception_model = self.env["finance.exception"]
        if difference is None:
            exception_model._resolve_by_system(
                journal,
                codes=("statement_balance_break",),
                reason=self.env._("The booked lines and the bank's balance agree again."),
            )
            return
        expected, actual = difference
        exception_model._open(
            "statement_balance_break",
            self.env._(
                "%(journal)s: the lines add up to %(expected)s, the bank states %(actual)s.",
                journal=journal.display_name,
                expected=expected,
                actual=actual,
            ),
            kind="business",
            severity="2",
            evidence={
                "expected": str(expected),
                "actual": str(actual),
                "difference": str(Decimal(actual) - expected),
            },
            unit_key=f"journal:{journal.id}",
            record=journal,
            company=journal.company_id,
            connection=exchange.connection_id,
        )

    @api.model
    def _release_held(self, exchange, journal):
        """Statements that waited for this one, because their chain was broken, get another look."""
        waiting = self.env["finance.exception"].search(
            [
                ("code", "in", ("statement_opening_break", "statement_sequence_gap")),
                ("state", "in", ("open", "in_progress")),
                ("res_model", "=", "account.journal"),
                ("res_id", "=", journal.id),
                ("exchange_id", "not in", (False, exchange.id)),
            ]
        )
        for held in waiting.exchange_id._engine():
            if held.work_status == "exception":
                held._resume()


def _day_of(statement):
    """:return: the last day that a document speaks of, where it says so"""
    day = statement.closing.date if statement.closing else statement.period_to
    return day and day.isoformat()
