"""Circuit breaker as plain data: workers share nothing, so its state is a row in the database."""

from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from enum import StrEnum

from .errors import RetryableError


class BreakerEvent(StrEnum):
    ATTEMPT = "attempt"
    SUCCESS = "success"
    FAILURE = "failure"


class CircuitOpenError(RetryableError):
    """The other side failed too often: it is left alone for a while."""

    def __init__(self, retry_after):
        super().__init__(
            "The connection is paused because it failed several times in a row.",
            retry_after,
            code="circuit_open",
            next_step="It tries again by itself; check the connection if this goes on.",
        )


@dataclass(frozen=True)
class BreakerPolicy:
    """When a breaker opens and for how long.

    :param int failure_threshold: failures in a row that open it.
    :param float open_seconds: first pause; it doubles with each probe that fails.
    :param float max_open_seconds: the longest pause.
    :param float probe_seconds: how long a probe may take before another is let through, for the
        worker that made it may have died.
    """

    failure_threshold: int = 5
    open_seconds: float = 60.0
    max_open_seconds: float = 3600.0
    probe_seconds: float = 120.0


@dataclass(frozen=True)
class BreakerState:
    """What a breaker remembers.

    :param str state: ``closed`` (calls pass), ``open`` (none does) or ``half_open`` (one probe is
        out).
    :param int failures: failures in a row.
    :param datetime.datetime until: end of the pause, or of the wait for the probe.
    :param float open_seconds: length of the present pause.
    """

    state: str = "closed"
    failures: int = 0
    until: datetime | None = None
    open_seconds: float = 0.0


def transition(state, event, now, policy):
    """Return the state after ``event``.

    :param BreakerState state: before it.
    :param BreakerEvent event: a call about to be made, or the outcome of one. Only a failure of the
        pipe counts as one: a refusal of the content proves that the pipe works.
    :param datetime.datetime now: of the same kind (naive UTC or aware) as ``state.until``.
    :param BreakerPolicy policy: thresholds and pauses.
    :rtype: BreakerState
    :raise CircuitOpenError: for an attempt that must not be made now.
    """
    if event == BreakerEvent.ATTEMPT:
        return _attempt(state, now, policy)
    if state.state == "open":
        # The late outcome of a call made before the pause says nothing about the other side now.
        return state
    if event == BreakerEvent.SUCCESS:
        return BreakerState()
    return _failure(state, now, policy)


def _attempt(state, now, policy):
    if state.state == "closed":
        return state
    if now < state.until:
        raise CircuitOpenError(retry_after=(state.until - now).total_seconds())
    return replace(state, state="half_open", until=now + timedelta(seconds=policy.probe_seconds))


def _failure(state, now, policy):
    failures = state.failures + 1
    if state.state == "closed" and failures < policy.failure_threshold:
        return replace(state, failures=failures)
    pause = policy.open_seconds if state.state == "closed" else 2 * state.open_seconds
    pause = min(pause, policy.max_open_seconds)
    return BreakerState("open", failures, now + timedelta(seconds=pause), pause)
