"""The rate limit of the business."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING

from hypothesis import given
from hypothesis import strategies as st
from sandbox.driving import Caller, person

from squadstack.sandbox.limits import RateLimit

if TYPE_CHECKING:
    from collections.abc import Callable


@given(calls=st.integers(1, 5), pauses=st.lists(st.integers(0, 40 * 8), max_size=60))
def test_no_window_holds_more(calls: int, pauses: list[int]) -> None:
    """However calls arrive, no period of any position holds more of the counted ones than the limit."""
    now, counted = 0.0, []
    limit = RateLimit(calls, 60, lambda: now)
    for pause in pauses:
        now += pause / 8  # eighths, which add up without rounding
        wait = limit.count()
        if wait is None:
            counted.append(now)
        else:
            assert 0 < wait <= 60
    assert all(later - earlier >= 60 for earlier, later in zip(counted, counted[calls:], strict=False))


def test_wait_is_enough() -> None:
    """Who waits as long as told is let through, and is counted again."""
    now = 0.0
    limit = RateLimit(1, 60, lambda: now)
    assert limit.count() is None
    now = 12.5
    assert limit.count() == 47.5
    now = 60.0
    assert limit.count() is None
    assert limit.count() == 60


def test_throttled(start: Callable[..., Caller]) -> None:
    """Over the limit any campaign and endpoint is throttled and nothing applied; who waits is let through."""
    caller = start(rate_limit=2, period=2)
    caller.send("create", person("x"), "loans")
    caller.send("delete", [{"lead_id": "nobody"}], "cards")
    throttled = caller.send("delete", {"lead_id": "x"})
    assert throttled.status_code == 429
    seconds = throttled.headers["Retry-After"]
    assert throttled.text == f"Request was throttled. Please try after {seconds} seconds"
    time.sleep(int(seconds))
    assert caller.send("update", {"lead_id": "x"}).status_code == 200
    assert [call["status"] for call in caller.get("/sandbox/calls")] == [200, 200, 429, 200]


def test_retry_after_is_the_period(start: Callable[..., Caller]) -> None:
    """With the documented limit the caller is told to wait for about a minute."""
    caller = start(rate_limit=1)
    caller.send("create", person("x"))
    throttled = caller.send("create", person("x"))
    assert throttled.text == "Request was throttled. Please try after 60 seconds"


def test_what_counts(start: Callable[..., Caller]) -> None:
    """Calls without a valid token and throttled ones do not count; all others do, refused ones too."""
    caller = start(rate_limit=2)
    stranger = {"Authorization": "Bearer wrong"}
    statuses = [
        caller.send("create", person("x"), headers=stranger).status_code,
        caller.send("create", person("x"), "no-integration").status_code,
        caller.send("create", "no lead").status_code,
        caller.send("create", person("x")).status_code,
        caller.send("create", person("x"), headers=stranger).status_code,
    ]
    assert statuses == [401, 404, 400, 429, 401]
