"""What only one run may do at a time: claimed for as long as its process lives, however that ends."""

from __future__ import annotations

import fcntl
import hashlib
import os
from typing import TYPE_CHECKING

import sqlalchemy as sa

if TYPE_CHECKING:
    from sqlalchemy.engine import Connection, Engine


class Claim:
    """A claim on something by its name, for all processes that open this ledger.

    SQLite is shared by the processes of one machine, so a lock on a file beside it will do; a database server's own
    lock is kept by a connection.

    Args:
        engine: Of the ledger.
        name: What is claimed.
    """

    def __init__(self, engine: Engine, name: str) -> None:
        self._engine = engine
        self._name = name
        self._file: int | None = None
        self._connection: Connection | None = None

    def take(self) -> bool:
        """Claim it; False: another one has.

        Raises:
            OSError: The file beside the ledger cannot be opened.
            SQLAlchemyError: The database is out of reach.
        """
        return self._lock_file() if self._engine.dialect.name == "sqlite" else self._lock_at_server()

    def release(self) -> None:
        """Give it back, if it was taken."""
        if self._file is not None:
            os.close(self._file)
            self._file = None
        if self._connection is not None:
            self._connection.invalidate()  # not back into the pool: the lock is the connection's
            self._connection.close()
            self._connection = None

    def _lock_file(self) -> bool:
        path = os.path.realpath(self._engine.url.database or "")  # by whatever name the ledger is opened
        file = os.open(f"{path}-{self._name}", os.O_CREAT | os.O_RDWR | os.O_CLOEXEC, 0o600)
        try:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            os.close(file)
            return False
        except OSError:
            os.close(file)
            raise
        self._file = file
        return True

    def _lock_at_server(self) -> bool:
        key = int.from_bytes(hashlib.sha256(f"squadstack {self._name}".encode()).digest()[:8], signed=True)
        connection = self._engine.connect()
        is_ours = bool(connection.execute(sa.select(sa.func.pg_try_advisory_lock(key))).scalar())
        connection.commit()
        if is_ours:
            self._connection = connection
        else:
            connection.close()
        return is_ours
