def migrate(cr, version):
    """An exchange knows the feed that brought it. Before, its key told it, or the name of its file: which is masked.

    A file is given to the only feed of its kind on its interface; where there are several, its name still decides.
    """
    cr.execute(
        """UPDATE finance_exchange exchange SET res_model = 'bank.statement.feed', res_id = feed.id
             FROM bank_statement_feed feed
            WHERE exchange.res_id IS NULL AND feed.interface_id = exchange.interface_id
              AND CASE WHEN exchange.idempotency_key ~ '^(shadow:)?(window|sync):'
                       THEN substring(exchange.idempotency_key FROM '(?:window|sync):([0-9]+):') = feed.id::text
                       ELSE exchange.source = CASE feed.kind WHEN 'files' THEN 'schedule' ELSE feed.kind END
                            AND NOT EXISTS (SELECT 1 FROM bank_statement_feed other
                                             WHERE other.interface_id = feed.interface_id
                                               AND other.kind = feed.kind AND other.id != feed.id)
                  END"""
    )
