"""A worker that sends payments is killed with -9 around the bank's call, once for each seed.

All seeds are forks of one Odoo, on PostgreSQL and against the sandbox as always. A long run, by hand:
``FINANCE_KILL_SEEDS=100 .run/venv/bin/python -m pytest -p no:odoo -s tests/e2e/test_payment_kills.py``.
"""

import json
import os
from collections import Counter
from pathlib import Path

import pytest
from payment_world import SETUP

from sandbox.server import SandboxServer

SEEDS = int(os.environ.get("FINANCE_KILL_SEEDS", "8"))
FIRST_SEED = int(os.environ.get("FINANCE_KILL_FIRST_SEED", "1"))
_WORKERS = Path(__file__).with_name("kill_sends.py").read_text()


@pytest.fixture(scope="module")
def server(odoo_server):
    server = odoo_server("kills", queue=False)
    # Only the workers of this test work.
    server.stop()
    return server


def test_killed_at_any_moment_the_bank_holds_each_payment_once(server):
    with SandboxServer(seed=11) as sandbox:
        [account] = [
            item
            for item in sandbox.control("GET", "/control/world")["accounts"]
            if item["code"] == "nordhafen-eur"
        ]
        printed = server.shell(
            SETUP.format(account=account, url=sandbox.url, count=SEEDS + 1, approved=SEEDS + 1)
        )
        interface_id, *order_ids = map(int, printed.split())
        fault = {"path": "/v1/payments", "method": "POST", "count": None}
        sandbox.control("POST", "/control/faults", {**fault, "kind": "latency", "ms": 60})
        sandbox.control(
            "POST", "/control/faults", {**fault, "kind": "cut_after", "probability": "0.2"}
        )
        told = json.loads(
            server.shell(
                f"env['finance.interface'].browse({interface_id}).action_set_live()\n"
                f"env.cr.commit()\norder_ids, first_seed = {order_ids!r}, {FIRST_SEED}\n{_WORKERS}"
            ).splitlines()[-1]
        )
        held = Counter(
            item["end_to_end_id"]
            for item in sandbox.control("GET", "/control/payments")["payments"]
        )
    assert len(held) == SEEDS + 1
    assert set(held.values()) == {1}
    # Nothing that may have left was sent again before the bank had answered.
    again = server.sql(
        """
        SELECT sent.exchange_id FROM finance_exchange_attempt sent
          JOIN finance_exchange_attempt before
            ON before.exchange_id = sent.exchange_id AND before.kind = 'send' AND before.state = 'unknown'
           AND before.number < sent.number
         WHERE sent.kind = 'send' AND NOT EXISTS (
            SELECT FROM finance_exchange_attempt asked
             WHERE asked.exchange_id = sent.exchange_id AND asked.kind = 'status'
               AND asked.number BETWEEN before.number AND sent.number)
        """
    )
    assert again == []
    [(met,)] = server.sql(
        "SELECT count(*) FROM finance_exchange_attempt WHERE kind = 'send' AND state = 'unknown'"
    )
    print(f"{SEEDS} seeds: {told}, {met} calls whose outcome was not known")
    assert met, "no kill met a call: nothing was tested"
