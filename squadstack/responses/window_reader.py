"""Read one window whole, or find out that it holds too much.

Rows move while pages are read: a lead that is processed again leaves its place, and every later page shifts by
one. So a window counts as read only if all of it came in one answer. Only a second that holds more than a page
has to be read by pages: over and over, until nothing new comes.
"""

from __future__ import annotations

import contextlib
import json
import logging
import math
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from squadstack.api.squadiq_v4 import responses_request
from squadstack.exceptions import AccessError, OutageError
from squadstack.responses.times import moment_of

if TYPE_CHECKING:
    from collections.abc import Callable
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
    """All rows of a window, and perhaps some around it. Rows are personal, never shown."""

    rows: list[dict[str, Any]] = field(repr=False)
    date: datetime | None = None


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
    """

    def __init__(self, ask: Callable[[Request], Page | None], campaign_id: str, page_size: int) -> None:
        self._ask = ask
        self._campaign_id = campaign_id
        self._page_size = page_size
        self._full = page_size
        self._has_warned = False

    def read(self, window: Window, *, is_open: bool = False) -> Whole | Overflow:
        """Read a window.

        Args:
            window: Which. Rows of the second before it and after it may come along.
            is_open: Whether all that was processed later is asked for too.

        Raises:
            OutageError: Its answers contradict each other for too long.
        """
        before = None if is_open else window.end
        for _ in range(_MOST_TRIES):
            page = self._page(window.begin, before, 1)
            if page is not None and page.is_whole and len(page.rows) < self._full:
                return Whole(page.rows, page.date)
            if page is not None and not page.has_next and self._is_all(page, window.begin, before):
                return Whole(page.rows, page.date)
            if page is not None and page.rows:
                rows = max(page.count or 0, 2 * len(page.rows))
                if is_open or window.seconds > 1:
                    return Overflow(rows, len(page.rows), page.date)
                return Whole(self._by_pages(window), page.date)
        msg = f"The API's answers for campaign {self._campaign_id} contradict each other; try again later."
        raise OutageError(msg)

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
            raise AccessError(msg) from None
        if page is not None and page.has_next and page.rows:
            self._full = min(self._full, len(page.rows))
        return page

    def _is_all(self, page: Page, begin: int, before: int | None) -> bool:
        """Whether a page is all there is although that is not certain: a second look must show the same.

        Its count may be wrong. Or the page is full: the API counts before it reads, so that a row that came in
        between may have pushed another one out.
        """
        further = self._page(begin, before, 2)
        if further is not None and further.rows and _keys(further.rows) != _keys(page.rows):
            return False
        again = self._page(begin, before, 1)
        if again is None or again.has_next or _keys(again.rows) != _keys(page.rows):
            return False
        if not again.is_whole and not self._has_warned:
            self._has_warned = True
            log.warning(
                "The API's count of rows in campaign %s is not that of its rows; every answer is asked for twice.",
                self._campaign_id,
            )
        return True

    def _by_pages(self, window: Window) -> list[dict[str, Any]]:
        """Read a second's pages, again and again, until no row can be missing.

        Once as many rows were found as there are, a row that is missing hides behind one that has left since it was
        found. So when all of them are found once more, none is missing.
        """
        found: dict[str, dict[str, Any]] = {}
        complete: dict[str, dict[str, Any]] | None = None
        seen: dict[str, dict[str, Any]] = {}
        idle = 0
        for _ in range(_MOST_TRIES):
            one = self._one_pass(window)
            found |= one.rows
            if complete is not None and found.keys() >= complete.keys():
                return list(found.values())
            if len(found) == one.count:
                complete, found = found, {}
            elif one.count is not None and len(found) > one.count:
                complete, found = None, one.rows
            idle = idle + 1 if seen.keys() >= one.rows.keys() else 0
            seen |= one.rows
            if idle >= _IDLE_PASSES and not one.is_counted:
                return list(seen.values())
        msg = f"One second of campaign {self._campaign_id} holds more than a page, and it keeps changing."
        raise OutageError(msg)

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


def _key(row: dict[str, Any]) -> str:
    return json.dumps([row.get("lead_id"), row.get("processed_at")], default=str)


def _keys(rows: list[dict[str, Any]]) -> list[str]:
    return sorted(map(_key, rows))
