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
from collections import deque
from dataclasses import dataclass, field
from itertools import count, islice
from typing import TYPE_CHECKING

from squadstack.delivery.batch import Batch
from squadstack.delivery.groups import Groups
from squadstack.delivery.limited import Limited
from squadstack.delivery.merging import may_merge, merge, without_content
from squadstack.delivery.screening import Screening

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from squadstack.api.verdicts import ActionName
    from squadstack.ledger.rows import LeadKey
    from squadstack.mapping.actions import LeadAction

_LONGEST_SCREENING_WAIT = 0.5
"""Seconds after which the ledger is asked about the few heads there are: they may be settled without a call."""


@dataclass(slots=True, eq=False)
class _Lane:
    waiting: deque[LeadAction] = field(default_factory=deque)
    busy: bool = False

    @property
    def load(self) -> int:
        """How many actions wait here, each that was merged counted."""
        return sum(map(_load, self.waiting))


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
        self._asks_about_all = asks_about_all
        self._batch_size = batch_size
        self._telling_sizes = frozenset({1, batch_size})
        self._max_wait = max_wait
        self._capacity = capacity
        self._lanes: dict[LeadKey, _Lane] = {}
        self._groups = Groups(batch_size=batch_size, max_wait=max_wait, one_by_one=one_by_one)
        self._limited = Limited(limits or {})
        self._screening = Screening()
        self._retries: list[tuple[float, int, Batch]] = []
        self._ticket = count()
        self._unsettled = 0
        self._stuck = 0
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
        self._unsettled += _load(action)
        if self._limited.count(action.name):
            action = without_content(action)
        lane = self._lanes.setdefault(action.lead, _Lane())
        self._stuck += _load(action) if self._limited.holds(action.lead) else 0
        last = lane.waiting[-1] if lane.waiting and not (lane.busy and len(lane.waiting) == 1) else None
        if last is None or last.name in self._limited or action.name in self._limited or not may_merge(last, action):
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
        self._groups.add(action.lead, name, now)
        self._out -= 1

    # -- held actions --------------------------------------------------------------------------------

    @property
    def holds(self) -> bool:
        """Whether actions are held."""
        return bool(self._limited)

    def held(self) -> list[LeadAction]:
        """Held heads of which it can be told whether they would change anything, without their content."""
        return self._limited.telling

    def let_go(self, head: LeadAction) -> None:
        """A held head need not be sent after all: it counts no more."""
        self._limited.let_go(head)
        self._stuck -= self._lanes[head.lead].load

    @property
    def excess(self) -> dict[str, int]:
        """The kinds of which there are more actions than their limit allows, with how many there are."""
        return self._limited.excess

    def release(self, now: float) -> None:
        """Let the held actions be sent."""
        self._stuck = 0
        for head in self._limited.release():
            self._show(head, now)

    # -- screening -----------------------------------------------------------------------------------

    def unscreened(self, now: float) -> list[LeadAction]:
        """Heads whose turn has come, about which the ledger is asked before they are sent: many, or none yet."""
        return self._screening.heads if self.seconds_until_screening(now) == 0.0 else []

    def _must_be_asked(self, head: LeadAction) -> bool:
        return self._asks_about_all or bool(head.incomplete)

    def seconds_until_screening(self, now: float) -> float | None:
        """How long until the ledger is asked about heads; None: not before something changes."""
        self._begin_round(now)
        if not self._screening:
            return None
        if len(self._screening) >= self._batch_size or self.closing or self.is_full:
            return 0.0
        return max(0.0, self._screening.since + min(self._max_wait, _LONGEST_SCREENING_WAIT) - now)

    def claim(self, action: LeadAction) -> bool:
        """Take a head that was asked about out of the screening; False: it is another by now, merged meanwhile."""
        if not self._screening.claim(action):
            return False
        self._lanes[action.lead].busy = True
        return True

    def admit(self, action: LeadAction, now: float) -> None:
        """Let a claimed head be sent; it has waited since its turn came."""
        self._lanes[action.lead].busy = False
        since = self._screening.end_claim(action.lead)
        self._ready(action, now if since is None else since)

    # -- out -----------------------------------------------------------------------------------------

    def seconds_until_due(self, now: float) -> float | None:
        """How long until a call is worth making; None: not before something changes."""
        self._begin_round(now)
        if self._groups and self._rest_is_due:
            return 0.0
        waits = [max(0.0, due - now) for due, _, _ in self._retries[:1]]
        waits += [max(0.0, since + self._max_wait - now) for since in islice(self._staged.values(), 1)]
        if (wait := self._groups.seconds_until_due(now)) is not None:
            waits.append(wait)
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
        kind = self._groups.choose(min(most, self._batch_size), now, rest=self._rest_is_due)
        if kind is None:
            return None
        batch = Batch(kind, [])
        self._fill(batch, most)
        self._left_of_round -= self._left_of_round > 0
        return batch

    def _fill(self, batch: Batch, most: int) -> None:
        size = self._groups.most(batch.kind, min(most, self._batch_size))
        for lead in self._groups.take(batch.kind, size - len(batch.actions)):
            lane = self._lanes[lead]
            lane.busy = True
            self._out += 1
            batch.actions.append(lane.waiting[0])

    def retry(self, batch: Batch, due: float) -> None:
        """Have a whole batch sent again at a time; its leads stay busy."""
        self._out -= len(batch.actions)
        heapq.heappush(self._retries, (due, next(self._ticket), batch))

    def settle(self, action: LeadAction, now: float) -> Sequence[LeadAction]:
        """Note that a head is settled, and return it or the parts it was merged from."""
        lane = self._lanes[action.lead]
        lane.waiting.popleft()
        self._out -= self._screening.end_claim(action.lead) is None and lane.busy
        lane.busy = False
        settled = action.parts or (action,)
        self._unsettled -= len(settled)
        self._followers -= bool(lane.waiting)
        if not lane.waiting:
            del self._lanes[action.lead]
        elif self.closing and self._max_wait and lane.waiting[0].name not in self._limited:
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
        is_over = not (self._out or self._left_of_round or self._screening.is_asking)
        if self._staged and (is_over or next(iter(self._staged.values())) + self._max_wait <= now):
            staged, self._staged = self._staged, {}
            since = next(iter(staged.values()))  # of all alike: which was answered first must not tell
            for lead in [lead for lead in self._lanes if lead in staged]:
                self._show(self._lanes[lead].waiting[0], since)
        if is_over and not self._screening:
            self._left_of_round = self._groups.full_batches or len(self._groups)

    @property
    def _has_rounds(self) -> bool:
        return self.closing and bool(self._followers or self._staged)

    @property
    def _rest_is_due(self) -> bool:
        """Whether batches go that are not full."""
        if self._has_rounds:
            return self._left_of_round > 0
        return self.closing or self.is_full

    # -- heads ---------------------------------------------------------------------------------------

    def _show(self, head: LeadAction, since: float) -> bool:
        if head.name in self._limited:
            self._limited.hold(head)
            self._stuck += self._lanes[head.lead].load
            return False
        if not self._must_be_asked(head):
            return self._ready(head, since)
        self._screening.add(head, since)
        return len(self._screening) in self._telling_sizes or self.is_full

    def _ready(self, head: LeadAction, since: float) -> bool:
        return self._groups.add(head.lead, head.name, since) or self.is_full

    def _hide(self, head: LeadAction, now: float) -> float:
        """Take back a head, and return since when it waited: what takes its place waits on."""
        return self._groups.remove(head.lead, head.name, self._screening.drop(head.lead, now))


def _load(action: LeadAction) -> int:
    return len(action.parts) or 1
