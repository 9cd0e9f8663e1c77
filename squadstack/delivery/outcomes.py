"""What became of the actions of a run: the summary's books, and the brake on too many rejects."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, field
from typing import Any

from squadstack.api.verdicts import ActionName, Reason

_HARMLESS = frozenset({Reason.LEAD_ACTIVE, Reason.LEAD_CONVERTED, Reason.LEAD_DELETED, Reason.ALREADY_EXISTS})
_HARMLESS_IF_UNKNOWN = frozenset({ActionName.CONVERT, ActionName.DISABLE})

JUDGED_FROM = 200
"""Settled actions from which on a run is stopped for its share of rejects."""

JUDGED_FROM_AT_END = 20
"""Settled actions from which on it is judged at its end."""


@dataclass(slots=True)
class Summary:
    """The books of a run (docs/delivery.md). Every action is in exactly one fate."""

    records: int = 0
    filtered: int = 0
    actions: int = 0
    accepted: int = 0
    unchanged: int = 0
    coalesced: int = 0
    rejected: int = 0
    planned: int = 0
    undelivered: int = 0
    calls: int = 0
    retried: int = 0
    throttled: int = 0
    absent: int = 0
    seconds: float = 0.0
    by_action: Counter[str] = field(default_factory=Counter)
    by_reason: Counter[str] = field(default_factory=Counter)
    harmless: int = 0

    def accept(self, action: ActionName, *, merged: int, absent: bool) -> None:
        """Count an accepted action, and those that were merged into it."""
        self.accepted += 1
        self.coalesced += merged
        self.absent += absent
        self.by_action[action] += 1

    def leave(self, *, merged: int) -> None:
        """Count an action that need not be sent, and those that were merged into it."""
        self.unchanged += 1
        self.coalesced += merged

    def reject(self, reason: Reason, action: ActionName | None, *, again: bool = False) -> None:
        """Count a rejected action; one that was rejected before tells nothing new of the input."""
        self.rejected += 1
        self.by_reason[reason] += 1
        unknown = reason is Reason.UNKNOWN_LEAD and action in _HARMLESS_IF_UNKNOWN
        self.harmless += again or unknown or reason in _HARMLESS

    @property
    def settled(self) -> int:
        """Actions with a fate that will not change."""
        return self.accepted + self.unchanged + self.coalesced + self.rejected + self.planned

    @property
    def balances(self) -> bool:
        """Whether every action has exactly one fate."""
        return self.actions == self.settled + self.undelivered

    def has_too_many_rejects(self, percent: float, *, at_end: bool) -> bool:
        """Whether the share of rejects that tell of something wrong is above the setting.

        On the way, what still waits counts as if it will be accepted: the mapping rejects long before the API
        accepts.
        """
        if self.settled < (JUDGED_FROM_AT_END if at_end else JUDGED_FROM):
            return False
        telling = self.rejected - self.harmless
        waiting = 0 if at_end else max(0, self.actions - self.settled)
        return 100 * telling > percent * (self.accepted + self.unchanged + telling + waiting)

    def as_dict(self) -> dict[str, Any]:
        """The summary as it is logged and written."""
        names = (
            "records filtered actions accepted unchanged coalesced rejected planned undelivered "
            "calls retried throttled absent"
        )
        return {
            **{name: getattr(self, name) for name in names.split()},
            "seconds": round(self.seconds, 3),
            "by_action": dict(sorted(self.by_action.items())),
            "by_reason": dict(sorted(self.by_reason.items())),
        }


class RecordCount:
    """Counts what happens in its block as one record, filtered if no action comes of it; none, if it fails.

    A generator would cost more than all that it counts.
    """

    def __init__(self, summary: Summary) -> None:
        self._summary = summary
        self._actions = 0

    def __enter__(self) -> None:
        self._actions = self._summary.actions

    def __exit__(self, kind: type[BaseException] | None, *_: object) -> None:
        if kind is None:
            self._summary.records += 1
            self._summary.filtered += self._summary.actions == self._actions
