import logging
from datetime import timedelta
from decimal import Decimal

from psycopg2 import IntegrityError
from psycopg2.errors import UniqueViolation

from odoo import api, fields, models
from odoo.exceptions import UserError
from odoo.tools import ormcache, split_every

from odoo.addons.finance_connector_base.tools.errors import RetryableError, describe

_logger = logging.getLogger(__name__)

FUTURE_DAYS = 7
"""Banks book ahead of weekends and holidays; what is dated later is a mistake or no booking."""

CHUNK = 5000
"""Lines a commit. A killed import goes on after the last chunk, since stored lines are recognised."""


class BankStatementImporter(models.AbstractModel):
    """The new lines of a statement: kept out of locked periods, created in chunks."""

    _inherit = "bank.statement.importer"

    # === LINES === #

    @api.model
    def _split_by_date(self, exchange, plan, recognitions):
        """Keep out of the books what Odoo would silently move to another period, or what no bank has booked yet.

        A person who resolves the exception books it all the same.

        :return: (recognitions to book, number kept out)
        """
        problems = {}
        postable, kept_out = [], 0
        for item in recognitions:
            day = item.transaction.booking_date
            if day not in problems:
                problems[day] = self._date_problem(plan.journal, day)
            code, problem, next_step = problems[day] or (None, None, None)
            unit_key = f"{plan.unit_key}:entry:{item.transaction.position}"
            decision = code and self._decision(exchange, code, unit_key)
            if not code or decision == "resolved":
                postable.append(item)
                continue
            kept_out += 1
            if decision == "ignored":
                continue
            exchange._open_exception(
                code,
                self.env._(
                    "Entry %(position)s is dated %(day)s, %(problem)s.",
                    position=item.transaction.position,
                    day=day,
                    problem=problem,
                ),
                next_step=next_step,
                evidence={"booking_date": day.isoformat(), "amount": str(item.transaction.amount)},
                severity="2",
                unit_key=unit_key,
                record=plan.journal,
            )
        return postable, kept_out

    @api.model
    def _date_problem(self, journal, day):
        """:return: code, what is wrong with the day and what to do next; ``None`` when it can be booked"""
        if day > fields.Date.today() + timedelta(days=FUTURE_DAYS):
            return (
                "date_in_future",
                self.env._("more than %s days ahead", FUTURE_DAYS),
                self.env._(
                    "Ask the bank. Resolve with a reason to book it on that day; or ignore it with a reason."
                ),
            )
        locks = journal.company_id._get_violated_lock_dates(day, False, journal)
        if locks:
            return (
                "date_in_locked_period",
                self.env._("in a period that is locked until %s", locks[-1][0]),
                self.env._(
                    "Open the period and retry; or resolve with a reason to book it on the first open day, the bank's"
                    " own date kept beside; or ignore it with a reason."
                ),
            )
        return None

    @api.model
    def _create_lines(self, exchange, plan, recognitions, statement):
        """Book new lines in chunks, each of them committed; a refused chunk is halved until the refused line is alone.

        What lies in a locked period or far ahead is kept out.

        :param statement: ``account.bank.statement`` they are written into, or an empty one
        :return: created lines, how many of them went through the ORM by reason, and how many were refused or kept out
        :rtype: tuple
        """
        ids, by_orm = [], {}
        refused = locked = done = 0
        for some in split_every(CHUNK, recognitions):
            # A period may be locked while a long statement is imported.
            chunk, kept_out = self._split_by_date(exchange, plan, self._exact(exchange, plan, some))
            refused += len(some) - len(chunk) - kept_out
            locked += kept_out
            partners = self._partners_by_account(plan.journal, chunk)
            vals_list = [self._prepare_line_vals(exchange, plan, item, partners) for item in chunk]
            created = self._create_some(exchange, plan, chunk, vals_list, statement, by_orm)
            ids += created
            refused += len(chunk) - len(created)
            done += len(some)
            exchange._tell_progress(done, len(recognitions))
            exchange._checkpoint()
        return self.env["account.bank.statement.line"].browse(ids), by_orm, refused + locked

    @api.model
    def _create_some(self, exchange, plan, items, vals_list, statement, by_orm):
        """:return: ids of the lines that were created"""
        if not items:
            return []
        try:
            lines, reasons = self._create_chunk(vals_list, statement)
        except UserError as error:
            if len(items) == 1:
                self._report_refused(exchange, plan, items[0], error)
                return []
            _logger.info(
                "%s lines of %s were refused together, halving them: %s",
                len(items),
                exchange.name,
                describe(error).message,
            )
            middle = len(items) // 2
            return [
                line_id
                for half in (slice(None, middle), slice(middle, None))
                for line_id in self._create_some(
                    exchange, plan, items[half], vals_list[half], statement, by_orm
                )
            ]
        for reason, count in reasons.items():
            by_orm[reason] = by_orm.get(reason, 0) + count
        return lines.ids

    @api.model
    def _exact(self, exchange, plan, recognitions):
        """Keep out amounts that Odoo, which counts money in floating point, would change."""
        exact = []
        for item in recognitions:
            amount, batch = item.transaction.amount, item.transaction.batch
            if _is_exact(amount) and (not batch or _is_exact(batch.entry_amount)):
                exact.append(item)
            else:
                self._report_refused(
                    exchange,
                    plan,
                    item,
                    self.env._("Odoo cannot hold an amount of so many digits."),
                )
        return exact

    @api.model
    def _create_chunk(self, vals_list, statement):
        try:
            with self.env.cr.savepoint():
                return self.env["bank.statement.line.writer"]._create_lines(vals_list, statement)
        except UniqueViolation as error:
            raise RetryableError(
                "Another import booked one of these transactions at the same time.",
                code="concurrent_import",
            ) from error
        except IntegrityError as error:
            raise UserError(
                self.env._("The database refused the entry: %s", error.pgerror)
            ) from error

    @api.model
    def _report_refused(self, exchange, plan, item, error):
        exchange._open_exception(
            "entry_refused",
            self.env._(
                "Odoo refused entry %(position)s: %(error)s",
                position=item.transaction.position,
                error=error,
            ),
            evidence={
                "amount": str(item.transaction.amount),
                "booking_date": item.transaction.booking_date.isoformat(),
            },
            severity="2",
            unit_key=f"{plan.unit_key}:entry:{item.transaction.position}",
            record=plan.journal,
        )

    @api.model
    def _prepare_line_vals(self, exchange, plan, item, partners):
        """Values of one statement line.

        :param Recognition item: a new booking with its keys
        :param dict partners: partner ids by sanitized account number
        """
        transaction, key, journal = item.transaction, item.key, plan.journal
        party = transaction.counterparty
        vals = self.env["account.bank.statement.line"]._prepare_bank_vals(transaction) | {
            "journal_id": journal.id,
            "date": transaction.booking_date,
            "amount": float(transaction.amount),
            "payment_ref": transaction.remittance_text
            or transaction.additional_info
            or party.name
            or "/",
            "partner_id": partners.get(self._sanitize(party.iban or party.other_id), False),
            "transaction_type": transaction.bank_code.text if transaction.bank_code else False,
            "exchange_id": exchange.id,
            "bank_position": str(transaction.position),
            "bank_channel": plan.statement.source_format,
            "bank_document_kind": plan.statement.kind,
            "bank_reversal": transaction.reversal,
            "bank_booking_date": transaction.booking_date,
            "bank_value_date": transaction.value_date or False,
            "bank_entry_amount": float(
                transaction.batch.entry_amount if transaction.batch else transaction.amount
            ),
            "provider_uid": key.provider_uid or False,
            "uid_strategy": key.strategy,
            "fingerprint": key.fingerprint,
            "fingerprint_version": key.version,
            "fingerprint_occurrence": key.occurrence,
            "batch_part": key.part,
            "match_state": "pending",
        }
        return vals | self._prepare_foreign_vals(journal, transaction)

    @api.model
    def _prepare_foreign_vals(self, journal, transaction):
        """The amount the parties agreed on, beside the booked one, which is never replaced."""
        instructed = next(
            (
                foreign
                for foreign in transaction.foreign
                if foreign.kind in ("instructed", "transaction")
            ),
            None,
        )
        if not instructed or not instructed.amount or instructed.currency == transaction.currency:
            return {}
        currency_id = self._currency_id(instructed.currency)
        if not currency_id or currency_id == self._journal_currency(journal).id:
            return {}
        sign = -1 if transaction.amount < 0 else 1
        return {
            "foreign_currency_id": currency_id,
            "amount_currency": float(abs(instructed.amount) * sign),
        }

    @api.model
    @ormcache("name", cache="stable")
    def _currency_id(self, name):
        """Asked for every amount in a foreign currency; cached as Odoo caches its list of currencies.

        :return: id of the currency, or False where it is not in use
        """
        return self.env["res.currency"].search([("name", "=", name)], limit=1).id

    @api.model
    def _partners_by_account(self, journal, recognitions):
        """Partners by bank account, in one query; an account that two partners share tells nothing."""
        numbers = {
            self._sanitize(party.iban or party.other_id)
            for party in (item.transaction.counterparty for item in recognitions)
            if party.iban or party.other_id
        }
        owners = {}
        for account in self.env["res.partner.bank"].search(
            [
                ("sanitized_acc_number", "in", sorted(numbers)),
                ("company_id", "in", [False, journal.company_id.id]),
            ]
        ):
            owners.setdefault(account.sanitized_acc_number, set()).add(
                account.partner_id.commercial_partner_id.id
            )
        return {number: ids.pop() for number, ids in owners.items() if len(ids) == 1}


def _is_exact(amount):
    """:return: whether floating point holds the amount as it is"""
    return Decimal(repr(float(amount))) == amount
