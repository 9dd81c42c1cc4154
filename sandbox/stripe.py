"""Stripe: charges, refunds, disputes, payouts, the balance they move, and the list of events."""

from datetime import UTC, datetime

from sandbox.history import exchange_rate
from sandbox.router import ProblemError, json_response

HOME = "/stripe/v1"
API_KEY = "sk_test_sandbox"
API_VERSION = "2026-09-30.basil"
#: Currencies whose amounts have no decimals at Stripe.
ZERO_DECIMAL = frozenset(
    ("bif", "clp", "djf", "gnf", "jpy", "kmf", "krw", "mga", "pyg", "rwf", "vnd", "vuv", "xaf", "xof", "xpf")
)  # fmt: skip
LARGEST_PAGE = 100
_DISPUTE_FEE = 1500


def problem(status, kind, message, **more):
    """Return an error in Stripe's form."""
    return ProblemError(
        json_response(status, {"error": {"type": kind, "message": message, **more}})
    )


def fee_of(amount, currency):
    """Return what a charge costs: 1.5 % and 25 cents, 3.6 % where there are no cents."""
    return amount * 36 // 1000 if currency in ZERO_DECIMAL else amount * 15 // 1000 + 25


class Stripe:
    """One account at Stripe. Every object is a dict as the API shows it."""

    def __init__(self, world):
        self._world = world
        self.objects = {
            name: {}
            for name in (
                "event",
                "charge",
                "payment_intent",
                "refund",
                "dispute",
                "payout",
                "balance_transaction",
            )
        }
        self._requested = 0

    def add_routes(self, router):
        """Offer the reading side of the API."""
        for kind, path in (
            ("event", "events"),
            ("charge", "charges"),
            ("payment_intent", "payment_intents"),
            ("refund", "refunds"),
            ("dispute", "disputes"),
            ("payout", "payouts"),
            ("balance_transaction", "balance_transactions"),
        ):
            router.add("GET", f"{HOME}/{path}", self._lister(kind, path))
            router.add("GET", f"{HOME}/{path}/{{id}}", self._shower(kind))
        router.add("GET", f"{HOME}/balance", self._balance)

    # === READING === #

    def _check(self, request):
        if request.headers.get("Authorization") != f"Bearer {API_KEY}":
            raise problem(401, "invalid_request_error", "Invalid API Key provided: sk_test_****")
        self._requested += 1

    def _headers(self):
        return {"Request-Id": f"req_{self._requested}", "Stripe-Version": API_VERSION}

    def _lister(self, kind, path):
        def handle(request):
            self._check(request)
            query = request.query
            items = [item for item in self._newest_first(kind) if self._wanted(kind, item, query)]
            try:
                limit = int(query.get("limit", 10))
            except ValueError:
                limit = 0
            if not 1 <= limit <= LARGEST_PAGE:
                raise problem(
                    400, "invalid_request_error", "limit is between 1 and 100.", param="limit"
                )
            page, more = self._page(kind, items, query, limit)
            if "data.source" in (query.get("expand[]"), query.get("expand[0]")):
                page = [self._expanded(item) for item in page]
            return json_response(
                200,
                {"object": "list", "data": _copy(page), "has_more": more, "url": f"/v1/{path}"},
                self._headers(),
            )

        return handle

    def _page(self, kind, items, query, limit):
        ids = [item["id"] for item in items]
        for name in ("starting_after", "ending_before"):
            if name in query and query[name] not in ids:
                raise problem(
                    400,
                    "invalid_request_error",
                    f"No such {kind}: '{query[name]}'",
                    code="resource_missing",
                    param=name,
                )
        if "ending_before" in query:
            before = items[: ids.index(query["ending_before"])]
            return before[-limit:], len(before) > limit
        start = ids.index(query["starting_after"]) + 1 if "starting_after" in query else 0
        return items[start : start + limit], len(items) > start + limit

    def _newest_first(self, kind):
        numbered = enumerate(self.objects[kind].values())
        # Of one second, the order in which they were made.
        ordered = sorted(numbered, key=lambda pair: (pair[1]["created"], pair[0]), reverse=True)
        return [item for _number, item in ordered]

    def _wanted(self, kind, item, query):
        for name, keeps in (
            ("created[gte]", lambda edge: item["created"] >= edge),
            ("created[gt]", lambda edge: item["created"] > edge),
            ("created[lte]", lambda edge: item["created"] <= edge),
        ):
            if name in query and not keeps(int(query[name])):
                return False
        if "type" in query and item.get("type") != query["type"]:
            return False
        return kind != "balance_transaction" or item["_payout"] == query.get(
            "payout", item["_payout"]
        )

    def _expanded(self, entry):
        for kind in ("charge", "refund", "dispute", "payout"):
            if entry["source"] in self.objects[kind]:
                return {**entry, "source": self.objects[kind][entry["source"]]}
        return entry

    def _shower(self, kind):
        def handle(request):
            self._check(request)
            found = self.objects[kind].get(request.params["id"])
            if found is None:
                raise problem(
                    404,
                    "invalid_request_error",
                    f"No such {kind}: '{request.params['id']}'",
                    code="resource_missing",
                    param="id",
                )
            return json_response(200, _copy(found), self._headers())

        return handle

    def _balance(self, request):
        self._check(request)
        available = {}
        for entry in self.objects["balance_transaction"].values():
            available.setdefault(entry["currency"], 0)
            available[entry["currency"]] += entry["net"]
        return json_response(
            200,
            {
                "object": "balance",
                "livemode": False,
                "available": [
                    {"amount": total, "currency": currency}
                    for currency, total in sorted(available.items())
                ],
                "pending": [],
            },
            self._headers(),
        )

    # === WHAT HAPPENS === #

    def now(self):
        """Return the world's time as Stripe states it."""
        return int(self._world.now.replace(tzinfo=UTC).timestamp())

    def new(self, kind, prefix, **values):
        """Make an object and keep it."""
        made = {
            "id": f"{prefix}_{self._world.serial('stripe/' + prefix, length=24)}",
            "object": kind,
            "created": self.now(),
            "livemode": False,
            **values,
        }
        self.objects[kind][made["id"]] = made
        return made

    def tell(self, event_type, subject, **previous):
        """Put an event into the list, with the object as it is now."""
        return self.new(
            "event",
            "evt",
            type=event_type,
            api_version=API_VERSION,
            pending_webhooks=1,
            request={"id": None, "idempotency_key": None},
            data={
                "object": _copy(subject),
                **({"previous_attributes": previous} if previous else {}),
            },
        )

    def move(self, kind, source, gross, fee, currency, category, **more):
        """Move the balance by ``gross`` less ``fee``."""
        return self.new(
            "balance_transaction",
            "txn",
            type=kind,
            reporting_category=category,
            amount=gross,
            fee=fee,
            fee_details=[
                {"amount": fee, "currency": currency, "type": "stripe_fee", "description": "Fees"}
            ]
            if fee
            else [],
            net=gross - fee,
            currency=currency,
            source=source,
            status="available",
            available_on=self.now(),
            description=None,
            _payout=None,
            **more,
        )

    def charge(self, amount, currency, *, settle_in=None, fails=False, direct=False, **values):
        """Let a customer pay: an intent and its charge.

        :param settle_in: currency of the balance that gets it, where that is another one.
        :param direct: through the older Charges API: there is no intent, and one event.
        """
        intent = None if direct else self._intent(amount, currency, fails, values)
        charge = self.new(
            "charge",
            "ch",
            amount=amount,
            amount_captured=0 if fails else amount,
            amount_refunded=0,
            balance_transaction=None,
            captured=True,
            currency=currency,
            disputed=False,
            failure_message="Your card was declined." if fails else None,
            paid=not fails,
            payment_intent=intent and intent["id"],
            refunded=False,
            status="failed" if fails else "succeeded",
            **values,
        )
        if intent:
            intent["latest_charge"] = charge["id"]
            self.tell(
                "payment_intent.created", {**intent, "latest_charge": None, "status": "processing"}
            )
        self.tell("charge.failed" if fails else "charge.succeeded", charge)
        if intent:
            outcome = "payment_failed" if fails else "succeeded"
            self.tell(f"payment_intent.{outcome}", intent)
        if not fails:
            self._settle(charge, settle_in or currency)
            if intent:
                self.tell("charge.updated", charge, balance_transaction=None)
        return charge

    def _intent(self, amount, currency, fails, values):
        return self.new(
            "payment_intent",
            "pi",
            amount=amount,
            amount_received=0 if fails else amount,
            currency=currency,
            status="requires_payment_method" if fails else "succeeded",
            latest_charge=None,
            **values,
        )

    def _settle(self, charge, settled):
        """Put what a charge brings on the balance of a currency."""
        gross, currency, more = charge["amount"], charge["currency"], {"exchange_rate": None}
        if settled != currency:
            rate = exchange_rate(currency.upper(), settled.upper(), self._world.now.date())
            gross, more = int(gross * rate), {"exchange_rate": float(rate)}
        entry = self.move(
            "charge", charge["id"], gross, fee_of(gross, settled), settled, "charge", **more
        )
        charge["balance_transaction"] = entry["id"]

    def refund(self, charge, amount, *, fails=False):
        """Give money back; one that fails comes back to the balance a moment later."""
        refund = self.new(
            "refund",
            "re",
            amount=amount,
            charge=charge["id"],
            payment_intent=charge["payment_intent"],
            currency=charge["currency"],
            reason="requested_by_customer",
            status="succeeded",
        )
        self.move("refund", refund["id"], -amount, 0, charge["currency"], "refund")
        charge["amount_refunded"] += amount
        charge["refunded"] = charge["amount_refunded"] == charge["amount"]
        self.tell("refund.created", refund)
        self.tell("charge.refunded", charge)
        if fails:
            refund |= {"status": "failed", "failure_reason": "expired_or_canceled_card"}
            self.move(
                "refund_failure", refund["id"], amount, 0, charge["currency"], "refund_failure"
            )
            charge["amount_refunded"] -= amount
            charge["refunded"] = False
            self.tell("refund.failed", refund, status="succeeded")
        return refund

    def dispute(self, charge):
        """Let the customer's bank take the money back."""
        dispute = self.new(
            "dispute",
            "dp",
            amount=charge["amount"],
            charge=charge["id"],
            payment_intent=charge["payment_intent"],
            currency=charge["currency"],
            reason="fraudulent",
            status="needs_response",
            balance_transactions=[],
        )
        self.tell("charge.dispute.created", dispute)
        self._move_dispute(dispute, -dispute["amount"], _DISPUTE_FEE)
        charge["disputed"] = True
        self.tell("charge.dispute.funds_withdrawn", dispute)
        return dispute

    def close_dispute(self, dispute, won):
        """End a dispute; a won one brings the money back, not its fee."""
        if won:
            self._move_dispute(dispute, dispute["amount"], 0)
            self.tell("charge.dispute.funds_reinstated", dispute)
        dispute["status"] = "won" if won else "lost"
        self.tell("charge.dispute.closed", dispute, status="needs_response")

    def _move_dispute(self, dispute, amount, fee):
        category = "dispute" if amount < 0 else "dispute_reversal"
        fee = 0 if dispute["currency"] in ZERO_DECIMAL else fee
        entry = self.move("adjustment", dispute["id"], amount, fee, dispute["currency"], category)
        dispute["balance_transactions"].append(_copy(entry))

    def pay_out(self, currency, reference):
        """Pay all that the balance of a currency has.

        :return: the payout, or None where there is nothing.
        """
        entries = [
            entry
            for entry in self.objects["balance_transaction"].values()
            if entry["currency"] == currency and entry["_payout"] is None
        ]
        total = sum(entry["net"] for entry in entries)
        if total <= 0:
            return None
        payout = self.new(
            "payout",
            "po",
            amount=total,
            arrival_date=self.now(),
            automatic=True,
            currency=currency,
            failure_message=None,
            method="standard",
            reconciliation_status="in_progress",
            statement_descriptor=None,
            status="pending",
            trace_id={"status": "supported", "value": reference},
        )
        for entry in entries:
            entry["_payout"] = payout["id"]
        entry = self.move("payout", payout["id"], -total, 0, currency, "payout")
        entry["_payout"] = payout["id"]
        self.tell("payout.created", payout)
        payout["status"] = "in_transit"
        self.tell("payout.updated", payout, status="pending")
        payout |= {"status": "paid", "reconciliation_status": "completed"}
        self.tell("payout.paid", payout, status="in_transit")
        self.tell("payout.reconciliation_completed", payout)
        return payout

    def fail_payout(self, payout):
        """The bank sends a paid payout back: the balance has the money again, for the next payout."""
        payout |= {
            "status": "failed",
            "failure_code": "account_closed",
            "failure_message": "The bank account has been closed.",
        }
        self.move(
            "payout_failure",
            payout["id"],
            payout["amount"],
            0,
            payout["currency"],
            "payout_reversal",
        )
        self.tell("payout.failed", payout, status="paid")


def moment(seconds):
    """Return Stripe's time as the world's."""
    return datetime.fromtimestamp(seconds, UTC).replace(tzinfo=None)


def _copy(value):
    """What the API shows of ``value`` now: names with an underscore are the sandbox's own."""
    if isinstance(value, dict):
        return {name: _copy(item) for name, item in value.items() if name[0] != "_"}
    return [_copy(item) for item in value] if isinstance(value, list) else value
