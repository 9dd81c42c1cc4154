"""Gateway payments with refunds, a chargeback and three payouts of which one comes back; a payroll journal."""

import json
import time

from lib import progress
from lib.demo_clients import PATIENCE, Odoo
from lib.demo_parts import Shown, Stage
from lib.paths import SetupError

_ENTITY = "nordhafen"
_PAYMENTS = 100
_OF = {"payments": "payment", "refunds": "refund", "disputes": "dispute"}
_COUNTS = {
    "payments": ["succeeded"],
    "refunds": ["succeeded"],
    "disputes": ["open", "withdrawn", "lost"],
}
_WAGES = ("4200.00", "3850.50", "5125.75")
_WAGES_TOTAL = "13176.25"


def seed(stage: Stage) -> str:
    [company] = [entity["name"] for entity in stage.world["entities"] if entity["code"] == _ENTITY]
    return f"prepare(env, {company!r}, {stage.context.sandbox_url!r}, {_PAYMENTS})"


def run(stage: Stage) -> Shown:
    """Let a hundred customers pay over Stripe, and compare what Odoo has with what Stripe has."""
    told = stage.seeded["settlements"]
    with progress.step("Customers pay over a gateway; payroll hands over its journal"):
        _live(stage.sandbox, told["invoices"])
        exchange = _hand_over_payroll(stage, told)
        sent, lost = _deliver(stage, told)
        # What was never delivered is found in the list of events, and the rows of the payouts are asked for.
        stage.odoo.call("treasury.gateway", "action_fetch_now", ids=[told["gateway_id"]])
        _wait(stage, told, sent)
        held = _count(stage.odoo, told["gateway_id"])
        payroll = _payroll(stage, exchange)
        truth = stage.sandbox.call("GET", "/control/stripe/truth")
    payouts = {
        item["id"]: [item["status"], item["amount"], item["gross"], item["fees"]]
        for item in truth["payouts"]
    }
    checks = {
        **{f"gateway_{name}_equal": held[name] == truth[name]["eur"] for name in _OF},
        "payouts_equal": held["payouts"] == payouts,
        "payouts_proven": held["proven"] == len(payouts),
        "clearing_account_explained": held["clearing"] == 0,
        "payroll_posted": payroll == {"state": "posted", "total_debit": float(_WAGES_TOTAL)},
    }
    failed = sum(status == "failed" for status, *_figures in payouts.values())
    return Shown(
        figures={
            "payments": held["payments"]["count"],
            "refunds": held["refunds"]["count"],
            "chargebacks": held["disputes"]["count"],
            "payouts": len(payouts),
            "payouts_returned": failed,
            "undelivered_found": lost,
            "payroll": payroll["total_debit"],
        },
        checks=checks,
        sentences=(
            _in_words(held, lost),
            f"{len(payouts)} payouts, {failed} of which came back: all explained by their rows",
            f"a payroll journal of {payroll['total_debit']:.2f} EUR was booked",
        ),
    )


def _in_words(held, lost):
    payments, refunds, disputes = (
        held[name]["count"] for name in ("payments", "refunds", "disputes")
    )
    return (
        f"{payments} payments over Stripe, {refunds} refunds and {disputes} chargeback;"
        f" {lost} messages that were never delivered were found"
    )


def _live(sandbox, invoices):
    """Three weeks of a web shop; done once for each sandbox, whose world begins anew with it."""

    def pay(numbers):
        return sandbox.call(
            "POST",
            "/control/stripe/payments",
            [
                {
                    "amount": 2000 + 100 * number,
                    "currency": "eur",
                    "metadata": {"invoice": invoices[number]},
                    "direct": True,
                }
                for number in numbers
            ],
        )["charges"]

    def refund(charge, amount):
        sandbox.call("POST", "/control/stripe/refunds", {"charge": charge["id"], "amount": amount})

    first = pay(range(40))
    refund(first[3], 500)
    refund(first[17], first[17]["amount"])
    sandbox.call("POST", "/control/stripe/payouts", {"currency": "eur"})
    second = pay(range(40, 70))
    refund(second[5], 700)
    sandbox.call("POST", "/control/stripe/disputes", {"charge": first[8]["id"]})
    returned = sandbox.call("POST", "/control/stripe/payouts", {"currency": "eur"})
    pay(range(70, len(invoices)))
    sandbox.call("POST", f"/control/stripe/payouts/{returned['id']}/fail", {})
    sandbox.call("POST", "/control/stripe/payouts", {"currency": "eur"})


def _deliver(stage, told):
    """:return: how many messages were sent, and how many events were lost on the way"""
    sent = stage.sandbox.call(
        "POST",
        "/control/stripe/webhooks",
        {
            "url": f"{stage.context.odoo_url}/finance/webhook/{told['token']}",
            "secret": told["secret"],
            "order": "shuffled",
            "skip": 12,
            "parallel": 2,
        },
    )
    return sent["messages"], len(sent["lost"])


def _wait(stage, told, sent):
    """Until every event is worked on and every payout has its rows."""
    deadline = time.monotonic() + PATIENCE
    truth = stage.sandbox.call("GET", "/control/stripe/truth")
    expected = truth["events"] + len(truth["payouts"])
    done, answers = 0, ()
    while time.monotonic() < deadline:
        if len(answers) < sent:
            answers = stage.sandbox.call("GET", "/control/stripe/webhooks")["statuses"]
        else:
            done = stage.odoo.call(
                "finance.exchange",
                "search_count",
                domain=[("interface_id", "=", told["interface_id"]), ("work_status", "=", "done")],
            )
        if done >= expected:
            return
        # Odoo has better things to do than to answer this.
        time.sleep(0.5 if done < expected - 10 else 0.2)
    raise SetupError(
        f"Of {expected} messages of the gateway {done} are worked on after {PATIENCE} s: see Exchanges in Odoo."
    )


def _count(odoo: Odoo, gateway_id: int) -> dict:
    """What Odoo has of the gateway's money, in cents."""
    found = odoo.call(
        "treasury.settlement",
        "search_read",
        domain=[("gateway_id", "=", gateway_id)],
        fields=[
            "kind",
            "external_id",
            "state",
            "amount",
            "total_gross",
            "total_fee",
            "proof_state",
        ],
    )
    [gateway] = odoo.call("treasury.gateway", "read", ids=[gateway_id], fields=["clearing_balance"])

    def totals(kind, states):
        amounts = [
            item["amount"] for item in found if item["kind"] == kind and item["state"] in states
        ]
        return {"count": len(amounts), "amount": _cents(sum(amounts))}

    payouts = [item for item in found if item["kind"] == "payout"]
    return {
        **{name: totals(kind, _COUNTS[name]) for name, kind in _OF.items()},
        "payouts": {
            payout["external_id"]: [
                payout["state"],
                *(_cents(payout[name]) for name in ("amount", "total_gross", "total_fee")),
            ]
            for payout in payouts
        },
        "proven": sum(payout["proof_state"] == "proven" for payout in payouts),
        "clearing": _cents(gateway["clearing_balance"]),
    }


def _cents(amount: float) -> int:
    return round(amount * 100)


def _hand_over_payroll(stage: Stage, told) -> str:
    """What the payroll system does once a month, over ``finance.api`` as its own user.

    :return: the exchange's reference
    """
    lines = [
        line
        for number, amount in enumerate(_WAGES, 1)
        for line in (
            {"account": "WAGES", "debit": amount, "text": f"Employee {number}"},
            {"account": "NET", "credit": amount, "text": f"Employee {number}"},
        )
    ]
    batch = {
        "schema_version": 1,
        "batch_id": "2026-10",
        "totals": {"documents": 1, "debit": _WAGES_TOTAL, "credit": _WAGES_TOTAL},
        "documents": [
            {
                "document_id": "PAYROLL-2026-10",
                "date": "2026-10-30",
                "reference": "Wages October",
                "lines": lines,
            }
        ],
    }
    answer = Odoo(stage.context.odoo_url, told["payroll_key"]).call(
        "finance.api",
        "submit",
        interface=told["payroll"],
        idempotency_key="payroll-2026-10",
        content=json.dumps(batch),
    )
    return answer["exchange"]


def _payroll(stage: Stage, exchange: str) -> dict:
    """What became of the journal, once it did."""
    deadline = time.monotonic() + PATIENCE
    while time.monotonic() < deadline:
        found = stage.odoo.call(
            "treasury.journal.document",
            "search_read",
            domain=[("exchange_id.name", "=", exchange)],
            fields=["state", "total_debit"],
        )
        if found:
            return {name: found[0][name] for name in ("state", "total_debit")}
        time.sleep(0.3)
    raise SetupError(f"The payroll journal is not booked after {PATIENCE} s: see {exchange}.")
