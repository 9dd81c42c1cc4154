"""Isabel's account reports over mutual TLS with faults: every file once, and every booking in it."""

import pytest
from channel_contract import FAULTS, named

from certificates import Authority
from channel_bank import ACCOUNT, IbanityBank, bank_day
from sandbox.server import SandboxServer, mutual_tls

PATH = "/isabel-connect"


@pytest.fixture(scope="module")
def bank(odoo_server, tmp_path_factory):
    authority = Authority(tmp_path_factory.mktemp("authority"))
    tls = mutual_tls(*authority.files("bank"), authority.file)
    with SandboxServer(seed=11, base_date=bank_day(), tls=tls, history_days=14) as sandbox:
        iban = sandbox.world.accounts[ACCOUNT].iban
        bank = IbanityBank(
            odoo_server("isabel"),
            sandbox,
            authority,
            adapter="isabel",
            path=PATH,
            resource=False,
            feed={"kind": "files", "filename_pattern": f"*{iban}*.xml", "history_days": 30},
        )
        assert "Valid" in bank.consent()
        bank.server.wait_for(bank.server.is_idle, "the fetch that the return caused")
        yield bank


@pytest.fixture(autouse=True)
def well_again(bank):
    yield
    bank.control("DELETE", "/control/faults")


@pytest.mark.parametrize("fault", FAULTS, ids=named)
def test_fault_on_the_way_loses_no_file(bank, fault):
    """The first one runs on an empty journal; each leaves the place behind what is stored."""
    bank.control(
        "POST",
        "/control/faults",
        {"path": PATH, "count": None, "probability": "0.4", **fault},
    )
    for _round in range(2):
        bank.fetch()
    bank.control("DELETE", "/control/faults")
    bank.server.sql(
        "UPDATE bank_statement_feed SET sync_cursor = NULL WHERE id = %s", [bank.feed_id]
    )
    bank.fetch()
    assert bank.booked() == bank.truth()
    assert bank.open_codes() == []


def test_next_day_brings_the_next_file_only(bank):
    bank.fetch()
    files = "SELECT count(*) FROM finance_exchange"
    [(before,)] = bank.server.sql(files)
    # The bank's next business day closes.
    bank.control("PUT", "/control/clock", {"advance_days": 3})
    bank.fetch()
    [(after,)] = bank.server.sql(files)
    assert 1 <= after - before <= 3
    bank.fetch()
    assert bank.server.sql(files) == [(after,)]


def test_log_has_no_warning(bank):
    assert bank.server.bad_lines() == []
