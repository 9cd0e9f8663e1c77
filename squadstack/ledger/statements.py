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


DOUBT = tuple(column.name for column in schema.leads.columns)
REJECT = tuple(column.name for column in schema.rejects.columns if column.name != "reject_id")
ERASE = ("scope_id", "campaign", "lead_id")


class Statement:
    """One statement for many rows at a time.

    Args:
        statement: With named parameters.
        names: The parameters' names, in the order of a row's values.
        dialect: The database's.
    """

    def __init__(self, statement: ClauseElement, names: Sequence[str], dialect: Dialect) -> None:
        style = "qmark" if dialect.name == "sqlite" else "format"
        positional: Any = type(dialect)
        compiled: Any = statement.compile(dialect=positional(paramstyle=style))
        self._sql = str(compiled)
        self._places = [names.index(name) for name in compiled.positiontup]

    def run(self, connection: Connection, rows: Sequence[Sequence[Any]]) -> None:
        """Execute it for every row."""
        if rows:
            places = self._places
            connection.exec_driver_sql(self._sql, [tuple([row[place] for place in places]) for row in rows])


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
        dialect = database.dialect
        self.doubt = Statement(_doubt(is_sqlite=database.is_sqlite), DOUBT, dialect)
        self.judged = Statement(_clear({"is_known": sa.bindparam("is_known")}), ("lead", "is_known"), dialect)
        self.refused = Statement(_clear({}), ("lead", "is_known"), dialect)
        self.reject = Statement(_reject(), REJECT, dialect)
        self.erase = Statement(_erase(), ERASE, dialect)


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


def _clear(more: dict[str, Any]) -> ClauseElement:
    table = schema.leads
    values = {"doubt_action": sa.null(), "doubt_payload": sa.null(), "doubt_since": sa.null(), **more}
    return sa.update(table).where(table.c.lead == sa.bindparam("lead")).values(values)


def _erase() -> ClauseElement:
    table = schema.rejects
    return sa.delete(table).where(*(table.c[name] == sa.bindparam(name) for name in ERASE))


def _reject() -> ClauseElement:
    return sa.insert(schema.rejects).values({name: sa.bindparam(name) for name in REJECT})
