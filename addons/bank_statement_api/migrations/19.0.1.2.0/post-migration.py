def migrate(cr, version):
    """Lines booked before there were reports came from statements; their references become searchable."""
    cr.execute(
        """UPDATE account_bank_statement_line
              SET bank_document_kind = 'statement',
                  account_servicer_ref = transaction_details->>'account_servicer_ref',
                  mandate_id = transaction_details->>'mandate_id',
                  creditor_scheme_id = transaction_details->>'creditor_id',
                  counterparty_bic = transaction_details->'counterparty'->>'bic',
                  bank_reversal = COALESCE((transaction_details->>'reversal')::boolean, FALSE)
            WHERE exchange_id IS NOT NULL AND bank_document_kind IS NULL
              AND jsonb_typeof(transaction_details) = 'object'"""
    )
