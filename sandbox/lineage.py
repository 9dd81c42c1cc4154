"""A lineage backend: takes OpenLineage run events and tells what it got."""

from sandbox.router import ProblemError, Response, json_response, refusal

_REQUIRED = ("eventTime", "producer", "schemaURL", "run", "job")


class Lineage:
    """Takes events at ``/api/v1/lineage``, as Marquez and others do."""

    def __init__(self):
        self._events = []

    def add_routes(self, router):
        """Offer ``/api/v1/lineage`` and the control of it."""
        router.add("POST", "/api/v1/lineage", self._take)
        router.add("GET", "/control/lineage", self._list)

    def _take(self, request):
        event = request.json()
        missing = [name for name in _REQUIRED if not event.get(name)]
        if missing:
            raise ProblemError(refusal(422, f"The event lacks {', '.join(missing)}."))
        # A repeated event is the same fact.
        if event not in self._events:
            self._events.append(event)
        return Response(201)

    def _list(self, request):
        return json_response(200, {"events": self._events})
