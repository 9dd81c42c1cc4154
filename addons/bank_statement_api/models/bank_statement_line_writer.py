import io
import json
import logging
from dataclasses import dataclass
from datetime import date

from psycopg2.extras import Json

from odoo import api, fields, models
from odoo.tools import SQL

_logger = logging.getLogger(__name__)

MIN_LINES = 25
"""Below this the ORM is as fast."""
MODELS = ("account.bank.statement.line", "account.move", "account.move.line")
WATCHED_METHODS = (
    "create",
    "write",
    "action_post",
    "_post",
    "_compute_name",
    "_get_starting_sequence",
)
KNOWN_MODULES = (
    "odoo.orm.",
    "odoo.models",
    "odoo.addons.account.",
    "odoo.addons.base.",
    "odoo.addons.mail.",
    "odoo.addons.portal.",
    "odoo.addons.analytic.",
    "odoo.addons.web.",
    "odoo.addons.bus.",
    "odoo.addons.http_routing.",
    "odoo.addons.queue_job.",
    "odoo.addons.finance_connector_base.",
    "odoo.addons.bank_statement_api.",
)
"""Modules whose overrides of the watched methods are known to leave nothing behind but the rows compared here."""
_COPY_ESCAPES = str.maketrans({"\\": "\\\\", "\n": "\\n", "\r": "\\r", "\t": "\\t"})
NOT_COMPARED = frozenset({"id", "create_date", "write_date", "transaction_details"})


class DifferentRowError(Exception):
    """What would be written differs from what Odoo writes for the same line."""


@dataclass(frozen=True)
class Sample:
    """The rows that Odoo itself made for one line of a batch."""

    vals: dict
    line: dict
    move: dict
    liquidity: dict
    suspense: dict
    message: dict | None


class BankStatementLineWriter(models.AbstractModel):
    """Statement lines by the thousand, as the rows that Odoo would have made one by one.

    Odoo makes a few lines of each batch itself, in a savepoint that is rolled back. Their rows are the template of the
    others, and the proof: what this writer would have made of the same lines has to be equal to them in every column,
    with whatever other modules add. If it is not, or if anything is at work that is not known here, Odoo makes all.
    """

    _name = "bank.statement.line.writer"
    _description = "Writer of Bank Statement Lines"

    @api.model
    def _create(self, vals_list):
        """Create statement lines of one journal.

        :param vals_list: as for ``create`` of ``account.bank.statement.line``
        :return: the lines, in the order of ``vals_list``, and how many of them were written set-based
        :rtype: tuple
        """
        line_model = self.env["account.bank.statement.line"]
        ids = [None] * len(vals_list)
        rest = []
        for positions in self._batches(vals_list):
            batch = [vals_list[position] for position in positions]
            reason = self._why_not(batch)
            if not reason:
                try:
                    created = self._insert(batch)
                except DifferentRowError as difference:
                    reason = str(difference)
            if reason:
                _logger.info("%s statement lines go through the ORM: %s", len(batch), reason)
                rest += positions
                continue
            for position, line_id in zip(positions, created, strict=True):
                ids[position] = line_id
        if rest:
            rest.sort()
            created = line_model.create([vals_list[position] for position in rest])
            for position, line in zip(rest, created, strict=True):
                ids[position] = line.id
        return line_model.browse(ids), len(vals_list) - len(rest)

    @api.model
    def _batches(self, vals_list):
        """Positions of lines that are numbered and derived alike: of one month, and with or without a partner."""
        batches = {}
        for position, vals in enumerate(vals_list):
            day = vals["date"]
            key = (day.year, day.month, vals.get("partner_id"), vals.get("foreign_currency_id"))
            batches.setdefault(key, []).append(position)
        for _key, positions in sorted(batches.items(), key=lambda item: item[0][:2]):
            # The order in which Odoo numbers what it creates together.
            yield sorted(positions, key=lambda position: vals_list[position]["date"])

    # === WHETHER === #

    @api.model
    def _why_not(self, batch):
        """:return: why Odoo has to make these lines itself, or ``None``"""
        if len(batch) < MIN_LINES:
            return "few lines"
        if batch[0].get("partner_id") or batch[0].get("foreign_currency_id"):
            return "partner or foreign currency"
        if {key for vals in batch for key in vals} - self.env[
            "account.bank.statement.line"
        ]._fields.keys():
            return "unknown values"
        journal = self.env["account.journal"].browse(batch[0]["journal_id"])
        company = journal.company_id
        if journal.restrict_mode_hash_table or journal.sequence_override_regex:
            return "the journal is hashed or numbers in a way of its own"
        if company.account_storno or company.restrictive_audit_trail:
            return "storno accounting or restrictive audit trail"
        accounts = journal.default_account_id | journal.suspense_account_id
        if accounts.tax_ids or journal.suspense_account_id.reconcile or len(accounts) != 2:
            return "taxes or reconciliation on the accounts"
        if company._get_violated_lock_dates(min(vals["date"] for vals in batch), False, journal):
            return "a lock date"
        if self.env["account.analytic.distribution.model"].sudo().search_count([], limit=1):
            return "analytic models"
        if "base.automation" in self.env and self.env["base.automation"].sudo().search_count(
            [("model_id.model", "in", MODELS)], limit=1
        ):
            return "automation rules"
        return self._foreign_override()

    @api.model
    def _foreign_override(self):
        for model in MODELS:
            for cls in type(self.env[model]).__mro__:
                if cls.__module__.startswith(KNOWN_MODULES) or cls.__module__ == "builtins":
                    continue
                if found := next((name for name in WATCHED_METHODS if name in cls.__dict__), None):
                    return f"{cls.__module__} overrides {model}.{found}"
        return None

    # === HOW === #

    @api.model
    def _insert(self, batch):
        """:return: ids of the lines, in the order of ``batch``
        :raise DifferentRowError: Odoo makes other rows
        """
        samples = self._make_samples(batch)
        templates = {}
        for sample in samples:
            templates.setdefault(self._sign(sample.vals), sample)
        rates = {}
        for sample in samples:
            self._compare(sample, templates, rates)
        first_number = min(sample.move["sequence_number"] for sample in samples)
        count = len(batch)
        line_ids, move_ids = (
            self._next_ids(table, count)
            for table in ("account_bank_statement_line", "account_move")
        )
        item_ids = self._next_ids("account_move_line", 2 * count)
        now = fields.Datetime.now()
        tables = {
            "account_move": [],
            "account_bank_statement_line": [],
            "account_move_line": [],
            "mail_message": [],
        }
        for index, vals in enumerate(batch):
            sample = templates[self._sign(vals)]
            stamps = {"create_date": now, "write_date": now}
            rows = self._rows(
                sample,
                vals,
                line_ids[index],
                move_ids[index],
                first_number + index,
                self._company_amount(vals, rates),
            )
            line, move, liquidity, suspense = ({**row, **stamps} for row in rows)
            tables["account_bank_statement_line"].append({**line, "id": line_ids[index]})
            tables["account_move"].append(
                {**move, "id": move_ids[index], "statement_line_id": None}
            )
            tables["account_move_line"] += [
                {**liquidity, "id": item_ids[2 * index]},
                {**suspense, "id": item_ids[2 * index + 1]},
            ]
            if sample.message:
                message = {key: value for key, value in sample.message.items() if key != "id"}
                tables["mail_message"].append(
                    {**message, **stamps, "date": now, "res_id": move_ids[index]}
                )
        for table, rows in tables.items():
            self._insert_rows(table, rows)
        self.env.execute_query(
            SQL(
                """UPDATE account_move SET statement_line_id = line.id FROM account_bank_statement_line line
                    WHERE line.move_id = account_move.id AND account_move.id = ANY(%s) RETURNING 1""",
                move_ids,
            )
        )
        self.env.invalidate_all()
        return line_ids

    @api.model
    def _make_samples(self, batch):
        """Let Odoo make some of the lines, read their rows and undo it all.

        The first of each sign become templates; the last line of each sign is there to be compared.
        """
        chosen = {}
        for index, vals in enumerate(batch):
            chosen.setdefault((self._sign(vals), "first"), index)
            chosen[self._sign(vals), "last"] = index
        vals_list = [batch[index] for index in sorted(set(chosen.values()))]
        with self.env.cr.savepoint() as savepoint:
            lines = self.env["account.bank.statement.line"].create(vals_list)
            self.env.flush_all()
            line_rows = self._read("account_bank_statement_line", "id", lines.ids)
            move_rows = self._read("account_move", "statement_line_id", lines.ids)
            items = self._read("account_move_line", "statement_line_id", lines.ids)
            messages = self._read("mail_message", "res_id", lines.move_id.ids, model="account.move")
            savepoint.rollback()
        samples = []
        for vals, line in zip(vals_list, line_rows, strict=True):
            journal = self.env["account.journal"].browse(line["journal_id"])
            [move] = [row for row in move_rows if row["statement_line_id"] == line["id"]]
            own = [row for row in items if row["statement_line_id"] == line["id"]]
            liquidity = [row for row in own if row["account_id"] == journal.default_account_id.id]
            suspense = [row for row in own if row["account_id"] == journal.suspense_account_id.id]
            said = [row for row in messages if row["res_id"] == move["id"]]
            if (
                (len(own), len(liquidity), len(suspense)) != (2, 1, 1)
                or len(said) > 1
                or move["made_sequence_gap"]
            ):
                raise DifferentRowError("Odoo makes other items, messages or a gap in the numbers")
            samples.append(
                Sample(vals, line, move, liquidity[0], suspense[0], said[0] if said else None)
            )
        return samples

    @api.model
    def _compare(self, sample, templates, rates):
        mine = self._rows(
            templates[self._sign(sample.vals)],
            sample.vals,
            sample.line["id"],
            sample.move["id"],
            sample.move["sequence_number"],
            self._company_amount(sample.vals, rates),
        )
        for ours, odoos in zip(
            mine, (sample.line, sample.move, sample.liquidity, sample.suspense), strict=True
        ):
            different = [
                f"{column}: {ours.get(column)!r} for {value!r}"
                for column, value in odoos.items()
                if column not in NOT_COMPARED and not self._same(ours.get(column), value)
            ]
            if different:
                raise DifferentRowError(f"Odoo writes other values: {', '.join(different)}")

    @api.model
    def _same(self, ours, odoos):
        # Minus zero is zero, and an integer that counts money is a float once stored.
        return ours == odoos

    @api.model
    def _rows(self, sample, vals, line_id, move_id, number, company_amount):
        """The rows of one line, made from the rows of a line like it.

        :param Sample sample: a line of the same journal, month and sign
        :param float company_amount: ``vals["amount"]`` in the company's currency
        :return: line, move, liquidity item, suspense item; without ids and time stamps of their own
        :rtype: tuple[dict, dict, dict, dict]
        """
        amount = self._column(vals, "amount")
        day, label = vals["date"], vals["payment_ref"]
        name = self._name_of(sample.move, number)
        line = {
            **sample.line,
            **{key: self._column(vals, key) for key in vals if key in sample.line},
            "move_id": move_id,
            "amount_residual": -amount,
            "internal_index": f"{day:%Y%m%d}{sample.line['internal_index'][8:18]}{line_id:0>10}",
        }
        move = {
            **sample.move,
            "name": name,
            "sequence_number": number,
            "date": day,
            "statement_line_id": line_id,
            "amount_total": abs(amount),
            "amount_total_in_currency_signed": abs(amount),
            "amount_total_signed": abs(company_amount),
        }
        common = {
            "move_id": move_id,
            "statement_line_id": line_id,
            "move_name": name,
            "name": label,
            "date": day,
        }
        liquidity, suspense = (
            {
                **template,
                **common,
                **self._item_amounts(template, sign * amount, sign * company_amount),
            }
            for template, sign in ((sample.liquidity, 1), (sample.suspense, -1))
        )
        return line, move, liquidity, suspense

    @api.model
    def _item_amounts(self, template, amount, balance):
        open_item = bool(template["amount_residual"])
        return {
            "debit": max(balance, 0.0),
            "credit": max(-balance, 0.0),
            "balance": balance,
            "amount_currency": amount,
            "price_subtotal": amount,
            "price_total": amount,
            "amount_residual": balance if open_item else 0.0,
            "amount_residual_currency": amount if open_item else 0.0,
        }

    @api.model
    def _sign(self, vals):
        return (vals["amount"] > 0) - (vals["amount"] < 0)

    @api.model
    def _name_of(self, move, number):
        """The sequence number in the format of the sample's name."""
        rest = move["name"].removeprefix(move["sequence_prefix"])
        digits = len(rest) - len(rest.lstrip("0123456789"))
        return f"{move['sequence_prefix']}{number:0{digits}d}{rest[digits:]}"

    @api.model
    def _column(self, vals, name):
        """A value as the column holds it."""
        model = self.env["account.bank.statement.line"]
        field = model._fields[name]
        if field.type == "monetary":
            journal = self.env["account.journal"].browse(vals["journal_id"])
            return (journal.currency_id or journal.company_id.currency_id).round(vals[name])
        value = field.convert_to_column_insert(vals[name], model, vals)
        return (
            date.fromisoformat(value) if field.type == "date" and isinstance(value, str) else value
        )

    @api.model
    def _company_amount(self, vals, rates):
        journal = self.env["account.journal"].browse(vals["journal_id"])
        company_currency = journal.company_id.currency_id
        currency = journal.currency_id or company_currency
        amount = currency.round(vals["amount"])
        if currency == company_currency:
            return amount
        if vals["date"] not in rates:
            rates[vals["date"]] = currency._get_conversion_rate(
                currency, company_currency, journal.company_id, vals["date"]
            )
        return company_currency.round(amount * rates[vals["date"]])

    # === SQL === #

    @api.model
    def _read(self, table, column, ids, model=None):
        condition = SQL("%s = ANY(%s)", SQL.identifier(column), ids)
        if model:
            condition = SQL("%s AND model = %s", condition, model)
        self.env.cr.execute(
            SQL("SELECT * FROM %s WHERE %s ORDER BY id", SQL.identifier(table), condition)
        )
        return self.env.cr.dictfetchall()

    @api.model
    def _next_ids(self, table, count):
        rows = self.env.execute_query(
            SQL("SELECT nextval(%s) FROM generate_series(1, %s)", f"{table}_id_seq", count)
        )
        return [row[0] for row in rows]

    @api.model
    def _insert_rows(self, table, rows):
        if not rows:
            return
        columns = [column for column in rows[0] if any(row[column] is not None for row in rows)]
        lines = ("\t".join(_copy_text(row[column]) for column in columns) for row in rows)
        statement = SQL(
            "COPY %s (%s) FROM STDIN",
            SQL.identifier(table),
            SQL(", ").join(SQL.identifier(column) for column in columns),
        )
        # On Odoo's own connection, so in its transaction; the ORM has no way to COPY.
        self.env.cr._obj.copy_expert(statement.code, io.StringIO("\n".join(lines) + "\n"))

    @api.model
    def _attach(self, lines, statement):
        """Give lines to a statement.

        Odoo's ``write`` takes as long for it as for making them; these are the two columns that it writes, and the
        statement derives the rest anew.

        :param lines: ``account.bank.statement.line``
        :param statement: ``account.bank.statement``, one record
        """
        if len(lines) < MIN_LINES:
            lines.statement_id = statement
            return
        self.env.flush_all()
        for table, column in (
            ("account_bank_statement_line", "id"),
            ("account_move_line", "statement_line_id"),
        ):
            self.env.cr.execute(
                SQL(
                    "UPDATE %s SET statement_id = %s WHERE %s = ANY(%s)",
                    SQL.identifier(table),
                    statement.id,
                    SQL.identifier(column),
                    lines.ids,
                )
            )
        self.env.invalidate_all()
        statement.modified(["line_ids"])


def _copy_text(value):
    """A value in the text format of PostgreSQL's COPY."""
    if value is None:
        return "\\N"
    if isinstance(value, bool):
        return "t" if value else "f"
    if isinstance(value, Json):
        value = json.dumps(value.adapted)
    return str(value).translate(_COPY_ESCAPES)
