"""A private copy of a ledger, for what only looks ahead: a plan writes into the copy, and the ledger stays as it is.

The copy is a database of SQLite's without a name: it lies in memory, what does not fit there in a file that no other
program can open, and it is gone with its connection.
"""

from __future__ import annotations

import contextlib
import sqlite3
from pathlib import Path
from typing import TYPE_CHECKING

import sqlalchemy as sa
from sqlalchemy import event
from sqlalchemy.pool import StaticPool

from squadstack.ledger import schema
from squadstack.ledger.parts import AT_ONCE

if TYPE_CHECKING:
    from sqlalchemy.engine import Connection, Engine


def copy_of(source: Engine) -> tuple[Engine, bool]:
    """Copy what lies at an engine, and tell whether there was anything; a missing file is not created.

    Raises:
        sqlite3.Error: A file cannot be read.
        SQLAlchemyError: A server's database cannot be read.
    """
    copy = sqlite3.connect("", check_same_thread=False, isolation_level=None)
    engine = sa.create_engine("sqlite://", creator=lambda: copy, poolclass=StaticPool, hide_parameters=True)
    event.listen(engine, "begin", lambda connection: connection.exec_driver_sql("BEGIN"))
    if source.dialect.name != "sqlite":
        return engine, _copy_tables(source, engine)
    path = Path(source.url.database or "")
    if not path.exists():
        return engine, False
    with contextlib.closing(_reader_of(path)) as reader:
        reader.backup(copy)
    return engine, True


def _reader_of(path: Path) -> sqlite3.Connection:
    """A connection that leaves the files as they are: what a killed run left in the log is read, not moved."""
    has_log = path.with_name(f"{path.name}-wal").exists()
    mode = "ro" if has_log else "rw"
    reader = sqlite3.connect(f"{path.resolve().as_uri()}?mode={mode}", uri=True, isolation_level=None, timeout=60)
    reader.execute("PRAGMA query_only = ON").close()
    return reader


def _copy_tables(source: Engine, copy: Engine) -> bool:
    with source.connect() as reading, copy.begin() as writing:
        names = set(sa.inspect(reading).get_table_names())
        if schema.info.name not in names:
            return False
        schema.metadata.create_all(writing)
        for table in schema.metadata.sorted_tables:
            if table.name in names:
                _copy_table(table, reading, writing)
        version = sa.select(schema.info.c.version)
        if writing.execute(version).scalar_one() < schema.VERSION:  # what older ones lack is empty in the copy
            writing.execute(sa.update(schema.info).values(version=schema.VERSION))
    return True


def _copy_table(table: sa.Table, reading: Connection, writing: Connection) -> None:
    there = {column["name"] for column in sa.inspect(reading).get_columns(table.name)}
    columns = [column for column in table.columns if column.name in there]
    rows = reading.execution_options(yield_per=AT_ONCE).execute(sa.select(*columns)).mappings()
    for some in rows.partitions(AT_ONCE):
        writing.execute(sa.insert(table), [dict(row) for row in some])
