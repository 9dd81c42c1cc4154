import logging
import os

from psycopg2.extras import Json

from odoo import api, fields, models
from odoo.tools import SQL
from odoo.tools.mail import generate_tracking_message_id

from odoo.addons.bank_statement_api.tools.copy_rows import stage

from .account_move import NUMBERED_TOGETHER
from .bank_statement_line_rows import Sample

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
    # It posts messages as mail does, but for its own kind.
    "odoo.addons.sms.",
    "odoo.addons.finance_connector_base.",
    "odoo.addons.bank_statement_api.",
    # It guards entries of payments under way, which are neither bank entries nor part of a plain pair.
    "odoo.addons.treasury_sync.",
    "odoo.addons.reporting_export.",
)
"""Modules whose overrides of the watched methods are known to leave nothing behind but the rows compared here."""
PARTS = {
    "entry": "account_move",
    "line": "account_bank_statement_line",
    "liquidity": "account_move_line",
    "suspense": "account_move_line",
    "message": "mail_message",
}
"""What a statement line is made of, by table; a message only where Odoo leaves one."""
NOT_COMPARED = frozenset({"id", "create_date", "write_date", "transaction_details"})


class DifferentRowError(Exception):
    """What would be written differs from what Odoo writes for the same line."""


class BankStatementLineWriter(models.AbstractModel):
    """Statement lines by the thousand, as the rows that Odoo would have made one by one.

    Odoo makes a few lines of each batch itself, in a savepoint that is rolled back. Their rows are the template of the
    others, and the proof: what this writer would have made of the same lines has to be equal to them in every column,
    with whatever other modules add. If it is not, or if anything is at work that is not known here, Odoo makes all.
    """

    _name = "bank.statement.line.writer"
    _description = "Writer of Bank Statement Lines"

    @api.model
    def _create_lines(self, vals_list, statement=None):
        """Create statement lines of one journal.

        :param vals_list: as for ``create`` of ``account.bank.statement.line``
        :param statement: ``account.bank.statement`` that they belong to; the caller has it derive its own figures
        :return: the lines, in the order of ``vals_list``, and how many went through the ORM, by reason
        :rtype: tuple
        """
        line_model = self.env["account.bank.statement.line"]
        ids = [None] * len(vals_list)
        reasons, rest = {}, []
        for positions in self._batches(vals_list):
            batch = [vals_list[position] for position in positions]
            reason = self._why_not(batch)
            if not reason:
                try:
                    created = self._insert(batch, statement)
                except DifferentRowError as difference:
                    reason = str(difference)
            if reason:
                _logger.info("%s statement lines go through the ORM: %s", len(batch), reason)
                reasons[reason] = reasons.get(reason, 0) + len(batch)
                rest += positions
                continue
            for position, line_id in zip(positions, created, strict=True):
                ids[position] = line_id
        if rest:
            rest.sort()
            created = line_model.create([vals_list[position] for position in rest])
            for position, line in zip(rest, created, strict=True):
                ids[position] = line.id
            if statement:
                self._attach(created, statement)
        return line_model.browse(ids), reasons

    @api.model
    def _batches(self, vals_list):
        """Positions of lines that are numbered and derived alike: of one month and one currency."""
        batches = {}
        for position, vals in enumerate(vals_list):
            day = vals["date"]
            key = (day.year, day.month, vals.get("foreign_currency_id") or 0)
            batches.setdefault(key, []).append(position)
        for _key, positions in sorted(batches.items()):
            # The order in which Odoo numbers what it creates together.
            yield sorted(positions, key=lambda position: vals_list[position]["date"])

    # === WHETHER === #

    @api.model
    def _why_not(self, batch):
        """:return: why Odoo has to make these lines itself, or ``None``"""
        if len(batch) < MIN_LINES:
            return "few lines"
        if set().union(*batch) - self.env["account.bank.statement.line"]._fields.keys():
            return "unknown values"
        journal = self.env["account.journal"].browse(batch[0]["journal_id"])
        company = journal.company_id
        currency = journal.currency_id or company.currency_id
        if batch[0].get("foreign_currency_id") and (
            batch[0]["foreign_currency_id"] == currency.id
            or not all(vals.get("amount_currency") for vals in batch)
        ):
            return "a foreign currency without an amount, or the journal's own"
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
        return self._foreign_override(MODELS, WATCHED_METHODS)

    @api.model
    def _foreign_override(self, model_names, methods):
        """:return: which module not known here takes part in one of the methods, or ``None``"""
        for model in model_names:
            for cls in type(self.env[model]).__mro__:
                if cls.__module__.startswith(KNOWN_MODULES) or cls.__module__ == "builtins":
                    continue
                if found := next((name for name in methods if name in cls.__dict__), None):
                    return f"{cls.__module__} overrides {model}.{found}"
        return None

    # === HOW === #

    @api.model
    def _insert(self, batch, statement):
        """:return: ids of the lines, in the order of ``batch``
        :raise DifferentRowError: Odoo makes other rows
        """
        maker = self.env["bank.statement.line.rows"]
        # Before the samples, whose undoing forgets what was read.
        shared = maker._shared(batch)
        samples = self._make_samples(batch)
        by_kind = {}
        for sample in samples:
            by_kind.setdefault(maker._kind(sample.vals), sample)
        for sample in samples:
            self._compare(sample, by_kind, shared)
        if len({bool(sample.message) for sample in samples}) > 1:
            raise DifferentRowError("Odoo leaves a message on some lines only")
        first_number = min(sample.move["sequence_number"] for sample in samples)
        count = len(batch)
        line_ids, move_ids = (
            self._next_ids(table, count)
            for table in ("account_bank_statement_line", "account_move")
        )
        positions = {}
        for position, vals in enumerate(batch):
            positions.setdefault(maker._kind(vals), []).append(position)
        groups = []
        for kind, own in positions.items():
            varying = maker._varying(
                by_kind[kind],
                [batch[position] for position in own],
                [line_ids[position] for position in own],
                [move_ids[position] for position in own],
                [first_number + position for position in own],
                shared,
            )
            groups.append(self._rows(by_kind[kind], statement, varying))
        self._write_rows(groups)
        self.env.invalidate_all()
        return line_ids

    @api.model
    def _rows(self, sample, statement, varying):
        """The rows of lines of one kind, as their sample's in all columns but the varying ones.

        :param varying: of ``bank.statement.line.rows``
        :return: for each of :data:`PARTS`, the columns that are alike and those that vary
        """
        line, move, liquidity, suspense = varying
        line_ids, move_ids = move["statement_line_id"], line["move_id"]
        now = fields.Datetime.now()
        stamps = {"create_date": now, "write_date": now}
        attached = {**stamps, "statement_id": statement.id if statement else None}
        # Nobody refers to these rows yet: the database numbers them.
        numbered = {"id": None}
        rows = {
            "entry": ({**sample.move, **stamps}, {**move, "id": move_ids}),
            "line": ({**sample.line, **attached}, {**line, "id": line_ids}),
            "liquidity": ({**sample.liquidity, **attached, **numbered}, liquidity),
            "suspense": ({**sample.suspense, **attached, **numbered}, suspense),
        }
        if sample.message:
            said = {"res_id": move_ids, "message_id": _message_ids(len(move_ids))}
            rows["message"] = ({**sample.message, **stamps, "date": now, **numbered}, said)
        return rows

    @api.model
    def _make_samples(self, batch):
        """Let Odoo make some of the lines, read their rows and undo it all.

        The first of each kind become templates; the last line of each kind is there to be compared.
        """
        kind_of = self.env["bank.statement.line.rows"]._kind
        chosen = {}
        for index, vals in enumerate(batch):
            kind = kind_of(vals)
            chosen.setdefault((kind, "first"), index)
            chosen[kind, "last"] = index
        vals_list = [batch[index] for index in sorted(set(chosen.values()))]
        model = self.env["account.bank.statement.line"].with_context(**self._without_searches())
        with self.env.cr.savepoint() as savepoint:
            lines = model.create(vals_list)
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
    def _without_searches(self):
        """:return: a context in which Odoo makes the same lines without searching, line by line, for what is not there
        or was found already
        """
        context = {NUMBERED_TOGETHER: {}}
        if self.env["bank.statement.poster.entry"]._has_no_analytic():
            context |= {"skip_analytic_sync": True, "default_analytic_distribution": False}
        return context

    @api.model
    def _compare(self, sample, by_kind, shared):
        maker = self.env["bank.statement.line.rows"]
        template = by_kind[maker._kind(sample.vals)]
        varying = maker._varying(
            template,
            [sample.vals],
            [sample.line["id"]],
            [sample.move["id"]],
            [sample.move["sequence_number"]],
            shared,
        )
        for fixed, own, odoos in zip(
            (template.line, template.move, template.liquidity, template.suspense),
            varying,
            (sample.line, sample.move, sample.liquidity, sample.suspense),
            strict=True,
        ):
            mine = {**fixed, **{column: values[0] for column, values in own.items()}}
            different = [
                f"{column}: {mine.get(column)!r} for {value!r}"
                for column, value in odoos.items()
                if column not in NOT_COMPARED and mine.get(column) != value
            ]
            if different:
                raise DifferentRowError(f"Odoo writes other values: {', '.join(different)}")

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
    def _write_rows(self, groups):
        """Write what was made of all kinds of lines.

        Entries and lines name each other, which PostgreSQL checks at the end of a statement: so they go in one.

        :param groups: of :meth:`_rows`
        """
        staged = stage(groups)
        origins = {}
        for part, columns in staged.columns.items():
            for name, place in columns.items():
                origins.setdefault(place, SQL.identifier(PARTS[part], name))
        self.env.cr.execute(
            SQL(
                "CREATE TEMP TABLE staged_line ON COMMIT DROP AS SELECT %s FROM %s WITH NO DATA",
                SQL(", ").join(
                    SQL("%s AS %s", origin, SQL.identifier(place))
                    for place, origin in origins.items()
                ),
                SQL(", ").join(
                    SQL.identifier(table)
                    for table in dict.fromkeys(PARTS[part] for part in staged.columns)
                ),
            )
        )
        self._copy(SQL.identifier("staged_line"), staged.rows)
        inserts = {part: self._insert_staged(staged, part) for part in staged.columns}
        entries, lines = inserts.pop("entry"), inserts.pop("line")
        self.env.cr.execute(SQL("WITH entries AS (%s) %s", entries, lines))
        for insert in inserts.values():
            self.env.cr.execute(insert)
        self.env.cr.execute(SQL("DROP TABLE staged_line"))

    @api.model
    def _insert_staged(self, staged, part):
        values = {name: SQL.identifier(place) for name, place in staged.columns[part].items()}
        values |= {
            name: SQL("%s", Json(value) if isinstance(value, (dict, list)) else value)
            for name, value in staged.constants[part].items()
        }
        return SQL(
            "INSERT INTO %s (%s) SELECT %s FROM staged_line",
            SQL.identifier(PARTS[part]),
            SQL(", ").join(map(SQL.identifier, values)),
            SQL(", ").join(values.values()),
        )

    @api.model
    def _copy(self, table, rows):
        columns = SQL(", ").join(map(SQL.identifier, rows.columns))
        statement = SQL("COPY %s (%s) FROM STDIN", table, columns)
        # On Odoo's own connection, so in its transaction; the ORM has no way to COPY.
        self.env.cr._obj.copy_expert(statement.code, rows)

    @api.model
    def _attach(self, lines, statement):
        """Give lines to a statement.

        Odoo's ``write`` takes as long for it as for making them, and has the statement derive its figures from all its
        lines each time; these are the two columns that it writes. The caller has the statement derive its figures once.

        :param lines: ``account.bank.statement.line``
        :param statement: ``account.bank.statement``, one record
        """
        if not lines:
            return
        if self._foreign_override(MODELS, ("write",)):
            with self.env.protecting(statement._figures_of_lines(), statement):
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


def _message_ids(count):
    """:return: as many as Odoo names its own, which asks for time, host and chance for each"""
    model = generate_tracking_message_id("message-notify")
    # ``<15 digits of chance.seconds-openerp-message-notify@host>``
    tail = model[model.index(".") :]
    chances = memoryview(os.urandom(8 * count)).cast("Q")
    return [f"<{chance % 10**15:015d}{tail}" for chance in chances]
