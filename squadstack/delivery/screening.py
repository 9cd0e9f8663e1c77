"""Heads about which the ledger is asked before they are sent: unchanged, deleted or incomplete ones need no call."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from squadstack.ledger.rows import LeadKey
    from squadstack.mapping.actions import LeadAction


class Screening:
    """Those that wait for the question, and those about which it was asked."""

    def __init__(self) -> None:
        self._waiting: dict[LeadKey, tuple[LeadAction, float]] = {}
        self._claimed: dict[LeadKey, float] = {}

    def __len__(self) -> int:
        return len(self._waiting)

    @property
    def heads(self) -> list[LeadAction]:
        """Those that wait."""
        return [head for head, _ in self._waiting.values()]

    @property
    def since(self) -> float:
        """Since when the first of them waits."""
        return next(iter(self._waiting.values()))[1]

    @property
    def is_asking(self) -> bool:
        """Whether heads are claimed of which it is not known yet whether they are sent."""
        return bool(self._claimed)

    def add(self, head: LeadAction, since: float) -> None:
        """Let a head wait."""
        self._waiting[head.lead] = (head, since)

    def drop(self, lead: LeadKey, otherwise: float) -> float:
        """Take a lead out, and return since when it waited, or else this."""
        return self._waiting.pop(lead, (None, otherwise))[1]

    def claim(self, head: LeadAction) -> bool:
        """Take out a head that was asked about; False: it is another by now, merged meanwhile."""
        waiting, since = self._waiting.get(head.lead, (None, 0.0))
        if waiting is not head:
            return False
        del self._waiting[head.lead]
        self._claimed[head.lead] = since
        return True

    def end_claim(self, lead: LeadKey) -> float | None:
        """What was claimed is sent or settled; returns since when it waited, None if it was not claimed."""
        return self._claimed.pop(lead, None)
