"""The ledger: the memory of a business's deliveries, shared by all its runs."""

from __future__ import annotations

import json
import time
from typing import TYPE_CHECKING, Any

import sqlalchemy as sa

from squadstack.ledger import erasure, memories, schema
from squadstack.ledger.budget import Budget
from squadstack.ledger.creation import open_scope
from squadstack.ledger.database import Database
from squadstack.ledger.digests import Digester
from squadstack.ledger.doubts import Doubts
from squadstack.ledger.memories import Memory
from squadstack.ledger.mirrors import Mirrors
from squadstack.ledger.parts import AT_ONCE
from squadstack.ledger.refusals import Refusals
from squadstack.ledger.rejects import Rejects
from squadstack.ledger.statements import Statements

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from sqlalchemy.engine import Connection

    from squadstack.ledger.permits import Permit
    from squadstack.ledger.rows import Again, LeadKey, Reject, Sent, Verdict

_LEAVING = frozenset({"disable", "delete"})
"""After which a lead is no longer mirrored."""


class Ledger:
    """What this business sent to this host.

    Args:
        url: The setting `ledger_url`.
        business: Whose leads these are.
        host: The host (and port) of `api_url`.
        key: The setting `ledger_key`: with one, the values of rejects are kept encrypted.
        as_copy: Whether to work on a private copy of it, which is gone at the end.

    Attributes:
        is_new: Whether it was just created.
        budget: The business's calls.
        doubts: What was sent and has no verdict yet.
        mirrors: What was seen of mirrored streams.
        rejects: The rejected actions.
        refusals: The same without values, of all hosts.

    Raises:
        LedgerError: The database cannot be used; the message says why.
    """

    def __init__(self, url: str, *, business: str, host: str, key: str | None = None, as_copy: bool = False) -> None:
        self._database = Database(url, as_copy=as_copy)
        with self._database.transaction() as connection:
            opened = open_scope(connection, business, host, is_new_file=self._database.is_new)
            self.budget = Budget.of(self._database, connection, business=business, host=host)
        self._database.keep_log()
        self.is_new = opened.is_new
        self._scope = opened.scope_id
        self._digest = Digester(opened.digest_key, opened.scope_id)
        self._statements = Statements(self._database)
        self.doubts = Doubts(self._database, self._scope, self._digest, self._statements.doubt)
        self.mirrors = Mirrors(self._database, self._scope, self._digest)
        self.rejects = Rejects(self._database, self._scope, self._statements.reject, key)
        self.refusals = Refusals(self._database, business, host)

    @property
    def place(self) -> str:
        """Where the ledger is, without a password."""
        return self._database.place

    def close(self) -> None:
        """Give back the database's connections."""
        self._database.close()

    def claim_replay(self) -> bool:
        """Claim, until `close`, that this run alone sends rejects again; False: another one does."""
        return self._database.claim(f"replay-{self._scope}")

    # -- runs ----------------------------------------------------------------------------------------

    def forget(self, days: float) -> None:
        """Drop rejects and runs that are older than this."""
        before = time.time() - days * 86_400
        with self._database.transaction() as connection:
            self.rejects.drop_older(connection, before)
            runs = schema.runs
            connection.execute(sa.delete(runs).where(runs.c.scope_id == self._scope, runs.c.started_at < before))

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
            The permit with the call's true start, and the call's mark.
        """
        mark = time.time()
        rows = self.doubts.rows(sent, mark)
        with self._database.transaction() as connection:
            self.doubts.begin(connection, rows)
            stamped = time.monotonic()
            started = self.budget.start(connection, permit, leads=len(sent))
        self.budget.learn(time.monotonic() - stamped)
        return started, mark

    def end_call(
        self,
        verdicts: Sequence[Verdict],
        rejects: Sequence[Reject],
        *,
        run_id: int,
        mark: float | None = None,
        again: Sequence[Again] = (),
    ) -> None:
        """Write down what became of leads; rejects, those of the mapping too, are durable afterwards.

        A lead that was deleted is forgotten, its earlier rejects included, but for the digest of its id. What was
        accepted for a lead is forgotten if this call was refused and an earlier one never answered.

        Args:
            verdicts: One for each lead of the call.
            rejects: New ones.
            run_id: The run's number.
            mark: Of the call, whose doubts it ends, and those of earlier ones; None: all there are.
            again: What became of earlier rejects that were sent again.
        """
        now = time.time()
        mark = now if mark is None else mark
        told = [one for one in verdicts if one.is_known is not None]
        refused = [self._digest.lead(one.lead) for one in verdicts if one.is_known is None]
        rows = self.rejects.rows(rejects, run_id, now)
        standing = {one.lead: one.read_at or now for one in verdicts if one.is_known}
        with self._database.transaction() as connection:
            known = self._memories(connection, [one.lead for one in told], lock=True)
            accepted = [self._accepted(one, memory, mark, now) for one, memory in zip(told, known, strict=True)]
            self._statements.accepted.run(connection, accepted)
            self.doubts.end(connection, refused, mark)
            self.mirrors.forget(connection, [self._digest.lead(one.lead) for one in told if one.action in _LEAVING])
            self.rejects.settle(connection, again)
            self.rejects.overtake(connection, standing)
            self.rejects.erase(connection, [one.lead for one in verdicts if one.is_known is False])
            self.rejects.write(connection, rows)

    def leave(self, leads: Mapping[LeadKey, float], again: Sequence[Again]) -> None:
        """Note that leads stand as was asked for, with when that was read; earlier rejects of theirs are stale."""
        with self._database.transaction() as connection:
            self.rejects.settle(connection, again)
            self.rejects.overtake(connection, leads)

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
        columns = (table.c.lead, table.c.is_known, table.c.is_deleted)
        told = (table.c.doubt_action, table.c.accepted, table.c.accepted_at)
        query = sa.select(*columns, *told).where(table.c.lead.in_(sa.bindparam("leads", expanding=True)))
        keys = [self._digest.lead(lead) for lead in leads]
        found: dict[bytes, Memory] = {}
        for start in range(0, len(keys), AT_ONCE):
            some = {"leads": keys[start : start + AT_ONCE]}
            for lead, is_known, is_deleted, doubt, accepted, when in connection.execute(
                query.with_for_update() if lock else query, some
            ):
                values = bytes(accepted or b"")
                found[bytes(lead)] = Memory(is_known, is_deleted, doubt is not None, values, when or 0.0)
        return [found.get(key, memories.NOTHING) for key in keys]

    def count_leads(self) -> int:
        """How many leads the ledger knows."""
        table = schema.leads
        count = sa.select(sa.func.count()).select_from(table)
        with self._database.transaction() as connection:
            query = count.where(table.c.scope_id == self._scope, table.c.is_known)
            return int(connection.execute(query).scalar_one())

    # -- erasure -------------------------------------------------------------------------------------

    def erase_lead(self, lead_id: str) -> int:
        """Leave nothing of a lead but the digest of its id; returns the number of its rejects.

        Raises:
            LedgerError: A reject whose lead is not known is encrypted, and the key is wrong or missing.
        """
        nameless = self.rejects.nameless(lead_id)
        with self._database.transaction() as connection:
            erased = self.rejects.drop_lead(connection, lead_id, nameless)
            erasure.forget_lead(connection, self._scope, self._digest, lead_id)
        self._database.scrub()
        return erased

    def erase_older(self, days: float) -> int:
        """Leave nothing of rejects that are older than this; returns their number."""
        with self._database.transaction() as connection:
            erased = self.rejects.drop_older(connection, time.time() - days * 86_400)
        self._database.scrub()
        return erased

    # -- rows ----------------------------------------------------------------------------------------

    def _accepted(self, verdict: Verdict, memory: Memory, mark: float, now: float) -> tuple[Any, ...]:
        """A row for `statements.ACCEPTED`."""
        lead, is_known = verdict.lead, bool(verdict.is_known)
        memory = memories.NOTHING if verdict.is_gone else memory
        values = memories.after(memory, verdict.action, verdict.payload, self._digest) if is_known else None
        when = verdict.read_at or now
        return (self._digest.lead(lead), self._scope, lead.campaign, is_known, not is_known, values, when, mark)
