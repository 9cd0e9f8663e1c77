"""Rejected actions without their values, as they go into a warehouse beside the outcomes."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import sqlalchemy as sa

from squadstack.ledger import schema
from squadstack.ledger.budget import realm_of
from squadstack.ledger.parts import AT_ONCE

if TYPE_CHECKING:
    from collections.abc import Iterator

    from squadstack.ledger.database import Database

_TABLE = schema.rejects
_TOLD = ("reject_id", "rejected_at", "campaign", "lead_id", "action", "rule", "reason", "state")


class Refusals:
    """Those of a business, whichever of SquadStack's hosts refused them.

    Args:
        database: Of the ledger.
        business: Whose they are.
        host: Of the API that is read; a host that is not SquadStack's own, such as a sandbox, stands for itself.
    """

    def __init__(self, database: Database, business: str, host: str) -> None:
        self._database = database
        self._business = business
        self._realm = realm_of(host)

    def each(self, since: float) -> Iterator[dict[str, Any]]:
        """Those that were rejected, or changed their state, from a moment on; oldest first."""
        last = 0
        while True:
            with self._database.transaction() as connection:
                scopes = connection.execute(sa.select(schema.scopes).where(schema.scopes.c.business == self._business))
                ids = [scope.scope_id for scope in scopes if realm_of(scope.host) == self._realm]
                is_new = (_TABLE.c.rejected_at >= since) | (_TABLE.c.changed_at >= since)
                query = sa.select(*(_TABLE.c[name] for name in _TOLD))
                query = query.where(_TABLE.c.scope_id.in_(ids), is_new, _TABLE.c.reject_id > last)
                rows = connection.execute(query.order_by(_TABLE.c.reject_id).limit(AT_ONCE)).mappings().all()
            yield from ({**row, "business": self._business} for row in rows)
            if len(rows) < AT_ONCE:
                return
            last = rows[-1]["reject_id"]
