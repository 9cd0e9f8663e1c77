"""The ledger: the memory of a business's deliveries, shared by all its runs."""

from __future__ import annotations

import json
import time
from typing import TYPE_CHECKING, Any

import sqlalchemy as sa
from sqlalchemy.dialects import postgresql, sqlite

from squadstack.exceptions import LedgerError
from squadstack.ledger import schema
from squadstack.ledger.budget import Budget
from squadstack.ledger.database import Database
from squadstack.ledger.digests import Digester, new_key

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

    from sqlalchemy.engine import Connection

    from squadstack.ledger.permits import Permit
    from squadstack.ledger.rows import LeadVerdict, Reject, Sent


class Ledger:
    """What this business sent to this host.

    Args:
        url: The setting `ledger_url`.
        business: Whose leads these are.
        host: The host (and port) of `api_url`.

    Raises:
        LedgerError: The database cannot be used; the message says why.
    """

    def __init__(self, url: str, *, business: str, host: str) -> None:
        self._database = Database(url)
        with self._database.transaction() as connection:
            self.is_new = _create(connection, is_new_file=self._database.is_new)
            self._digest = Digester(_key(connection))
            self._scope = _scope_id(connection, business, host)
            self.budget = Budget.of(self._database, connection, business=business, host=host)
        self._insert = sqlite.insert if self._database.is_sqlite else postgresql.insert

    @property
    def place(self) -> str:
        """Where the ledger is, without a password."""
        return self._database.place

    def close(self) -> None:
        """Give back the database's connections."""
        self._database.close()

    # -- runs ----------------------------------------------------------------------------------------

    def start_run(self) -> int:
        """Note that a run starts, and return its number."""
        row = sa.insert(schema.runs).values(scope_id=self._scope, started_at=time.time())
        with self._database.transaction() as connection:
            key = connection.execute(row).inserted_primary_key
            return int(key[0]) if key else 0

    def end_run(self, run_id: int, summary: Mapping[str, Any]) -> None:
        """Note that a run has ended, with its summary."""
        runs = schema.runs
        values = {"ended_at": time.time(), "summary": json.dumps(summary)}
        with self._database.transaction() as connection:
            connection.execute(sa.update(runs).where(runs.c.run_id == run_id).values(values))

    # -- calls ---------------------------------------------------------------------------------------

    def begin_call(self, permit: Permit, sent: Sequence[Sent]) -> list[bool]:
        """Write down, before a call, its true start and that its leads are in doubt.

        Returns:
            For each lead whether the very same action and payload was in doubt already.
        """
        rows = [self._doubt(one) for one in sent]
        with self._database.transaction() as connection:
            before = self._doubts(connection, rows)
            self.budget.start(connection, permit, leads=len(sent))
            insert = self._insert(schema.doubts)
            values = {"action": insert.excluded.action, "payload": insert.excluded.payload}
            keys = ["scope_id", "campaign", "lead"]
            connection.execute(insert.on_conflict_do_update(index_elements=keys, set_=values), rows)
        return [before.get((row["campaign"], row["lead"])) == (row["action"], row["payload"]) for row in rows]

    def end_call(self, verdicts: Iterable[LeadVerdict], rejects: Sequence[Reject], *, run_id: int) -> None:
        """Write down what became of leads; rejects, those of the mapping too, are durable afterwards."""
        rows = [
            {"scope_id": self._scope, "campaign": one.campaign, "lead": self._digest.lead(one.lead_id),
             "known": one.known}
            for one in verdicts
        ]  # fmt: skip
        with self._database.transaction() as connection:
            self._settle(connection, rows)
            if rejects:
                now = time.time()
                connection.execute(sa.insert(schema.rejects), [self._reject(one, run_id, now) for one in rejects])

    # -- leads ---------------------------------------------------------------------------------------

    def known(self, leads: Sequence[tuple[str, str]]) -> list[bool]:
        """For each (campaign, lead_id) whether the API accepted it, and no deletion since."""
        table = schema.leads
        keys = [(campaign, self._digest.lead(lead_id)) for campaign, lead_id in leads]
        query = sa.select(table.c.campaign, table.c.lead).where(
            table.c.scope_id == self._scope,
            table.c.known,
            sa.tuple_(table.c.campaign, table.c.lead).in_(keys),
        )
        with self._database.transaction() as connection:
            found = {(row.campaign, row.lead) for row in connection.execute(query)}
        return [key in found for key in keys]

    def count_leads(self) -> int:
        """How many leads the ledger knows."""
        table = schema.leads
        query = sa.select(sa.func.count()).select_from(table).where(table.c.scope_id == self._scope, table.c.known)
        with self._database.transaction() as connection:
            return int(connection.execute(query).scalar_one())

    # -- rejects -------------------------------------------------------------------------------------

    def rejects(self) -> list[dict[str, Any]]:
        """All rejected actions, oldest first, as rows with the source record under `record`."""
        table = schema.rejects
        query = sa.select(table).where(table.c.scope_id == self._scope).order_by(table.c.reject_id)
        with self._database.transaction() as connection:
            rows = [dict(row) for row in connection.execute(query).mappings()]
        return [{**row, "record": json.loads(row["record"])} for row in rows]

    # -- rows ----------------------------------------------------------------------------------------

    def _doubt(self, sent: Sent) -> dict[str, Any]:
        return {
            "scope_id": self._scope,
            "campaign": sent.campaign,
            "lead": self._digest.lead(sent.lead_id),
            "action": sent.action,
            "payload": self._digest.payload({**sent.payload}),
        }

    def _doubts(
        self, connection: Connection, rows: Sequence[Mapping[str, Any]]
    ) -> dict[tuple[str, bytes], tuple[str, bytes]]:
        table = schema.doubts
        keys = [(row["campaign"], row["lead"]) for row in rows]
        query = sa.select(table).where(
            table.c.scope_id == self._scope, sa.tuple_(table.c.campaign, table.c.lead).in_(keys)
        )
        return {(row.campaign, row.lead): (row.action, row.payload) for row in connection.execute(query)}

    def _settle(self, connection: Connection, rows: Sequence[dict[str, Any]]) -> None:
        if not rows:
            return
        table = schema.doubts
        done = sa.delete(table).where(
            table.c.scope_id == self._scope,
            table.c.campaign == sa.bindparam("campaign"),
            table.c.lead == sa.bindparam("lead"),
        )
        connection.execute(done, [{"campaign": row["campaign"], "lead": row["lead"]} for row in rows])
        changed = [row for row in rows if row["known"] is not None]
        if changed:
            insert = self._insert(schema.leads)
            keys = ["scope_id", "campaign", "lead"]
            connection.execute(
                insert.on_conflict_do_update(index_elements=keys, set_={"known": insert.excluded.known}),
                changed,
            )

    def _reject(self, reject: Reject, run_id: int, now: float) -> dict[str, Any]:
        return {
            "scope_id": self._scope,
            "run_id": run_id,
            "rejected_at": now,
            "stream": reject.stream,
            "rule": reject.rule,
            "campaign": reject.campaign,
            "lead_id": reject.lead_id,
            "action": reject.action,
            "reason": reject.reason,
            "message": reject.message,
            "record": json.dumps(reject.record, default=str),
        }


def _create(connection: Connection, *, is_new_file: bool) -> bool:
    """Create what is missing; tell whether the ledger is a new one."""
    tables = sa.inspect(connection).get_table_names()
    if schema.info.name in tables:
        version = connection.execute(sa.select(schema.info.c.version)).scalar_one()
        if version > schema.VERSION:
            msg = "The ledger was written by a newer version of squadstack-connectors: upgrade this one."
            raise LedgerError(msg)
        return False
    if tables and not is_new_file and connection.dialect.name == "sqlite":
        msg = "Setting 'ledger_url' points at a database that is no ledger: choose another file."
        raise LedgerError(msg)
    schema.metadata.create_all(connection)
    connection.execute(sa.insert(schema.info).values(version=schema.VERSION, digest_key=new_key()))
    return True


def _key(connection: Connection) -> bytes:
    return bytes(connection.execute(sa.select(schema.info.c.digest_key)).scalar_one())


def _scope_id(connection: Connection, business: str, host: str) -> int:
    table = schema.scopes
    query = sa.select(table.c.scope_id).where(table.c.business == business, table.c.host == host)
    found = connection.execute(query).scalar()
    if found is None:
        connection.execute(sa.insert(table).values(business=business, host=host))
        found = connection.execute(query).scalar_one()
    return int(found)
