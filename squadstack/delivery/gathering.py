"""What was read last, held for a moment, so that what becomes of it does not depend on which thread is faster.

Actions on one lead that follow each other closely are merged here, before any of them can be on its way. What is
handed on together as one full block is merged with nothing that is read later. So the same input, read without a
pause, makes the same actions in every run, and in a plan (docs/planning.md).
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from squadstack.delivery.merging import may_merge, merge

if TYPE_CHECKING:
    from collections.abc import Collection

    from squadstack.ledger.rows import LeadKey
    from squadstack.mapping.actions import LeadAction

BLOCK = 500
"""Actions that are handed on together, after the first block, while the input goes on without a pause."""

_LONGEST_PAUSE = 0.5
_LONGEST_STAY = 5.0


class Gathering:
    """The actions that were read last, in order. Not safe to use from several threads: the sender locks.

    Args:
        first: Actions of the first block: as many as the budget lets go at once, since reading is slower then.
        max_wait: Seconds after which an incomplete batch is due; nothing is held for longer.
        unmerged: Names of actions that are merged with nothing.
    """

    def __init__(self, *, first: int, max_wait: float, unmerged: Collection[str]) -> None:
        self._block = first
        self._pause = min(_LONGEST_PAUSE, max_wait)
        self._stay = min(_LONGEST_STAY, max_wait)
        self._unmerged = frozenset(unmerged)
        self._actions: list[LeadAction] = []
        self._places: dict[LeadKey, int] = {}
        self._count = 0
        self._first = self._last = 0.0

    def __len__(self) -> int:
        return self._count

    @property
    def is_complete(self) -> bool:
        """Whether it is a full block."""
        return self._count >= self._block

    def add(self, action: LeadAction, now: float) -> None:
        """Take an action in, merged into the last one on its lead if it may be."""
        if not self._count:
            self._first = now
        self._last = now
        self._count += 1
        place = self._places.get(action.lead)
        if place is not None and self._may_merge(self._actions[place], action):
            self._actions[place] = merge(self._actions[place], action)
            return
        self._places[action.lead] = len(self._actions)
        self._actions.append(action)

    def seconds_until_due(self, now: float) -> float | None:
        """How long until it must be handed on; None: there is nothing."""
        if not self._count:
            return None
        return max(0.0, min(self._last + self._pause, self._first + self._stay) - now)

    def take(self) -> list[LeadAction]:
        """Everything, in order, to be handed on."""
        actions, is_complete = self._actions, self.is_complete
        for action in actions:
            action.is_final = is_complete
        if is_complete:
            self._block = BLOCK
        self._actions, self._places, self._count = [], {}, 0
        return actions

    def _may_merge(self, last: LeadAction, action: LeadAction) -> bool:
        return last.name not in self._unmerged and action.name not in self._unmerged and may_merge(last, action)
