"""What only the pictures need after the demo: a payee that the bank does not confirm, and a recall that it answers."""

from pathlib import Path

from .demo import Context
from .demo_clients import Odoo, Sandbox, run_inside, wait_until
from .demo_fetch import fetch

_INSIDE = Path(__file__).with_name("picture_cases_inside.py")


def make(context: Context) -> None:
    """:raise SetupError: the bank's word did not come."""
    bank = Sandbox(context.sandbox_url)
    told = run_inside(context, _INSIDE, "prepare(env)")
    payee, recalled = told["payee"], told["recalled"]
    odoo = Odoo(context.odoo_url, told["key"])
    answers = context.folder / "payments/answers"

    def collect():
        bank.call("POST", "/control/payment-files")
        fetch(odoo, told["feed_ids"], answers)

    def there_is(model, *domain):
        return odoo.call(model, "search_count", domain=[*domain])

    bank.call("POST", "/control/payees", [{"iban": told["iban"], "name": "Kellermann Logistics"}])
    run_inside(context, _INSIDE, f"approve(env, {payee}, {recalled})")
    order = ("order_id", "=", recalled)
    wait_until(lambda: there_is("treasury.payment.hold", ("order_id", "=", payee)), "the payee")
    wait_until(
        lambda: there_is("treasury.payment.instruction", order, ("state", "=", "transmitted")),
        "the payment to be sent",
    )
    collect()
    run_inside(context, _INSIDE, f"recall(env, {recalled})")
    wait_until(
        lambda: there_is("treasury.payment.recall", order, ("state", "=", "sent")),
        "the recall to be sent",
    )
    collect()
    wait_until(
        lambda: there_is("treasury.payment.recall", order, ("state", "=", "accepted")),
        "the answer to the recall",
    )
