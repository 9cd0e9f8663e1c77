"""Which STATE may be written: the newest before which everything is settled, however many come."""

from __future__ import annotations

from typing import TYPE_CHECKING
from unittest import mock

from hypothesis import given, settings
from hypothesis import strategies as st

from squadstack.delivery import checkpoints
from squadstack.delivery.checkpoints import Checkpoints

if TYPE_CHECKING:
    from squadstack.delivery.checkpoints import Segment


def test_a_state_is_due_when_all_before_it_is_settled() -> None:
    """Whatever is settled behind it; a STATE with nothing before it is due at once, and each comes out once."""
    points = Checkpoints()
    points.end_segment("nothing before")
    assert (points.due(), points.due()) == (["nothing before"], [])
    first = points.segment
    points.open(first)
    points.open(first)
    points.end_segment(1)
    second = points.segment
    points.open(second)
    points.end_segment(2)
    points.end_segment(3)
    points.settle(second)
    points.settle(first)
    assert points.due() == []
    points.settle(first)
    assert (points.due(), points.due()) == ([1, 2, 3], [])


def test_what_is_read_after_the_last_state_is_covered_by_none() -> None:
    points = Checkpoints()
    points.end_segment(1)
    last = points.segment
    points.open(last)
    points.settle(last)
    assert points.due() == [1]


def test_a_state_may_be_any_json() -> None:
    """Null and false are STATEs like any other."""
    points = Checkpoints()
    for state in (None, False, {}, 0):
        points.end_segment(state)
    assert points.due() == [None, False, {}, 0]


def test_settled_segments_take_no_memory() -> None:
    """One lead in doubt for an hour, and a STATE after every record: the newest that is safe is all that is kept."""
    points = Checkpoints()
    stuck = [points.segment]
    points.open(stuck[0])
    for number in range(20_000):
        if number == 12_000:
            stuck.append(points.segment)
            points.open(stuck[1])
        segment = points.segment
        points.open(segment)
        points.settle(segment)
        points.end_segment(number)
        assert len(points._segments) <= 1001
    assert points.due() == []
    points.settle(stuck[0])
    covered = points.due()
    assert covered == sorted(covered)
    assert covered[-1] == 11_999
    points.settle(stuck[1])
    assert points.due()[-1] == 19_999


def test_unsettled_segments_are_not_fused_again_and_again() -> None:
    """With many of them the work stays in proportion: each is looked at a few times at most."""
    points = Checkpoints()
    looks = 0
    fuse = points._fuse

    def count() -> None:
        nonlocal looks
        looks += len(points._segments)
        fuse()

    with mock.patch.object(points, "_fuse", count):
        for number in range(10_000):
            points.open(points.segment)
            points.end_segment(number)
    assert looks < 40_000
    assert points.due() == []


@given(
    steps=st.lists(
        st.one_of(st.just("read"), st.just("state"), st.just("look"), st.tuples(st.just("settle"), st.integers(0, 99))),
        max_size=120,
    ),
    fused_from=st.sampled_from([1, 2, 5, 1000]),
)
@settings(deadline=None)
def test_no_state_covers_what_is_not_settled(steps: list[str | tuple[str, int]], fused_from: int) -> None:
    """For any order of reading and settling: the newest safe STATE comes out, none before its time, in order."""
    with mock.patch.object(checkpoints, "_FUSED_FROM", fused_from):
        points = Checkpoints()
        open_actions: list[tuple[int, Segment]] = []
        states, written = 0, [0]
        for step in [*steps, "look"]:
            match step:
                case "read":
                    open_actions.append((states, points.segment))
                    points.open(points.segment)
                case "state":
                    states += 1
                    points.end_segment(states)
                case "look":
                    due = points.due()
                    assert due == sorted(due)
                    assert all(state > written[-1] for state in due)
                    written += due
                    assert written[-1] == min((behind for behind, _ in open_actions), default=states)
                case (_, int(which)) if open_actions:
                    points.settle(open_actions.pop(which % len(open_actions))[1])
