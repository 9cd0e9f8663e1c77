"""The business's limit as a server counts it: over rolling or fixed windows, calls or leads."""

from __future__ import annotations

import math
import time
from collections import deque
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from support.crm.options import Options

_EPOCH = time.time() - time.monotonic()


def now() -> float:
    """Tell the server's time in epoch seconds; it never steps."""
    return _EPOCH + time.monotonic()


@dataclass(slots=True)
class Limiter:
    """Counts what was admitted; what it refuses is not counted."""

    stamps: deque[tuple[float, int]] = field(default_factory=deque)
    leads: int = 0

    def wait(self, at: float, leads: int, options: Options) -> float:
        """Tell how long a call of so many leads would have to wait at this moment; 0: not at all."""
        self._forget(at, options)
        calls_over = 0 if options.limit is None else len(self.stamps) + 1 - options.limit
        leads_over = 0 if options.records is None else self.leads + leads - options.records
        if calls_over <= 0 and leads_over <= 0:
            return 0.0
        if options.window == "fixed":
            return _window(at, options.period) + options.period - at
        for stamp, weight in self.stamps:
            calls_over, leads_over = calls_over - 1, leads_over - weight
            if calls_over <= 0 and leads_over <= 0:
                return stamp + options.period - at
        return options.period

    def count(self, at: float, leads: int) -> None:
        """Count an admitted call."""
        self.stamps.append((at, leads))
        self.leads += leads

    def _forget(self, at: float, options: Options) -> None:
        fixed = options.window == "fixed"
        begin = _window(at, options.period) if fixed else at - options.period
        while self.stamps and (self.stamps[0][0] < begin or (not fixed and self.stamps[0][0] == begin)):
            self.leads -= self.stamps.popleft()[1]


def _window(at: float, period: float) -> float:
    return math.floor(at / period) * period
