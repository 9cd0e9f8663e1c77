"""The budget: one for all who share it, kept over restarts, proof against clocks that were set."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING

import pytest

from squadstack.ledger.rows import LeadKey, Sent
from squadstack.settings.rate_limit import RateLimit

if TYPE_CHECKING:
    from ledger.conftest import Open

    from squadstack.ledger.ledger import Ledger
    from squadstack.ledger.permits import Permit

LIMIT = RateLimit(calls=2, period_seconds=60, slack_seconds=1)
BACK = 61.0


class Clock:
    """The time that the ledger sees."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch) -> None:
        self.now = 1_800_000_000.0
        monkeypatch.setattr(time, "time", lambda: self.now)


@pytest.fixture
def clock(monkeypatch: pytest.MonkeyPatch) -> Clock:
    return Clock(monkeypatch)


def starts(ledger: Ledger, count: int, limit: RateLimit = LIMIT) -> list[float]:
    """Reserve permits, and tell in how many seconds each starts."""
    return [round(ledger.budget.reserve(limit, leads=100).start - time.time(), 3) for _ in range(count)]


def begin(ledger: Ledger, permit: Permit, leads: int = 1) -> Permit:
    """Begin a call with a permit."""
    sent = [Sent(LeadKey("main", str(number)), "upsert", {}) for number in range(leads)]
    return ledger.begin_call(permit, sent)[0]


def test_permits_outlive_a_run(open_ledger: Open, clock: Clock) -> None:
    """A run started right after another waits for what that one used."""
    first = open_ledger()
    assert starts(first, 3) == [0, 0, BACK]
    first.close()
    second = open_ledger()
    clock.now += 20
    assert starts(second, 2) == [BACK - 20, 2 * BACK - 20]
    clock.now += 2 * BACK
    assert starts(second, 3) == [0, BACK - 20, BACK]


def test_whose_budget_it_is(open_ledger: Open, clock: Clock) -> None:
    """One business has one budget at both of SquadStack's hosts; other hosts and businesses have their own."""
    assert clock.now
    ours = [open_ledger(host=host) for host in ("api.squadstack.com", "api.squadiq.in:443")]
    assert [starts(ledger, 1) for ledger in ours] == [[0], [0]]
    assert starts(ours[0], 1) == [BACK]
    for stranger in (
        open_ledger(host="localhost:8790"),
        open_ledger(host="api.squadstack.com", business="other"),
        open_ledger(host="notsquadiq.in"),
    ):
        assert starts(stranger, 2) == [0, 0]


def test_a_permit_that_was_not_used_goes_back(ledger: Ledger, clock: Clock) -> None:
    assert clock.now
    first = ledger.budget.reserve(LIMIT, leads=100)
    assert starts(ledger, 1) == [0]
    ledger.budget.give_back(first)
    assert starts(ledger, 2) == [0, BACK]


def test_a_late_call_counts_from_its_true_start(ledger: Ledger, clock: Clock) -> None:
    """The permit comes back after the call was made, not after it should have been."""
    late = ledger.budget.reserve(LIMIT, leads=100)
    assert starts(ledger, 1) == [0]
    clock.now += 30
    started = begin(ledger, late)
    assert 0 <= started.start - clock.now <= 0.5
    assert abs(started.due - time.monotonic()) <= 0.5  # a slow disk may take longer than the start lies ahead
    assert starts(ledger, 2) == [BACK - 30, round(started.start - clock.now + BACK, 3)]


def test_a_late_call_keeps_the_limit_towards_those_reserved_after_it(ledger: Ledger, clock: Clock) -> None:
    """They reckoned with its old start; when they have begun before it, it waits for them."""
    late, *others = [ledger.budget.reserve(LIMIT, leads=1) for _ in range(4)]
    begin(ledger, others[0])
    clock.now += BACK
    assert [round(begin(ledger, permit).start - clock.now, 3) for permit in others[1:]] == [0, 0]
    clock.now += 0.5
    assert round(begin(ledger, late).start - clock.now, 3) == BACK - 0.5
    assert round(begin(ledger, ledger.budget.reserve(LIMIT, leads=1)).start - clock.now, 3) == BACK - 0.5


@pytest.mark.parametrize(
    ("seconds", "held"),
    [
        (600, None),
        (86_400, None),
        (86_400, 30),
    ],
)
def test_a_clock_set_back_before_a_call_begins_makes_it_wait_no_hours(
    ledger: Ledger, clock: Clock, seconds: float, held: float | None
) -> None:
    """Reserved before the clock was set, begun after; also when a 429 had asked for the wait."""
    if held:
        ledger.budget.hold(held)
    reserved = ledger.budget.reserve(LIMIT, leads=1)
    clock.now -= seconds
    started = begin(ledger, reserved)
    assert started.due - time.monotonic() <= 2 * BACK
    assert 0 <= started.start - clock.now <= 2 * BACK


def test_a_clock_set_forward_before_a_call_begins_makes_it_late(ledger: Ledger, clock: Clock) -> None:
    reserved = ledger.budget.reserve(LIMIT, leads=1)
    clock.now += 86_400
    assert 0 <= begin(ledger, reserved).start - clock.now <= 0.5


def test_a_call_counts_the_leads_that_it_carries(ledger: Ledger, clock: Clock) -> None:
    """Not those that its batch might have had."""
    assert clock.now
    limit = RateLimit(calls=None, records=100, period_seconds=60, slack_seconds=1)
    permit = ledger.budget.reserve(limit, leads=500)
    assert permit.leads == 100
    begin(ledger, permit, leads=30)
    assert round(ledger.budget.reserve(limit, leads=70).start - clock.now, 3) == 0
    assert round(ledger.budget.reserve(limit, leads=1).start - clock.now, 3) == BACK


def test_a_429_holds_everybody(open_ledger: Open, clock: Clock) -> None:
    """Also who has a permit already; a shorter wait does not shorten it, nor does a clock that was set extend it."""
    ledger, other = open_ledger(), open_ledger()
    reserved = other.budget.reserve(LIMIT, leads=1)
    ledger.budget.hold(45)
    ledger.budget.hold(10)
    assert round(begin(other, reserved).start - clock.now, 3) == 45
    assert starts(other, 1) == [45]
    unlimited = RateLimit(calls=None, records=None)
    assert round(begin(other, other.budget.reserve(unlimited, leads=1)).start - clock.now, 3) == 45
    clock.now -= 7200
    assert starts(open_ledger(business="another"), 1) == [0]
    assert starts(other, 1)[0] < BACK + 60


def test_permits_of_a_clock_that_was_set_back_do_not_block(ledger: Ledger, clock: Clock) -> None:
    """What starts more than two periods ahead counts as now."""
    assert starts(ledger, 2) == [0, 0]
    clock.now -= 86_400
    assert starts(ledger, 2) == [BACK, BACK]


def test_what_is_not_limited_needs_no_permit(ledger: Ledger) -> None:
    permits = [ledger.budget.reserve(RateLimit(calls=None, records=None), leads=100) for _ in range(3)]
    assert {permit.permit_id for permit in permits} == {None}
    assert begin(ledger, permits[0]).due <= time.monotonic()
