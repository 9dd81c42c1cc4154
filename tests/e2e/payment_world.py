"""What the payment tests do in Odoo's shell: a company that pays over the sandbox bank's API, or in files over SFTP."""

SETUP = """
from odoo import Command
account, url, count = {account!r}, {url!r}, {count!r}
company = env.company
env.ref("base.EUR").active = True
company.currency_id = env.ref("base.EUR")
company.payments_await_bank = True
own = env["res.partner.bank"].create({{"acc_number": account["iban"], "partner_id": company.partner_id.id}})
journal = env["account.journal"].create({{
    "name": "Bank", "code": "E2EP", "type": "bank", "bank_account_id": own.id}})
connection = env["finance.connection"].create({{
    "name": "Bank", "adapter": "nextgenpsd2", "environment": "sandbox", "company_id": company.id,
    "endpoint": url, "token_url": url + "/token", "client_id": "sandbox-client", "allow_private_address": True}})
env["finance.credential"].create({{
    "name": "Client", "connection_id": connection.id, "kind": "client_secret", "secret": "sandbox-secret"}})
interface = env["finance.interface"].create({{
    "name": "Payments", "code": "e2e.payments", "handler": "payment_order", "connection_id": connection.id,
    "company_id": company.id}})
version = env["finance.interface.version"].create({{
    "interface_id": interface.id, "reason": "Needed by a test.", "base_seconds": 1, "cap_seconds": 1,
    "max_attempts": 50}})
version.action_propose()
version.action_activate()
channel = env["treasury.payment.channel"].create({{
    "name": "SEPA", "company_id": company.id, "journal_id": journal.id, "interface_id": interface.id,
    "recognises_repeats": True}})
users = {{}}
for login, group in (("pia", "preparer"), ("alma", "approver"), ("bert", "approver")):
    users[login] = env["res.users"].create({{
        "name": login.title(), "login": login, "password": login, "company_id": company.id,
        "company_ids": [Command.set(company.ids)],
        "group_ids": [Command.link(env.ref("treasury_sync.group_treasury_" + group).id)]}})
env.user.group_ids |= env.ref("account.group_validate_bank_account")
vendor = env["res.partner"].create({{
    "name": "Vendor", "city": "Paris", "country_id": env.ref("base.fr").id}})
bank = env["res.partner.bank"].create({{
    "acc_number": "FR7630006000011234567890189", "partner_id": vendor.id, "allow_out_payment": True}})
orders = env["treasury.payment.order"]
for number in range(count):
    bill = env["account.move"].create({{
        "move_type": "in_invoice", "partner_id": vendor.id, "invoice_date": "2026-11-02", "ref": f"V{{number}}",
        "partner_bank_id": bank.id, "invoice_line_ids": [Command.create({{
            "name": "Goods", "price_unit": 100 + number, "tax_ids": [Command.clear()]}})]}})
    bill.action_post()
    payment = env["account.payment.register"].with_user(users["pia"]).with_context(
        active_model="account.move", active_ids=bill.ids).create({{"journal_id": journal.id}})._create_payments()
    order = env["treasury.payment.order"].with_user(users["pia"]).create({{
        "channel_id": channel.id, "payment_ids": [Command.set(payment.ids)]}})
    order.action_generate()
    if number < {approved!r}:
        for login in ("alma", "bert"):
            order.with_user(users[login])._approve(order.digest)
    orders |= order
print(interface.id, *orders.ids)
"""

SFTP = """
connection = env["finance.connection"].create({{
    "name": "Bank's server", "adapter": "sftp", "environment": "sandbox", "endpoint": {address!r},
    "allow_private_address": True, "company_id": env.company.id, "host_key": {host_key!r}}})
env["finance.credential"].create({{
    "name": "Key", "connection_id": connection.id, "kind": "private_key", "secret": {private_key!r}}})
interface = env["finance.interface"].browse({interface_id})
interface.connection_id = connection
channel = env["treasury.payment.channel"].search([("interface_id", "=", interface.id)])
channel.outbox_folder = {outbox!r}
interface.action_set_live()
"""
