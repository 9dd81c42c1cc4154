"""Fills the example adapter in Odoo's shell: a connection and a feed of the example bank."""

company = env.company
connection = env["finance.connection"].create(
    {
        "name": "Example bank",
        "adapter": "example_json",
        "environment": "sandbox",
        "endpoint": "https://bank.example",
        "company_id": company.id,
    }
)
interface = env["finance.interface"].create(
    {
        "name": "Example statements",
        "code": "lifecycle.example",
        "handler": "bank_statement",
        "connection_id": connection.id,
        "company_id": company.id,
    }
)
env["bank.statement.feed"].create(
    {
        "name": "Example feed",
        "interface_id": interface.id,
        "journal_id": env["account.journal"].search([("code", "=", "LIFE")]).id,
        "resource_ref": "a/1",
    }
)
