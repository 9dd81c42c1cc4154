def migrate(cr, version):
    """A match that was taken back by an entry of its own is known by it, so that it is not taken back once more."""
    cr.execute(
        """UPDATE account_bank_statement_line line SET match_reversal_id = move.id
             FROM (SELECT DISTINCT ON (res_id) res_id, (details::jsonb ->> 'entry')::int AS entry_id
                     FROM finance_audit_event
                    WHERE action = 'statement_line.match_reversed' AND res_model = 'account.bank.statement.line'
                    ORDER BY res_id, id DESC) taken_back
             JOIN account_move move ON move.id = taken_back.entry_id
            WHERE line.id = taken_back.res_id AND line.match_reversal_id IS NULL"""
    )
