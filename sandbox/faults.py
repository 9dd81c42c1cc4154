"""Faults on demand: what to break, where, how often."""

import itertools
import random
from dataclasses import dataclass, field
from decimal import Decimal, InvalidOperation

from sandbox.router import ProblemError, json_response, refusal

#: Faults that wait for a matching request or file -> the options they take, with their types.
REQUEST_KINDS = {
    "latency": {"ms": int},
    "rate_limit": {"retry_after": int | str | None},
    "server_error": {"status": int, "retry_after": int | str | None},
    "cut_before": {},
    "cut_after": {},
    "malformed_body": {},
    "truncated_body": {},
    "change_while_paging": {},
    "duplicate_booking": {"new_id": bool},
    "synchronization_error": {"code": str},
}


def malformed(content):
    """Return ``content`` as an upstream that failed half way would finish it."""
    return content[: len(content) // 2] + b"\n<!-- upstream error -->"


def truncated(content):
    """Return the first half of ``content``."""
    return content[: len(content) // 2]


@dataclass
class Fault:
    """One fault that is switched on.

    :param path: prefix of the request path it strikes.
    :param account: when given, only requests for this account.
    :param count: how often it still strikes; None is for ever.
    :param probability: of striking a matching request, decided by the seed.
    :param options: what the kind needs: ``ms``, ``retry_after``, ``status``, ``new_id``.
    """

    identification: int
    kind: str
    path: str
    method: str | None
    account: object
    count: int | None
    probability: Decimal
    options: dict
    hits: int = 0
    tries: int = field(default=0, repr=False)

    def matches(self, method, path):
        """Tell whether a request is in scope and the fault is not used up."""
        segments = path.split("/")
        return (
            self.count != 0
            and path.startswith(self.path)
            and self.method in (None, method)
            and (
                self.account is None
                or self.account.resource_id in segments
                or self.account.code in segments
            )
        )

    def describe(self):
        """Return the fault as the control interface shows it."""
        return {
            "id": self.identification,
            "kind": self.kind,
            "path": self.path,
            "method": self.method,
            "account": self.account and self.account.code,
            "count": self.count,
            "probability": str(self.probability),
            "hits": self.hits,
            **self.options,
        }


class Faults:
    """The faults that are switched on.

    :param immediate: kind -> function(body) -> dict for what happens at once, such as a late booking.
    """

    def __init__(self, world, immediate):
        self._world = world
        self._immediate = immediate
        self._numbers = itertools.count(1)
        self._active = []

    def add_routes(self, router):
        """Offer ``/control/faults``."""
        router.add("POST", "/control/faults", self._post)
        router.add("GET", "/control/faults", self._list)
        router.add("DELETE", "/control/faults", self._clear)
        router.add("DELETE", "/control/faults/{id}", self._remove)

    def strike(self, kind, method, path):
        """Return the options of a fault of ``kind`` that strikes this request, or None; it is used up by one."""
        with self._world.lock:
            for fault in self._active:
                if fault.kind != kind or not fault.matches(method, path):
                    continue
                fault.tries += 1
                dice = random.Random(f"{self._world.seed}/{fault.identification}/{fault.tries}")
                if Decimal(dice.randrange(1_000_000)) / 1_000_000 >= fault.probability:
                    continue
                fault.hits += 1
                if fault.count is not None:
                    fault.count -= 1
                return fault.options
        return None

    def _post(self, request):
        body = request.json()
        kind = body.pop("kind", None)
        if kind in self._immediate:
            return json_response(201, {"kind": kind, **self._immediate[kind](body)})
        if kind not in REQUEST_KINDS:
            known = ", ".join((*REQUEST_KINDS, *self._immediate))
            raise ProblemError(refusal(400, f"kind must be one of {known}"))
        fault = self._read(kind, body)
        with self._world.lock:
            self._active.append(fault)
        return json_response(201, fault.describe())

    def _read(self, kind, body):
        path = body.pop("path", "/v1")
        account = body.pop("account", None)
        count = body.pop("count", 1)
        if path.startswith(("/control", "/health")) or "/control".startswith(path):
            raise ProblemError(
                refusal(400, "Faults never strike /control; name a path such as /v1")
            )
        if account is not None:
            name, account = account, self._world.account(account)
            if account is None:
                raise ProblemError(refusal(400, f"No account {name!r}"))
        if count is not None and (not isinstance(count, int) or count < 1):
            raise ProblemError(refusal(400, "count must be a number above zero, or null"))
        try:
            probability = Decimal(str(body.pop("probability", "1")))
        except InvalidOperation as error:
            raise ProblemError(refusal(400, 'probability must be like "0.5"')) from error
        method = body.pop("method", None)
        for name, value in body.items():
            if name not in REQUEST_KINDS[kind] or not isinstance(value, REQUEST_KINDS[kind][name]):
                raise ProblemError(
                    refusal(400, f"{kind} has no option {name} with value {value!r}")
                )
        return Fault(next(self._numbers), kind, path, method, account, count, probability, body)

    def _list(self, request):
        return json_response(200, {"faults": [fault.describe() for fault in self._active]})

    def _clear(self, request):
        with self._world.lock:
            self._active.clear()
        return json_response(200, {"faults": []})

    def _remove(self, request):
        with self._world.lock:
            left = [
                fault for fault in self._active if str(fault.identification) != request.params["id"]
            ]
            if len(left) == len(self._active):
                raise ProblemError(refusal(404, f"No fault {request.params['id']}"))
            self._active[:] = left
        return self._list(request)
