from concurrent.futures import ThreadPoolExecutor

from odoo.addons.finance_connector_base.tools.rejection_log import RejectionLog


def test_first_refusal_is_recorded_at_once():
    assert RejectionLog().count("bank", 1000.0) == 1


def test_flood_is_recorded_once_an_interval_and_completely():
    log = RejectionLog(interval_seconds=60.0)
    recorded = [log.count("bank", 1000.0 + second) for second in range(120)]
    assert [count for count in recorded if count] == [1, 60]
    assert log.count("bank", 1120.0) == 60


def test_keys_do_not_hide_each_other():
    log = RejectionLog()
    assert log.count("bank", 1000.0) == 1
    assert log.count("gateway", 1000.0) == 1


def test_threads_lose_no_refusal():
    log = RejectionLog(interval_seconds=60.0)
    with ThreadPoolExecutor(8) as pool:
        recorded = sum(pool.map(lambda _number: log.count("bank", 1000.0), range(500)))
    assert recorded + log.count("bank", 1060.0) - 1 == 500
