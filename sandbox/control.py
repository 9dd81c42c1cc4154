"""The control interface: the clock, the settings and the truth."""

from dataclasses import fields
from datetime import date, datetime, timedelta

from sandbox import money
from sandbox.bookings import business_days
from sandbox.ibanity import stable_uuid
from sandbox.oauth import CLIENT_ID, CLIENT_SECRET
from sandbox.plaid import account_id
from sandbox.router import ProblemError, iso_date, json_response, refusal
from sandbox.world import ENTITIES

#: The clock moves at most so far in one step: every day in between gets its bookings.
LONGEST_STEP = timedelta(days=400)


class Control:
    """Moves the clock and tells what the bank really holds.

    :param files: writes the statements of the days that close.
    """

    def __init__(self, world, files):
        self._world = world
        self._files = files

    def add_routes(self, router):
        """Offer ``/health`` and the basics of ``/control``."""
        router.add("GET", "/health", lambda request: json_response(200, {"status": "ok"}))
        router.add("GET", "/control/world", self._describe)
        router.add("GET", "/control/clock", self._show_clock)
        router.add("PUT", "/control/clock", self._move_clock)
        router.add("GET", "/control/settings", self._show_settings)
        router.add("PUT", "/control/settings", self._change_settings)
        router.add("GET", "/control/ledger", self._ledger)

    def late_booking(self, body):
        """Book something with a date that was reported; the fault ``late_booking``."""
        account = self._world.account(body.get("account"))
        if account is None:
            raise ProblemError(
                refusal(400, f"late_booking needs an account, not {body.get('account')!r}")
            )
        yesterday = (self._world.now - timedelta(days=1)).date().isoformat()
        booking_date = iso_date(body.get("booking_date", yesterday), "booking_date")
        try:
            amount = money.to_minor(body.get("amount", "77.70"))
        except ValueError as error:
            raise ProblemError(refusal(400, f"amount: {error}")) from error
        text = body.get("reference") or "Bestellung 81818 Nachzügler"
        return {
            "booking": self._booking(
                self._world.add_late_booking(account, booking_date, amount, text)
            )
        }

    def _describe(self, request):
        world = self._world
        return json_response(
            200,
            {
                "seed": world.seed,
                "clock": world.now.isoformat(),
                "first_day": world.first_day.isoformat(),
                "client_id": CLIENT_ID,
                "client_secret": CLIENT_SECRET,
                "entities": [
                    {"code": code, "name": name, "country": country}
                    for code, (name, country) in ENTITIES.items()
                ],
                "accounts": [
                    {
                        "code": account.code,
                        "entity": account.entity,
                        "iban": account.iban,
                        "bic": account.bic,
                        "resource_id": account.resource_id,
                        "plaid_id": account_id(account),
                        "ponto_id": stable_uuid("ponto", account.code),
                        "currency": account.currency,
                        "channels": account.channels,
                        "shares_reference": account.shares_reference,
                    }
                    for account in world.accounts.values()
                ],
            },
        )

    def _show_clock(self, request):
        return json_response(200, {"now": self._world.now.isoformat()})

    def _move_clock(self, request):
        body = request.json()
        before = self._world.now
        try:
            if "now" in body:
                after = datetime.fromisoformat(body["now"]).replace(tzinfo=None)
            else:
                after = before + timedelta(
                    days=body.get("advance_days", 0), minutes=body.get("advance_minutes", 0)
                )
        except (TypeError, ValueError, OverflowError) as error:
            raise ProblemError(
                refusal(400, f"Send now, advance_days or advance_minutes: {error}")
            ) from error
        if after - before > LONGEST_STEP or after.date() < self._world.first_day:
            raise ProblemError(
                refusal(
                    400, f"The clock goes from {self._world.first_day} on, 400 days a step at most"
                )
            )
        news = self._world.move_clock(after)
        files = self._files.write_closed(before, after)
        return json_response(200, {"now": after.isoformat(), "changed": news, "files": files})

    def _show_settings(self, request):
        return json_response(200, self._world.settings)

    def _change_settings(self, request):
        for name, value in request.json().items():
            if name not in self._world.settings or not isinstance(value, int) or value < 1:
                known = ", ".join(self._world.settings)
                raise ProblemError(
                    refusal(400, f"{name}: settings are {known}, numbers above zero")
                )
            self._world.settings[name] = value
        return self._show_settings(request)

    def _ledger(self, request):
        query, world = request.query, self._world
        first = iso_date(query.get("date_from", world.first_day.isoformat()), "date_from")
        last = iso_date(query.get("date_to", world.now.date().isoformat()), "date_to")
        accounts = list(world.accounts.values())
        if "account" in query:
            accounts = [item for item in accounts if item == world.account(query["account"])]
            if not accounts:
                raise ProblemError(refusal(404, f"No account {query['account']!r}"))
        return json_response(
            200,
            {
                "clock": world.now.isoformat(),
                "accounts": [self._account(account, first, last) for account in accounts],
            },
        )

    def _account(self, account, first, last):
        world = self._world
        shown = [item for item in world.booked(account) if first <= item.booking_date <= last]
        return {
            "code": account.code,
            "iban": account.iban,
            "currency": account.currency,
            "opening_date": world.first_day.isoformat(),
            "opening_balance": money.to_text(account.opening_balance),
            "closing_balance": money.to_text(world.balance(account)),
            "days": list(self._days(account, first, last)),
            "bookings": [self._booking(item) for item in shown],
            "pending": [self._booking(item) for item in world.pending(account)],
        }

    def _days(self, account, first, last):
        world = self._world
        opening = world.balance(account, first - timedelta(days=1))
        amounts = {}
        for item in world.booked(account):
            amounts.setdefault(item.statement_date, []).append(item.amount)
        for day in business_days(max(first, world.first_day), min(last, world.now.date())):
            entries = amounts.get(day, [])
            closing = opening + sum(entries)
            yield {
                "date": day.isoformat(),
                "opening": money.to_text(opening),
                "closing": money.to_text(closing),
                "entries": len(entries),
                "closed": world.is_closed(day),
            }
            opening = closing

    def _booking(self, booking):
        content = {item.name: _plain(getattr(booking, item.name)) for item in fields(booking)}
        return content | {
            "amount": money.to_text(booking.amount),
            "charges": money.to_text(booking.charges),
            "conversion": booking.conversion
            and {
                "currency": booking.conversion.currency,
                "amount": money.to_text(booking.conversion.amount),
                "rate": str(booking.conversion.rate),
            },
            "details": [
                {
                    "amount": money.to_text(detail.amount),
                    "party": detail.party,
                    "party_iban": detail.party_iban,
                    "text": detail.text,
                    "end_to_end_id": detail.end_to_end_id,
                }
                for detail in booking.details
            ],
        }


def _plain(value):
    return value.isoformat() if isinstance(value, date) else value
