def migrate(cr, version):
    """What changed is noted once for each statement: the ids together, no longer a row for each."""
    cr.execute(
        "ALTER TABLE reporting_change ALTER COLUMN res_id TYPE integer[] USING ARRAY[res_id]"
    )
    cr.execute("ALTER TABLE reporting_change RENAME COLUMN res_id TO res_ids")
