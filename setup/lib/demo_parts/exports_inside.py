"""Runs inside Odoo's shell: a month that is locked, and its way to a folder, an S3 store and a warehouse."""

from odoo import Command, fields

CUSTOMER = "Brückenwerk Handels AG"
INVOICES = 20
TARGETS = ("folder", "s3", "warehouse")
NAMES = {
    "folder": "folder",
    "s3": "S3 store",
    "warehouse": "warehouse",
    "openlineage": "lineage backend",
}


def seed_exports(env, company_id, month, addresses):
    """Post and lock a month, and have an export of it for each target.

    :param str month: its first day, ISO 8601
    :param dict addresses: by adapter, where the sandbox, the store and the warehouse are this time
    :return: ids of the exports by target; back-fills, by id of the export, of those that were exported before
    """
    company = env["res.company"].browse(company_id)
    env = env(
        user=env.ref("base.user_admin").id,
        context={**env.context, "allowed_company_ids": company.ids},
    )
    company = company.with_env(env)
    start = fields.Date.to_date(month)
    _post(env, company, start)
    company.fiscalyear_lock_date = fields.Date.end_of(start, "month")
    lineage = _interface(env, company, "lineage", "openlineage", addresses)
    exports, again = {}, {}
    for target in TARGETS:
        interface = _interface(env, company, "reporting_run", target, addresses)
        export = env["reporting.export"].search([("interface_id", "=", interface.id)])
        export = export or env["reporting.export"].create(
            {
                "name": f"Closed months: {NAMES[target]}",
                "dataset_id": env.ref("reporting_export.dataset_journal_items").id,
                "interface_id": interface.id,
                "lineage_interface_id": lineage.id,
                "entity_ids": [Command.set(company.ids)],
                "kind": "close",
                "date_from": start,
                "interval_hours": 0,
            }
        )
        exports[target] = export.id
        if export.run_ids:
            # The stores of an earlier demo are gone: the month is brought again.
            again[export.id] = (
                env["reporting.backfill"]
                .create({"export_id": export.id, "date_from": start, "date_to": start})
                .id
            )
    env.cr.commit()
    return {"exports": exports, "again": again, "s3": addresses["s3"]}


def _post(env, company, start):
    partner = env["res.partner"].search([("name", "=", CUSTOMER)], limit=1)
    known = [("company_id", "=", company.id), ("ref", "=like", "closed month %")]
    if env["account.move"].search_count(known):
        return
    moves = env["account.move"].create(
        [
            {
                "move_type": "out_invoice",
                "partner_id": partner.id,
                "ref": f"closed month {number}",
                "invoice_date": fields.Date.add(start, days=number),
                "invoice_line_ids": [
                    Command.create(
                        {
                            "name": "Goods",
                            "price_unit": 1000 + 37.35 * number,
                            "tax_ids": [Command.clear()],
                        }
                    )
                ],
            }
            for number in range(INVOICES)
        ]
    )
    moves.action_post()


def _interface(env, company, handler, adapter, addresses):
    code = f"demo.{handler}.{adapter}"
    interface = env["finance.interface"].search([("code", "=", code)])
    connection = interface.connection_id or env["finance.connection"].create(
        {
            "name": f"Reporting: {NAMES[adapter]}",
            "adapter": adapter,
            "environment": "sandbox",
            "company_id": company.id,
            "allow_private_address": True,
        }
    )
    connection.endpoint = addresses[adapter]
    if adapter == "s3":
        # The store listens at another port each time, and a secret is sent only where it was entered for.
        connection.client_id = "demo"
        connection.credential_ids.unlink()
        env["finance.credential"].create(
            {
                "name": "Secret access key",
                "connection_id": connection.id,
                "kind": "api_key",
                "secret": "demo-secret",
            }
        )
    if not interface:
        interface = env["finance.interface"].create(
            {
                "name": f"Exports to {NAMES[adapter]}" if handler != "lineage" else "Lineage",
                "code": code,
                "handler": handler,
                "connection_id": connection.id,
                "company_id": company.id,
            }
        )
        interface._go_live("Part of the demo.")
    return interface
