"""A subscriber to somebody's events: checks Standard Webhooks signatures, remembers, knows repeats."""

import time

from sandbox.router import ProblemError, Response, json_response, refusal
from sandbox.standard_webhooks import is_signed, read_secret


class Subscriber:
    """Takes events at ``/subscriber/events``; refuses everything until a secret is set."""

    def __init__(self, world):
        self._world = world
        self._key = None
        self._events = {}
        self._refused = self._conflicts = 0

    def add_routes(self, router):
        """Offer ``/subscriber/events`` and the control of it."""
        router.add("POST", "/subscriber/events", self._take)
        router.add("PUT", "/control/subscriber", self._set_secret)
        router.add("GET", "/control/received", self._list)

    def _set_secret(self, request):
        try:
            self._key = read_secret(request.json().get("secret"))
        except ValueError as error:
            raise ProblemError(refusal(400, f"secret: {error}")) from error
        return json_response(200, {})

    def _take(self, request):
        if self._key is None or not is_signed(
            self._key, request.headers, request.body, time.time()
        ):
            self._refused += 1
            raise ProblemError(refusal(401, "The signature or the timestamp is wrong."))
        identification = request.headers["webhook-id"]
        known = self._events.setdefault(
            identification,
            {"body": request.body, "deliveries": 0, "received_at": self._world.now},
        )
        if known["body"] != request.body:
            self._conflicts += 1
            raise ProblemError(refusal(409, f"{identification} was delivered with another body."))
        known["deliveries"] += 1
        return Response(204)

    def _list(self, request):
        return json_response(
            200,
            {
                "events": [
                    {
                        "webhook_id": identification,
                        "deliveries": event["deliveries"],
                        "received_at": event["received_at"].isoformat(),
                        "body": event["body"].decode("utf-8", "replace"),
                    }
                    for identification, event in self._events.items()
                ],
                "refused": self._refused,
                "conflicts": self._conflicts,
            },
        )
