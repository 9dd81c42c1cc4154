"""A group's reporting platform: takes cash positions with a bearer token, acknowledges them later, knows repeats."""

import hashlib
import json
import time
from dataclasses import dataclass

from sandbox.outgoing import post
from sandbox.router import ProblemError, json_response, refusal
from sandbox.standard_webhooks import read_secret, sign

#: What becomes of a position that was taken: acknowledged by the next question, when it is told to, or refused.
MODES = ("when_asked", "when_told", "refuse")


@dataclass
class Taken:
    """A position that was taken.

    :ivar requests: how often it was sent.
    """

    id: str
    key: str
    body: bytes
    document: dict
    status: str = "pending"
    reason: str | None = None
    requests: int = 1


class ReportingPlatform:
    """Takes positions at ``/v1/positions``; its word comes by webhook, or to whoever asks."""

    def __init__(self, world, oauth):
        self._world = world
        self._oauth = oauth
        self._taken = {}
        self._mode = "when_asked"
        self._webhook = None
        self._refused = 0

    def add_routes(self, router):
        """Offer ``/v1/positions`` and the control of it."""
        router.add("POST", "/v1/positions", self._take)
        router.add("GET", "/v1/positions", self._list)
        router.add("GET", "/v1/positions/by-key/{key}", self._ask)
        router.add("GET", "/control/positions", self._told)
        router.add("PUT", "/control/positions", self._set)
        router.add("POST", "/control/positions/acknowledge", self._acknowledge)

    def _check(self, request):
        problem = self._oauth.check(request.headers.get("Authorization"))
        if problem:
            self._refused += 1
            raise ProblemError(json_response(401, {"error": problem, "code": "unauthorized"}))

    def _take(self, request):
        self._check(request)
        key = request.headers.get("Idempotency-Key", "")
        if not key:
            raise ProblemError(refusal(400, "Name the position with an Idempotency-Key."))
        known = self._taken.get(key)
        if known:
            known.requests += 1
            if known.body != request.body:
                raise ProblemError(refusal(409, f"{key} was used for another position."))
            return self._answer(202, known)
        document = request.json()
        if document.get("schema") != "cash_position.v1" or "position" not in document:
            raise ProblemError(refusal(422, "This is no frozen cash position of version 1."))
        taken = Taken(
            id=f"pos_{self._world.serial('position')}",
            key=key,
            body=request.body,
            document=document,
        )
        if self._mode == "refuse":
            taken.status, taken.reason = "rejected", "The period is closed."
        self._taken[key] = taken
        return self._answer(202, taken)

    def _ask(self, request):
        self._check(request)
        taken = self._taken.get(request.params["key"])
        if taken is None:
            raise ProblemError(
                json_response(404, {"error": "Nothing with this key.", "code": "unknown_key"})
            )
        if taken.status == "pending" and self._mode == "when_asked":
            taken.status = "accepted"
        return self._answer(200, taken)

    def _list(self, request):
        self._check(request)
        return json_response(
            200, {"positions": [self._receipt(each) for each in self._taken.values()]}
        )

    def _answer(self, status, taken):
        return json_response(status, self._receipt(taken))

    def _receipt(self, taken):
        """What it says of a position: read from the bytes that came, not repeated from what it was told."""
        return {
            "id": taken.id,
            "idempotency_key": taken.key,
            "status": taken.status,
            "reason": taken.reason,
            "digest": hashlib.sha256(taken.body).hexdigest(),
            "total": taken.document["totals"]["group"],
            "accounts": len(taken.document["accounts"]),
        }

    # === CONTROL === #

    def _set(self, request):
        body = request.json()
        mode = body.get("mode", self._mode)
        if mode not in MODES:
            raise ProblemError(refusal(400, f"mode is one of {', '.join(MODES)}"))
        if "webhook" in body:
            try:
                self._webhook = body["webhook"]["url"], read_secret(body["webhook"].get("secret"))
            except (KeyError, TypeError, ValueError) as error:
                raise ProblemError(refusal(400, f"webhook: {error}")) from error
        self._mode = mode
        return json_response(200, {"mode": mode})

    def _told(self, request):
        return json_response(
            200,
            {
                "refused": self._refused,
                "positions": [
                    {
                        **self._receipt(taken),
                        "requests": taken.requests,
                        "document": taken.document,
                    }
                    for taken in self._taken.values()
                ],
            },
        )

    def _acknowledge(self, request):
        """Say of all that wait that they are taken, and tell whoever listens."""
        changed = request.json().get("change") or {}
        told = []
        for taken in self._taken.values():
            if taken.status == "pending":
                taken.status = "accepted"
            if self._webhook:
                message = {"type": f"position.{taken.status}", **self._receipt(taken), **changed}
                told.append({"idempotency_key": taken.key, "status": self._post(taken, message)})
        return json_response(200, {"told": told})

    def _post(self, taken, message):
        url, secret = self._webhook
        body = json.dumps(message).encode()
        timestamp = str(int(time.time()))
        # Of the sender's key: a platform that starts anew must not repeat an identification of its life before.
        identification = f"msg_{taken.key}_{taken.status}"
        return post(
            url,
            body,
            {
                "webhook-id": identification,
                "webhook-timestamp": timestamp,
                "webhook-signature": sign(secret, identification, timestamp, body),
            },
        )
