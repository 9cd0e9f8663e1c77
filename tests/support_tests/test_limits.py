"""The server's limiter is strict, and its record lets a test judge the client."""

from __future__ import annotations

import time
from concurrent.futures import ThreadPoolExecutor
from email.utils import parsedate_to_datetime
from typing import TYPE_CHECKING

import pytest
from support.crm.limiter import Limiter
from support.crm.options import Options
from support.leads import leads
from support.share import busiest, fill, share, stamps

if TYPE_CHECKING:
    from support.crm_server import CrmServer
    from support_tests.conftest import Send


def test_a_rolling_window_never_holds_more_than_the_limit(anywhere: CrmServer, send: Send) -> None:
    anywhere.set(limit=5, period=0.4, arrive=(0, 0.02))
    end = time.monotonic() + 1.5
    with ThreadPoolExecutor(4) as pool:
        while time.monotonic() < end:
            list(pool.map(lambda number: send("upsert", leads(1, first=number)), range(4)))
    calls = anywhere.calls()
    statuses = {call.status for call in calls}
    assert statuses == {200, 429}
    assert anywhere.throttled == sum(call.status == 429 for call in calls) == sum(not c.counted for c in calls)
    assert busiest(calls, 0.39999) == 5
    assert share(calls, 5, 0.4) > 0.7
    assert all(call.at is not None and call.at >= call.arrived for call in calls)


@pytest.mark.parametrize(
    ("window", "waits"),
    [("rolling", [0, 0, 3.0, 0, 6.5, 0.5, 0]), ("fixed", [0, 0, 3.0, 0, 0, 4.0, 3.5])],
)
def test_waits_are_exact(window: str, waits: list[float]) -> None:
    options = Options(limit=2, period=10, window=window)
    limiter, told = Limiter(), []
    for at in (100.0, 106.5, 107.0, 110.0, 110.0, 116.0, 116.5):
        told.append(limiter.wait(at, 1, options))
        if told[-1] == 0:
            limiter.count(at, 1)
    assert told == waits


def test_leads_may_be_limited_instead_of_calls() -> None:
    options = Options(records=100, period=10)
    limiter = Limiter()
    limiter.count(100.0, 60)
    limiter.count(102.0, 30)
    assert limiter.wait(103.0, 10, options) == 0
    assert limiter.wait(103.0, 11, options) == 7.0
    assert limiter.wait(103.0, 71, options) == 9.0
    assert limiter.wait(103.0, 101, options) == 10
    assert limiter.wait(112.0, 100, options) == 0


@pytest.mark.parametrize(
    ("options", "header", "text"),
    [
        ({}, None, "Request was throttled. Please try after 10 seconds"),
        ({"throttle_seconds": 60}, None, "Request was throttled. Please try after 60 seconds"),
        ({"retry_after": "absent"}, None, "Request was throttled."),
        ({"retry_after": "seconds"}, "10", "Request was throttled. Please try after 10 seconds"),
        ({"retry_after": -5}, "-5", "Request was throttled. Please try after 10 seconds"),
        ({"retry_after": "soon"}, "soon", "Request was throttled. Please try after 10 seconds"),
        ({"throttle_body": "braces"}, None, "{Request was throttled. Please try after 10 seconds}"),
    ],
)
def test_a_429_tells_the_wait_as_asked(
    server: CrmServer, send: Send, options: dict[str, object], header: str | None, text: str
) -> None:
    server.set(limit=1, period=10, **options)
    send("upsert", leads(1))
    answer = send("upsert", leads(1))
    assert answer.status_code == 429
    assert answer.headers.get("Retry-After") == header
    assert answer.text in {text, f'{{"error_msg": "{text}"}}'}


def test_a_429_may_name_the_date(server: CrmServer, send: Send) -> None:
    server.set(records=1, period=10, retry_after="date")
    send("upsert", leads(1))
    answer = send("upsert", leads(1))
    until = parsedate_to_datetime(answer.headers["Retry-After"]).timestamp()
    assert 8 < until - time.time() < 11.1


def test_share_and_fill_count_what_the_limiter_took(server: CrmServer, send: Send) -> None:
    server.set(limit=3, period=60)
    for size in (100, 50, 30, 100):
        send("upsert", leads(size))
    calls = server.calls()
    assert len(stamps(calls)) == 3
    assert fill(calls) == pytest.approx(0.6)
    span = stamps(calls)[-1] - stamps(calls)[0]
    assert share(calls, 3, 60) == pytest.approx(3 / (3 * (1 + span / 60)))
    assert busiest(calls, 60) == 3
    assert share([], 3, 60) == fill([]) == busiest([], 60) == 0
