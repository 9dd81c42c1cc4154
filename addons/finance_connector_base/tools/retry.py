"""When to try again: exponential delays with jitter, and what the other side asked for."""

import math
from dataclasses import dataclass
from email.utils import parsedate_to_datetime

from .dates import as_utc

_MAX_DOUBLINGS = 60


@dataclass(frozen=True)
class RetryPolicy:
    """How often and how far apart.

    :param int max_attempts: attempts in all, the first included.
    :param float base_seconds: delay after the first failure; it doubles with each further one.
    :param float cap_seconds: the longest delay of its own accord.
    :param float jitter: share of a delay, 0 to 1, that is left to chance, so that many do not come
        back at once.
    """

    max_attempts: int = 8
    base_seconds: float = 30.0
    cap_seconds: float = 3600.0
    jitter: float = 0.5

    def __post_init__(self):
        if self.max_attempts < 1 or not 0 < self.base_seconds <= self.cap_seconds:
            raise ValueError("A retry policy needs an attempt and 0 < base_seconds <= cap_seconds.")
        if not 0 <= self.jitter <= 1:
            raise ValueError("The jitter of a retry policy is a share between 0 and 1.")

    def exhausted(self, attempt):
        """Say whether ``attempt`` (counted from 1) was the last one allowed."""
        return attempt >= self.max_attempts

    def next_delay(self, attempt, rng, retry_after=None):
        """Return the seconds to wait after a failed attempt.

        :param int attempt: the one that failed, counted from 1.
        :param random.Random rng: source of the jitter; the same one gives the same delays.
        :param float retry_after: seconds the other side asked for: never come back earlier,
            whatever the cap, and not all together either.
        :rtype: float
        """
        full = min(
            self.cap_seconds, self.base_seconds * 2 ** min(max(attempt, 1) - 1, _MAX_DOUBLINGS)
        )
        delay = full * (1 - self.jitter * rng.random())
        if retry_after is None:
            return delay
        return max(delay, retry_after + self.base_seconds * self.jitter * rng.random())


def parse_retry_after(header, now, limit=86400.0):
    """Read a ``Retry-After`` header (RFC 9110, section 10.2.3).

    :param str header: seconds or an HTTP date; None or unreadable text counts as absent.
    :param datetime.datetime now: the present time, aware or naive UTC.
    :param float limit: the most seconds believed, one day: what is longer is asked again then.
    :return: seconds from now, 0 or more, or None when absent.
    :rtype: float | None
    """
    text = (header or "").strip()
    try:
        seconds = float(text)
    except ValueError:
        seconds = _seconds_until(text, now)
    if seconds is None or not math.isfinite(seconds):
        return None
    return min(max(seconds, 0.0), limit)


def _seconds_until(text, now):
    try:
        moment = parsedate_to_datetime(text)
    except ValueError:
        return None
    return (as_utc(moment) - as_utc(now)).total_seconds()
