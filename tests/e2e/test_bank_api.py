"""A bank of the Berlin Group over HTTP with its faults: in the end Odoo holds what the bank holds, once."""

import html
import re

import pytest
from channel_contract import ChannelContract

from channel_bank import ACCOUNT, ChannelBank, bank_day
from sandbox.server import SandboxServer


class BerlinGroupBank(ChannelBank):
    """One whose page has a link that leads back to us."""

    def consent(self):
        link = re.search(r'<a href="([^"]+)"', super().consent())
        return self.follow(html.unescape(link[1]))


@pytest.fixture(scope="module")
def bank(odoo_server):
    with SandboxServer(seed=11, base_date=bank_day()) as sandbox:
        bank = BerlinGroupBank(
            odoo_server("bank_api"),
            sandbox,
            connection={
                "adapter": "nextgenpsd2",
                "endpoint": sandbox.url,
                "token_url": f"{sandbox.url}/token",
                "client_id": "sandbox-client",
            },
            secrets=[("client_secret", "sandbox-secret")],
            resource=sandbox.world.accounts[ACCOUNT].resource_id,
        )
        assert "Valid" in bank.consent()
        bank.fetch()
        yield bank


class TestNextGenPsd2(ChannelContract):
    path = "/v1/accounts"
    # The bank answers four times a day for one consent, so each test has one of its own, and asks little.
    rounds = 1

    @pytest.fixture(autouse=True)
    def _consent_of_its_own(self, bank):
        assert "Valid" in bank.consent()
        bank.server.wait_for(bank.server.is_idle, "the fetch that the return caused")

    @pytest.mark.parametrize("kind", ["change_while_paging", "duplicate_booking"])
    def test_answer_that_repeats_itself_is_booked_once(self, bank, kind):
        self.check_repetition(bank, kind)

    def test_replaced_token_is_renewed_by_itself(self, bank):
        self.check_renewed_token(bank)


def test_log_has_no_warning(bank):
    assert bank.server.bad_lines() == []
