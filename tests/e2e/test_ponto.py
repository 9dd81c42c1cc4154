"""Ponto Connect over mutual TLS with its faults: in the end Odoo holds what the bank holds, once."""

from datetime import timedelta

import pytest
from channel_contract import ChannelContract

from certificates import Authority
from channel_bank import ACCOUNT, IbanityBank, bank_day
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


class TestPonto(ChannelContract):
    path = PATH

    def test_synchronisation_that_fails_moves_nothing(self, bank):
        self.check_fault(bank, {"kind": "synchronization_error", "code": "bankUnavailable"})

    @pytest.mark.parametrize("kind", ["change_while_paging", "duplicate_booking"])
    def test_answer_that_repeats_itself_is_booked_once(self, bank, kind):
        self.check_repetition(bank, kind)

    def test_late_booking_before_the_window_is_brought_by_the_synchronisation(self, bank):
        day = (bank_day() - timedelta(days=30)).isoformat()
        bank.book_late(booking_date=day)
        bank.fetch()
        assert bank.booked() == bank.truth()

    def test_private_key_is_stored_encrypted_only(self, bank):
        rows = bank.server.sql(
            "SELECT ciphertext FROM finance_credential WHERE kind = 'private_key'"
        )
        assert rows
        assert b"PRIVATE KEY" not in bytes(rows[0][0])

    def test_return_address_works_once_and_for_nobody_else(self, bank):
        page = bank.follow(f"{bank.server.url}/finance/consent/return?state=guessed&code=x")
        assert "could not be completed" in page
        assert bank.consent_state() == "valid"

    def test_renewed_token_is_used_by_itself(self, bank):
        self.check_renewed_token(bank)

    def test_webhook_fetches_at_once(self, bank):
        bank.book_for_webhook()
        ours = {"provider": "ponto", "account": ACCOUNT, "issuer": bank.sandbox.tls_url}
        assert bank.webhook(**ours) == [202]
        bank.server.wait_for(lambda: bank.booked() == bank.truth(), "the booking of the webhook")
        bank.server.wait_for(bank.server.is_idle, "the webhook")
        for wrong in ({"age": 3600}, {"issuer": "https://evil.example"}):
            assert bank.webhook(**{**ours, **wrong}) == [401]


def test_log_has_no_warning(bank):
    assert bank.server.bad_lines() == []
