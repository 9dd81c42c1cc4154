"""The life of an exchange: milestones (what is proven) and work statuses (what comes next)."""

from dataclasses import dataclass
from enum import StrEnum


class StateError(ValueError):
    """A step that the life of an exchange does not have."""


class Direction(StrEnum):
    INBOUND = "inbound"
    OUTBOUND = "outbound"


class Milestone(StrEnum):
    RECEIVED = "received"
    PREPARED = "prepared"
    VALIDATED = "validated"
    TRANSFORMED = "transformed"
    SENT = "sent"
    ACKNOWLEDGED = "acknowledged"
    SETTLED = "settled"
    POSTED = "posted"


MILESTONES = {
    Direction.INBOUND: (
        Milestone.RECEIVED,
        Milestone.VALIDATED,
        Milestone.TRANSFORMED,
        Milestone.POSTED,
    ),
    Direction.OUTBOUND: (
        Milestone.PREPARED,
        Milestone.VALIDATED,
        Milestone.SENT,
        Milestone.ACKNOWLEDGED,
        Milestone.SETTLED,
        Milestone.POSTED,
    ),
}

# Proofs that not every counterparty gives; all others are never left out.
OPTIONAL_MILESTONES = frozenset({Milestone.ACKNOWLEDGED, Milestone.SETTLED})


class WorkStatus(StrEnum):
    """What happens next.

    ``ready``: work may start. ``running``: a worker has it. ``waiting``: for an answer, until a
    deadline. ``retry``: due at a time. ``exception``: for a person. ``unknown``: sent, the outcome
    is not known. ``dead``: retries spent, has an owner. ``done``. ``cancelled``: by a person, with
    a reason.
    """

    READY = "ready"
    RUNNING = "running"
    WAITING = "waiting"
    RETRY = "retry"
    EXCEPTION = "exception"
    UNKNOWN = "unknown"
    DEAD = "dead"
    DONE = "done"
    CANCELLED = "cancelled"


TERMINAL = frozenset({WorkStatus.DONE, WorkStatus.CANCELLED})
NEEDS_PERSON = frozenset({WorkStatus.EXCEPTION, WorkStatus.DEAD})


@dataclass(frozen=True)
class _Rule:
    """A step that is allowed, and what must come with it."""

    requires: frozenset[str] = frozenset()
    directions: tuple[Direction, ...] = tuple(Direction)


_BOTH = tuple(Direction)
_IN = (Direction.INBOUND,)
_OUT = (Direction.OUTBOUND,)

# source, target, what the caller must supply, directions
_TABLE = (
    ("ready", "running", (), _BOTH),
    ("ready", "exception", (), _BOTH),
    ("ready", "cancelled", ("reason",), _BOTH),
    ("running", "ready", (), _BOTH),
    ("running", "waiting", ("deadline",), _BOTH),
    ("running", "retry", ("due_at",), _BOTH),
    ("running", "exception", (), _BOTH),
    ("running", "unknown", (), _OUT),
    ("running", "dead", ("owner",), _BOTH),
    ("running", "done", (), _BOTH),
    ("waiting", "ready", (), _BOTH),
    ("waiting", "exception", (), _BOTH),
    ("waiting", "unknown", (), _OUT),
    ("waiting", "done", (), _BOTH),
    ("retry", "ready", (), _BOTH),
    ("retry", "running", (), _BOTH),
    ("retry", "exception", (), _BOTH),
    ("retry", "dead", ("owner",), _BOTH),
    ("retry", "cancelled", ("reason",), _BOTH),
    ("exception", "ready", (), _BOTH),
    ("exception", "done", ("reason",), _BOTH),
    ("exception", "cancelled", ("reason",), _BOTH),
    # What may have been sent never runs again by itself: the inquiry is made while the status stays
    # unknown, and only proof that nothing arrived sets it ready.
    ("unknown", "ready", ("proof_not_received",), _OUT),
    ("unknown", "waiting", ("deadline",), _OUT),
    ("unknown", "exception", (), _OUT),
    ("unknown", "done", (), _OUT),
    # The database is an older copy: what it shows as unsent may have been sent since.
    ("ready", "unknown", ("restored",), _OUT),
    ("retry", "unknown", ("restored",), _OUT),
    ("exception", "unknown", ("restored",), _OUT),
    ("dead", "unknown", ("restored",), _OUT),
    ("dead", "ready", (), _BOTH),
    ("dead", "exception", (), _BOTH),
    ("dead", "done", ("reason",), _BOTH),
    ("dead", "cancelled", ("reason",), _BOTH),
    # Replay: what came in may be worked through again, what went out may not go out twice.
    ("done", "ready", ("replay",), _IN),
    ("cancelled", "ready", ("replay",), _IN),
)

_RULES = {
    (WorkStatus(source), WorkStatus(target)): _Rule(frozenset(requires), directions)
    for source, target, requires, directions in _TABLE
}


def check_transition(direction, source, target, given=()):
    """Refuse a change of work status that the life of an exchange does not have.

    :param str direction: ``inbound`` or ``outbound``.
    :param str source: the present status.
    :param str target: the next one.
    :param Collection[str] given: what the caller supplies with it: ``due_at``, ``deadline``,
        ``owner``, ``reason``, ``proof_not_received``, ``restored``, ``replay``.
    :raise StateError: the step is not allowed, or something it needs is missing.
    """
    direction, source, target = Direction(direction), WorkStatus(source), WorkStatus(target)
    rule = _RULES.get((source, target))
    if rule is None or direction not in rule.directions:
        raise StateError(f"An {direction} exchange does not go from “{source}” to “{target}”.")
    if missing := sorted(rule.requires - set(given)):
        raise StateError(f"From “{source}” to “{target}” needs {', '.join(missing)}.")


def allowed_targets(direction, source):
    """Return the statuses that may follow ``source``.

    :rtype: frozenset[WorkStatus]
    """
    direction, source = Direction(direction), WorkStatus(source)
    return frozenset(
        target
        for (rule_source, target), rule in _RULES.items()
        if rule_source == source and direction in rule.directions
    )


def check_milestone(direction, current, target, *, attested=False):
    """Refuse a milestone that is not the next one proven.

    :param str direction: ``inbound`` or ``outbound``.
    :param str current: the last one reached, or None (or False) before the first.
    :param str target: the one just proven.
    :param bool attested: the counterparty itself says so: then it holds, also where the proofs before it
        were lost with a copy of the database.
    :return: True when it is new, False when it is the present one.
    :rtype: bool
    :raise StateError: it lies behind, is of the other direction, or leaves out a proof.
    """
    order = MILESTONES[Direction(direction)]
    try:
        position = order.index(current) if current else -1
        wanted = order.index(target)
    except ValueError:
        raise StateError(
            f"An {direction} exchange has no step from “{current}” to “{target}”."
        ) from None
    if wanted < position:
        raise StateError(f"A milestone never goes back: “{current}” was reached before “{target}”.")
    if not attested and not OPTIONAL_MILESTONES.issuperset(order[position + 1 : wanted]):
        raise StateError(f"“{target}” can't be proven before “{order[position + 1]}”.")
    return wanted > position
