"""The ledger: the memory of a business's deliveries, shared by all its runs."""

from __future__ import annotations

import json
import time
from typing import TYPE_CHECKING, Any

import sqlalchemy as sa

from squadstack.ledger import memories, schema
from squadstack.ledger.budget import Budget
from squadstack.ledger.creation import open_scope
from squadstack.ledger.database import Database
from squadstack.ledger.digests import Digester
from squadstack.ledger.memories import Memory
from squadstack.ledger.mirrors import Mirrors
from squadstack.ledger.statements import Statements

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from sqlalchemy.engine import Connection

    from squadstack.ledger.permits import Permit
    from squadstack.ledger.rows import LeadKey, Reject, Sent, Verdict

_AT_ONCE = 500
_LEAVING = frozenset({"disable", "delete"})
"""After which a lead is no longer mirrored."""


class Ledger:
    """What this business sent to this host.

    Args:
        url: The setting `ledger_url`.
        business: Whose leads these are.
        host: The host (and port) of `api_url`.

    Attributes:
        is_new: Whether it was just created.
        budget: The business's calls.
        mirrors: What was seen of mirrored streams.

    Raises:
        LedgerError: The database cannot be used; the message says why.
    """

    def __init__(self, url: str, *, business: str, host: str) -> None:
        self._database = Database(url)
        with self._database.transaction() as connection:
            opened = open_scope(connection, business, host, is_new_file=self._database.is_new)
            self.budget = Budget.of(self._database, connection, business=business, host=host)
        self._database.keep_log()
        self.is_new = opened.is_new
        self._scope = opened.scope_id
        self._digest = Digester(opened.digest_key, opened.scope_id)
        self._statements = Statements(self._database)
        self.mirrors = Mirrors(self._database, self._scope, self._digest)

    @property
    def place(self) -> str:
        """Where the ledger is, without a password."""
        return self._database.place

    def close(self) -> None:
        """Give back the database's connections."""
        self._database.close()

    # -- runs ----------------------------------------------------------------------------------------

    def forget(self, days: float) -> None:
        """Drop rejects and runs that are older than this."""
        before = time.time() - days * 86_400
        with self._database.transaction() as connection:
            for table, when in ((schema.rejects, "rejected_at"), (schema.runs, "started_at")):
                old = sa.delete(table).where(table.c.scope_id == self._scope, table.c[when] < before)
                connection.execute(old)

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

    def begin_call(self, permit: Permit, sent: Sequence[Sent]) -> tuple[Permit, float]:
        """Write down, before a call, its true start and that its leads are in doubt.

        Returns:
            The permit with the call's true start, and the call's mark, by which `was_in_doubt` tells earlier
            doubts from its own.
        """
        mark = time.time()
        rows = [self._doubt(one, mark) for one in sent]
        with self._database.transaction() as connection:
            self._statements.doubt.run(connection, rows)
            stamped = time.monotonic()
            started = self.budget.start(connection, permit, leads=len(sent))
        self.budget.learn(time.monotonic() - stamped)
        return started, mark

    def withdraw(self, leads: Sequence[LeadKey], mark: float) -> None:
        """Take back the doubts of a call that certainly did nothing; those of earlier calls stay."""
        table = schema.leads
        keys = [self._digest.lead(lead) for lead in leads]
        none = {"doubt_action": None, "doubt_payload": None, "doubt_since": None}
        with self._database.transaction() as connection:
            is_ours = table.c.lead.in_(keys) & (table.c.doubt_since == mark)
            connection.execute(sa.update(table).where(is_ours).values(none))

    def was_in_doubt(self, sent: Sent, mark: float) -> bool:
        """Whether the very same was sent for this lead before the call of that mark, and never answered."""
        table = schema.leads
        query = sa.select(table.c.doubt_since).where(
            table.c.lead == self._digest.lead(sent.lead),
            table.c.doubt_action == str(sent.action),
            table.c.doubt_payload == self._digest.payload(sent.payload),
        )
        with self._database.transaction() as connection:
            since = connection.execute(query).scalar()
        return since is not None and since != mark

    def end_call(self, verdicts: Sequence[Verdict], rejects: Sequence[Reject], *, run_id: int) -> None:
        """Write down what became of leads; rejects, those of the mapping too, are durable afterwards.

        A lead that was deleted is forgotten, its earlier rejects included, but for the digest of its id.
        """
        now = time.time()
        told = [one for one in verdicts if one.is_known is not None]
        refused = [self._digest.lead(one.lead) for one in verdicts if one.is_known is None]
        rows = [self._reject(reject, run_id, now) for reject in rejects]
        with self._database.transaction() as connection:
            known = self._memories(connection, [one.lead for one in told], lock=True)
            accepted = [self._accepted(one, memory, now) for one, memory in zip(told, known, strict=True)]
            self._statements.accepted.run(connection, accepted)
            self._statements.refused.run(connection, refused)
            self.mirrors.forget(connection, [self._digest.lead(one.lead) for one in told if one.action in _LEAVING])
            self._erase_rejects(connection, [one.lead for one in verdicts if one.is_known is False])
            self._statements.reject.run(connection, rows)

    # -- leads ---------------------------------------------------------------------------------------

    def recall(self, leads: Sequence[LeadKey]) -> list[Memory]:
        """What is remembered of each lead."""
        with self._database.transaction() as connection:
            return self._memories(connection, leads)

    def stands(self, memory: Memory, sent: Sent) -> bool:
        """Whether all that an action would do was the last accepted for its lead."""
        return memories.stands(memory, sent.action, sent.payload, self._digest)

    def _memories(self, connection: Connection, leads: Sequence[LeadKey], *, lock: bool = False) -> list[Memory]:
        table = schema.leads
        columns = (table.c.lead, table.c.is_known, table.c.is_deleted, table.c.doubt_action, table.c.accepted)
        query = sa.select(*columns).where(table.c.lead.in_(sa.bindparam("leads", expanding=True)))
        keys = [self._digest.lead(lead) for lead in leads]
        found: dict[bytes, Memory] = {}
        for start in range(0, len(keys), _AT_ONCE):
            some = {"leads": keys[start : start + _AT_ONCE]}
            for lead, is_known, is_deleted, doubt, accepted in connection.execute(
                query.with_for_update() if lock else query, some
            ):
                found[bytes(lead)] = Memory(is_known, is_deleted, doubt is not None, bytes(accepted or b""))
        return [found.get(key, memories.NOTHING) for key in keys]

    def count_leads(self) -> int:
        """How many leads the ledger knows."""
        table = schema.leads
        count = sa.select(sa.func.count()).select_from(table)
        with self._database.transaction() as connection:
            query = count.where(table.c.scope_id == self._scope, table.c.is_known)
            return int(connection.execute(query).scalar_one())

    # -- rejects -------------------------------------------------------------------------------------

    def rejects(self) -> list[dict[str, Any]]:
        """All rejected actions, oldest first, as rows with the source record under `record`."""
        table = schema.rejects
        query = sa.select(table).where(table.c.scope_id == self._scope).order_by(table.c.reject_id)
        with self._database.transaction() as connection:
            rows = [dict(row) for row in connection.execute(query).mappings()]
        return [{**row, "record": json.loads(row["record"])} for row in rows]

    def _erase_rejects(self, connection: Connection, leads: Sequence[LeadKey]) -> None:
        table = schema.rejects
        for lead in leads:
            is_its = (table.c.campaign == lead.campaign) & (table.c.lead_id == lead.lead_id)
            connection.execute(sa.delete(table).where(table.c.scope_id == self._scope, is_its))

    # -- rows ----------------------------------------------------------------------------------------

    def _doubt(self, sent: Sent, mark: float) -> tuple[Any, ...]:
        """A row for `statements.DOUBT`: the lead is not known, unless it is already."""
        lead = self._digest.lead(sent.lead)
        payload = self._digest.payload(sent.payload)
        return (lead, self._scope, sent.lead.campaign, False, str(sent.action), payload, mark)

    def _accepted(self, verdict: Verdict, memory: Memory, now: float) -> tuple[Any, ...]:
        """A row for `statements.ACCEPTED`."""
        lead, is_known = verdict.lead, bool(verdict.is_known)
        values = memories.after(memory, verdict.action, verdict.payload, self._digest) if is_known else None
        return (self._digest.lead(lead), self._scope, lead.campaign, is_known, not is_known, values, now)

    def _reject(self, reject: Reject, run_id: int, now: float) -> tuple[Any, ...]:
        """A row for `statements.REJECT`."""
        return (
            self._scope,
            run_id,
            now,
            _storable(reject.stream),
            reject.rule,
            reject.campaign,
            reject.lead_id and _storable(reject.lead_id),
            reject.action and str(reject.action),
            str(reject.reason),
            _storable(reject.message),
            _as_json(reject.record),
        )


def _storable(text: str) -> str:
    """A text as any database takes it: without NUL and lone surrogates."""
    return text.replace("\0", "\ufffd").encode(errors="replace").decode()


def _as_json(record: Mapping[str, Any]) -> str:
    """A record as JSON; one that is nested too deeply to be written is kept by the names of its fields."""
    try:
        return json.dumps(record, default=str)
    except (RecursionError, ValueError):
        return json.dumps({"too deep to keep": [str(name) for name in record]})
