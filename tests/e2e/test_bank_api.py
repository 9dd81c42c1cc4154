"""A bank over HTTP with its faults: whatever goes wrong, in the end Odoo holds what the bank holds, once."""

import datetime
import urllib.request
from decimal import Decimal

import pytest

from sandbox.server import SandboxServer

ACCOUNT = "nordhafen-eur"
SETUP = """
account = {account!r}
company = env.company
env.ref("base.EUR").active = True
company.currency_id = env.ref("base.EUR")
bank_account = env["res.partner.bank"].create({{"acc_number": account["iban"], "partner_id": company.partner_id.id}})
journal = env["account.journal"].create({{
    "name": "Bank", "code": "E2EB", "type": "bank", "bank_account_id": bank_account.id}})
connection = env["finance.connection"].create({{
    "name": "Bank", "adapter": "nextgenpsd2", "environment": "sandbox", "company_id": company.id,
    "endpoint": {url!r}, "token_url": {url!r} + "/token", "client_id": "sandbox-client",
    "allow_private_address": True}})
env["finance.credential"].create({{
    "name": "Client", "connection_id": connection.id, "kind": "client_secret", "secret": "sandbox-secret"}})
interface = env["finance.interface"].create({{
    "name": "API", "code": "e2e.api", "handler": "bank_statement", "connection_id": connection.id,
    "company_id": company.id, "in_order": True}})
interface._go_live("Needed by a test.")
consent = env["bank.statement.consent"].create({{
    "name": "Accounts", "connection_id": connection.id, "company_id": company.id, "holder_ref": "nordhafen"}})
feed = env["bank.statement.feed"].create({{
    "name": "Account", "interface_id": interface.id, "journal_id": journal.id, "consent_id": consent.id,
    "resource_ref": account["resource_id"], "history_days": 60, "next_run_at": "2099-01-01"}})
print(journal.id, feed.id, consent.id)
"""


class Bank:
    """One Odoo with a feed, and the sandbox it reads from."""

    def __init__(self, server, sandbox):
        self.server, self.sandbox = server, sandbox
        account = next(
            item
            for item in self.control("GET", "/control/world")["accounts"]
            if item["code"] == ACCOUNT
        )
        ids = server.shell(SETUP.format(account=account, url=sandbox.url))
        self.journal_id, self.feed_id, self.consent_id = map(int, ids.split())
        self.client = server.rpc()
        self.consent()

    def control(self, method, path, body=None):
        return self.sandbox.control(method, path, body)

    def consent(self):
        """Request a consent and confirm it as the account holder does."""
        consents = self.client.env["bank.statement.consent"]
        action = consents.browse(self.consent_id).action_request()
        with urllib.request.urlopen(action["url"], timeout=30):
            pass
        consents.browse(self.consent_id).action_refresh()

    def feed(self):
        [row] = self.server.sql(
            "SELECT covered_until, last_attempt_at, failure_count, write_date FROM bank_statement_feed WHERE id = %s",
            [self.feed_id],
        )
        return dict(
            zip(
                ("covered_until", "last_attempt_at", "failure_count", "write_date"),
                row,
                strict=True,
            )
        )

    def fetch(self):
        """Fetch once and wait until all of it is worked on."""
        before = self.feed()["write_date"]
        # What the fault before this one did to breaker, pauses and quota is not the subject: nobody waits it out here.
        self.server.sql("DELETE FROM finance_connection_health")
        self.server.sql("DELETE FROM finance_connection_quota")
        self.client.env["bank.statement.feed"].browse(self.feed_id).action_fetch_now()

        def settled():
            [(jobs,)] = self.server.sql(
                "SELECT count(*) FROM queue_job WHERE state NOT IN ('done', 'cancelled') AND eta IS NULL"
            )
            return not jobs and self.feed()["write_date"] != before

        self.server.wait_for(settled, "the feed", seconds=120)

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


@pytest.fixture(scope="module")
def bank(odoo_server, tmp_path_factory):
    today = datetime.date.today()
    day = today - datetime.timedelta(days=max(0, today.weekday() - 4))
    with SandboxServer(seed=11, base_date=day) as sandbox:
        bank = Bank(odoo_server("bank_api"), sandbox)
        bank.fetch()
        yield bank


@pytest.fixture(autouse=True)
def well_again(bank):
    yield
    bank.control("DELETE", "/control/faults")


def test_first_fetch_brings_all_the_bank_holds(bank):
    assert bank.booked() == bank.truth()
    assert bank.feed()["covered_until"] == datetime.date.today() - datetime.timedelta(days=1)


@pytest.mark.parametrize(
    "fault",
    [
        {"kind": "server_error", "status": 500},
        {"kind": "server_error", "status": 503, "retry_after": 30},
        {"kind": "rate_limit", "retry_after": 30},
        {"kind": "rate_limit", "retry_after": None},
        {"kind": "cut_before"},
        {"kind": "cut_after"},
        {"kind": "malformed_body"},
        {"kind": "truncated_body"},
    ],
    ids=lambda fault: "-".join(str(value) for value in fault.values()),
)
def test_fault_moves_nothing_and_loses_nothing(bank, fault):
    bank.consent()
    bank.server.sql(
        "UPDATE bank_statement_feed SET covered_until = covered_until - 3 WHERE id = %s",
        [bank.feed_id],
    )
    before = bank.feed()["covered_until"]
    bank.control("POST", "/control/faults", {"path": "/v1/accounts", "count": None, **fault})
    bank.control("POST", "/control/faults", {"kind": "late_booking", "account": ACCOUNT})
    bank.fetch()
    assert bank.feed()["covered_until"] == before, "an error is not an empty answer"
    [(gaps,)] = bank.server.sql("SELECT count(*) FROM bank_statement_gap WHERE closed_at IS NULL")
    assert gaps == 1
    bank.control("DELETE", "/control/faults")
    bank.fetch()
    assert bank.booked() == bank.truth()
    [(gaps,)] = bank.server.sql("SELECT count(*) FROM bank_statement_gap WHERE closed_at IS NULL")
    assert gaps == 0


@pytest.mark.parametrize("kind", ["change_while_paging", "duplicate_booking"])
def test_answer_that_repeats_itself_is_booked_once(bank, kind):
    bank.consent()
    # As a first fetch, over all pages.
    bank.server.sql(
        "UPDATE bank_statement_feed SET covered_until = NULL WHERE id = %s", [bank.feed_id]
    )
    bank.control("POST", "/control/faults", {"kind": kind, "account": ACCOUNT})
    bank.fetch()
    bank.control("DELETE", "/control/faults")
    bank.fetch()
    assert bank.booked() == bank.truth()


def test_ended_consent_is_seen_and_a_new_one_repairs_it(bank):
    bank.control("POST", "/control/faults", {"kind": "expired_consent"})
    bank.fetch()
    states = bank.server.sql("SELECT state FROM bank_statement_consent")
    assert states == [("expired",)]
    [(code, state)] = bank.server.sql(
        "SELECT code, state FROM finance_exception WHERE code = 'consent_expired' ORDER BY id DESC LIMIT 1"
    )
    assert (code, state) == ("consent_expired", "open")
    bank.consent()
    bank.fetch()
    assert bank.server.sql(
        "SELECT DISTINCT state FROM finance_exception WHERE code = 'consent_expired'"
    ) == [("resolved",)]
    assert bank.booked() == bank.truth()


def test_replaced_token_is_renewed_by_itself(bank):
    bank.consent()
    bank.control("POST", "/control/faults", {"kind": "rotated_key", "what": "token"})
    bank.fetch()
    assert bank.feed()["failure_count"] == 0
    assert bank.booked() == bank.truth()


def test_log_has_no_warning(bank):
    assert bank.server.bad_lines() == []
