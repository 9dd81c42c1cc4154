"""Two workers of the real queue match payments of the same invoices at the same time."""

SETUP = """
company = env.company
company.currency_id = env.ref("base.EUR")
env.ref("base.EUR").active = True
partner = env["res.partner"].create({"name": "Customer"})
invoices = env["account.move"].create([
    {"move_type": "out_invoice", "partner_id": partner.id, "invoice_date": "2026-02-02", "invoice_line_ids": [
        (0, 0, {"name": "Goods", "price_unit": 50.0 + number, "tax_ids": [(5, 0, 0)]})]}
    for number in range(20)])
invoices.action_post()
for code in ("E2EA", "E2EB"):
    journal = env["account.journal"].create({"name": code, "code": code, "type": "bank"})
    lines = env["account.bank.statement.line"].create([
        {"journal_id": journal.id, "date": "2026-03-04", "amount": invoice.amount_total,
         "partner_name": "Customer", "payment_ref": invoice.name}
        for invoice in invoices])
    # Two jobs for each account, so that more than one worker finds something to do.
    for half in (lines[:10], lines[10:]):
        env["bank.statement.matcher"]._enqueue(journal, half)
env.cr.commit()
"""


def test_two_workers_never_settle_one_invoice_twice(odoo_server):
    server = odoo_server("matching")
    server.shell(SETUP)
    server.wait_for(
        lambda: (
            server.sql(
                "SELECT count(*) FROM queue_job WHERE method_name = '_job_match' AND state = 'done'"
            )
            == [(4,)]
        ),
        "four matching jobs",
    )
    paid = server.sql(
        """SELECT invoice.id, count(partial.id), sum(partial.amount), max(invoice.amount_total),
                  max(invoice.amount_residual)
             FROM account_move invoice
             JOIN account_move_line item ON item.move_id = invoice.id
             LEFT JOIN account_partial_reconcile partial ON partial.debit_move_id = item.id
            WHERE invoice.move_type = 'out_invoice' AND item.display_type = 'payment_term'
            GROUP BY invoice.id"""
    )
    assert len(paid) == 20
    for _invoice, count, amount, total, residual in paid:
        assert (count, amount, residual) == (1, total, 0)
    decisions = server.sql(
        "SELECT state, count(*) FROM bank_statement_match WHERE is_current GROUP BY state ORDER BY state"
    )
    assert decisions == [("posted", 20), ("waiting", 20)]
