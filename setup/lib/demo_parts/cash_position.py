"""The position of the whole group: frozen, sent to the group's reporting platform, acknowledged by its webhook."""

import time

from lib import progress
from lib.demo_clients import PATIENCE
from lib.demo_parts import Shown, Stage
from lib.paths import SetupError

_SECRET = "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw"  # noqa: S105 - of the sandbox


def seed(stage: Stage) -> str:
    return (
        f"seed_group(env, {sorted(stage.companies)!r}, {stage.context.sandbox_url!r}, {_SECRET!r})"
    )


def run(stage: Stage) -> Shown:
    seeded = stage.seeded["cash_position"]
    with progress.step("The group's cash position, to its reporting platform"):
        stage.sandbox.call(
            "PUT",
            "/control/positions",
            {"mode": "when_told", "webhook": {"url": seeded["webhook"], "secret": _SECRET}},
        )
        run_id = stage.odoo.call("cash.position.group", "action_freeze", ids=[seeded["group_id"]])[
            "res_id"
        ]
        _wait(stage, run_id, "sent")
        stage.sandbox.call("POST", "/control/positions/acknowledge", {})
        frozen = _wait(stage, run_id, "acknowledged")
        read = stage.odoo.call("cash.position", "get_position", group="ALPEN")
        received = {
            item["digest"]: item
            for item in stage.sandbox.call("GET", "/control/positions")["positions"]
        }
    held = received.get(frozen["digest"], {"document": {}, "requests": 0, "total": None})
    accounts = held["document"].get("accounts", [])
    fresh = sum(account["state"] == "fresh" for account in accounts)
    # Where the cycle breaks something on the way, the proof of the day says so as well.
    unexplained = [
        account
        for account in accounts
        if account["difference"]
        and float(account["difference"]["unexplained"])
        and account["state"] != "broken"
        and not _does_not_add_up(stage, account)
    ]
    return Shown(
        figures={
            "name": frozen["name"],
            "total": held["total"],
            "currency": held["document"].get("currency"),
            "accounts": len(accounts),
            "fresh": fresh,
            "complete": frozen["complete"],
            "delivery": frozen["delivery"],
        },
        checks={
            "position_acknowledged": frozen["delivery"] == "acknowledged",
            "position_equals_platform": bool(accounts)
            and held["requests"] == 1
            and held["total"] == read["totals"]["group"] == f"{frozen['total']:.2f}",
            "every_figure_has_a_rate": all(
                account["rate"] and account["rate_source"] for account in accounts
            ),
            "bank_and_ledger_explained": not unexplained,
        },
        sentences=(_told(frozen, held, len(accounts), fresh),),
    )


def _does_not_add_up(stage: Stage, account: dict) -> bool:
    """:return: whether the statement that ends with the balance of ``account`` does not make it"""
    proof = stage.odoo.call(
        "bank.statement.coverage",
        "get_day",
        journal_id=account["id"],
        day=account["booked"]["date"],
        context={"allowed_company_ids": sorted(stage.companies)},
    )
    return proof["state"] == "broken"


def _told(frozen: dict, held: dict, accounts: int, fresh: int) -> str:
    return (
        f"the group has {held['total']} EUR in {accounts} accounts, {fresh} of them up to date: "
        f"{frozen['name']} was sent and acknowledged by the group's platform"
    )


def _wait(stage: Stage, run_id: int, delivery: str) -> dict:
    deadline = time.monotonic() + PATIENCE
    while time.monotonic() < deadline:
        [run] = stage.odoo.call(
            "cash.position.run",
            "read",
            ids=[run_id],
            fields=["name", "digest", "total", "complete", "delivery"],
        )
        if run["delivery"] in (delivery, "held"):
            return run
        time.sleep(0.2)
    raise SetupError(f"{run['name']} is not {delivery} after {PATIENCE} s: see .run/logs.")
