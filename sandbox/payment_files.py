"""The bank's file gateway: payment files are taken out of a folder, status reports are put into another one.

``<folder>/payments`` is where customers put pain.001 and camt.055 files, each after its ``.sha256``; ``taken`` is where
they go. ``<folder>/payments/answers`` is where the bank puts a pain.002 at each news of an order, and a camt.029
for news of a recall; the file's name goes on with the account's.
"""

import hashlib
from pathlib import Path

from sandbox.nextgenpsd2_payments import pain002
from sandbox.recalls import MARK, Recalls
from sandbox.router import ProblemError, json_response, refusal


class PaymentFiles:
    """Takes payment files and reports on them.

    :param folder: of the bank's files; None when this bank takes none.
    :param payments: who executes them.
    """

    def __init__(self, world, folder, payments):
        self._world = world
        self._inbox = folder and Path(folder) / "payments"
        self._payments = payments
        self._recalls = Recalls(world, payments)
        self._orders = {}
        self._told = {}
        world.on_clock.append(self._report)

    def add_routes(self, router):
        """Offer ``POST /control/payment-files`` and ``POST /control/payment-memory``."""
        router.add("POST", "/control/payment-files", self._collect)
        router.add("POST", "/control/payment-memory", self._remember)

    def _collect(self, request):
        """Take every file that lies there now."""
        self._need_folder()
        taken, refused = [], []
        for path in sorted(self._inbox.glob("*.xml")):
            content = path.read_bytes()
            wrong = _checksum_problem(path, content)
            if wrong is None:
                try:
                    self._take(path.name, content)
                except ProblemError as error:
                    wrong = error.response.body.decode()
            (refused if wrong else taken).append({"name": path.name, "problem": wrong})
            _move(path, "refused" if wrong else "taken")
        self._report(self._world.now)
        return json_response(200, {"taken": taken, "refused": refused})

    def _take(self, name, content):
        if MARK not in content:
            self._orders[name] = self._payments.take(content, name, "/files")
            return
        self._recalls.take(content)
        for known, order in self._orders.items():
            # What is cancelled is told in the answer to the recall, not twice.
            self._told[known] = _news(order)

    def _remember(self, request):
        """Give a bank that was started anew back what it took.

        A list of objects with ``name`` and ``content`` of a file; ``request_id`` and ``payment_id`` if it came over the
        API. Those that came as files are reported on again.
        """
        for item in request.json(list):
            by_api = item.get("request_id")
            if not by_api:
                self._need_folder()
            order = self._payments.take(
                item["content"].encode(), by_api or item["name"], "/memory", item.get("payment_id")
            )
            if not by_api:
                self._orders[item["name"]] = order
        self._report(self._world.now)
        return json_response(201, {"orders": len(self._orders)})

    def _need_folder(self):
        if self._inbox is None:
            raise ProblemError(refusal(409, "No folder: start the sandbox with --folder DIR"))

    def _report(self, now):
        for name, order in self._orders.items():
            news = _news(order)
            if order.silent or self._told.get(name) == news:
                continue
            self._told[name] = news
            account = order.payments[0].account
            self._answer(f"pain002_{account}_{order.message_id}", now, pain002(order, now))
        self._recalls.decide(now)
        for case in self._recalls.cases.values():
            if case.has_news():
                self._answer(f"camt029_{case.account}_{case.case_id}", now, case.answer(now))

    def _answer(self, name, now, content):
        answers = self._inbox / "answers"
        answers.mkdir(parents=True, exist_ok=True)
        target = answers / f"{name}_{now:%Y%m%d%H%M}.xml"
        part = answers / f".{target.name}.part"
        part.write_bytes(content)
        part.replace(target)


def _news(order):
    return [(item.end_to_end_id, item.status) for item in order.payments]


def _checksum_problem(path, content):
    sidecar = path.with_name(f"{path.name}.sha256")
    if not sidecar.exists():
        return "The file came without its checksum."
    if sidecar.read_text().split()[0] != hashlib.sha256(content).hexdigest():
        return "The checksum is not that of the file."
    return None


def _move(path, folder):
    target = path.parent / folder
    target.mkdir(exist_ok=True)
    for each in (path.with_name(f"{path.name}.sha256"), path):
        if each.exists():
            each.replace(target / each.name)
