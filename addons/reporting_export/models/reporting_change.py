from odoo import api, fields, models
from odoo.tools import SQL

KEPT_DAYS = 400
"""An export that has not run for as long starts anew with everything."""


class ReportingChange(models.Model):
    """Which records changed in which transaction, noted by the database itself: a row for each statement.

    Sequence numbers and write dates are given before a transaction commits, so a reader that remembers the highest
    one it has seen misses whatever commits later with a lower one. A snapshot names exactly the transactions it sees:
    what the last one did not see is what is new, however long it took and whoever wrote it, by SQL as well.
    """

    _name = "reporting.change"
    _description = "Change of a Reported Record"
    _log_access = False
    _order = "id"

    model = fields.Char(required=True, readonly=True)
    deleted = fields.Boolean(readonly=True)

    def init(self):
        super().init()
        self.env.cr.execute(
            """
            ALTER TABLE reporting_change
              ADD COLUMN IF NOT EXISTS res_ids integer[] NOT NULL,
              ADD COLUMN IF NOT EXISTS xid xid8 NOT NULL DEFAULT pg_current_xact_id(),
              ADD COLUMN IF NOT EXISTS noted_on date NOT NULL DEFAULT current_date;
            CREATE INDEX IF NOT EXISTS reporting_change_model_xid_idx ON reporting_change (model, xid);
            CREATE OR REPLACE FUNCTION reporting_note_change() RETURNS trigger LANGUAGE plpgsql AS $$
            BEGIN
                IF TG_OP = 'DELETE' THEN
                    INSERT INTO reporting_change (model, res_ids, deleted)
                    SELECT TG_ARGV[0], array_agg(id), TRUE FROM old_rows HAVING count(*) > 0;
                ELSE
                    INSERT INTO reporting_change (model, res_ids, deleted)
                    SELECT TG_ARGV[0], array_agg(id), FALSE FROM new_rows HAVING count(*) > 0;
                END IF;
                RETURN NULL;
            END $$;
            """
        )

    @api.model
    def _watch(self, source):
        """Have PostgreSQL note every insert, update and delete of a model's rows, one statement at a time.

        :param source: recordset of a stored model
        """
        table = SQL.identifier(source._table)
        for operation, rows in (
            ("INSERT", SQL("NEW TABLE AS new_rows")),
            ("UPDATE", SQL("NEW TABLE AS new_rows")),
            ("DELETE", SQL("OLD TABLE AS old_rows")),
        ):
            trigger = SQL.identifier(f"reporting_change_{operation.lower()}")
            self.env.cr.execute(SQL("DROP TRIGGER IF EXISTS %s ON %s", trigger, table))
            self.env.cr.execute(
                SQL(
                    "CREATE TRIGGER %s AFTER %s ON %s REFERENCING %s"
                    " FOR EACH STATEMENT EXECUTE FUNCTION reporting_note_change(%s)",
                    trigger,
                    SQL(operation),
                    table,
                    rows,
                    source._name,
                )
            )

    @api.model
    def _unwatch_all(self):
        """Take the triggers off again; the addon is being uninstalled."""
        self.env.cr.execute("DROP FUNCTION IF EXISTS reporting_note_change() CASCADE")

    @api.model
    def _since(self, model, watermark):
        """The ids of a model's records changed by transactions that ``watermark`` did not see.

        :param str model: technical name
        :param str watermark: text of a ``pg_snapshot``
        :return: subselect of ids
        :rtype: SQL
        """
        return SQL(
            "SELECT unnest(res_ids) FROM reporting_change WHERE model = %s"
            " AND xid >= pg_snapshot_xmin(%s::pg_snapshot)"
            " AND NOT pg_visible_in_snapshot(xid, %s::pg_snapshot)",
            model,
            watermark,
            watermark,
        )

    @api.autovacuum
    def _gc_old(self, limit=100_000):
        """Forget changes so old that no export reads from before them; see ``reporting.run._watermark``."""
        self.env.cr.execute(
            SQL(
                "DELETE FROM reporting_change WHERE id IN (SELECT id FROM reporting_change"
                " WHERE noted_on < current_date - %s ORDER BY id LIMIT %s)",
                KEPT_DAYS,
                limit,
            )
        )
        return self.env.cr.rowcount, limit if self.env.cr.rowcount == limit else 0
