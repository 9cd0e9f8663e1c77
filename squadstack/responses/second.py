"""Read a second that holds more than a page: its pages over and over, until no row can be missing."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from squadstack.exceptions import UnsteadyCampaignError
from squadstack.responses.pages import key_of, time_of

if TYPE_CHECKING:
    from squadstack.responses.pages import Pages
    from squadstack.responses.windows import Window

Rows = dict[str, dict[str, Any]]

_MOST_PASSES = 50
_MOST_PASSES_OF_NOW = 20
_MOST_PAGES = 1000

_IDLE_PASSES = 5
"""So many passes through a second must show nothing new, one after the other, where its count is no proof."""


@dataclass(frozen=True, slots=True)
class _Pass:
    """A second's pages, each read once.

    Attributes:
        rows: By their key; personal, never shown.
        count: How many there are, by the last page.
        is_counted: Whether so many came, none of them twice.
        time: The API's clock at the end.
    """

    rows: Rows = field(repr=False)
    count: int | None
    is_counted: bool
    time: float


def read_second(pages: Pages, window: Window, late_seconds: float) -> list[dict[str, Any]]:
    """Read a second's pages.

    Once as many rows were found as there are, a row that is missing hides behind one that has left since it was
    found, or that has just come. So when the very same are found once more, none is missing. A second into which
    rows may still come is read by the next run anyway, so it need not come to rest.

    Args:
        pages: Of the campaign.
        window: The second.
        late_seconds: How late a row may come, and how far back the next run looks.

    Raises:
        UnsteadyCampaignError: It keeps changing.
    """
    found: Rows = {}
    complete: Rows | None = None
    seen: Rows = {}
    idle = 0
    for number in range(_MOST_PASSES):
        one = _one_pass(pages, window)
        found |= one.rows
        if len(found) == one.count:
            if complete is not None and found.keys() == complete.keys():
                return list(found.values())
            complete, found = found, {}
        elif one.count is not None and len(found) > one.count:
            complete, found = None, one.rows
        idle = idle + 1 if seen.keys() >= one.rows.keys() else 0
        seen |= one.rows
        is_of_now = window.begin >= one.time - late_seconds
        if (idle >= _IDLE_PASSES and not one.is_counted) or (is_of_now and number >= _MOST_PASSES_OF_NOW):
            return list(seen.values())
    msg = f"One second of campaign {pages.campaign_id} holds more than a page, and it keeps changing."
    raise UnsteadyCampaignError(msg)


def _one_pass(pages: Pages, window: Window) -> _Pass:
    """Read page after page; never follow `next`, which may name anything."""
    rows: Rows = {}
    last: set[str] = set()
    delivered, count, time = 0, None, 0.0
    for number in range(1, _MOST_PAGES):
        page = pages.get(window.begin, window.end, number)
        found = {key_of(row): row for row in page.rows}
        if not found or found.keys() == last:
            break
        last = set(found)
        rows |= found
        delivered, count, time = delivered + len(page.rows), page.count, time_of(page)
        if delivered == count and not page.has_next and len(page.rows) < pages.full:
            break
    return _Pass(rows, count, is_counted=delivered == count == len(rows), time=time)
