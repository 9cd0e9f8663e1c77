"""The pages of one campaign's rows, asked for one by one."""

from __future__ import annotations

import json
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

from squadstack.api.squadiq_v4 import Page, responses_request
from squadstack.exceptions import AccessError, UnknownCampaignError

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from squadstack.api.messages import Request


class Pages:
    """Asks for pages, and learns how many rows the server gives at the most.

    Args:
        ask: Asks the API.
        campaign_id: Which campaign.
        page_size: How many rows are wanted at once.

    Attributes:
        campaign_id: Which campaign.
        full: How many rows a page holds, as far as is known.
    """

    def __init__(self, ask: Callable[[Request], Page], campaign_id: str, page_size: int) -> None:
        self._ask = ask
        self._page_size = page_size
        self.campaign_id = campaign_id
        self.full = page_size

    def get(self, begin: int, before: int | None, number: int) -> Page:
        """One page of what was processed from a second on, and before another; empty if there is no such page.

        Raises:
            SquadStackError: The API refuses, or does not answer.
        """
        # Whether the bounds belong to it is not documented: a second more is asked for, and dropped later.
        after = begin - 1 if begin > 0 else None
        request = responses_request(
            self.campaign_id, after=after, before=before, page=number, page_size=self._page_size
        )
        try:
            page = self._ask(request)
        except AccessError as error:
            if number > 1 and isinstance(error, UnknownCampaignError):  # the first page was there
                return Page([], 0, has_next=False, date=None)
            msg = f"Campaign {self.campaign_id}: {error}"
            raise type(error)(msg) from None
        if page.has_next and page.rows:
            self.full = min(self.full, len(page.rows))
        return page

    def looks_whole(self, page: Page) -> bool:
        """Whether a page says that it holds all, and has room for more: its count may be that of the page alone."""
        return page.is_whole and len(page.rows) < self.full


def time_of(page: Page) -> float:
    """The API's clock, in seconds since the epoch; this machine's, if it does not tell."""
    return (page.date or datetime.now(UTC)).timestamp()


def key_of(row: dict[str, Any]) -> str:
    """What tells a version of a lead from every other row."""
    return json.dumps([row.get("lead_id"), row.get("processed_at")], default=str)


def keys_of(rows: Sequence[dict[str, Any]]) -> list[str]:
    """The same of several rows, whatever their order."""
    return sorted(map(key_of, rows))
