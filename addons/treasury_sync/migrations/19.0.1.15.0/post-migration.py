def migrate(cr, version):
    """Who entered a mandate approves no collection by it: whoever made it, and whoever wrote to it last, as far as is
    known of mandates of before; nor in the orders that wait.
    """
    cr.execute(
        """
        INSERT INTO treasury_mandate_editor_rel (mandate_id, user_id)
        SELECT id, create_uid FROM treasury_mandate WHERE create_uid IS NOT NULL
         UNION
        SELECT id, write_uid FROM treasury_mandate WHERE write_uid IS NOT NULL
        ON CONFLICT DO NOTHING
        """
    )
    cr.execute(
        """
        INSERT INTO treasury_order_excluded_user_rel (order_id, user_id)
        SELECT DISTINCT item.order_id, editor.user_id
          FROM treasury_payment_instruction item
          JOIN treasury_payment_order waiting ON waiting.id = item.order_id
          JOIN treasury_mandate_editor_rel editor ON editor.mandate_id = item.mandate_id
         WHERE waiting.state IN ('to_approve', 'approved')
        ON CONFLICT DO NOTHING
        """
    )
