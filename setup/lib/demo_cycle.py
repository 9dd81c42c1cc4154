"""One full cycle: the bank announces, Odoo fetches over both ways, books, matches, and asks about the rest.

Driven from outside, as an external caller would: over JSON-2 with a key, and over the sandbox's control API.
"""

from datetime import date, timedelta
from pathlib import Path
from types import ModuleType

from . import demo_parts, progress
from .demo import Context
from .demo_clients import Odoo, Sandbox, consent, run_inside
from .demo_fetch import fetch

_SEED = Path(__file__).with_name("demo_seed.py")
_COUNT = Path(__file__).with_name("demo_count.py")
#: The bank's invented history is longer; the files of this many days are enough to see both ways.
_FILE_DAYS = 30
#: Its history comes as MT940; the day after it as CAMT.053, which continues it.
_MT940_ACCOUNT = "nordhafen-chf"


def run(context: Context) -> dict:
    """Run the cycle.

    :return: the summary; ``checks`` holds, by name, whether what Odoo holds is what the bank served.
    :raise SetupError: the cycle did not come to its end.
    """
    bank = Sandbox(context.sandbox_url)
    world = bank.call("GET", "/control/world")
    today = date.fromisoformat(world["clock"][:10])
    with progress.step("Two companies, their customers, invoices and bank connections"):
        seeded = run_inside(
            context,
            _SEED,
            f"seed(env, {world!r}, {context.sandbox_url!r}, {str(context.folder)!r}, {today.isoformat()!r},"
            f" {context.odoo_url!r})",
        )
    odoo = Odoo(context.odoo_url, seeded["api_key"])
    with progress.step("The customers pay; the account holders consent"):
        bank.call("POST", "/control/receivables", seeded["receivables"])
        # The sandbox forgets at its end, so a consent of an earlier run is worth nothing.
        for consent_id in seeded["consent_ids"]:
            consent(odoo, consent_id)
    with progress.step("Odoo fetches from the bank, over its API and from files"):
        days = {
            "date_from": (today - timedelta(days=_FILE_DAYS)).isoformat(),
            "date_to": today.isoformat(),
        }
        for account in world["accounts"]:
            if "file" in account["channels"]:
                version = "mt940" if account["code"] == _MT940_ACCOUNT else "08"
                order = {**days, "account": account["code"], "version": version}
                bank.call("POST", "/control/files", order)
        fetch(odoo, seeded["feed_ids"], context.folder)
    with progress.step("A day passes, with a server error, a damaged file and a late booking"):
        bank.call(
            "POST",
            "/control/faults",
            {"kind": "server_error", "status": 503, "path": "/v1/accounts"},
        )
        bank.call("POST", "/control/faults", {"kind": "truncated_body", "path": "/files"})
        bank.call("POST", "/control/faults", {"kind": "late_booking", "account": "alpenglut-eur"})
        next_day = today + timedelta(days=3 if today.weekday() == 4 else 1)
        bank.call("PUT", "/control/clock", {"now": f"{next_day.isoformat()}T20:00:00"})
        fetch(odoo, seeded["feed_ids"], context.folder)
    with progress.step("The bank is well again and sends the damaged file once more"):
        bank.call("DELETE", "/control/faults")
        bank.call(
            "POST",
            "/control/files",
            {"date_from": next_day.isoformat(), "date_to": next_day.isoformat()},
        )
        fetch(odoo, seeded["feed_ids"], context.folder)
    with progress.step("Counting, in Odoo and at the bank"):
        counted = run_inside(context, _COUNT, f"count(env, {next_day.isoformat()!r})")
        summary = _summary(counted, bank.call("GET", "/control/served"))
    companies = {int(number): name for number, name in seeded["companies"].items()}
    stage = demo_parts.Stage(context, odoo, bank, world, companies, next_day)
    with progress.step("What the other workflows need"):
        stage = demo_parts.seeded(stage)
    for part in demo_parts.PARTS:
        _play(part, stage, summary)
    return summary


def _play(part: ModuleType, stage: demo_parts.Stage, summary: dict) -> None:
    shown = part.run(stage)
    summary[demo_parts.name_of(part)] = shown.figures
    summary["checks"].update(shown.checks)
    summary["sentences"].extend(shown.sentences)


def _summary(counted: dict, served: dict) -> dict:
    accounts = served["accounts"]
    by_account = {
        code: {"lines": account["unique"]["transactions"], "sum": account["unique"]["sum"]}
        for code, account in accounts.items()
    }
    expected = sorted(
        (account["currency"], by_account[code]["lines"], by_account[code]["sum"])
        for code, account in accounts.items()
    )
    checks = {
        "two_entities": counted["entities"] >= 2,
        "three_currencies": len(counted["currencies"]) >= 3,
        "two_hundred_lines": counted["lines"] >= 200,
        "entries_equal_served": counted["entries"]
        == sum(item["lines"] for item in by_account.values()),
        "sums_equal_served": sorted(tuple(row) for row in counted["accounts"]) == expected,
        "every_way": all(
            counted["channels"].get(name) for name in ("camt053", "nextgenpsd2", "plaid")
        ),
        "several_formats": {"camt053", "mt940"} <= counted["formats"].keys(),
        "duplicates_were_refused": counted["duplicates_refused"] > 0,
        "something_was_certain": counted["reconciled"] > 0,
        "audit_chain_holds": counted["audit_chain"] == "intact",
        "no_exchange_lost": counted["exchanges_unfinished"] == 0,
    }
    counted.pop("accounts")
    return {**counted, "bank_served": served["totals"], "checks": checks, "sentences": []}


def describe(summary: dict) -> str:
    """:return: the summary in the words of a finance person."""
    seen = ", ".join(
        f"{count} first seen by {name}" for name, count in sorted(summary["channels"].items())
    )
    text = """
  {entities} companies with accounts in {currencies}
  {statements} statements and {lines} transactions booked ({seen})
  {duplicates_refused} transactions came more than once and were booked once
  {reconciled} payments matched to their invoices: reference, currency and amount agree
  {to_review} transactions wait for a person
  {exceptions_business} business and {exceptions_technical} technical exceptions are open
  {audit_events} audit events, chain {audit_chain}
""".format(**{**summary, "currencies": ", ".join(summary["currencies"]), "seen": seen})
    checks = (
        f"  {'ok ' if held else 'NOT'} {name.replace('_', ' ')}"
        for name, held in summary["checks"].items()
    )
    return "\n".join([text, *(f"  {told}" for told in summary["sentences"]), *checks])
