"""The statements of every call, compiled once: SQLAlchemy's own way costs more than the database's work."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import sqlalchemy as sa
from sqlalchemy.dialects import postgresql, sqlite

from squadstack.ledger import schema

if TYPE_CHECKING:
    from collections.abc import Sequence

    from sqlalchemy.engine import Connection, Dialect
    from sqlalchemy.sql.expression import ClauseElement

    from squadstack.ledger.database import Database


class Statement:
    """One statement for many rows at a time, whose parameters have the names of the rows' keys."""

    def __init__(self, statement: ClauseElement, dialect: Dialect) -> None:
        compiled = statement.compile(dialect=dialect)
        self._sql = str(compiled)
        self._order: list[str] | None = getattr(compiled, "positiontup", None)

    def run(self, connection: Connection, rows: Sequence[dict[str, Any]]) -> None:
        """Execute it for every row."""
        if rows:
            order = self._order
            values = [tuple(row[name] for name in order) for row in rows] if order else list(rows)
            connection.exec_driver_sql(self._sql, values)


class Statements:
    """Those of one ledger.

    Attributes:
        doubt: Marks a lead in doubt; the very same doubt keeps the time since when it is there.
        judged: Clears the doubt and notes whether the API has the lead.
        refused: Clears the doubt.
        reject: Keeps a rejected action.
        erase: Forgets the rejects of a lead that was deleted.
    """

    def __init__(self, database: Database) -> None:
        self.doubt = Statement(_doubt(is_sqlite=database.is_sqlite), database.dialect)
        self.judged = Statement(_clear({"is_known": sa.bindparam("is_known")}), database.dialect)
        self.refused = Statement(_clear({}), database.dialect)
        self.reject = Statement(_insert_of(schema.rejects, but="reject_id"), database.dialect)
        self.erase = Statement(_erase(), database.dialect)


def _doubt(*, is_sqlite: bool) -> ClauseElement:
    table = schema.leads
    names = [column.name for column in table.columns]
    insert = (sqlite.insert if is_sqlite else postgresql.insert)(table)
    insert = insert.values({name: sa.bindparam(name) for name in names})
    new = insert.excluded
    is_same = sa.and_(table.c.doubt_action == new.doubt_action, table.c.doubt_payload == new.doubt_payload)
    return insert.on_conflict_do_update(
        index_elements=["lead"],
        set_={
            "doubt_action": new.doubt_action,
            "doubt_payload": new.doubt_payload,
            "doubt_since": sa.case((is_same, table.c.doubt_since), else_=new.doubt_since),
        },
    )


def _clear(more: dict[str, Any]) -> ClauseElement:
    table = schema.leads
    values = {"doubt_action": sa.null(), "doubt_payload": sa.null(), "doubt_since": sa.null(), **more}
    return sa.update(table).where(table.c.lead == sa.bindparam("lead")).values(values)


def _erase() -> ClauseElement:
    table = schema.rejects
    names = ("scope_id", "campaign", "lead_id")
    return sa.delete(table).where(*(table.c[name] == sa.bindparam(name) for name in names))


def _insert_of(table: sa.Table, *, but: str) -> ClauseElement:
    names = [column.name for column in table.columns if column.name != but]
    return sa.insert(table).values({name: sa.bindparam(name) for name in names})
