"""One fetch of all feeds of the demo, waited for."""

import time
from pathlib import Path

from .demo_clients import PATIENCE, Odoo
from .paths import SetupError

_STABLE_SECONDS = 2.5


def fetch(odoo: Odoo, feed_ids: list[int], folder: Path) -> None:
    """Fetch feeds once more and wait until the queue has nothing left to do.

    :param folder: where their files lie
    """
    # The pick-up leaves alone what may still be written to.
    youngest = max((path.stat().st_mtime for path in folder.glob("*.*")), default=0)
    time.sleep(max(0, youngest + _STABLE_SECONDS - time.time()))
    before = attempts(odoo, feed_ids)
    odoo.call("bank.statement.feed", "action_fetch_now", ids=feed_ids)
    wait(odoo, before)


def wait(odoo: Odoo, before: dict[int, str]) -> None:
    """Wait until feeds were fetched once more and the queue has nothing left to do.

    :param before: their :func:`attempts` until then
    """
    deadline = time.monotonic() + PATIENCE
    while time.monotonic() < deadline:
        after = attempts(odoo, list(before))
        fetched = all(after[feed] != before[feed] for feed in before)
        jobs = odoo.call(
            "queue.job",
            "search_count",
            domain=[
                ("state", "in", ["pending", "enqueued", "started", "wait_dependencies"]),
                # A match that met another is tried again in seconds; what has to wait for a bank is not waited for.
                "|",
                "|",
                ("eta", "=", False),
                ("state", "=", "started"),
                ("method_name", "=", "_job_match"),
            ],
        )
        busy = odoo.call(
            "finance.exchange",
            "search_count",
            # What other workflows have waiting, on an interface that is off, is theirs.
            domain=[
                ("work_status", "in", ["ready", "running"]),
                ("interface_id.handler", "=", "bank_statement"),
            ],
        )
        if fetched and not jobs and not busy:
            return
        time.sleep(0.5)
    raise SetupError(
        f"After {PATIENCE} s the queue still works on {jobs} jobs and {busy} exchanges: see .run/logs."
    )


def attempts(odoo: Odoo, feed_ids: list[int]) -> dict[int, str]:
    """:return: what changes with each fetch, by feed"""
    feeds = odoo.call(
        "bank.statement.feed", "read", ids=feed_ids, fields=["last_attempt_at", "write_date"]
    )
    return {feed["id"]: f"{feed['last_attempt_at']} {feed['write_date']}" for feed in feeds}
