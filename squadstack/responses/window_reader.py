"""Read one window whole, or find out that it holds too much.

Rows move while pages are read: a lead that is processed again leaves its place, and every later page shifts by
one. So a window counts as read only if all of it came in one answer. Only a second that holds more than a page
has to be read by pages: over and over, until nothing new comes.

Even one answer may be torn: the API counts first and reads then (its "Invalid page." is Django's, whose paginator
does so), and a row that comes in between pushes another one out of an answer that looks whole. Only where a row may
still come, that is among those of the last `late_seconds`, and what the next run does not read anyway, an answer
needs a second one that shows nothing new.
"""

from __future__ import annotations

import contextlib
import json
import logging
import math
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from squadstack.api.squadiq_v4 import responses_request
from squadstack.exceptions import AccessError, UnsteadyCampaignError
from squadstack.responses.times import moment_of

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence
    from datetime import datetime

    from squadstack.api.messages import Request
    from squadstack.api.squadiq_v4 import Page
    from squadstack.responses.windows import Window

log = logging.getLogger("squadstack")

_MOST_TRIES = 50
_MOST_PAGES = 1000

_IDLE_PASSES = 5
"""So many passes through a second must show nothing new, one after the other, where its count is no proof."""


@dataclass(frozen=True, slots=True)
class Whole:
    """All rows of a window, and perhaps some around it.

    Attributes:
        rows: Personal, never shown.
        date: The API's clock; None if it does not tell.
        is_certain: Whether none can be missing; always so of a window that has an end.
    """

    rows: list[dict[str, Any]] = field(repr=False)
    date: datetime | None = None
    is_certain: bool = True


@dataclass(frozen=True, slots=True)
class Overflow:
    """A window holds more than a page: about so many rows, where a page held so many."""

    rows: int
    page: int
    date: datetime | None = None


@dataclass(frozen=True, slots=True)
class _Pass:
    """A second's pages, each read once: its rows by their key, their last count, and whether so many came."""

    rows: dict[str, dict[str, Any]] = field(repr=False)
    count: int | None
    is_counted: bool


class WindowReader:
    """Reads windows of one campaign.

    Args:
        ask: Asks the API; None: there is no such page.
        campaign_id: Which campaign.
        page_size: How many rows are wanted at once.
        late_seconds: How late a row may come, and how far back the next run looks: `lag_seconds` and
            `lookback_seconds` together.
    """

    def __init__(
        self, ask: Callable[[Request], Page | None], campaign_id: str, page_size: int, late_seconds: float
    ) -> None:
        self._ask = ask
        self._campaign_id = campaign_id
        self._page_size = page_size
        self._late_seconds = late_seconds
        self._full = page_size
        self._has_warned = False

    def read_since(self, begin: int) -> Whole | Overflow:
        """Ask for all that was processed from then on: one question, whose answer is not always certain.

        Raises:
            UnsteadyCampaignError: Its answers contradict each other for too long.
        """
        for _ in range(_MOST_TRIES):
            page = self._page(begin, None, 1)
            if page is not None and not page.has_next:
                is_certain = self._looks_whole(page) and self._is_settled(page, begin)
                return Whole(page.rows, page.date, is_certain=is_certain)
            if page is not None and page.rows:
                return _overflow(page)
        raise self._contradiction()

    def read(self, window: Window, seen: Sequence[dict[str, Any]] | None = None) -> Whole | Overflow:
        """Read a window.

        Args:
            window: Which. Rows of the second before it and after it may come along.
            seen: Rows that an answer which was not certain has shown of it already.

        Raises:
            UnsteadyCampaignError: Its answers contradict each other for too long.
        """
        known = None if seen is None else set(_keys(seen))
        for _ in range(_MOST_TRIES):
            page = self._page(window.begin, window.end, 1)
            if page is not None and self._looks_whole(page):
                keys = set(_keys(page.rows))
                if (known is not None and keys <= known) or self._is_settled(page, window.begin):
                    return Whole(page.rows, page.date)
                known = keys
            elif page is not None and not page.has_next and self._is_all(page, window):
                return Whole(page.rows, page.date)
            elif page is not None and page.rows:
                return _overflow(page) if window.seconds > 1 else Whole(self._by_pages(window), page.date)
        raise self._contradiction()

    def _looks_whole(self, page: Page) -> bool:
        """Whether it says that it holds all, and has room for more: its count may be that of the page alone."""
        return page.is_whole and len(page.rows) < self._full

    def _is_settled(self, page: Page, begin: int) -> bool:
        """Whether no row that just came can have pushed out another one that the next run would not read."""
        if page.date is None:
            return False
        fresh = page.date.timestamp() - self._late_seconds
        with contextlib.suppress(ValueError):
            moments = [moment_of(row.get("processed_at")) for row in page.rows]
            return begin >= fresh or all(moment is None or moment.timestamp() < fresh for moment in moments)
        return True  # a moment that cannot be read ends the run when the row is read

    def earliest(self, window: Window, found: Overflow) -> int:
        """Guess when a window's first row was processed, by its last page and its first: its end if they do not tell.

        Whatever the order of the rows: the guess only says where it is worth to begin with narrow windows.
        """
        last = self._page(window.begin, window.end, math.ceil(found.rows / found.page))
        first = self._page(window.begin, window.end, 1)
        rows = [*(last.rows if last else ()), *(first.rows if first else ())]
        with contextlib.suppress(ValueError):
            moments = [moment for row in rows if (moment := moment_of(row.get("processed_at")))]
            return max(int(min(moments).timestamp()), window.begin) if moments else window.end
        return window.end

    def _page(self, begin: int, before: int | None, number: int) -> Page | None:
        # Whether the bounds belong to it is not documented: a second more is asked for, and dropped later.
        after = begin - 1 if begin > 0 else None
        try:
            page = self._ask(
                responses_request(self._campaign_id, after=after, before=before, page=number, page_size=self._page_size)
            )
        except AccessError as error:
            msg = f"Campaign {self._campaign_id}: {error}"
            raise type(error)(msg) from None
        if page is not None and page.has_next and page.rows:
            self._full = min(self._full, len(page.rows))
        return page

    def _is_all(self, page: Page, window: Window) -> bool:
        """Whether a page is all there is although it is full or its count is another: a second look must show it."""
        further = self._page(window.begin, window.end, 2)
        if further is not None and further.rows and _keys(further.rows) != _keys(page.rows):
            return False
        again = self._page(window.begin, window.end, 1)
        if again is None or again.has_next or _keys(again.rows) != _keys(page.rows):
            return False
        if not again.is_whole and not self._has_warned:
            self._has_warned = True
            log.warning(
                "The API's count of rows in campaign %s is not that of its rows; every answer is asked for twice.",
                self._campaign_id,
            )
        return True

    def _contradiction(self) -> UnsteadyCampaignError:
        msg = f"The API's answers for campaign {self._campaign_id} contradict each other; try again later."
        return UnsteadyCampaignError(msg)

    def _by_pages(self, window: Window) -> list[dict[str, Any]]:
        """Read a second's pages, again and again, until no row can be missing.

        Once as many rows were found as there are, a row that is missing hides behind one that has left since it was
        found, or that has just come. So when the very same are found once more, none is missing.
        """
        found: dict[str, dict[str, Any]] = {}
        complete: dict[str, dict[str, Any]] | None = None
        seen: dict[str, dict[str, Any]] = {}
        idle = 0
        for _ in range(_MOST_TRIES):
            one = self._one_pass(window)
            found |= one.rows
            if len(found) == one.count:
                if complete is not None and found.keys() == complete.keys():
                    return list(found.values())
                complete, found = found, {}
            elif one.count is not None and len(found) > one.count:
                complete, found = None, one.rows
            idle = idle + 1 if seen.keys() >= one.rows.keys() else 0
            seen |= one.rows
            if idle >= _IDLE_PASSES and not one.is_counted:
                return list(seen.values())
        msg = f"One second of campaign {self._campaign_id} holds more than a page, and it keeps changing."
        raise UnsteadyCampaignError(msg)

    def _one_pass(self, window: Window) -> _Pass:
        """Read page after page; never follow `next`, which may name anything."""
        rows: dict[str, dict[str, Any]] = {}
        last: set[str] = set()
        delivered, count = 0, None
        for number in range(1, _MOST_PAGES):
            page = self._page(window.begin, window.end, number)
            found = {_key(row): row for row in page.rows} if page else {}
            if page is None or not found or found.keys() == last:
                break
            last = set(found)
            rows |= found
            delivered, count = delivered + len(page.rows), page.count
            if delivered == count and not page.has_next and len(page.rows) < self._full:
                break
        return _Pass(rows, count, is_counted=delivered == count)


def _overflow(page: Page) -> Overflow:
    return Overflow(max(page.count or 0, 2 * len(page.rows)), len(page.rows), page.date)


def _key(row: dict[str, Any]) -> str:
    return json.dumps([row.get("lead_id"), row.get("processed_at")], default=str)


def _keys(rows: Sequence[dict[str, Any]]) -> list[str]:
    return sorted(map(_key, rows))
