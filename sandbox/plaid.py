"""Plaid: items of account holders, and ``/transactions/sync`` with its cursors."""

import html
from dataclasses import dataclass, field

from sandbox import money
from sandbox.oauth import CLIENT_ID, CLIENT_SECRET
from sandbox.router import ProblemError, Response, json_response
from sandbox.world import ENTITIES

HOME = "/plaid"
_MUTATION = "TRANSACTIONS_SYNC_MUTATION_DURING_PAGINATION"


def account_id(account):
    """Return Plaid's id of an account: opaque, and not the bank's."""
    return f"pl{account.resource_id[:24]}"


def problem(status, kind, code, message):
    """Return the error in Plaid's form."""
    return ProblemError(
        json_response(
            status,
            {
                "error_type": kind,
                "error_code": code,
                "error_message": message,
                "display_message": None,
                "request_id": "sandbox",
            },
        )
    )


@dataclass
class Item:
    """An account holder's login at the bank.

    :param readings: how often it is still asked before Plaid has read its accounts.
    """

    identification: str
    entity: str
    readings: int
    error: str = ""


@dataclass
class Link:
    """A session on the hosted page."""

    entity: str
    back: str
    item: Item | None = None
    public_token: str = ""


@dataclass
class Stream:
    """What became of an account, in the order it became: each step is (kind, id, booking)."""

    steps: list = field(default_factory=list)
    pending: dict = field(default_factory=dict)
    posted: set = field(default_factory=set)


class Plaid:
    """Serves the accounts of the ``api`` channel."""

    def __init__(self, world, faults, served, webhooks):
        self._world = world
        self._faults = faults
        self._served = served
        self._webhooks = webhooks
        self._links = {}
        self._public = {}
        self._items = {}
        self._streams = {}
        self._mutated = set()
        self._numbers = 0

    def add_routes(self, router):
        """Offer ``/plaid``, and the page on which an account holder logs in."""
        for path, handler in (
            ("/institutions/get", self._institutions),
            ("/link/token/create", self._create_link),
            ("/link/token/get", self._show_link),
            ("/item/public_token/exchange", self._exchange),
            ("/item/get", self._show_item),
            ("/accounts/get", self._accounts),
            ("/transactions/sync", self._sync),
            ("/webhook_verification_key/get", self._key),
        ):
            router.add("POST", HOME + path, self._guarded(handler))
        router.add("GET", "/plaid-link/{token}", self._log_in)

    def expire(self):
        """Let every account holder have to log in again."""
        for item in self._items.values():
            item.error = "ITEM_LOGIN_REQUIRED"

    def _guarded(self, handler):
        def guarded(request):
            pair = request.headers.get("PLAID-CLIENT-ID"), request.headers.get("PLAID-SECRET")
            if pair != (CLIENT_ID, CLIENT_SECRET):
                raise problem(400, "INVALID_INPUT", "INVALID_API_KEYS", "Unknown client or secret.")
            return handler(request.json(), request)

        return guarded

    # === ITEMS === #

    def _institutions(self, body, request):
        return json_response(200, {"institutions": [], "total": 0, "request_id": "sandbox"})

    def _create_link(self, body, request):
        token = f"link-sandbox-{self._world.serial('link')}"
        entity = body.get("user", {}).get("client_user_id", "").rpartition(":")[2]
        known = self._item(body) if body.get("access_token") else None
        self._links[token] = Link(
            entity if entity in ENTITIES else "",
            body.get("hosted_link", {}).get("completion_redirect_uri", ""),
            known,
        )
        return json_response(
            200,
            {
                "link_token": token,
                "hosted_link_url": f"{request.base_url}/plaid-link/{token}",
                "request_id": "sandbox",
            },
        )

    def _log_in(self, request):
        """Opening the page is the account holder's log-in; it leads back."""
        link = self._links.get(request.params["token"])
        if link is None:
            return json_response(404, {"error": "No such session."})
        if link.item:
            link.item.error = ""
        else:
            polls = self._world.settings["plaid_readings"]
            link.item = Item(f"item-{self._world.serial('item')}", link.entity, polls)
            link.public_token = f"public-sandbox-{self._world.serial('public token')}"
            self._public[link.public_token] = link.item
        page = f'<a href="{html.escape(link.back)}">Return to your application</a>'
        return Response(302, page.encode(), {"Location": link.back, "Content-Type": "text/html"})

    def _show_link(self, body, request):
        link = self._links.get(body.get("link_token"))
        if link is None:
            raise problem(400, "INVALID_INPUT", "INVALID_LINK_TOKEN", "No such session.")
        results = [{"public_token": link.public_token}] if link.public_token else []
        sessions = [{"results": {"item_add_results": results}}] if link.item else []
        return json_response(200, {"link_sessions": sessions, "request_id": "sandbox"})

    def _exchange(self, body, request):
        item = self._public.pop(body.get("public_token"), None)
        if item is None:
            raise problem(400, "INVALID_INPUT", "INVALID_PUBLIC_TOKEN", "Unknown or used.")
        token = f"access-sandbox-{self._world.serial('access token', length=32)}"
        self._items[token] = item
        return json_response(
            200,
            {"access_token": token, "item_id": item.identification, "request_id": "sandbox"},
        )

    def _item(self, body):
        item = self._items.get(body.get("access_token"))
        if item is None:
            raise problem(400, "INVALID_INPUT", "INVALID_ACCESS_TOKEN", "Unknown access token.")
        return item

    def _show_item(self, body, request):
        item = self._item(body)
        error = {"error_type": "ITEM_ERROR", "error_code": item.error} if item.error else None
        return json_response(
            200,
            {
                "item": {
                    "item_id": item.identification,
                    "error": error,
                    "consent_expiration_time": None,
                },
                "status": {
                    "transactions": {
                        "last_successful_update": f"{self._world.now.isoformat()}Z",
                        "last_failed_update": None,
                    }
                },
                "request_id": "sandbox",
            },
        )

    def _owned(self, item):
        return [
            account
            for account in self._world.accounts.values()
            if "api" in account.channels and item.entity in ("", account.entity)
        ]

    def _describe(self, account):
        balance = float(money.to_text(self._world.balance(account)))
        return {
            "account_id": account_id(account),
            "name": f"{account.owner} {account.currency}",
            "official_name": None,
            "mask": account.iban[-4:],
            "type": "depository",
            "subtype": "checking",
            "balances": {
                "current": balance,
                "available": balance,
                "limit": None,
                "iso_currency_code": account.currency,
                "unofficial_currency_code": None,
            },
        }

    def _accounts(self, body, request):
        item = self._usable(body)
        return json_response(
            200,
            {
                "accounts": [self._describe(account) for account in self._owned(item)],
                "request_id": "sandbox",
            },
        )

    def _usable(self, body):
        item = self._item(body)
        if item.error:
            raise problem(400, "ITEM_ERROR", item.error, "The account holder has to log in again.")
        return item

    # === SYNCHRONISATION === #

    def _sync(self, body, request):
        item = self._usable(body)
        wanted = body.get("options", {}).get("account_id")
        account = next((one for one in self._owned(item) if account_id(one) == wanted), None)
        if account is None:
            raise problem(400, "INVALID_INPUT", "INVALID_ACCOUNT_ID", "Name one account.")
        if item.readings > 0:
            item.readings -= 1
            return self._answer(account, [], "", False, "NOT_READY")
        stream = self._advance(account)
        start = self._position(account, body.get("cursor"))
        if (account.code, start) in self._mutated:
            self._mutated.clear()
            raise problem(400, "TRANSACTIONS_ERROR", _MUTATION, "Begin the loop anew.")
        self._duplicate(request, stream)
        count = min(int(body.get("count", 100)), self._world.settings["page_size"])
        steps = stream.steps[start : start + count]
        end = start + len(steps)
        has_more = end < len(stream.steps)
        if has_more and self._strikes("change_while_paging", request):
            self._world.add_late_booking(
                account, self._world.now.date(), 12_345, "Bestellung 90210 Nachzügler"
            )
            self._mutated.add((account.code, end))
        return self._answer(
            account, steps, f"{account.code}:{end}", has_more, "HISTORICAL_UPDATE_COMPLETE"
        )

    def _strikes(self, kind, request):
        return self._faults.strike(kind, request.method, request.path) is not None

    @staticmethod
    def _position(account, cursor):
        code, _, number = (cursor or f"{account.code}:0").partition(":")
        if code != account.code or not number.isdecimal():
            raise problem(
                400, "INVALID_INPUT", "INVALID_FIELD", "cursor is none of this account's."
            )
        return int(number)

    def _advance(self, account):
        """Add to the account's stream what became of it since somebody last asked."""
        stream = self._streams.setdefault(account.code, Stream())
        self._world.report(account, self._world.now.date())
        for item in self._world.pending(account):
            name = f"pending-{item.transaction_id}"
            if name not in stream.pending:
                stream.pending[name] = item.transaction_id
                stream.steps.append(("pending", name, item))
        for item in self._world.booked(account):
            if item.transaction_id in stream.posted:
                continue
            stream.posted.add(item.transaction_id)
            stream.steps.append(("posted", item.transaction_id, item))
            name = f"pending-{item.transaction_id}"
            if name in stream.pending:
                stream.steps.append(("removed", name, item))
        return stream

    def _duplicate(self, request, stream):
        """Give the newest booking another name, as a bank does that Plaid reads anew: removed, and added once more."""
        if not self._strikes("duplicate_booking", request):
            return
        posted = [step for step in stream.steps if step[0] == "posted"]
        if posted:
            _kind, name, item = posted[-1]
            self._numbers += 1
            stream.steps.append(("posted", f"{item.transaction_id}-{self._numbers}", item))
            stream.steps.append(("removed", name, item))

    def _answer(self, account, steps, cursor, has_more, status):
        added = [
            self._transaction(account, name, item, kind == "pending")
            for kind, name, item in steps
            if kind != "removed"
        ]
        removed = [
            {"transaction_id": name, "account_id": account_id(account)}
            for kind, name, _item in steps
            if kind == "removed"
        ]
        posted = [item for kind, _name, item in steps if kind == "posted"]
        return json_response(
            200,
            {
                "added": added,
                "modified": [],
                "removed": removed,
                "next_cursor": cursor,
                "has_more": has_more,
                "accounts": [self._describe(account)],
                "transactions_update_status": status,
                "request_id": self._world.serial("request"),
            },
            delivered=lambda: self._served.record("plaid", account, posted),
        )

    def _transaction(self, account, name, item, pending):
        was_pending = self._streams[account.code].pending
        earlier = f"pending-{item.transaction_id}"
        return {
            "transaction_id": name,
            "account_id": account_id(account),
            # Money that leaves the account is positive.
            "amount": float(money.to_text(-item.amount)),
            "iso_currency_code": account.currency,
            "unofficial_currency_code": None,
            "date": item.booking_date.isoformat(),
            "authorized_date": None,
            "pending": pending,
            "pending_transaction_id": earlier if not pending and earlier in was_pending else None,
            "name": item.text or item.reference or item.party or "Booking",
            "original_description": item.text or item.reference or None,
            "merchant_name": item.party or None,
            "payment_meta": {"reference_number": item.end_to_end_id or None},
            "transaction_code": None,
        }

    def _key(self, body, request):
        key = self._webhooks.plaid_key(body.get("key_id"))
        if key is None:
            raise problem(
                400, "INVALID_INPUT", "INVALID_WEBHOOK_VERIFICATION_KEY_ID", "Unknown key."
            )
        return json_response(200, {"key": key, "request_id": "sandbox"})
