"""docs/events.md says what the streams of events are, and what the receiver answers."""

from __future__ import annotations

from typing import Any

import pytest
from docs.pages import code, codes, section, tables

from squadstack.events.kinds import Kind
from tap_squadstack import events, schemas
from tap_squadstack.bookmarks import _BY_FILE

PAGE = "docs/events.md"
STREAMS: dict[type[events.EventStream], dict[str, Any]] = {
    events.DispositionEventsStream: schemas.DISPOSITION_EVENTS,
    events.CallsStream: schemas.CALLS,
    events.JudgementsStream: schemas.JUDGEMENTS,
    events.BrokenEventsStream: schemas.BROKEN_EVENTS,
}


def test_every_stream_is_told() -> None:
    headings = [line[4:].strip("`") for line in section(PAGE, "Streams").splitlines() if line.startswith("### ")]
    assert headings == [stream.name for stream in STREAMS]
    assert set(headings) == _BY_FILE


@pytest.mark.parametrize("stream", STREAMS)
def test_every_column_is_told_with_its_type_and_the_key(stream: type[events.EventStream]) -> None:
    told = section(PAGE, f"`{stream.name}`")
    [key] = [line for line in told.replace("\n", " ").split(". ") if "key is" in line]
    assert {code(row[0]): row[1] for row in tables(told)["column"]} == {
        name: _type(declared) for name, declared in STREAMS[stream]["properties"].items()
    }
    assert tuple(codes(key.partition("key is")[2].partition("|")[0])) == tuple(stream.primary_keys)


def _type(declared: dict[str, Any]) -> str:
    if declared.get("format") == "date-time":
        return "time"
    [kind] = set(declared["type"]) - {"null"}
    return {"string": "text", "integer": "number"}.get(kind, kind)


def test_every_type_of_event_is_told() -> None:
    [row] = [row for row in tables(section(PAGE, "`disposition_events`"))["column"] if "event_type" in row[0]]
    assert codes(row[2]) == list(Kind)
