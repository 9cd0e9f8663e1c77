"""Keep a call to its permit: wait for its start, and note when it left later."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import threading
    from collections.abc import Callable

    from squadstack.ledger.budget import Budget
    from squadstack.ledger.permits import Permit

_LEAST_TOLERANCE = 0.002


class Pacer:
    """What stands between a permit and its call.

    Args:
        budget: Whose permits these are.
        slack: Seconds within which a call must arrive after its start.
        lock: Notified when the run stops.
        is_stopping: Whether nothing new is to be sent.
    """

    def __init__(
        self, budget: Budget, *, slack: float, lock: threading.Condition, is_stopping: Callable[[], bool]
    ) -> None:
        self._budget = budget
        self._lock = lock
        self._is_stopping = is_stopping
        self._tolerance = max(slack / 10, _LEAST_TOLERANCE)

    def wait_for(self, permit: Permit) -> Permit | None:
        """Wait until a call's start, and note a later one if this thread was held up; None: the run stops."""
        while not self._is_stopping():
            early = permit.due - time.monotonic()
            if early > 0:
                with self._lock:
                    self._lock.wait_for(self._is_stopping, early)
            elif -early <= self._tolerance or permit.permit_id is None:
                return permit
            else:
                permit = self._budget.restart(permit)
        return None

    def note_delay(self, permit: Permit) -> None:
        """To be called when a request was written: a new connection, or a thread that was held up, takes time."""
        late = time.monotonic() - permit.due
        if late > self._tolerance and permit.permit_id is not None:
            self._budget.delay(permit, late)
