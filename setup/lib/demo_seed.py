"""Runs inside Odoo's shell: two companies, their banks, customers and invoices, and the connections to the sandbox.

Every step looks for what it would make, so that it can be repeated. Not imported by the set-up: ``env`` is Odoo's.
"""

from datetime import timedelta

from odoo import Command, fields

CUSTOMERS = (
    "Brückenwerk Handels AG",
    "Lindenau Optik GmbH",
    "Fjordlys Handel AS",
    "Ostseekontor Logistik GmbH",
    "Valbruna Tessuti S.r.l.",
    "Kettlewell & Daughters Ltd",
)
PEOPLE = (
    ("olivia", "Olivia Operator", "group_finance_operator"),
    ("martin", "Martin Manager", "group_finance_manager"),
    ("vera", "Vera Viewer", "group_finance_viewer"),
    ("anton", "Anton Auditor", "group_finance_auditor"),
)
COMPANY_CURRENCY = {"alpenglut": "CHF", "nordhafen": "EUR"}
RATES = {"CHF": 0.94, "EUR": 1.0, "USD": 1.09}
INVOICES_AN_ACCOUNT = 12
OVER_PLAID = "alpenglut-usd"
"""The account that is read over Plaid; the others over NextGenPSD2 and from files."""


def seed(env, world, sandbox_url, folder, today, odoo_url):
    """Make what the demo needs.

    :param dict world: the sandbox's own description of itself, ``GET /control/world``
    :param str folder: where the sandbox drops statement files
    :param str odoo_url: where account holders come back to
    :return: what the cycle needs to know, receivables for the sandbox among it
    """
    today = fields.Date.to_date(today)
    env = env(user=env.ref("base.user_admin").id)
    env["ir.config_parameter"].set_param("web.base.url", odoo_url)
    _currencies(env)
    companies = {}
    for position, entity in enumerate(world["entities"]):
        companies[entity["code"]] = _company(env, entity, first=not position)
    env.user.company_ids = [Command.link(company.id) for company in companies.values()]
    _people(env, companies)
    feeds, receivables, consents = env["bank.statement.feed"], [], env["bank.statement.consent"]
    for entity in world["entities"]:
        company = companies[entity["code"]]
        company_env = env(context={**env.context, "allowed_company_ids": company.ids})
        accounts = [account for account in world["accounts"] if account["entity"] == entity["code"]]
        journals = {
            account["code"]: _journal(company_env, company, account) for account in accounts
        }
        for account in accounts:
            receivables += _invoices(company_env, company, account, entity["code"], today)
        api, consent = _api(company_env, company, entity, sandbox_url, world)
        consents |= consent
        drop = _drop(company_env, company, folder)
        for account in accounts:
            if account["code"] == OVER_PLAID:
                plaid, consent = _plaid(company_env, company, sandbox_url, world)
                consents |= consent
                feeds |= _account_feed(
                    company_env,
                    plaid,
                    consent,
                    account,
                    journals[account["code"]],
                    resource_ref=account["plaid_id"],
                )
            elif "api" in account["channels"]:
                feeds |= _account_feed(
                    company_env, api, consent, account, journals[account["code"]]
                )
            if "file" in account["channels"]:
                feeds |= _file_feed(company_env, drop, account)
    # The sandbox counts what it serves and what it is asked from its start, with the same ids: so does a repeated demo.
    feeds.sudo().write({"covered_until": False, "sync_cursor": False})
    env["finance.connection.quota"].sudo().search([]).unlink()
    key = env["res.users.apikeys"]._generate(
        "rpc", "Demo cycle", fields.Datetime.now() + timedelta(days=1)
    )
    env.cr.commit()
    return {
        "api_key": key,
        "consent_ids": consents.ids,
        "feed_ids": feeds.ids,
        "receivables": receivables,
        "companies": {company.id: company.name for company in companies.values()},
    }


def _currencies(env):
    codes = (
        env["res.currency"].with_context(active_test=False).search([("name", "in", list(RATES))])
    )
    codes.active = True


def _company(env, entity, first):
    model = env["res.company"]
    company = model.search([("name", "=", entity["name"])], limit=1)
    if company:
        return company
    currency = env["res.currency"].search([("name", "=", COMPANY_CURRENCY[entity["code"]])])
    vals = {"name": entity["name"], "currency_id": currency.id}
    if first:
        company = env.ref("base.main_company")
        company.write(vals)
    else:
        company = model.create(vals)
        env.user.company_ids = [Command.link(company.id)]
        env["account.chart.template"].try_loading("generic_coa", company, install_demo=False)
        company.currency_id = currency
    # On the partner: a country given to the company would install the country's accounting package.
    company.partner_id.country_id = env["res.country"].search([("code", "=", entity["country"])])
    base = RATES[currency.name]
    for code, rate in RATES.items():
        if code != currency.name:
            env["res.currency.rate"].create(
                {
                    "name": "2026-01-01",
                    "currency_id": env["res.currency"].search([("name", "=", code)]).id,
                    "company_id": company.id,
                    "rate": rate / base,
                }
            )
    return company


def _people(env, companies):
    for login, name, group in PEOPLE:
        if not env["res.users"].search([("login", "=", login)]):
            env["res.users"].with_context(no_reset_password=True).create(
                {
                    "name": name,
                    "login": login,
                    "password": login,
                    "company_id": env.company.id,
                    "company_ids": [Command.set([company.id for company in companies.values()])],
                    "group_ids": [
                        Command.link(env.ref("base.group_user").id),
                        Command.link(env.ref(f"finance_connector_base.{group}").id),
                    ],
                }
            )


def _journal(env, company, account):
    journal = env["account.journal"].search(
        [
            ("company_id", "=", company.id),
            ("bank_account_id.sanitized_acc_number", "=", account["iban"]),
        ],
        limit=1,
    )
    if journal:
        return journal
    bank = env["res.bank"].search([("bic", "=", account["bic"])], limit=1)
    bank = bank or env["res.bank"].create({"name": "Sandbox Bank", "bic": account["bic"]})
    bank_account = env["res.partner.bank"].create(
        {
            "acc_number": account["iban"],
            "partner_id": company.partner_id.id,
            "bank_id": bank.id,
        }
    )
    currency = env["res.currency"].search([("name", "=", account["currency"])])
    return env["account.journal"].create(
        {
            "name": f"Sandbox Bank {account['currency']}",
            "code": f"SB{account['currency'][:3]}",
            "type": "bank",
            "company_id": company.id,
            "currency_id": currency.id if currency != company.currency_id else False,
            "bank_account_id": bank_account.id,
        }
    )


def _invoices(env, company, account, entity_code, today):
    """Open invoices that customers will pay to this account.

    :return: what the sandbox has to know about them
    """
    currency = env["res.currency"].search([("name", "=", account["currency"])])
    invoices = env["account.move"].search(
        [("move_type", "=", "out_invoice"), ("ref", "=", f"demo {account['code']}")], order="id"
    )
    for number in range(len(invoices), INVOICES_AN_ACCOUNT):
        name = CUSTOMERS[number % len(CUSTOMERS)]
        partner = env["res.partner"].search([("name", "=", name)], limit=1)
        partner = partner or env["res.partner"].create({"name": name, "is_company": True})
        invoices |= env["account.move"].create(
            {
                "move_type": "out_invoice",
                "partner_id": partner.id,
                "company_id": company.id,
                "currency_id": currency.id,
                "ref": f"demo {account['code']}",
                "invoice_date": today - timedelta(days=40 - 2 * number),
                "invoice_date_due": today - timedelta(days=14 - number),
                "invoice_line_ids": [
                    Command.create(
                        {
                            "name": "Goods delivered",
                            "quantity": 1,
                            "price_unit": 480.0 + 37.5 * number,
                            "tax_ids": [Command.clear()],
                        }
                    )
                ],
            }
        )
    invoices.filtered(lambda invoice: invoice.state == "draft").action_post()
    return [
        {
            "entity": entity_code,
            "account_currency": account["currency"],
            "amount": f"{invoice.amount_total:.2f}",
            "currency": invoice.currency_id.name,
            "reference": invoice.payment_reference or invoice.name,
            "customer_name": invoice.partner_id.name,
            "due_date": invoice.invoice_date_due.isoformat(),
        }
        for invoice in invoices
    ]


def _operator(env):
    """Who looks after what comes in."""
    return env["res.users"].search([("login", "=", "olivia")])


def _connection(env, company, name, vals):
    connection = env["finance.connection"].search(
        [("name", "=", name), ("company_id", "=", company.id)], limit=1
    )
    if connection:
        connection.write(vals)
        return connection
    return env["finance.connection"].create(
        {
            "name": name,
            "company_id": company.id,
            "environment": "sandbox",
            "owner_id": _operator(env).id,
            **vals,
        }
    )


def _client_secret(env, connection, world):
    credential = connection.credential_ids.filtered(lambda held: held.kind == "client_secret")
    if credential.state == "disarmed":
        # The sandbox answers at another port than the last time.
        credential.secret = world["client_secret"]
    if not credential:
        env["finance.credential"].create(
            {
                "name": "Client secret",
                "connection_id": connection.id,
                "kind": "client_secret",
                "secret": world["client_secret"],
            }
        )


def _interface(env, company, connection, code, name):
    interface = env["finance.interface"].search(
        [("code", "=", code), ("company_id", "=", company.id)], limit=1
    )
    if not interface:
        interface = env["finance.interface"].create(
            {
                "name": name,
                "code": code,
                "company_id": company.id,
                "connection_id": connection.id,
                "handler": "bank_statement",
                "sync_mode": "micro_batch",
                "in_order": True,
                "owner_id": _operator(env).id,
            }
        )
        interface._go_live(reason="Set up by the demo.")
    return interface


def _api(env, company, entity, sandbox_url, world):
    connection = _connection(
        env,
        company,
        "Sandbox Bank API",
        {
            "adapter": "nextgenpsd2",
            "endpoint": sandbox_url,
            "token_url": f"{sandbox_url}/token",
            "client_id": world["client_id"],
            "allow_private_address": True,
        },
    )
    _client_secret(env, connection, world)
    interface = _interface(
        env, company, connection, "bank.statement.api", "Statements over the bank's API"
    )
    consent = env["bank.statement.consent"].search([("connection_id", "=", connection.id)], limit=1)
    consent = consent or env["bank.statement.consent"].create(
        {
            "name": f"Accounts of {company.name}",
            "connection_id": connection.id,
            "company_id": company.id,
            "holder_ref": entity["code"],
        }
    )
    return interface, consent


def _plaid(env, company, sandbox_url, world):
    connection = _connection(
        env,
        company,
        "Sandbox Plaid",
        {
            "adapter": "plaid",
            "endpoint": f"{sandbox_url}/plaid",
            "client_id": world["client_id"],
            "allow_private_address": True,
        },
    )
    _client_secret(env, connection, world)
    interface = _interface(
        env, company, connection, "bank.statement.plaid", "Statements over Plaid"
    )
    consent = env["bank.statement.consent"].search([("connection_id", "=", connection.id)], limit=1)
    consent = consent or env["bank.statement.consent"].create(
        {
            "name": f"Plaid item of {company.name}",
            "connection_id": connection.id,
            "company_id": company.id,
        }
    )
    return interface, consent


def _drop(env, company, folder):
    connection = _connection(
        env, company, "Sandbox Bank file drop", {"adapter": "folder", "endpoint": folder}
    )
    return _interface(
        env, company, connection, "bank.statement.files", "Statement files of the bank"
    )


def _account_feed(env, interface, consent, account, journal, resource_ref=None):
    feed = env["bank.statement.feed"].search(
        [("interface_id", "=", interface.id), ("journal_id", "=", journal.id)], limit=1
    )
    return feed or env["bank.statement.feed"].create(
        {
            "name": f"{account['currency']} account, API",
            "kind": "account",
            "interface_id": interface.id,
            "consent_id": consent.id,
            "journal_id": journal.id,
            "resource_ref": resource_ref or account["resource_id"],
            "history_days": 60,
        }
    )


def _file_feed(env, interface, account):
    pattern = f"*{account['iban'][:2]}*{account['iban'][-4:]}_*"
    feed = env["bank.statement.feed"].search(
        [("interface_id", "=", interface.id), ("filename_pattern", "=", pattern)], limit=1
    )
    return feed or env["bank.statement.feed"].create(
        {
            "name": f"{account['currency']} account, files",
            "kind": "files",
            "interface_id": interface.id,
            "filename_pattern": pattern,
        }
    )
