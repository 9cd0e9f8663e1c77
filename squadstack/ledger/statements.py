"""The statements of every call, compiled once, each for many rows in one step.

SQLAlchemy's own way costs more than the database's work; and a driver that steps from row to row lets go of
the interpreter at each, which a reader that maps records gives back only some milliseconds later.
"""

from __future__ import annotations

import re
from itertools import chain
from operator import itemgetter
from typing import TYPE_CHECKING, Any

import sqlalchemy as sa
from sqlalchemy.dialects import postgresql, sqlite

from squadstack.ledger import schema
from squadstack.ledger.parts import in_parts

if TYPE_CHECKING:
    from collections.abc import Sequence

    from sqlalchemy.engine import Connection, Dialect
    from sqlalchemy.sql.expression import ClauseElement

    from squadstack.ledger.database import Database

DOUBT = ("lead", "scope_id", "campaign", "is_known", "doubt_action", "doubt_payload", "doubt_since")
"""The values of a row of `Statements.doubt`."""

ACCEPTED = ("lead", "scope_id", "campaign", "is_known", "is_deleted", "accepted", "accepted_at", "doubt_since")
"""The values of a row of `Statements.accepted`; `doubt_since` is the mark of the call that accepted it."""

_NOT_AT_FIRST = {"reject_id", "state", "changed_at"}
REJECT = tuple(column.name for column in schema.rejects.columns if column.name not in _NOT_AT_FIRST)
"""The values of a row of `Statements.reject`."""

_ROW = re.compile(r"(?<=VALUES )(\([^()]*\))")


class Statements:
    """Those of one ledger.

    Attributes:
        doubt: Marks leads in doubt. The very same doubt keeps the time since when it is there; another one leaves
            nobody knows what, so what was accepted before is forgotten.
        accepted: Remembers what was accepted for leads, and clears their doubts, but those of later calls.
        reject: Keeps rejected actions.
    """

    def __init__(self, database: Database) -> None:
        dialect = database.dialect
        self.doubt = RowsStatement(_doubt(is_sqlite=database.is_sqlite), DOUBT, dialect)
        self.accepted = RowsStatement(_accepted(is_sqlite=database.is_sqlite), ACCEPTED, dialect)
        self.reject = RowsStatement(_insert(schema.rejects, REJECT), REJECT, dialect)


class RowsStatement:
    """An insert of any number of rows.

    Args:
        statement: An insert of one row, whose parameters have the names of its columns.
        names: The columns, in the order of a row's values.
        dialect: The database's.
    """

    def __init__(self, statement: ClauseElement, names: Sequence[str], dialect: Dialect) -> None:
        sql, order = _compiled(statement, dialect)
        self._head, self._row, self._tail = _ROW.split(sql, maxsplit=1)
        self._in_order = itemgetter(*map(names.index, order))

    def run(self, connection: Connection, rows: Sequence[Sequence[Any]]) -> None:
        """Insert the rows."""
        for some in in_parts(rows):
            sql = f"{self._head}{', '.join([self._row] * len(some))}{self._tail}"
            connection.exec_driver_sql(sql, tuple(chain.from_iterable(map(self._in_order, some))))


def _doubt(*, is_sqlite: bool) -> ClauseElement:
    table = schema.leads
    insert = (sqlite.insert if is_sqlite else postgresql.insert)(table)
    insert = insert.values({name: sa.bindparam(name) for name in DOUBT})
    new = insert.excluded
    is_same = sa.and_(table.c.doubt_action == new.doubt_action, table.c.doubt_payload == new.doubt_payload)
    is_certain = is_same | table.c.doubt_action.is_(None)
    is_older = table.c.doubt_since < new.doubt_since  # a clock that was ahead must not keep the doubt for ever
    return insert.on_conflict_do_update(
        index_elements=["lead"],
        set_={
            "accepted": sa.case((is_certain, table.c.accepted), else_=sa.null()),
            "is_deleted": sa.case((~is_certain & may_revive(), sa.false()), else_=table.c.is_deleted),
            "doubt_action": new.doubt_action,
            "doubt_payload": new.doubt_payload,
            "doubt_since": sa.case((is_same & is_older, table.c.doubt_since), else_=new.doubt_since),
        },
    )


def may_revive() -> sa.ColumnElement[bool]:
    """Whether what is in doubt may have brought a deleted lead back."""
    names = (sa.literal_column(f"'{name}'", sa.Text) for name in ("create", "update", "upsert"))
    return sa.or_(*(schema.leads.c.doubt_action == name for name in names))


def _accepted(*, is_sqlite: bool) -> ClauseElement:
    table = schema.leads
    insert = (sqlite.insert if is_sqlite else postgresql.insert)(table)
    insert = insert.values({name: sa.bindparam(name) for name in ACCEPTED})
    old, given = table.c.accepted_at, insert.excluded
    new: dict[str, Any] = {name: given[name] for name in ("is_known", "is_deleted", "accepted")}
    new["accepted_at"] = sa.case((old > given.accepted_at, old), else_=given.accepted_at)  # rejects are sent again late
    for name in ("doubt_action", "doubt_payload", "doubt_since"):
        new[name] = sa.case((table.c.doubt_since > given.doubt_since, table.c[name]), else_=sa.null())
    return insert.on_conflict_do_update(index_elements=["lead"], set_=new)


def _insert(table: sa.Table, names: Sequence[str]) -> ClauseElement:
    return sa.insert(table).values({name: sa.bindparam(name) for name in names})


def _compiled(statement: ClauseElement, dialect: Dialect) -> tuple[str, list[str]]:
    """A statement's SQL with positional parameters, and their names in its order."""
    positional: Any = type(dialect)
    compiled: Any = statement.compile(dialect=positional(paramstyle="qmark" if dialect.name == "sqlite" else "format"))
    return str(compiled), list(compiled.positiontup)
