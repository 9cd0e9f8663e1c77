"""Actions of which a run sends only so many: held to the end, and sent only if all of them fit."""

from __future__ import annotations

from collections import Counter
from typing import TYPE_CHECKING

from squadstack.api.verdicts import ActionName

if TYPE_CHECKING:
    from collections.abc import Mapping

    from squadstack.ledger.rows import LeadKey
    from squadstack.mapping.actions import LeadAction

_SAY_ENOUGH = frozenset({ActionName.DISABLE, ActionName.DELETE})
"""Actions that say all by their name and their lead."""


class Limited:
    """The limited kinds of a run: how many actions there are of each, and which heads are held.

    Args:
        limits: The most actions of a kind, by its name.
    """

    def __init__(self, limits: Mapping[str, int]) -> None:
        self._limits = dict(limits)
        self._counts: Counter[str] = Counter()
        self._held: dict[LeadKey, LeadAction] = {}

    def __contains__(self, name: str) -> bool:
        return name in self._limits

    def __len__(self) -> int:
        return len(self._held)

    def count(self, name: ActionName) -> bool:
        """Count one more, and tell whether they are so many that none of the kind will be sent."""
        self._counts[name] += 1
        return self._counts[name] > self._limits.get(name, self._counts[name])

    def hold(self, head: LeadAction) -> None:
        """Hold a head, and with it all that waits behind it."""
        self._held[head.lead] = head

    def holds(self, lead: LeadKey) -> bool:
        """Whether the head of this lead is held."""
        return lead in self._held

    @property
    def telling(self) -> list[LeadAction]:
        """Held heads of which it can be told whether they would change anything, without their content."""
        return [head for head in self._held.values() if head.name in _SAY_ENOUGH]

    def let_go(self, head: LeadAction) -> None:
        """A held head need not be sent after all: it counts no more."""
        del self._held[head.lead]
        self._counts[head.name] -= 1

    @property
    def excess(self) -> dict[str, int]:
        """The kinds of which there are more actions than their limit allows, with how many there are."""
        return {name: self._counts[name] for name, most in self._limits.items() if self._counts[name] > most}

    def release(self) -> list[LeadAction]:
        """Lift the limits, and return the heads that were held."""
        heads = list(self._held.values())
        self._limits, self._held = {}, {}
        return heads
