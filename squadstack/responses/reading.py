"""A run of reading, for any face: campaigns and where they begin go in, closed windows come out in order.

with Reading(settings, {"loans": [Start(begin, bookmark, earliest)]}) as reading:
    for closed in reading.windows("loans"):
        …
"""

from __future__ import annotations

import logging
import math
import threading
import time
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Self

from squadstack.api.client import Client
from squadstack.exceptions import OF_ONE_CAMPAIGN, SquadStackError, place_of
from squadstack.responses.agenda import Agenda, Closed, Job
from squadstack.responses.caller import Caller
from squadstack.responses.rows import records_of, unprocessed
from squadstack.responses.window_reader import Overflow, Whole, WindowReader
from squadstack.responses.windows import Window, parts_for

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping, Sequence

    from squadstack.settings.tap import TapSettings

log = logging.getLogger("squadstack")

_WAITING = 4
"""How many closed windows may wait for the loader, for each call at once."""

_FOREVER = 1 << 40

_MANY_PAGES = 5
"""From so many on it is worth two questions to find out when the first lead was processed."""

_AHEAD = 600
"""Seconds by which times may lie ahead of the API's clock: a row of a moment later, a database with another clock."""

_FAREWELL = 0.5
"""Seconds for calls that are on their way when a run ends early."""


@dataclass(frozen=True, slots=True)
class Start:
    """Where the reading of a campaign begins, in seconds since the epoch; 0: all.

    Attributes:
        begin: The first second that is read.
        bookmark: What the last run had read up to.
        earliest: Where to begin if the bookmark lies in the future, and so cannot be right.
    """

    begin: int
    bookmark: int
    earliest: int

    def begin_by(self, clock: float) -> int:
        """The first second that is read, once the time is known."""
        return self.begin if self.bookmark <= clock else self.earliest


class Reading:
    """Reads campaigns, several windows at once, as a context manager.

    Args:
        settings: Of the tap.
        starts: Where each campaign begins; the earliest, if there are several.
        is_stopping: Whether a signal came.
    """

    def __init__(
        self,
        settings: TapSettings,
        starts: Mapping[str, Sequence[Start]],
        is_stopping: Callable[[], bool] = lambda: False,
    ) -> None:
        from squadstack.ledger.ledger import Ledger  # noqa: PLC0415 - SQLAlchemy only where a ledger opens

        self._settings = settings
        self._campaigns = list(starts)
        self._starts = list(starts.values())
        self._ledger = Ledger(settings.ledger_url, business=settings.business, host=settings.host)
        self._client = Client.of(settings)
        self._caller = Caller(settings, self._client, self._ledger.budget)
        late = settings.lag_seconds + settings.lookback_seconds
        self._readers = [WindowReader(self._caller.ask, name, settings.page_size, late) for name in starts]
        begins = [min(start.begin for start in several) for several in self._starts]
        jobs = [Job(place, Window(begin, _FOREVER), is_first=True) for place, begin in enumerate(begins)]
        self._agenda = Agenda(jobs, _WAITING * settings.max_in_flight, is_stopping)
        self._clocks: dict[int, float] = {}
        self._undated: set[int] = set()
        self._rows = 0
        self._workers = [threading.Thread(target=self._work, daemon=True) for _ in range(settings.max_in_flight)]

    def __enter__(self) -> Self:
        for worker in self._workers:
            worker.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._agenda.fail(SquadStackError("The run is over."))
        self._caller.stop()
        end = time.monotonic() + _FAREWELL
        for worker in self._workers:  # one whose call is on its way may be left behind
            worker.join(max(end - time.monotonic(), 0.0))
        self._client.close()
        self._ledger.close()
        log.info("Read %d rows of lead responses in %d calls.", self._rows, self._caller.calls)

    def windows(self, campaign_id: str) -> Iterator[Closed]:
        """A campaign's windows, one right behind the other.

        Raises:
            SquadStackError: The next one cannot be read; all that were yielded are whole. If it is one of
                `OF_ONE_CAMPAIGN`, other campaigns can be.
        """
        place = self._campaigns.index(campaign_id)
        while (closed := self._agenda.next(place)) is not None:
            self._rows += len(closed.records)
            yield closed

    # -- working -------------------------------------------------------------------------------------

    def _work(self) -> None:
        """No thread ends silently: a fault of ours ends the run, told by its kind and place alone."""
        try:
            while (job := self._agenda.take()) is not None:
                try:
                    self._first(job) if job.is_first else self._one(job)
                except OF_ONE_CAMPAIGN as error:
                    self._agenda.give_up(job, error)
        except SquadStackError as error:
            self._agenda.fail(error)
        except Exception as error:  # noqa: BLE001 - whatever it is, the run must end and say so
            msg = f"A fault of the connector itself: {type(error).__name__} in {place_of(error)}."
            self._agenda.fail(SquadStackError(msg))

    def _first(self, job: Job) -> None:
        """Ask for all there is; the answer tells the API's clock, hence the end, and often is all."""
        found = self._readers[job.campaign].read_since(job.window.begin)
        now = found.date.timestamp() if found.date else self._local_clock(job)
        begin = min(start.begin_by(now) for start in self._starts[job.campaign])
        if begin < job.window.begin:
            log.warning(
                "The bookmark of campaign %s lies in the future, by the API's clock: the campaign is read anew.",
                self._campaigns[job.campaign],
            )
            self._first(Job(job.campaign, Window(begin, _FOREVER), is_first=True))
            return
        self._clocks[job.campaign] = now
        window = Window(job.window.begin, max(int(now - self._settings.lag_seconds), job.window.begin))
        self._agenda.bound(job.campaign, window)
        if isinstance(found, Whole):
            self._tell_unprocessed(found, job.campaign)
            if found.certain_before is not None and window.seconds > 0:
                self._records_of(found, Job(job.campaign, window, is_first=True))  # what is not taken is checked too
                found = self._readers[job.campaign].read(window, seen=found)
        self._deal_with(Job(job.campaign, window, is_first=True), found)

    def _one(self, job: Job) -> None:
        self._deal_with(job, self._readers[job.campaign].read(job.window))

    def _deal_with(self, job: Job, found: Whole | Overflow) -> None:
        if isinstance(found, Overflow) and job.window.seconds > 0:
            self._agenda.split(job, self._cut(job, found))
            return
        records = self._records_of(found, job) if isinstance(found, Whole) else []
        is_dated = job.campaign not in self._undated
        self._agenda.close(job, Closed(job.window, records, self._clocks[job.campaign], is_dated=is_dated))

    def _records_of(self, found: Whole, job: Job) -> list[dict[str, Any]]:
        latest = self._latest(job.campaign) if job.is_first else None
        return records_of(found.rows, self._campaigns[job.campaign], job.window, latest=latest)

    def _tell_unprocessed(self, found: Whole, campaign: int) -> None:
        campaign_id = self._campaigns[campaign]
        if lacking := unprocessed(found.rows, campaign_id):
            log.warning("%d rows of campaign %s have no processed_at: they are not read.", lacking, campaign_id)

    def _latest(self, campaign: int) -> float:
        """What no row may bear that was processed by now: times of another zone would be skipped as future ones."""
        return math.inf if campaign in self._undated else self._clocks[campaign] + _AHEAD

    def _cut(self, job: Job, found: Overflow) -> list[Window]:
        """Into which windows to cut one; the long time before the first row, if there is one, makes one window."""
        window, parts = job.window, parts_for(found.rows, found.page)
        if job.is_first and found.rows > _MANY_PAGES * found.page:
            earliest = self._readers[job.campaign].earliest(window)
            if window.begin < earliest < window.end:
                rest = Window(earliest, window.end)
                return [Window(window.begin, earliest), *rest.split(parts)]
        return window.split(parts)

    def _local_clock(self, job: Job) -> float:
        self._undated.add(job.campaign)
        log.warning(
            "The API's answers for campaign %s tell no time; this machine's clock counts, and the bookmark "
            "stays lag_seconds before the newest row.",
            self._campaigns[job.campaign],
        )
        return time.time()
