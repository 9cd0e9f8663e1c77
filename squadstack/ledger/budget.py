"""The business's budget of calls, kept in the ledger: shared by every process that opens it.

A call reserves the next free start in one short transaction and then sleeps until it; the order of the
reservations is the order of service, so nobody starves, and a killed process wastes one slot.
"""

from __future__ import annotations

import time
from dataclasses import replace
from typing import TYPE_CHECKING

import sqlalchemy as sa

from squadstack.ledger import schema
from squadstack.ledger.permits import Permit, Standing, Use, allowed_start, next_start

if TYPE_CHECKING:
    from collections.abc import Iterator

    from sqlalchemy.engine import Connection

    from squadstack.ledger.database import Database
    from squadstack.settings.rate_limit import RateLimit

_OWN_DOMAINS = ("squadstack.com", "squadiq.in")
_LONGEST_HOLD = 3600.0
_FARTHEST_AHEAD = 0.5


def realm_of(host: str) -> str:
    """What a host belongs to: SquadStack's own are one."""
    name = host.rsplit(":", 1)[0]
    is_own = any(name == domain or name.endswith(f".{domain}") for domain in _OWN_DOMAINS)
    return "squadstack" if is_own else host


class Budget:
    """The permits of one business. Make it with `of`.

    Attributes:
        ahead: Seconds before a call's start at which its transaction is begun.
    """

    def __init__(self, database: Database, budget_id: int) -> None:
        self._database = database
        self._id = budget_id
        self.ahead = 0.01

    @classmethod
    def of(cls, database: Database, connection: Connection, *, business: str, host: str) -> Budget:
        """The budget of a business at a host; SquadStack's two hosts share one, any other has its own."""
        realm = realm_of(host)
        table = schema.budgets
        query = sa.select(table.c.budget_id).where(table.c.business == business, table.c.realm == realm)
        found = connection.execute(query).scalar()
        if found is None:
            connection.execute(sa.insert(table).values(business=business, realm=realm, not_before=0.0))
            found = connection.execute(query).scalar_one()
        return cls(database, int(found))

    def reserve(self, limit: RateLimit, *, leads: int) -> Permit:
        """Reserve the next free start of a call with at most so many leads."""
        if limit.calls is None and limit.records is None:
            return Permit(None, 0.0, leads, due=time.monotonic())
        leads = leads if limit.records is None else min(leads, limit.records)
        with self._database.transaction() as connection:
            not_before = self._read_not_before(connection, lock=True)
            now = self._now(connection)
            self._forget(connection, limit, now)
            start = next_start(
                list(self._uses(connection)),
                limit,
                leads=leads,
                now=now,
                not_before=not_before if not_before <= now + _LONGEST_HOLD else now,
            )
            due = time.monotonic() + start - now
            row = sa.insert(schema.permits).values(budget_id=self._id, start=start, leads=leads)
            key = connection.execute(row).inserted_primary_key
        return Permit(int(key[0]) if key else None, start, leads, due, limit)

    def start(self, connection: Connection, permit: Permit, *, leads: int) -> Permit:
        """Note a call's true start and load, in the transaction that marks its leads in doubt.

        Returns:
            The permit with the start that was noted: its own, or, if that has passed or a 429 forbids it,
            a later one, far enough ahead for the transaction to be through by then.
        """
        not_before = self._read_not_before(connection, lock=True)
        now, moment = self._now(connection), time.monotonic()
        held = not_before if not_before <= now + _LONGEST_HOLD else now
        start = max(permit.start, held)
        if permit.limit is None:
            return replace(permit, start=max(start, now), due=moment + max(start - now, 0.0))
        far = now + 2 * permit.limit.period_seconds + permit.limit.slack_seconds
        if start < now or held < start > far:  # it has passed, or a clock was set
            start = now + self.ahead
        # A call that is late has moved towards those that were reserved after it, and reckoned with its old start.
        others = list(self._uses(connection, but=permit.permit_id))
        start = allowed_start(others, permit.limit, leads=leads, earliest=start)
        self._write(connection, permit, start, leads)
        return replace(permit, start=start, due=moment + start - now)

    def _write(self, connection: Connection, permit: Permit, start: float, leads: int) -> None:
        table = schema.permits
        row = sa.update(table).where(table.c.permit_id == permit.permit_id).values(start=start, leads=leads)
        if not connection.execute(row).rowcount:  # so late that it was forgotten
            new = sa.insert(table).values(permit_id=permit.permit_id, budget_id=self._id, start=start, leads=leads)
            connection.execute(new)

    def restart(self, permit: Permit) -> Permit:
        """Note a later start of a call that could not be made at its own."""
        with self._database.transaction() as connection:
            return self.start(connection, permit, leads=permit.leads)

    def delay(self, permit: Permit, seconds: float) -> None:
        """Note that a call left so much later than its start: its permit comes back so much later."""
        table = schema.permits
        with self._database.transaction() as connection:
            row = sa.update(table).where(table.c.permit_id == permit.permit_id, table.c.start == permit.start)
            connection.execute(row.values(start=permit.start + seconds))

    def learn(self, seconds: float) -> None:
        """Learn how long a transaction takes, so that the next are begun that much ahead of their start."""
        self.ahead = min(max(0.9 * self.ahead, 1.5 * seconds), _FARTHEST_AHEAD)

    def standing(self, limit: RateLimit) -> Standing:
        """What was used of the budget and still counts; reads only."""
        with self._database.transaction() as connection:
            now = self._now(connection)
            comes_back = limit.period_seconds + limit.slack_seconds
            uses = [use for use in self._uses(connection) if use.start + comes_back >= now]
            not_before = self._read_not_before(connection)
        return Standing(now, uses, not_before if not_before <= now + _LONGEST_HOLD else now)

    def give_back(self, permit: Permit) -> None:
        """Give back a permit that was not used."""
        table = schema.permits
        with self._database.transaction() as connection:
            connection.execute(sa.delete(table).where(table.c.permit_id == permit.permit_id))

    def hold(self, seconds: float) -> None:
        """After a 429: nobody starts a call for so long."""
        table = schema.budgets
        with self._database.transaction() as connection:
            until = self._now(connection) + seconds
            row = sa.update(table).where(table.c.budget_id == self._id, table.c.not_before < until)
            connection.execute(row.values(not_before=until))

    def _read_not_before(self, connection: Connection, *, lock: bool = False) -> float:
        table = schema.budgets
        query = sa.select(table.c.not_before).where(table.c.budget_id == self._id)
        return float(connection.execute(query.with_for_update() if lock else query).scalar_one())

    def _uses(self, connection: Connection, *, but: int | None = None) -> Iterator[Use]:
        table = schema.permits
        query = sa.select(table.c.start, table.c.leads).where(table.c.budget_id == self._id)
        if but is not None:
            query = query.where(table.c.permit_id != but)
        return (Use(row.start, row.leads) for row in connection.execute(query.order_by(table.c.start)))

    def _forget(self, connection: Connection, limit: RateLimit, now: float) -> None:
        """Drop the calls that no longer count; one far ahead is from before a clock was set: it counts as now."""
        table = schema.permits
        mine = table.c.budget_id == self._id
        back = limit.period_seconds + limit.slack_seconds
        connection.execute(sa.delete(table).where(mine, table.c.start + back < now))
        far = now + 2 * limit.period_seconds + limit.slack_seconds
        connection.execute(sa.update(table).where(mine, table.c.start > far).values(start=now))

    def _now(self, connection: Connection) -> float:
        """This machine's clock, or the database's where several machines share it."""
        if self._database.is_sqlite:
            return time.time()
        return float(connection.execute(sa.text("SELECT extract(epoch FROM clock_timestamp())")).scalar_one())
