"""Berlin Group NextGenPSD2 1.3.11: accounts, balances and transactions."""

from datetime import date
from urllib.parse import urlencode

from sandbox import money
from sandbox.nextgenpsd2 import problem
from sandbox.router import json_response


def _amount(minor, currency):
    return {"currency": currency, "amount": money.to_text(minor)}


def _parties(amount, party, iban):
    side = "creditor" if amount < 0 else "debtor"
    fields = {f"{side}Name": party} if party else {}
    if iban:
        fields[f"{side}Account"] = {"iban": iban}
    return fields


class Accounts:
    """Serves the accounts of a consent.

    :param faults: asked for duplicates and for news between two pages.
    :param served: told what was handed over.
    """

    def __init__(self, world, guard, consents, faults, served):
        self._world = world
        self._guard = guard
        self._consents = consents
        self._faults = faults
        self._served = served

    def add_routes(self, router):
        """Offer ``/v1/accounts``."""
        self._guard.add(router, "GET", "/v1/accounts", self._list)
        self._guard.add(router, "GET", "/v1/accounts/{account}", self._show)
        self._guard.add(router, "GET", "/v1/accounts/{account}/balances", self._balances)
        self._guard.add(router, "GET", "/v1/accounts/{account}/transactions", self._transactions)

    def _asked(self, request):
        account = self._world.account(request.params["account"])
        if account is None or "api" not in account.channels:
            raise problem(404, "RESOURCE_UNKNOWN", "No such account.")
        return account

    def _describe(self, account, with_balance):
        home = f"/v1/accounts/{account.resource_id}"
        content = {
            "resourceId": account.resource_id,
            "iban": account.iban,
            "currency": account.currency,
            "name": f"{account.owner} {account.currency}",
            "ownerName": account.owner,
            "product": "Business account",
            "cashAccountType": "CACC",
            "status": "enabled",
            "bic": account.bic,
            "usage": "ORGA",
        }
        if with_balance:
            content["balances"] = self.balance_list(account)
        content["_links"] = {
            "balances": {"href": f"{home}/balances"},
            "transactions": {"href": f"{home}/transactions"},
        }
        return content

    def _list(self, request):
        consent = self._consents.require(request, "accounts")
        with_balance = request.query.get("withBalance") == "true"
        return json_response(
            200,
            {
                "accounts": [
                    self._describe(account, with_balance)
                    for account in self._world.accounts.values()
                    if account.code in consent.accounts
                ]
            },
        )

    def _show(self, request):
        account = self._asked(request)
        self._consents.require(request, "account", account)
        return json_response(200, {"account": self._describe(account, False)})

    def _balances(self, request):
        account = self._asked(request)
        self._consents.require(request, "balances", account)
        self._world.report(account, self._world.now.date())
        return json_response(
            200, {"account": self._reference(account), "balances": self.balance_list(account)}
        )

    @staticmethod
    def _reference(account):
        return {"iban": account.iban, "currency": account.currency}

    def balance_list(self, account):
        """Return the balances of an account, in the form of the specification."""
        world = self._world
        booked = world.balance(account)
        expected = booked + sum(item.amount for item in world.pending(account))
        closed = list(world.closed_days(world.first_day, world.now.date()))
        balances = []
        if closed:
            before = [day for day in closed if day < closed[-1]]
            opening = world.balance(account, before[-1]) if before else account.opening_balance
            balances = [
                ("openingBooked", opening, closed[-1]),
                ("closingBooked", world.balance(account, closed[-1]), closed[-1]),
            ]
        balances += [
            ("interimBooked", booked, world.now.date()),
            ("expected", expected, world.now.date()),
        ]
        return [
            {
                "balanceType": kind,
                "balanceAmount": _amount(minor, account.currency),
                "referenceDate": day.isoformat(),
            }
            for kind, minor, day in balances
        ]

    def _transactions(self, request):
        account = self._asked(request)
        first, last, status, offset = self._window(request)
        self._consents.require(request, "transactions", account, counts=offset == 0)
        world = self._world
        world.report(account, world.now.date())
        booked = [item for item in world.booked(account) if first <= item.booking_date <= last]
        booked = self._faulty(request, booked[::-1] if status != "pending" else [])
        page = booked[offset : offset + world.settings["page_size"]]
        afterwards = self._running_balances(account)
        lists = {}
        if status != "pending":
            lists["booked"] = [self.booked(account, item, afterwards) for item in page]
        if status != "booked":
            pending = world.pending(account) if offset == 0 else []
            lists["pending"] = [self.entry(account, item) for item in pending[::-1]]
        links = {"account": {"href": f"/v1/accounts/{account.resource_id}"}}
        if offset + len(page) < len(booked):
            links["next"] = {"href": self._next(request, offset + len(page))}
            self._change_while_paging(request, account)
        content = {"account": self._reference(account), "transactions": {**lists, "_links": links}}
        if request.query.get("withBalance") == "true":
            content["balances"] = self.balance_list(account)
        return json_response(
            200,
            content,
            delivered=lambda: self._served.record("api", account, self._real(account, page)),
        )

    def _window(self, request):
        query = request.query
        status = query.get("bookingStatus")
        if status is None:
            raise problem(400, "FORMAT_ERROR", "bookingStatus is missing.", "bookingStatus")
        if status not in ("booked", "pending", "both"):
            raise problem(
                400, "PARAMETER_NOT_SUPPORTED", f"bookingStatus {status}", "bookingStatus"
            )
        if "dateFrom" not in query and status != "pending":
            raise problem(400, "FORMAT_ERROR", "dateFrom is missing.", "dateFrom")
        today = self._world.now.date()
        window = []
        for name in ("dateFrom", "dateTo"):
            try:
                window.append(date.fromisoformat(query.get(name, today.isoformat())))
            except ValueError as error:
                raise problem(400, "FORMAT_ERROR", f"{name} must be a date.", name) from error
        if window[0] > window[1]:
            raise problem(400, "PERIOD_INVALID", "dateFrom is after dateTo.", "dateFrom")
        offset = query.get("page", "0")
        if not offset.isdecimal():
            raise problem(400, "FORMAT_ERROR", "page is not one of ours.", "page")
        return *window, status, int(offset)

    @staticmethod
    def _next(request, offset):
        return f"{request.path}?{urlencode({**request.query, 'page': offset})}"

    def _faulty(self, request, booked):
        if booked:
            options = self._faults.strike("duplicate_booking", request.method, request.path)
            if options is not None:
                first = booked[0]
                return [
                    first,
                    self._world.reissued(first) if options.get("new_id") else first,
                    *booked[1:],
                ]
        return booked

    def _change_while_paging(self, request, account):
        if self._faults.strike("change_while_paging", request.method, request.path) is not None:
            today = self._world.now.date()
            self._world.add_late_booking(account, today, 12_345, "Bestellung 90210 Nachzügler")

    def _real(self, account, page):
        known = {item.transaction_id for item in self._world.booked(account)}
        return [item for item in page if item.transaction_id in known]

    def _running_balances(self, account):
        balance, balances = account.opening_balance, {}
        for item in self._world.booked(account):
            balance += item.amount
            balances[item.transaction_id] = balance
        return balances

    def booked(self, account, item, afterwards=()):
        """Return a booked transaction, with the balance after it where ``afterwards`` knows it."""
        content = {"transactionId": item.transaction_id}
        if account.shares_reference:
            content["entryReference"] = item.entry_reference
        content["bookingDate"] = item.booking_date.isoformat()
        content["valueDate"] = item.value_date.isoformat()
        content |= self.entry(account, item)
        if item.transaction_id in afterwards:
            content["balanceAfterTransaction"] = {
                "balanceType": "interimBooked",
                "balanceAmount": _amount(afterwards[item.transaction_id], account.currency),
            }
        return content

    def entry(self, account, item):
        """Return what pending and booked transactions have in common."""
        content = {"transactionAmount": _amount(item.amount, account.currency)}
        content |= _parties(item.amount, item.party, item.party_iban)
        if item.end_to_end_id:
            content["endToEndId"] = item.end_to_end_id
        if item.text:
            content["remittanceInformationUnstructured"] = item.text
        if item.reference:
            content["remittanceInformationStructured"] = item.reference
        content["bankTransactionCode"] = item.code
        if item.conversion:
            content["currencyExchange"] = [
                {
                    "sourceCurrency": item.conversion.currency,
                    "targetCurrency": account.currency,
                    "unitCurrency": item.conversion.currency,
                    "exchangeRate": str(item.conversion.rate),
                    "quotationDate": item.booking_date.isoformat(),
                }
            ]
        notes = self._notes(account, item)
        if notes:
            content["additionalInformation"] = notes
        if item.details:
            content["batchIndicator"] = True
            content["batchNumberOfTransactions"] = len(item.details)
            content["entryDetails"] = [
                {
                    "endToEndId": detail.end_to_end_id,
                    "transactionAmount": _amount(detail.amount, account.currency),
                    **_parties(detail.amount, detail.party, detail.party_iban),
                    "remittanceInformationUnstructured": detail.text,
                }
                for detail in item.details
            ]
        return content

    @staticmethod
    def _notes(account, item):
        notes = []
        if item.conversion:
            instructed = money.to_text(abs(item.conversion.amount))
            notes.append(f"Instructed {item.conversion.currency} {instructed}")
        if item.charges:
            notes.append(f"Charges {account.currency} {money.to_text(item.charges)}")
        if item.reversal_of:
            notes.append("Reversal")
        return "; ".join(notes)
