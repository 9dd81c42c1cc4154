"""Runs inside Odoo's shell: the group of both companies, its rates of the day and its reporting platform."""

from odoo import Command, fields

CODE = "ALPEN"
CODES = ("AT01", "NH01")
RATES = {"CHF": 0.94, "EUR": 1.0, "USD": 1.09}


def seed_group(env, company_ids, sandbox_url, secret):
    """:return: the group, and where its platform sends receipts"""
    env = env(
        user=env.ref("base.user_admin").id,
        context={**env.context, "allowed_company_ids": company_ids},
    )
    companies = env["res.company"].browse(company_ids)
    owner = companies[0]
    _rates(env, owner)
    _codes(env, companies)
    platform = _platform(env, owner, sandbox_url, secret)
    group = env["cash.position.group"].search([("code", "=", CODE)])
    group = group or env["cash.position.group"].create(
        {
            "name": "Alpenglut Group",
            "code": CODE,
            "company_id": owner.id,
            "currency_id": env.ref("base.EUR").id,
            "entity_ids": [Command.set(companies.ids)],
            "reader_ids": [Command.set(_reader(env, owner).ids)],
            "interface_id": _interface(env, platform, "cash_position").id,
            "interval_hours": 0,
        }
    )
    _interface(env, platform, "cash_position_receipt")
    env.cr.commit()
    return {"group_id": group.id, "webhook": platform.webhook_address}


def _rates(env, owner):
    """Rates of today: older ones would make the position say that they are old."""
    base = RATES[owner.currency_id.name]
    for code, rate in RATES.items():
        currency = env["res.currency"].search([("name", "=", code)])
        known = [
            ("currency_id", "=", currency.id),
            ("company_id", "=", owner.id),
            ("name", "=", fields.Date.today()),
        ]
        if currency != owner.currency_id and not env["res.currency.rate"].search(known):
            env["res.currency.rate"].create(
                {
                    "name": fields.Date.today(),
                    "currency_id": currency.id,
                    "company_id": owner.id,
                    "rate": rate / base,
                }
            )


def _codes(env, companies):
    table = env["finance.mapping.table"].search(
        [("kind", "=", "entity"), ("company_id", "=", False), ("connection_id", "=", False)]
    )
    table = table or env["finance.mapping.table"].create(
        {"name": "Entities of the group", "kind": "entity", "company_id": False}
    )
    for code, company in zip(CODES, companies, strict=True):
        if not table.entry_ids.filtered(lambda entry, code=code: entry.code == code):
            env["finance.mapping.entry"].create(
                {"table_id": table.id, "code": code, "res_id": company.id}
            )


def _reader(env, owner):
    reader = env["res.users"].search([("login", "=", "greta")])
    return reader or env["res.users"].with_context(no_reset_password=True).create(
        {
            "name": "Greta Group",
            "login": "greta",
            "password": "greta",
            "company_id": owner.id,
            "company_ids": [Command.set(owner.ids)],
            "group_ids": [
                Command.link(env.ref("base.group_user").id),
                Command.link(env.ref("treasury_sync.group_treasury_cash_reader").id),
            ],
        }
    )


def _platform(env, owner, sandbox_url, secret):
    platform = env["finance.connection"].search([("adapter", "=", "reporting_platform")], limit=1)
    platform = platform or env["finance.connection"].create(
        {
            "name": "Group reporting",
            "adapter": "reporting_platform",
            "environment": "sandbox",
            "company_id": owner.id,
            "client_id": "sandbox-client",
            "allow_private_address": True,
        }
    )
    platform.write({"endpoint": sandbox_url, "token_url": f"{sandbox_url}/token"})
    for name, kind, value in (
        ("Client", "client_secret", "sandbox-secret"),
        ("Receipts", "signing_secret", secret),
    ):
        # The sandbox answers at another port each time, and a secret is sent only where it was entered for.
        platform.credential_ids.filtered(lambda each, kind=kind: each.kind == kind).unlink()
        env["finance.credential"].create(
            {"name": name, "connection_id": platform.id, "kind": kind, "secret": value}
        )
    return platform


def _interface(env, platform, handler):
    code = f"demo.{handler}"
    interface = env["finance.interface"].search([("code", "=", code)])
    if not interface:
        interface = env["finance.interface"].create(
            {
                "name": "Cash position" if handler == "cash_position" else "Receipts of positions",
                "code": code,
                "handler": handler,
                "connection_id": platform.id,
                "company_id": platform.company_id.id,
            }
        )
        interface._go_live("Part of the demo.")
    return interface
