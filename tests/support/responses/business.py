"""What the pretend server knows, and how it answers."""

from __future__ import annotations

import json
import random
import threading
import time
from bisect import bisect_left
from dataclasses import dataclass, field
from email.utils import formatdate
from typing import TYPE_CHECKING, Any
from urllib.parse import parse_qs, unquote, urlsplit

from support.responses.times import SECOND

if TYPE_CHECKING:
    from collections.abc import Mapping

    from support.responses.options import Options

PREFIX = "/api/v4/leads/responses/"
CRM_PREFIX = "/voice/crm-integration-v2/"
"""The business's other calls, which count too: every lead is taken."""
HOST = "api.squadiq.example"


@dataclass(frozen=True, slots=True)
class Call:
    """One call that arrived."""

    at: float
    """When, by the monotonic clock."""
    campaign: str
    query: dict[str, int]
    status: int | None
    """None: no answer left."""
    rows: int
    """How many were answered."""
    headers: Mapping[str, str] = field(repr=False)


@dataclass(slots=True)
class Row:
    """A lead; `at` is its processed_at in microseconds since 1970, None: not processed."""

    lead_id: str
    at: int | None
    fields: dict[str, Any]


@dataclass(frozen=True, slots=True)
class Reply:
    """An answer, or a mishap."""

    status: int
    body: bytes
    headers: dict[str, str] = field(default_factory=dict)
    mishap: str | None = None


class Business:
    """The campaigns' rows, and the limit that all calls share."""

    def __init__(self, options: Options) -> None:
        self.options = options
        self.campaigns: dict[str, dict[str, Row]] = {}
        self.calls: list[Call] = []
        self.throttled = 0
        self.closing = threading.Event()
        self._taken: list[float] = []
        self._lock = threading.Lock()
        self._random = random.Random(1)

    def answer(self, method: str, target: str, headers: Mapping[str, str], body: bytes = b"") -> Reply:
        """Answer a call, and note it."""
        at = time.monotonic()
        parts = urlsplit(target)
        campaign = unquote(parts.path.removeprefix(PREFIX).strip("/"))
        query = {name: int(values[-1]) for name, values in parse_qs(parts.query).items()}
        with self._lock:
            if parts.path.startswith(CRM_PREFIX):
                reply = self._refusal() or _taken(body)
            else:
                reply = self._reply(method, parts.path, campaign, query, headers)
            rows = reply.body.count(b'"lead_id"') if reply.status == 200 else 0
            status = None if reply.mishap else reply.status
            self.calls.append(Call(at, campaign, query, status, rows, headers))
        if self.options.delay:
            self.closing.wait(self.options.delay)
        return reply

    def _reply(self, method: str, path: str, campaign: str, query: dict[str, int], headers: Mapping[str, str]) -> Reply:
        self.options.between()
        date = self._date()
        if (planned := self.options.script.pop(0) if self.options.script else None) is not None:
            if isinstance(planned, str):
                return Reply(200, self._page(campaign, query), date, planned)
            planned = {"status": planned} if isinstance(planned, int) else planned
            return Reply(planned.get("status", 200), planned.get("body", b"{}"), date | planned.get("headers", {}))
        if self.options.token is not None and headers.get("authorization") != f"Bearer {self.options.token}":
            return Reply(401, _detail("Authentication failed."), date)
        if (refusal := self._refusal()) is not None:
            return Reply(refusal.status, refusal.body, date | refusal.headers)
        return self._looked_up(method, path, campaign, query, date)

    def _looked_up(self, method: str, path: str, campaign: str, query: dict[str, int], date: dict[str, str]) -> Reply:
        if method != "GET" or not path.startswith(PREFIX) or campaign not in self.campaigns:
            return Reply(404 if method == "GET" else 405, _detail("Not found."), date)
        try:
            return Reply(200, self._page(campaign, query), date)
        except LookupError:
            return Reply(404, _detail("Invalid page."), date)

    def _refusal(self) -> Reply | None:
        """Count a call, or refuse it: a rolling limit."""
        if self.options.limit is None:
            return None
        now = time.monotonic()
        del self._taken[: bisect_left(self._taken, now - self.options.period)]
        if len(self._taken) < self.options.limit:
            self._taken.append(now)
            return None
        self.throttled += 1
        told = {"Retry-After": self.options.retry_after} if self.options.retry_after else {}
        return Reply(429, _detail("Request was throttled. Please try after 60 seconds"), told)

    def _date(self) -> dict[str, str]:
        match self.options.date:
            case "missing":
                return {}
            case "garbage":
                return {"Date": "some day"}
            case "minus_zero":
                return {"Date": formatdate(self.options.clock())}
            case _:
                return {"Date": formatdate(self.options.clock(), usegmt=True)}

    def _page(self, campaign: str, query: dict[str, int]) -> bytes:
        """Write one page as the documents show it.

        Raises:
            LookupError: There is no such page.
        """
        size = min(query.get("page_size", 100), self.options.page_cap)
        number = query.get("page", 1)
        count = len(self._chosen(campaign, query))
        self.options.within()
        rows = self._chosen(campaign, query)
        if number < 1 or size < 1 or (number > 1 and (number - 1) * size >= count):
            raise LookupError
        end = min(number * size, count) if self.options.cuts_by_count else number * size
        page = rows[(number - 1) * size : end]
        has_next = number * size < count
        body = {
            "count": self._count(count),
            "next": self._next(campaign, number, has_next=has_next),
            "previous": None if number == 1 else self._link(campaign, number - 1),
            "results": [self._written(row, campaign) for row in page],
        }
        if self.options.count == "missing":
            del body["count"]
        return json.dumps(body).encode()

    def _chosen(self, campaign: str, query: dict[str, int]) -> list[Row]:
        """Tell the rows that were asked for, in the order of the moment."""
        options = self.options
        after, before = query.get("processed_after"), query.get("processed_before")
        rows = [row for row in self.campaigns[campaign].values() if self._is_asked_for(row.at, after, before)]
        if options.order == "unstable":
            self._random.shuffle(rows)
        elif options.order == "lead_id":
            rows.sort(key=lambda row: row.lead_id)
        else:
            rows.sort(key=lambda row: (row.at or 0, row.lead_id), reverse=options.order == "descending")
        return rows

    def _is_asked_for(self, at: int | None, after: int | None, before: int | None) -> bool:
        if at is None:
            return after is None and before is None
        options = self.options
        at = at // SECOND * SECOND if options.whole_seconds else at
        is_late = after is None or at > after * SECOND or (options.after_inclusive and at == after * SECOND)
        is_early = before is None or at < before * SECOND or (options.before_inclusive and at == before * SECOND)
        return is_late and is_early

    def _count(self, count: int) -> Any:
        match self.options.count:
            case int(more):
                return max(count + more, 0)
            case "text":
                return str(count)
            case _:
                return count

    def _next(self, campaign: str, number: int, *, has_next: bool) -> str | None:
        match self.options.next:
            case "null":
                return None
            case "itself":
                return self._link(campaign, number)
            case "elsewhere" if has_next:
                return f"http://127.0.0.1:1/elsewhere/?page={number + 1}"
            case _:
                return self._link(campaign, number + 1) if has_next else None

    def _link(self, campaign: str, number: int) -> str:
        return f"https://{HOST}{PREFIX}{campaign}/?page={number}"

    def _written(self, row: Row, campaign: str) -> dict[str, Any]:
        at = None if row.at is None else self.options.write(row.at)
        return {"lead_id": row.lead_id, "campaign_id": campaign, "processed_at": at, **row.fields}


def _taken(body: bytes) -> Reply:
    rows = [{"status_code": 200, "data": lead} for lead in json.loads(body)]
    counts = {"total_leads": len(rows), "success": len(rows), "failed": 0}
    said = {"status": "success", "message": "", "result": rows, "metadata": counts}
    return Reply(200, json.dumps(said).encode())


def _detail(text: str) -> bytes:
    return json.dumps({"detail": text}).encode()
