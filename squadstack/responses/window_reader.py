"""Read one window whole, or find out that it holds too much.

Rows move while pages are read: a lead that is processed again leaves its place, and every later page shifts by
one. So a window counts as read only if all of it came in one answer. Only a second that holds more than a page
has to be read by pages: over and over, until nothing new comes (`second`).

Even one answer may be torn: the API counts first and reads then (its "Invalid page." is Django's, whose paginator
does so), and a row that comes in between pushes another one out of an answer that looks whole. A row may come only
into the last `late_seconds`, and those the next run reads anyway. So if an answer holds such rows, what lies before
them is asked for once more, by itself. Whatever an answer lacks, it has something else that is new: one that shows
nothing new proves itself.
"""

from __future__ import annotations

import contextlib
import logging
import math
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from squadstack.exceptions import UnsteadyCampaignError
from squadstack.responses.pages import Pages, key_of, keys_of, time_of
from squadstack.responses.second import read_second
from squadstack.responses.times import moment_of

if TYPE_CHECKING:
    from collections.abc import Callable
    from datetime import datetime

    from squadstack.api.messages import Request
    from squadstack.api.squadiq_v4 import Page
    from squadstack.responses.windows import Window

log = logging.getLogger("squadstack")

_MOST_TRIES = 50


@dataclass(frozen=True, slots=True)
class Whole:
    """All rows of a window, and perhaps some around it.

    Attributes:
        rows: Personal, never shown.
        date: The API's clock; None if it does not tell.
        certain_before: Of what was processed before this second none can be missing; None: of all.
    """

    rows: list[dict[str, Any]] = field(repr=False)
    date: datetime | None = None
    certain_before: int | None = None


@dataclass(frozen=True, slots=True)
class Overflow:
    """A window holds more than a page: about so many rows, where a page held so many."""

    rows: int
    page: int
    date: datetime | None = None


class WindowReader:
    """Reads windows of one campaign.

    Args:
        ask: Asks the API.
        campaign_id: Which campaign.
        page_size: How many rows are wanted at once.
        late_seconds: How late a row may come, and how far back the next run looks: `lag_seconds` and
            `lookback_seconds` together.
    """

    def __init__(self, ask: Callable[[Request], Page], campaign_id: str, page_size: int, late_seconds: float) -> None:
        self._pages = Pages(ask, campaign_id, page_size)
        self._late_seconds = late_seconds
        self._has_warned = False

    def read_since(self, begin: int) -> Whole | Overflow:
        """Ask for all that was processed from then on: one question, whose answer is not always certain.

        Raises:
            UnsteadyCampaignError: Its answers contradict each other for too long.
        """
        for _ in range(_MOST_TRIES):
            page = self._pages.get(begin, None, 1)
            if not page.has_next:
                certain_before = self._certain_before(page, begin) if self._pages.looks_whole(page) else begin
                return Whole(page.rows, page.date, certain_before)
            if page.rows:
                return _overflow(page)
        raise self._contradiction()

    def read(self, window: Window, seen: Whole | None = None) -> Whole | Overflow:
        """Read a window.

        Args:
            window: Which. Rows of the second before it and after it may come along.
            seen: An answer about all since its beginning that was not certain.

        Raises:
            UnsteadyCampaignError: Its answers contradict each other for too long.
        """
        rows, before = [], window.end
        if seen is not None and seen.certain_before is not None and seen.certain_before > window.begin:
            rows = [row for row in seen.rows if _is_before(window.end, row)]
            before = min(window.end, seen.certain_before)
        for _ in range(_MOST_TRIES):
            page = self._pages.get(window.begin, before, 1)
            if self._pages.looks_whole(page):
                known = {*keys_of(rows)}
                news = [row for row in page.rows if key_of(row) not in known]
                rows = [*rows, *news]
                certain_before = self._certain_before(page, window.begin)
                if certain_before is None or not news:
                    return Whole(rows, page.date)
                before = min(before, certain_before)
            elif not page.has_next and self._is_all(page, window.begin, before):
                return Whole([*rows, *page.rows], page.date)
            elif page.rows and window.seconds > 1:
                return _overflow(page)
            elif page.rows:
                return Whole(read_second(self._pages, window, self._late_seconds), page.date)
        raise self._contradiction()

    def earliest(self, window: Window) -> int:
        """Guess when a window's first row was processed, by its first page and its last: its end if they do not tell.

        Whatever the order of the rows: the guess only says where it is worth to begin with narrow windows.
        """
        first = self._pages.get(window.begin, window.end, 1)
        count = max(first.count or 0, len(first.rows))
        last = self._pages.get(window.begin, window.end, math.ceil(count / max(len(first.rows), 1)) or 1)
        with contextlib.suppress(ValueError):
            moments = [moment for row in [*first.rows, *last.rows] if (moment := moment_of(row.get("processed_at")))]
            return max(int(min(moments).timestamp()), window.begin) if moments else window.end
        return window.end

    def _certain_before(self, page: Page, begin: int) -> int | None:
        """Where the time begins whose rows may have pushed out others that the next run would not read; None: nowhere.

        A lead that was not processed has no time, and may have come at any moment.
        """
        fresh = time_of(page) - self._late_seconds
        with contextlib.suppress(ValueError):
            moments = [moment_of(row.get("processed_at")) for row in page.rows]
            is_settled = all(moment is not None and moment.timestamp() < fresh for moment in moments)
            return None if is_settled or begin >= fresh else math.floor(fresh)
        return None  # a moment that cannot be read ends the run when the row is read

    def _is_all(self, page: Page, begin: int, before: int) -> bool:
        """Whether a page is all there is although it is full or its count is another: a second look must show it."""
        further = self._pages.get(begin, before, 2)
        if further.rows and keys_of(further.rows) != keys_of(page.rows):
            return False
        again = self._pages.get(begin, before, 1)
        if again.has_next or keys_of(again.rows) != keys_of(page.rows):
            return False
        if not again.is_whole and not self._has_warned:
            self._has_warned = True
            log.warning(
                "The API's count of rows in campaign %s is not that of its rows; every answer is asked for twice.",
                self._pages.campaign_id,
            )
        return True

    def _contradiction(self) -> UnsteadyCampaignError:
        msg = f"The API's answers for campaign {self._pages.campaign_id} contradict each other; try again later."
        return UnsteadyCampaignError(msg)


def _is_before(end: int, row: dict[str, Any]) -> bool:
    """Whether a row belongs before a moment; one whose time cannot be read is kept, to be told of."""
    with contextlib.suppress(ValueError):
        moment = moment_of(row.get("processed_at"))
        return moment is not None and moment.timestamp() < end
    return True


def _overflow(page: Page) -> Overflow:
    return Overflow(max(page.count or 0, 2 * len(page.rows)), len(page.rows), page.date)
