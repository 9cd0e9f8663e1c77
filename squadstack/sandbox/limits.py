"""How many calls a period: a rolling window over all endpoints, without tolerance."""

from __future__ import annotations

import time
from collections import deque
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable


class RateLimit:
    """The limit of a business: at no moment have more calls been counted in the last period.

    See "What are the rate limits that you currently support?". A call counts from its arrival, whatever
    is answered, but for those that bear no valid token (whose are they?) and those that are throttled.

    Args:
        calls: The most calls in any period.
        period: Its length in seconds.
        clock: Seconds that only grow.
    """

    def __init__(self, calls: int, period: float, clock: Callable[[], float] = time.monotonic) -> None:
        self._calls = calls
        self._period = period
        self._clock = clock
        self._counted: deque[float] = deque()

    def count(self) -> float | None:
        """Count a call that arrives now; if it may not pass, answers in how many seconds one may."""
        now = self._clock()
        while self._counted and self._counted[0] <= now - self._period:
            self._counted.popleft()
        if len(self._counted) >= self._calls:
            return min(self._period, self._counted[0] + self._period - now)
        self._counted.append(now)
        return None
