"""The driver: takes actions in order, sends them in full calls within the budget, and settles each.

One thread, the dispatcher, waits for a call that is worth making, reserves its start and forms its batch
then; workers make the calls. The rest of the program hands actions in and asks what is settled.
"""

from __future__ import annotations

import queue
import threading
import time
from typing import TYPE_CHECKING

from squadstack.api.retry_clock import RetryClock
from squadstack.api.verdicts import Refused
from squadstack.delivery.batching import Backlog, Batch
from squadstack.delivery.caller import Caller
from squadstack.delivery.settlement import UNCHANGED
from squadstack.exceptions import SquadStackError, TooManyActionsError, UndeliveredError, place_of

if TYPE_CHECKING:
    from collections.abc import Callable

    from squadstack.api.client import Transport
    from squadstack.delivery.settlement import Settlement
    from squadstack.ledger.ledger import Ledger
    from squadstack.ledger.permits import Permit
    from squadstack.mapping.actions import LeadAction
    from squadstack.settings.target import TargetSettings

CAPACITY = 5_000
"""Actions that may wait before reading waits."""


class Sender:
    """Delivers actions; every one handed in ends settled, or the run ends with a failure.

    Args:
        settings: Of the target.
        transport: Makes the calls.
        ledger: Where the budget, the doubts and the verdicts are.
        settlement: What a verdict does.
        wake: Called whenever something was settled or went wrong.
    """

    def __init__(
        self,
        settings: TargetSettings,
        transport: Transport,
        ledger: Ledger,
        settlement: Settlement,
        wake: Callable[[], None],
    ) -> None:
        self._settings = settings
        self._ledger = ledger
        self._settlement = settlement
        self._wake = wake
        limit = settings.limit
        self._batch_size = min(settings.batch_size_rows, limit.records or settings.batch_size_rows)
        self._backlog = Backlog(
            batch_size=self._batch_size,
            max_wait=settings.max_batch_wait_seconds,
            capacity=CAPACITY,
            limits=settings.max_actions,
            asks_about_all=settlement.asks_about_all,
        )
        self._changed = threading.Condition()
        self._caller = Caller(
            transport=transport,
            ledger=ledger,
            settlement=settlement,
            backlog=self._backlog,
            clock=RetryClock(settings.max_outage_seconds),
            lock=self._changed,
            fail=self.fail,
            is_stopping=lambda: self._stopping,
            slack=limit.slack_seconds,
        )
        self._calls: queue.SimpleQueue[tuple[Permit, Batch]] = queue.SimpleQueue()
        self._in_flight = 0
        self._stopping = False
        self.failure: SquadStackError | None = None

    # -- from outside --------------------------------------------------------------------------------

    def start(self) -> None:
        """Start the threads."""
        for work in (self._dispatch, *([self._work] * self._settings.max_in_flight)):
            threading.Thread(target=self._guarded, args=(work,), daemon=True).start()

    def submit(self, action: LeadAction) -> None:
        """Take an action in; it is delivered behind all earlier ones on its lead."""
        with self._changed:
            if self._backlog.add(action, time.monotonic()):
                self._changed.notify_all()

    @property
    def is_full(self) -> bool:
        """Whether reading should wait."""
        return self._backlog.is_full

    @property
    def pending(self) -> int:
        """Actions that are not settled."""
        return len(self._backlog)

    @property
    def moving(self) -> int:
        """Actions that are not settled, but for those that are held until `release`."""
        return self._backlog.moving

    def release(self) -> None:
        """Let the held actions be sent, if all of them fit; fails the run if not."""
        with self._changed:
            excess = self._backlog.excess
            if not excess:
                self._backlog.release(time.monotonic())
                self._changed.notify_all()
        if excess:
            self.fail(TooManyActionsError.of(excess, self._settings.max_actions))

    def wait(self, seconds: float) -> None:
        """Wait until something changes, but not longer than this."""
        with self._changed:
            self._changed.wait(seconds)

    def close(self) -> None:
        """No more actions come: incomplete batches are due."""
        with self._changed:
            self._backlog.closing = True
            self._changed.notify_all()

    def stop(self) -> None:
        """Send nothing new; calls on their way are finished."""
        with self._changed:
            self._stopping = True
            self._changed.notify_all()

    def abandon(self) -> int:
        """Whatever is still on its way no longer counts; returns the number of actions that are not settled."""
        with self._changed:
            self._settlement.is_closed = True
            return len(self._backlog)

    def halt(self) -> None:
        """As `stop`, but without a lock: for a signal handler."""
        self._stopping = True

    @property
    def is_idle(self) -> bool:
        """Whether no call is on its way."""
        return self._in_flight == 0

    # -- dispatching ---------------------------------------------------------------------------------

    def _dispatch(self) -> None:
        while self._wait_for_due():
            permit = self._ledger.budget.reserve(self._settings.limit, leads=self._batch_size)
            batch = self._take_at(permit)
            if batch is None:
                self._ledger.budget.give_back(permit)
                return
            self._calls.put((permit, batch))

    def _wait_for_due(self) -> bool:
        """Wait until a call is worth making and a worker is free; False: the run stops."""
        while True:
            self._screen()
            with self._changed:
                if self._stopping:
                    return False
                now = time.monotonic()
                wait, screening = self._backlog.seconds_until_due(now), self._backlog.seconds_until_screening(now)
                is_free = self._in_flight < self._settings.max_in_flight
                if is_free and wait == 0.0:
                    return True
                if screening != 0.0:
                    self._changed.wait(_sooner(wait if is_free else None, screening))

    def _take_at(self, permit: Permit) -> Batch | None:
        """Sleep until just before the permit's start, then form the batch; None: the run stops."""
        while not self._stopping:
            self._screen()
            with self._changed:
                now = time.monotonic()
                wait = permit.due - self._ledger.budget.ahead - now
                screening = self._backlog.seconds_until_screening(now)
                if screening == 0.0:
                    continue
                if wait > 0:
                    self._changed.wait(_sooner(wait, screening))
                elif batch := self._backlog.take(permit.leads, now):
                    self._in_flight += 1
                    return batch
                else:
                    self._changed.wait(_sooner(self._backlog.seconds_until_due(now), screening))
        return None

    def _screen(self) -> None:
        """Ask the ledger about the actions whose turn has come; settle those that are not to be sent."""
        with self._changed:
            heads = self._backlog.unscreened(time.monotonic())
        if not heads:
            return
        unsent = self._settlement.screen(heads)
        with self._changed:
            claimed = [action for action in heads if self._backlog.claim(action)]
            for action in claimed:
                if action not in unsent:
                    self._backlog.admit(action, time.monotonic())
            fates = {action: unsent[action] for action in claimed if action in unsent}
            self._settlement.leave(self._backlog, [one for one in fates if fates[one] is UNCHANGED], time.monotonic())
        self._refuse({action: fate for action, fate in fates.items() if isinstance(fate, Refused)})
        if fates:
            self._notify()

    def _refuse(self, refused: dict[LeadAction, Refused]) -> None:
        if not refused:
            return
        self._settlement.write_refused(refused)
        with self._changed:
            self._settlement.refuse_all(self._backlog, refused, time.monotonic())
            too_many = self._settlement.too_many_rejects(at_end=False)
        if too_many:
            self.fail(too_many)

    # -- working -------------------------------------------------------------------------------------

    def _work(self) -> None:
        while True:
            permit, batch = self._calls.get()
            try:
                self._caller.call(permit, batch)
            finally:
                with self._changed:
                    self._in_flight -= 1
                self._notify()

    # -- ends ----------------------------------------------------------------------------------------

    def fail(self, failure: SquadStackError) -> None:
        """End the run: what is not settled stays undelivered. The first failure is the one told."""
        with self._changed:
            self.failure = self.failure or failure
            self._stopping = True
        self._notify()

    def _notify(self) -> None:
        with self._changed:
            self._changed.notify_all()
        self._wake()

    def _guarded(self, work: Callable[[], None]) -> None:
        """No thread ends silently: a fault of ours ends the run, told by its kind and place alone."""
        try:
            work()
        except SquadStackError as error:
            self.fail(error)
        except Exception as error:  # noqa: BLE001 - whatever it is, the run must end and say so
            self.fail(
                UndeliveredError(f"A fault of the connector itself: {type(error).__name__} in {place_of(error)}.")
            )


def _sooner(*waits: float | None) -> float | None:
    """The shortest of some waits, of which None has no end."""
    return min((wait for wait in waits if wait is not None), default=None)
