"""When a batch that failed is sent again, and when it was tried for long enough."""

from __future__ import annotations

import itertools
import time
from typing import TYPE_CHECKING

import backoff

if TYPE_CHECKING:
    from squadstack.delivery.batching import Batch

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
        self._held_until = 0.0

    def hold(self, seconds: float) -> None:
        """Note that everybody waits."""
        now = time.monotonic()
        until = max(self._held_until, now + seconds)
        self._held += until - max(self._held_until, now)
        self._held_until = until

    def delay(self, batch: Batch, *, at_most: float | None) -> float | None:
        """Note a failure of a batch, and say after how long it is sent again.

        Args:
            batch: Its count of failures is raised.
            at_most: A bound on the outage that is tighter than the setting.

        Returns:
            Seconds with full jitter, or None when its time is up.
        """
        now = time.monotonic() - self._held
        first = batch.first_failure = now if batch.first_failure is None else batch.first_failure
        outage = self._max_outage if at_most is None else min(at_most, self._max_outage)
        left = first + outage - now
        if left <= 0:
            return None
        longest = _LONGEST_DELAY if at_most is None else _LONGEST_DELAY_UNREACHED
        batch.failures += 1
        return min(backoff.full_jitter(_exponential(batch.failures, longest)), max(left, 0.0))


def _exponential(failures: int, longest: float) -> float:
    """1, 2, 4, 8 … seconds, but no longer than the longest."""
    waits = backoff.expo(base=2, factor=1, max_value=longest)
    return float(next(itertools.islice(waits, failures, None)))  # the first, 0, is before any failure
