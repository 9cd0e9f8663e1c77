"""SquadIQ v4, reading: requests for lead responses, and what their answers hold (SquadIQ v4: "Get Leads")."""

from __future__ import annotations

import email.utils
import json
import re
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any
from urllib.parse import quote, urlencode

from squadstack.api.messages import Request, Response
from squadstack.api.retry import WHITELISTING
from squadstack.api.verdicts import UnreadableAnswerError

_PAST_THE_END = re.compile(rb"Invalid page", re.IGNORECASE)
_STOPS = {
    400: "SquadStack refuses the question as such (400): check campaign_ids and page_size.",
    401: "SquadStack does not accept the token (401): it is wrong or has expired. Take a new one from the dashboard.",
    403: f"SquadStack denies permission (403): check auth_token. {WHITELISTING}",
    404: "SquadStack knows no such campaign (404): check campaign_ids and api_url, and ask your SquadStack contact "
    "whether it is active.",
}


@dataclass(frozen=True, slots=True)
class Page:
    """One page of lead responses.

    Attributes:
        rows: As they came; personal, never shown.
        count: How many rows there are on all pages, by the API; None if it does not say.
        has_next: Whether it says that there is a further page.
        date: The API's clock; None if it does not tell.
    """

    rows: list[dict[str, Any]] = field(repr=False)
    count: int | None
    has_next: bool
    date: datetime | None

    @property
    def is_whole(self) -> bool:
        """Whether these are, provably, all the rows that were asked for."""
        return not self.has_next and self.count == len(self.rows)


def responses_request(campaign_id: str, *, after: int | None, before: int | None, page: int, page_size: int) -> Request:
    """Ask for processed leads.

    Args:
        campaign_id: Which campaign's.
        after: Those processed later than this, in seconds since the epoch; whether at it too is not documented.
        before: Those processed earlier than this; likewise.
        page: Counted from 1.
        page_size: How many rows are wanted; the API may give fewer.
    """
    query = {"processed_after": after, "processed_before": before, "page": page, "page_size": page_size}
    told = urlencode({name: value for name, value in query.items() if value is not None})
    return Request("GET", f"/api/v4/leads/responses/{quote(campaign_id, safe='')}/?{told}", b"")


def is_past_the_end(response: Response) -> bool:
    """Whether a 404 speaks of the page alone: there are fewer by now."""
    return response.status == 404 and bool(_PAST_THE_END.search(response.body))


def past_the_end(response: Response) -> Page:
    """The page that there is not."""
    return Page([], 0, has_next=False, date=_date(response))


def is_about_campaign(response: Response) -> bool:
    """Whether a refusal says nothing of other campaigns."""
    return response.status in {400, 404}


def why_stopped(response: Response, otherwise: str) -> str:
    """The sentence for an answer that will stay the same until the user acts."""
    return _STOPS.get(response.status, otherwise)


def read_page(response: Response) -> Page:
    """Read an answer.

    Raises:
        UnreadableAnswerError: It is no page, or not all of one.
    """
    try:
        body = json.loads(response.body)
    except (ValueError, RecursionError):
        msg = "the answer is not JSON"
        raise UnreadableAnswerError(msg) from None
    rows = body.get("results") if isinstance(body, dict) else None
    if not isinstance(rows, list) or not all(isinstance(row, dict) for row in rows):
        msg = "the answer holds no list of results"
        raise UnreadableAnswerError(msg)
    count = body.get("count")
    has_count = isinstance(count, int) and not isinstance(count, bool)
    return Page(rows, count if has_count else None, bool(body.get("next")), _date(response))


def _date(response: Response) -> datetime | None:
    try:
        moment = email.utils.parsedate_to_datetime(response.headers.get("date", ""))
    except (TypeError, ValueError, IndexError, OverflowError):
        return None
    return moment if moment.tzinfo else moment.replace(tzinfo=UTC)
