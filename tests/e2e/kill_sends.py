"""Runs inside Odoo's shell: workers that send payment orders and are killed with -9 at a moment that a seed decides.

One Odoo for all seeds: each worker is a fork of it with connections of its own. ``env`` is Odoo's.
"""

import json
import os
import random
import signal
import time

from odoo import SUPERUSER_ID, api, sql_db

_kept = []


def work(env, order_id, *, sweep):
    """What a worker does with one order: send it, or put right what another one left and go on from there."""
    # The parent's connections stay open and untouched: this process ends without cleaning up.
    _kept.append((sql_db._Pool, env.registry._db))
    sql_db._Pool = None
    env.registry._db = sql_db.db_connect(env.cr.dbname)
    with env.registry.cursor() as cr:
        exchange = api.Environment(cr, SUPERUSER_ID, {})["treasury.payment.order"].browse(order_id)
        exchange = exchange.exchange_id
        if sweep:
            exchange._free_if_orphaned()
            cr.execute(
                "UPDATE finance_exchange SET due_at = now() - interval '1 s' WHERE id = %s",
                [exchange.id],
            )
            cr.commit()
            exchange.invalidate_recordset()
            if exchange.work_status in ("unknown", "waiting"):
                exchange._job_query_status()
        exchange._job_send()


def fork(env, order_id, *, sweep, kill_after=None):
    """:return: seconds that the worker lived"""
    started = time.monotonic()
    pid = os.fork()
    if not pid:
        code = 1
        try:
            work(env, order_id, sweep=sweep)
            code = 0
        except Exception as error:
            print(f"worker: {error!r}", flush=True)
        finally:
            os._exit(code)
    if kill_after is not None:
        # Not a wait for a condition: the moment of the kill is what the seed decides.
        time.sleep(kill_after)
        os.kill(pid, signal.SIGKILL)
    os.waitpid(pid, 0)
    return time.monotonic() - started


def state(env, order_id):
    env.cr.rollback()
    env.cr.execute(
        "SELECT o.state, e.work_status FROM treasury_payment_order o JOIN finance_exchange e ON e.id = o.exchange_id"
        " WHERE o.id = %s",
        [order_id],
    )
    return env.cr.fetchone()


def run(env, order_ids, first_seed):
    """Send each order by workers that are killed, until it is with the bank; the first one shows how long it takes.

    :return: how many workers were killed, and how many of them in a call that the bank may have had
    """
    measured, killed = fork(env, order_ids[0], sweep=False), 0
    for seed, order_id in enumerate(order_ids[1:], start=first_seed):
        dice = random.Random(seed)
        fork(env, order_id, sweep=False, kill_after=dice.uniform(0, measured))
        killed += 1
        for _round in range(200):
            order_state, work_status = state(env, order_id)
            if order_state in ("acknowledged", "executed"):
                break
            if dice.random() < 0.4:
                fork(env, order_id, sweep=True, kill_after=dice.uniform(0, 1.5 * measured))
                killed += 1
            else:
                fork(env, order_id, sweep=True)
        else:
            raise AssertionError(f"seed {seed}: {order_state}, {work_status}")
    return {"killed": killed, "seconds_a_send": round(measured, 3)}


print(json.dumps(run(env, order_ids, first_seed)))  # noqa: F821 - given by the test
