"""Counting what is refused without letting the refused write as often as they like."""

import threading


class RejectionLog:
    """Counts refusals per key and says when they are worth a record.

    The first refusal is recorded at once; those that follow are added up and recorded together with the first one that
    comes after the interval, so a flood costs one record an interval and no refusal goes uncounted.

    :param float interval_seconds: least time between two records of one key.
    """

    def __init__(self, interval_seconds=60.0):
        self._interval_seconds = interval_seconds
        self._lock = threading.Lock()
        self._recorded_at = {}
        self._waiting = {}

    def count(self, key, now):
        """Count one refusal.

        :param key: hashable; callers use few distinct ones, since each is remembered.
        :param float now: seconds of a monotonic clock.
        :return: how many refusals to record now; 0: keep them for later.
        :rtype: int
        """
        with self._lock:
            waiting = self._waiting.get(key, 0) + 1
            recorded_at = self._recorded_at.get(key)
            if recorded_at is not None and now - recorded_at < self._interval_seconds:
                self._waiting[key] = waiting
                return 0
            self._waiting[key] = 0
            self._recorded_at[key] = now
            return waiting
