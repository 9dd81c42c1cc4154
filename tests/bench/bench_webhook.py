"""Milliseconds from a signed webhook to its committed 2xx, beside a JSON-2 ``create`` of a small record.

50 requests a second for 20 s on one threaded worker, each at its own moment whether or not the ones
before it are answered: waiting in line counts. The 99th percentile, in milliseconds.
"""

import base64
import contextlib
import hashlib
import hmac
import json
import os
import sys
import threading
import time
import uuid
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
sys.path[:0] = [str(ROOT), str(ROOT / "setup"), str(ROOT / "tests/e2e")]

import requests

from lib import database, postgres
from servers import OdooServer

RATE = 50
SECONDS = 20
SENDERS = 64
KEY = b"seeded-signing-key-of-a-sender-1"

SETUP = """
import datetime, json
connection = env["finance.connection"].create({{
    "name": "Sender", "adapter": "webhook", "environment": "sandbox", "company_id": env.company.id}})
env["finance.credential"].create({{
    "name": "Signing", "connection_id": connection.id, "kind": "signing_secret", "secret": {secret!r}}})
interface = env["finance.interface"].create({{
    "name": "Events", "code": "bench.webhook", "handler": "dummy", "connection_id": connection.id,
    "company_id": env.company.id}})
interface._go_live("Needed by a bench.")
expires = datetime.datetime.now() + datetime.timedelta(days=1)
admin = env.ref("base.user_admin")
key = admin.env(user=admin)["res.users.apikeys"]._generate("rpc", "Bench", expires)
print(json.dumps({{"token": connection.webhook_token, "key": key}}))
"""

_local = threading.local()


def _session():
    if not hasattr(_local, "session"):
        _local.session = requests.Session()
    return _local.session


def send_webhook(server, told):
    message_id = uuid.uuid4().hex
    body = json.dumps({"amount": "1.00", "text": message_id * 20}).encode()
    timestamp = str(int(time.time()))
    signed = f"{message_id}.{timestamp}.".encode() + body
    signature = base64.b64encode(hmac.new(KEY, signed, hashlib.sha256).digest()).decode()
    return _session().post(
        f"{server.url}/finance/webhook/{told['token']}",
        data=body,
        headers={
            "webhook-id": message_id,
            "webhook-timestamp": timestamp,
            "webhook-signature": f"v1,{signature}",
            "Content-Type": "application/json",
        },
        timeout=300,
    )


def create_record(server, told):
    return _session().post(
        f"{server.url}/json/2/res.partner.category/create",
        json={"vals_list": [{"name": uuid.uuid4().hex}]},
        headers={"Authorization": f"Bearer {told['key']}"},
        timeout=300,
    )


def percentile_99(call, server, told, *, rate=RATE, seconds=SECONDS):
    """:return: the 99th percentile in ms, from the moment a request was due to its answer"""
    for _warm_up in range(5):
        call(server, told).raise_for_status()
    start = time.perf_counter() + 0.5

    def at(number):
        due = start + number / rate
        time.sleep(max(0, due - time.perf_counter()))
        call(server, told).raise_for_status()
        return (time.perf_counter() - due) * 1000

    with ThreadPoolExecutor(SENDERS) as senders:
        taken = sorted(senders.map(at, range(rate * seconds)))
    return taken[int(len(taken) * 0.99) - 1]


def peak_mb(server):
    """:return: the most memory that the server's process ever held"""
    status = Path(f"/proc/{server.process.pid}/status").read_text()
    return int(status.split("VmHWM:")[1].split()[0]) // 1024


def main():
    with postgres.running() as cluster, contextlib.ExitStack() as stack:
        name = "bench_webhook"
        database.copy(cluster, os.environ["FINANCE_TEST_TEMPLATE"], name)
        stack.callback(database.drop, cluster, name)
        # Reception alone: what is stored is worked on by other workers.
        server = OdooServer(cluster, name, queue=False)
        stack.callback(server.stop)
        told = json.loads(
            server.shell(
                SETUP.format(secret="whsec_" + base64.b64encode(KEY).decode())
            ).splitlines()[-1]
        )
        server.start()
        peer = percentile_99(create_record, server, told)
        ours = percentile_99(send_webhook, server, told)
        print(
            json.dumps(
                {
                    "bench": "webhook",
                    "ours": round(ours, 1),
                    "peer_name": "JSON-2 create of a res.partner.category",
                    "peer": round(peer, 1),
                    "ratio": round(ours / peer, 2),
                    "unit": f"ms, p99 at {RATE}/s",
                    "n": RATE * SECONDS,
                    "peak_mb": peak_mb(server),
                }
            ),
            flush=True,
        )


if __name__ == "__main__":
    main()
