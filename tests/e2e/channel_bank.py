"""A bank account read over one provider's interface: a real Odoo, the sandbox, and what both hold."""

import datetime
import ssl
import urllib.error
import urllib.parse
import urllib.request
from decimal import Decimal

ACCOUNT = "nordhafen-eur"
SETUP = """
account = {account!r}
env["ir.config_parameter"].set_param("web.base.url", {odoo_url!r})
env["ir.config_parameter"].set_param("web.base.url.freeze", "True")
company = env.company
env.ref("base.EUR").active = True
company.currency_id = env.ref("base.EUR")
bank_account = env["res.partner.bank"].create({{"acc_number": account["iban"], "partner_id": company.partner_id.id}})
journal = env["account.journal"].create({{
    "name": "Bank", "code": "E2EB", "type": "bank", "bank_account_id": bank_account.id}})
connection = env["finance.connection"].create({{
    "name": "Bank", "environment": "sandbox", "company_id": company.id, "allow_private_address": True,
    **{connection!r}}})
for kind, secret in {secrets!r}:
    env["finance.credential"].create({{
        "name": kind, "connection_id": connection.id, "kind": kind, "secret": secret}})
interface = env["finance.interface"].create({{
    "name": "API", "code": "e2e.api", "handler": "bank_statement", "connection_id": connection.id,
    "company_id": company.id, "in_order": True}})
interface._go_live("Needed by a test.")
notices = env["finance.interface"].create({{
    "name": "Notices", "code": "e2e.notices", "handler": "bank_notification", "connection_id": connection.id,
    "company_id": company.id, "sync_mode": "event"}})
notices._go_live("Needed by a test.")
consent = env["bank.statement.consent"].create({{
    "name": "Accounts", "connection_id": connection.id, "company_id": company.id, "holder_ref": {holder!r}}})
feed = env["bank.statement.feed"].create({{
    "name": "Account", "interface_id": interface.id, "journal_id": journal.id, "consent_id": consent.id,
    "resource_ref": {resource!r}, "history_days": 60, "next_run_at": "2099-01-01",
    "interval_minutes": 100_000, **{feed!r}}})
print(journal.id, feed.id, consent.id, connection.id, connection.webhook_token)
"""


def bank_day():
    """:return: today, or the Friday before a weekend."""
    today = datetime.date.today()
    return today - datetime.timedelta(days=max(0, today.weekday() - 4))


class ChannelBank:
    """One Odoo with a feed over one provider.

    :param connection: values of the connection; credentials as pairs of kind and secret.
    :param resource: the provider's id of the account.
    """

    def __init__(
        self, server, sandbox, *, connection, secrets, resource, holder="nordhafen", feed=None
    ):
        self.server, self.sandbox = server, sandbox
        account = next(
            item
            for item in self.control("GET", "/control/world")["accounts"]
            if item["code"] == ACCOUNT
        )
        printed = server.shell(
            SETUP.format(
                account=account,
                odoo_url=server.url,
                connection=connection,
                secrets=secrets,
                holder=holder,
                resource=resource,
                feed=feed or {},
            )
        ).split()
        self.journal_id, self.feed_id, self.consent_id, self.connection_id = map(int, printed[:4])
        self.webhook_url = f"{server.url}/finance/webhook/{printed[4]}"
        self.client = server.rpc()

    def control(self, method, path, body=None):
        return self.sandbox.control(method, path, body)

    def consent(self):
        """Request a consent, confirm it as the account holder does, and come back.

        :return: the page in Odoo that the account holder sees in the end.
        """
        action = self.client.env["bank.statement.consent"].browse(self.consent_id).action_request()
        return self.follow(action["url"])

    def follow(self, url):
        """Open a page as the account holder, who is not logged in to Odoo."""
        opener = urllib.request.build_opener(
            urllib.request.HTTPSHandler(context=self.browser_context())
        )
        try:
            with opener.open(url, timeout=300) as page:
                return page.read().decode()
        except urllib.error.HTTPError as error:
            return error.read().decode()

    def browser_context(self):
        return None

    def consent_state(self):
        [(state,)] = self.server.sql(
            "SELECT state FROM bank_statement_consent WHERE id = %s", [self.consent_id]
        )
        return state

    def feed(self):
        names = ("covered_until", "last_attempt_at", "failure_count", "write_date", "sync_cursor")
        [row] = self.server.sql(
            f"SELECT {', '.join(names)} FROM bank_statement_feed WHERE id = %s", [self.feed_id]
        )
        return dict(zip(names, row, strict=True))

    def forget_limits(self):
        """What the fault before did to breaker, pauses and quota is not the subject: nobody waits it out here."""
        self.server.sql("DELETE FROM finance_connection_health")
        self.server.sql("DELETE FROM finance_connection_quota")

    def fetch(self):
        """Fetch once and wait until all of it is worked on."""
        before = self.feed()["write_date"]
        self.forget_limits()
        self.client.env["bank.statement.feed"].browse(self.feed_id).action_fetch_now()
        self.server.wait_for(
            lambda: self.feed()["write_date"] != before and self.server.is_idle(),
            "the feed",
        )

    def webhook(self, **values):
        """Let the provider send a webhook; ``count`` of them.

        :return: the statuses that Odoo answered with
        """
        self.control(
            "POST", "/control/provider-webhooks", {"url": self.webhook_url, "count": 1, **values}
        )
        path = "/control/provider-webhooks"
        return self.server.wait_for(
            lambda: (
                len(statuses := self.control("GET", path)["statuses"]) == values.get("count", 1)
                and statuses
            ),
            "the webhooks",
        )

    def book_late(self, **values):
        """The bank books something in the past of the account."""
        fault = {"kind": "late_booking", "account": ACCOUNT, **values}
        self.control("POST", "/control/faults", fault)

    def book_for_webhook(self):
        """The bank books something that only a webhook can tell in time, since nothing is due and nothing waits."""
        self.forget_limits()
        self.server.sql(
            "UPDATE bank_statement_feed SET last_attempt_at = NULL WHERE id = %s", [self.feed_id]
        )
        self.book_late()

    def booked(self):
        """Entries, not lines: a batch is one entry with its details as lines."""
        [(entries, total)] = self.server.sql(
            "SELECT count(*) FILTER (WHERE batch_part = 0), coalesce(sum(amount), 0)"
            " FROM account_bank_statement_line WHERE journal_id = %s",
            [self.journal_id],
        )
        return entries, Decimal(str(total))

    def truth(self):
        [account] = self.control("GET", f"/control/ledger?account={ACCOUNT}")["accounts"]
        return len(account["bookings"]), sum(
            Decimal(item["amount"]) for item in account["bookings"]
        )

    def pending(self):
        """:return: amounts that Odoo and the bank say are pending, sorted"""
        rows = self.server.sql(
            "SELECT amount FROM bank_statement_pending WHERE state = 'announced' AND journal_id = %s",
            [self.journal_id],
        )
        [account] = self.control("GET", f"/control/ledger?account={ACCOUNT}")["accounts"]
        return (
            sorted(Decimal(str(amount)) for (amount,) in rows),
            sorted(Decimal(item["amount"]) for item in account["pending"]),
        )

    def open_codes(self):
        return [
            code
            for (code,) in self.server.sql(
                "SELECT code FROM finance_exception WHERE state IN ('open', 'in_progress') ORDER BY id"
            )
        ]


class IbanityBank(ChannelBank):
    """One that is reached over mutual TLS, with access that a person grants.

    :param path: of the interface.
    """

    def __init__(self, server, sandbox, authority, *, adapter, path, resource, feed=None):
        self.authority = authority
        certificate, key = authority.issue("our application")
        super().__init__(
            server,
            sandbox,
            connection={
                "adapter": adapter,
                "endpoint": f"{sandbox.tls_url}{path}",
                "token_url": f"{sandbox.tls_url}/token",
                "authorization_url": f"{sandbox.tls_url}/oauth2/authorize",
                "client_id": "sandbox-client",
                "oauth_scope": "ai offline_access",
                "ca_certificate": authority.certificate,
                "webhook_audience": "sandbox-application",
            },
            secrets=[
                ("client_secret", "sandbox-secret"),
                ("certificate", certificate),
                ("private_key", key),
            ],
            resource=resource,
            feed=feed,
        )

    def browser_context(self):
        """The sandbox asks everybody on this port for a certificate, the account holder's browser too."""
        context = ssl.create_default_context(cafile=self.authority.file)
        context.load_cert_chain(*self.authority.files("browser"))
        return context
