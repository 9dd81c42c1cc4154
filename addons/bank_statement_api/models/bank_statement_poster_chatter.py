from odoo import api, models
from odoo.tools import SQL
from odoo.tools.mail import generate_tracking_message_id

from odoo.addons.bank_statement_api.tools.copy_rows import CopyRows

NOT_COMPARED = frozenset(
    {"create_date", "write_date", "date", "message_id", "match_before", "mail_message_id", "id"}
)
"""Of messages and of rows that are new: what no two runs of Odoo have alike."""
IDS = frozenset({"full_reconcile_id", "matching_number", "debit_move_id", "credit_move_id"})


class DifferentRowError(Exception):
    """What would be written differs from what Odoo writes for the same pair."""


class BankStatementPosterPairs(models.AbstractModel):
    """The messages of plain pairs, and the proof that all their rows are the ones Odoo leaves."""

    _inherit = "bank.statement.poster.pairs"

    # === CHATTER === #

    @api.model
    def _write_chatter(self, facts, counterpart_ids, said, uid, now):
        """The messages that Odoo writes, as it wrote them for the sample, with the values of each pair."""
        names, parents = self._display_names(facts), self._parents(facts)
        stamps = {"create_uid": uid, "write_uid": uid, "create_date": now, "write_date": now}
        ids = self._next_ids("mail_message", len(said) * len(facts))
        messages, values = CopyRows(), CopyRows()
        for number, message in enumerate(said):
            # A pair's messages follow each other, as Odoo numbers them.
            own_ids = ids[number :: len(said)]
            messages.add(
                {**message["row"], **stamps, "date": now},
                {
                    "id": own_ids,
                    "res_id": [fact[message["of"]] for fact in facts],
                    "body": _bodies(message, facts, counterpart_ids),
                    **self._thread(message["posted"], facts, parents),
                },
            )
            for value in message["values"]:
                values.add(
                    {**_without(value, "id", "field"), **stamps},
                    {
                        "mail_message_id": own_ids,
                        **self._tracked(value["field"], message["about"], facts, names),
                    },
                )
        self._copy("mail_message", messages)
        self._copy("mail_tracking_value", values)

    @api.model
    def _thread(self, posted, facts, parents):
        """:param bool posted: whether the message is one of a thread, or a note of the log"""
        if not posted:
            return {
                "message_id": [generate_tracking_message_id("message-notify") for _fact in facts]
            }
        return {
            "message_id": [
                generate_tracking_message_id(f"{fact['invoice_id']}-account.move") for fact in facts
            ],
            "parent_id": [parents.get(fact["invoice_id"]) for fact in facts],
        }

    @api.model
    def _parents(self, facts):
        """What Odoo has a message of an invoice answer: the last one that a person wrote, else the last."""
        rows = self.env.execute_query(
            SQL(
                """SELECT invoice.id, parent.id
                     FROM unnest(%s::int[]) AS invoice (id)
                    CROSS JOIN LATERAL (
                        SELECT recent.id FROM (
                            SELECT id, message_type, COALESCE(date, create_date) AS at FROM mail_message
                             WHERE model = 'account.move' AND res_id = invoice.id
                               AND message_type != 'user_notification'
                             ORDER BY date DESC, id DESC LIMIT 200) recent
                         ORDER BY recent.message_type IN ('comment', 'email') DESC, recent.at DESC, recent.id DESC
                         LIMIT 1) parent""",
                [fact["invoice_id"] for fact in facts],
            )
        )
        return dict(rows)

    @api.model
    def _display_names(self, facts):
        names = {}
        for model, columns in (
            ("res.partner", ("partner_id", "old_partner_id")),
            ("account.account", ("account_id", "suspense_account_id")),
        ):
            ids = {fact[column] for fact in facts for column in columns if fact[column]}
            for record in self.env[model].browse(ids):
                names[model, record.id] = record.display_name
        return names

    @api.model
    def _tracked(self, name, about, facts, names):
        """:param about: ``deleted``, ``created`` or ``entry``
        :return: the columns of a tracking value that differ by pair, with the value of each
        """
        side = "old" if about == "deleted" else "new"
        match name:
            case "account_id":
                column = "suspense_account_id" if about == "deleted" else "account_id"
                ids = [fact[column] for fact in facts]
                return {
                    f"{side}_value_integer": ids,
                    f"{side}_value_char": [names["account.account", one] for one in ids],
                }
            case "name":
                column = "suspense_name" if about == "deleted" else "name"
                return {f"{side}_value_char": [fact[column] for fact in facts]}
            case "balance":
                return {f"{side}_value_float": [float(fact["balance"]) for fact in facts]}
            case "partner_id":
                old, new = (
                    [fact[column] for fact in facts] for column in ("old_partner_id", "partner_id")
                )
                return {
                    "old_value_integer": [one or 0 for one in old],
                    "old_value_char": [names["res.partner", one] if one else "" for one in old],
                    "new_value_integer": new,
                    "new_value_char": [names["res.partner", one] for one in new],
                }
        return {}

    # === PROOF === #

    @api.model
    def _rows_of(self, fact):
        """All rows that belong to a pair, and the messages about it; what is new has ids of its own."""
        found = {
            "line": self._read("account_bank_statement_line", "id", [fact["line_id"]]),
            "move": self._read("account_move", "id", [fact["bank_id"], fact["invoice_id"]]),
            "item": self._read(
                "account_move_line", "move_id", [fact["bank_id"], fact["invoice_id"]]
            ),
        }
        item_ids = [row["id"] for row in found["item"]]
        partials = self._read("account_partial_reconcile", "debit_move_id", item_ids)
        found["partial"] = partials
        full_ids = [row["full_reconcile_id"] for row in partials]
        found["full"] = self._read("account_full_reconcile", "id", full_ids)
        [counterpart_id] = [
            row["id"]
            for row in found["item"]
            if row["move_id"] == fact["bank_id"] and row["id"] != fact["liquidity_id"]
        ] or [0]
        found["message"] = self._messages_of(fact, counterpart_id)
        return found

    @api.model
    def _messages_of(self, fact, counterpart_id):
        rows = self.env.execute_query_dict(
            SQL(
                """SELECT * FROM mail_message
                    WHERE model = 'account.move' AND res_id IN (%s, %s) AND id > %s ORDER BY id""",
                fact["bank_id"],
                fact["invoice_id"],
                fact["last_message_id"],
            )
        )
        values = self.env.execute_query_dict(
            SQL(
                """SELECT tracked.*, field.name AS field FROM mail_tracking_value tracked
                     JOIN ir_model_fields field ON field.id = tracked.field_id
                    WHERE tracked.mail_message_id = ANY(%s) ORDER BY tracked.id""",
                [row["id"] for row in rows],
            )
        )
        messages = []
        for row in rows:
            about, body = "entry", row["body"] or ""
            for name, item_id in (
                ("deleted", fact["suspense_id"]),
                ("created", counterpart_id),
            ):
                if f'data-oe-id="{item_id}"' in body:
                    about, body = name, body.replace(str(item_id), "{item}")
            messages.append(
                {
                    "row": {**row, "body": body},
                    "of": "bank_id" if row["res_id"] == fact["bank_id"] else "invoice_id",
                    "about": about,
                    # Odoo names the record in the id of what it posts, and not of what it logs.
                    "posted": "-account.move@" in row["message_id"],
                    "values": [value for value in values if value["mail_message_id"] == row["id"]],
                }
            )
        return messages

    @api.model
    def _compare(self, mine, theirs):
        """:raise DifferentRowError: a column differs"""
        for table, rows in theirs.items():
            if len(mine[table]) != len(rows):
                raise DifferentRowError(f"Odoo leaves {len(rows)} rows of {table}")
            for ours, odoos in zip(mine[table], rows, strict=True):
                if table == "message":
                    pairs = [(ours["row"], odoos["row"])]
                    if len(ours["values"]) != len(odoos["values"]) or ours["of"] != odoos["of"]:
                        raise DifferentRowError("Odoo tracks other values")
                    pairs += zip(ours["values"], odoos["values"], strict=True)
                else:
                    pairs = [(ours, odoos)]
                for our_row, odoos_row in pairs:
                    self._compare_rows(table, our_row, odoos_row)

    @api.model
    def _compare_rows(self, table, ours, odoos):
        different = [
            f"{column}: {ours.get(column)!r} for {value!r}"
            for column, value in odoos.items()
            if column not in NOT_COMPARED
            and ours.get(column) != value
            # Ids of new rows: both have one, and it is not the same.
            and not (column in IDS and bool(ours.get(column)) == bool(value))
        ]
        if different:
            raise DifferentRowError(f"Odoo leaves other values in {table}: {', '.join(different)}")

    # === SQL === #

    @api.model
    def _copy(self, table, rows):
        """:param CopyRows rows: of the table; what nothing refers to is numbered by the database"""
        if rows.count:
            self.env["bank.statement.line.writer"]._copy(SQL.identifier(table), rows)


def _without(row, *names):
    return {column: value for column, value in row.items() if column not in names}


def _bodies(message, facts, counterpart_ids):
    """:return: the text of a message for each pair; it may name an item by its id"""
    before, *after = (message["row"]["body"] or "").split("{item}")
    if not after:
        return [before] * len(facts)
    deleted = message["about"] == "deleted"
    ids = [fact["suspense_id"] for fact in facts] if deleted else counterpart_ids
    return [str(item_id).join([before, *after]) for item_id in ids]
