"""What a plan says: for each rule what would become of its actions, the calls it takes, and how long they take."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from squadstack.delivery.tally import RuleCount

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

    from squadstack.delivery.batch import Kind
    from squadstack.delivery.tally import Key, Tally
    from squadstack.mapping.rule import Rule
    from squadstack.settings.rate_limit import RateLimit


@dataclass(frozen=True, slots=True)
class RulePlan:
    """One rule, or the records of a mirrored stream that are gone, or those that no rule could read."""

    rule: int
    label: str
    stream: str
    action: str
    campaigns: Sequence[str]
    count: RuleCount

    def as_dict(self) -> dict[str, Any]:
        """As it is told in JSON."""
        place = {"rule": self.rule, "stream": self.stream, "action": self.action, "campaigns": list(self.campaigns)}
        return {**place, **self.count.as_dict()}

    def sentence(self) -> str:
        """As it is told to people."""
        count = self.count
        reasons = ", ".join(f"{reason} {number}" for reason, number in sorted(count.rejected.items()))
        rejected = f"{count.rejected.total()} rejected" + (f" ({reasons})" if reasons else "")
        merged = f", {count.coalesced} merged into later ones" if count.coalesced else ""
        return (
            f"{self.label}: {count.read} read, {count.filtered} filtered, {rejected}, "
            f"{count.unchanged} unchanged{merged}, {count.to_send} to send"
        )


@dataclass(frozen=True, slots=True)
class Plan:
    """What a run would do that began now.

    Attributes:
        rules: In the user's order.
        calls: How many calls of each campaign and action are needed.
        limit: The business's.
        seconds: From the first moment to the start of the last call.
        used_by_others: Calls of other runs that still count against the limit.
    """

    rules: Sequence[RulePlan]
    calls: Mapping[Kind, int]
    limit: RateLimit
    seconds: float
    used_by_others: int

    @classmethod
    def of(cls, rules: Sequence[Rule], tally: Tally, limit: RateLimit, *, seconds: float, used_by_others: int) -> Plan:
        """What was counted, in the order of the rules."""
        counts = tally.counts()
        told = [
            RulePlan(rule.number, _label(rule), rule.stream, rule.action, rule.campaigns, _pop(counts, rule))
            for rule in rules
        ]
        for (number, action, stream), count in counts.items():
            what = f"Rule {number}: {action} of leads that are gone from" if action else "Records that are none, of"
            told.append(RulePlan(number, f"{what} stream '{stream}'", stream, action or "", (), count))
        return cls(told, dict(tally.calls), limit, seconds, used_by_others)

    @property
    def minutes(self) -> float:
        """How long it takes at the limit."""
        return self.seconds / 60

    def as_dict(self) -> dict[str, Any]:
        """As it is told in JSON."""
        return {
            "rules": [rule.as_dict() for rule in self.rules],
            "to_send": sum(rule.count.to_send for rule in self.rules),
            "calls": sum(self.calls.values()),
            "calls_of": [
                {"campaign": campaign, "action": str(action), "calls": number}
                for (campaign, action), number in self.calls.items()
            ],
            "minutes": round(self.minutes, 4),
            "budget": {
                "calls": self.limit.calls,
                "records": self.limit.records,
                "period_seconds": self.limit.period_seconds,
                "reserve": self.limit.reserve,
                "used_by_others": self.used_by_others,
            },
        }

    def sentences(self) -> Iterator[str]:
        """As it is told to people."""
        yield from (rule.sentence() for rule in self.rules)
        calls = sum(self.calls.values())
        leads = sum(rule.count.to_send for rule in self.rules)
        yield f"To send: {leads} actions in {calls} calls, {self.minutes:.1f} minutes at the limit."
        if self.limit.calls is not None or self.limit.records is not None:
            most = f"{self.limit.own_calls} calls" if self.limit.calls is not None else f"{self.limit.records} leads"
            period = f"{self.limit.period_seconds:g} s"
            yield f"The limit: {most} in {period}; others have used {self.used_by_others} calls of the last period."


def _pop(counts: dict[Key, RuleCount], rule: Rule) -> RuleCount:
    """The figures of a rule, of all streams that it takes."""
    total = RuleCount()
    for key in list(counts):
        if key[:2] == (rule.number, rule.action) and rule.takes(key[2]):
            total.add(counts.pop(key))
    return total


def _label(rule: Rule) -> str:
    name = f"Rule {rule.label}" if rule.number else "Without mappings"
    return f"{name}: {rule.action} of stream '{rule.stream}'"
