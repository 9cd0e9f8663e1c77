"""When a call that failed is made again, and when it was tried for long enough."""

from __future__ import annotations

import itertools
import time
from typing import TYPE_CHECKING, Protocol

import backoff

if TYPE_CHECKING:
    from collections.abc import Sequence

FIRST_ANSWER_SECONDS = 30.0
"""How long a run goes on without having reached the API at all."""

_LONGEST_DELAY = 60.0
_LONGEST_DELAY_UNREACHED = 5.0


class Tried(Protocol):
    """What is tried again: it remembers how often it failed, and when first, by this clock."""

    failures: int
    first_failure: float | None


class RetryClock:
    """A clock on which the waits after a 429 do not pass.

    Args:
        max_outage: Seconds that something is tried, from its first failure.
    """

    def __init__(self, max_outage: float) -> None:
        self._max_outage = max_outage
        self._held = 0.0
        self._hold_began = 0.0
        self._held_until = 0.0

    def hold(self, seconds: float) -> None:
        """Note that everybody waits."""
        now = time.monotonic()
        if now >= self._held_until:
            self._held += self._held_until - self._hold_began
            self._hold_began = now
        self._held_until = max(self._held_until, now + seconds)

    def delay(self, tried: Sequence[Tried], *, at_most: float | None) -> float | None:
        """Note a failure of what went in one call, and say after how long it is made again.

        Args:
            tried: Its counts of failures are raised.
            at_most: A bound on the outage that is tighter than the setting.

        Returns:
            Seconds with full jitter, or None when the time of one of them is up.
        """
        now = self._now()
        for one in tried:
            one.first_failure = now if one.first_failure is None else one.first_failure
            one.failures += 1
        first = min(one.first_failure or now for one in tried)
        outage = self._max_outage if at_most is None else min(at_most, self._max_outage)
        left = first + outage - now
        if left <= 0:
            return None
        longest = _LONGEST_DELAY if at_most is None else _LONGEST_DELAY_UNREACHED
        return min(backoff.full_jitter(_exponential(max(one.failures for one in tried), longest)), left)

    def _now(self) -> float:
        """The clock, which stands still while everybody waits."""
        now = time.monotonic()
        return now - self._held - (min(now, self._held_until) - self._hold_began)


def _exponential(failures: int, longest: float) -> float:
    """1, 2, 4, 8 … seconds, but no longer than the longest."""
    waits = backoff.expo(base=2, factor=1, max_value=longest)
    return float(next(itertools.islice(waits, failures, None)))  # the first, 0, is before any failure
