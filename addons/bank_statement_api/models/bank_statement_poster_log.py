from markupsafe import Markup

from odoo import api, fields, models
from odoo.tools import SQL
from odoo.tools.mail import generate_tracking_message_id

from odoo.addons.bank_statement_api.tools.copy_rows import CopyRows

from .bank_statement_line_rows import PARTNER_COLUMNS


class BankStatementPosterEntry(models.AbstractModel):
    """What Odoo notes in the log of an entry whose items and partner change, for many entries together.

    One by one, the notes would take longer than the reconciliation.
    """

    _inherit = "bank.statement.poster.entry"

    @api.model
    def _set_partners(self, entries):
        """Set partners as Odoo does when a line's partner changes, but keep the items, which Odoo would make anew.

        :return: notes about it, see :meth:`_log`
        """
        changed = [
            entry for entry in entries if entry.partner and entry.line.partner_id != entry.partner
        ]
        moves = self.env["account.move"].union(*(entry.line.move_id for entry in changed))
        tracked = [name for name in PARTNER_COLUMNS if self._is_tracked(moves, name)]
        before = {move: {name: move[name] for name in tracked} for move in moves}
        rows_of = self.env["bank.statement.line.rows"]._partner_columns
        self.env.flush_all()
        alike = {}
        for entry in changed:
            key = entry.line.company_id, entry.line.move_id.currency_id
            alike.setdefault(key, []).append(entry)
        for (company, currency), some in alike.items():
            partners = self.env["res.partner"].union(*(entry.partner for entry in some))
            derived = rows_of(company, currency, partners)
            self._write_partner_rows(some, derived)
        if changed:
            self.env.invalidate_all(flush=False)
            self._distribute(self._bank_items(changed))
        ref_fields = moves.fields_get(tracked)
        return [
            (move, "", commands)
            for move in moves
            if (commands := move._mail_track(ref_fields, before[move])[1])
        ]

    @api.model
    def _bank_items(self, entries):
        return self.env["account.move.line"].union(
            *(entry.line._seek_for_lines()[0] for entry in entries)
        )

    @api.model
    def _distribute(self, items):
        """Give items whose partner changed the analytic distribution that Odoo derives from it, and its analytic lines.

        :param items: ``account.move.line``
        """
        if not self._has_no_analytic():
            self.env.add_to_compute(items._fields["analytic_distribution"], items)
            items._inverse_analytic_distribution()

    @api.model
    def _is_tracked(self, records, name):
        return bool(getattr(records._fields[name], "tracking", None))

    @api.model
    def _write_partner_rows(self, entries, derived):
        """:param derived: columns of an entry by partner id"""
        bank_items = [(self._bank_items([entry]), entry.partner) for entry in entries]
        columns = [
            [derived[entry.partner.id][name] for entry in entries] for name in PARTNER_COLUMNS
        ]
        stamps = SQL("write_uid = %s, write_date = %s", self.env.uid, fields.Datetime.now())
        self.env.cr.execute(
            SQL(
                """UPDATE account_move bank SET %s, %s
                     FROM unnest(%s::int[], %s, %s, %s, %s::int[], %s::int[], %s::int[]) AS derived (move_id, %s)
                    WHERE bank.id = derived.move_id""",
                SQL(", ").join(
                    SQL("%s = derived.%s", SQL.identifier(name), SQL.identifier(name))
                    for name in PARTNER_COLUMNS
                ),
                stamps,
                [entry.line.move_id.id for entry in entries],
                *columns,
                SQL(", ").join(map(SQL.identifier, PARTNER_COLUMNS)),
            )
        )
        for table, pairs in (
            ("account_bank_statement_line", [(entry.line, entry.partner) for entry in entries]),
            ("account_move_line", bank_items),
        ):
            self.env.cr.execute(
                SQL(
                    """UPDATE %s changed SET partner_id = pair.partner_id, %s
                         FROM unnest(%s, %s) AS pair (id, partner_id) WHERE changed.id = pair.id""",
                    SQL.identifier(table),
                    stamps,
                    [record.id for record, _partner in pairs],
                    [partner.id for _record, partner in pairs],
                )
            )

    # === LOG === #

    @api.model
    def _item_notes(self, items, is_new):
        """:param items: ``account.move.line`` that were made, or are about to be deleted
        :return: notes as Odoo logs them, see :meth:`_log`
        """
        tracked = [
            name
            for name, fld in items._fields.items()
            if getattr(fld, "tracking", None) and not fld.related
        ]
        ref_fields = items.fields_get(tracked)
        nothing, no_values = items.browse([False]), dict.fromkeys(tracked)
        body = self._note_text(items[:1], is_new)
        notes = []
        for item in items:
            commands = (
                item._mail_track(ref_fields, no_values)
                if is_new
                else nothing._mail_track(ref_fields, item)
            )[1]
            if commands:
                notes.append(
                    (item.move_id, body.replace(str(items[:1].id), str(item.id)), commands)
                )
        return notes

    @api.model
    def _note_text(self, item, is_new):
        """:return: what Odoo notes about an item, as the database holds it"""
        link = item._get_html_link(title=f"#{item.id}")
        text = (
            self.env._("Journal Item %s created", link)
            if is_new
            else self.env._("Journal Item %s deleted", link)
        )
        message = self.env["mail.message"]
        return message._fields["body"].convert_to_column_insert(text, message)

    @api.model
    def _log(self, notes):
        """Write notes into the logs of entries: Odoo the first, whose row is the pattern of the others.

        :param notes: tuples of entry, text and the commands that make the tracked values
        """
        if not notes:
            return
        move, body, commands = notes[0]
        first = move._message_log(body=Markup(body), tracking_value_ids=commands)  # noqa: S704 (a column's own text)
        first.flush_recordset()
        [row] = self.env["bank.statement.poster.pairs"]._read("mail_message", "id", first.ids)
        self._copy_messages(
            row,
            [
                (
                    {
                        "res_id": move.id,
                        "body": body,
                        "message_id": generate_tracking_message_id("message-notify"),
                    },
                    commands,
                )
                for move, body, commands in notes[1:]
            ],
        )

    @api.model
    def _copy_messages(self, row, messages):
        """Write messages that are like one of Odoo's but for some columns.

        :param dict row: Odoo's, all columns
        :param messages: tuples of the columns that differ and the commands that make the tracked values
        """
        if not messages:
            return
        pairs = self.env["bank.statement.poster.pairs"]
        now, uid = fields.Datetime.now(), self.env.uid
        stamps = {"create_uid": uid, "write_uid": uid, "create_date": now, "write_date": now}
        ids = pairs._next_ids("mail_message", len(messages))
        columns = [columns for columns, _commands in messages]
        values = [
            {**self._value_columns(vals), "mail_message_id": message_id}
            for message_id, (_columns, commands) in zip(ids, messages, strict=True)
            for _code, _id, vals in commands
        ]
        for table, fixed, varying in (
            (
                "mail_message",
                {**row, **stamps, "date": now},
                {"id": ids, **_by_column(columns)},
            ),
            ("mail_tracking_value", stamps, _by_column(values)),
        ):
            rows = CopyRows()
            if varying:
                rows.add(fixed, varying)
            pairs._copy(table, rows)
        self.env["mail.message"].invalidate_model()
        self.env["account.move"].invalidate_model(["message_ids"])

    @api.model
    def _value_columns(self, vals):
        model = self.env["mail.tracking.value"]
        return {
            name: model._fields[name].convert_to_column_insert(value, model)
            for name, value in vals.items()
        }


def _by_column(rows):
    """:return: the values of each column that a row has"""
    names = {name for row in rows for name in row}
    return {name: [row.get(name) for row in rows] for name in sorted(names)}
