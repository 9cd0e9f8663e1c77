"""The statements of every call, compiled once, each for many rows in one step.

SQLAlchemy's own way costs more than the database's work; and a driver that steps from row to row lets go of
the interpreter at each, which a reader that maps records gives back only some milliseconds later.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any

import sqlalchemy as sa
from sqlalchemy.dialects import postgresql, sqlite

from squadstack.ledger import schema

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from sqlalchemy.engine import Connection, Dialect
    from sqlalchemy.sql.expression import ClauseElement

    from squadstack.ledger.database import Database

DOUBT = tuple(column.name for column in schema.leads.columns)
"""The values of a row of `Statements.doubt`."""

REJECT = tuple(column.name for column in schema.rejects.columns if column.name != "reject_id")
"""The values of a row of `Statements.reject`."""

_AT_ONCE = 500
_ROW = re.compile(r"(?<=VALUES )(\([^()]*\))")
_LEADS = re.compile(r"__\[POSTCOMPILE_leads[^\]]*\]")


class Statements:
    """Those of one ledger.

    Attributes:
        doubt: Marks leads in doubt; the very same doubt keeps the time since when it is there.
        known: Clears the doubts of leads that the API has.
        deleted: Clears those of leads that it has no more.
        refused: Clears those of leads of which it said nothing of the kind.
        reject: Keeps rejected actions.
    """

    def __init__(self, database: Database) -> None:
        dialect = database.dialect
        self.doubt = RowsStatement(_doubt(is_sqlite=database.is_sqlite), DOUBT, dialect)
        self.known = LeadsStatement(_clear(is_known=sa.true()), dialect)
        self.deleted = LeadsStatement(_clear(is_known=sa.false()), dialect)
        self.refused = LeadsStatement(_clear(), dialect)
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
        self._places = [names.index(name) for name in order]

    def run(self, connection: Connection, rows: Sequence[Sequence[Any]]) -> None:
        """Insert the rows."""
        for some in _in_parts(rows):
            sql = f"{self._head}{', '.join([self._row] * len(some))}{self._tail}"
            connection.exec_driver_sql(sql, tuple(row[place] for row in some for place in self._places))


class LeadsStatement:
    """A statement about any number of leads, by their digests.

    Args:
        statement: Whose one parameter `leads` stands for the digests.
        dialect: The database's.
    """

    def __init__(self, statement: ClauseElement, dialect: Dialect) -> None:
        sql, _ = _compiled(statement, dialect)
        self._mark = _mark(dialect)
        self._head, self._tail = _LEADS.split(sql, maxsplit=1)

    def run(self, connection: Connection, leads: Sequence[bytes]) -> None:
        """Execute it for the leads."""
        for some in _in_parts(leads):
            connection.exec_driver_sql(f"{self._head}{', '.join([self._mark] * len(some))}{self._tail}", tuple(some))


def _doubt(*, is_sqlite: bool) -> ClauseElement:
    table = schema.leads
    insert = (sqlite.insert if is_sqlite else postgresql.insert)(table)
    insert = insert.values({name: sa.bindparam(name) for name in DOUBT})
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


def _clear(**more: Any) -> ClauseElement:
    table = schema.leads
    values = {"doubt_action": sa.null(), "doubt_payload": sa.null(), "doubt_since": sa.null(), **more}
    return sa.update(table).where(table.c.lead.in_(sa.bindparam("leads", expanding=True))).values(values)


def _insert(table: sa.Table, names: Sequence[str]) -> ClauseElement:
    return sa.insert(table).values({name: sa.bindparam(name) for name in names})


def _compiled(statement: ClauseElement, dialect: Dialect) -> tuple[str, list[str]]:
    """A statement's SQL with positional parameters, and their names in its order."""
    positional: Any = type(dialect)
    compiled: Any = statement.compile(dialect=positional(paramstyle="qmark" if _mark(dialect) == "?" else "format"))
    return str(compiled), list(compiled.positiontup)


def _mark(dialect: Dialect) -> str:
    return "?" if dialect.name == "sqlite" else "%s"


def _in_parts(items: Sequence[Any]) -> Iterator[Sequence[Any]]:
    return (items[start : start + _AT_ONCE] for start in range(0, len(items), _AT_ONCE))
