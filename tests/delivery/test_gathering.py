"""What is held for a moment: merged as ever, handed on in blocks, so that threads decide nothing."""

from __future__ import annotations

from typing import TYPE_CHECKING

from delivery.acting import CONVERT, DELETE, UPDATE, UPSERT, act

from squadstack.delivery.batching import Backlog
from squadstack.delivery.gathering import BLOCK, Gathering

if TYPE_CHECKING:
    from squadstack.mapping.actions import LeadAction


FIRST = 1_000


def gathered(*actions: LeadAction, unmerged: frozenset[str] = frozenset()) -> list[LeadAction]:
    gathering = Gathering(first=FIRST, max_wait=30, unmerged=unmerged)
    for action in actions:
        gathering.add(action, 0.0)
    assert len(gathering) == len(actions)
    found = gathering.take()
    assert len(gathering) == 0
    return found


def test_actions_on_a_lead_are_merged_in_their_place() -> None:
    first, other, *rest = gathered(act("a", x=1), act("b"), act("a", x=2), act("a", CONVERT), act("a", x=3))
    assert (first.payload["x"], len(first.parts), other.lead.lead_id) == (2, 2, "b")
    assert [action.name for action in rest] == [CONVERT, UPSERT]


def test_what_is_limited_is_merged_with_nothing() -> None:
    actions = (act("a"), act("a", DELETE))
    assert [action.name for action in gathered(*actions)] == [DELETE]
    assert [action.name for action in gathered(*actions, unmerged=frozenset({"delete"}))] == [UPSERT, DELETE]


def test_merged_actions_are_merged_further_as_their_parts_would_be() -> None:
    """An update is a barrier before an upsert, a merged one too."""
    backlog = Backlog(batch_size=10, max_wait=30, capacity=100)
    for action in gathered(act("a", UPDATE, x=1), act("b", x=1)):
        backlog.add(action, 0.0)
    for action in gathered(act("a", x=2), act("a", DELETE), act("b", UPDATE, x=2), act("b", UPDATE, x=3)):
        backlog.add(action, 0.0)
    backlog.closing = True
    heads = [action for _ in range(2) if (batch := backlog.take(10, 0.0)) for action in batch.actions]
    assert {(action.lead.lead_id, action.name, len(action.parts)) for action in heads} == {
        ("a", UPDATE, 0),
        ("b", UPSERT, 3),
    }
    assert len(backlog) == 6


def test_nothing_is_merged_into_a_block_that_was_full() -> None:
    """Where a block ends, the number of actions decides alone; what was handed on early may be merged further."""
    gathering = Gathering(first=FIRST, max_wait=30, unmerged=())
    for number in range(FIRST):
        assert not gathering.is_complete
        gathering.add(act(str(number % 10)), 0.0)
    assert gathering.is_complete
    assert [action.is_final for action in gathering.take()] == [True] * 10
    for number in range(BLOCK):
        assert not gathering.is_complete
        gathering.add(act(str(number)), 0.0)
    assert gathering.is_complete
    assert [action.is_final for action in gathered(act("a"))] == [False]


def test_nothing_is_held_for_long() -> None:
    """Half a second without input is a pause; a trickle is handed on all the same; 0 holds nothing."""
    gathering = Gathering(first=FIRST, max_wait=30, unmerged=())
    assert gathering.seconds_until_due(0.0) is None
    gathering.add(act("a"), 0.0)
    assert gathering.seconds_until_due(0.0) == 0.5
    for step in range(1, 50):
        gathering.add(act("a"), step / 10)
    assert 0 < (gathering.seconds_until_due(4.95) or 0) < 0.1
    eager = Gathering(first=FIRST, max_wait=0, unmerged=())
    eager.add(act("a"), 1.0)
    assert eager.seconds_until_due(1.0) == 0.0


def test_at_the_end_leads_move_in_rounds() -> None:
    """Whichever of two calls is answered first, the next actions of their leads go together."""
    for order in ((0, 1), (1, 0)):
        backlog = Backlog(batch_size=2, max_wait=30, capacity=100)
        for lead in "abcd":
            backlog.add(act(lead), 0.0)
        for lead in "ac":
            backlog.add(act(lead, CONVERT), 0.0)
        backlog.closing = True
        calls = [batch for _ in range(2) if (batch := backlog.take(2, 0.0))]
        for number, which in enumerate(order):
            assert backlog.take(2, 0.0) is None
            assert backlog.seconds_until_due(1.0) == (None if number == 0 else 29.0)
            for action in calls[which].actions:
                backlog.settle(action, 0.0)
        converts = backlog.take(2, 0.0)
        assert converts is not None
        assert [action.lead.lead_id for action in converts.actions] == ["a", "c"]


def test_a_call_that_takes_long_holds_up_nobody_for_ever() -> None:
    """What waits for others of its round comes up after as long as a batch may wait."""
    backlog = Backlog(batch_size=1, max_wait=30, capacity=100)
    for action in (act("a"), act("a", CONVERT), act("b")):
        backlog.add(action, 0.0)
    backlog.closing = True
    first, _ = (backlog.take(1, 0.0) for _ in range(2))
    assert first is not None
    backlog.settle(first.actions[0], 0.0)
    assert backlog.take(1, 29.0) is None
    assert backlog.take(1, 30.0) is not None
