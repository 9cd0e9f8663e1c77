"""Which leads a stream held when it was last read: what a mirror compares a complete read with."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import sqlalchemy as sa
from sqlalchemy.dialects import postgresql, sqlite

from squadstack.ledger import schema
from squadstack.ledger.parts import AT_ONCE, in_parts
from squadstack.ledger.rows import LeadKey

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from sqlalchemy.engine import Connection

    from squadstack.ledger.database import Database
    from squadstack.ledger.digests import Digester


class Mirrors:
    """What was seen of the streams that are mirrored. The only place where lead_ids of accepted leads are kept.

    Args:
        database: Of the ledger.
        scope_id: Of the business and host.
        digest: Of the ledger.
    """

    def __init__(self, database: Database, scope_id: int, digest: Digester) -> None:
        self._database = database
        self._scope = scope_id
        self._digest = digest

    def see(self, stream: str, leads: Sequence[LeadKey], *, run_id: int) -> None:
        """Note that a mirrored stream holds these leads: they are missing from no other one either."""
        table = schema.mirrored
        insert = (sqlite.insert if self._database.is_sqlite else postgresql.insert)(table)
        seen = insert.excluded.seen_run
        latest = sa.case((table.c.seen_run > seen, table.c.seen_run), else_=seen)  # runs may overlap
        insert = insert.on_conflict_do_update(index_elements=["lead", "stream"], set_={"seen_run": latest})
        keys = [self._digest.lead(lead) for lead in leads]
        its = {"stream": stream, "scope_id": self._scope, "seen_run": run_id}
        rows = [
            {"lead": key, "campaign": lead.campaign, "lead_id": lead.lead_id, **its}
            for key, lead in zip(keys, leads, strict=True)
        ]
        with self._database.transaction() as connection:
            connection.execute(insert, rows)
        self.mark(leads, run_id=run_id)

    def mark(self, leads: Sequence[LeadKey], *, run_id: int) -> None:
        """Note that these leads are not missing from any stream, through whatever rule they were seen."""
        table = schema.mirrored
        with self._database.transaction() as connection:
            for some in in_parts([self._digest.lead(lead) for lead in leads]):
                is_older = table.c.lead.in_(some) & (table.c.seen_run < run_id)
                connection.execute(sa.update(table).where(is_older).values(seen_run=run_id))

    def count(self, stream: str, campaign: str) -> int:
        """How many leads the API has of this stream, by what we sent."""
        with self._database.transaction() as connection:
            query = self._known(stream, campaign, sa.func.count())
            return int(connection.execute(query).scalar_one())

    def missing(self, stream: str, campaign: str, *, run_id: int) -> Iterator[LeadKey]:
        """Leads that the API has of this stream, and that neither this run nor a later one has seen."""
        table = schema.mirrored
        last = b""
        while True:
            query = self._known(stream, campaign, table.c.lead, table.c.lead_id)
            query = query.where(table.c.seen_run < run_id, table.c.lead > last).order_by(table.c.lead).limit(AT_ONCE)
            with self._database.transaction() as connection:
                rows = connection.execute(query).all()
            yield from (LeadKey(campaign, row.lead_id) for row in rows)
            if len(rows) < AT_ONCE:
                return
            last = bytes(rows[-1].lead)

    def forget_deleted(self) -> None:
        """Drop what was seen of leads that are deleted: there is nothing to do about them once they are gone."""
        table = schema.mirrored
        deleted = sa.select(schema.leads.c.lead).where(
            schema.leads.c.scope_id == self._scope, schema.leads.c.is_deleted
        )
        with self._database.transaction() as connection:
            connection.execute(sa.delete(table).where(table.c.lead.in_(deleted)))

    @staticmethod
    def forget(connection: Connection, leads: Sequence[bytes]) -> None:
        """Drop what is known of leads that are deleted or disabled, by their digests."""
        table = schema.mirrored
        for some in in_parts(leads):
            connection.execute(sa.delete(table).where(table.c.lead.in_(some)))

    def _known(self, stream: str, campaign: str, *columns: Any) -> sa.Select[Any]:
        table = schema.mirrored
        joined = table.join(schema.leads, table.c.lead == schema.leads.c.lead)
        query = sa.select(*columns).select_from(joined)
        is_its = (table.c.scope_id == self._scope, table.c.stream == stream, table.c.campaign == campaign)
        return query.where(*is_its, schema.leads.c.is_known)
