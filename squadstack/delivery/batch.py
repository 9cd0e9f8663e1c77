"""A batch: actions that make one call."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, TypeAlias

from squadstack.api.verdicts import ActionName

if TYPE_CHECKING:
    from squadstack.mapping.actions import LeadAction

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
