"""Reading of SquadIQ v4: which leads are asked for, and their pages ("Get Leads")."""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Final

from squadstack.sandbox.campaigns import rules_of
from squadstack.sandbox.refusals import Answer, RefusedError

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from starlette.datastructures import URL

    from squadstack.sandbox.actions import Row
    from squadstack.sandbox.campaigns import Campaigns, Rules
    from squadstack.sandbox.leads import Lead
    from squadstack.sandbox.results import Result

DEFAULT_PAGE_SIZE: Final = 100
MAX_PAGE_SIZE: Final = 500
"""Undocumented: who asks for more gets so many."""

INVALID_PAGE: Final = Answer(404, {"detail": "Invalid page."})

_NUMBER: Final = re.compile(r"[0-9]{1,18}")


@dataclass(frozen=True, slots=True)
class Query:
    """What a call asks for.

    Attributes:
        lead_id: The only lead; None: any.
        after: Processed in this second or later, since 1970; None: at any time.
        before: Processed in this second or earlier, since 1970; None: at any time.
        page: From 1.
        page_size: Leads to a page.
    """

    lead_id: str | None
    after: int | None
    before: int | None
    page: int
    page_size: int


@dataclass(frozen=True, slots=True)
class Page:
    """One page of the leads that are asked for.

    Attributes:
        count: How many they are on all pages.
        next: Where the next page is, if there is one.
        previous: Where the page before is, if there is one.
        results: The leads of this page.
    """

    count: int
    next: str | None
    previous: str | None
    results: Sequence[Row]

    def answer(self) -> Answer:
        """The page as it is answered."""
        return Answer(200, {"count": self.count, "next": self.next, "previous": self.previous, "results": self.results})


def read_query(parameters: Mapping[str, str]) -> Query:
    """Read what a call asks for; parameters that are not documented are ignored.

    Raises:
        RefusedError: 400.
    """
    page, page_size = _number(parameters, "page", least=1), _number(parameters, "page_size", least=1)
    return Query(
        lead_id=parameters.get("lead_id"),
        after=_number(parameters, "processed_after"),
        before=_number(parameters, "processed_before"),
        page=1 if page is None else page,
        page_size=DEFAULT_PAGE_SIZE if page_size is None else min(page_size, MAX_PAGE_SIZE),
    )


def rows_of(campaigns: Campaigns, ref_id: str, query: Query) -> list[Row]:
    """All processed leads that are asked for, the one processed first coming first."""
    rules = rules_of(ref_id)
    found = [
        (result.processed_at, lead_id, lead, result)
        for lead_id, lead in campaigns.leads(ref_id).items()
        if (result := lead.result) is not None and _is_asked_for(lead_id, int(result.processed_at), query, rules)
    ]
    found.sort(key=lambda each: each[:2], reverse=rules.newest_first)
    return [row_of(ref_id, lead_id, lead, result) for _, lead_id, lead, result in found]


def page_of(rows: Sequence[Row], query: Query, url: URL) -> Page:
    """Cut out a page; the other pages are found below the address of the call.

    Raises:
        RefusedError: 404, past the last page.
    """
    first, end = (query.page - 1) * query.page_size, query.page * query.page_size
    if query.page > 1 and first >= len(rows):
        raise RefusedError(INVALID_PAGE)
    return Page(
        count=len(rows),
        next=_address(url, query.page + 1) if end < len(rows) else None,
        previous=_address(url, query.page - 1) if query.page > 1 else None,
        results=rows[first:end],
    )


def _number(parameters: Mapping[str, str], name: str, least: int = 0) -> int | None:
    text = parameters.get(name)
    if text is None:
        return None
    if not _NUMBER.fullmatch(text) or int(text) < least:
        raise RefusedError(Answer(400, {name: ["Enter a number."]}))
    return int(text)


def _is_asked_for(lead_id: str, second: int, query: Query, rules: Rules) -> bool:
    """Judge by the second in which a lead was processed: rows tell no more."""
    if query.lead_id not in {None, lead_id}:
        return False
    margin = 1 if rules.exclusive_bounds else 0
    late_enough = query.after is None or second >= query.after + margin
    return late_enough and (query.before is None or second <= query.before - margin)


def row_of(ref_id: str, lead_id: str, lead: Lead, result: Result) -> Row:
    """A processed lead as it is answered ("Get Leads", Response Structure), and pushed ("Lead Processed Webhook")."""
    phone_number = lead.fields.get("phone_number")
    return {
        "phone_number": None if phone_number is None else f"+91{str(phone_number)[-10:]}",
        "lead_id": lead_id,
        "latest_recording_url": result.latest_recording_url,
        "campaign_id": ref_id,
        "latest_called_at": _time(result.latest_called_at),
        "lead_outcome": result.lead_outcome,
        "processed_at": _time(result.processed_at),
        "contact_name": lead.fields.get("contact_name"),
        "created_at": int(lead.created_at) if rules_of(ref_id).epoch else _time(lead.created_at),
        "lead_responses": result.lead_responses,
    }


def _time(seconds: float) -> str:
    return datetime.fromtimestamp(int(seconds), tz=UTC).isoformat()


def _address(url: URL, page: int) -> str:
    """An address of a page: that of the first has no number, as Django REST framework has it."""
    return str(url.include_query_params(page=page) if page > 1 else url.remove_query_params("page"))
