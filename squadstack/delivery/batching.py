"""Which actions may be sent together, and when: the order of each lead, coalescing, full calls. Pure.

Every (campaign, lead) has a lane. Only the head of a lane may be sent, and while it is on its way the lane
waits; so a lead is never in two calls at once, nor twice in one. Heads of the same campaign and action
stand ready in a group; a group makes a batch.
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
    """

    def __init__(
        self,
        *,
        batch_size: int,
        max_wait: float,
        capacity: int,
        limits: Mapping[str, int] | None = None,
        asks_about_all: bool = False,
    ) -> None:
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
        self._unsettled += 1
        number = self._limited[action.name] = self._limited[action.name] + 1
        if number > self._limits.get(action.name, number):
            action = without_content(action)  # so many that none of the kind will be sent
        lane = self._lanes.setdefault(action.lead, _Lane())
        self._stuck += action.lead in self._held
        last = lane.waiting[-1] if lane.waiting and not (lane.busy and len(lane.waiting) == 1) else None
        if last is None or {last.name, action.name} & self._limits.keys() or not may_merge(last, action):
            lane.waiting.append(action)
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
        self._show(lane.waiting[0], now)

    # -- held actions --------------------------------------------------------------------------------

    @property
    def holds(self) -> bool:
        """Whether actions are held."""
        return bool(self._held)

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
        waits = [max(0.0, due - now) for due, _, _ in self._retries[:1]]
        for group in self._groups.values():
            if len(group) >= self._batch_size or self.closing or self.is_full:
                return 0.0
            waits.append(max(0.0, next(iter(group.values())) + self._max_wait - now))
        return min(waits, default=None)

    def take(self, most: int, now: float) -> Batch | None:
        """Take the batch that is due, a retry first; its leads are busy until it is settled."""
        if self._retries and self._retries[0][0] <= now:
            batch = heapq.heappop(self._retries)[2]
            if batch.is_loose:
                self._fill(batch, min(most, self._batch_size))
            return batch
        kind = self._choose(min(most, self._batch_size), now)
        if kind is None:
            return None
        batch = Batch(kind, [])
        self._fill(batch, min(most, self._batch_size))
        return batch

    def _fill(self, batch: Batch, size: int) -> None:
        group = self._groups.get(batch.kind, OrderedDict())
        while group and len(batch.actions) < size:
            lane = self._lanes[group.popitem(last=False)[0]]
            lane.busy = True
            batch.actions.append(lane.waiting[0])
        if not group:
            self._groups.pop(batch.kind, None)

    def retry(self, batch: Batch, due: float) -> None:
        """Have a whole batch sent again at a time; its leads stay busy."""
        heapq.heappush(self._retries, (due, next(self._ticket), batch))

    def settle(self, action: LeadAction, now: float) -> Sequence[LeadAction]:
        """Note that a head is settled, and return it or the parts it was merged from."""
        lane = self._lanes[action.lead]
        lane.waiting.popleft()
        lane.busy = False
        self._claimed.pop(action.lead, None)
        settled = action.parts or (action,)
        self._unsettled -= len(settled)
        if lane.waiting:
            self._show(lane.waiting[0], now)
        else:
            del self._lanes[action.lead]
        return settled

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
        full = [kind for kind, group in self._groups.items() if len(group) >= size]
        if waited or full:
            return min(waited or full, key=self._since)
        if self.closing or self.is_full:
            return max(self._groups, key=lambda kind: len(self._groups[kind]), default=None)
        return None

    def _since(self, kind: Kind) -> float:
        return next(iter(self._groups[kind].values()))
