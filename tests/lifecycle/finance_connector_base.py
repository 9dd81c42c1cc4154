"""Fills the spine in Odoo's shell: a connection with a secret, an interface that received, an exception, a mapping."""

company = env.company
connection = env["finance.connection"].create(
    {
        "name": "Counterparty",
        "adapter": "webhook",
        "environment": "sandbox",
        "company_id": company.id,
    }
)
env["finance.credential"].create(
    {
        "name": "Signing secret",
        "connection_id": connection.id,
        "kind": "signing_secret",
        "secret": "whsec_bGlmZWN5Y2xl",
    }
)
interface = env["finance.interface"].create(
    {
        "name": "Events out",
        "code": "lifecycle.events",
        "handler": "event",
        "connection_id": connection.id,
        "company_id": company.id,
    }
)
interface._go_live("Needed by the lifecycle test.")
exchange = env["finance.exchange"]._emit(
    interface, "lifecycle-1", event_type="invoice.posted", content=b'{"type": "invoice.posted"}'
)
assert exchange._content() == b'{"type": "invoice.posted"}'
exchange._open_exception("rejected", "It was refused.", evidence={"reason": "a test"})
env["finance.mapping.table"].create(
    {
        "name": "Currencies",
        "kind": "currency",
        "connection_id": connection.id,
        "company_id": company.id,
    }
)
