"""The tests that every provider of bank statements has to pass."""

import datetime

import pytest

#: Every fault of a request.
FAULTS = (
    {"kind": "server_error", "status": 500},
    {"kind": "server_error", "status": 503, "retry_after": 30},
    {"kind": "rate_limit", "retry_after": 30},
    {"kind": "rate_limit", "retry_after": None},
    {"kind": "cut_before"},
    {"kind": "cut_after"},
    {"kind": "malformed_body"},
    {"kind": "truncated_body"},
)


def named(fault):
    """:return: what pytest calls the test of a fault"""
    return "-".join(str(value) for value in fault.values())


class ChannelContract:
    """Tests of one provider; the fixture ``bank`` of their module says which one.

    :cvar path: where the provider is asked for accounts and bookings.
    :cvar rounds: how often it is asked while a fault passes.
    """

    path = "/"
    rounds = 3

    @pytest.fixture(autouse=True)
    def _well_again(self, bank):
        yield
        bank.control("DELETE", "/control/faults")

    def test_first_fetch_brings_all_the_bank_holds(self, bank):
        assert bank.booked() == bank.truth()
        feed = bank.feed()
        fetched_on = feed["last_attempt_at"].date()
        assert feed["covered_until"] == fetched_on - datetime.timedelta(days=1)
        ours, theirs = bank.pending()
        assert ours == theirs

    @pytest.mark.parametrize("fault", FAULTS, ids=named)
    def test_fault_moves_nothing_and_loses_nothing(self, bank, fault):
        self.check_fault(bank, fault)

    @pytest.mark.parametrize("kind", ["cut_after", "truncated_body", "server_error", "latency"])
    def test_passing_fault_loses_nothing(self, bank, kind):
        """It strikes one request of many, half of the time."""
        fault = {"kind": kind, "path": self.path, "count": None, "probability": "0.5"}
        bank.control("POST", "/control/faults", fault | ({"ms": 50} if kind == "latency" else {}))
        bank.book_late()
        for _round in range(self.rounds):
            bank.fetch()
        bank.control("DELETE", "/control/faults")
        bank.fetch()
        assert bank.booked() == bank.truth()

    def test_ended_consent_is_renewed_by_following_the_link(self, bank):
        bank.control("POST", "/control/faults", {"kind": "expired_consent"})
        bank.fetch()
        assert bank.consent_state() == "expired"
        assert "consent_expired" in bank.open_codes()
        bank.book_late()
        assert "Valid" in bank.consent()
        bank.server.wait_for(bank.server.is_idle, "the fetch that the return caused")
        bank.fetch()
        assert bank.booked() == bank.truth()
        assert bank.open_codes() == []

    def check_fault(self, bank, fault):
        """A fault on every request; an error is not an empty answer, so all of it is asked for again."""
        bank.server.sql(
            "UPDATE bank_statement_feed SET covered_until = covered_until - 3 WHERE id = %s",
            [bank.feed_id],
        )
        before = bank.feed()
        bank.control("POST", "/control/faults", {"path": self.path, "count": None, **fault})
        bank.book_late()
        bank.fetch()
        after = bank.feed()
        assert after["covered_until"] == before["covered_until"]
        assert after["sync_cursor"] == before["sync_cursor"]
        gaps = "SELECT count(*) FROM bank_statement_gap WHERE closed_at IS NULL"
        assert bank.server.sql(gaps) == [(1,)]
        bank.control("DELETE", "/control/faults")
        bank.fetch()
        assert bank.booked() == bank.truth()
        assert bank.server.sql(gaps) == [(0,)]

    def check_repetition(self, bank, kind):
        """All is read anew, as at first, while the answer repeats or changes itself."""
        bank.server.sql(
            "UPDATE bank_statement_feed SET covered_until = NULL, sync_cursor = NULL WHERE id = %s",
            [bank.feed_id],
        )
        bank.control("POST", "/control/faults", {"kind": kind, "path": self.path})
        bank.fetch()
        bank.control("DELETE", "/control/faults")
        bank.fetch()
        assert bank.booked() == bank.truth()
        assert bank.open_codes() == []

    def check_renewed_token(self, bank):
        bank.control("POST", "/control/faults", {"kind": "rotated_key", "what": "token"})
        bank.fetch()
        assert bank.feed()["failure_count"] == 0
        assert bank.booked() == bank.truth()
