"""Plaid's changes since a cursor, with faults and webhooks: in the end Odoo holds what the bank holds, once."""

import datetime

import pytest
from channel_contract import ChannelContract

from channel_bank import ACCOUNT, ChannelBank, bank_day
from sandbox.plaid import account_id
from sandbox.server import SandboxServer

PATH = "/plaid"


@pytest.fixture(scope="module")
def bank(odoo_server):
    with SandboxServer(seed=11, base_date=bank_day()) as sandbox:
        bank = ChannelBank(
            odoo_server("plaid"),
            sandbox,
            connection={
                "adapter": "plaid",
                "endpoint": f"{sandbox.url}{PATH}",
                "client_id": "sandbox-client",
            },
            secrets=[("client_secret", "sandbox-secret")],
            resource=account_id(sandbox.world.accounts[ACCOUNT]),
        )
        # Plaid reads the bank at weekends as well, and says so.
        weekend = (datetime.date.today() - bank_day()).days
        bank.control("PUT", "/control/clock", {"advance_days": weekend})
        bank.control("PUT", "/control/settings", {"plaid_readings": 2})
        assert "Valid" in bank.consent()
        bank.server.wait_for(bank.server.is_idle, "the fetch that the return caused")
        bank.fetch()
        # Plaid has not read the account yet: that is not an empty account.
        assert bank.feed()["sync_cursor"] is None
        assert not bank.feed()["failure_count"]
        bank.fetch()
        yield bank


def webhook(bank, **values):
    [(item,)] = bank.server.sql(
        "SELECT external_ref FROM bank_statement_consent WHERE id = %s", [bank.consent_id]
    )
    return bank.webhook(provider="plaid", item_id=item, **values)


class TestPlaid(ChannelContract):
    path = PATH

    def test_change_while_paging_begins_the_loop_anew(self, bank):
        self.check_repetition(bank, "change_while_paging")

    def test_booking_that_gets_another_name_stays_booked_once(self, bank):
        self.check_repetition(bank, "duplicate_booking")
        # And is still known when everything is read anew.
        self.check_repetition(bank, "change_while_paging")

    def test_pending_turns_into_booked(self, bank):
        # The next morning, when what was announced in the evening is booked.
        bank.control("PUT", "/control/clock", {"advance_minutes": 12 * 60})
        bank.fetch()
        assert bank.booked() == bank.truth()
        ours, theirs = bank.pending()
        assert ours == theirs

    def test_nothing_new_makes_no_exchange(self, bank):
        count = "SELECT count(*) FROM finance_exchange"
        before = bank.server.sql(count)
        bank.fetch()
        assert bank.server.sql(count) == before
        assert bank.feed()["failure_count"] == 0

    def test_flood_of_webhooks_fetches_at_once_and_once(self, bank):
        bank.book_for_webhook()
        jobs = "SELECT count(*) FROM queue_job WHERE method_name = '_job_fetch'"
        [(before,)] = bank.server.sql(jobs)
        # Plaid's webhooks have no id; sent within one second they are the same to the byte.
        assert set(webhook(bank, count=25)) == {202}
        bank.server.wait_for(lambda: bank.booked() == bank.truth(), "the booking of the webhook")
        bank.server.wait_for(bank.server.is_idle, "the webhooks")
        [(after,)] = bank.server.sql(jobs)
        assert after - before <= 2, "one at once, and at most one for what came meanwhile"

    @pytest.mark.parametrize("values", [{"age": 3600}, {"age": -3600}])
    def test_webhook_of_another_time_is_refused(self, bank, values):
        assert webhook(bank, **values) == [401]


def test_log_has_no_warning(bank):
    assert bank.server.bad_lines() == []
