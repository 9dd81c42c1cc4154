"""Who decides by what others may change at that moment takes turns with them."""

from odoo.service.model import PG_CONCURRENCY_EXCEPTIONS_TO_RETRY
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


def one_by_one(records, domain):
    """Yield ``records`` for a schedule, which nobody repeats: each as it is now, locked, in a transaction of its own.

    Who has a record at that moment is waited for, and what they did is seen. What an earlier record came to is
    committed, whatever becomes of a later one.

    :param domain: what ``records`` were found by: one that somebody took out of it meanwhile is passed over
    """
    exchanges = records.env["finance.exchange"]
    for record in records:
        exchanges._checkpoint()
        while not _lock(record):
            exchanges._abandon()
        yield from record.exists().filtered_domain(domain)
    exchanges._checkpoint()


def _lock(record):
    """:return: whether nobody wrote ``record`` since this transaction began; the lock ends with the transaction"""
    query = SQL(
        "SELECT 1 FROM %s WHERE id = %s FOR NO KEY UPDATE",
        SQL.identifier(record._table),
        record.id,
    )
    try:
        record.env.cr.execute(query, log_exceptions=False)
    except PG_CONCURRENCY_EXCEPTIONS_TO_RETRY:
        return False
    return True
