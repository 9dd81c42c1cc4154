from dataclasses import replace

from odoo import api, models
from odoo.tools import SQL

from odoo.addons.bank_statement_api.tools import identity


class BankStatementImporter(models.AbstractModel):
    """What an interface says of bookings it delivered before: changed, renamed, taken back; nothing silently."""

    _inherit = "bank.statement.importer"

    @api.model
    def _hold_changed(self, exchange, plan):
        """Keep out what is booked under its id with other figures: a second line would double the money.

        :return: the plan without them, and how many wait for a person
        :rtype: tuple
        """
        statement = plan.statement
        if statement.source_format not in identity.STABLE_ID_CHANNELS:
            return plan, 0
        stored = self._lines_by_id(plan.journal, {line.provider_uid for line in statement.booked})
        kept, asked = [], 0
        for transaction in statement.transactions:
            line = stored.get(transaction.provider_uid)
            if not line or self._is_as_stored(transaction, line):
                kept.append(transaction)
                continue
            unit_key = f"{plan.unit_key}:changed:{line.id}"
            if self._decision(exchange, "booking_changed", unit_key):
                continue
            asked += 1
            exchange._open_exception(
                "booking_changed",
                self.env._(
                    "The bank now says %(new)s on %(new_day)s for what is booked with %(old)s on %(old_day)s.",
                    new=transaction.amount,
                    new_day=transaction.booking_date,
                    old=line.bank_entry_amount,
                    old_day=line.bank_booking_date,
                ),
                evidence={
                    "booked_amount": str(line.bank_entry_amount),
                    "booked_on": line.bank_booking_date.isoformat(),
                    "stated_amount": str(transaction.amount),
                    "stated_on": transaction.booking_date.isoformat(),
                },
                severity="2",
                unit_key=unit_key,
                record=line,
            )
        return replace(plan, statement=replace(statement, transactions=tuple(kept))), asked

    @api.model
    def _settle_withdrawn(self, exchange, plan, recognitions):
        """Give lines the new name of their booking, and ask a person about those that were taken back for good.

        :return: how many wait for a person
        :rtype: int
        """
        if plan.statement.source_format not in identity.STABLE_ID_CHANNELS:
            return 0
        self._name_lines(plan.statement.source_format, recognitions)
        stored = self._lines_by_id(plan.journal, set(plan.statement.withdrawn))
        asked = 0
        for line in stored.values():
            unit_key = f"{plan.unit_key}:withdrawn:{line.id}"
            if self._decision(exchange, "booking_withdrawn", unit_key):
                continue
            asked += 1
            exchange._open_exception(
                "booking_withdrawn",
                self.env._(
                    "The bank took back %(amount)s of %(day)s, which is booked.",
                    amount=line.bank_entry_amount,
                    day=line.bank_booking_date,
                ),
                evidence={
                    "booked_amount": str(line.bank_entry_amount),
                    "booked_on": line.bank_booking_date.isoformat(),
                    "reconciled": line.is_reconciled,
                },
                severity="2",
                unit_key=unit_key,
                record=line,
            )
        return asked

    @api.model
    def _name_lines(self, channel, recognitions):
        """Let stored lines be known by what an interface calls their bookings now: it says by that what it changes."""
        recognised = {
            item.known.id: item.transaction for item in recognitions if item.known is not None
        }
        for line in self.env["account.bank.statement.line"].browse(recognised):
            transaction = recognised[line.id]
            if line.bank_channel != channel:
                name, field = transaction.provider_uid, "interface_uid"
            elif line.provider_uid:
                name, field = identity.provider_uid(transaction, line.uid_strategy), "provider_uid"
            else:
                continue
            if name and name != line[field]:
                line.sudo()[field] = name

    @api.model
    def _update_pending(self, exchange, journal, statement):
        """What the bank announces anew; what it booked, changed or took back goes, all else stays as it was."""
        return self.env["bank.statement.pending"]._hear(
            exchange, journal, statement, complete=False, withdrawn=statement.withdrawn
        )

    @api.model
    def _lines_by_id(self, journal, ids):
        """The lines that an interface has ids for: booked under them, whatever date and amount their uid holds, or
        brought by another channel before.

        :rtype: dict
        """
        ids = [identifier for identifier in ids if identifier]
        if not ids:
            return {}
        model = self.env["account.bank.statement.line"]
        model.flush_model(["journal_id", "bank_channel", "provider_uid", "interface_uid"])
        rows = self.env.execute_query(
            SQL(
                """SELECT interface_uid, id FROM account_bank_statement_line
                    WHERE journal_id = %(journal)s AND interface_uid = ANY(%(ids)s)
                    UNION ALL
                   SELECT split_part(provider_uid, '|', 1), id FROM account_bank_statement_line
                    WHERE journal_id = %(journal)s AND bank_channel IN ('plaid', 'ponto')
                      AND split_part(provider_uid, '|', 1) = ANY(%(names)s)""",
                journal=journal.id,
                ids=ids,
                names=[f"pid:{identifier}" for identifier in ids],
            )
        )
        return {name.removeprefix("pid:"): model.browse(line_id) for name, line_id in rows}

    @api.model
    def _is_as_stored(self, transaction, line):
        amount = self.env["bank.statement.proof"]._to_decimal(
            self._journal_currency(line.journal_id), line.bank_entry_amount
        )
        return (amount, line.bank_booking_date) == (transaction.amount, transaction.booking_date)
