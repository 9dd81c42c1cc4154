"""What the tests of the edges share: a connection that takes signed webhooks, and users of every kind."""

import base64
import hashlib
import hmac
import json
import time

SECRET = "whsec_" + "c2VjcmV0IG9mIHRoZSB0ZXN0cyBvZiB0aGUgZWRnZXM="

_SETUP = """
import datetime, json
from odoo import Command
company = env.company
other = env["res.company"].create({{"name": "Birch GmbH"}})
connection = env["finance.connection"].create({{
    "name": "Acme", "adapter": "webhook", "environment": "sandbox", "company_id": company.id,
}})
env["finance.credential"].create({{
    "name": "Signing", "connection_id": connection.id, "kind": "signing_secret", "secret": {secret!r},
}})
interface = env["finance.interface"].create({{
    "name": "Acme events", "code": "acme.events", "connection_id": connection.id, "handler": "dummy",
}})
interface._go_live("Needed by a test.")
keys = {{}}
for login, groups, home, scope in (
    ("caller", ["finance_connector_base.group_finance_api"], company, "rpc"),
    ("foreign_caller", ["finance_connector_base.group_finance_api"], other, "rpc"),
    ("viewer", ["base.group_user", "finance_connector_base.group_finance_viewer"], company, "rpc"),
    ("foreign_manager", ["base.group_user", "finance_connector_base.group_finance_manager"], other, "rpc"),
    ("portal_user", ["base.group_portal"], company, "rpc"),
):
    user = env["res.users"].with_context(no_reset_password=True).create({{
        "name": login, "login": login, "password": login + "-password", "email": login + "@example.com",
        "company_id": home.id, "company_ids": [Command.set(home.ids)],
        "group_ids": [Command.set([env.ref(group).id for group in groups])],
    }})
    expires = datetime.datetime.now() + datetime.timedelta(days=1)
    keys[login] = env(user=user)["res.users.apikeys"].sudo()._generate(scope, login, expires)
interface.api_user_ids = env["res.users"].search([("login", "in", ("caller", "foreign_caller"))])
print(json.dumps({{"token": connection.webhook_token, "keys": keys}}))
"""


def build(server) -> dict:
    """Make it all on a running server.

    :return: ``token`` of the webhook address and ``keys``, an API key of each login
    """
    return json.loads(server.shell(_SETUP.format(secret=SECRET)).splitlines()[-1])


def signed(event_id: str, body: bytes, secret: str = SECRET, age: int = 0) -> dict:
    """The headers of a Standard Webhook, by the letter of the specification and without our code."""
    timestamp = str(int(time.time()) - age)
    key = base64.b64decode(secret.removeprefix("whsec_"))
    mac = hmac.new(key, f"{event_id}.{timestamp}.".encode() + body, hashlib.sha256).digest()
    return {
        "Content-Type": "application/json",
        "webhook-id": event_id,
        "webhook-timestamp": timestamp,
        "webhook-signature": f"v1,{base64.b64encode(mac).decode()}",
    }
