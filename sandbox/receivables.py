"""What the entities' customers owe, and how they pay it."""

import random
from datetime import datetime, time, timedelta

from sandbox import money
from sandbox.bookings import Booking, Conversion, bank_reference, mark, next_business_day
from sandbox.history import CURRENCIES, exchange_rate
from sandbox.iban import has_check_digits, invented_iban
from sandbox.router import ProblemError, iso_date, json_response, refusal
from sandbox.world import ENTITIES

#: How the n-th registered receivable is paid; begins again after the last.
BEHAVIOURS = (
    "exact", "exact", "wrong_amount", "exact", "no_reference", "exact",
    "exact", "twice", "exact", "exact", "unpaid", "exact",
)  # fmt: skip


def is_structured(reference):
    """Tell whether ``reference`` (no spaces) is an ISO 11649 or a Swiss QR reference.

    Those travel in a field of their own, not in the text.
    """
    if reference.startswith("RF"):
        return has_check_digits(reference)
    return len(reference) == 27 and reference.isdigit()


class Receivables:
    """Takes expected receivables and lets customers pay them."""

    def __init__(self, world):
        self._world = world
        self._count = 0
        self._known = {}

    def add_routes(self, router):
        """Offer ``POST /control/receivables``."""
        router.add("POST", "/control/receivables", self.register)

    def register(self, request):
        """Take a list of receivables; one that is already known is answered as before."""
        checked = [self._check(row, position) for position, row in enumerate(request.json(list))]
        return json_response(200, {"receivables": [self._take(*item) for item in checked]})

    def _check(self, row, position):
        try:
            entity, reference, customer = row["entity"], row["reference"], row["customer_name"]
            currency, amount = row["currency"], money.to_minor(row["amount"])
            due_date = row["due_date"]
        except (KeyError, TypeError, ValueError) as error:
            raise ProblemError(
                refusal(400, f"Receivable {position}: missing or wrong {error}")
            ) from error
        account_currency = row.get("account_currency") or currency
        account = self._world.account(f"{entity}-{account_currency.lower()}")
        if entity not in ENTITIES or account is None:
            raise ProblemError(
                refusal(400, f"Receivable {position}: {entity!r} has no {account_currency} account")
            )
        if amount <= 0:
            raise ProblemError(
                refusal(400, f"Receivable {position}: the amount must be above zero")
            )
        if currency not in CURRENCIES:
            raise ProblemError(refusal(400, f"Receivable {position}: no rate for {currency}"))
        iban = row.get("customer_iban") or invented_iban("DE", customer)
        return account, reference, customer, iban, currency, amount, iso_date(due_date, "due_date")

    def _take(self, account, reference, customer, iban, currency, amount, due_date):
        key = account.entity, reference
        if key not in self._known:
            behaviour = BEHAVIOURS[self._count % len(BEHAVIOURS)]
            self._count += 1
            payments = list(
                self._payments(
                    behaviour, account, reference, customer, iban, currency, amount, due_date
                )
            )
            for booking in payments:
                self._world.add(booking)
            self._known[key] = behaviour, payments
        behaviour, payments = self._known[key]
        return {
            "reference": reference,
            "behaviour": behaviour,
            "payments": [
                {
                    "account": booking.account,
                    "transaction_id": booking.transaction_id,
                    "booking_date": booking.booking_date.isoformat(),
                    "amount": money.to_text(booking.amount),
                }
                for booking in payments
            ],
        }

    def _payments(self, behaviour, account, reference, customer, iban, currency, amount, due_date):
        if behaviour == "unpaid":
            return
        dice = random.Random(f"{self._world.seed}/receivable/{account.code}/{reference}")
        paid = amount
        if behaviour == "wrong_amount":
            paid -= max(1, amount // 50)
        text = reference if dice.randrange(2) else f"Rechnung {reference} vielen Dank"
        bare = reference.replace(" ", "")
        structured = bare if is_structured(bare) else ""
        if structured:
            text = ""
        if behaviour == "no_reference":
            structured, text = "", f"Zahlung {customer}"
        day = due_date + timedelta(days=dice.randrange(-4, 3))
        for number in range(2 if behaviour == "twice" else 1):
            day = self._world.unreported_day(account, next_business_day(day) if number else day)
            rate = exchange_rate(currency, account.currency, day)
            identification = mark(self._world.seed, "receivable", account.code, reference, number)
            moment = datetime.combine(day, time(dice.randrange(8, 17), dice.randrange(60)))
            yield Booking(
                account=account.code,
                transaction_id=identification,
                entry_reference=bank_reference(day, identification[::-1]),
                kind=f"receivable_{behaviour}",
                amount=money.convert(paid, rate),
                text=text,
                party=customer,
                party_iban=iban,
                code="PMNT-RCDT-ESCT",
                booking_date=day,
                value_date=day,
                statement_date=day,
                announced_at=moment,
                booked_at=moment,
                end_to_end_id=f"PAY-{identification[:8]}-{number}",
                reference=structured,
                conversion=Conversion(currency, paid, rate)
                if currency != account.currency
                else None,
            )
