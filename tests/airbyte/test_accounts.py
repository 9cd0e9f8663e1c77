"""Which STATE may be acknowledged, whatever is settled when, and what it counts."""

from __future__ import annotations

from typing import TYPE_CHECKING

from hypothesis import given, settings
from hypothesis import strategies as st

from squadstack.airbyte.accounts import EVERY, Accounts, Ticket

if TYPE_CHECKING:
    from squadstack.airbyte.accounts import Lane

STEPS = st.one_of(
    st.tuples(st.just("record"), st.sampled_from("ab"), st.integers(0, 2)),
    st.tuples(st.just("state"), st.sampled_from(["a", "b", EVERY])),
    st.tuples(st.just("settle"), st.integers(0, 99), st.booleans()),
    st.just(("look",)),
)


@settings(deadline=None, max_examples=300)
@given(steps=st.lists(STEPS, max_size=80))
def test_no_state_covers_what_is_not_settled(steps: list[tuple[object, ...]]) -> None:  # noqa: C901 - it replays steps
    """Each comes out once, in the order of its lane; all records are counted once; at the end none is left."""
    accounts = Accounts()
    waiting: list[tuple[int, Lane, Ticket]] = []
    states: list[Lane] = []
    records = dict.fromkeys("ab", 0)
    seen: list[int] = []

    def look() -> None:
        for one in accounts.due():
            lane = states[one.state]
            earlier = [at for at, of, _ in waiting if at <= one.state and lane in (of, EVERY)]
            assert earlier == []
            seen.append(one.state)
            counted.append(one.committed + one.rejected)

    counted: list[int] = []
    for step in steps:
        match step:
            case ("record", str(lane), int(actions)):
                accounts.begin_record(lane)
                records[lane] += 1
                for _ in range(actions):
                    accounts.open(accounts.segment)
                    waiting.append((len(states), lane, accounts.segment))
            case ("state", lane):
                accounts.begin_state(lane)
                accounts.end_segment(len(states))
                states.append(lane)
            case ("settle", int(which), bool(rejected)) if waiting:
                _, _, ticket = waiting.pop(which % len(waiting))
                accounts.settle(ticket, is_rejected=rejected)
            case ("look",):
                look()
    while waiting:
        accounts.settle(waiting.pop()[2])
    look()
    assert sorted(seen) == list(range(len(states)))
    for lane in ("a", "b"):
        assert [at for at in seen if states[at] == lane] == sorted(at for at in seen if states[at] == lane)
    accounts.begin_state(EVERY)
    accounts.end_segment(len(states))
    states.append(EVERY)
    look()
    assert sum(counted) == sum(records.values())


def test_a_record_is_rejected_once() -> None:
    accounts = Accounts()
    accounts.begin_record("a")
    ticket = accounts.segment
    for _ in range(3):
        accounts.open(ticket)
    accounts.begin_record("a")
    accounts.begin_state("a")
    accounts.end_segment("state")
    for is_rejected in (True, False, True):
        assert accounts.due() == []
        accounts.settle(ticket, is_rejected=is_rejected)
    [found] = accounts.due()
    assert (found.committed, found.rejected) == (1, 1)
