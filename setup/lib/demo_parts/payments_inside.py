"""Runs inside Odoo's shell: who pays and approves, the channels, and sixty bills on their way. ``env`` is Odoo's.

Every step looks for what it would make, so that it can be repeated.
"""

from datetime import timedelta

from odoo import Command, fields

PEOPLE = (
    ("petra", "Petra Preparer", "preparer"),
    ("anna", "Anna Approver", "approver"),
    ("bruno", "Bruno Approver", "approver"),
)
VENDORS = (
    "Stahlwerk Hesse GmbH",
    "Kellermann Logistik AG",
    "Papeterie Rhône SA",
    "Nordlicht Energie GmbH",
    "Bodensee Verpackungen AG",
    "Hafenkran Service GmbH",
)
NOTE = "Bills of the demo"
"""On the orders that the demo makes and counts; people may make more."""
NEXT_WEEK = 6
"""Bills that are left for the next payment run."""
PROFILES = {"EUR": "sepa", "CHF": "ch_domestic", "USD": "cross_border"}
TOWNS = {
    "CH": ("8005", "Zürich", "Hardstrasse 12"),
    "DE": ("20457", "Hamburg", "Am Sandtorkai 30"),
}


def seed(env, world, channels, vendors, folder, pay_on):
    """Make what the part needs, up to approved orders whose interfaces are still off.

    :param dict channels: by code of the account, whether it pays over the bank's API
    :param list vendors: ``account`` that pays, ``iban`` and ``number``
    :param str folder: where payment files go; the bank's answers come below it
    """
    env = env(user=env.ref("base.user_admin").id)
    pay_on = fields.Date.to_date(pay_on)
    accounts = {item["code"]: item for item in world["accounts"]}
    owners = {item["code"]: item["name"] for item in world["entities"]}
    companies = {
        code: env["res.company"].search([("name", "=", name)]) for code, name in owners.items()
    }
    for company in companies.values():
        company.payments_await_bank = True
        postcode, town, street = TOWNS[company.partner_id.country_id.code]
        company.partner_id.write({"street": street, "zip": postcode, "city": town})
    users = _people(env, companies)
    env.user.group_ids |= env.ref("account.group_validate_bank_account")
    interfaces = env["finance.interface"]
    feeds = env["bank.statement.feed"].search([])
    orders = env["treasury.payment.order"].search([("note", "=", NOTE)], order="id")
    before = orders
    for code, over_api in channels.items():
        account = accounts[code]
        company = companies[account["entity"]]
        company_env = env(context={**env.context, "allowed_company_ids": company.ids})
        interface, report_feed = _way(company_env, company, account, over_api, folder)
        interfaces |= interface
        feeds |= report_feed
        reporting = report_feed.interface_id.connection_id
        channel = _channel(company_env, company, account, interface, reporting, over_api)
        if not before.filtered(lambda order, channel=channel: order.channel_id == channel):
            wanted = [vendor for vendor in vendors if vendor["account"] == code]
            orders |= _pay(company_env, company, channel, account, wanted, users, pay_on)
            if company == users["petra"].company_id:
                _bills_of_next_week(company_env, company, account, pay_on)
    # Of the other accounts this bank, which is days ahead of Odoo, would tell balances of today that are not.
    paying = orders.journal_id
    feeds = feeds.filtered(lambda feed: not feed.journal_id or feed.journal_id in paying)
    key = (
        env["res.users.apikeys"]
        .with_user(users["petra"])
        ._generate("rpc", "Demo payments", fields.Datetime.now() + timedelta(days=1))
    )
    env.cr.commit()
    return {
        "preparer_key": key,
        "order_ids": orders.ids,
        "interface_ids": interfaces.ids,
        "feed_ids": feeds.ids,
        "sent_before": [_sent(order) for order in before if order.exchange_id.attempt_ids],
        "pay_on": max(orders.mapped("requested_date")).isoformat(),
    }


def _sent(order):
    """:return: what the bank knew of an order; over the API by its request, else by its file"""
    exchange = order.exchange_id
    known = {"name": order._sent_name(), "content": exchange._content().decode()}
    if exchange.connection_id.adapter == "nextgenpsd2":
        known |= {
            "request_id": exchange.correlation_id,
            "payment_id": exchange.external_ref or None,
        }
    return known


def _people(env, companies):
    users = {}
    ids = [company.id for company in companies.values()]
    for login, name, group in PEOPLE:
        user = env["res.users"].search([("login", "=", login)])
        users[login] = user or env["res.users"].with_context(no_reset_password=True).create(
            {
                "name": name,
                "login": login,
                "password": login,
                "company_id": ids[0],
                "company_ids": [Command.set(ids)],
                "group_ids": [
                    Command.link(env.ref("base.group_user").id),
                    Command.link(env.ref(f"treasury_sync.group_treasury_{group}").id),
                ],
            }
        )
    return users


def _interface(env, company, connection, code, name, handler):
    model = env["finance.interface"]
    found = model.search([("code", "=", code), ("company_id", "=", company.id)], limit=1)
    if found:
        return found
    interface = model.create(
        {
            "name": name,
            "code": code,
            "company_id": company.id,
            "connection_id": connection.id,
            "handler": handler,
            "sync_mode": "micro_batch",
        }
    )
    version = env["finance.interface.version"].create(
        {
            "interface_id": interface.id,
            "reason": "Set up by the demo.",
            "base_seconds": 1,
            "cap_seconds": 2,
        }
    )
    version.action_propose()
    version.action_activate()
    return interface


def _connection(env, company, name, folder):
    model = env["finance.connection"]
    domain = [("name", "=", name), ("company_id", "=", company.id)]
    connection = model.search(domain, limit=1)
    if connection:
        connection.endpoint = folder
        return connection
    return model.create(
        {
            "name": name,
            "company_id": company.id,
            "environment": "sandbox",
            "adapter": "folder",
            "endpoint": folder,
        }
    )


def _way(env, company, account, over_api, folder):
    """:return: the interface that payments leave by, and the feed of the bank's reports"""
    feeds = env["bank.statement.feed"]
    if over_api:
        connection = env["finance.connection"].search(
            [("company_id", "=", company.id), ("adapter", "=", "nextgenpsd2")], limit=1
        )
        return (
            _interface(
                env, company, connection, "payments.api", "Payments over the API", "payment_order"
            ),
            feeds,
        )
    outbox = _connection(env, company, "Sandbox Bank payment files", folder)
    inbox = _connection(env, company, "Sandbox Bank status reports", f"{folder}/answers")
    reports = _interface(
        env, company, inbox, "payments.reports", "Status reports of the bank", "payment_report"
    )
    reports.action_set_live()
    feed = feeds.search([("interface_id", "=", reports.id)], limit=1) or feeds.create(
        {
            "name": "Status reports, files",
            "kind": "files",
            "interface_id": reports.id,
            "filename_pattern": f"*_{account['code']}_*",
        }
    )
    return (
        _interface(env, company, outbox, "payments.files", "Payments in files", "payment_order"),
        feed,
    )


def _channel(env, company, account, interface, reporting, over_api):
    journal = env["account.journal"].search(
        [
            ("company_id", "=", company.id),
            ("bank_account_id.sanitized_acc_number", "=", account["iban"]),
        ],
        limit=1,
    )
    model = env["treasury.payment.channel"]
    found = model.search([("journal_id", "=", journal.id)], limit=1)
    return found or model.create(
        {
            "name": f"{account['currency']} over the bank's {'API' if over_api else 'file drop'}",
            "company_id": company.id,
            "journal_id": journal.id,
            "interface_id": interface.id,
            "report_connection_ids": reporting.ids,
            "profile_code": PROFILES[account["currency"]],
            "service_level": "SEPA" if account["currency"] == "EUR" else False,
            "charge_bearer": "SLEV" if account["currency"] == "EUR" else "SHAR",
            "recognises_repeats": over_api,
        }
    )


def _pay(env, company, channel, account, vendors, users, pay_on):
    """Bills of this account's vendors, a payment run over them, and an order that two people approve."""
    currency = env["res.currency"].search([("name", "=", account["currency"])])
    bank = env["res.bank"].search([("bic", "=", "INGDDEFFXXX")], limit=1)
    bank = bank or env["res.bank"].create({"name": "Vendors' Bank", "bic": "INGDDEFFXXX"})
    partners = env["res.partner"].create(
        [
            {
                "name": f"{VENDORS[vendor['number'] % len(VENDORS)]} {account['currency']} {vendor['number'] + 1}",
                "is_company": True,
                "supplier_rank": 1,
                "street": TOWNS[vendor["iban"][:2]][2],
                "zip": TOWNS[vendor["iban"][:2]][0],
                "city": TOWNS[vendor["iban"][:2]][1],
                "country_id": env.ref(f"base.{vendor['iban'][:2].lower()}").id,
                "bank_ids": [
                    Command.create(
                        {
                            "acc_number": vendor["iban"],
                            "allow_out_payment": True,
                            "bank_id": bank.id if vendor["iban"].startswith("DE") else False,
                        }
                    )
                ],
            }
            for vendor in vendors
        ]
    )
    _bill(
        env,
        company,
        account,
        partners,
        [f"demo bill {account['currency']} {number + 1:02d}" for number in range(len(partners))],
        fields.Date.today(),
    )
    run = (
        env["treasury.payment.run"]
        .with_user(users["petra"])
        .create(
            {
                "company_id": company.id,
                "channel_id": channel.id,
                "currency_id": currency.id,
                "pay_on": pay_on,
                "due_until": pay_on,
                "partner_ids": [Command.set(partners.ids)],
            }
        )
    )
    run.action_propose()
    run.line_ids.selected = True
    order = env["treasury.payment.order"].browse(run.action_create_order()["res_id"])
    order.with_user(users["petra"]).note = NOTE
    order.with_user(users["petra"]).action_generate()
    for login in ("anna", "bruno"):
        order.with_user(users[login])._approve(order.digest)
    return order


def _bills_of_next_week(env, company, account, pay_on):
    """What the next payment run has to propose; nobody has paid it yet."""
    known = env["account.move"].search([("ref", "=like", f"demo bill {account['currency']} __")])
    partners = known.partner_id[:NEXT_WEEK]
    names = [f"demo next {account['currency']} {number:02d}" for number in range(1, NEXT_WEEK + 1)]
    _bill(env, company, account, partners, names, pay_on + timedelta(days=5))


def _bill(env, company, account, partners, references, due_on):
    """Enter and confirm a bill of each vendor."""
    currency = env["res.currency"].search([("name", "=", account["currency"])])
    env["account.move"].create(
        [
            {
                "move_type": "in_invoice",
                "partner_id": partner.id,
                "company_id": company.id,
                "currency_id": currency.id,
                "partner_bank_id": partner.bank_ids.id,
                "ref": reference,
                "invoice_date": fields.Date.today(),
                "invoice_date_due": due_on,
                "invoice_line_ids": [
                    Command.create(
                        {
                            "name": "Goods received",
                            "quantity": 1,
                            "price_unit": 310.0 + 41.25 * number,
                            "tax_ids": [Command.clear()],
                        }
                    )
                ],
            }
            for number, (partner, reference) in enumerate(zip(partners, references, strict=True))
        ]
    ).action_post()
