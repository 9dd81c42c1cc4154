"""Two companies pay 60 bills in three currencies over two channels; the bank accepts most and the statement books them.

The bank refuses some, keeps silent once, and sends one back. Odoo and the bank have to say the same of each payment.
"""

from collections import Counter
from datetime import date, timedelta
from decimal import Decimal
from pathlib import Path

from lib import progress
from lib.demo_clients import Odoo, wait_until
from lib.demo_fetch import fetch
from lib.demo_parts import Shown, Stage

#: Account, whether it pays over the bank's API, and how many bills.
_PAYS = (("nordhafen-eur", True, 24), ("alpenglut-chf", False, 18), ("nordhafen-usd", False, 18))
_COUNTRY = {"EUR": "DE", "CHF": "CH", "USD": "DE"}
#: By place among the bills of an account.
_REFUSED = {("nordhafen-eur", 3), ("nordhafen-eur", 11), ("alpenglut-chf", 5)}
_RETURNED = {("alpenglut-chf", 9)}
_OVER = ("booked", "rejected", "returned")


def seed(stage: Stage) -> str:
    (_folder(stage) / "answers").mkdir(parents=True, exist_ok=True)
    channels = {code: api for code, api, _count in _PAYS}
    pay_on = _business_day_after(max(stage.today, date.today()))
    return f"seed(env, {stage.world!r}, {channels!r}, {_vendors()!r}, {str(_folder(stage))!r}, {pay_on.isoformat()!r})"


def run(stage: Stage) -> Shown:
    """Send the orders, let the bank do its part, and compare what Odoo has with what the bank has.

    :raise SetupError: the payments did not come to their end.
    """
    told = stage.seeded["payments"]
    stage.sandbox.call("POST", "/control/payment-rules", [*_rules()])
    # The bank was started anew and has forgotten what it took in an earlier run.
    taken = [
        item
        for item in told["sent_before"]
        if "request_id" in item or (_folder(stage) / "taken" / item["name"]).exists()
    ]
    stage.sandbox.call("POST", "/control/payment-memory", taken)
    with progress.step("Approved payments leave; the bank loses one answer, and is asked"):
        fault = {"kind": "cut_after", "path": "/v1/bulk-payments", "method": "POST"}
        if not any("request_id" in item for item in taken):
            stage.sandbox.call("POST", "/control/faults", fault)
        stage.odoo.call("finance.interface", "action_set_live", ids=told["interface_ids"])
        wait_until(lambda: not _orders(stage, "approved"), "the orders to be with the bank")
        stage.sandbox.call("POST", "/control/payment-files")
    with progress.step("Two days pass: the bank executes, sends one back, and its statements come"):
        last_day = _business_day_after(date.fromisoformat(told["pay_on"]))
        stage.sandbox.call("PUT", "/control/clock", {"now": f"{last_day.isoformat()}T20:00:00"})
        fetch(stage.odoo, told["feed_ids"], stage.context.folder)
        if waiting := stage.odoo.call(
            "treasury.payment.order",
            "search",
            domain=[("id", "in", told["order_ids"]), ("next_question_at", "!=", False)],
        ):
            petra = Odoo(stage.context.odoo_url, told["preparer_key"])
            petra.call("treasury.payment.order", "action_ask_bank", ids=waiting)
        wait_until(lambda: not _open_payments(stage), "the fate of every payment")
    return _count(stage)


def _folder(stage: Stage) -> Path:
    return stage.context.folder / "payments"


def _vendors():
    return [
        {
            "account": code,
            "iban": _iban(_COUNTRY[code[-3:].upper()], f"{place}{number:02d}"),
            "number": number,
        }
        for place, (code, _api, count) in enumerate(_PAYS, start=1)
        for number in range(count)
    ]


def _rules():
    for vendor in _vendors():
        place = vendor["account"], vendor["number"]
        if place in _REFUSED | _RETURNED:
            outcome = "reject" if place in _REFUSED else "return"
            yield {
                "creditor_iban": vendor["iban"],
                "outcome": outcome,
                "reason": "AC04" if outcome == "reject" else "AC06",
                "count": 1,
            }


def _count(stage: Stage) -> Shown:
    ours = {item["end_to_end_id"]: item for item in _payments(stage, [])}
    bank = stage.sandbox.call("GET", "/control/payments")["payments"]
    held = Counter(item["end_to_end_id"] for item in bank)
    agree = len(bank) == len(ours) and all(
        _same(item, ours.get(item["end_to_end_id"])) for item in bank
    )
    by_state = Counter(item["state"] for item in ours.values())
    booked = Counter()
    for item in ours.values():
        if item["state"] == "booked":
            booked[item["currency_id"][1]] += Decimal(str(item["amount"]))
    orders = stage.odoo.call(
        "treasury.payment.order",
        "search_read",
        domain=[("id", "in", stage.seeded["payments"]["order_ids"])],
        fields=["channel_id", "company_id", "approval_ids", "currency_id"],
    )
    asked = stage.odoo.call(
        "finance.exchange.attempt",
        "search_count",
        domain=[("kind", "=", "status"), ("exchange_id.res_model", "=", "treasury.payment.order")],
    )
    open_bills = stage.odoo.call(
        "account.move",
        "search_count",
        domain=[("ref", "=like", "demo bill %"), ("amount_residual", ">", 0)],
    )
    sums = ", ".join(f"{currency} {amount:,.2f}" for currency, amount in sorted(booked.items()))
    return Shown(
        figures={
            "payments": len(ours),
            **by_state,
            "booked_sums": {currency: str(amount) for currency, amount in booked.items()},
            "asked_after_silence": asked,
            "open_bills": open_bills,
        },
        checks={
            "sixty_payments_of_two_entities": len(ours) == sum(count for *_rest, count in _PAYS)
            and len({order["company_id"][0] for order in orders}) == 2,
            "paid_in_three_currencies_over_two_channels": len(booked) == 3
            and len({order["channel_id"][0] for order in orders}) >= 2,
            "two_approved_each_order": all(len(order["approval_ids"]) >= 2 for order in orders),
            "bank_holds_each_payment_once": set(held.values()) == {1} and set(held) == set(ours),
            "bank_says_the_same_of_each": agree,
            "some_refused_one_returned": by_state["rejected"] == len(_REFUSED)
            and by_state["returned"] == len(_RETURNED),
            "what_was_not_paid_is_open_again": open_bills == len(_REFUSED | _RETURNED),
            "silence_was_asked_about": asked > 0,
        },
        sentences=(
            f"{len(ours)} payments of two companies over two channels: {by_state['booked']} booked ({sums}),",
            f"{by_state['rejected']} refused and {by_state['returned']} sent back; what they were for is open again",
        ),
    )


def _same(bank, ours):
    fate = {"RJCT": "rejected", "ACSC": "booked"}.get(bank["status"])
    if fate == "booked" and bank["outcome"] == "return":
        fate = "returned"
    return ours is not None and (fate, Decimal(bank["amount"]), bank["currency"]) == (
        ours["state"],
        Decimal(str(ours["amount"])).quantize(Decimal("0.01")),
        ours["currency_id"][1],
    )


def _payments(stage: Stage, domain):
    return stage.odoo.call(
        "treasury.payment.instruction",
        "search_read",
        domain=[("order_id", "in", stage.seeded["payments"]["order_ids"]), *domain],
        fields=["end_to_end_id", "state", "amount", "currency_id"],
    )


def _open_payments(stage: Stage):
    return _payments(stage, [("state", "not in", _OVER)])


def _orders(stage: Stage, state):
    return stage.odoo.call(
        "treasury.payment.order",
        "search",
        domain=[("id", "in", stage.seeded["payments"]["order_ids"]), ("state", "=", state)],
    )


def _business_day_after(day):
    day += timedelta(days=1)
    return day + timedelta(days=max(0, 7 - day.weekday()) if day.weekday() > 4 else 0)


def _iban(country, number):
    bank = {"DE": "50010517", "CH": "09000"}[country]
    account = number.rjust({"DE": 10, "CH": 12}[country], "0")
    digits = "".join(str(int(char, 36)) for char in f"{bank}{account}{country}00")
    return f"{country}{98 - int(digits) % 97:02d}{bank}{account}"
