"""Open the ledger's database, private and durable, and tell its faults as sentences."""

from __future__ import annotations

import contextlib
import os
import sqlite3
import threading
import time
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any

import sqlalchemy
from sqlalchemy import event
from sqlalchemy.engine import URL, Connection, Engine, make_url
from sqlalchemy.exc import ArgumentError, NoSuchModuleError, SQLAlchemyError

from squadstack.exceptions import ConfigurationError, LedgerError
from squadstack.ledger.claims import Claim
from squadstack.ledger.copying import copy_of

if TYPE_CHECKING:
    from collections.abc import Iterator

    from sqlalchemy.engine import Dialect

_BUSY_SECONDS = 60
_PAUSE_SECONDS = 0.01
_POSTGRESQL = "postgresql+psycopg"


class Database:
    """Transactions on the ledger's database, one at a time within this process.

    Args:
        url: The setting `ledger_url`.
        as_copy: Whether to work on a private copy (see `copying`), so that nothing there is changed or created.

    Attributes:
        place: Where it is, without a password.
        is_new: Whether the file was just created.
    """

    def __init__(self, url: str, *, as_copy: bool = False) -> None:
        parsed = _parse(url)
        self.place = parsed.set(query={}).render_as_string(hide_password=True)
        self.is_new = not as_copy and _create_privately(parsed)
        self._lock = threading.Lock()
        self._claims: list[Claim] = []
        self._fault = ""
        self._engine = _engine(parsed)
        self._is_copy = as_copy
        if as_copy:
            self._engine, self.is_new = self._copy()

    def _copy(self) -> tuple[Engine, bool]:
        try:
            engine, was_there = copy_of(self._engine)
        except (SQLAlchemyError, sqlite3.Error) as error:
            raise LedgerError(self._sentence(error)) from None
        finally:
            self._engine.dispose()
        return engine, not was_there

    @property
    def dialect(self) -> Dialect:
        """What statements are compiled for."""
        return self._engine.dialect

    @property
    def is_sqlite(self) -> bool:
        """Whether it is a file on this machine, whose clock then counts."""
        return self._engine.dialect.name == "sqlite"

    @contextmanager
    def transaction(self) -> Iterator[Connection]:
        """A transaction that is durable when the block ends.

        Raises:
            LedgerError: The database is out of reach, full, read-only, locked or no ledger.
        """
        try:
            with self._lock:
                if self._fault:  # what failed once ends the run: nobody else waits for it again
                    raise LedgerError(self._fault)
                try:
                    with self._engine.begin() as connection:
                        yield connection
                except SQLAlchemyError as error:
                    self._fault = self._sentence(error)
                    raise
        except SQLAlchemyError:
            raise LedgerError(self._fault) from None

    def keep_log(self) -> None:
        """Have SQLite keep a write-ahead log, so that readers need not wait; only in a database that is ours.

        Raises:
            LedgerError: The database is out of reach, or others hold it.
        """
        if not self.is_sqlite:
            return
        last = time.monotonic() + _BUSY_SECONDS
        with contextlib.closing(self._engine.raw_connection()) as connection:
            while True:
                try:
                    connection.cursor().execute("PRAGMA journal_mode = WAL").close()
                except sqlite3.Error as error:  # here SQLite does not wait for others as it does elsewhere
                    if error.sqlite_errorname != "SQLITE_BUSY" or time.monotonic() > last:
                        raise LedgerError(self._sentence(error)) from None
                    time.sleep(_PAUSE_SECONDS)
                else:
                    return

    def claim(self, name: str) -> bool:
        """Claim, until `close` or the end of the process, what only one run may do at a time; False: another does it.

        Raises:
            LedgerError: The claim cannot be noted.
        """
        if self._is_copy:
            return True
        claim = Claim(self._engine, name)
        try:
            is_ours = claim.take()
        except SQLAlchemyError as error:
            raise LedgerError(self._sentence(error)) from None
        except OSError as error:
            msg = f"No file beside the ledger at {self.place} can be locked ({error.strerror}): check the folder."
            raise LedgerError(msg) from None
        if is_ours:
            self._claims.append(claim)
        return is_ours

    def scrub(self) -> None:
        """Leave nothing of what was deleted in SQLite's files; a database server keeps house by itself.

        Raises:
            LedgerError: The database is out of reach, or others read it.
        """
        if not self.is_sqlite:
            return
        with self._lock, contextlib.closing(self._engine.raw_connection()) as connection:
            cursor = connection.cursor()
            try:
                cursor.execute("VACUUM")
                is_held = cursor.execute("PRAGMA wal_checkpoint(TRUNCATE)").fetchone()[0]
            except sqlite3.Error as error:
                raise LedgerError(self._sentence(error)) from None
        if is_held:
            msg = (
                f"The ledger at {self.place} is being read, so its files may still hold what was deleted: purge again."
            )
            raise LedgerError(msg)

    def close(self) -> None:
        """Give back the connections and claims."""
        for claim in self._claims:
            claim.release()
        self._engine.dispose()

    def _sentence(self, error: Exception) -> str:
        """What happened, told by the kind of error: its text may repeat values."""
        cause = getattr(error, "orig", None) or error
        name = getattr(cause, "sqlite_errorname", "") or type(cause).__name__
        return f"The ledger at {self.place} {_CAUSES.get(name, f'failed ({name})')}."


_CAUSES = {
    "SQLITE_BUSY": "stayed locked for a minute: another program holds it",
    "SQLITE_CANTOPEN": "cannot be opened: check the folder and its permissions",
    "SQLITE_CORRUPT": "is damaged: restore it from a copy, or move it away to start a new one",
    "SQLITE_FULL": "cannot grow: the disk is full",
    "SQLITE_IOERR": "cannot be read or written: check the disk",
    "SQLITE_IOERR_FSYNC": "cannot be written to disk durably: check the disk",
    "SQLITE_NOTADB": "is a file that is no database: point ledger_url elsewhere",
    "SQLITE_READONLY": "cannot be written: check the file's permissions",
}


def _parse(url: str) -> URL:
    try:
        parsed = make_url(url)
        return parsed.set(drivername=_POSTGRESQL) if parsed.drivername in {"postgresql", "postgres"} else parsed
    except (ArgumentError, ValueError):
        msg = "Setting 'ledger_url' must be like sqlite:///path/to/ledger.db or postgresql://user@host/database."
        raise ConfigurationError(msg) from None


def _create_privately(url: URL) -> bool:
    """Create a missing SQLite file for its owner only; SQLite gives its side files the same mode."""
    if url.get_backend_name() != "sqlite":
        return False
    if not url.database or url.database == ":memory:":
        msg = "Setting 'ledger_url' must name a file: a ledger in memory remembers nothing."
        raise ConfigurationError(msg)
    path = Path(url.database)
    try:
        path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        os.close(os.open(path, os.O_CREAT | os.O_EXCL | os.O_RDWR, 0o600))
    except FileExistsError:
        return False
    except OSError as error:
        msg = f"The ledger at {path} cannot be created ({error.strerror}): check ledger_url and permissions."
        raise LedgerError(msg) from None
    return True


def _engine(url: URL) -> Engine:
    try:
        engine = sqlalchemy.create_engine(url, hide_parameters=True)
    except (ImportError, NoSuchModuleError):
        msg = (
            f"No driver for {url.drivername} is installed: "
            "for PostgreSQL, pip install 'squadstack-connectors[postgres]'; else use sqlite:///…"
        )
        raise ConfigurationError(msg) from None
    if engine.dialect.name == "sqlite":
        event.listen(engine, "connect", _prepare_sqlite)
        event.listen(engine, "begin", _begin_immediate)
    return engine


def _prepare_sqlite(connection: sqlite3.Connection, _: Any) -> None:
    connection.isolation_level = None
    for pragma in (f"busy_timeout = {_BUSY_SECONDS * 1000}", "synchronous = FULL", "secure_delete = ON"):
        connection.execute(f"PRAGMA {pragma}").close()


def _begin_immediate(connection: Connection) -> None:
    connection.exec_driver_sql("BEGIN IMMEDIATE")
