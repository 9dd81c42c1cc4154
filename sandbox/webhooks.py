"""Tells registered addresses that an account has news (Standard Webhooks, outgoing)."""

import json
import queue
import threading
import time
from dataclasses import asdict, dataclass

from sandbox.outgoing import post
from sandbox.router import ProblemError, json_response, refusal
from sandbox.standard_webhooks import read_secret, sign

#: Seconds to wait before the second and the third try.
PAUSES = (0.2, 1.0)


@dataclass
class Delivery:
    """One notification to one address; ``status`` is the last HTTP status, 0 when nobody answered."""

    webhook_id: str
    url: str
    account: str
    status: int | None = None
    attempts: int = 0


class Webhooks:
    """Registers addresses, queues notifications and delivers them from a thread of its own."""

    def __init__(self, world):
        self._world = world
        self._targets = {}
        self._deliveries = []
        self._queue = queue.Queue()
        self._stopping = threading.Event()
        self._thread = threading.Thread(target=self._deliver, name="webhooks", daemon=True)
        self._thread.start()
        world.on_news.append(self._notify)

    def add_routes(self, router):
        """Offer ``/control/webhooks``."""
        router.add("POST", "/control/webhooks", self._register)
        router.add("GET", "/control/webhooks", self._list)
        router.add("DELETE", "/control/webhooks/{id}", self._remove)
        router.add("POST", "/control/webhooks/send", self._send_now)

    def close(self):
        """Stop delivering; what is queued is dropped."""
        self._stopping.set()
        self._queue.put(None)
        self._thread.join(timeout=15)

    def _register(self, request):
        body = request.json()
        try:
            key = read_secret(body.get("secret"))
        except ValueError as error:
            raise ProblemError(refusal(400, f"secret: {error}")) from error
        url = str(body.get("url"))
        if not url.startswith(("http://", "https://")):
            raise ProblemError(refusal(400, "url must begin with http:// or https://"))
        identification = self._world.serial("webhook", length=8)
        self._targets[identification] = url, key
        return json_response(201, {"id": identification, "url": url})

    def _list(self, request):
        return json_response(
            200,
            {
                "webhooks": [{"id": key, "url": url} for key, (url, _) in self._targets.items()],
                "deliveries": [asdict(delivery) for delivery in self._deliveries],
            },
        )

    def _remove(self, request):
        if self._targets.pop(request.params["id"], None) is None:
            raise ProblemError(refusal(404, f"No webhook {request.params['id']}"))
        return json_response(200, {})

    def _send_now(self, request):
        account = self._world.account(request.json().get("account"))
        if account is None or "api" not in account.channels:
            raise ProblemError(refusal(400, "account must be one the API serves"))
        queued = self._notify([account.code])
        return json_response(202, {"webhook_ids": [delivery.webhook_id for delivery in queued]})

    def _notify(self, codes):
        queued = []
        for account in (self._world.accounts[code] for code in codes):
            if "api" not in account.channels:
                continue
            body = json.dumps(
                {
                    "type": "account.changed",
                    "timestamp": f"{self._world.now.isoformat()}Z",
                    "data": {
                        "account": account.resource_id,
                        "iban": account.iban,
                        "currency": account.currency,
                        "booked": len(self._world.booked(account)),
                        "pending": len(self._world.pending(account)),
                    },
                }
            ).encode()
            for url, key in self._targets.values():
                delivery = Delivery(f"msg_{self._world.serial('message')}", url, account.code)
                queued.append(delivery)
                self._queue.put((delivery, key, body))
        self._deliveries += queued
        return queued

    def _deliver(self):
        while True:
            item = self._queue.get()
            if item is None or self._stopping.is_set():
                return
            delivery, key, body = item
            for pause in (*PAUSES, None):
                delivery.status = self._post(delivery, key, body)
                delivery.attempts += 1
                if 200 <= delivery.status < 300 or pause is None or self._stopping.wait(pause):
                    break

    @staticmethod
    def _post(delivery, key, body):
        timestamp = str(int(time.time()))
        return post(
            delivery.url,
            body,
            {
                "webhook-id": delivery.webhook_id,
                "webhook-timestamp": timestamp,
                "webhook-signature": sign(key, delivery.webhook_id, timestamp, body),
            },
        )
