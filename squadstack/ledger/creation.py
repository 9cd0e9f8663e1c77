"""Find or make what a ledger needs before it can be used: its tables, its key, its scope."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, NamedTuple

import sqlalchemy as sa

from squadstack.exceptions import LedgerError
from squadstack.ledger import schema
from squadstack.ledger.digests import new_key

if TYPE_CHECKING:
    from sqlalchemy.engine import Connection


_OPENING = 0x5_9A_D5_7A_C4
"""The lock that is held while a ledger in PostgreSQL is opened."""


class Opened(NamedTuple):
    """An open ledger: whether it was just created, the key of its digests, the scope's number."""

    is_new: bool
    digest_key: bytes
    scope_id: int


def open_scope(connection: Connection, business: str, host: str, *, is_new_file: bool) -> Opened:
    """Open a business's part of the ledger, creating what is missing.

    Raises:
        LedgerError: The database is somebody else's, or of a newer version of this package.
    """
    if connection.dialect.name == "postgresql":  # several may open it for the first time at once
        connection.execute(sa.select(sa.func.pg_advisory_xact_lock(_OPENING)))
    is_new = _create(connection, is_new_file=is_new_file)
    key = bytes(connection.execute(sa.select(schema.info.c.digest_key)).scalar_one())
    return Opened(is_new, key, _scope_id(connection, business, host))


def _create(connection: Connection, *, is_new_file: bool) -> bool:
    tables = sa.inspect(connection).get_table_names()
    if schema.info.name in tables:
        version = connection.execute(sa.select(schema.info.c.version)).scalar_one()
        if version > schema.VERSION:
            msg = "The ledger was written by a newer version of squadstack-connectors: upgrade this one."
            raise LedgerError(msg)
        _migrate(connection, version)
        return False
    if tables and not is_new_file and connection.dialect.name == "sqlite":
        msg = "Setting 'ledger_url' points at a database that is no ledger: choose another file."
        raise LedgerError(msg)
    schema.metadata.create_all(connection)
    connection.execute(sa.insert(schema.info).values(version=schema.VERSION, digest_key=new_key()))
    return True


_STEPS: dict[int, tuple[sa.Column[Any], ...]] = {
    2: (
        schema.leads.c.is_deleted,
        schema.leads.c.accepted,
        schema.leads.c.accepted_at,
        schema.rejects.c.state,
        schema.rejects.c.changed_at,
    ),
    3: (schema.rejects.c.read_at,),
    4: (),
}
"""The columns that each version of the schema brought."""

_NO_NUMBER_TWICE_SINCE = 4
_NO_NUMBER_TWICE = (schema.rejects, schema.runs)
"""The tables that in SQLite gave a number twice before that version."""


def _migrate(connection: Connection, version: int) -> None:
    """Bring a ledger of an older version up to date: it knows nothing of what was not kept then."""
    schema.metadata.create_all(connection)  # tables that are new
    for step in range(version + 1, schema.VERSION + 1):
        for column in _STEPS[step]:
            told = sa.schema.CreateColumn(column).compile(dialect=connection.dialect)
            connection.execute(sa.text(f"ALTER TABLE {column.table.name} ADD COLUMN {told}"))
    if version < _NO_NUMBER_TWICE_SINCE and connection.dialect.name == "sqlite":
        for table in _NO_NUMBER_TWICE:
            _make_anew(connection, table)
        connection.execute(sa.update(schema.mirrored).values(seen_run=0))  # runs may have begun at 1 again
    if version < schema.VERSION:
        connection.execute(sa.update(schema.info).values(version=schema.VERSION))


def _make_anew(connection: Connection, table: sa.Table) -> None:
    """Give a table the form that it has now, with all its rows: SQLite changes no more than columns."""
    names = ", ".join(column.name for column in table.columns)
    for index in table.indexes:
        index.drop(connection, checkfirst=True)
    connection.execute(sa.text(f"ALTER TABLE {table.name} RENAME TO {table.name}_before"))
    table.create(connection)
    connection.execute(sa.text(f"INSERT INTO {table.name} ({names}) SELECT {names} FROM {table.name}_before"))  # noqa: S608 - names of ours
    connection.execute(sa.text(f"DROP TABLE {table.name}_before"))


def _scope_id(connection: Connection, business: str, host: str) -> int:
    table = schema.scopes
    query = sa.select(table.c.scope_id).where(table.c.business == business, table.c.host == host)
    found = connection.execute(query).scalar()
    if found is None:
        connection.execute(sa.insert(table).values(business=business, host=host))
        found = connection.execute(query).scalar_one()
    return int(found)
