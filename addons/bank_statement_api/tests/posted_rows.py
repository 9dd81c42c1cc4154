"""The rows that a posting leaves, of some entries and of the entries that it makes beside them."""

IDS = {
    "id",
    "create_date",
    "write_date",
    "date_message",
    "message_id",
    "full_reconcile_id",
    "matching_number",
    "debit_move_id",
    "credit_move_id",
    "mail_message_id",
    "match_before",
    "move_line_id",
    "exchange_move_id",
}
"""Columns of which only is compared whether they are filled: what is made anew has ids of its own."""

QUERIES = (
    (
        "line",
        "SELECT * FROM account_bank_statement_line WHERE move_id = ANY(%s) ORDER BY id",
    ),
    ("move", "SELECT * FROM account_move WHERE id = ANY(%s) ORDER BY id"),
    (
        "item",
        """SELECT * FROM account_move_line WHERE move_id = ANY(%s)
            ORDER BY move_id, account_id""",
    ),
    (
        "partial",
        """SELECT p.* FROM account_partial_reconcile p JOIN account_move_line i ON i.id = p.debit_move_id
            WHERE i.move_id = ANY(%s) ORDER BY i.move_id, p.amount""",
    ),
    (
        "full",
        """SELECT DISTINCT f.* FROM account_full_reconcile f
             JOIN account_move_line i ON i.full_reconcile_id = f.id WHERE i.move_id = ANY(%s)
            ORDER BY f.id""",
    ),
    (
        "message",
        """SELECT m.*, regexp_replace(body, '[0-9]+', '#', 'g') AS body, NULL AS date
             FROM mail_message m WHERE model = 'account.move' AND res_id = ANY(%s)
            ORDER BY res_id, id""",
    ),
    (
        "tracked",
        """SELECT t.* FROM mail_tracking_value t JOIN mail_message m ON m.id = t.mail_message_id
            WHERE m.model = 'account.move' AND m.res_id = ANY(%s) ORDER BY m.res_id, t.id""",
    ),
    *(
        (
            f"exchange {name}",
            f"""SELECT r.*, NULL AS move_id, NULL AS res_id, NULL AS date_message,
                       {own}, NULL AS access_token
                  FROM {table} r JOIN account_partial_reconcile p ON p.exchange_move_id = r.{column}
                  JOIN account_move_line i ON i.id = p.debit_move_id OR i.id = p.credit_move_id
                 WHERE i.move_id = ANY(%s) AND {only} ORDER BY i.move_id, r.id""",
        )
        for name, table, column, own, only in (
            ("move", "account_move", "id", "NULL AS body", "TRUE"),
            ("item", "account_move_line", "move_id", "NULL AS body", "TRUE"),
            (
                "message",
                "mail_message",
                "res_id",
                "regexp_replace(r.body, '[0-9]+', '#', 'g') AS body, NULL AS date",
                "r.model = 'account.move'",
            ),
        )
    ),
    (
        "analytic",
        """SELECT a.* FROM account_analytic_line a JOIN account_move_line i ON i.id = a.move_line_id
            WHERE i.move_id = ANY(%s) ORDER BY i.move_id, i.account_id, a.id""",
    ),
)
"""Names with queries, each for the ids of entries."""
