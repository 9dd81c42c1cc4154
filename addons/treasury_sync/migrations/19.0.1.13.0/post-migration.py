def migrate(cr, version):
    """The statement line that brought a payment back was known by the name of its entry alone, and channels had no
    owner: whoever made one looks after it.
    """
    cr.execute("UPDATE treasury_payment_channel SET owner_id = create_uid")
    cr.execute(
        """
        UPDATE treasury_payment_instruction item
           SET return_line_id = line.id
          FROM treasury_payment_news news
          JOIN account_move entry ON entry.name = news.status_code
          JOIN account_bank_statement_line line ON line.move_id = entry.id
         WHERE news.instruction_id = item.id
           AND entry.company_id = item.company_id
           AND item.state = 'returned'
           AND news.proven = 'returned'
           AND news.source = 'statement'
           AND news.effect = 'advance'
           AND item.return_line_id IS NULL
        """
    )
