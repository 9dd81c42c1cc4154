from odoo import models
from odoo.tools import SQL


class FinanceAppendOnly(models.AbstractModel):
    """A table to which rows are added and from which nothing is taken, enforced by PostgreSQL.

    The triggers are fired ``ALWAYS``, also with ``session_replication_role = replica``; whoever owns the table can
    still disable them, which is what the sealed chain and its anchor are for.
    """

    _name = "finance.append.only"
    _description = "Append-only table"
    _log_access = False

    def init(self):
        super().init()
        if not self._auto:
            return
        self.env.cr.execute(
            """
            CREATE OR REPLACE FUNCTION finance_audit_refuse() RETURNS trigger LANGUAGE plpgsql AS $$
            BEGIN
                RAISE EXCEPTION '%s of %s refused: the audit trail only grows.', TG_OP, TG_TABLE_NAME
                    USING ERRCODE = 'insufficient_privilege',
                          HINT = 'Nothing was changed. Write a new event instead; see docs/audit.md.';
            END $$
            """.replace("%s", "%")
        )
        table, trigger = SQL.identifier(self._table), SQL.identifier(f"{self._table}_append_only")
        self.env.cr.execute(SQL("DROP TRIGGER IF EXISTS %s ON %s", trigger, table))
        self.env.cr.execute(
            SQL(
                "CREATE TRIGGER %s BEFORE UPDATE OR DELETE OR TRUNCATE ON %s"
                " FOR EACH STATEMENT EXECUTE FUNCTION finance_audit_refuse()",
                trigger,
                table,
            )
        )
        self.env.cr.execute(SQL("ALTER TABLE %s ENABLE ALWAYS TRIGGER %s", table, trigger))
