"""What may be merged while it waits, and how (docs/delivery.md). Pure."""

from __future__ import annotations

from squadstack.api.verdicts import ActionName
from squadstack.mapping.actions import LeadAction, Source

_FIELDS = frozenset({ActionName.UPDATE, ActionName.UPSERT})


def without_content(action: LeadAction) -> LeadAction:
    """An action without what it would send, kept for its place in the order."""
    source = action.source
    return LeadAction(action.name, action.lead, {}, Source(source.stream, source.rule, {}, source.ticket))


def may_merge(last: LeadAction, action: LeadAction) -> bool:
    """Upsert and update take in an update, upsert an upsert, and both a delete; all else is a barrier."""
    if last.alone or last.name not in _FIELDS:
        return False
    return action.name in {ActionName.UPDATE, ActionName.DELETE} or (last.name, action.name) == (
        ActionName.UPSERT,
        ActionName.UPSERT,
    )


def merge(last: LeadAction, action: LeadAction) -> LeadAction:
    """One action that does what the two do, in order; it remembers its parts."""
    parts = (*(last.parts or (last,)), action)
    if action.name is ActionName.DELETE:
        return LeadAction(action.name, action.lead, action.payload, action.source, parts=parts)
    payload = {**last.payload, **action.payload}
    incomplete = tuple(name for name in last.incomplete if payload.get(name) is None)
    return LeadAction(last.name, action.lead, payload, action.source, parts=parts, incomplete=incomplete)
