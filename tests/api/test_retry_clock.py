"""When a batch is sent again, and when it was tried for long enough, on a clock that stands still after a 429."""

from __future__ import annotations

import time
from unittest import mock

import backoff
import pytest
from delivery.acting import UPSERT, act
from hypothesis import example, given
from hypothesis import strategies as st

from squadstack.api.retry_clock import RetryClock
from squadstack.delivery.batch import Batch
from squadstack.delivery.batching import Backlog


class Now:
    """The time that the clock sees."""

    def __init__(self) -> None:
        self.now = 1000.0

    def __call__(self) -> float:
        return self.now


@pytest.fixture
def now(monkeypatch: pytest.MonkeyPatch) -> Now:
    now = Now()
    monkeypatch.setattr(time, "monotonic", now)
    return now


@pytest.fixture
def longest(monkeypatch: pytest.MonkeyPatch) -> None:
    """Of the random delays, always the longest."""
    monkeypatch.setattr(backoff, "full_jitter", lambda longest: longest)


def is_over(clock: RetryClock, *actions: object) -> bool:
    """Note a failure, and tell whether the outage took too long."""
    return clock.delay([*actions], at_most=None) is None  # type: ignore[list-item]


@pytest.mark.usefixtures("longest")
def test_delays_double_up_to_a_minute(now: Now) -> None:
    """Or up to 5 seconds while the API was never reached; never beyond the time that is left."""
    clock = RetryClock(900)
    action, lost = act(), act()
    assert [clock.delay([action], at_most=None) for _ in range(9)] == [1, 2, 4, 8, 16, 32, 60, 60, 60]
    assert [clock.delay([lost], at_most=30) for _ in range(5)] == [1, 2, 4, 5, 5]
    now.now += 29
    assert clock.delay([lost], at_most=30) == 1
    now.now += 1
    assert clock.delay([lost], at_most=30) is None
    now.now += 860
    assert clock.delay([action], at_most=None) == 10
    now.now += 10
    assert clock.delay([action], at_most=None) is None


def test_delays_are_random(now: Now) -> None:
    """So that those who failed together do not come back together."""
    clock = RetryClock(900)
    action = act()
    action.failures = 4
    delays = [clock.delay([action], at_most=None) for _ in range(20)]
    assert now.now == 1000
    assert len(set(delays)) == 20
    assert all(delay is not None and 0 <= delay <= 60 for delay in delays)


@pytest.mark.usefixtures("now")
def test_no_outage_at_all_may_be_allowed() -> None:
    assert is_over(RetryClock(0), act())


@pytest.mark.usefixtures("longest")
def test_fresh_actions_do_not_take_over_an_outage(now: Now) -> None:
    """A row that failed alone is sent again with others; each has the whole time from its own first failure."""
    clock = RetryClock(900)
    old, fresh = act("old"), act("fresh")
    waiting = Backlog(batch_size=10, max_wait=0, capacity=100)
    waiting.add(old, now())
    assert waiting.take(10, now())
    assert clock.delay([old], at_most=None) == 1
    waiting.retry(Batch(("main", UPSERT), [old], is_loose=True), now() + 1)
    now.now += 800
    waiting.add(fresh, now())
    filled = waiting.take(10, now())
    assert filled is not None
    assert filled.actions == [old, fresh]
    waiting.settle(old, now())  # it was accepted, and the other one failed
    assert clock.delay([fresh], at_most=None) == 1
    now.now += 800
    assert clock.delay([fresh], at_most=None) == 2
    now.now += 100
    assert clock.delay([fresh], at_most=None) is None


def test_a_batch_is_given_up_with_the_first_of_its_actions(now: Now) -> None:
    clock = RetryClock(900)
    old, fresh = act("old"), act("fresh")
    assert not is_over(clock, old)
    now.now += 899
    assert not is_over(clock, old, fresh)
    now.now += 1
    assert is_over(clock, old, fresh)
    assert not is_over(clock, fresh)


def test_a_hold_is_no_outage(now: Now) -> None:
    """Neither for what failed before it, nor for what fails while everybody waits, nor for what fails later."""
    clock = RetryClock(20)
    before, during, after = act("before"), act("during"), act("after")
    assert not is_over(clock, before)
    now.now += 10
    clock.hold(60)
    now.now += 30
    assert not is_over(clock, before)
    assert not is_over(clock, during)
    now.now += 30 + 9
    assert not is_over(clock, before)
    assert not is_over(clock, after)
    now.now += 1
    assert is_over(clock, before)
    assert not is_over(clock, during)
    now.now += 10
    assert is_over(clock, during)
    assert not is_over(clock, after)


@given(
    steps=st.lists(st.tuples(st.integers(0, 50), st.none() | st.integers(1, 60)), max_size=20),
    fails_at=st.integers(0, 19),
)
@example(steps=[(10, 60), (5, 60), (20, None), (40, None)], fails_at=1)
@example(steps=[(1, 60), (60, None), (1, 10), (10, None)], fails_at=0)
def test_the_clock_stands_still_exactly_while_everybody_waits(
    steps: list[tuple[int, int | None]], fails_at: int
) -> None:
    """For any holds, overlapping or apart: an action's time is up when 30 seconds passed outside of them."""
    with mock.patch.object(time, "monotonic", Now()) as now:
        clock = RetryClock(30)
        action, held_until, passed = act(), 0.0, 0.0
        for number, (seconds, hold) in enumerate(steps):
            going = max(0.0, now.now + seconds - max(now.now, held_until))
            passed += going if number > fails_at else 0.0
            now.now += seconds
            if hold is not None:
                clock.hold(hold)
                held_until = max(held_until, now.now + hold)
            if number >= fails_at:
                assert is_over(clock, action) is (passed >= 30)
