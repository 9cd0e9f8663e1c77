"""Rejected actions: kept, read in pages, settled when they were sent again, erased."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING, Any

import sqlalchemy as sa

from squadstack.ledger import schema
from squadstack.ledger.parts import AT_ONCE, in_parts
from squadstack.ledger.rows import Again, KeptReject, LeadKey, Selection
from squadstack.ledger.sealing import Seal, is_sealed

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping, Sequence

    from sqlalchemy.engine import Connection

    from squadstack.ledger.database import Database
    from squadstack.ledger.rows import Reject
    from squadstack.ledger.statements import RowsStatement

_ALL = Selection(states=())
_TABLE = schema.rejects
_READ_AT = sa.func.coalesce(_TABLE.c.read_at, _TABLE.c.rejected_at)
_IS_OPEN = _TABLE.c.state == "open"


class Rejects:
    """Those of one business at one host.

    Args:
        database: Of the ledger.
        scope_id: Of the business and host.
        insert: Keeps rows of `statements.REJECT`.
        key: The setting `ledger_key`.
    """

    def __init__(self, database: Database, scope_id: int, insert: RowsStatement, key: str | None) -> None:
        self._database = database
        self._scope = scope_id
        self._insert = insert
        self._seal = Seal(key)
        self._is_ours = _TABLE.c.scope_id == scope_id

    # -- written within a transaction of the ledger ----------------------------------------------------

    def rows(self, rejects: Iterable[Reject], run_id: int, now: float) -> list[tuple[Any, ...]]:
        """Rows for `write`, made outside of the transaction."""
        return [self._row(reject, run_id, now) for reject in rejects]

    def write(self, connection: Connection, rows: Sequence[tuple[Any, ...]]) -> None:
        """Keep rejects."""
        self._insert.run(connection, rows)

    @staticmethod
    def settle(connection: Connection, again: Iterable[Again]) -> None:
        """Note what became of rejects that were sent again; only an open one changes its state."""
        ids: dict[str, list[int]] = {}
        for reject_id, state in again:
            ids.setdefault(state, []).append(reject_id)
        for state, some in ids.items():
            for part in in_parts(some):
                row = sa.update(_TABLE).where(_TABLE.c.reject_id.in_(part), _IS_OPEN)
                connection.execute(row.values(state=state, changed_at=time.time()))

    def overtake(self, connection: Connection, leads: Mapping[LeadKey, float]) -> None:
        """Mark open rejects as stale whose lead took something, or stands as it was asked for, that was read later.

        Args:
            connection: The transaction.
            leads: With when the record of what stands was read.
        """
        table = _TABLE
        columns = (table.c.reject_id, table.c.campaign, table.c.lead_id, _READ_AT)
        query = sa.select(*columns).where(self._is_ours, _IS_OPEN)
        stale: list[Again] = []
        for part in in_parts(list(leads)):
            campaigns, ids = {lead.campaign for lead in part}, {storable(lead.lead_id) for lead in part}
            found = connection.execute(query.where(table.c.campaign.in_(campaigns), table.c.lead_id.in_(ids)))
            stale += [
                Again(reject_id, "stale")
                for reject_id, campaign, lead_id, read_at in found
                if leads.get(LeadKey(campaign, lead_id), 0.0) > read_at
            ]
        self.settle(connection, stale)

    def erase(self, connection: Connection, leads: Iterable[LeadKey]) -> None:
        """Drop the rejects of leads that were deleted, those too of which no campaign is known."""
        for lead in leads:
            is_there = (_TABLE.c.campaign == lead.campaign) | _TABLE.c.campaign.is_(None)
            is_its = is_there & (_TABLE.c.lead_id == storable(lead.lead_id))
            connection.execute(sa.delete(_TABLE).where(self._is_ours, is_its))

    # -- read --------------------------------------------------------------------------------------------

    def each(self, selection: Selection = _ALL) -> Iterator[KeptReject]:
        """The selected rejects, oldest first, a page at a time.

        Raises:
            LedgerError: Some are encrypted, and the key is wrong or missing.
        """
        last = 0
        while True:
            query = self._query(selection).where(_TABLE.c.reject_id > last).order_by(_TABLE.c.reject_id)
            page = self._fetch(query.limit(AT_ONCE))
            yield from page
            if len(page) < AT_ONCE:
                return
            last = page[-1].reject_id

    def in_order(self, selection: Selection) -> list[int]:
        """The numbers of the selected rejects, in the order in which their records were read."""
        query = self._where(sa.select(_TABLE.c.reject_id), selection).order_by(_READ_AT, _TABLE.c.reject_id)
        with self._database.transaction() as connection:
            return list(connection.execute(query).scalars())

    def get(self, reject_ids: Sequence[int], selection: Selection = _ALL) -> list[KeptReject]:
        """Rejects by their numbers, in that order; those that are gone, or not selected, are left out."""
        found: dict[int, KeptReject] = {}
        for part in in_parts(reject_ids):
            rows = self._fetch(self._query(selection).where(_TABLE.c.reject_id.in_(part)))
            found.update((row.reject_id, row) for row in rows)
        return [found[number] for number in reject_ids if number in found]

    def count(self, selection: Selection) -> int:
        """How many are selected."""
        query = self._where(sa.select(sa.func.count()).select_from(_TABLE), selection)
        with self._database.transaction() as connection:
            return int(connection.execute(query).scalar_one())

    def check_key(self) -> bool:
        """Whether new rejects are kept as the newest one is.

        Raises:
            LedgerError: That one is encrypted with another key.
        """
        query = sa.select(_TABLE.c.message, _TABLE.c.record).where(self._is_ours)
        with self._database.transaction() as connection:
            newest = connection.execute(query.order_by(_TABLE.c.rejected_at.desc()).limit(1)).first()
        if newest is None or not is_sealed(newest.record):
            return True
        if self._seal.has_key:
            self._seal.open(newest.message, newest.record)
        return self._seal.has_key

    # -- changed and erased ------------------------------------------------------------------------------

    def mark(self, again: Iterable[Again]) -> None:
        """As `settle`, in a transaction of its own."""
        with self._database.transaction() as connection:
            self.settle(connection, again)

    def drop_older(self, connection: Connection, before: float) -> int:
        """Drop rejects that are older than a moment, and return their number."""
        old = sa.delete(_TABLE).where(self._is_ours, _TABLE.c.rejected_at < before)
        return int(connection.execute(old).rowcount)

    def drop_lead(self, connection: Connection, lead_id: str, nameless: Sequence[int]) -> int:
        """Drop a lead's rejects, whatever the campaign, and those numbered; return their number."""
        is_its = _TABLE.c.lead_id == storable(lead_id)
        gone = connection.execute(sa.delete(_TABLE).where(self._is_ours, is_its)).rowcount
        for part in in_parts(nameless):
            gone += connection.execute(sa.delete(_TABLE).where(_TABLE.c.reject_id.in_(part))).rowcount
        return int(gone)

    def nameless(self, lead_id: str) -> list[int]:
        """The rejects whose lead_id could not be read, and whose record holds this one as a value."""
        query = self._query(_ALL).where(_TABLE.c.lead_id.is_(None)).order_by(_TABLE.c.reject_id)
        found: list[int] = []
        last = 0
        while page := self._fetch(query.where(_TABLE.c.reject_id > last).limit(AT_ONCE)):
            found += [row.reject_id for row in page if _holds(row.record, lead_id)]
            last = page[-1].reject_id
        return found

    # -- rows --------------------------------------------------------------------------------------------

    def _query(self, selection: Selection) -> sa.Select[Any]:
        return self._where(sa.select(_TABLE), selection)

    def _where(self, query: sa.Select[Any], selection: Selection) -> sa.Select[Any]:
        query = query.where(self._is_ours)
        for column, values in ((_TABLE.c.state, selection.states), (_TABLE.c.reason, selection.reasons)):
            if values:
                query = query.where(column.in_(values))
        if selection.rule is not None:
            query = query.where(_TABLE.c.rule == selection.rule)
        return query if selection.lead_id is None else query.where(_TABLE.c.lead_id == selection.lead_id)

    def _fetch(self, query: sa.Select[Any]) -> list[KeptReject]:
        with self._database.transaction() as connection:
            rows = connection.execute(query).mappings().all()
        return [self._kept(dict(row)) for row in rows]

    def _kept(self, row: dict[str, Any]) -> KeptReject:
        del row["scope_id"]
        row["message"], row["record"] = self._seal.open(row["message"], row["record"])
        row["read_at"] = row["rejected_at"] if row["read_at"] is None else row["read_at"]
        return KeptReject(**row)

    def _row(self, reject: Reject, run_id: int, now: float) -> tuple[Any, ...]:
        """A row for `statements.REJECT`."""
        message, record = self._seal.close(storable(reject.message), reject.record)
        return (
            self._scope,
            run_id,
            now,
            storable(reject.stream),
            reject.rule,
            reject.campaign,
            reject.lead_id and storable(reject.lead_id),
            reject.action and str(reject.action),
            str(reject.reason),
            message,
            record,
            reject.read_at or now,
        )


def storable(text: str) -> str:
    """A text as any database takes it: without NUL and lone surrogates."""
    return text.replace("\0", "\ufffd").encode(errors="replace").decode()


def _holds(value: Any, lead_id: str) -> bool:
    """Whether a value, however deep, is this lead_id, or ends with it as a path does (gid://shopify/Customer/1)."""
    match value:
        case dict():
            return any(_holds(item, lead_id) for item in value.values())
        case list():
            return any(_holds(item, lead_id) for item in value)
        case _:
            text = str(value).strip()
            return lead_id in {text, text.rpartition("/")[2]}
