"""Gateway payments with refunds, a chargeback and three payouts of which one comes back; a payroll journal."""

import time
from pathlib import Path

from lib import progress
from lib.demo_clients import run_inside
from lib.demo_parts import Shown, Stage
from lib.paths import SetupError

_INSIDE = Path(__file__).with_name("settlements_inside.py")
_ENTITY = "nordhafen"
_PAYMENTS = 100
_PATIENCE = 600


def run(stage: Stage) -> Shown:
    """Let a hundred customers pay over Stripe, and compare what Odoo has with what Stripe has."""
    with progress.step("Customers pay over a gateway; payroll hands over its journal"):
        [company] = [
            entity["name"] for entity in stage.world["entities"] if entity["code"] == _ENTITY
        ]
        told = run_inside(
            stage.context,
            _INSIDE,
            f"prepare(env, {company!r}, {stage.context.sandbox_url!r}, {_PAYMENTS})",
        )
        _live(stage.sandbox, told["invoices"])
        lost = _deliver(stage, told)
        # What was never delivered is found in the list of events, and the rows of the payouts are asked for.
        stage.odoo.call("treasury.gateway", "action_fetch_now", ids=[told["gateway_id"]])
        _wait(stage, told)
        held = run_inside(stage.context, _INSIDE, f"count(env, {told['gateway_id']})")
        payroll = run_inside(stage.context, _INSIDE, f"hand_over(env, {told['payroll_id']})")
        truth = stage.sandbox.call("GET", "/control/stripe/truth")
    payouts = {
        item["id"]: [item["status"], item["amount"], item["gross"], item["fees"]]
        for item in truth["payouts"]
    }
    checks = {
        **{
            f"gateway_{name}_equal": held[name] == truth[name]["eur"]
            for name in ("payments", "refunds", "disputes")
        },
        "payouts_equal": held["payouts"] == payouts,
        "payouts_proven": held["proven"] == len(payouts),
        "clearing_account_explained": held["clearing"] == 0,
        "payroll_posted": payroll["state"] == "posted" and payroll["total"] == payroll["stated"],
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
            "payroll": payroll["total"],
        },
        checks=checks,
        sentences=(
            _in_words(held, lost),
            f"{len(payouts)} payouts, {failed} of which came back: all explained by their rows.",
            f"A payroll journal of {payroll['total']:.2f} was booked.",
        ),
    )


def _in_words(held, lost):
    payments, refunds, disputes = (
        held[name]["count"] for name in ("payments", "refunds", "disputes")
    )
    return (
        f"{payments} payments over Stripe, {refunds} refunds and {disputes} chargeback;"
        f" {lost} messages that were never delivered were found."
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
    """:return: how many events were lost on the way"""
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
    return len(sent["lost"])


def _wait(stage, told):
    """Until every event is worked on and every payout has its rows."""
    deadline = time.monotonic() + _PATIENCE
    truth = stage.sandbox.call("GET", "/control/stripe/truth")
    expected = truth["events"] + len(truth["payouts"])
    done = -1
    while time.monotonic() < deadline:
        done = stage.odoo.call(
            "finance.exchange",
            "search_count",
            domain=[("interface_id", "=", told["interface_id"]), ("work_status", "=", "done")],
        )
        if done >= expected:
            return
        time.sleep(0.5)
    raise SetupError(
        f"Of {expected} messages of the gateway {done} are worked on after {_PATIENCE} s: see Exchanges in Odoo."
    )
