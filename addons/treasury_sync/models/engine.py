"""What tells the suite's own steps from everything that would walk around them.

Superuser mode is no sign: automation, imports and other addons use it as well. A Python object in the context is:
no call from outside can carry one.
"""

from odoo.tools import SQL

_ENGINE = object()


def as_engine(records):
    """Return ``records`` for a step of the payment's life, with the rights that it needs."""
    return records.sudo().with_context(treasury_engine=_ENGINE)


def is_engine(env):
    """:return: whether the present call is such a step"""
    return env.context.get("treasury_engine") is _ENGINE


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
