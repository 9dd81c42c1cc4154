"""GoCardless Bank Account Data, its faults and its few calls a day: Odoo holds what the bank holds, once."""

import pytest

from channel_bank import ACCOUNT, ChannelBank, Faults, bank_day
from sandbox.gocardless import INSTITUTION
from sandbox.server import SandboxServer

PATH = "/api/v2/accounts"


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


@pytest.fixture(autouse=True)
def well_again(bank):
    yield
    bank.control("DELETE", "/control/faults")


def test_first_fetch_brings_all_the_bank_holds(bank):
    Faults.check_first_fetch(bank)


@pytest.mark.parametrize(
    "fault", Faults.EVERYWHERE, ids=lambda fault: "-".join(str(value) for value in fault.values())
)
def test_fault_moves_nothing_and_loses_nothing(bank, fault):
    Faults.check_fault(bank, fault, PATH)


@pytest.mark.parametrize("kind", ["cut_after", "truncated_body", "server_error", "latency"])
def test_passing_fault_loses_nothing(bank, kind):
    options = {"ms": 50} if kind == "latency" else {}
    Faults.check_passing_fault(bank, {"kind": kind, **options}, PATH)


def test_answer_that_repeats_itself_is_booked_once(bank):
    Faults.check_repetition(bank, "duplicate_booking", PATH)


def test_replaced_token_is_renewed_by_itself(bank):
    bank.control("POST", "/control/faults", {"kind": "rotated_key", "what": "token"})
    bank.fetch()
    assert bank.feed()["failure_count"] == 0
    assert bank.booked() == bank.truth()


def test_ended_consent_is_renewed_by_following_the_link(bank):
    bank.control("POST", "/control/faults", {"kind": "expired_consent"})
    bank.fetch()
    assert bank.consent_state() == "expired"
    assert "consent_expired" in bank.open_codes()
    bank.control("POST", "/control/faults", {"kind": "late_booking", "account": ACCOUNT})
    assert "Valid" in bank.consent()
    bank.server.wait_for(bank.is_idle, "the fetch that the return caused")
    bank.fetch()
    assert bank.booked() == bank.truth()
    assert bank.open_codes() == []


def test_last_call_of_the_day_is_seen_before_one_too_many_is_made(bank):
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
        lambda: bank.feed()["write_date"] != written and bank.is_idle(), "the feed"
    )
    assert calls() == before
    assert not bank.feed()["failure_count"], "waiting for the next day is no failure"


def test_log_has_no_warning(bank):
    assert bank.server.bad_lines() == []
