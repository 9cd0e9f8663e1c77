"""Which actions may be sent together, and when: the order of each lead, coalescing, full calls. Pure.

Every (campaign, lead) has a lane. Only the head of a lane may be sent, and while it is on its way the lane
waits; so a lead is never in two calls at once, nor twice in one. Heads of the same campaign and action
stand ready in a group; a group makes a batch.

At the end of the input, leads on which several actions wait move in rounds: in one, whatever is full is taken, or else
everything; the next action of each lead comes up when all of the round is settled. So the calls of a run do not depend
on which of several answers comes first.
"""

from __future__ import annotations

import heapq
from collections import Counter, OrderedDict, deque
from dataclasses import dataclass, field
from itertools import count
from typing import TYPE_CHECKING, TypeAlias

from squadstack.api.verdicts import ActionName
from squadstack.delivery.merging import may_merge, merge, without_content

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from squadstack.ledger.rows import LeadKey
    from squadstack.mapping.actions import LeadAction

_LONGEST_SCREENING_WAIT = 0.5
"""Seconds after which the ledger is asked about the few heads there are: they may be settled without a call."""

_SAY_ENOUGH = frozenset({ActionName.DISABLE, ActionName.DELETE})
"""Actions that say all by their name and their lead."""

Kind: TypeAlias = tuple[str, ActionName]
"""What a call is about: a campaign and an action."""


@dataclass(slots=True, eq=False)
class Batch:
    """Actions of one kind on different leads: one call.

    Attributes:
        kind: The campaign and the action.
        actions: In the order of the call's rows.
        is_loose: Whether only single rows of a call failed, so that others may fill up the next one.
    """

    kind: Kind
    actions: list[LeadAction]
    is_loose: bool = False

    def halves(self) -> tuple[Batch, Batch]:
        """Two batches of half the leads each, in order."""
        middle = len(self.actions) // 2
        return Batch(self.kind, self.actions[:middle]), Batch(self.kind, self.actions[middle:])


@dataclass(slots=True, eq=False)
class _Lane:
    waiting: deque[LeadAction] = field(default_factory=deque)
    busy: bool = False


class Backlog:
    """Everything that was read and is not settled. Not safe to use from several threads: the sender locks.

    Args:
        batch_size: The most leads of a batch.
        max_wait: Seconds after which an incomplete batch is due.
        capacity: From so many actions on, reading waits and whatever is ready is due.
        limits: The most actions of a kind, by its name; such actions are held until `release`.
        asks_about_all: Whether the ledger is asked about every head, or only about incomplete ones.
        one_by_one: Actions whose batches hold one lead.
    """

    def __init__(  # noqa: PLR0913 - how calls are made up, told once
        self,
        *,
        batch_size: int,
        max_wait: float,
        capacity: int,
        limits: Mapping[str, int] | None = None,
        asks_about_all: bool = False,
        one_by_one: frozenset[ActionName] = frozenset(),
    ) -> None:
        self._one_by_one = one_by_one
        self._asks_about_all = asks_about_all
        self._batch_size = batch_size
        self._telling_sizes = frozenset({1, batch_size})
        self._max_wait = max_wait
        self._capacity = capacity
        self._limits = dict(limits or {})
        self._limited: Counter[str] = Counter()
        self._held: dict[LeadKey, LeadAction] = {}
        self._stuck = 0
        self._lanes: dict[LeadKey, _Lane] = {}
        self._groups: dict[Kind, OrderedDict[LeadKey, float]] = {}
        self._unscreened: dict[LeadKey, tuple[LeadAction, float]] = {}
        self._claimed: dict[LeadKey, float] = {}
        self._retries: list[tuple[float, int, Batch]] = []
        self._ticket = count()
        self._unsettled = 0
        self._followers = 0
        self._out = 0
        self._staged: dict[LeadKey, float] = {}
        self._left_of_round = 0
        self.closing = False

    def __len__(self) -> int:
        return self._unsettled

    @property
    def moving(self) -> int:
        """Actions that are not settled, but for those that are held and those behind them."""
        return self._unsettled - self._stuck

    @property
    def is_full(self) -> bool:
        """Whether reading should wait."""
        return self._unsettled - self._stuck >= self._capacity

    # -- in ------------------------------------------------------------------------------------------

    def add(self, action: LeadAction, now: float) -> bool:
        """Take an action in, behind all earlier ones on its lead, merged into the last if it may be.

        Returns:
            Whether the dispatcher should look: a group came up or is full, or a head must be screened.
        """
        count = len(action.parts) or 1
        self._unsettled += count
        number = self._limited[action.name] = self._limited[action.name] + 1
        if number > self._limits.get(action.name, number):
            action = without_content(action)  # so many that none of the kind will be sent
        lane = self._lanes.setdefault(action.lead, _Lane())
        self._stuck += count if action.lead in self._held else 0
        last = lane.waiting[-1] if lane.waiting and not (lane.busy and len(lane.waiting) == 1) else None
        if last is None or {last.name, action.name} & self._limits.keys() or not may_merge(last, action):
            lane.waiting.append(action)
            self._followers += len(lane.waiting) > 1
            return len(lane.waiting) == 1 and self._show(action, now)
        merged = merge(last, action)
        lane.waiting[-1] = merged
        is_in_place = merged.name == last.name and not self._must_be_asked(last)
        if len(lane.waiting) > 1 or is_in_place:
            return False
        return self._show(merged, self._hide(last, now))

    def put_apart(self, action: LeadAction, now: float) -> None:
        """Replace a merged action that was on its way by its parts, to be sent one by one."""
        lane = self._lanes[action.lead]
        lane.waiting.popleft()
        for part in reversed(action.parts):
            part.alone = True
            lane.waiting.appendleft(part)
        lane.busy = False
        self._out -= 1
        self._followers += len(action.parts) - 1
        self._show(lane.waiting[0], now)

    def send_as(self, name: ActionName, action: LeadAction, now: float) -> None:
        """Have a head that was on its way sent as another action; its lead stays busy, so nothing is merged into it."""
        group = self._groups.setdefault((action.lead.campaign, name), OrderedDict())
        group[action.lead] = now
        self._out -= 1

    # -- held actions --------------------------------------------------------------------------------

    @property
    def holds(self) -> bool:
        """Whether actions are held."""
        return bool(self._held)

    def held(self) -> list[LeadAction]:
        """Held heads of which it can be told whether they would change anything, without their content."""
        return [head for head in self._held.values() if head.name in _SAY_ENOUGH]

    def let_go(self, head: LeadAction) -> None:
        """A held head need not be sent after all: it counts no more."""
        del self._held[head.lead]
        self._limited[head.name] -= 1
        self._stuck -= sum(len(action.parts) or 1 for action in self._lanes[head.lead].waiting)

    @property
    def excess(self) -> dict[str, int]:
        """The kinds of which there are more actions than their limit allows, with how many there are."""
        return {name: self._limited[name] for name, most in self._limits.items() if self._limited[name] > most}

    def release(self, now: float) -> None:
        """Let the held actions be sent."""
        self._limits = {}
        self._stuck = 0
        held, self._held = self._held, {}
        for head in held.values():
            self._show(head, now)

    # -- screening -----------------------------------------------------------------------------------

    def unscreened(self, now: float) -> list[LeadAction]:
        """Heads whose turn has come, about which the ledger is asked before they are sent: many, or none yet."""
        if self.seconds_until_screening(now) != 0.0:
            return []
        return [action for action, _ in self._unscreened.values()]

    def _must_be_asked(self, head: LeadAction) -> bool:
        return self._asks_about_all or bool(head.incomplete)

    def seconds_until_screening(self, now: float) -> float | None:
        """How long until the ledger is asked about heads; None: not before something changes."""
        self._begin_round(now)
        if not self._unscreened:
            return None
        if len(self._unscreened) >= self._batch_size or self.closing or self.is_full:
            return 0.0
        _, since = next(iter(self._unscreened.values()))
        return max(0.0, since + min(self._max_wait, _LONGEST_SCREENING_WAIT) - now)

    def claim(self, action: LeadAction) -> bool:
        """Take a head that was asked about out of the screening; False: it is another by now, merged meanwhile."""
        waiting, since = self._unscreened.get(action.lead, (None, 0.0))
        if waiting is not action:
            return False
        del self._unscreened[action.lead]
        self._claimed[action.lead] = since
        self._lanes[action.lead].busy = True
        return True

    def admit(self, action: LeadAction, now: float) -> None:
        """Let a claimed head be sent; it has waited since its turn came."""
        self._lanes[action.lead].busy = False
        self._ready(action, self._claimed.pop(action.lead, now))

    # -- out -----------------------------------------------------------------------------------------

    def seconds_until_due(self, now: float) -> float | None:
        """How long until a call is worth making; None: not before something changes."""
        self._begin_round(now)
        waits = [max(0.0, due - now) for due, _, _ in self._retries[:1]]
        for kind, group in self._groups.items():
            if len(group) >= self._most(kind, self._batch_size) or self._rest_is_due:
                return 0.0
            waits.append(max(0.0, next(iter(group.values())) + self._max_wait - now))
        for since in self._staged.values():
            waits.append(max(0.0, since + self._max_wait - now))
            break
        return min(waits, default=None)

    def take(self, most: int, now: float) -> Batch | None:
        """Take the batch that is due, a retry first; its leads are busy until it is settled."""
        self._begin_round(now)
        if self._retries and self._retries[0][0] <= now:
            batch = heapq.heappop(self._retries)[2]
            self._out += len(batch.actions)
            if batch.is_loose:
                self._fill(batch, most)
            return batch
        kind = self._choose(min(most, self._batch_size), now)
        if kind is None:
            return None
        batch = Batch(kind, [])
        self._fill(batch, most)
        self._left_of_round -= self._left_of_round > 0
        return batch

    def _most(self, kind: Kind, size: int) -> int:
        """The most leads of a batch of this kind, where others hold so many."""
        return 1 if kind[1] in self._one_by_one else size

    def _fill(self, batch: Batch, most: int) -> None:
        size = self._most(batch.kind, min(most, self._batch_size))
        group = self._groups.get(batch.kind, OrderedDict())
        while group and len(batch.actions) < size:
            lane = self._lanes[group.popitem(last=False)[0]]
            lane.busy = True
            self._out += 1
            batch.actions.append(lane.waiting[0])
        if not group:
            self._groups.pop(batch.kind, None)

    def retry(self, batch: Batch, due: float) -> None:
        """Have a whole batch sent again at a time; its leads stay busy."""
        self._out -= len(batch.actions)
        heapq.heappush(self._retries, (due, next(self._ticket), batch))

    def settle(self, action: LeadAction, now: float) -> Sequence[LeadAction]:
        """Note that a head is settled, and return it or the parts it was merged from."""
        lane = self._lanes[action.lead]
        lane.waiting.popleft()
        self._out -= self._claimed.pop(action.lead, None) is None and lane.busy
        lane.busy = False
        settled = action.parts or (action,)
        self._unsettled -= len(settled)
        self._followers -= bool(lane.waiting)
        if not lane.waiting:
            del self._lanes[action.lead]
        elif self.closing and self._max_wait and lane.waiting[0].name not in self._limits:
            self._staged[action.lead] = now
        else:
            self._show(lane.waiting[0], now)
        return settled

    # -- rounds --------------------------------------------------------------------------------------

    def _begin_round(self, now: float) -> None:
        """At the end of the input, let the next action of each lead come up once all of a round is settled.

        What waited for as long as a batch may comes up all the same: a call may take its time, or be sent again.
        """
        if not self._has_rounds:
            return
        if not self._groups:
            self._left_of_round = 0
        is_over = not (self._out or self._left_of_round or self._claimed)
        if self._staged and (is_over or next(iter(self._staged.values())) + self._max_wait <= now):
            staged, self._staged = self._staged, {}
            since = next(iter(staged.values()))  # of all alike: which was answered first must not tell
            for lead in [lead for lead in self._lanes if lead in staged]:
                self._show(self._lanes[lead].waiting[0], since)
        if is_over and not self._unscreened:
            full = sum(len(group) // self._most(kind, self._batch_size) for kind, group in self._groups.items())
            self._left_of_round = full or len(self._groups)

    @property
    def _has_rounds(self) -> bool:
        return self.closing and bool(self._followers or self._staged)

    @property
    def _rest_is_due(self) -> bool:
        """Whether batches go that are not full."""
        if self._has_rounds:
            return self._left_of_round > 0
        return self.closing or self.is_full

    # -- groups --------------------------------------------------------------------------------------

    def _show(self, head: LeadAction, since: float) -> bool:
        if head.name in self._limits:
            self._held[head.lead] = head
            self._stuck += sum(len(action.parts) or 1 for action in self._lanes[head.lead].waiting)
            return False
        if not self._must_be_asked(head):
            return self._ready(head, since)
        self._unscreened[head.lead] = (head, since)
        return len(self._unscreened) in self._telling_sizes or self.is_full

    def _ready(self, head: LeadAction, since: float) -> bool:
        group = self._groups.setdefault((head.lead.campaign, head.name), OrderedDict())
        group[head.lead] = since
        if next(iter(group.values())) > since:
            group.move_to_end(head.lead, last=False)
        return len(group) in self._telling_sizes or self.is_full

    def _hide(self, head: LeadAction, now: float) -> float:
        """Take a head out of its group, and return since when it waited there: what takes its place waits on."""
        kind = (head.lead.campaign, head.name)
        _, waited = self._unscreened.pop(head.lead, (head, now))
        group = self._groups.get(kind, OrderedDict())
        since = group.pop(head.lead, waited)
        if not group:
            self._groups.pop(kind, None)
        return since

    def _choose(self, size: int, now: float) -> Kind | None:
        """The oldest group that waited enough, else the oldest full one, else, if all must go, the largest."""
        waited = [kind for kind in self._groups if self._since(kind) + self._max_wait <= now]
        full = [kind for kind, group in self._groups.items() if len(group) >= self._most(kind, size)]
        if waited or full:
            return min(waited or full, key=self._since)
        if self._rest_is_due:
            return max(self._groups, key=lambda kind: len(self._groups[kind]), default=None)
        return None

    def _since(self, kind: Kind) -> float:
        return next(iter(self._groups[kind].values()))
