"""A batch, sorted by the verdicts on its leads. Pure."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, assert_never

from squadstack.api.verdicts import Accepted, ActionName, CreateInstead, Denied, Later, Reason, Refused, Verdict

if TYPE_CHECKING:
    from squadstack.mapping.actions import LeadAction

_OF_A_VALUE = frozenset(
    {Reason.MISSING_FIELD, Reason.INVALID_PHONE, Reason.INVALID_VALUE, Reason.CONFLICT, Reason.OTHER}
)


@dataclass(slots=True)
class Judged:
    """A batch, sorted by what was said of its leads.

    Attributes:
        accepted: With whether the lead was absent.
        rejected: Heads that are refused for good.
        apart: Merged heads whose parts are sent one by one.
        instead: Upserts whose leads are not there: they are sent as creates.
        later: Heads that are sent again, because of `sentence`.
        untouched: Heads with whose leads certainly nothing was done, though they are not settled.
        denied: The sentence that stops the run, if a row refused the caller.
    """

    accepted: list[tuple[LeadAction, bool]] = field(default_factory=list)
    rejected: list[tuple[LeadAction, Refused]] = field(default_factory=list)
    apart: list[LeadAction] = field(default_factory=list)
    instead: list[LeadAction] = field(default_factory=list)
    later: list[LeadAction] = field(default_factory=list)
    untouched: list[LeadAction] = field(default_factory=list)
    sentence: str = ""
    denied: str = ""

    def sort(self, action: LeadAction, verdict: Verdict) -> None:
        """Put an action where its verdict belongs."""
        match verdict:
            case Accepted():
                self.accepted.append((action, verdict.absent))
            case Refused() if action.parts and _may_come_apart(action, verdict):
                self.apart.append(action)
            case Refused():
                self.rejected.append((action, verdict))
            case CreateInstead():
                self.instead.append(action)
            case Later():
                self.later.append(action)
                self.sentence = verdict.sentence
                if verdict.did_nothing:
                    self.untouched.append(action)
            case Denied():
                self.untouched.append(action)
                self.denied = verdict.sentence
            case _:
                assert_never(verdict)


def _may_come_apart(action: LeadAction, refused: Refused) -> bool:
    """Whether a part may succeed where the whole was refused: one value may be bad, a deletion another thing."""
    return refused.reason in _OF_A_VALUE or action.name is ActionName.DELETE
