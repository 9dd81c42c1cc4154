def migrate(cr, version):
    """An index over exchange and journal finds what this one found, and Odoo keeps what is no longer declared."""
    cr.execute("DROP INDEX IF EXISTS bank_statement_balance__exchange_id_index")
