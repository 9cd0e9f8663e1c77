"""What may be merged while it waits, and how (docs/delivery.md). Pure."""

from __future__ import annotations

from dataclasses import replace

from squadstack.api.verdicts import ActionName
from squadstack.mapping.actions import LeadAction

_FIELDS = frozenset({ActionName.UPDATE, ActionName.UPSERT})


def without_content(action: LeadAction) -> LeadAction:
    """An action without what it would send but its lead, kept for its place in the order."""
    lead_id = action.lead.lead_id
    source = replace(action.source, record={"lead_id": lead_id})
    return LeadAction(action.name, action.lead, {"lead_id": lead_id}, source, is_gone=action.is_gone)


def may_merge(last: LeadAction, action: LeadAction) -> bool:
    """Upsert and update take in an update, upsert an upsert, and both a delete; all else is a barrier."""
    if last.alone or last.is_final or last.name not in _FIELDS:
        return False
    first = action.parts[0].name if action.parts else action.name
    return first in {ActionName.UPDATE, ActionName.DELETE} or last.name is first is ActionName.UPSERT


def merge(last: LeadAction, action: LeadAction) -> LeadAction:
    """One action that does what the two do, in order; it remembers its parts."""
    parts = (*(last.parts or (last,)), *(action.parts or (action,)))
    if action.name is ActionName.DELETE:
        return LeadAction(action.name, action.lead, action.payload, action.source, parts=parts)
    payload = {**last.payload, **action.payload}
    incomplete = tuple(name for name in last.incomplete if payload.get(name) is None)
    return LeadAction(last.name, action.lead, payload, action.source, parts=parts, incomplete=incomplete)
