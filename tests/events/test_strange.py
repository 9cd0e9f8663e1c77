"""Strange payloads and strange files: what a loader or a database would refuse costs no event and stops no run."""

from __future__ import annotations

import json
import os
import tempfile
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest
from events.receiver import loaded
from support.responses.scene import NOW, TOKEN, TapScene, check_manners
from support.responses_server import CAMPAIGN, ResponsesServer
from support.run import run_target

from squadstack.events.payloads import NotAnEventError, check, events_of, line_of
from squadstack.events.places import Place
from squadstack.events.reader import Broken, Reader
from squadstack.events.receiving import Receiving
from squadstack.events.rows import call_row, event_row
from squadstack.exceptions import ConfigurationError, EventsError

if TYPE_CHECKING:
    from collections.abc import Iterator

NOBODY = 65534
AT = "2026-01-01T00:00:00+00:00"


def nested(levels: int) -> bytes:
    return b'{"a":' * levels + b"1" + b"}" * levels


def test_the_deepest_that_is_taken_is_read() -> None:
    """The line that keeps it has a level more: that must not cost the event."""
    for body in (nested(64), b"[" + nested(63) + b"]", b'{"received_at":"x","event":' + nested(63) + b"}"):
        check(body)
        assert len(events_of(line_of(body, AT))) == 1
    for bad in (nested(65), b'{"received_at":"x","event":' + nested(64) + b"}", nested(1000), nested(100_000)):
        with pytest.raises(NotAnEventError, match="nested too deeply"):
            check(bad)
    for bad in (nested(65), line_of(nested(65), AT)):
        with pytest.raises(NotAnEventError, match="nested too deeply"):
            events_of(bad)


def test_the_largest_body_makes_a_line_that_is_read(tmp_path: Path) -> None:
    """A receiver that would take more is refused."""
    largest = Receiving(folder=tmp_path, secrets=(), max_body_bytes=16 << 20).max_body_bytes
    body = b'{"a":"' + b"x" * (largest - 8) + b'"}'
    assert len(body) == largest
    (tmp_path / "a.jsonl").write_bytes(line_of(body, AT))
    assert len(loaded(tmp_path)) == 1
    with pytest.raises(ConfigurationError, match="max_body_bytes"):
        Receiving(folder=tmp_path, secrets=(), max_body_bytes=17 << 20)


@pytest.mark.parametrize("seconds", [0, -1, float("inf"), float("nan"), 1e12])
def test_times_that_no_clock_waits_for(tmp_path: Path, seconds: float) -> None:
    for name in ("segment_seconds", "body_seconds"):
        with pytest.raises(ConfigurationError, match=name):
            Receiving(folder=tmp_path, secrets=(), **{name: seconds})


STRANGE = [
    rb'{"a\u0000b": "c\u0000d", "lead_id": "\u0000", "call_outcome": "\u0000"}',
    rb'{"\ud800": "\udfff", "lead_id": "\ud83d", "called_at": "\ud800"}',
    b'{"a": 1' + b"0" * 5000 + b', "called_at": -1' + b"0" * 400 + b', "call_attempt_number": 9' + b"9" * 30 + b"}",
    b'{"a": -1e999, "called_at": 1e308, "created_at": -62135596801, "call_attempt_number": -1e308}',
    b'{"called_at": "0001-01-01T00:00:00+14:00", "created_at": "9999-12-31T23:59:59-14:00"}',
    b'{"called_at": "99999-01-01", "created_at": {"a": []}, "call_attempt_number": true, "event_type": ["call"]}',
    b'{"called_at": 1, "called_at": null, "lead_id": "a", "lead_id": "b"}',
    b'{"called_at": 1, "event_id": "' + b"x" * 5000 + b'"}',
    b'{"called_at": 1, "event_id": 1' + b"0" * 5000 + b"}",
    b'{"called_at": 1, "event_id": {"a": 1}, "": "", "received_at": [1]}',
    '{"called_at": "१२३", "event_type": "\u2028CALL\u2029", "x": "\U0010ffff"}'.encode(),
]


@pytest.mark.parametrize("body", STRANGE, ids=lambda body: repr(body[:40]))
def test_rows_are_what_databases_take(body: bytes) -> None:
    """No NUL, no half of a character, no number beyond 64 bits, and a key that fits an index."""
    [event] = events_of(line_of(body, AT))
    assert len(event.event_id) <= 255
    rows = [event_row(event, AT), call_row(event, AT)]
    for row in rows:
        text = json.dumps(row, ensure_ascii=False, allow_nan=False)
        text.encode()
        assert "\\u0000" not in text
        assert all(abs(number) < 2**64 for number in numbers_in(row))


def numbers_in(value: Any) -> Iterator[float]:
    match value:
        case dict() | list():
            for item in value.values() if isinstance(value, dict) else value:
                yield from numbers_in(item)
        case int():
            yield value


@pytest.fixture
def tap(tmp_path: Path) -> Iterator[TapScene]:
    with ResponsesServer(token=TOKEN, clock=lambda: NOW) as server:
        server.rows(CAMPAIGN)
        (tmp_path / "events").mkdir()
        yield TapScene(server, tmp_path)


def test_the_tap_reads_past_all_of_them(tap: TapScene) -> None:
    """Strange payloads, a file of zeros as a crash leaves it, a name that is no text, a time beyond all calendars."""
    folder = tap.folder / "events"
    (folder / "a.jsonl").write_bytes(b"\n".join([*STRANGE, b"\0" * 500, b'{"n": "\0"}', nested(1000), b'{"last": 1}']))
    (folder / os.fsdecode(b"b\xff.jsonl")).write_bytes(b'junk of +91-9999900001\n{"n": 1}\n')
    os.utime(folder / "a.jsonl", (2**40, 2**40))
    os.mkfifo(folder / "c.jsonl")
    (folder / "d.jsonl").mkdir()
    (folder / "e.jsonl").symlink_to(folder / "nothing")
    settings = tap.settings(events_url=str(folder))
    result = run_target(settings, "", command="tap-squadstack", cwd=tap.folder)
    check_manners(result.stderr)
    assert result.status == 0, result.stderr
    assert "99999" not in result.stderr
    assert "\\u0000" not in result.stdout
    messages = [json.loads(text) for text in result.stdout.splitlines()]
    found = [message["stream"] for message in messages if message["type"] == "RECORD"]
    assert (found.count("disposition_events"), found.count("broken_events")) == (len(STRANGE) + 2, 4)


def test_a_bucket_of_google_without_its_extra(tap: TapScene) -> None:
    """A sentence that says what to install."""
    result = run_target(tap.settings(events_url="gs://bucket/in"), "", command="tap-squadstack", cwd=tap.folder)
    check_manners(result.stderr)
    assert result.status == 1
    assert "install the extra: pip install 'squadstack-connectors[gcs]'" in result.stderr


@contextmanager
def as_nobody() -> Iterator[None]:
    """Root may read everything: be somebody else for a moment."""
    is_root = os.geteuid() == 0
    if is_root:
        os.seteuid(NOBODY)
    try:
        yield
    finally:
        if is_root:
            os.seteuid(0)


@pytest.fixture
def shared_folder() -> Iterator[Path]:
    """A folder that others may look into."""
    with tempfile.TemporaryDirectory(dir="/tmp") as folder:  # pytest's own are for their owner only
        Path(folder).chmod(0o755)
        yield Path(folder)


@pytest.mark.parametrize("closed", ["", "deep", "deep/a.jsonl"])
def test_what_may_not_be_read(shared_folder: Path, closed: str) -> None:
    """The place itself, a folder within or a file: the run says so, it does not pass over it."""
    (shared_folder / "deep").mkdir()
    (shared_folder / "deep" / "a.jsonl").write_text('{"n": 1}\n')
    positions: dict[str, Any] = {}
    assert len(loaded(shared_folder, positions)) == 1
    before = dict(positions)
    (shared_folder / closed).chmod(0)
    with as_nobody(), pytest.raises(EventsError, match="The events cannot be read: Permission denied"):
        loaded(shared_folder, positions)
    assert positions == before
    (shared_folder / closed).chmod(0o700)


def test_the_name_of_a_file_that_is_no_text(tmp_path: Path) -> None:
    (tmp_path / os.fsdecode(b"\xff.jsonl")).write_bytes(b"\0junk\n")
    [found] = Reader(Place(str(tmp_path)), {}).items()
    assert isinstance(found, Broken)
    found.file.encode()
