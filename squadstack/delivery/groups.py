"""Leads whose next action may be sent, by campaign and action: what makes full batches."""

from __future__ import annotations

from collections import OrderedDict
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterator

    from squadstack.api.verdicts import ActionName
    from squadstack.delivery.batch import Kind
    from squadstack.ledger.rows import LeadKey


class Groups:
    """The groups, each in the order in which its leads have waited; none is empty.

    Args:
        batch_size: The most leads of a batch.
        max_wait: Seconds after which an incomplete batch is due.
        one_by_one: Actions whose batches hold one lead.
    """

    def __init__(self, *, batch_size: int, max_wait: float, one_by_one: frozenset[ActionName]) -> None:
        self._batch_size = batch_size
        self._max_wait = max_wait
        self._one_by_one = one_by_one
        self._telling_sizes = frozenset({1, batch_size})
        self._groups: dict[Kind, OrderedDict[LeadKey, float]] = {}

    def __len__(self) -> int:
        return len(self._groups)

    @property
    def full_batches(self) -> int:
        """How many full batches there are."""
        return sum(len(group) // self.most(kind, self._batch_size) for kind, group in self._groups.items())

    def most(self, kind: Kind, size: int) -> int:
        """The most leads of a batch of this kind, where others hold so many."""
        return 1 if kind[1] in self._one_by_one else size

    def add(self, lead: LeadKey, name: ActionName, since: float) -> bool:
        """Put a lead in, and tell whether its group came up or is full by that."""
        group = self._groups.setdefault((lead.campaign, name), OrderedDict())
        group[lead] = since
        if next(iter(group.values())) > since:
            group.move_to_end(lead, last=False)
        return len(group) in self._telling_sizes

    def remove(self, lead: LeadKey, name: ActionName, otherwise: float) -> float:
        """Take a lead out, and return since when it waited, or else this."""
        group = self._groups.get((lead.campaign, name), OrderedDict())
        since = group.pop(lead, otherwise)
        if not group:
            self._groups.pop((lead.campaign, name), None)
        return since

    def take(self, kind: Kind, most: int) -> Iterator[LeadKey]:
        """Take out at most so many leads of one group, those first that have waited longest."""
        group = self._groups.get(kind, OrderedDict())
        for _ in range(min(most, len(group))):
            yield group.popitem(last=False)[0]
        if not group:
            self._groups.pop(kind, None)

    def seconds_until_due(self, now: float) -> float | None:
        """How long until a batch is full or has waited enough; None: there is nothing."""
        if any(len(group) >= self.most(kind, self._batch_size) for kind, group in self._groups.items()):
            return 0.0
        return min((max(0.0, self._since(kind) + self._max_wait - now) for kind in self._groups), default=None)

    def choose(self, size: int, now: float, *, rest: bool) -> Kind | None:
        """The oldest group that waited enough, else the oldest full one, else, if the rest must go, the largest."""
        waited = [kind for kind in self._groups if self._since(kind) + self._max_wait <= now]
        full = [kind for kind, group in self._groups.items() if len(group) >= self.most(kind, size)]
        if waited or full:
            return min(waited or full, key=self._since)
        return max(self._groups, key=lambda kind: len(self._groups[kind]), default=None) if rest else None

    def _since(self, kind: Kind) -> float:
        return next(iter(self._groups[kind].values()))
