"""Runs inside Odoo's shell: the gateway of the demo, the invoices that are paid over it, and a payroll system.

Every step looks for what it would make, so that it can be repeated. Not imported by the set-up: ``env`` is Odoo's.
"""

from datetime import timedelta

from odoo import Command, fields

SECRET = "whsec_of_the_demo"  # noqa: S105 - the sandbox tells it to whoever asks
ACCOUNTS = (
    ("clearing", "198001", "asset_current", "Stripe: owed to us"),
    ("transit", "198002", "asset_current", "Stripe: payouts in transit"),
    ("fee", "698001", "expense", "Fees of gateways"),
    ("difference", "698002", "expense", "Differences of gateways"),
    ("wages", "698003", "expense", "Wages"),
    ("payable", "298001", "liability_current", "Wages to be paid"),
)
PAYROLL = "demo.payroll"


def prepare(env, company_name, sandbox_url, invoices):
    """Make what the part needs.

    :param int invoices: how many customers pay over the gateway
    :return: where webhooks go, the invoices' numbers, and how payroll comes in
    """
    env = env(user=env.ref("base.user_admin").id)
    company = env["res.company"].search([("name", "=", company_name)])
    env = env(context={**env.context, "allowed_company_ids": company.ids})
    company = company.with_env(env)
    if not company.payments_await_bank:
        company.payments_await_bank = True
    accounts = {key: _account(env, company, *row) for key, *row in ACCOUNTS}
    gateway = _gateway(env, company, sandbox_url, accounts)
    numbers = _invoices(env, company, invoices)
    payroll_key = _payroll(env, company, accounts)
    env.cr.commit()
    return {
        "gateway_id": gateway.id,
        "interface_id": gateway.interface_id.id,
        "token": gateway.connection_id.webhook_token,
        "secret": SECRET,
        "invoices": numbers,
        "payroll": PAYROLL,
        "payroll_key": payroll_key,
    }


def _account(env, company, code, kind, name):
    model = env["account.account"].with_company(company)
    return model.search([("code", "=", code)], limit=1) or model.create(
        {
            "name": name,
            "code": code,
            "account_type": kind,
            "reconcile": kind == "asset_current",
            "company_ids": [Command.set(company.ids)],
        }
    )


def _gateway(env, company, sandbox_url, accounts):
    gateway = env["treasury.gateway"].search([("company_id", "=", company.id)], limit=1)
    if gateway:
        # The sandbox listens on another port each time.
        gateway.connection_id.endpoint = f"{sandbox_url}/stripe/v1"
        for credential in gateway.connection_id.sudo().credential_ids:
            credential.secret = "sk_test_sandbox" if credential.kind == "api_key" else SECRET
        return gateway
    connection = env["finance.connection"].create(
        {
            "name": "Stripe",
            "adapter": "stripe",
            "environment": "sandbox",
            "company_id": company.id,
            "endpoint": f"{sandbox_url}/stripe/v1",
            "allow_private_address": True,
        }
    )
    for kind, secret in (("api_key", "sk_test_sandbox"), ("signing_secret", SECRET)):
        env["finance.credential"].create(
            {"name": kind, "connection_id": connection.id, "kind": kind, "secret": secret}
        )
    interface = _interface(env, company, connection, "gateway_settlement", "demo.stripe")
    journal = env["account.journal"].create(
        {"name": "Stripe", "code": "STRP", "type": "bank", "company_id": company.id}
    )
    return env["treasury.gateway"].create(
        {
            "name": "Stripe",
            "interface_id": interface.id,
            "journal_id": journal.id,
            "interval_minutes": 60,
            **{
                f"{key}_account_id": accounts[key].id
                for key in ("clearing", "transit", "fee", "difference")
            },
        }
    )


def _interface(env, company, connection, handler, code, settings=None):
    interface = env["finance.interface"].create(
        {
            "name": connection.name,
            "code": code,
            "handler": handler,
            "connection_id": connection.id,
            "company_id": company.id,
            "sync_mode": "event",
        }
    )
    version = env["finance.interface.version"].create(
        {"interface_id": interface.id, "reason": "Needed by the demo.", "settings": settings}
    )
    version.action_propose()
    version.action_activate()
    interface.action_set_live()
    return interface


def _invoices(env, company, wanted):
    known = env["account.move"].search(
        [("company_id", "=", company.id), ("ref", "like", "Web shop %")], order="id"
    )
    if not known:
        customers = env["res.partner"].search([("customer_rank", ">", 0)], limit=6, order="id")
        known = env["account.move"].create(
            [
                {
                    "move_type": "out_invoice",
                    "company_id": company.id,
                    "partner_id": customers[number % len(customers)].id,
                    "invoice_date": "2026-11-03",
                    "ref": f"Web shop {number + 1:03d}",
                    "invoice_line_ids": [
                        Command.create(
                            {
                                "name": "Order of the web shop",
                                "quantity": 1,
                                "price_unit": 20 + number,
                                "tax_ids": [Command.clear()],
                            }
                        )
                    ],
                }
                for number in range(wanted)
            ]
        )
        known.action_post()
    return known.mapped("name")


def _payroll(env, company, accounts):
    """:return: a key of the payroll system's user, who may do nothing but hand over journals"""
    user = env["res.users"].search([("login", "=", "payroll")])
    user = user or env["res.users"].with_context(no_reset_password=True).create(
        {
            "name": "Payroll System",
            "login": "payroll",
            "company_id": company.id,
            "company_ids": [Command.set(company.ids)],
            "group_ids": [Command.set(env.ref("finance_connector_base.group_finance_api").ids)],
        }
    )
    if not env["finance.interface"].search_count([("code", "=", PAYROLL)]):
        connection = env["finance.connection"].create(
            {
                "name": "Payroll",
                "adapter": "upload",
                "environment": "sandbox",
                "company_id": company.id,
            }
        )
        table = env["finance.mapping.table"]._of("account", company, connection)
        for code, key in (("WAGES", "wages"), ("NET", "payable")):
            env["finance.mapping.entry"].create(
                {"table_id": table.id, "code": code, "res_id": accounts[key].id}
            )
        interface = _interface(
            env, company, connection, "journal_document", PAYROLL, {"policy": "post"}
        )
        interface.api_user_ids = [Command.link(user.id)]
    expires = fields.Datetime.now() + timedelta(days=1)
    return env(user=user.id)["res.users.apikeys"]._generate("rpc", "Demo", expires)
