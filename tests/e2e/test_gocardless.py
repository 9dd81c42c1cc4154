"""GoCardless Bank Account Data, its faults and its few calls a day: Odoo holds what the bank holds, once."""

import pytest
from channel_contract import ChannelContract

from channel_bank import ACCOUNT, ChannelBank, bank_day
from sandbox.gocardless import INSTITUTION
from sandbox.server import SandboxServer


@pytest.fixture(scope="module")
def bank(odoo_server):
    with SandboxServer(seed=11, base_date=bank_day()) as sandbox:
        bank = ChannelBank(
            odoo_server("gocardless"),
            sandbox,
            connection={
                "adapter": "gocardless",
                "endpoint": f"{sandbox.url}/api/v2",
                "client_id": "sandbox-client",
                # Our own count of a day is not the subject, but for the last test.
                "calls_per_day": 10_000,
            },
            secrets=[("client_secret", "sandbox-secret")],
            resource=sandbox.world.accounts[ACCOUNT].resource_id,
            holder=INSTITUTION,
        )
        bank.control("PUT", "/control/settings", {"account_calls_per_day": 10_000})
        assert "Valid" in bank.consent()
        bank.fetch()
        yield bank


class TestGocardless(ChannelContract):
    path = "/api/v2/accounts"

    def test_answer_that_repeats_itself_is_booked_once(self, bank):
        self.check_repetition(bank, "duplicate_booking")

    def test_replaced_token_is_renewed_by_itself(self, bank):
        self.check_renewed_token(bank)

    def test_last_call_of_the_day_is_seen_before_one_too_many_is_made(self, bank):
        def calls():
            served = bank.control("GET", "/control/served")["accounts"][ACCOUNT]
            return served["gocardless"]["parcels"]

        # Another day, on which nothing was asked yet.
        bank.control("PUT", "/control/clock", {"advance_days": 1})
        bank.control("PUT", "/control/settings", {"account_calls_per_day": 1})
        bank.fetch()
        before = calls()
        [told] = bank.server.sql(
            "SELECT told_limit, told_remaining, blocked_until IS NOT NULL FROM finance_connection_quota"
            " WHERE scope LIKE 'transactions:%%'"
        )
        assert told == (1, 0, True)
        written = bank.feed()["write_date"]
        bank.client.env["bank.statement.feed"].browse(bank.feed_id).action_fetch_now()
        bank.server.wait_for(
            lambda: bank.feed()["write_date"] != written and bank.server.is_idle(), "the feed"
        )
        assert calls() == before
        assert not bank.feed()["failure_count"], "waiting for the next day is no failure"


def test_log_has_no_warning(bank):
    assert bank.server.bad_lines() == []
