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
from squadstack.delivery.batching import Backlog
from squadstack.delivery.caller import Caller
from squadstack.delivery.gathering import BLOCK, Gathering
from squadstack.delivery.settlement import UNCHANGED
from squadstack.exceptions import SquadStackError, TooManyActionsError, UndeliveredError, place_of

if TYPE_CHECKING:
    from collections.abc import Callable

    from squadstack.api.client import Transport
    from squadstack.delivery.batch import Batch
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
        clock: Tells the time in seconds, from any beginning.
    """

    def __init__(  # noqa: PLR0913 - the parts of one run, handed over once
        self,
        settings: TargetSettings,
        transport: Transport,
        ledger: Ledger,
        settlement: Settlement,
        wake: Callable[[], None],
        *,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self._settings = settings
        self._clock = clock
        self._ledger = ledger
        self._settlement = settlement
        self._wake = wake
        limit = settings.limit
        self._batch_size = min(settings.batch_size_rows, limit.records or settings.batch_size_rows)
        self._backlog = Backlog(
            batch_size=self._batch_size,
            max_wait=settings.max_batch_wait_seconds,
            capacity=CAPACITY - BLOCK,
            limits=settings.max_actions,
            asks_about_all=settlement.asks_about_all,
            one_by_one=settlement.dialect.ONE_BY_ONE,
        )
        at_once = CAPACITY if limit.own_calls is None else limit.own_calls * self._batch_size
        self._gathering = Gathering(
            first=min(max(at_once, BLOCK), CAPACITY),
            max_wait=settings.max_batch_wait_seconds,
            unmerged=settings.max_actions,
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
            is_first = not self._gathering
            self._gathering.add(action, self._clock())
            if self._gathering.is_complete:
                self._hand_on()
            elif is_first:
                self._changed.notify_all()

    def _hand_on(self) -> None:
        """Let what was gathered be sent."""
        now = self._clock()
        for action in self._gathering.take():
            self._backlog.add(action, now)
        self._changed.notify_all()

    @property
    def is_full(self) -> bool:
        """Whether reading should wait."""
        return self._backlog.is_full

    @property
    def pending(self) -> int:
        """Actions that are not settled."""
        return len(self._backlog) + len(self._gathering)

    @property
    def moving(self) -> int:
        """Actions that are not settled, but for those that are held until `release`."""
        return self._backlog.moving + len(self._gathering)

    def release(self) -> None:
        """Let the held actions be sent, if all of them fit that would change anything; fails the run if not."""
        while self._leave_held():
            pass
        with self._changed:
            excess = self._backlog.excess
            if not excess:
                self._backlog.release(self._clock())
                self._changed.notify_all()
        if excess:
            self.fail(TooManyActionsError.of(excess, self._settings.max_actions))

    def _leave_held(self) -> int:
        """Settle held actions that need not be sent, and return how many they were."""
        with self._changed:
            heads = self._backlog.held()
        unsent = self._settlement.screen(heads)
        unchanged = [head for head in heads if unsent.get(head) is UNCHANGED]
        self._settlement.write_left(unchanged)
        with self._changed:
            for head in unchanged:
                self._backlog.let_go(head)
            self._settlement.leave(self._backlog, unchanged, self._clock())
        return len(unchanged)

    def wait(self, seconds: float) -> None:
        """Wait until something changes, but not longer than this."""
        with self._changed:
            self._changed.wait(seconds)

    def close(self) -> None:
        """No more actions come: incomplete batches are due."""
        with self._changed:
            self._hand_on()
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
            return self.pending

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
                now = self._clock()
                wait, screening = self._backlog.seconds_until_due(now), self._backlog.seconds_until_screening(now)
                is_free = self._in_flight < self._settings.max_in_flight
                if is_free and wait == 0.0:
                    return True
                if screening != 0.0:
                    gathered = self._gathering.seconds_until_due(now)
                    self._changed.wait(_sooner(wait if is_free else None, screening, gathered))

    def _take_at(self, permit: Permit) -> Batch | None:
        """Sleep until just before the permit's start, then form the batch; None: the run stops."""
        while not self._stopping:
            self._screen()
            with self._changed:
                now = self._clock()
                wait = permit.due - self._ledger.budget.ahead - now
                screening = self._backlog.seconds_until_screening(now)
                if screening == 0.0:
                    continue
                gathered = self._gathering.seconds_until_due(now)
                if wait > 0:
                    self._changed.wait(_sooner(wait, screening, gathered))
                elif batch := self._backlog.take(permit.leads, now):
                    self._in_flight += 1
                    return batch
                else:
                    self._changed.wait(_sooner(self._backlog.seconds_until_due(now), screening, gathered))
        return None

    def _screen(self) -> None:
        """Ask the ledger about the actions whose turn has come; settle those that are not to be sent."""
        with self._changed:
            if self._gathering.seconds_until_due(self._clock()) == 0.0:
                self._hand_on()
            heads = self._backlog.unscreened(self._clock())
        if not heads:
            return
        unsent = self._settlement.screen(heads)
        with self._changed:
            claimed = [action for action in heads if self._backlog.claim(action)]
            for action in claimed:
                if action not in unsent:
                    self._backlog.admit(action, self._clock())
            fates = {action: unsent[action] for action in claimed if action in unsent}
        unchanged = [action for action in fates if fates[action] is UNCHANGED]
        self._settlement.write_left(unchanged)
        with self._changed:
            self._settlement.leave(self._backlog, unchanged, self._clock())
        self._refuse({action: fate for action, fate in fates.items() if isinstance(fate, Refused)})
        if fates:
            self._notify()

    def _refuse(self, refused: dict[LeadAction, Refused]) -> None:
        if not refused:
            return
        self._settlement.write_refused(refused)
        with self._changed:
            self._settlement.refuse_all(self._backlog, refused, self._clock())
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
