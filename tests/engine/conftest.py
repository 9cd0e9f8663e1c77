"""A ledger that several processes open: a file, or a real PostgreSQL."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from pathlib import Path


@pytest.fixture(params=["SQLite", "PostgreSQL"])
def shared_ledger(request: pytest.FixtureRequest, tmp_path: Path) -> str:
    """The setting `ledger_url` of a ledger that is not there yet."""
    if request.param == "SQLite":
        return f"sqlite:///{tmp_path}/ledger.db"
    url: str = request.getfixturevalue("new_database")()
    return url
