"""Fills payments in Odoo's shell: a bill that is paid through the suite's rule of when it counts as paid."""

from odoo import Command

company = env.company
company.payments_await_bank = True
vendor = env["res.partner"].create({"name": "Vendor"})
bill = env["account.move"].create(
    {
        "move_type": "in_invoice",
        "partner_id": vendor.id,
        "invoice_date": "2026-03-04",
        "invoice_line_ids": [
            Command.create({"name": "Goods", "price_unit": 100, "tax_ids": [Command.clear()]})
        ],
    }
)
bill.action_post()
journal = env["account.journal"].search(
    [("type", "=", "bank"), ("company_id", "=", company.id)], limit=1
)
payment = (
    env["account.payment.register"]
    .with_context(active_model="account.move", active_ids=bill.ids)
    .create({"journal_id": journal.id})
    ._create_payments()
)
assert bill.payment_state == "in_payment", bill.payment_state
