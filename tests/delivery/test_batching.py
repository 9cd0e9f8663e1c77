"""Which actions go together, and when: each lead's order, what is merged, what is held, which call is due."""

from __future__ import annotations

import math
from collections import Counter
from typing import TYPE_CHECKING, Any

import pytest
from delivery.acting import CONVERT, CREATE, DELETE, DISABLE, UPDATE, UPSERT, act
from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, precondition, rule

from squadstack.delivery.batch import Batch
from squadstack.delivery.batching import Backlog

if TYPE_CHECKING:
    from collections.abc import Iterable

    from squadstack.api.verdicts import ActionName
    from squadstack.mapping.actions import LeadAction

MAX_WAIT = 30.0
NO_NUMBER = ("phone_number",)


def backlog(*, size: int = 3, capacity: int = 1000, limits: dict[str, int] | None = None) -> Backlog:
    return Backlog(batch_size=size, max_wait=MAX_WAIT, capacity=capacity, limits=limits)


def add(waiting: Backlog, *actions: LeadAction, now: float = 0.0) -> None:
    for action in actions:
        waiting.add(action, now)


def take(waiting: Backlog, now: float = 0.0) -> list[tuple[str, str]] | None:
    """Take a batch, and tell its actions and leads."""
    batch = waiting.take(100, now)
    return batch and [(str(action.name), action.lead.lead_id) for action in batch.actions]


def take_batch(waiting: Backlog, now: float = 0.0) -> Batch:
    batch = waiting.take(100, now)
    assert batch is not None
    return batch


def deliver(waiting: Backlog, now: float = 0.0) -> list[str]:
    """Accept everything that is due, and tell the actions in the order in which they were sent."""
    sent = []
    while batch := waiting.take(100, now):
        for action in batch.actions:
            sent.append(str(action.name))
            waiting.settle(action, now)
    return sent


# -- which call is due -----------------------------------------------------------------------------------


def test_a_call_is_due_when_it_is_full_or_has_waited() -> None:
    """And at once when the input ends or there is no room; the dispatcher is told how long to sleep."""
    waiting = backlog()
    assert (waiting.seconds_until_due(0.0), take(waiting)) == (None, None)
    add(waiting, act("a"), now=1.0)
    add(waiting, act("b"), now=5.0)
    assert (waiting.seconds_until_due(11.0), take(waiting, 11.0)) == (20.0, None)
    assert (waiting.seconds_until_due(31.0), take(waiting, 31.0)) == (0.0, [("upsert", "a"), ("upsert", "b")])
    add(waiting, act("c"), act("d"), act("e"), act("f"), now=40.0)
    assert (waiting.seconds_until_due(40.0), take(waiting, 40.0)) == (0.0, [("upsert", lead) for lead in "cde"])
    assert take(waiting, 40.0) is None
    waiting.closing = True
    assert (waiting.seconds_until_due(40.0), take(waiting, 40.0)) == (0.0, [("upsert", "f")])


@pytest.mark.parametrize("pressed_by", ["nothing", "the end of the input", "a lack of room"])
def test_a_small_group_that_waited_goes_before_full_ones(pressed_by: str) -> None:
    """However many full calls of another kind come in, and whatever else presses, it is not left behind."""
    waiting = backlog(capacity=5 if pressed_by == "a lack of room" else 1000)
    add(waiting, act("small", DISABLE))
    add(waiting, *(act(str(number)) for number in range(6)), now=1.0)
    waiting.closing = pressed_by == "the end of the input"
    assert take(waiting, 29.0) == [("upsert", str(number)) for number in range(3)]
    assert take(waiting, 30.0) == [("disable", "small")]
    assert take(waiting, 30.0) == [("upsert", str(number)) for number in range(3, 6)]


def test_of_those_that_waited_the_oldest_goes_first() -> None:
    waiting = backlog()
    for number, name in enumerate((DISABLE, CREATE, UPSERT)):
        add(waiting, act(name, name), now=float(number))
    assert [take(waiting, 40.0) for _ in range(4)] == [
        [("disable", "disable")],
        [("create", "create")],
        [("upsert", "upsert")],
        None,
    ]


def test_calls_are_of_one_campaign_and_one_action() -> None:
    waiting = backlog()
    add(waiting, act("a"), act("b", campaign="other"), act("c", UPDATE), act("d"))
    waiting.closing = True
    assert [take(waiting) for _ in range(4)] == [
        [("upsert", "a"), ("upsert", "d")],
        [("upsert", "b")],
        [("update", "c")],
        None,
    ]


# -- merging ---------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("actions", "sent"),
    [
        ([UPSERT, UPSERT], ["upsert"]),
        ([UPSERT, UPDATE], ["upsert"]),
        ([UPDATE, UPDATE], ["update"]),
        ([UPSERT, UPDATE, UPSERT, DELETE], ["delete"]),
        ([UPDATE, DELETE], ["delete"]),
        ([UPDATE, UPSERT], ["update", "upsert"]),
        ([UPSERT, CREATE], ["upsert", "create"]),
        ([CREATE, UPSERT, UPSERT], ["create", "upsert"]),
        ([DELETE, UPSERT], ["delete", "upsert"]),
        ([DELETE, DELETE], ["delete", "delete"]),
        ([CONVERT, CONVERT], ["convert", "convert"]),
        ([UPSERT, CONVERT, UPSERT, DISABLE], ["upsert", "convert", "upsert", "disable"]),
    ],
    ids="+".join,
)
def test_what_is_merged_with_what(actions: list[ActionName], sent: list[str]) -> None:
    """While they wait, actions that make no difference together; everything else keeps its order."""
    waiting = backlog()
    add(waiting, *(act("a", name) for name in actions))
    waiting.closing = True
    assert deliver(waiting) == sent
    assert len(waiting) == 0


def test_merged_fields_are_the_last_of_each() -> None:
    """A merged delete sends nothing but itself; the parts stay as they were."""
    waiting = backlog(size=1)
    parts = [act("a", x=1, y=1), act("a", UPDATE, y=2), act("b", x=1), act("b", DELETE)]
    add(waiting, *parts)
    merged, gone = (take_batch(waiting).actions[0] for _ in range(2))
    assert (merged.name, merged.payload, merged.parts) == (UPSERT, {"lead_id": "a", "x": 1, "y": 2}, (*parts[:2],))
    assert (gone.name, gone.payload, gone.parts) == (DELETE, {"lead_id": "b"}, (*parts[2:],))
    assert waiting.settle(merged, 0.0) == (*parts[:2],)
    assert parts[0].payload == {"lead_id": "a", "x": 1, "y": 1}


def test_what_is_on_its_way_is_not_merged() -> None:
    waiting = backlog(size=1)
    add(waiting, act("a", x=1))
    first = take_batch(waiting).actions[0]
    add(waiting, act("a", x=2), act("a", x=3))
    assert (first.payload["x"], len(waiting), take(waiting)) == (1, 3, None)
    waiting.settle(first, 0.0)
    second = take_batch(waiting).actions[0]
    assert (second.payload["x"], len(second.parts)) == (3, 2)


def test_a_lead_that_is_updated_again_and_again_is_due_all_the_same() -> None:
    """What is merged into it changes neither since when it waits nor its place among the others."""
    waiting = backlog()
    for now in range(0, 30, 3):
        add(waiting, act("a"), now=float(now))
    assert waiting.seconds_until_due(29.0) == 1.0
    assert take(waiting, 30.0) == [("upsert", "a")]
    waiting = backlog()
    add(waiting, act("a"), act("b"))
    add(waiting, act("a", city="Pune"), act("c"), act("d"), now=1.0)
    assert take(waiting, 1.0) == [("upsert", lead) for lead in "abc"]


def test_a_lead_whose_action_becomes_another_is_due_all_the_same() -> None:
    """A delete takes over the time that the upserts waited, and stands before younger ones."""
    waiting = backlog()
    add(waiting, act("a"))
    add(waiting, act("b", DELETE), now=10.0)
    add(waiting, act("a", DELETE), now=29.0)
    assert waiting.seconds_until_due(29.0) == 1.0
    assert take(waiting, 30.0) == [("delete", "a"), ("delete", "b")]
    assert waiting.seconds_until_due(30.0) is None


def test_a_lead_without_a_number_is_due_all_the_same() -> None:
    """One that the ledger knows, updated again and again without number or name: it is asked about each time."""
    waiting = backlog()
    for now in range(0, 30, 3):
        add(waiting, act("a", incomplete=NO_NUMBER), now=float(now))
        screen(waiting, now=float(now))
    assert take(waiting, 30.0) == [("upsert", "a")]


def test_the_parts_of_a_merged_action_may_be_sent_one_by_one() -> None:
    """In their order, before what came later, merged with nothing; and what came later is merged as ever."""
    waiting = backlog(size=1)
    add(waiting, act("a", x=1), act("a", x=2), act("a", DELETE))
    merged = take_batch(waiting).actions[0]
    add(waiting, act("a", x=4))
    waiting.put_apart(merged, 0.0)
    add(waiting, act("a", x=5))
    assert len(waiting) == 5
    assert deliver(waiting) == ["upsert", "upsert", "delete", "upsert"]
    assert (len(waiting), waiting.moving) == (0, 0)
    add(waiting, act("b", x=1), act("b", UPDATE, x=2))
    waiting.put_apart(take_batch(waiting).actions[0], 0.0)
    add(waiting, act("b", UPDATE, x=3), act("b", UPDATE, x=4))
    assert deliver(waiting) == ["upsert", "update", "update"]
    assert len(waiting) == 0


# -- held actions ----------------------------------------------------------------------------------------


def test_held_actions_and_all_behind_them_stand_still() -> None:
    """Nothing moves any more when everything else is settled, merged parts behind a held action included."""
    waiting = backlog(size=1, limits={"delete": 100})
    add(waiting, act("a"), act("a", DELETE), act("a"), act("a"), act("b", DELETE), act("b"), act("b"), act("c"))
    assert (len(waiting), waiting.moving) == (8, 5)
    assert deliver(waiting) == ["upsert", "upsert"]
    assert (len(waiting), waiting.moving, waiting.holds) == (6, 0, True)
    add(waiting, act("a"), act("b", DELETE))
    assert (len(waiting), waiting.moving, take(waiting)) == (8, 0, None)
    waiting.release(0.0)
    assert (waiting.moving, waiting.holds) == (8, False)
    assert Counter(deliver(waiting)) == {"delete": 3, "upsert": 2}
    assert len(waiting) == 0


def test_held_actions_do_not_stop_the_reading() -> None:
    """Only what moves counts for the capacity: else a run with many deletes would wait for ever."""
    waiting = backlog(capacity=2, limits={"delete": 100})
    add(waiting, *(act(str(number), DELETE) for number in range(9)), act("a"))
    assert (waiting.is_full, take(waiting)) == (False, None)
    add(waiting, act("b", UPDATE))
    assert waiting.is_full


def test_more_than_the_limit_are_told_and_kept_without_content() -> None:
    """None of the kind will be sent, so their records need not be remembered, however many come."""
    waiting = backlog(limits={"delete": 2, "disable": 1})
    actions = [act(str(number), DELETE, note="x" * 100) for number in range(4)]
    add(waiting, *actions, act("d", DISABLE))
    assert waiting.excess == {"delete": 4}
    assert (len(waiting), waiting.moving) == (5, 0)
    kept = [lane.waiting[0] for lane in waiting._lanes.values()]
    assert ["note" in action.payload for action in kept] == [True, True, False, False, False]
    assert all(action.payload["lead_id"] == action.lead.lead_id for action in kept)
    assert [action.lead for action in kept[:4]] == [action.lead for action in actions]


# -- retries ---------------------------------------------------------------------------------------------


def test_a_retry_goes_first_and_its_leads_wait_for_it() -> None:
    waiting = backlog()
    add(waiting, act("a"), act("b"), act("c"))
    batch = take_batch(waiting)
    waiting.retry(batch, 10.0)
    add(waiting, act("a"), act("d"), act("e"), act("f"))
    assert waiting.seconds_until_due(0.0) == 0.0
    assert take(waiting, 9.0) == [("upsert", lead) for lead in "def"]
    assert (waiting.seconds_until_due(9.0), take(waiting, 9.0)) == (1.0, None)
    assert waiting.take(100, 10.0) is batch


def test_rows_that_failed_alone_are_filled_up_with_others() -> None:
    """Up to a full call, of their own kind; a call that failed as a whole is sent again as it was."""
    waiting = backlog()
    add(waiting, act("a"), act("b"), act("c"))
    batch = take_batch(waiting)
    for action in batch.actions[1:]:
        waiting.settle(action, 0.0)
    waiting.retry(Batch(batch.kind, batch.actions[:1], is_loose=True), 10.0)
    add(waiting, *(act(lead) for lead in "dfg"), act("e", UPDATE))
    assert take(waiting, 10.0) == [("upsert", lead) for lead in "adf"]
    whole = Batch(batch.kind, [act("x")])
    waiting.retry(whole, 20.0)
    assert take(waiting, 20.0) == [("upsert", "x")]


def test_halves_hold_what_the_whole_held() -> None:
    actions = [act(str(number)) for number in range(5)]
    first, second = Batch(("main", UPSERT), actions).halves()
    assert (first.actions, second.actions) == (actions[:2], actions[2:])
    assert (first.kind, second.kind, first.is_loose) == (("main", UPSERT), ("main", UPSERT), False)


# -- screening -------------------------------------------------------------------------------------------


def screen(waiting: Backlog, now: float = 0.0) -> None:
    for head in waiting.unscreened(math.inf):
        assert waiting.claim(head)
        waiting.admit(head, now)


def test_what_lacks_a_number_is_asked_about_when_its_turn_comes() -> None:
    """Not before: what is ahead of it may make the lead known. Nor if a number came along meanwhile."""
    waiting = backlog(size=1)
    add(waiting, act("a", CREATE), act("a", incomplete=NO_NUMBER))
    assert waiting.unscreened(math.inf) == []
    assert deliver(waiting) == ["create"]
    heads = waiting.unscreened(math.inf)
    assert (len(heads), take(waiting)) == (1, None)
    add(waiting, act("a", city="Pune", incomplete=NO_NUMBER))
    assert not waiting.claim(heads[0])
    (head,) = waiting.unscreened(math.inf)
    assert (waiting.claim(head), waiting.claim(head)) == (True, False)
    waiting.admit(head, 0.0)
    assert take(waiting) == [("upsert", "a")]
    add(waiting, act("b", incomplete=NO_NUMBER), act("b", phone_number="1"))
    assert (waiting.unscreened(math.inf), take(waiting)) == ([], [("upsert", "b")])


# -- the law ---------------------------------------------------------------------------------------------

LEADS = ("a", "b", "c")
SIZE, CAPACITY = 2, 12
LIMITS = {"delete": 1000, "convert": 1000}


class AnyInterleaving(RuleBasedStateMachine):
    """Each lead's actions leave in order, one call at a time, merged only as allowed; nothing is lost."""

    def __init__(self) -> None:
        super().__init__()
        self.waiting = Backlog(batch_size=SIZE, max_wait=MAX_WAIT, capacity=CAPACITY, limits=LIMITS)
        self.now = 0.0
        self.number = 0
        self.unsettled: dict[str, list[LeadAction]] = {lead: [] for lead in LEADS}
        self.flying: list[Batch] = []
        self.resting: set[str] = set()
        self.seen: list[LeadAction] = []
        self.refused: list[LeadAction] = []
        self.screened: set[LeadAction] = set()
        self.put_apart: set[LeadAction] = set()
        self.released = False

    # -- what the rest of the program does

    @precondition(lambda self: not self.waiting.closing)
    @rule(
        lead=st.sampled_from(LEADS),
        burst=st.lists(
            st.tuples(st.sampled_from([UPSERT] * 5 + [UPDATE] * 3 + [DELETE, CREATE, CONVERT]), st.booleans()),
            min_size=1,
            max_size=4,
        ),
    )
    def read(self, lead: str, burst: list[tuple[ActionName, bool]]) -> None:
        for name, is_whole in burst:
            self.read_one(lead, name, is_whole=is_whole)

    def read_one(self, lead: str, name: ActionName, *, is_whole: bool) -> None:
        self.number += 1
        fields: dict[str, Any] = {"number": self.number, f"field {self.number % 3}": self.number}
        if is_whole:
            fields["phone_number"] = str(self.number)
        incomplete = NO_NUMBER if name is UPSERT and not is_whole else ()
        action = act(lead, name, incomplete=incomplete, **fields)
        self.unsettled[lead].append(action)
        self.waiting.add(action, self.now)

    @rule(seconds=st.sampled_from([1.0, 29.0, 31.0]))
    def wait(self, seconds: float) -> None:
        self.now += seconds

    @rule()
    def look(self) -> None:
        self.seen = self.waiting.unscreened(math.inf)

    @rule(is_known=st.booleans())
    def screen(self, is_known: bool) -> None:  # noqa: FBT001 - drawn by Hypothesis
        for head in self.seen:
            if not self.waiting.claim(head):
                continue
            assert head.lead.lead_id not in self.busy()
            if is_known:
                self.screened.add(head)
                self.waiting.admit(head, self.now)
            else:
                self.refused.append(head)
        self.seen = []

    @precondition(lambda self: self.refused)
    @rule()
    def refuse(self) -> None:
        self.settle(self.refused.pop())

    @rule()
    def take(self) -> None:
        is_due = self.waiting.seconds_until_due(self.now) == 0.0
        busy = self.busy()
        batch = self.waiting.take(SIZE, self.now)
        assert (batch is not None) is is_due
        if batch is not None:
            self.check(batch, busy)
            self.resting -= {action.lead.lead_id for action in batch.actions}
            self.flying.append(batch)

    @precondition(lambda self: self.flying)
    @rule(fate=st.sampled_from(["accepted", "accepted", "again", "halves", "loose"]), which=st.integers(0, 9))
    def answer(self, fate: str, which: int) -> None:
        batch = self.flying.pop(which % len(self.flying))
        match fate:
            case "again":
                self.rest(batch)
            case "halves" if len(batch.actions) > 1:
                for half in batch.halves():
                    self.rest(half)
            case "loose":
                *accepted, last = batch.actions
                for action in accepted:
                    self.settle(action)
                self.rest(Batch(batch.kind, [last], is_loose=True))
            case _:
                for action in batch.actions:
                    self.settle(action)

    @precondition(lambda self: self.flying)
    @rule(which=st.integers(0, 9))
    def take_apart(self, which: int) -> None:
        batch = self.flying.pop(which % len(self.flying))
        for action in batch.actions:
            if action.parts:
                self.put_apart.update(action.parts)
                self.waiting.put_apart(action, self.now)
            else:
                self.settle(action)

    @rule()
    def end_input(self) -> None:
        self.waiting.closing = True

    # -- what must hold

    def check(self, batch: Batch, busy: set[str]) -> None:
        leads = [action.lead.lead_id for action in batch.actions]
        assert 1 <= len(set(leads)) == len(leads) <= SIZE
        assert not busy.intersection(leads) - self.resting
        for action in batch.actions:
            assert (action.lead.campaign, action.name) == batch.kind
            parts = action.parts or (action,)
            assert list(parts) == self.unsettled[action.lead.lead_id][: len(parts)]
            assert self.released or not LIMITS.keys() & {part.name for part in parts}
            assert not action.incomplete or action in self.screened
            if action.parts:
                check_merged(action, self.put_apart)

    @invariant()
    def counts_balance(self) -> None:
        waiting = [actions for actions in self.unsettled.values() if actions]
        still = [] if self.released else [actions for actions in waiting if actions[0].name in LIMITS]
        assert len(self.waiting) == sum(map(len, waiting))
        assert self.waiting.moving == len(self.waiting) - sum(map(len, still))
        assert self.waiting.holds == bool(still)

    def teardown(self) -> None:
        """The input ends: everything is delivered, the held actions last."""
        self.waiting.closing = True
        self.drain()
        assert self.waiting.moving == 0
        self.waiting.release(self.now)
        self.released = True
        self.drain()
        assert (len(self.waiting), self.unsettled) == (0, {lead: [] for lead in LEADS})

    # -- helpers

    def busy(self) -> set[str]:
        flying = [action for batch in self.flying for action in batch.actions]
        return {action.lead.lead_id for action in [*flying, *self.refused]} | self.resting

    def rest(self, batch: Batch) -> None:
        self.resting |= {action.lead.lead_id for action in batch.actions}
        self.waiting.retry(batch, self.now + 5)

    def settle(self, action: LeadAction) -> None:
        parts = self.waiting.settle(action, self.now)
        lead = self.unsettled[action.lead.lead_id]
        assert list(parts) == lead[: len(parts)]
        del lead[: len(parts)]

    def drain(self) -> None:
        for _ in range(10 * self.number + 10):
            self.now += 5
            self.look()
            self.screen(is_known=True)
            while self.refused:
                self.refuse()
            self.take()
            while self.flying:
                self.answer("accepted", 0)


def check_merged(action: LeadAction, put_apart: Iterable[LeadAction]) -> None:
    """Hold a merged action to the table of what may be merged, field by field."""
    first, *rest = action.parts
    ends_in_delete = rest[-1].name is DELETE
    allowed = {UPSERT, UPDATE} if first.name is UPSERT else {UPDATE}
    assert first.name in {UPSERT, UPDATE}
    assert {part.name for part in (rest[:-1] if ends_in_delete else rest)} <= allowed
    assert action.name is (DELETE if ends_in_delete else first.name)
    assert not set(put_apart).intersection(action.parts)
    expected: dict[str, Any] = {}
    for part in rest[-1:] if ends_in_delete else action.parts:
        expected.update(part.payload)
    assert action.payload == expected
    assert bool(action.incomplete) == (action.name is UPSERT and "phone_number" not in expected)


TestAnyInterleaving = AnyInterleaving.TestCase
TestAnyInterleaving.settings = settings(max_examples=80, stateful_step_count=50, deadline=None)
