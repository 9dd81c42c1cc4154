"""Fills reporting exports in Odoo's shell: an export to a folder with a run that was read."""

company = env.company
connection = env["finance.connection"].create(
    {"name": "Lake", "adapter": "folder", "environment": "sandbox", "company_id": company.id}
)
interface = env["finance.interface"].create(
    {
        "name": "Exports",
        "code": "lifecycle.reporting",
        "handler": "reporting_run",
        "connection_id": connection.id,
        "company_id": company.id,
    }
)
export = env["reporting.export"].create(
    {
        "name": "Items",
        "dataset_id": env.ref("reporting_export.dataset_journal_items").id,
        "interface_id": interface.id,
        "kind": "full",
        "date_from": "2026-01-01",
    }
)
run = export._start("full")
env.cr.commit()
run._build()
assert run.row_count, "The items of the statement that was uploaded before."
