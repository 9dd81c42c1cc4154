"""A treasury platform over REST, as ``docs/treasury-platform.md`` has it: payment orders in, status reports out."""

import hashlib

from sandbox.router import ProblemError, json_response, refusal

_HOME = "/treasury/v1/payment-orders"


class TreasuryPlatform:
    """Takes orders by their idempotency key and hands them to the bank.

    :param payments: the bank that executes them.
    """

    def __init__(self, world, oauth, payments):
        self._world = world
        self._oauth = oauth
        self._payments = payments
        self._orders = {}

    def add_routes(self, router):
        """Offer the platform's two calls."""
        router.add("POST", _HOME, self._take)
        router.add("GET", f"{_HOME}/{{key}}", self._show)

    def _check(self, request):
        if wrong := self._oauth.check(request.headers.get("Authorization")):
            raise ProblemError(json_response(401, {"error": wrong}))

    def _take(self, request):
        self._check(request)
        key, digest = (
            request.headers.get("Idempotency-Key"),
            hashlib.sha256(request.body).hexdigest(),
        )
        if not key:
            raise ProblemError(refusal(400, "Idempotency-Key is missing."))
        if request.headers.get("X-Content-SHA256") != digest:
            raise ProblemError(refusal(400, "X-Content-SHA256 is not the digest of the body."))
        known = self._orders.get(key)
        if known and known.digest != digest:
            raise ProblemError(refusal(409, "This Idempotency-Key came with another content."))
        if known:
            return json_response(200, self._report(known))
        order = self._orders[key] = self._payments.take(request.body, key, _HOME)
        return json_response(201, self._report(order))

    def _show(self, request):
        self._check(request)
        order = self._orders.get(request.params["key"])
        if order is None:
            raise ProblemError(refusal(404, "No order of that id was ever taken."))
        return json_response(200, self._report(order))

    def _report(self, order):
        transactions = [
            {
                "status": item.status,
                "end_to_end_id": item.end_to_end_id,
                "instruction_id": item.instruction_id,
                "uetr": None,
                "reasons": [{"code": item.reason, "proprietary": None, "texts": []}]
                if item.status == "RJCT"
                else [],
                "amount": None,
                "currency": None,
                "accepted_at": None,
                "bank_reference": None,
            }
            for item in order.payments
        ]
        group = {
            "group_id": f"{order.message_id}-G1",
            "status": None,
            "reasons": [],
            "transactions": [] if order.silent else transactions,
        }
        return {
            "schema_version": 1,
            "source_format": "treasury.platform",
            "source_version": "1",
            "original_message_id": order.message_id,
            "message_id": f"STS-{order.payment_id}-{self._world.now:%Y%m%d%H%M}",
            "created_at": f"{self._world.now.isoformat(timespec='seconds')}+00:00",
            "original_name": None,
            "status": order.status(),
            "reasons": [],
            "groups": [group],
        }
