from odoo import api, models
from odoo.tools import SQL


class FinanceInsertMixin(models.AbstractModel):
    """Rows made by one INSERT: for what arrives many times a second, and twice at the same time.

    Where a unique index refuses the row, there is none, and no error in the log. Computed columns are up to the caller.
    """

    _name = "finance.insert.mixin"
    _description = "Inserted Directly"

    @api.model
    def _next_id(self):
        """:return: the id of a row that is yet to be inserted"""
        [(row_id,)] = self.env.execute_query(SQL("SELECT nextval(%s)", f"{self._table}_id_seq"))
        return row_id

    @api.model
    def _insert(self, vals, **columns):
        """
        :param dict vals: values as for ``create``; the fields' defaults are added
        :param columns: values as PostgreSQL takes them, which the ORM does not get to see
        :return: the new record; empty when a row that this transaction sees has a value that must be unique
        :raise psycopg2.errors.SerializationFailure: a row that this transaction cannot see has it
        """
        # Not by ``default_get``: a caller's context and a person's own defaults are none of the machine's.
        vals = {
            name: field.convert_to_write(field.default(self), self)
            for name, field in self._fields.items()
            if field.default and field.store and name not in vals
        } | vals
        columns |= {
            name: self._fields[name].convert_to_column_insert(value, self, vals)
            for name, value in vals.items()
        }
        if self._log_access:
            now = SQL("now() AT TIME ZONE 'UTC'")
            columns |= {"create_uid": self.env.uid, "write_uid": self.env.uid}
            columns |= {"create_date": now, "write_date": now}
        self.env.cr.execute(
            SQL(
                "INSERT INTO %s (%s) VALUES (%s) ON CONFLICT DO NOTHING RETURNING id",
                SQL.identifier(self._table),
                SQL(", ").join(map(SQL.identifier, columns)),
                SQL(", ").join(columns.values()),
            ),
            log_exceptions=False,
        )
        record = self.browse(row[0] for row in self.env.cr.fetchall())
        if record:
            empty = {
                name: None
                for name, field in self._fields.items()
                if field.store and field.column_type and name not in columns
            }
            record._update_cache(empty | vals, validate=False)
        return record
