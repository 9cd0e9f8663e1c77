"""Whether a ledger in a file outlives the container."""

from __future__ import annotations

from pathlib import Path

from sqlalchemy.engine import make_url
from sqlalchemy.exc import ArgumentError

_GONE_WITH_THE_POD = frozenset(map(Path, ("/", "/tmp", "/config", "/source", "/dest", "/dev/shm")))  # noqa: S108 - named
"""Folders that a container has for itself, mounted or not."""


def warning_of(ledger_url: str) -> list[str]:
    """A sentence if the ledger is a SQLite file that lies on no volume; none otherwise."""
    try:
        url = make_url(ledger_url)
    except (ArgumentError, ValueError):  # whoever opens the ledger tells it
        return []
    if url.get_backend_name() != "sqlite":
        return []
    if url.database and _mount_of(Path(url.database).absolute()) not in _GONE_WITH_THE_POD:
        return []
    sentence = (
        "The ledger is a SQLite file that lies on no volume: in a container it is gone after each run, and unchanged "
        "leads are sent again. Use a PostgreSQL database, or mount a volume."
    )
    return [sentence]


def _mount_of(path: Path) -> Path:
    """Where what a path lies on is mounted."""
    return next((folder for folder in (path, *path.parents) if folder.is_mount()), Path("/"))
