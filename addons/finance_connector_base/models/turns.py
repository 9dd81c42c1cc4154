"""Who decides by what others may change at that moment takes turns with them."""

from odoo.tools import SQL


def take_turns(records):
    """Let those who decide on the same records at once do it one after the other.

    A lock does not: who began before it was given back goes on with what was there when they began. A row that was
    written meanwhile ends their transaction, and Odoo repeats it.
    """
    records.flush_recordset()
    records.env.cr.execute(
        SQL(
            "UPDATE %s SET write_date = write_date WHERE id = ANY(%s)",
            SQL.identifier(records._table),
            records.ids,
        )
    )
