"""How many calls a reading takes, where nothing moves: little more than the pages that there are."""

from __future__ import annotations

import json
import math
import random
from bisect import bisect_left, bisect_right
from email.utils import formatdate
from typing import TYPE_CHECKING, Any
from urllib.parse import parse_qs, urlsplit

import pytest
from support.responses_server import CAMPAIGN, ResponsesServer

from squadstack.api.client import Client
from squadstack.api.messages import Request, Response
from squadstack.responses.reading import Reading, Start
from squadstack.settings.tap import TapSettings

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

NOW = 1_750_000_000
DAY = 86_400
PAGE = 100


class Answering:
    """A transport that answers by itself, from sorted moments: fast enough for a hundred thousand rows."""

    def __init__(self, moments: list[float]) -> None:
        self.moments = sorted(moments)
        self.calls = 0

    def send(self, request: Request, on_written: Callable[[], None] = lambda: None) -> Response:
        on_written()
        self.calls += 1
        query = {name: int(values[0]) for name, values in parse_qs(urlsplit(request.path).query).items()}
        first = bisect_right(self.moments, query.get("processed_after", -1))
        last = bisect_left(self.moments, query.get("processed_before", math.inf))
        begin = first + (query["page"] - 1) * PAGE
        end = min(begin + PAGE, last)
        rows = [{"lead_id": f"{place}", "processed_at": self.moments[place]} for place in range(begin, end)]
        body = {"count": last - first, "next": "further" if end < last else None, "results": rows}
        return Response(200, {"date": formatdate(NOW, usegmt=True)}, json.dumps(body).encode())

    def close(self) -> None:
        """Nothing is open."""


def settings(folder: Path, url: str = "http://localhost:1", **changes: Any) -> TapSettings:
    return TapSettings(
        auth_token="token",
        campaign_ids=[CAMPAIGN],
        api_url=url,
        rate_limit={"calls": None},
        ledger_url=f"sqlite:///{folder}/ledger.db",
        **changes,
    )


def read(tap: TapSettings, begin: int) -> int:
    """Read all from then on; tell how many rows there were."""
    with Reading(tap, {CAMPAIGN: [Start(begin, begin, begin)]}) as reading:
        return sum(len(closed.records) for closed in reading.windows(CAMPAIGN))


def evenly(rows: int) -> list[float]:
    """A month of them, as far apart as chance has it."""
    chance = random.Random(1)
    return [NOW - 30 * DAY + chance.random() * (30 * DAY - 600) for _ in range(rows)]


def by_day_and_night(rows: int) -> list[float]:
    """A month in which leads are called from 9 to 19 h alone."""
    chance = random.Random(2)
    days = (NOW - chance.randint(1, 30) * DAY for _ in range(rows))
    return [day - day % DAY + chance.uniform(9, 19) * 3600 for day in days]


@pytest.mark.parametrize(
    ("moments", "most"),
    [(evenly(100_000), 1.6), (by_day_and_night(100_000), 2.5), (evenly(3000), 2.0), (by_day_and_night(3000), 2.8)],
    ids=["evenly", "day and night", "a few, evenly", "a few, day and night"],
)
def test_calls_a_page(moments: list[float], most: float, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """All rows, for few calls more than there are pages."""
    api = Answering(moments)
    monkeypatch.setattr(Client, "of", lambda _: api)
    assert read(settings(tmp_path), NOW - 31 * DAY) == len(moments)
    calls = api.calls / math.ceil(len(moments) / PAGE)
    assert calls <= most, f"{calls:.2f} calls a page"


def test_the_first_run_without_a_start_date(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """To find out since when there are leads, a handful of calls is enough."""
    api = Answering(evenly(20_000))
    monkeypatch.setattr(Client, "of", lambda _: api)
    assert read(settings(tmp_path), 0) == 20_000
    assert api.calls <= 1.6 * 200 + 60


def test_one_call_if_all_fits(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    api = Answering(evenly(99))
    monkeypatch.setattr(Client, "of", lambda _: api)
    assert (read(settings(tmp_path), 0), api.calls) == (99, 1)


@pytest.mark.long
def test_over_real_http(tmp_path: Path) -> None:
    """As many calls of the server's own counting, with a page cap below what is asked for."""
    with ResponsesServer(clock=lambda: NOW, page_cap=PAGE) as server:
        server.fill(CAMPAIGN, evenly(20_000))
        assert read(settings(tmp_path, server.url, page_size=500), NOW - 31 * DAY) == 20_000
        assert len(server.calls) <= 1.6 * 200
