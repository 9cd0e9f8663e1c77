"""What a plan says of each rule: what it read, and what would become of its actions."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, TypeAlias

from squadstack.delivery.entries import parts_of
from squadstack.delivery.outcomes import Summary
from squadstack.delivery.settlement import Settlement
from squadstack.mapping.actions import Filtered, LeadAction, Rejection
from squadstack.mapping.mapper import Mapper

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from squadstack.api.verdicts import ActionName, Reason, Refused, Verdict
    from squadstack.delivery.batch import Batch, Kind
    from squadstack.delivery.batching import Backlog
    from squadstack.delivery.judged import Judged
    from squadstack.exceptions import TooManyRejectsError
    from squadstack.mapping.actions import Source
    from squadstack.mapping.rule import Rule

Key: TypeAlias = "tuple[int, ActionName | None, str]"
"""What a rule does with a stream, by its number and action: the rules of a preset share a number."""


_FIGURES = ("read", "filtered", "unchanged", "coalesced", "to_send")


@dataclass(slots=True)
class RuleCount:
    """The figures of one rule. Each of its actions is in exactly one of those that follow `filtered`."""

    read: int = 0
    filtered: int = 0
    unchanged: int = 0
    coalesced: int = 0
    to_send: int = 0
    rejected: Counter[str] = field(default_factory=Counter)

    def add(self, other: RuleCount) -> None:
        """Take in the figures of another stream."""
        for name in _FIGURES:
            setattr(self, name, getattr(self, name) + getattr(other, name))
        self.rejected += other.rejected

    def as_dict(self) -> dict[str, Any]:
        """The figures as they are told."""
        return {**{name: getattr(self, name) for name in _FIGURES}, "rejected": dict(sorted(self.rejected.items()))}


class Tally:
    """The figures of all rules.

    Attributes:
        calls: How many calls of each campaign and action are needed.
    """

    def __init__(self) -> None:
        self._counts: dict[Key, RuleCount] = {}
        self.calls: Counter[Kind] = Counter()

    def of(self, key: Key) -> RuleCount:
        """The figures of a rule."""
        return self._counts.setdefault(key, RuleCount())

    def read(self, stream: str, rules: Sequence[Rule], acting: set[Key]) -> None:
        """Count a record that these rules read, of which some made an action or a rejection."""
        for key in {(rule.number, rule.action, stream) for rule in rules}:
            count = self.of(key)
            count.read += 1
            count.filtered += key not in acting

    def reject(self, source: Source, action: ActionName | None, reason: Reason) -> None:
        """Count a rejected action."""
        self.of((source.rule, action, source.stream)).rejected[reason] += 1

    def send(self, head: LeadAction) -> None:
        """Count what would be sent; what was merged into it is not, but by it."""
        self.of(_key(self._merged(head))).to_send += 1

    def leave(self, head: LeadAction) -> None:
        """Count what would not be sent."""
        self.of(_key(self._merged(head))).unchanged += 1

    def _merged(self, head: LeadAction) -> LeadAction:
        *earlier, last = parts_of(head)
        for part in earlier:
            self.of(_key(part)).coalesced += 1
        return last

    def counts(self) -> dict[Key, RuleCount]:
        """All figures, by rule."""
        return dict(self._counts)


def _key(action: LeadAction) -> Key:
    return (action.source.rule, action.name, action.source.stream)


@dataclass(frozen=True, slots=True)
class CountingMapper(Mapper):
    """A mapper that counts what each rule reads and filters."""

    tally: Tally = field(default_factory=Tally)

    @classmethod
    def of(cls, mapper: Mapper, tally: Tally) -> CountingMapper:
        """The same rules, counted."""
        return cls(mapper.rules, mapper.phones, mapper.send_nulls, mapper.config, tally=tally)

    def map(self, stream: str, record: dict[str, Any], ticket: Any) -> Iterator[LeadAction | Rejection | Filtered]:
        """As the mapper's."""
        acting: set[Key] = set()
        for outcome in Mapper.map(self, stream, record, ticket):
            if isinstance(outcome, LeadAction):
                acting.add(_key(outcome))
            elif isinstance(outcome, Rejection):
                acting.add((outcome.source.rule, outcome.action, stream))
            yield outcome
        self.tally.read(stream, self.rules_for(stream), acting)


class PlannedSummary(Summary):
    """The books of a run that calls nothing: what a run would have accepted is planned."""

    __slots__ = ()

    def accept(self, action: ActionName, *, merged: int, absent: bool) -> None:  # noqa: ARG002 - that only an answer tells
        """Count an action that would be sent, and those that were merged into it."""
        self.planned += 1
        self.coalesced += merged


class PlannedSettlement(Settlement):
    """Settles as a run does, into a copy of the ledger, and counts by rule. Only the end tells of too many rejects."""

    tally: Tally

    def reject(self, rejections: Sequence[Rejection]) -> None:
        """As a run does."""
        for rejection in rejections:
            self.tally.reject(rejection.source, rejection.action, rejection.reason)
        super().reject(rejections)

    def write(self, batch: Batch, mark: float, verdicts: Sequence[Verdict]) -> Judged:
        """As a run does."""
        self.tally.calls[batch.kind] += 1
        for action in batch.actions:
            self.tally.send(action)
        return super().write(batch, mark, verdicts)

    def leave(self, backlog: Backlog, heads: Sequence[LeadAction], now: float) -> None:
        """As a run does."""
        for head in heads:
            self.tally.leave(head)
        super().leave(backlog, heads, now)

    def refuse(self, backlog: Backlog, action: LeadAction, refused: Refused, now: float) -> None:
        """As a run does."""
        for part in parts_of(action):
            self.tally.reject(part.source, part.name, refused.reason)
        super().refuse(backlog, action, refused, now)

    def too_many_rejects(self, *, at_end: bool) -> TooManyRejectsError | None:
        """The failure that would end a run, once everything was looked at."""
        return super().too_many_rejects(at_end=at_end) if at_end else None
