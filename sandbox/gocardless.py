"""GoCardless Bank Account Data: tokens, agreements and requisitions, accounts with their limits a day."""

from collections import Counter
from dataclasses import dataclass
from datetime import date, timedelta

from sandbox.oauth import CLIENT_ID, CLIENT_SECRET
from sandbox.router import ProblemError, Response, json_response

HOME = "/api/v2"
INSTITUTION = "SANDBOXFINANCE_SFIN0000"
_SECONDS_A_DAY = 86_400
_INSTITUTION = {
    "id": INSTITUTION,
    "name": "Sandbox Finance",
    "bic": "SFIN0000",
    "transaction_total_days": "540",
    "max_access_valid_for_days": "180",
    "countries": ["XX"],
}


def problem(status, summary, detail, headers=None):
    """Return the error in GoCardless' form."""
    return ProblemError(
        json_response(
            status, {"summary": summary, "detail": detail, "status_code": status}, headers
        )
    )


@dataclass
class Requisition:
    """An account holder's consent."""

    identification: str
    agreement: str
    back: str
    status: str = "CR"
    accepted: date | None = None


class Gocardless:
    """Serves the accounts of the ``api`` channel.

    :param accounts: of NextGenPSD2, whose transactions look the same.
    """

    def __init__(self, world, faults, served, accounts):
        self._world = world
        self._faults = faults
        self._served = served
        self._accounts = accounts
        self._tokens = {}
        self._refresh = set()
        self._requisitions = {}
        self._calls = Counter()

    def add_routes(self, router):
        """Offer ``/api/v2``, and the page on which an account holder consents."""
        router.add("POST", f"{HOME}/token/new/", self._new_token)
        router.add("POST", f"{HOME}/token/refresh/", self._refresh_token)
        for method, path, handler in (
            ("GET", "/institutions/", self._institutions),
            ("GET", f"/institutions/{INSTITUTION}/", self._institution),
            ("POST", "/agreements/enduser/", self._agree),
            ("GET", "/agreements/enduser/{id}/", self._show_agreement),
            ("POST", "/requisitions/", self._require),
            ("GET", "/requisitions/{id}/", self._show_requisition),
            ("GET", "/accounts/{account}/", self._show),
            ("GET", "/accounts/{account}/details/", self._details),
            ("GET", "/accounts/{account}/balances/", self._balances),
            ("GET", "/accounts/{account}/transactions/", self._transactions),
        ):
            router.add(method, HOME + path, self._guarded(handler))
        router.add("GET", "/gocardless/link/{id}", self._confirm)

    def expire(self):
        """Let every consent end."""
        for requisition in self._requisitions.values():
            if requisition.status == "LN":
                requisition.status = "EX"

    def rotate(self):
        """Distrust the tokens issued so far."""
        self._tokens.clear()

    # === TOKENS === #

    def _new_token(self, request):
        body = request.json()
        if (body.get("secret_id"), body.get("secret_key")) != (CLIENT_ID, CLIENT_SECRET):
            raise problem(401, "Authentication failed", "No active account found.")
        refresh = self._world.serial("gocardless refresh", length=40)
        self._refresh.add(refresh)
        return json_response(
            200, {**self._issue(), "refresh": refresh, "refresh_expires": 30 * _SECONDS_A_DAY}
        )

    def _refresh_token(self, request):
        if request.json().get("refresh") not in self._refresh:
            raise problem(401, "Invalid token", "Token is invalid or expired.")
        return json_response(200, self._issue())

    def _issue(self):
        life = self._world.settings["token_lifetime"]
        token = self._world.serial("gocardless token", length=40)
        self._tokens[token] = self._world.now + timedelta(seconds=life)
        return {"access": token, "access_expires": life}

    def _guarded(self, handler):
        def guarded(request):
            token = request.headers.get("Authorization", "").removeprefix("Bearer ")
            if self._tokens.get(token, self._world.now) <= self._world.now:
                raise problem(401, "Invalid token", "Token is invalid or expired.")
            return handler(request)

        return guarded

    # === CONSENT === #

    def _institutions(self, request):
        return json_response(200, [_INSTITUTION])

    def _institution(self, request):
        return json_response(200, _INSTITUTION)

    def _agree(self, request):
        body = request.json()
        if body.get("institution_id") != INSTITUTION:
            raise problem(400, "Unknown institution", "Name one of the list.")
        return json_response(
            201,
            {"id": self._world.serial("agreement", length=32), "access_valid_for_days": 180},
        )

    def _show_agreement(self, request):
        known = next(
            (
                item
                for item in self._requisitions.values()
                if item.agreement == request.params["id"]
            ),
            None,
        )
        accepted = known and known.accepted
        return json_response(
            200,
            {
                "id": request.params["id"],
                "access_valid_for_days": 180,
                "accepted": accepted and f"{accepted.isoformat()}T00:00:00Z",
            },
        )

    def _require(self, request):
        body = request.json()
        new = Requisition(
            self._world.serial("requisition", length=32),
            body.get("agreement", ""),
            body.get("redirect", ""),
        )
        self._requisitions[new.identification] = new
        return json_response(201, self._describe(new, request))

    def _describe(self, requisition, request):
        shown = [item for item in self._world.accounts.values() if "api" in item.channels]
        return {
            "id": requisition.identification,
            "status": requisition.status,
            "agreement": requisition.agreement,
            "link": f"{request.base_url}/gocardless/link/{requisition.identification}",
            "accounts": [item.resource_id for item in shown] if requisition.status == "LN" else [],
        }

    def _requisition(self, request):
        found = self._requisitions.get(request.params["id"])
        if found is None:
            raise problem(404, "Not found.", "No such requisition.")
        return found

    def _show_requisition(self, request):
        return json_response(200, self._describe(self._requisition(request), request))

    def _confirm(self, request):
        """Opening the page is the account holder's consent; it leads back."""
        found = self._requisition(request)
        found.status, found.accepted = "LN", self._world.now.date()
        return Response(302, b"", {"Location": f"{found.back}&ref={found.identification}"})

    # === ACCOUNTS === #

    def _account(self, request):
        account = self._world.account(request.params["account"])
        if account is None or "api" not in account.channels:
            raise problem(404, "Not found.", "No such account.")
        return account

    def _show(self, request):
        account = self._account(request)
        linked = any(item.status == "LN" for item in self._requisitions.values())
        return json_response(
            200,
            {
                "id": account.resource_id,
                "iban": account.iban,
                "institution_id": INSTITUTION,
                "status": "READY" if linked else "EXPIRED",
            },
        )

    def _count(self, scope, account):
        """Count one call; return the headers that tell what is left."""
        if not any(item.status == "LN" for item in self._requisitions.values()):
            raise problem(
                401,
                "End User Agreement (EUA) has expired",
                "EUA was valid for 180 days and it expired; connect the account again.",
            )
        limit = self._world.settings["account_calls_per_day"]
        key = scope, account.code, self._world.now.date()
        left = max(limit - self._calls[key] - 1, 0)
        headers = {
            "HTTP_X_RATELIMIT_LIMIT": "100",
            "HTTP_X_RATELIMIT_REMAINING": "92",
            "HTTP_X_RATELIMIT_RESET": "1",
            "HTTP_X_RATELIMIT_ACCOUNT_SUCCESS_LIMIT": str(limit),
            "HTTP_X_RATELIMIT_ACCOUNT_SUCCESS_REMAINING": str(left),
            "HTTP_X_RATELIMIT_ACCOUNT_SUCCESS_RESET": "5242",
        }
        if self._calls[key] >= limit:
            raise problem(
                429, "Rate limit exceeded", "Daily request limit set by the institution.", headers
            )
        self._calls[key] += 1
        return headers

    def _details(self, request):
        account = self._account(request)
        headers = self._count("details", account)
        return json_response(
            200,
            {
                "account": {
                    "resourceId": account.resource_id,
                    "iban": account.iban,
                    "currency": account.currency,
                    "ownerName": account.owner,
                    "name": f"{account.owner} {account.currency}",
                }
            },
            headers,
        )

    def _balances(self, request):
        account = self._account(request)
        headers = self._count("balances", account)
        return json_response(200, {"balances": self._accounts.balance_list(account)}, headers)

    def _transactions(self, request):
        account = self._account(request)
        headers = self._count("transactions", account)
        world, query = self._world, request.query
        world.report(account, world.now.date())
        first = date.fromisoformat(query.get("date_from", world.first_day.isoformat()))
        last = date.fromisoformat(query.get("date_to", world.now.date().isoformat()))
        items = [item for item in world.booked(account) if first <= item.booking_date <= last][::-1]
        shown = items
        if (
            items
            and self._faults.strike("duplicate_booking", request.method, request.path) is not None
        ):
            shown = [items[0], *items]
        booked = [
            {
                **self._accounts.booked(account, item),
                "internalTransactionId": f"int{item.transaction_id}",
                # As some banks have it: the same for many.
                "entryReference": "DAILY",
            }
            for item in shown
        ]
        pending = [self._accounts.entry(account, item) for item in world.pending(account)]
        return json_response(
            200,
            {"transactions": {"booked": booked, "pending": pending}},
            headers,
            delivered=lambda: self._served.record("gocardless", account, items),
        )
