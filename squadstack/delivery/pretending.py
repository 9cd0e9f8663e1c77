"""The sender of a run that calls nothing: the same order, merging, screening and batches, on a clock of its own.

Time is pretended: it stands still while something can be done, and goes on to what happens next when reading would
have to wait. Every answer comes at once and accepts all. So a plan of hours takes seconds.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, NoReturn

from squadstack.api.verdicts import Accepted
from squadstack.delivery.sender import Sender
from squadstack.ledger.permits import Standing, Use, next_start

if TYPE_CHECKING:
    from collections.abc import Callable

    from squadstack.api.messages import Request, Response
    from squadstack.delivery.settlement import Settlement
    from squadstack.ledger.ledger import Ledger
    from squadstack.settings.rate_limit import RateLimit
    from squadstack.settings.target import TargetSettings

_ACCEPTED = Accepted()


class _Nowhere:
    """The transport of what calls nothing."""

    def send(self, request: Request, on_written: Callable[[], None] = lambda: None) -> Response:  # noqa: ARG002
        self._refuse()

    @staticmethod
    def _refuse() -> NoReturn:
        msg = "a plan makes no call"
        raise AssertionError(msg)


class Pace:
    """When calls could start, after those that count already.

    Args:
        limit: The business's.
        standing: What was used of the budget.
    """

    def __init__(self, limit: RateLimit, standing: Standing) -> None:
        self._limit = limit
        self._uses = [Use(use.start - standing.now, use.leads) for use in standing.uses]
        self._not_before = standing.not_before - standing.now

    def next(self, now: float, leads: int) -> float:
        """When a call may start that would be made now."""
        if self._limit.calls is None and self._limit.records is None:
            return now
        counted = now - self._limit.period_seconds - self._limit.slack_seconds
        self._uses = [use for use in self._uses if use.start >= counted]
        most = leads if self._limit.records is None else min(leads, self._limit.records)
        return next_start(self._uses, self._limit, leads=most, now=now, not_before=self._not_before)

    def note(self, start: float, leads: int) -> None:
        """A call started."""
        self._uses.append(Use(start, leads))


class PretendSender(Sender):
    """Settles every action as a healthy API would, without a thread and without a call.

    Args:
        settings: Of the target.
        ledger: What verdicts are written to: a copy, if nothing is to stay.
        settlement: What a verdict does.
        wake: Called whenever something was settled or went wrong.
        pace: When calls could start; None: at once.

    Attributes:
        now: The pretended time, in seconds from the beginning of the run.
        seconds: When the last call started.
    """

    def __init__(
        self,
        settings: TargetSettings,
        ledger: Ledger,
        settlement: Settlement,
        wake: Callable[[], None],
        pace: Pace | None,
    ) -> None:
        self.now = 0.0
        self.seconds = 0.0
        self._pace = pace
        self._start: float | None = None
        self._is_working = False
        super().__init__(settings, _Nowhere(), ledger, settlement, wake, clock=lambda: self.now)

    def start(self) -> None:
        """There is no thread."""

    def wait(self, seconds: float) -> None:  # noqa: ARG002 - nobody waits here
        """Do what can be done now, or let the time go on to what happens next."""
        if self._work_off() or self._stopping:
            return
        if self._start is not None:
            self.now = max(self.now, self._start)
            return
        waits = (
            self._gathering.seconds_until_due(self.now),
            self._backlog.seconds_until_screening(self.now),
            self._backlog.seconds_until_due(self.now),
        )
        self.now += min((wait for wait in waits if wait is not None), default=0.0)

    def close(self) -> None:
        """As a run's: nothing is begun between the last block and the end of the input."""
        self._is_working = True
        super().close()
        self._is_working = False

    def _hand_on(self) -> None:
        super()._hand_on()
        if not self._is_working:
            self._work_off()

    def _work_off(self) -> bool:
        """Make all calls that may start now; whether there was any."""
        begun = False
        self._is_working = True
        while not self._stopping and self._make_call():
            begun = True
        self._is_working = False
        return begun

    def _make_call(self) -> bool:
        self._screen()
        if self._start is None:
            if self._backlog.seconds_until_due(self.now) != 0.0:
                return False
            self._start = self.now if self._pace is None else self._pace.next(self.now, self._batch_size)
        if self._start > self.now:
            return False
        while self._backlog.seconds_until_screening(self.now) == 0.0:
            self._screen()
        batch = self._backlog.take(self._batch_size, self.now)
        if batch is None:
            return False
        self._start = None
        self.seconds = self.now
        if self._pace is not None:
            self._pace.note(self.now, len(batch.actions))
        mark = self._ledger.doubts.pretend([action.sent for action in batch.actions])
        judged = self._settlement.write(batch, mark, [_ACCEPTED] * len(batch.actions))
        self._settlement.apply(self._backlog, judged, self.now)
        return True
