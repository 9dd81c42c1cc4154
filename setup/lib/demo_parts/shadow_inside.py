"""Runs inside Odoo's shell: a second channel to one account, as somebody would try it before changing over."""

from odoo import Command


def seed_shadow(env, account, url, client_id, secret):
    """:return: the interface in shadow, its consent and its feed"""
    env = env(user=env.ref("base.user_admin").id)
    journal = env["account.journal"].search(
        [("bank_account_id.sanitized_acc_number", "=", account["iban"])], limit=1
    )
    company = journal.company_id
    env = env(context={**env.context, "allowed_company_ids": company.ids})
    owner = env["res.users"].search([("login", "=", "olivia")])
    connection = _connection(env, company, owner, url, client_id, secret)
    known = [("connection_id", "=", connection.id)]
    interface = env["finance.interface"].search(known)
    if not interface:
        interface = env["finance.interface"].create(
            {
                "name": "Statements over GoCardless",
                "code": "bank.statement.gocardless",
                "company_id": company.id,
                "connection_id": connection.id,
                "handler": "bank_statement",
                "in_order": True,
                "owner_id": owner.id,
            }
        )
        interface._activate_first("Tried beside the bank's own API.")
        interface.action_set_shadow()
    consent = env["bank.statement.consent"].search(known) or env["bank.statement.consent"].create(
        {
            "name": f"GoCardless, accounts of {company.name}",
            "connection_id": connection.id,
            "company_id": company.id,
            "holder_ref": "SANDBOXFINANCE_SFIN0000",
        }
    )
    feed = env["bank.statement.feed"].search([("interface_id", "=", interface.id)])
    feed = feed or env["bank.statement.feed"].create(
        {
            "name": f"{account['currency']} account, GoCardless",
            "kind": "account",
            "interface_id": interface.id,
            "consent_id": consent.id,
            "journal_id": journal.id,
            "resource_ref": account["resource_id"],
            "history_days": 60,
        }
    )
    env.cr.commit()
    return {"interface_id": interface.id, "consent_id": consent.id, "feed_id": feed.id}


def _connection(env, company, owner, url, client_id, secret):
    known = [("name", "=", "Sandbox GoCardless"), ("company_id", "=", company.id)]
    connection = env["finance.connection"].search(known)
    if not connection:
        return env["finance.connection"].create(
            {
                "name": "Sandbox GoCardless",
                "company_id": company.id,
                "environment": "sandbox",
                "owner_id": owner.id,
                "adapter": "gocardless",
                "endpoint": url,
                "client_id": client_id,
                "allow_private_address": True,
                "credential_ids": [
                    Command.create(
                        {"name": "Client secret", "kind": "client_secret", "secret": secret}
                    )
                ],
            }
        )
    # The sandbox answers at another port than the last time, and the secret is bound to the port. So is the access
    # token, which the connection asks for anew.
    connection.endpoint = url
    entered = connection.credential_ids.filtered(lambda held: held.kind == "client_secret")
    entered.filtered(lambda held: held.state == "disarmed").secret = secret
    return connection
