"""The start of a call: no window of the server's holds more than the limit, and no time is wasted."""

from __future__ import annotations

import heapq

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from squadstack.ledger.permits import Use, allowed_start, next_start
from squadstack.settings.rate_limit import RateLimit

TICKS = 64
"""All times are multiples of a 64th of a second, which floats hold exactly."""


def seconds(least: int, most: int) -> st.SearchStrategy[float]:
    return st.integers(least, most).map(lambda ticks: ticks / TICKS)


limits = st.builds(
    RateLimit,
    calls=st.none() | st.integers(2, 6),
    records=st.none() | st.integers(1, 40),
    period_seconds=seconds(1, 5 * TICKS),
    slack_seconds=seconds(0, 2 * TICKS),
    reserve=st.integers(0, 1),
)
calls = st.lists(st.tuples(seconds(0, 3 * TICKS), st.integers(1, 20), st.integers(0, TICKS)), min_size=1, max_size=40)
"""For each call: how long after the last reservation it is asked for, its leads, how late in the slack it arrives."""


@given(limit=limits, calls=calls)
def test_no_window_holds_more_than_the_limit(limit: RateLimit, calls: list[tuple[float, int, int]]) -> None:
    """Whenever within the slack each call arrives, and whatever waits lie between them."""
    now, used, arrivals = 0.0, list[Use](), list[tuple[float, int]]()
    for idle, wanted, lateness in calls:
        now += idle
        leads = min(wanted, limit.records or wanted)
        start = next_start(used, limit, leads=leads, now=now, not_before=0.0)
        assert start >= max([now, *(use.start for use in used)])
        used.append(Use(start, leads))
        arrivals.append((start + limit.slack_seconds * lateness / TICKS, leads))
    for end, _ in arrivals:
        window = [leads for at, leads in arrivals if end - limit.period_seconds < at <= end]
        assert limit.own_calls is None or len(window) <= limit.own_calls
        assert limit.records is None or sum(window) <= limit.records


Late = tuple[int, int, int]
"""A call: how long after the last one it is reserved, its leads, and how long after its start it is begun."""

late_limits = st.builds(
    RateLimit,
    calls=st.none() | st.integers(1, 3),
    records=st.none() | st.integers(1, 9),
    period_seconds=st.just(9),
    slack_seconds=st.just(1),
)
late_calls = st.lists(
    st.tuples(st.sampled_from([0, 0, 0, 1, 5, 30]), st.integers(1, 5), st.sampled_from([0, 0, 1, 2, 5, 12, 13, 25])),
    min_size=1,
    max_size=15,
)


@given(limit=late_limits, calls=late_calls, which=st.integers(0, 14))
@example(limit=RateLimit(calls=2, period_seconds=9, slack_seconds=1), calls=[(0, 1, 10)] + [(0, 1, 0)] * 5, which=0)
def test_a_late_call_keeps_the_limit(limit: RateLimit, calls: list[Late], which: int) -> None:
    """However late one is, it keeps the limit towards those that were made since, reserved after it or before."""
    check_true_starts(
        limit, [(idle, leads, late if at == which else 0) for at, (idle, leads, late) in enumerate(calls)]
    )


@given(limit=late_limits, calls=late_calls)
@example(limit=RateLimit(calls=1, period_seconds=9, slack_seconds=1), calls=[(0, 1, 12), (0, 1, 0), (0, 1, 1)])
def test_late_calls_keep_the_limit(limit: RateLimit, calls: list[Late]) -> None:
    """Any number of them, each as late as it likes."""
    check_true_starts(limit, calls)


def check_true_starts(limit: RateLimit, calls: list[Late]) -> None:
    """Reserve and begin calls as the budget does, each at its time, and look at the starts that were kept."""
    comes_back = limit.period_seconds + limit.slack_seconds
    ledger: dict[int, Use] = {}
    kept: list[Use] = []
    events: list[tuple[float, bool, int]] = []
    now = 0.0
    for number, (idle, _, _) in enumerate(calls):
        now += idle
        heapq.heappush(events, (now, False, number))
    while events:
        now, is_begun, number = heapq.heappop(events)
        _, leads, late = calls[number]
        leads = min(leads, limit.records or leads)
        own = ledger.pop(number, Use(now, leads))
        others = sorted(ledger.values(), key=lambda use: use.start)
        if is_begun:
            start = allowed_start(others, limit, leads=leads, earliest=max(now, own.start))
            kept.append(Use(start, leads))
        else:
            others = [use for use in others if use.start + comes_back >= now]
            ledger = {key: use for key, use in ledger.items() if use.start + comes_back >= now}
            start = next_start(others, limit, leads=leads, now=now, not_before=0.0)
            heapq.heappush(events, (start + late, True, number))
        ledger[number] = Use(start, leads)
    for end in kept:
        window = [use.leads for use in kept if end.start - comes_back < use.start <= end.start]
        assert limit.own_calls is None or len(window) <= limit.own_calls
        assert limit.records is None or sum(window) <= limit.records


@pytest.mark.parametrize(
    ("limit", "leads", "starts"),
    [
        (RateLimit(calls=3, period_seconds=10, slack_seconds=1), 100, [0, 0, 0, 11, 11, 11, 22]),
        (RateLimit(calls=3, period_seconds=10, slack_seconds=1, reserve=1), 100, [0, 0, 11, 11, 22, 22, 33]),
        (RateLimit(calls=None, records=250, period_seconds=10, slack_seconds=0), 100, [0, 0, 10, 10, 20, 20, 30]),
        (RateLimit(calls=3, records=100, period_seconds=10, slack_seconds=0), 50, [0, 0, 10, 10, 20, 20, 30]),
        (RateLimit(calls=None, records=None), 100, [0, 0, 0, 0, 0, 0, 0]),
    ],
    ids=["calls", "reserve", "records", "both", "none"],
)
def test_the_limit_is_used_up(limit: RateLimit, leads: int, starts: list[float]) -> None:
    """Of calls that are asked for at once, as many as may start at once do, and the next when they come back."""
    used: list[Use] = []
    for expected in starts:
        start = next_start(used, limit, leads=leads, now=0.0, not_before=0.0)
        assert start == expected
        used.append(Use(start, leads))


def test_nobody_starts_before_a_429_allows_it() -> None:
    limit = RateLimit(calls=3, period_seconds=10, slack_seconds=1)
    assert next_start([], limit, leads=1, now=100.0, not_before=130.0) == 130
    assert next_start([Use(140.0, 1)], limit, leads=1, now=100.0, not_before=130.0) == 140
    assert next_start([], limit, leads=1, now=131.0, not_before=130.0) == 131
