"""10,000 events of a gateway, shuffled and doubled, with kills of the worker: nothing lost, nothing twice.

Milliseconds an event, from the first delivery to the last one worked on and every payout proven, beside
registering the same payments with Odoo's own wizard, each on its own as a person does. The bench fails
when the end state is not the gateway's. A number of payments, each of four events, sets another size.
"""

import contextlib
import json
import os
import random
import sys
import time
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
sys.path[:0] = [str(ROOT), str(ROOT / "setup"), str(ROOT / "tests/e2e")]

from settlement_world import SettlementWorld

from lib import database, postgres
from sandbox.server import SandboxServer
from servers import OdooServer

INVOICES = int(sys.argv[1]) if len(sys.argv) > 1 else 2420
KILLS = 5
BY_HAND = 100
BY_HAND_SCRIPT = """
import time
start = time.perf_counter()
for name in {names!r}:
    invoice = env["account.move"].search([("name", "=", name)])
    env["account.payment.register"].with_context(
        active_model="account.move", active_ids=invoice.ids).create({{}})._create_payments()
    env.cr.commit()
print(1000 * (time.perf_counter() - start) / {count})
"""


def run(world):
    """:return: events, and seconds until all of them were worked on"""
    server, dice = world.server, random.Random(7)
    world.live_a_month()
    start = time.monotonic()
    told = world.deliver(order="shuffled", copies=2, skip=100, parallel=4, seed=7)
    for _kill in range(KILLS):
        time.sleep(dice.uniform(5, 25))
        server.kill()
        server.start()
    server.wait_for(lambda: len(world.statuses()) == told["messages"], "the webhooks", seconds=7200)
    deadline = time.monotonic() + 7200
    while not is_over(world):
        if time.monotonic() > deadline:
            raise SystemExit(f"not over after two hours: {world.exchanges()}")
        world.sweep()
        world.fetch()
        time.sleep(5)
    return world.control("GET", "truth")["events"], time.monotonic() - start


def is_over(world):
    waiting = world.exchanges()
    return waiting.keys() <= {"done"} and not world.unproven() and world.held() == world.truth()


def check(world):
    truth = world.truth()
    assert world.held() == truth
    assert world.doubled() == []
    clearing, transit = world.balances()
    assert clearing == 0
    assert transit == sum(
        amount for state, amount, *_more in truth["payouts"].values() if state == "paid"
    )
    residual = sum(residual for _count, residual in world.invoice_states().values())
    assert residual == truth["refunds"]["eur"]["amount"] + truth["disputes"]["eur"]["amount"]


def main():
    with postgres.running() as cluster, contextlib.ExitStack() as stack:
        name = "bench_settlement"
        database.copy(cluster, os.environ["FINANCE_TEST_TEMPLATE"], name)
        stack.callback(database.drop, cluster, name)
        sandbox = stack.enter_context(SandboxServer(seed=7))
        server = OdooServer(cluster, name)
        stack.callback(server.stop)
        server.start()
        world = SettlementWorld(server, sandbox, INVOICES + BY_HAND)
        by_hand = [world.invoices.pop() for _number in range(BY_HAND)]
        peer = float(server.shell(BY_HAND_SCRIPT.format(names=by_hand, count=BY_HAND)))
        events, seconds = run(world)
        check(world)
        # A payment has four events: what an event costs beside what a payment by hand costs.
        ours = 1000 * seconds / events
        print(
            json.dumps(
                {
                    "bench": "settlement",
                    "ours": round(ours, 1),
                    "peer_name": "account.payment.register, one invoice each",
                    "peer": round(peer, 1),
                    "ratio": round(ours / peer, 2),
                    "unit": "ms an event, doubled deliveries and kills included",
                    "n": events,
                    "peak_mb": peak_mb(server),
                }
            ),
            flush=True,
        )


def peak_mb(server):
    """:return: the most memory that the server's process ever held"""
    status = Path(f"/proc/{server.process.pid}/status").read_text()
    return int(status.split("VmHWM:")[1].split()[0]) // 1024


if __name__ == "__main__":
    main()
