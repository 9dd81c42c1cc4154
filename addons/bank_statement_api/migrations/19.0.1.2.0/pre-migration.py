def migrate(cr, version):
    """The kind of a balance is any text of the bank by now: forget the list it was chosen from."""
    cr.execute(
        """DELETE FROM ir_model_data WHERE model = 'ir.model.fields.selection' AND res_id IN (
               SELECT selection.id FROM ir_model_fields_selection selection
                 JOIN ir_model_fields field ON field.id = selection.field_id
                WHERE field.model = 'bank.statement.balance' AND field.name = 'type')"""
    )
    cr.execute(
        """DELETE FROM ir_model_fields_selection USING ir_model_fields field
            WHERE field.id = field_id AND field.model = 'bank.statement.balance' AND field.name = 'type'"""
    )
