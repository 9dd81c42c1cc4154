"""How fast and how often another system may be called: arithmetic on values the caller stores."""

import re
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta

from .dates import as_utc


@dataclass(frozen=True)
class BucketPolicy:
    """A token bucket.

    :param float capacity: calls that may be made at once.
    :param float per_second: calls a second in the long run.
    """

    capacity: float
    per_second: float

    def __post_init__(self):
        if self.capacity < 1 or self.per_second <= 0:
            raise ValueError("A rate limit needs a capacity of 1 or more and a positive rate.")


@dataclass(frozen=True)
class Bucket:
    tokens: float
    updated_at: datetime


def take_token(bucket, now, policy, cost=1.0):
    """Take ``cost`` tokens if they are there.

    :param Bucket bucket: as stored, or None for a full one.
    :param datetime.datetime now: of the same kind (naive UTC or aware) as ``bucket.updated_at``; a
        clock that went back adds nothing.
    :param BucketPolicy policy: the limit.
    :param float cost: tokens wanted, at most the capacity.
    :return: the bucket to store, and the seconds to wait: 0.0 when the tokens were taken.
    :rtype: tuple[Bucket, float]
    """
    if not 0 < cost <= policy.capacity:
        raise ValueError(f"A call can't cost {cost} where {policy.capacity} is the capacity.")
    tokens, since = policy.capacity, now
    if bucket is not None:
        since = max(bucket.updated_at, now)
        gained = (since - bucket.updated_at).total_seconds() * policy.per_second
        tokens = min(policy.capacity, bucket.tokens + gained)
    if tokens >= cost:
        return Bucket(tokens - cost, since), 0.0
    return Bucket(tokens, since), (cost - tokens) / policy.per_second


@dataclass(frozen=True)
class Quota:
    """Calls made on one day (UTC), as PSD2 banks count them."""

    day: date
    used: int


def take_quota(quota, now, limit):
    """Count one call against a daily limit.

    :param Quota quota: as stored, or None before the first call.
    :param datetime.datetime now: the present time, aware or naive UTC.
    :param int limit: calls a day.
    :return: the quota to store, and the seconds to wait: 0.0 when the call may be made.
    :rtype: tuple[Quota, float]
    """
    moment = as_utc(now)
    today = moment.date()
    # A stored day after today is a clock that went back: its calls were made and still count.
    if quota is None or quota.day < today:
        quota = Quota(today, 0)
    if quota.used < limit:
        return Quota(quota.day, quota.used + 1), 0.0
    midnight = as_utc(datetime.combine(quota.day + timedelta(days=1), time()))
    return quota, (midnight - moment).total_seconds()


@dataclass(frozen=True)
class Standing:
    """How many calls a limit leaves.

    :param int left: calls that may still be made.
    :param int allowed: calls in all, or None when only the rest is known.
    :param datetime.datetime until: when it is counted anew, naive UTC.
    """

    left: int
    allowed: int | None
    until: datetime

    @property
    def is_nearly_spent(self):
        """Whether this is the last call, or the last fifth of many."""
        return self.left == 1 or self.left * 5 <= (self.allowed or 0)


def standing_of_day(quota, now, limit):
    """What a daily limit leaves, counted as :func:`take_quota` counts.

    :param Quota quota: as stored.
    :param datetime.datetime now: the present time, naive UTC.
    :param int limit: calls a day.
    :rtype: Standing
    """
    today = max(quota.day, now.date())
    used = quota.used if quota.day == today else 0
    return Standing(
        max(0, limit - used), limit, datetime.combine(today + timedelta(days=1), time())
    )


def tightest(standings, now):
    """The limit that leaves least; calls are free again when all that are spent are counted anew.

    :param Iterable[Standing] standings: of one scope; one that is over says nothing of what holds now.
    :param datetime.datetime now: the present time, naive UTC.
    :rtype: Standing | None
    """
    hold = [each for each in standings if each.until > now]
    if not hold:
        return None
    left = min(each.left for each in hold)
    tight = [each for each in hold if each.left == left]
    allowed = next((each.allowed for each in tight if each.allowed), None)
    return Standing(left, allowed, max(each.until for each in tight))


@dataclass(frozen=True)
class RateLimit:
    """What an answer said about a limit.

    :param str scope: ``""`` for the general one, else the provider's word, e.g.
        ``account_success``.
    :param int limit: calls in the window, or None when not said.
    :param int remaining: calls left.
    :param float reset_seconds: seconds until the window ends, or None when not said.
    """

    scope: str
    limit: int | None
    remaining: int
    reset_seconds: float | None


# `X-RateLimit-Limit`, GoCardless' literal `HTTP_X_RATELIMIT_ACCOUNT_SUCCESS_LIMIT`, and
# `RateLimit-Limit` of draft-ietf-httpapi-ratelimit-headers up to 07.
_NAMED = re.compile(
    r"(?:http_)?(?:x_)?ratelimit_(?:(?P<scope>\w+)_)?(?P<part>limit|remaining|reset)"
)
# `RateLimit: "default";r=50;t=30` of the same draft since 08.
_STRUCTURED = re.compile(r'"?(?P<scope>[\w-]+)"?(?P<parameters>(?:;\s*\w+=\d+)+)')
_NUMBER = re.compile(r"\d{1,15}(?:\.\d{1,6})?")
# A reset beyond this number of seconds is a moment (Unix time), not a duration.
_LONGEST_WINDOW = 10**8


def parse_rate_limit_headers(headers, now):
    """Read the limits that an answer tells.

    :param Mapping[str, str] headers: of the answer, in any spelling.
    :param datetime.datetime now: the present time, aware or naive UTC.
    :return: one limit per scope that says how many calls remain; unreadable ones are left out.
    :rtype: tuple[RateLimit, ...]
    """
    found = {}
    for name, value in headers.items():
        key = name.lower().replace("-", "_")
        if key == "ratelimit":
            for item in _STRUCTURED.finditer(value):
                parameters = dict(re.findall(r"(\w+)=(\d+)", item["parameters"]))
                parts = {"remaining": parameters.get("r"), "reset": parameters.get("t")}
                found.setdefault(item["scope"], {}).update(parts)
        elif match := _NAMED.fullmatch(key):
            # `10, 10;w=60` of early drafts: the first number is the limit in force.
            found.setdefault(match["scope"] or "", {})[match["part"]] = value.split(",")[0].strip()
    limits = (_rate_limit(scope, parts, now) for scope, parts in found.items())
    return tuple(limit for limit in limits if limit)


def _rate_limit(scope, parts, now):
    limit, remaining, reset = (_number(parts.get(part)) for part in ("limit", "remaining", "reset"))
    if remaining is None:
        return None
    if reset is not None and reset > _LONGEST_WINDOW:
        reset = max(0.0, reset - as_utc(now).timestamp())
    return RateLimit(scope, None if limit is None else int(limit), int(remaining), reset)


def _number(text):
    return float(text) if text and _NUMBER.fullmatch(text) else None
