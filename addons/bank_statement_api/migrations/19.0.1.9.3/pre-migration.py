def migrate(cr, version):
    """A consent's own last day stands apart from those of its accounts, of which the earliest was written over it."""
    cr.execute("ALTER TABLE bank_statement_consent RENAME COLUMN valid_until TO granted_until")
    cr.execute(
        """UPDATE bank_statement_consent consent SET granted_until = NULL
            WHERE EXISTS (SELECT 1 FROM bank_statement_feed feed
                           WHERE feed.consent_id = consent.id AND feed.authorized_until = consent.granted_until)"""
    )
