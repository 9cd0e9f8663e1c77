"""Which windows are still to be read, and which are ready: handed out earliest first, returned in order."""

from __future__ import annotations

import heapq
import threading
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from squadstack.exceptions import StoppedError

if TYPE_CHECKING:
    from collections.abc import Callable

    from squadstack.exceptions import SquadStackError
    from squadstack.responses.windows import Window

_LOOK = 0.1
"""Seconds between two looks at whether a signal came: its handler must not take a lock."""


@dataclass(frozen=True, slots=True, order=True)
class Job:
    """A window to be read.

    Attributes:
        campaign: The position of its campaign.
        window: Which.
        is_first: Whether it is a campaign's first question, which asks for all there is since.
    """

    campaign: int
    window: Window
    is_first: bool = field(default=False, compare=False)


@dataclass(frozen=True, slots=True)
class Closed:
    """A window of which every row was read.

    Attributes:
        window: Which.
        records: In the order in which they were processed; personal, never shown.
        clock: The time at the campaign's first answer.
        is_dated: Whether that is the API's clock, which says that nothing more can come.
    """

    window: Window
    records: list[dict[str, Any]] = field(repr=False)
    clock: float
    is_dated: bool = True


class Agenda:
    """The jobs of a run, for several workers and one reader of what they close.

    Args:
        jobs: The first question of each campaign, by position.
        capacity: How many closed windows may wait for the reader.
        is_stopping: Whether a signal came.
    """

    def __init__(self, jobs: list[Job], capacity: int, is_stopping: Callable[[], bool]) -> None:
        self._pending = sorted(jobs)
        self._capacity = capacity
        self._is_stopping = is_stopping
        self._changed = threading.Condition()
        self._closed: dict[tuple[int, int], Closed] = {}
        self._cursors = [job.window.begin for job in self._pending]
        self._ends: dict[int, int] = {}
        self._given_up: dict[int, tuple[int, SquadStackError]] = {}
        self._working = 0
        self._failure: SquadStackError | None = None

    def take(self) -> Job | None:
        """The earliest window that is to be read, once there is room for it; None: there will be none."""
        with self._changed:
            while self._failure is None:
                if self._pending and self._has_room():
                    self._working += 1
                    return heapq.heappop(self._pending)
                if not self._pending and not self._working:
                    break
                self._changed.wait()
            return None

    def _has_room(self) -> bool:
        """Whether the reader keeps up; what it waits for is always read."""
        head = self._pending[0]
        return len(self._closed) < self._capacity or head.window.begin == self._cursors[head.campaign]

    def bound(self, campaign: int, window: Window) -> None:
        """Note all that is to be read of a campaign, which its first answer tells."""
        with self._changed:
            self._cursors[campaign] = window.begin
            self._ends[campaign] = window.end

    def split(self, job: Job, windows: list[Window]) -> None:
        """Read these instead."""
        with self._changed:
            for window in windows:
                if not self._is_given_up(job.campaign, window):
                    heapq.heappush(self._pending, Job(job.campaign, window))
            self._finish()

    def close(self, job: Job, closed: Closed) -> None:
        """A window has been read."""
        with self._changed:
            if closed.window.seconds > 0 and not self._is_given_up(job.campaign, closed.window):
                self._closed[job.campaign, closed.window.begin] = closed
            self._finish()

    def give_up(self, job: Job, failure: SquadStackError) -> None:
        """A campaign cannot be read from this window on; what lies before it, and other campaigns, can."""
        with self._changed:
            begin = self._cursors[job.campaign] if job.is_first else job.window.begin
            if job.campaign not in self._given_up or begin < self._given_up[job.campaign][0]:
                self._given_up[job.campaign] = (begin, failure)
            self._pending = [one for one in self._pending if not self._is_given_up(one.campaign, one.window)]
            heapq.heapify(self._pending)
            for place in [key for key, one in self._closed.items() if self._is_given_up(key[0], one.window)]:
                del self._closed[place]
            self._finish()

    def _is_given_up(self, campaign: int, window: Window) -> bool:
        return campaign in self._given_up and window.begin >= self._given_up[campaign][0]

    def fail(self, failure: SquadStackError) -> None:
        """Nothing more is read; what is closed already is returned still."""
        with self._changed:
            self._failure = self._failure or failure
            self._changed.notify_all()

    def next(self, campaign: int) -> Closed | None:
        """A campaign's next window, in order; None: it is read whole.

        Raises:
            SquadStackError: A window could not be read.
            StoppedError: A signal came.
        """
        with self._changed:
            while True:
                if self._is_stopping():
                    raise StoppedError
                cursor = self._cursors[campaign]
                if closed := self._closed.pop((campaign, cursor), None):
                    self._cursors[campaign] = closed.window.end
                    self._changed.notify_all()
                    return closed
                if self._ends.get(campaign) == cursor:
                    return None
                if campaign in self._given_up and self._given_up[campaign][0] <= cursor:
                    raise self._given_up[campaign][1]
                if self._failure is not None:
                    raise self._failure
                self._changed.wait(_LOOK)

    def _finish(self) -> None:
        self._working -= 1
        self._changed.notify_all()
