"""The hash chain over the audit events, and its verification.

Standard library only and free of Odoo, so that an auditor can run this one file on an archive::

    python audit_chain.py archive.jsonl [anchor.jsonl]

An *event* is a mapping with the keys of :data:`EVENT_FIELDS`. A *seal* is a mapping with ``position`` (1, 2, 3, ...),
``event_id``, ``event_hash``, ``chain_hash`` and ``sealed_at``. Times are ISO 8601, UTC, with microseconds.
An *archive* is JSON lines: a header with ``format``, ``database`` and ``exported_at``, then
``{"seal": ..., "event": ...}`` in the order of the positions, events that are not sealed yet at the end with
``"seal": null``.
An *anchor* is JSON lines with ``database``, ``position``, ``chain_hash``, ``time``, and ``restored`` where an older
copy of the database took over: it is kept outside the database.
"""

import hashlib
import json
import sys
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path

FORMAT = "finance-audit/1"
GENESIS = "0" * 64
EVENT_FIELDS = (
    "id",
    "event_time",
    "action",
    "company_id",
    "user_id",
    "user_login",
    "exchange_id",
    "exchange_name",
    "correlation_id",
    "res_model",
    "res_id",
    "summary",
    "details",
)
UNSEALED_LIMIT = timedelta(hours=1)
# A transaction may commit this long after it wrote its event. What is older than that when it appears was not written
# when it says it was.
LATEST_COMMIT = timedelta(hours=24)


class AnchorError(ValueError):
    """A line of the anchor cannot be read."""


@dataclass(frozen=True)
class Finding:
    """The first row that does not verify.

    :param str kind: ``event_changed, event_missing, seal_changed, seal_missing, out_of_order, unsealed_overdue,
        anchor_mismatch, anchor_damaged`` or ``tail_cut``.
    :param str message: one sentence for an auditor.
    """

    kind: str
    message: str
    position: int | None = None
    event_id: int | None = None


@dataclass(frozen=True)
class Verification:
    """What a run over the whole chain found.

    :param Finding finding: the first bad row, or ``None``.
    :param int sealed: seals that verified.
    :param int unsealed: events that wait for their seal.
    :param float lag_seconds: age of the oldest of those.
    :param str chain_hash: the last hash that verified.
    :param int anchored: highest position known outside the database.
    """

    finding: Finding | None
    sealed: int = 0
    unsealed: int = 0
    lag_seconds: float = 0.0
    chain_hash: str = GENESIS
    anchored: int = 0

    @property
    def ok(self):
        return self.finding is None


def event_hash(event):
    """Return the SHA-256 of the event's canonical form.

    :param event: mapping with :data:`EVENT_FIELDS`; other keys do not count.
    """
    return _digest({name: event[name] for name in EVENT_FIELDS})


def chain_hash(previous, seal):
    """Return the SHA-256 that links ``seal`` to the link before it.

    :param str previous: chain hash of the position before, :data:`GENESIS` at the first.
    :param seal: mapping with ``position``, ``event_id``, ``event_hash`` and ``sealed_at``.
    """
    return _digest(
        {
            "previous": previous,
            "position": seal["position"],
            "event_id": seal["event_id"],
            "event_hash": seal["event_hash"],
            "sealed_at": seal["sealed_at"],
        }
    )


def _digest(values):
    text = json.dumps(values, ensure_ascii=False, sort_keys=True, separators=(",", ":"))
    return hashlib.sha256(text.encode()).hexdigest()


def iso(moment):
    """Return ``moment`` (naive UTC, as PostgreSQL keeps it) the way it is hashed."""
    return moment.isoformat(timespec="microseconds") + "Z"


def link(previous, position, events, sealed_at):
    """Seal events.

    :param str previous: chain hash of the last position.
    :param int position: the last position.
    :param events: iterable of mappings, in the order of the chain.
    :param str sealed_at: time of the sealing.
    :return: iterator over the seals.
    """
    for place, event in enumerate(events, position + 1):
        seal = {
            "position": place,
            "event_id": event["id"],
            "event_hash": event_hash(event),
            "sealed_at": sealed_at,
        }
        previous = seal["chain_hash"] = chain_hash(previous, seal)
        yield seal


# === ANCHOR === #


def read_anchor(lines, database):
    """Return what the outside world knows about the chain of one database.

    A line that says ``restored`` states that somebody accepted an older copy: what was anchored after its position
    belongs to the copy that was given up.

    :param lines: iterable of text lines.
    :param str database: uuid of the database.
    :return: chain hash by position.
    :rtype: dict[int, str]
    :raise AnchorError: a line is damaged.
    """
    known = {}
    for number, line in enumerate(lines, 1):
        if not line.strip():
            continue
        try:
            record = json.loads(line)
            if record["database"] != database:
                continue
            position, link_hash = int(record["position"]), str(record["chain_hash"])
        except (ValueError, KeyError, TypeError) as exc:
            raise AnchorError(f"Line {number} of the anchor cannot be read.") from exc
        if record.get("restored"):
            known = {place: value for place, value in known.items() if place <= position}
        if position:
            known[position] = link_hash
    return known


# === VERIFICATION === #


def verify(rows, anchored, now):
    """Walk the whole chain and name the first row that does not fit.

    :param rows: iterable of ``(seal, event)``: sealed ones by position, either side ``None`` where it is missing.
    :param dict anchored: chain hash by position, of :func:`read_anchor`.
    :param datetime now: aware.
    :rtype: Verification
    """
    previous, position, unsealed, lag = GENESIS, 0, 0, 0.0
    finding = overdue = None
    latest = datetime.min.replace(tzinfo=UTC)
    for seal, event in rows:
        if seal is None:
            unsealed += 1
            age = now - _moment(event["event_time"])
            lag = max(lag, age.total_seconds())
            overdue = overdue or _check_unsealed(event, age, latest)
            continue
        finding = _check_link(seal, event, previous, position + 1, anchored)
        if finding:
            break
        position, previous = seal["position"], seal["chain_hash"]
        latest = max(latest, _moment(event["event_time"]))
    highest = max(anchored, default=0)
    if not finding and highest > position:
        finding = Finding(
            "tail_cut",
            f"The chain ends at position {position}, but the anchor outside the database knows position {highest}:"
            " the end of the trail was removed, or an older copy of the database was restored.",
            position=position + 1,
        )
    return Verification(finding or overdue, position, unsealed, lag, previous, highest)


def _check_link(seal, event, previous, expected, anchored):
    position, event_id = seal["position"], seal["event_id"]
    if position != expected:
        return Finding(
            "seal_missing",
            f"Position {expected} of the chain is missing; the next one is {position} (event {event_id}).",
            position=expected,
        )
    if seal["chain_hash"] != chain_hash(previous, seal):
        return Finding(
            "seal_changed",
            f"The seal at position {position} (event {event_id}) was changed, or something was inserted or removed"
            " before it.",
            position,
            event_id,
        )
    if anchored.get(position, seal["chain_hash"]) != seal["chain_hash"]:
        return Finding(
            "anchor_mismatch",
            f"Position {position} (event {event_id}) differs from the anchor outside the database: the chain was"
            " written anew somewhere up to here.",
            position,
            event_id,
        )
    if event is None:
        return Finding(
            "event_missing",
            f"Event {event_id} (position {position}) was removed.",
            position,
            event_id,
        )
    if event_hash(event) != seal["event_hash"]:
        return Finding(
            "event_changed",
            f"Event {event_id} (position {position}) was changed after it was sealed.",
            position,
            event_id,
        )
    return None


def _check_unsealed(event, age, latest_sealed):
    if latest_sealed - _moment(event["event_time"]) > LATEST_COMMIT:
        return Finding(
            "out_of_order",
            f"Event {event['id']} claims {event['event_time']}, long before others that are sealed: it was inserted"
            " later.",
            event_id=event["id"],
        )
    if age > UNSEALED_LIMIT:
        return Finding(
            "unsealed_overdue",
            f"Event {event['id']} has waited {age.total_seconds() / 3600:.1f} h for its seal: the sealer does not run.",
            event_id=event["id"],
        )
    return None


def _moment(text):
    return datetime.fromisoformat(text)


# === ARCHIVE === #


def read_archive(lines):
    """Open an archive.

    :param lines: iterable of text lines.
    :return: the database's uuid, when it was exported, and an iterator over ``(seal, event)``.
    :raise ValueError: it is no archive of this format.
    """
    lines = iter(lines)
    header = json.loads(next(lines, "{}"))
    if header.get("format") != FORMAT:
        raise ValueError(f"This is no archive of the format {FORMAT}.")
    records = map(json.loads, lines)
    rows = ((record["seal"], record["event"]) for record in records)
    return header["database"], _moment(header["exported_at"]), rows


def main(arguments):
    """Verify an archive from the command line.

    :return: exit code: 0 it verifies, 1 it does not, 2 it cannot be read
    """
    if len(arguments) not in (1, 2):
        sys.stderr.write(f"{__doc__}\n")
        return 2
    try:
        with Path(arguments[0]).open(encoding="utf-8") as archive:
            database, exported_at, rows = read_archive(archive)
            anchored = {}
            if arguments[1:]:
                with Path(arguments[1]).open(encoding="utf-8") as anchor:
                    anchored = read_anchor(anchor, database)
            # What waited for its seal then will wait in this file for ever.
            result = verify(rows, anchored, exported_at)
    except (OSError, ValueError, KeyError) as exc:
        sys.stderr.write(f"Cannot read: {exc}\n")
        return 2
    sys.stdout.write(
        f"{result.finding.message}\n"
        if result.finding
        else f"{result.sealed} events verify; the last hash is {result.chain_hash}.\n"
    )
    return 0 if result.ok else 1


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
