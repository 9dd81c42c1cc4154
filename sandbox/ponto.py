"""Ponto Connect: accounts, synchronisations, transactions by id cursor, and the account holder's consent."""

from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta

from sandbox import money
from sandbox.ibanity import document, problem, resource, stable_uuid
from sandbox.router import Response

HOME = "/ponto-connect"
_VALIDITY = timedelta(days=179)


@dataclass
class Synchronization:
    """One update of an account from its bank.

    :param polls: how often it is still asked about before it ends.
    :param error: code of what goes wrong at its end, or empty.
    :param updated: transaction ids that it brought.
    """

    identification: str
    account: str
    polls: int
    error: str = ""
    status: str = "pending"
    updated: list = field(default_factory=list)

    def attributes(self):
        """Return it as the interface shows it."""
        errors = [{"code": self.error, "detail": "A fault."}] if self.status == "error" else []
        return {
            "resourceType": "account",
            "resourceId": stable_uuid("ponto", self.account),
            "subtype": "accountTransactionsWithUnsettled",
            "status": self.status,
            "errors": errors,
        }


class Ponto:
    """Serves what was synchronised, and only that.

    :param gate: lets in whoever may.
    """

    def __init__(self, world, gate, faults, served):
        self._world = world
        self._gate = gate
        self._faults = faults
        self._served = served
        self._synchronizations = {}
        self._latest = {}
        self._seen = {}
        self._synchronized_at = {}
        self._authorized_until = {}
        self._back = {}

    def add_routes(self, router):
        """Offer ``/ponto-connect``."""
        for method, template, handler in (
            ("GET", "/accounts", self._list),
            ("GET", "/accounts/{account}", self._show),
            ("GET", "/accounts/{account}/transactions", self._transactions),
            ("GET", "/accounts/{account}/pending-transactions", self._pending),
            ("POST", "/accounts/{account}/reauthorization-requests", self._reauthorize),
            ("POST", "/synchronizations", self._synchronize),
            ("GET", "/synchronizations/{id}", self._show_synchronization),
            ("GET", "/synchronizations/{id}/updated-transactions", self._updated),
        ):
            self._gate.add(router, method, HOME + template, handler)
        router.add("GET", "/ponto/reauthorize/{account}", self._confirm)

    def expire(self):
        """Let the account holder's consents end."""
        yesterday = self._world.now.date() - timedelta(days=1)
        self._authorized_until = dict.fromkeys(self._world.accounts, yesterday)

    # === ACCOUNTS === #

    def _find(self, identification):
        for account in self._world.accounts.values():
            if "api" in account.channels and identification == stable_uuid("ponto", account.code):
                return account
        raise problem(404, "resourceNotFound", "No such account.")

    def _asked(self, request):
        return self._find(request.params["account"])

    def _until(self, account):
        return self._authorized_until.setdefault(account.code, self._world.now.date() + _VALIDITY)

    def _describe(self, account):
        latest = self._latest.get(account.code)
        meta = {}
        if account.code in self._synchronized_at:
            meta["synchronizedAt"] = _moment(self._synchronized_at[account.code])
        if latest:
            meta["latestSynchronization"] = resource(
                "synchronization", latest.identification, latest.attributes()
            )
        day = f"{self._world.now.date().isoformat()}T00:00:00.000Z"
        seen = [
            item
            for item in self._world.booked(account)
            if item.transaction_id in self._ids(account)
        ]
        balance = account.opening_balance + sum(item.amount for item in seen)
        return resource(
            "account",
            stable_uuid("ponto", account.code),
            {
                "reference": account.iban,
                "referenceType": "IBAN",
                "currency": account.currency,
                "description": f"{account.owner} {account.currency}",
                "holderName": account.owner,
                "product": "Business account",
                "deprecated": False,
                "currentBalance": float(money.to_text(balance)),
                "currentBalanceReferenceDate": day,
                "availableBalance": float(money.to_text(balance)),
                "availableBalanceReferenceDate": day,
                "authorizationExpirationExpectedAt": f"{self._until(account).isoformat()}T12:00:00.000Z",
            },
            meta=meta,
        )

    def _list(self, request):
        shown = [item for item in self._world.accounts.values() if "api" in item.channels]
        return document(
            {
                "data": [self._describe(account) for account in shown],
                "links": {},
                "meta": {"paging": {"limit": len(shown)}},
            }
        )

    def _show(self, request):
        return document({"data": self._describe(self._asked(request))})

    # === SYNCHRONISATION === #

    def _synchronize(self, request):
        attributes = request.json().get("data", {}).get("attributes", {})
        account = self._find(attributes.get("resourceId"))
        if not request.headers.get("ibanity-idempotency-key"):
            raise problem(400, "missingIdempotencyKey", "Send ibanity-idempotency-key.")
        struck = self._faults.strike("synchronization_error", request.method, request.path)
        error = struck.get("code", "bankUnavailable") if struck is not None else ""
        if self._until(account) < self._world.now.date():
            error = "accountAuthorizationExpired"
        new = Synchronization(
            stable_uuid("synchronization", self._world.serial("synchronization")),
            account.code,
            self._world.settings["synchronization_polls"],
            error,
        )
        self._synchronizations[new.identification] = self._latest[account.code] = new
        return document(
            {"data": resource("synchronization", new.identification, new.attributes())}, 201
        )

    def _synchronization(self, request):
        found = self._synchronizations.get(request.params["id"])
        if found is None:
            raise problem(404, "resourceNotFound", "No such synchronisation.")
        return found

    def _show_synchronization(self, request):
        found = self._synchronization(request)
        if found.status in ("pending", "running"):
            found.polls -= 1
            found.status = "running"
            if found.polls <= 0:
                self._end(found)
        return document(
            {"data": resource("synchronization", found.identification, found.attributes())}
        )

    def _end(self, synchronization):
        synchronization.status = "error" if synchronization.error else "success"
        if synchronization.error:
            return
        account = self._world.accounts[synchronization.account]
        self._world.report(account, self._world.now.date())
        seen = self._ids(account)
        synchronization.updated = [
            item.transaction_id
            for item in self._world.booked(account)
            if item.transaction_id not in seen
        ]
        seen.update(synchronization.updated)
        self._synchronized_at[account.code] = datetime.now(UTC)

    def _ids(self, account):
        return self._seen.setdefault(account.code, set())

    # === TRANSACTIONS === #

    def _transactions(self, request):
        account = self._asked(request)
        seen = self._ids(account)
        items = [item for item in self._world.booked(account) if item.transaction_id in seen]
        items.sort(key=lambda item: (item.booking_date, item.booked_at, item.transaction_id))
        return self._page(request, account, items[::-1])

    def _updated(self, request):
        found = self._synchronization(request)
        account = self._world.accounts[found.account]
        brought = set(found.updated)
        items = [item for item in self._world.booked(account) if item.transaction_id in brought]
        return self._page(request, account, items[::-1])

    def _page(self, request, account, items):
        limit = min(int(request.query.get("page[limit]", "10")), self._world.settings["page_size"])
        after = request.query.get("page[after]")
        ids = [stable_uuid("ponto", item.transaction_id) for item in items]
        if after and after not in ids:
            raise problem(400, "invalidPaging", "page[after] is not one of the list.")
        start = ids.index(after) + 1 if after else 0
        page = items[start : start + limit]
        shown = page
        if (
            page
            and self._faults.strike("duplicate_booking", request.method, request.path) is not None
        ):
            shown = [page[0], *page]
        links = {"first": f"{request.base_url}{request.path}?page[limit]={limit}"}
        if start + limit < len(items):
            links["next"] = (
                f"{request.base_url}{request.path}?page[limit]={limit}"
                f"&page[after]={ids[start + limit - 1]}"
            )
            if self._faults.strike("change_while_paging", request.method, request.path) is not None:
                late = self._world.add_late_booking(
                    account, self._world.now.date(), 12_345, "Bestellung 90210 Nachzügler"
                )
                self._ids(account).add(late.transaction_id)
        return document(
            {
                "data": [self._transaction(account, item) for item in shown],
                "links": links,
                "meta": {"paging": {"limit": limit}},
            },
            delivered=lambda: self._served.record("ponto", account, page),
        )

    def _pending(self, request):
        account = self._asked(request)
        items = self._world.pending(account)
        return document(
            {
                "data": [
                    self._transaction(account, item, kind="pendingTransaction") for item in items
                ],
                "links": {},
                "meta": {"paging": {"limit": 100}},
            }
        )

    def _transaction(self, account, item, kind="transaction"):
        text = item.reference or item.text
        attributes = {
            # A JSON number, as Ponto sends it.
            "amount": float(money.to_text(item.amount)),
            "currency": account.currency,
            "valueDate": f"{item.value_date.isoformat()}T00:00:00.000Z",
            # Midnight in Belgium, as other banks have it: the day before, by UTC.
            "executionDate": f"{(item.booking_date - timedelta(days=1)).isoformat()}T23:00:00.000Z",
            "counterpartName": item.party or None,
            "counterpartReference": item.party_iban or None,
            "remittanceInformation": text or None,
            "remittanceInformationType": "structured" if item.reference else "unstructured",
            "endToEndId": item.end_to_end_id or None,
            "bankTransactionCode": item.code,
            "internalReference": item.entry_reference,
            "digest": stable_uuid("digest", item.transaction_id).replace("-", ""),
            "fee": float(money.to_text(item.charges)) if item.charges else None,
        }
        return resource(kind, stable_uuid("ponto", item.transaction_id), attributes)

    # === CONSENT === #

    def _reauthorize(self, request):
        account = self._asked(request)
        back = request.json().get("data", {}).get("attributes", {}).get("redirectUri", "")
        self._back[account.code] = back
        link = f"{request.base_url}/ponto/reauthorize/{request.params['account']}"
        return document(
            {
                "data": resource(
                    "reauthorizationRequest",
                    stable_uuid("reauthorization", self._world.serial("reauthorization")),
                    {},
                    links={"redirect": link},
                )
            },
            201,
        )

    def _confirm(self, request):
        """Opening the page is the account holder's decision; it leads back."""
        account = self._asked(request)
        self._authorized_until[account.code] = self._world.now.date() + _VALIDITY
        return Response(302, b"", {"Location": self._back.get(account.code, "/")})


def _moment(moment):
    return moment.strftime("%Y-%m-%dT%H:%M:%S.%f")[:-3] + "Z"
