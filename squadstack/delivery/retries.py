"""When a batch that failed is sent again, and when it was tried for long enough."""

from __future__ import annotations

import itertools
import time
from typing import TYPE_CHECKING

import backoff

if TYPE_CHECKING:
    from collections.abc import Sequence

    from squadstack.delivery.actions import LeadAction

_LONGEST_DELAY = 60.0
_LONGEST_DELAY_UNREACHED = 5.0


class RetryClock:
    """A clock on which the waits after a 429 do not pass.

    Args:
        max_outage: Seconds that a batch is tried, from its first failure.
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

    def delay(self, actions: Sequence[LeadAction], *, at_most: float | None) -> float | None:
        """Note a failure of some actions, and say after how long they are sent again.

        Args:
            actions: Their counts of failures are raised.
            at_most: A bound on the outage that is tighter than the setting.

        Returns:
            Seconds with full jitter, or None when the time of one of them is up.
        """
        now = self._now()
        for action in actions:
            action.first_failure = now if action.first_failure is None else action.first_failure
            action.failures += 1
        first = min(action.first_failure or now for action in actions)
        outage = self._max_outage if at_most is None else min(at_most, self._max_outage)
        left = first + outage - now
        if left <= 0:
            return None
        longest = _LONGEST_DELAY if at_most is None else _LONGEST_DELAY_UNREACHED
        return min(backoff.full_jitter(_exponential(max(action.failures for action in actions), longest)), left)

    def _now(self) -> float:
        """The clock, which stands still while everybody waits."""
        now = time.monotonic()
        return now - self._held - (min(now, self._held_until) - self._hold_began)


def _exponential(failures: int, longest: float) -> float:
    """1, 2, 4, 8 … seconds, but no longer than the longest."""
    waits = backoff.expo(base=2, factor=1, max_value=longest)
    return float(next(itertools.islice(waits, failures, None)))  # the first, 0, is before any failure
