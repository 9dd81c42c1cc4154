"""Fills bank statements in Odoo's shell: a statement booked by upload, a feed with a gap, a consent."""

import sys
from datetime import date
from decimal import Decimal

sys.path.insert(0, ".")
from tests.camt_writer import Line, daily_file

IBAN = "DE89370400440532013000"
company = env.company
currency = company.currency_id.name
account = env["res.partner.bank"].create({"acc_number": IBAN, "partner_id": company.partner_id.id})
journal = env["account.journal"].create(
    {"name": "Bank", "code": "LIFE", "type": "bank", "bank_account_id": account.id}
)
interface = env["bank.statement.upload"]._get_interface(company)
content = daily_file(
    IBAN,
    currency,
    [
        Line(date(2026, 3, 4), Decimal(number), f"Payment {number}", reference=f"R{number}")
        for number in range(1, 41)
    ],
)
exchange, _is_new = env["finance.exchange"]._receive(
    interface, "lifecycle", content, source="upload"
)
env.cr.commit()
exchange._job_process()
lines = env["account.bank.statement.line"].search([("journal_id", "=", journal.id)])
assert len(lines) == 40, exchange.exception_ids.mapped("summary")
connection = env["finance.connection"].create(
    {"name": "Bank", "adapter": "nextgenpsd2", "environment": "sandbox", "company_id": company.id}
)
api = env["finance.interface"].create(
    {
        "name": "API",
        "code": "lifecycle.api",
        "handler": "bank_statement",
        "connection_id": connection.id,
        "company_id": company.id,
    }
)
consent = env["bank.statement.consent"].create(
    {"name": "Accounts", "connection_id": connection.id, "company_id": company.id}
)
feed = env["bank.statement.feed"].create(
    {
        "name": "Feed",
        "interface_id": api.id,
        "journal_id": journal.id,
        "resource_ref": "r1",
        "consent_id": consent.id,
    }
)
env["bank.statement.gap"].create(
    {
        "feed_id": feed.id,
        "date_from": "2026-03-05",
        "date_to": "2026-03-06",
        "reason": "The bank was down.",
    }
)
