"""What the rules make of some records, for people to look at: nothing is sent, and no ledger is opened."""

from __future__ import annotations

import ast
import contextlib
from collections import Counter, defaultdict
from dataclasses import dataclass, field, replace
from itertools import combinations
from typing import TYPE_CHECKING, Any

from squadstack.api.verdicts import Reason
from squadstack.delivery.outcomes import RecordCount, Summary
from squadstack.mapping.actions import LeadAction, Rejection
from squadstack.mapping.coverage import Coverage

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from squadstack.exceptions import SquadStackError
    from squadstack.mapping.mapper import Mapper
    from squadstack.mapping.rule import Candidates, Rule

_KEY = "lead_id"


@dataclass(frozen=True, slots=True)
class Outcome:
    """What one rule made of a record.

    Attributes:
        rule: The rule's label.
        action: What is done.
        campaign: Where; None: it could not be told.
        payload: What would be sent; None: it is rejected.
        reason: The reason code of a rejection.
        message: What is wrong; holds no value.
        literals: Fields whose value stands in the rule itself.
    """

    rule: str
    action: str
    campaign: str | None
    payload: Mapping[str, Any] | None = field(default=None, repr=False)
    reason: str = ""
    message: str = ""
    literals: frozenset[str] = frozenset()


@dataclass(frozen=True, slots=True)
class Explained:
    """One record: its number in the input, its stream, what the rules made of it, and which left it out."""

    number: int
    stream: str
    outcomes: list[Outcome]
    filtered_by: list[str]


@dataclass(frozen=True, slots=True)
class Collision:
    """Two rules that act on the same leads.

    Attributes:
        rules: Their labels.
        streams: Theirs, as the rules name them.
        leads: How many leads.
        fields: Fields that both of them send.
    """

    rules: tuple[str, str]
    streams: tuple[str, str]
    leads: int
    fields: list[str]


class Explainer:
    """Takes records as a delivery does.

    Args:
        mapper: The compiled rules.
        most: How many records are explained.
        lead_id: Only records of this lead are; None: the first ones.

    Attributes:
        explained: The records.
    """

    def __init__(self, mapper: Mapper, *, most: int, lead_id: str | None) -> None:
        self._mapper = mapper
        self._alone = [(rule, replace(mapper, rules=(rule,), _by_stream={})) for rule in mapper.rules]
        self._most = most
        self._lead_id = lead_id
        self._leads: defaultdict[int, int] = defaultdict(int)
        self._sent: list[set[str]] = [set() for _ in mapper.rules]
        self._names: dict[str, dict[str, None]] = {}
        self.summary = Summary()
        self._record_count = RecordCount(self.summary)
        self.coverage = Coverage(mapper.rules)
        self.explained: list[Explained] = []

    # -- as a delivery -------------------------------------------------------------------------------

    def one_record(self) -> RecordCount:
        """Count a record."""
        return self._record_count

    def take(self, stream: str, record: dict[str, Any]) -> None:
        """Look at a record, and keep it if it is to be explained."""
        self._names.setdefault(stream, {}).update(dict.fromkeys(record))
        explained = Explained(self.summary.records + 1, stream, [], [])
        is_its = self._lead_id is None
        for place, (rule, mapper) in enumerate(self._alone):
            if not rule.takes(stream):
                continue
            outcomes = [one for one in mapper.map(stream, record, None) if isinstance(one, (LeadAction, Rejection))]
            explained.outcomes.extend(_outcome(rule, one) for one in outcomes)
            if not outcomes:
                explained.filtered_by.append(rule.label)
            for one in outcomes:
                is_its = is_its or self._is_of_lead(one)
                self._note(place, one)
        if is_its and len(self.explained) < self._most:
            self.explained.append(explained)

    def skip(self) -> None:
        """A record of a stream that no rule names."""
        self.summary.records += 1

    def refuse(self, stream: str, message: str) -> None:
        """A record that is none."""
        self.summary.records += 1
        if self._lead_id is None and len(self.explained) < self._most:
            outcome = Outcome("", "", None, reason=Reason.INVALID_VALUE, message=message)
            self.explained.append(Explained(self.summary.records, stream, [outcome], []))

    def complete(self, stream: str) -> None:
        """Nothing follows from the end of a stream."""

    def checkpoint(self, state: Any) -> None:
        """No STATE is written."""

    def tick(self) -> None:
        """Nothing waits."""

    def interrupt(self) -> None:
        """What was read until then is told."""

    def retry_rejected(self) -> None:
        """Nothing is sent."""

    def end(self, failure: SquadStackError | None = None) -> None:
        """The input ended; raises why it ended early, if it did."""
        if failure:
            raise failure

    # -- what was seen -------------------------------------------------------------------------------

    def unused(self) -> dict[str, list[str]]:
        """Top-level fields of each stream that no rule uses, by its schemas and its records."""
        found: dict[str, list[str]] = {}
        for stream in self.coverage.streams:
            rules = self._mapper.rules_for(stream)
            names = dict.fromkeys(self.coverage.fields(stream)) | self._names.get(stream, {})
            used = {str(path[0]) for rule in rules for path in rule.paths() if path}
            left = [name for name in names if name not in used and not any(rule.includes(name) for rule in rules)]
            if rules and left:
                found[stream] = left
        return found

    def collisions(self) -> list[Collision]:
        """Pairs of rules of different streams that act on the same leads, and of one that send the same fields."""
        pairs: Counter[tuple[int, int]] = Counter()
        for mask in self._leads.values():
            places = [place for place in range(mask.bit_length()) if mask >> place & 1]
            pairs.update(combinations(places, 2))
        return list(self._collisions(pairs))

    def _collisions(self, pairs: Counter[tuple[int, int]]) -> Iterator[Collision]:
        for (first, second), leads in sorted(pairs.items()):
            one, other = self._mapper.rules[first], self._mapper.rules[second]
            fields = sorted(self._sent[first] & self._sent[second])
            if one.stream != other.stream or fields:
                yield Collision((one.label, other.label), (one.stream, other.stream), leads, fields)

    def _note(self, place: int, outcome: LeadAction | Rejection) -> None:
        if isinstance(outcome, LeadAction):
            self._leads[hash(outcome.lead)] |= 1 << place
            self._sent[place].update(name for name in outcome.payload if name not in {_KEY, "detail"})

    def _is_of_lead(self, outcome: LeadAction | Rejection) -> bool:
        lead_id = outcome.lead.lead_id if isinstance(outcome, LeadAction) else outcome.lead_id
        return lead_id == self._lead_id


def _outcome(rule: Rule, outcome: LeadAction | Rejection) -> Outcome:
    if isinstance(outcome, LeadAction):
        literals = frozenset(name for name, candidates in rule.fields.items() if _is_literal(candidates))
        return Outcome(rule.label, outcome.name, outcome.lead.campaign, outcome.payload, literals=literals)
    return Outcome(rule.label, rule.action, outcome.campaign, reason=outcome.reason, message=outcome.message)


def _is_literal(candidates: Candidates) -> bool:
    """Whether a field's value stands in the rule: whoever sees the rules sees it anyway."""
    with contextlib.suppress(ValueError, SyntaxError):
        return all(ast.literal_eval(candidate.text.strip()) is not None for candidate in candidates)
    return False


def masked(value: Any) -> Any:
    """What kind of value it is, without the value."""
    match value:
        case None:
            return None
        case dict():
            return {name: masked(item) for name, item in value.items()}
        case str():
            kind = "digits" if value.isdecimal() else "characters"
            return f"<{len(value)} {kind}>"
        case _:
            return "<a number>"
