def migrate(cr, version):
    """What was announced, or stated as balance, before its format was kept: the lines of the same document know it.

    Without it an announcement would stay for ever, since each channel takes back its own only.
    """
    for table, column in (
        ("bank_statement_pending", "channel"),
        ("bank_statement_balance", "source_format"),
    ):
        cr.execute(
            f"""UPDATE {table} told
                   SET {column} = coalesce(
                           (SELECT line.bank_channel FROM account_bank_statement_line line
                             WHERE line.exchange_id = told.exchange_id AND line.bank_channel IS NOT NULL
                             LIMIT 1),
                           CASE WHEN connection.adapter IN ('nextgenpsd2', 'gocardless', 'plaid', 'ponto')
                                THEN connection.adapter ELSE 'camt.053' END)
                  FROM finance_exchange exchange
                  JOIN finance_connection connection ON connection.id = exchange.connection_id
                 WHERE exchange.id = told.exchange_id AND told.{column} IS NULL"""  # noqa: S608 - our names
        )
