"""Erase one person from the ledger: all but the digest of the lead's id, as a deletion that SquadStack accepts does."""

from __future__ import annotations

from typing import TYPE_CHECKING

import sqlalchemy as sa

from squadstack.ledger import schema
from squadstack.ledger.rejects import storable
from squadstack.ledger.rows import LeadKey

if TYPE_CHECKING:
    from sqlalchemy.engine import Connection

    from squadstack.ledger.digests import Digester

_NOTHING = {"accepted": None, "doubt_action": None, "doubt_payload": None, "doubt_since": None}


def forget_lead(connection: Connection, scope_id: int, digest: Digester, lead_id: str) -> None:
    """Drop what was sent for a lead, in every campaign, and where it was seen."""
    leads, mirrored = schema.leads, schema.mirrored
    campaigns = connection.execute(sa.select(leads.c.campaign).where(leads.c.scope_id == scope_id).distinct())
    keys = [digest.lead(LeadKey(campaign, lead_id)) for campaign in campaigns.scalars()]
    connection.execute(sa.update(leads).where(leads.c.lead.in_(keys)).values(_NOTHING))
    is_its = (mirrored.c.scope_id == scope_id) & (mirrored.c.lead_id == storable(lead_id))
    connection.execute(sa.delete(mirrored).where(is_its))
