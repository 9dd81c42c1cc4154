"""What happens at Stripe, by order; what is true there; and its webhooks."""

import hashlib
import hmac
import json
import random
import threading
import time
from datetime import datetime, timedelta

from sandbox.bookings import Booking, bank_reference, business_day_from
from sandbox.iban import invented_iban
from sandbox.outgoing import post
from sandbox.router import ProblemError, json_response, refusal
from sandbox.stripe import API_KEY, moment

_PARTY = "STRIPE PAYMENTS EUROPE"


class StripeControl:
    """Makes payments, refunds, disputes and payouts, and delivers their events well or badly."""

    def __init__(self, world, stripe):
        self._world = world
        self._stripe = stripe
        self._delivered = []
        self._statuses = []

    def add_routes(self, router):
        """Offer ``/control/stripe``."""
        for method, path, handler in (
            ("POST", "payments", self._pay),
            ("POST", "refunds", self._refund),
            ("POST", "disputes", self._dispute),
            ("POST", "disputes/{id}/close", self._close_dispute),
            ("POST", "payouts", self._pay_out),
            ("POST", "payouts/{id}/fail", self._fail_payout),
            ("POST", "webhooks", self._deliver),
            ("GET", "webhooks", self._tell_statuses),
            ("GET", "truth", self._truth),
        ):
            router.add(method, f"/control/stripe/{path}", handler)

    # === WHAT HAPPENS === #

    def _pay(self, request):
        made = []
        for row in request.json(list):
            try:
                made.append(
                    self._stripe.charge(
                        int(row["amount"]),
                        str(row["currency"]).lower(),
                        settle_in=row.get("settle_in"),
                        fails=bool(row.get("fails")),
                        direct=bool(row.get("direct")),
                        customer=row.get("customer"),
                        description=row.get("description"),
                        metadata=row.get("metadata") or {},
                        billing_details={"name": row.get("customer_name")},
                    )
                )
            except (KeyError, TypeError, ValueError) as error:
                raise ProblemError(refusal(400, f"payment: missing or wrong {error}")) from error
        return json_response(200, {"charges": made})

    def _known(self, kind, identification):
        found = self._stripe.objects[kind].get(identification)
        if found is None:
            raise ProblemError(refusal(404, f"No {kind} {identification!r}"))
        return found

    def _refund(self, request):
        body = request.json()
        charge = self._known("charge", body.get("charge"))
        amount = int(body.get("amount", charge["amount"] - charge["amount_refunded"]))
        return json_response(
            200, self._stripe.refund(charge, amount, fails=bool(body.get("fails")))
        )

    def _dispute(self, request):
        charge = self._known("charge", request.json().get("charge"))
        return json_response(200, self._stripe.dispute(charge))

    def _close_dispute(self, request):
        dispute = self._known("dispute", request.params["id"])
        self._stripe.close_dispute(dispute, bool(request.json().get("won")))
        return json_response(200, dispute)

    def _pay_out(self, request):
        """Pay the balance of a currency to an account of the sandbox's bank, which books it at once."""
        body = request.json()
        account = self._world.account(body.get("account"))
        reference = f"STRIPE {self._world.serial('stripe/trace', length=10).upper()}"
        currency = str(body.get("currency", account and account.currency)).lower()
        payout = self._stripe.pay_out(currency, reference)
        if payout is None:
            raise ProblemError(refusal(409, f"The balance has no {currency} to pay out"))
        if account:
            self._book(account, payout["amount"], reference, payout["id"])
        return json_response(200, payout)

    def _fail_payout(self, request):
        """A payout that was paid comes back: also on the bank account, where ``account`` is named."""
        payout = self._known("payout", request.params["id"])
        self._stripe.fail_payout(payout)
        account = self._world.account(request.json().get("account"))
        if account:
            self._book(
                account, -payout["amount"], f"RETURN {payout['trace_id']['value']}", payout["id"]
            )
        return json_response(200, payout)

    def _book(self, account, amount, text, payout):
        day = self._world.unreported_day(account, business_day_from(self._world.now.date()))
        identification = self._world.serial(f"stripe/{account.code}/{payout}")
        at = datetime.combine(day, datetime.min.time()) + timedelta(hours=9)
        self._world.add(
            Booking(
                account=account.code,
                transaction_id=identification,
                entry_reference=bank_reference(day, identification[::-1]),
                kind="stripe_payout",
                amount=amount,
                text=text,
                party=_PARTY,
                party_iban=invented_iban("DE", _PARTY),
                code="PMNT-RCDT-ESCT" if amount > 0 else "PMNT-ICDT-ESCT",
                booking_date=day,
                value_date=day,
                statement_date=day,
                announced_at=at,
                booked_at=at,
                end_to_end_id="NOTPROVIDED",
            )
        )

    # === WEBHOOKS === #

    def _deliver(self, request):
        """Deliver the events that were not delivered yet.

        ``order``: ``created``, ``backwards`` or ``shuffled``; ``copies`` of each; ``skip``: how many, by chance, are
        never delivered; ``age``: seconds since they were signed; ``parallel``: how many at a time.
        """
        body = request.json()
        url, secret = str(body.get("url")), str(body.get("secret"))
        if not url.startswith("http") or not secret:
            raise ProblemError(refusal(400, "Name url and secret."))
        dice = random.Random(f"{self._world.seed}/{body.get('seed', 0)}")
        waiting = [
            event
            for event in self._stripe.objects["event"].values()
            if event["id"] not in self._delivered
        ]
        self._delivered += [event["id"] for event in waiting]
        lost = {
            event["id"]
            for event in dice.sample(waiting, min(int(body.get("skip", 0)), len(waiting)))
        }
        events = [event for event in waiting if event["id"] not in lost]
        events *= int(body.get("copies", 1))
        if body.get("order") == "backwards":
            events.reverse()
        elif body.get("order") == "shuffled":
            dice.shuffle(events)
        self._statuses = statuses = []
        sender = Sender(url, secret, int(body.get("age", 0)), statuses)
        for number in range(parallel := int(body.get("parallel", 1))):
            threading.Thread(
                target=sender.send, args=(events[number::parallel],), daemon=True
            ).start()
        return json_response(202, {"messages": len(events), "lost": sorted(lost)})

    def _tell_statuses(self, request):
        return json_response(200, {"statuses": list(self._statuses)})

    # === THE TRUTH === #

    def _truth(self, request):
        """What Stripe really holds, in minor units by currency."""
        objects = self._stripe.objects

        def totals(kind, keeps):
            found = {}
            for item in objects[kind].values():
                if keeps(item):
                    counted = found.setdefault(item["currency"], {"count": 0, "amount": 0})
                    counted["count"] += 1
                    counted["amount"] += item["amount"]
            return found

        def is_status(*wanted):
            return lambda item: item["status"] in wanted

        return json_response(
            200,
            {
                "api_key": API_KEY,
                "events": len(objects["event"]),
                "payments": totals("charge", is_status("succeeded")),
                "refunds": totals("refund", is_status("succeeded")),
                "disputes": totals("dispute", lambda item: item["status"] != "won"),
                "payouts": [
                    {
                        "id": payout["id"],
                        "amount": payout["amount"],
                        "currency": payout["currency"],
                        "status": payout["status"],
                        "reference": payout["trace_id"]["value"],
                        "day": moment(payout["created"]).date().isoformat(),
                        **self._rows_of(payout),
                    }
                    for payout in objects["payout"].values()
                ],
            },
        )

    def _rows_of(self, payout):
        rows = [
            entry
            for entry in self._stripe.objects["balance_transaction"].values()
            if entry["_payout"] == payout["id"] and entry["type"] != "payout"
        ]
        return {
            "rows": len(rows),
            "gross": sum(entry["amount"] for entry in rows),
            "fees": sum(entry["fee"] for entry in rows),
        }


class Sender:
    """Sends events as Stripe does.

    :param age: seconds ago that they claim to be signed.
    :param statuses: takes the answers.
    """

    def __init__(self, url, secret, age, statuses):
        self._url = url
        self._secret = secret
        self._age = age
        self._statuses = statuses

    def send(self, events):
        """Send ``events`` one after the other; what is not taken is tried once more."""
        for event in events:
            status = self._post(event)
            if status in (0, 503):
                time.sleep(0.2)
                status = self._post(event)
            self._statuses.append(status)

    def _post(self, event):
        body = json.dumps(event, indent=2).encode()
        headers = {
            "Content-Type": "application/json; charset=utf-8",
            "Stripe-Signature": self.sign(body),
        }
        return post(self._url, body, headers)

    def sign(self, body):
        """Return the header ``Stripe-Signature``."""
        stated = int(time.time()) - self._age
        mac = hmac.new(self._secret.encode(), f"{stated}.".encode() + body, hashlib.sha256)
        return f"t={stated},v1={mac.hexdigest()}"
