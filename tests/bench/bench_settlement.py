"""A gateway's events, in several orders of arrival, doubled, some lost, with kills of the worker: one end state.

For each order a database of its own, a sandbox in which the same happened, the queue's runner, webhooks over HTTP and
``kill -9`` of the server with all its workers. Every order has to end with the gateway's own figures, nothing twice,
and exactly the rows of money that the first order has. Milliseconds an event, from the first delivery until all are
worked on and every payout is proven, beside what Odoo's wizard takes to register a payment. The first argument is the
number of invoices, each of which makes some four events; the others are orders of arrival.
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

INVOICES = 2450
ORDERS = ("shuffled:1", "shuffled:2", "backwards")
KILLS = 5
LOST = 0.01
BY_HAND = 20
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
#: What of the money is compared: no ids, and no numbers that are given by turn.
MONEY = {
    "objects": """
        SELECT item.kind, item.external_id, item.state, item.amount, currency.name, parent.external_id,
               item.occurred_on, item.proof_state, item.total_gross, item.total_fee, payment.amount, payment.state,
               partner.name,
               (SELECT array_agg(invoice.name ORDER BY invoice.name) FROM treasury_settlement_invoice_rel link
                  JOIN account_move invoice ON invoice.id = link.account_move_id
                 WHERE link.treasury_settlement_id = item.id)
          FROM treasury_settlement item
     LEFT JOIN res_currency currency ON currency.id = item.currency_id
     LEFT JOIN treasury_settlement parent ON parent.id = item.parent_id
     LEFT JOIN account_payment payment ON payment.id = item.payment_id
     LEFT JOIN res_partner partner ON partner.id = item.partner_id""",
    "items": """
        SELECT account.code_store->>'1', journal.code, item.date, partner.name, item.balance, item.amount_currency,
               item.amount_residual, item.reconciled, item.parent_state, coalesce(move.ref, payment.memo),
               CASE WHEN journal.type = 'sale' THEN move.name END
          FROM account_move_line item
          JOIN account_move move ON move.id = item.move_id
          JOIN account_journal journal ON journal.id = item.journal_id
          JOIN account_account account ON account.id = item.account_id
     LEFT JOIN res_partner partner ON partner.id = item.partner_id
     LEFT JOIN account_payment payment ON payment.id = move.origin_payment_id""",
    "invoices": "SELECT name, state, payment_state, amount_residual FROM account_move WHERE move_type = 'out_invoice'",
    "ties": """
        SELECT part.amount, coalesce(debit_move.ref, debit_payment.memo, debit_move.name),
               coalesce(credit_move.ref, credit_payment.memo, credit_move.name)
          FROM account_partial_reconcile part
          JOIN account_move_line debit ON debit.id = part.debit_move_id
          JOIN account_move debit_move ON debit_move.id = debit.move_id
     LEFT JOIN account_payment debit_payment ON debit_payment.id = debit_move.origin_payment_id
          JOIN account_move_line credit ON credit.id = part.credit_move_id
          JOIN account_move credit_move ON credit_move.id = credit.move_id
     LEFT JOIN account_payment credit_payment ON credit_payment.id = credit_move.origin_payment_id""",
    "rows": """
        SELECT payout.external_id, item.external_id, item.kind, item.subject_ref, item.gross, item.fee, item.net,
               item.problem
          FROM treasury_settlement_row item JOIN treasury_settlement payout ON payout.id = item.payout_id""",
    "exceptions": "SELECT code, unit_key, state FROM finance_exception WHERE state IN ('open', 'in_progress')",
}


def arrive(world, order, kills):
    """Deliver in that order, and kill the server while it takes in and works.

    :return: events, and seconds until all of them were worked on
    """
    server = world.server
    how, _colon, seed = order.partition(":")
    dice = random.Random(f"kills of {order}")
    world.live_a_month()
    events = world.control("GET", "truth")["events"]
    start = time.monotonic()
    told = world.deliver(
        order=how, copies=2, skip=round(events * LOST), parallel=4, seed=int(seed or 0)
    )
    for _kill in range(kills):
        # Not a wait for a condition: the moment of the kill is what the seed decides.
        time.sleep(dice.uniform(2, 20))
        server.kill()
        server.start()
    server.wait_for(lambda: len(world.statuses()) == told["messages"], "the webhooks", seconds=7200)
    deadline = time.monotonic() + 7200
    while not is_over(world):
        if time.monotonic() > deadline:
            raise SystemExit(f"not over after two hours: {world.exchanges()}")
        server.sweep()
        world.fetch()
        time.sleep(2)
    return events, time.monotonic() - start


def is_over(world):
    return (
        world.exchanges().keys() <= {"done"}
        and not world.unproven()
        and world.held() == world.truth()
    )


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


def money(world):
    """:return: all rows of money as sorted text, by what they are"""
    return {
        name: sorted(repr(row) for row in world.server.sql(query)) for name, query in MONEY.items()
    }


def one_order(cluster, stack, invoices, order, kills):
    name = "bench_settlement"
    database.copy(cluster, os.environ["FINANCE_TEST_TEMPLATE"], name)
    stack.callback(database.drop, cluster, name)
    sandbox = stack.enter_context(SandboxServer(seed=7))
    server = OdooServer(cluster, name)
    stack.callback(server.stop)
    server.start()
    world = SettlementWorld(server, sandbox, invoices + BY_HAND)
    names = [world.invoices.pop() for _number in range(BY_HAND)]
    # In each order, as the rows of all of them are compared.
    peer = float(server.shell(BY_HAND_SCRIPT.format(names=names, count=BY_HAND)).splitlines()[-1])
    events, seconds = arrive(world, order, kills)
    check(world)
    sent = len(world.statuses())
    peak = peak_mb(server)
    return {
        "events": events,
        "sent": sent,
        "seconds": seconds,
        "peer": peer,
        "peak": peak,
        "money": money(world),
    }


def compare(first, other, order):
    for name, rows in first.items():
        if rows != other[name]:
            missing = [row for row in rows if row not in set(other[name])][:5]
            added = [row for row in other[name] if row not in set(rows)][:5]
            raise SystemExit(
                f"{order}: {name} are not those of the first order: {missing} / {added}"
            )


def main():
    invoices = int(sys.argv[1]) if len(sys.argv) > 1 else INVOICES
    orders = sys.argv[2:] or ORDERS
    first = None
    with postgres.running() as cluster:
        for order in orders:
            with contextlib.ExitStack() as stack:
                done = one_order(cluster, stack, invoices, order, KILLS)
            first, peer = first or done["money"], done["peer"]
            compare(first, done["money"], order)
            ours = 1000 * done["seconds"] / done["events"]
            print(
                json.dumps(
                    {
                        "bench": f"settlement, {order}",
                        "ours": round(ours, 1),
                        "peer_name": "account.payment.register of one invoice, which four events are about",
                        "peer": round(peer, 1),
                        "ratio": round(ours / peer, 2),
                        "unit": "ms an event, delivered twice, with kills and what they cost",
                        "n": done["events"],
                        "peak_mb": done["peak"],
                        "kills": KILLS,
                        "messages": done["sent"],
                        "rows_of_money": sum(map(len, done["money"].values())),
                        "same_as_the_first_order": True,
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
