"""Isabel Connect: the statement files of the accounts, listed and downloaded."""

from datetime import timedelta

from sandbox.ibanity import document, problem, resource, stable_uuid
from sandbox.router import Response

HOME = "/isabel-connect"


class Isabel:
    """Serves one file for each closed business day of the ``file`` channel.

    :param gate: lets in whoever may.
    :param files: makes them.
    """

    def __init__(self, world, gate, files, served):
        self._world = world
        self._gate = gate
        self._files = files
        self._served = served

    def add_routes(self, router):
        """Offer ``/isabel-connect``."""
        self._gate.add(router, "GET", f"{HOME}/account-reports", self._list)
        self._gate.add(router, "GET", f"{HOME}/account-reports/{{id}}", self._download)

    def _reports(self):
        """Yield (id, account, day), the newest first."""
        world = self._world
        for day in reversed(list(world.closed_days(world.first_day, world.now.date()))):
            for account in world.accounts.values():
                if "file" in account.channels:
                    yield stable_uuid("isabel", account.code, day), account, day

    def _list(self, request):
        offset = int(request.query.get("page[offset]", "0"))
        size = int(request.query.get("page[size]", "10"))
        reports = list(self._reports())
        return document(
            {
                "data": [
                    resource(
                        "accountReport",
                        identification,
                        {
                            "fileFormat": "CAMT053",
                            "fileName": self._files.name(account, day),
                            "fileSize": len(self._files.content(account, day)[0]),
                            "receivedAt": f"{(world_close(self._world, day)).isoformat()}Z",
                        },
                    )
                    for identification, account, day in reports[offset : offset + size]
                ],
                "meta": {"paging": {"offset": offset, "total": len(reports)}},
            }
        )

    def _download(self, request):
        found = next((one for one in self._reports() if one[0] == request.params["id"]), None)
        if found is None:
            raise problem(404, "resourceNotFound", "No such report.")
        _identification, account, day = found
        content, items = self._files.content(account, day)
        return Response(
            200,
            content,
            {"Content-Type": "text/plain"},
            lambda: self._served.record("isabel", account, items),
        )


def world_close(world, day):
    """Return when Isabel receives the file of a day: a little after the bank closed it."""
    return world.closed_at(day) + timedelta(minutes=10)
