"""What an action makes of one lead. Pure: the lead before → a verdict and the lead after."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from enum import StrEnum
from types import MappingProxyType
from typing import TYPE_CHECKING, Final, TypeAlias

from squadstack.sandbox.actions import Action, Kind, Row, Verdict
from squadstack.sandbox.fields import NEW_LEAD, missing_of

if TYPE_CHECKING:
    from squadstack.sandbox.results import Result


class State(StrEnum):
    """Where a lead stands in its journey."""

    ACTIVE = "active"
    JUDGED = "judged"
    CONVERTED = "converted"
    DISABLED = "disabled"
    DELETED = "deleted"


@dataclass(frozen=True, slots=True)
class Lead:
    """One lead of a campaign.

    Attributes:
        state: Where it stands. A deleted lead leaves nothing but this and its history.
        fields: What is known about it, besides its lead_id.
        detail: What its conversion said.
        history: The accepted actions, oldest first.
        created_at: When it came, in seconds since 1970; 0 once it is deleted.
        since: When it came into its state, or was processed again, in seconds since 1970.
        result: What came of processing it, the last time; None if it never was.
    """

    state: State = State.ACTIVE
    fields: Row = field(default_factory=dict)
    detail: object = None
    history: tuple[Action, ...] = ()
    created_at: float = 0
    since: float = 0
    result: Result | None = None


@dataclass(frozen=True, slots=True)
class Case:
    """One action on one lead, to be decided.

    Attributes:
        before: The lead as the campaign knows it; None if it never heard of it.
        row: The lead as the call carries it, its fields well formed.
        refuses_unjudged: Whether the campaign answers "Unjudged leads cannot be re-activated" to
            create, update and upsert of an active lead.
        now: Seconds since 1970.
    """

    before: Lead | None
    row: Row
    refuses_unjudged: bool = False
    now: float = 0

    @property
    def lead(self) -> Lead | None:
        """The lead, if the campaign still holds it."""
        gone = self.before is None or self.before.state is State.DELETED
        return None if gone else self.before


@dataclass(frozen=True, slots=True)
class Decision:
    """A verdict, and the lead as it is from now on: None unless accepted."""

    verdict: Verdict
    after: Lead | None = None


_Decide: TypeAlias = Callable[[Case], Decision]


def decide(action: Action, case: Case) -> Decision:
    """Judge an action on one lead and keep account of it in the lead's history."""
    decision = _DECISIONS[action](case)
    if decision.after is None:
        return decision
    earlier = case.before.history if case.before else ()
    since = _since(case, decision.after)
    return replace(decision, after=replace(decision.after, history=(*earlier, action), since=since))


def process(lead: Lead, result: Result) -> Lead:
    """End the journey of an active lead ("Disposition updates", Judgement), or process a judged one again."""
    return replace(lead, state=State.JUDGED, since=result.processed_at, result=result)


def _since(case: Case, after: Lead) -> float:
    if case.before is not None and case.before.state is after.state:
        return case.before.since
    return case.now


def _accept(after: Lead) -> Decision:
    return Decision(Verdict(Kind.ACCEPTED), after)


def _refuse(kind: Kind) -> Decision:
    return Decision(Verdict(kind))


def _create(case: Case) -> Decision:
    """See "Create a Lead": makes a new lead, or re-activates a judged one."""
    if case.lead is None:
        return _accept(_new(case))
    if case.lead.state is State.JUDGED:
        return _accept(_amended(case.lead, case.row))
    if case.lead.state is State.ACTIVE and case.refuses_unjudged:
        return _refuse(Kind.UNJUDGED)
    return _refuse(Kind.DUPLICATE)


def _update(case: Case) -> Decision:
    """See "Update a Lead": only one that the campaign holds."""
    return _refuse(Kind.UNKNOWN) if case.lead is None else _amend(case.lead, case)


def _upsert(case: Case) -> Decision:
    """See "Upsert a Lead": phone_number and contact_name are mandatory for the first request."""
    if case.lead is not None:
        return _amend(case.lead, case)
    if missing := missing_of(case.row, NEW_LEAD):
        return Decision(Verdict(Kind.INVALID_FIELDS, errors=missing))
    return _accept(_new(case))


def _convert(case: Case) -> Decision:
    """See "Convert a Lead": once."""
    if case.lead is None:
        return _refuse(Kind.UNKNOWN)
    if case.lead.state is State.CONVERTED:
        return _refuse(Kind.ALREADY_CONVERTED)
    return _accept(replace(case.lead, state=State.CONVERTED, detail=case.row["detail"]))


def _disable(case: Case) -> Decision:
    """See "Disable a Lead": as often as one likes. A converted lead stays converted: it is not touched."""
    if case.lead is None:
        return _refuse(Kind.UNKNOWN)
    state = State.CONVERTED if case.lead.state is State.CONVERTED else State.DISABLED
    return _accept(replace(case.lead, state=state))


def _delete(case: Case) -> Decision:
    """See "Delete a Lead": purges all information of it."""
    if case.lead is None:
        return _refuse(Kind.UNKNOWN if case.before is None else Kind.DELETED)
    return _accept(Lead(state=State.DELETED))


def _amend(lead: Lead, case: Case) -> Decision:
    if lead.state is State.CONVERTED:
        return _refuse(Kind.CONVERTED)
    if lead.state is State.ACTIVE and case.refuses_unjudged:
        return _refuse(Kind.UNJUDGED)
    return _accept(_amended(lead, case.row))


def _new(case: Case) -> Lead:
    return Lead(fields=_without_id(case.row), created_at=case.now)


def _amended(lead: Lead, row: Row) -> Lead:
    """Merge the fields in; a judged lead is re-activated, a disabled one stays disabled."""
    state = State.ACTIVE if lead.state is State.JUDGED else lead.state
    return replace(lead, state=state, fields=lead.fields | _without_id(row))


def _without_id(row: Row) -> Row:
    return {name: value for name, value in row.items() if name != "lead_id"}


_DECISIONS: Final[Mapping[Action, _Decide]] = MappingProxyType(
    {
        Action.CREATE: _create,
        Action.UPDATE: _update,
        Action.UPSERT: _upsert,
        Action.CONVERT: _convert,
        Action.DISABLE: _disable,
        Action.DELETE: _delete,
    }
)
