"""Actions and rejections as the ledger is told of them. Pure."""

from __future__ import annotations

from typing import TYPE_CHECKING

from squadstack.ledger.rows import Again, Reject
from squadstack.mapping.actions import LeadAction, Rejection

if TYPE_CHECKING:
    from collections.abc import Iterable

    from squadstack.api.verdicts import Refused


def parts_of(action: LeadAction) -> tuple[LeadAction, ...]:
    """What an action was merged from; itself, if it was not."""
    return action.parts or (action,)


def read_at(action: LeadAction) -> float:
    """When the newest record was read that an action speaks for."""
    return max(part.source.read_at for part in action.parts) if action.parts else action.source.read_at


def again(state: str, actions: Iterable[LeadAction | Rejection]) -> list[Again]:
    """What becomes of the rejects that are sent again among these."""
    parts = (part for action in actions for part in (parts_of(action) if isinstance(action, LeadAction) else (action,)))
    return [Again(part.source.reject_id, state) for part in parts if part.source.reject_id is not None]


def rejection_of(action: LeadAction, refused: Refused) -> Rejection:
    """The rejection of an action that is refused."""
    return Rejection(
        refused.reason, refused.message, action.source, action.name, action.lead.campaign, action.lead.lead_id
    )


def reject_of(rejection: Rejection) -> Reject:
    """A rejection as it is kept."""
    return Reject(
        stream=rejection.source.stream,
        rule=rejection.source.rule,
        campaign=rejection.campaign,
        lead_id=rejection.lead_id,
        action=rejection.action,
        reason=rejection.reason,
        message=rejection.message,
        record=rejection.source.record,
        read_at=rejection.source.read_at,
    )
