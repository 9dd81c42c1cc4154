"""Ponto Connect over mutual TLS with its faults: in the end Odoo holds what the bank holds, once."""

from datetime import timedelta

import pytest

from certificates import Authority
from channel_bank import ACCOUNT, Faults, IbanityBank, bank_day
from sandbox.ibanity import stable_uuid
from sandbox.server import SandboxServer, mutual_tls

PATH = "/ponto-connect"


@pytest.fixture(scope="module")
def bank(odoo_server, tmp_path_factory):
    authority = Authority(tmp_path_factory.mktemp("authority"))
    tls = mutual_tls(*authority.files("bank"), authority.file)
    with SandboxServer(seed=11, base_date=bank_day(), tls=tls) as sandbox:
        bank = IbanityBank(
            odoo_server("ponto"),
            sandbox,
            authority,
            adapter="ponto",
            path=PATH,
            resource=stable_uuid("ponto", ACCOUNT),
        )
        page = bank.consent()
        assert "Valid" in page
        bank.fetch()
        yield bank


@pytest.fixture(autouse=True)
def well_again(bank):
    yield
    bank.control("DELETE", "/control/faults")


def test_first_fetch_brings_all_the_bank_holds(bank):
    Faults.check_first_fetch(bank)


@pytest.mark.parametrize(
    "fault",
    [*Faults.EVERYWHERE, {"kind": "synchronization_error", "code": "bankUnavailable"}],
    ids=lambda fault: "-".join(str(value) for value in fault.values()),
)
def test_fault_moves_nothing_and_loses_nothing(bank, fault):
    Faults.check_fault(bank, fault, PATH)


@pytest.mark.parametrize("kind", ["cut_after", "truncated_body", "server_error", "latency"])
def test_passing_fault_loses_nothing(bank, kind):
    options = {"ms": 50} if kind == "latency" else {}
    Faults.check_passing_fault(bank, {"kind": kind, **options}, PATH)


@pytest.mark.parametrize("kind", ["change_while_paging", "duplicate_booking"])
def test_answer_that_repeats_itself_is_booked_once(bank, kind):
    Faults.check_repetition(bank, kind, PATH)


def test_late_booking_before_the_window_is_brought_by_the_synchronisation(bank):
    day = (bank_day() - timedelta(days=30)).isoformat()
    late = {"kind": "late_booking", "account": ACCOUNT, "booking_date": day}
    bank.control("POST", "/control/faults", late)
    bank.fetch()
    assert bank.booked() == bank.truth()


def test_private_key_is_stored_encrypted_only(bank):
    rows = bank.server.sql("SELECT ciphertext FROM finance_credential WHERE kind = 'private_key'")
    assert rows
    assert b"PRIVATE KEY" not in bytes(rows[0][0])


def test_ended_consent_of_the_bank_is_renewed_by_following_the_link(bank):
    bank.control("POST", "/control/faults", {"kind": "expired_consent"})
    bank.fetch()
    assert bank.consent_state() == "expired"
    assert "consent_expired" in bank.open_codes()
    bank.control("POST", "/control/faults", {"kind": "late_booking", "account": ACCOUNT})
    page = bank.consent()
    assert "Valid" in page
    bank.server.wait_for(bank.is_idle, "the fetch that the return caused")
    bank.fetch()
    assert bank.booked() == bank.truth()
    assert bank.open_codes() == []


def test_return_address_works_once_and_for_nobody_else(bank):
    page = bank.follow(f"{bank.server.url}/finance/consent/return?state=guessed&code=x")
    assert "could not be completed" in page
    assert bank.consent_state() == "valid"


def test_renewed_token_is_used_by_itself(bank):
    bank.control("POST", "/control/faults", {"kind": "rotated_key", "what": "token"})
    bank.fetch()
    assert bank.feed()["failure_count"] == 0
    assert bank.booked() == bank.truth()


def test_webhook_fetches_at_once(bank):
    bank.forget_limits()
    bank.server.sql(
        "UPDATE bank_statement_feed SET last_attempt_at = NULL WHERE id = %s", [bank.feed_id]
    )
    bank.control("POST", "/control/faults", {"kind": "late_booking", "account": ACCOUNT})
    ours = {"provider": "ponto", "account": ACCOUNT, "issuer": bank.sandbox.tls_url}
    assert bank.webhook(**ours) == [202]
    bank.server.wait_for(lambda: bank.booked() == bank.truth(), "the booking of the webhook")
    bank.server.wait_for(bank.is_idle, "the webhook")
    for wrong in ({"age": 3600}, {"issuer": "https://evil.example"}):
        assert bank.webhook(**{**ours, **wrong}) == [401]


def test_log_has_no_warning(bank):
    assert bank.server.bad_lines() == []
