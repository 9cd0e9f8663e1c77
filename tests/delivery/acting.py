"""Actions on invented leads, as the mapping makes them."""

from __future__ import annotations

from typing import Any

from squadstack.api.verdicts import ActionName
from squadstack.ledger.rows import LeadKey
from squadstack.mapping.actions import LeadAction, Source

CREATE, UPDATE, UPSERT, CONVERT, DISABLE, DELETE = ActionName


def act(
    lead_id: str = "a",
    name: ActionName = UPSERT,
    *,
    campaign: str = "main",
    ticket: Any = None,
    incomplete: tuple[str, ...] = (),
    **fields: Any,
) -> LeadAction:
    """Make an action; whatever is told further are fields of its payload, and its record."""
    payload = {"lead_id": lead_id, **fields}
    return LeadAction(
        name, LeadKey(campaign, lead_id), payload, Source("contacts", 1, dict(payload), ticket), incomplete=incomplete
    )
