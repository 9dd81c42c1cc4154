"""A new channel in shadow beside the live one: it books nothing, and is compared line by line."""

from datetime import timedelta

from lib import progress
from lib.demo_clients import consent, wait_until
from lib.demo_fetch import attempts, wait
from lib.demo_parts import Shown, Stage

#: Live over the bank's own API; GoCardless is the new channel.
_ACCOUNT = "alpenglut-eur"
_DAYS = 21


def seed(stage: Stage) -> str:
    [account] = [item for item in stage.world["accounts"] if item["code"] == _ACCOUNT]
    url, secret = f"{stage.context.sandbox_url}/api/v2", stage.world["client_secret"]
    return f"seed_shadow(env, {account!r}, {url!r}, {stage.world['client_id']!r}, {secret!r})"


def run(stage: Stage) -> Shown:
    seeded = stage.seeded["shadow"]
    with progress.step("A new channel in shadow, beside the live one"):
        # The bank books something that the live channel has not asked for yet.
        late = {
            "kind": "late_booking",
            "account": _ACCOUNT,
            "booking_date": (stage.today - timedelta(days=2)).isoformat(),
        }
        stage.sandbox.call("POST", "/control/faults", late)
        # Coming back with a consent fetches by itself.
        before = attempts(stage.odoo, [seeded["feed_id"]])
        consent(stage.odoo, seeded["consent_id"])
        # The schedule may have asked just before, without a consent: then this fetch keeps its distance.
        read = [("id", "=", seeded["feed_id"]), ("shadow_covered_until", "!=", False)]
        wait_until(
            lambda: stage.odoo.call("bank.statement.feed", "search_count", domain=read),
            "the new channel to be read",
        )
        wait(stage.odoo, before)
        comparison = _compare(stage, seeded["interface_id"])
    booked = stage.odoo.call(
        "account.bank.statement.line",
        "search_count",
        domain=[("exchange_id.interface_id", "=", seeded["interface_id"])],
        context={"allowed_company_ids": sorted(stage.companies)},
    )
    counts = {
        name: comparison[f"{name}_count"]
        for name in ("same", "differing", "only_live", "only_shadow")
    }
    return Shown(
        figures=counts,
        checks={
            "shadow_books_nothing": booked == 0,
            "shadow_tells_what_is_booked": counts["same"] > 0
            and not counts["only_live"]
            and not counts["differing"],
        },
        sentences=(
            (
                f"a new channel in shadow told {counts['same']} transactions that are booked and "
                f"{counts['only_shadow']} that the live one has not fetched yet; it booked nothing"
            ),
        ),
    )


def _compare(stage: Stage, interface_id: int) -> dict:
    day = stage.today - timedelta(days=1)
    found = stage.odoo.call(
        "bank.statement.comparison", "search", domain=[("interface_id", "=", interface_id)]
    ) or stage.odoo.call(
        "bank.statement.comparison",
        "create",
        vals_list=[
            {
                "interface_id": interface_id,
                "date_from": (day - timedelta(days=_DAYS)).isoformat(),
                "date_to": day.isoformat(),
            }
        ],
    )
    stage.odoo.call("bank.statement.comparison", "action_compare", ids=found)
    [comparison] = stage.odoo.call(
        "bank.statement.comparison",
        "read",
        ids=found,
        fields=["same_count", "differing_count", "only_live_count", "only_shadow_count"],
    )
    return comparison
