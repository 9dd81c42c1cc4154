def migrate(cr, version):
    """Who approved a recall stood in a table of pairs that nothing guarded; each is a row of its own now."""
    cr.execute("SELECT to_regclass('res_users_treasury_payment_recall_rel')")
    if not cr.fetchone()[0]:
        return
    # These were given before: the guard is for those to come.
    cr.execute(
        """
        ALTER TABLE treasury_payment_recall_approval DISABLE TRIGGER treasury_recall_approval_fixed;
        INSERT INTO treasury_payment_recall_approval
                    (recall_id, company_id, digest, user_id, requested_by_id, approved_at, create_date, write_date)
             SELECT r.id, r.company_id, r.digest, a.res_users_id, r.requested_by_id, r.write_date, now(), now()
               FROM res_users_treasury_payment_recall_rel a
               JOIN treasury_payment_recall r ON r.id = a.treasury_payment_recall_id
              WHERE a.res_users_id <> r.requested_by_id
        ON CONFLICT DO NOTHING;
        ALTER TABLE treasury_payment_recall_approval ENABLE ALWAYS TRIGGER treasury_recall_approval_fixed;
        DROP TABLE res_users_treasury_payment_recall_rel;
        DELETE FROM ir_model_relation WHERE name = 'res_users_treasury_payment_recall_rel';
        """
    )
