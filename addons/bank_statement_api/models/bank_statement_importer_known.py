from collections import Counter, defaultdict, namedtuple

from odoo import api, models
from odoo.tools import SQL

from odoo.addons.bank_statement_api.tools import identity

STATED = ("bank_statement_ref", "bank_date", "balance_end_real")
"""Columns of the statement that a stored line stands in."""

_Row = namedtuple(
    "_Row",
    [
        "id",
        "fingerprint",
        "fingerprint_version",
        "fingerprint_occurrence",
        "batch_part",
        "provider_uid",
        "uid_strategy",
        "bank_channel",
        "bank_booking_date",
        "bank_entry_amount",
        "end_to_end_id",
        "account_number",
        "payment_ref",
        "statement_id",
        *STATED,
    ],
)


class BankStatementImporter(models.AbstractModel):
    """The bookings of a statement told from those that are stored."""

    _inherit = "bank.statement.importer"

    @api.model
    def _recognise(self, journal, statement):
        """Tell the bookings that are new from those stored before, whatever channel brought them."""
        booked = statement.booked
        if not booked:
            return []
        account_key = identity.account_key(
            statement.account, currency=self._journal_currency(journal).name
        )
        return identity.recognise(
            account_key,
            booked,
            self._known_lines(journal, statement),
            channel=statement.source_format,
            strategy=journal.uid_strategy,
        )

    @api.model
    def _known_lines(self, journal, statement):
        """What is stored of the days of a statement's bookings, by one query.

        As bare rows: as records, 100,000 lines of one day would stay in memory with all their fields.

        :rtype: list[identity.KnownLine]
        """
        model = self.env["account.bank.statement.line"]
        days = {line.booking_date for line in statement.booked}
        query = model._search(
            [
                ("journal_id", "=", journal.id),
                ("bank_booking_date", "in", sorted(days)),
                ("fingerprint", "!=", False),
            ],
            order=model._order,
        )
        stated_in = query.left_join(
            query.table, "statement_id", "account_bank_statement", "id", "statement_id"
        )
        self.env["account.bank.statement"].flush_model(STATED)
        rows = self.env.execute_query(
            query.select(
                *(
                    model._field_to_sql(query.table, name, query)
                    for name in _Row._fields[: -len(STATED)]
                ),
                *(SQL.identifier(stated_in, name) for name in STATED),
            )
        )
        currency = self._journal_currency(journal)
        stated = {line.provider_uid for line in statement.booked}
        earlier = {}
        known = []
        for row in map(_Row._make, rows):
            if row.statement_id not in earlier:
                earlier[row.statement_id] = self._continues(statement, row, currency)
            known.append(
                self._known_line(
                    row,
                    currency,
                    self._name_of(row, statement, stated),
                    earlier[row.statement_id],
                )
            )
        return known

    @api.model
    def _known_line(self, row, currency, name, earlier=False):
        """
        :param row: ``account.bank.statement.line`` that came from a bank, or its columns
        :param currency: of its journal
        :param str | None name: it is known by
        :param bool earlier: it stands in a statement that the one at hand continues
        :rtype: identity.KnownLine
        """
        to_decimal = self.env["bank.statement.proof"]._to_decimal
        return identity.KnownLine(
            id=row.id,
            key=identity.LineKey(
                fingerprint=row.fingerprint,
                version=row.fingerprint_version,
                occurrence=row.fingerprint_occurrence,
                part=row.batch_part,
                provider_uid=name,
                strategy=row.uid_strategy,
            ),
            channel=row.bank_channel,
            booking_date=row.bank_booking_date,
            amount=to_decimal(currency, row.bank_entry_amount or 0.0),
            currency=currency.name,
            end_to_end_id=row.end_to_end_id or None,
            counterparty_iban=row.account_number or None,
            remittance=row.payment_ref or "",
            earlier=earlier,
        )

    @api.model
    def _name_of(self, row, statement, stated):
        """
        :param stated: ids of all bookings of the statement
        :return: the name a stored line is known by; none where the bank took it back, perhaps to give another
        """
        name = row.provider_uid or None
        identifier = name and name.split("|")[0].removeprefix("pid:")
        # A history read anew from its beginning has other names for all it holds, where access was given anew.
        anew = (
            statement.source_format in identity.DELTA_CHANNELS
            and statement.period_from
            and identifier not in stated
        )
        return None if anew or identifier in statement.withdrawn else name

    @api.model
    def _continues(self, statement, row, currency):
        """:return: whether ``statement`` opens with the closing balance of the other one that holds a stored line"""
        opening = statement.opening
        return (
            bool(opening and row.bank_statement_ref)
            and row.bank_statement_ref != statement.statement_id
            and row.bank_date <= opening.date
            and not currency.compare_amounts(row.balance_end_real or 0.0, float(opening.amount))
        )

    @api.model
    def _tell_apart(self, exchange, plan, recognitions):
        """Ask a person about entries that look like ones of the statement before.

        Two statements of one day may each hold an equal booking without a name: it must neither be dropped as sent
        again nor be booked twice.

        :return: (recognitions, number that wait for a person)
        """
        if not any(map(_is_doubtful, recognitions)):
            return recognitions, 0
        taken = self._taken_keys(plan.journal, recognitions)
        answers = self._answers(exchange, plan, recognitions)
        told, asked = [], 0
        for item in recognitions:
            if not _is_doubtful(item):
                told.append(item)
                continue
            unit_key = self._entry_key(plan, item)
            decision = answers.get(unit_key)
            if decision == "resolved":
                told.append(identity.as_another(item, taken))
                continue
            asked += 1
            if decision is None:
                exchange._open_exception(
                    "entry_repeated",
                    self.env._(
                        "Entry %(position)s looks like one of the statement before: %(amount)s on %(day)s.",
                        position=item.transaction.position,
                        amount=item.transaction.amount,
                        day=item.transaction.booking_date,
                    ),
                    evidence={
                        "booking_date": item.transaction.booking_date.isoformat(),
                        "amount": str(item.transaction.amount),
                        "booked_as": item.known.id,
                    },
                    severity="2",
                    unit_key=unit_key,
                    record=plan.journal,
                )
        return told, asked

    @api.model
    def _answers(self, exchange, plan, recognitions):
        """What persons said of entries in doubt: ``resolved`` for a booking of its own, ``ignored`` for one sent again.

        A person answers about one of several equal entries, and which of them is taken for a stored line changes as
        soon as one is booked. So the answers count for all that are equal. One that was booked leaves the doubt: of
        those in doubt only as many are still to be booked as are neither sent again nor waiting for a person.

        :return: the answer by key of the entry; no key for one that nobody has answered
        :rtype: dict[str, str]
        """
        code = "entry_repeated"
        groups = defaultdict(dict)
        doubtful = {_equal_key(item) for item in recognitions if _is_doubtful(item)}
        for item in recognitions:
            if _equal_key(item) in doubtful:
                groups[_equal_key(item)][self._entry_key(plan, item)] = item
        open_ones = exchange._open_exceptions().filtered(lambda exception: exception.code == code)
        waiting = set(open_ones.mapped("unit_key"))
        answers = {}
        for items in groups.values():
            said = {key: self._decision(exchange, code, key) for key in items}
            counts = Counter(said.values())
            free = [key for key, item in items.items() if _is_doubtful(item)]
            to_book = len(free) - counts["ignored"] - len(waiting & items.keys())
            for answer, number in (
                ("resolved", max(0, min(counts["resolved"], to_book))),
                ("ignored", counts["ignored"]),
            ):
                # Those that were asked about themselves first.
                free.sort(key=lambda key, answer=answer: said[key] != answer)
                answers |= dict.fromkeys(free[:number], answer)
                del free[:number]
        return answers

    @api.model
    def _entry_key(self, plan, item):
        return f"{plan.unit_key}:entry:{item.transaction.position}"

    @api.model
    def _taken_keys(self, journal, recognitions):
        stored = self.env["account.bank.statement.line"].search_fetch(
            [
                ("journal_id", "=", journal.id),
                (
                    "fingerprint",
                    "in",
                    [item.key.fingerprint for item in recognitions if _is_doubtful(item)],
                ),
            ],
            ["fingerprint", "fingerprint_version", "fingerprint_occurrence", "batch_part"],
        )
        return {
            (
                line.fingerprint,
                line.fingerprint_version,
                line.fingerprint_occurrence,
                line.batch_part,
            )
            for line in stored
        } | {
            (item.key.fingerprint, item.key.version, item.key.occurrence, item.key.part)
            for item in recognitions
        }


def _equal_key(item):
    """What bookings have in common that only a person can tell apart."""
    return item.key.version, item.key.fingerprint, item.key.part


def _is_doubtful(item):
    """Whether only its content makes a booking known: in the statement before this one, or under another name."""
    return item.known is not None and (
        item.reason == "renamed" or (item.known.earlier and item.reason != "provider_uid")
    )
