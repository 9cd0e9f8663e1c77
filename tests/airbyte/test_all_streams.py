"""Every stream that the source offers: read in either mode, from its own STATE, as its schema says."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import jsonschema
import pytest
from events.test_streams import CALL, JUDGEMENT
from support.airbyte import Face, Message, Said, configured
from support.responses.scene import NOW
from support.responses_server import CAMPAIGN, ResponsesServer

from squadstack.ledger.ledger import Ledger
from squadstack.ledger.rows import Reject

if TYPE_CHECKING:
    from pathlib import Path

pytestmark = pytest.mark.long


@pytest.fixture
def full(source: Face, responses: ResponsesServer, tmp_path: Path) -> Face:
    """A source that has something in each of its streams."""
    responses.fill(CAMPAIGN, [NOW - 50_000])
    ledger = Ledger(source.config["ledger_url"], business="default", host=responses.url.removeprefix("http://"))
    ledger.end_call([], [Reject("s", 1, "main", "lead-1", "upsert", "other", "Canary", {"a": 1})], run_id=1)
    ledger.close()
    events = tmp_path / "events"
    events.mkdir()
    (events / "a.jsonl").write_text("".join(f"{json.dumps(one)}\n" for one in (CALL, JUDGEMENT)) + "broken\n")
    source.config["events_url"] = str(events)
    return source


def catalog_of(source: Face) -> dict[str, Message]:
    [catalog] = source.run("discover").all("CATALOG")
    return {stream["name"]: stream for stream in catalog["streams"]}


def last_states(said: Said) -> dict[str, dict[str, Any]]:
    return {one["stream"]["stream_descriptor"]["name"]: one for one in said.all("STATE")}


@pytest.mark.parametrize("mode", ["incremental", "full_refresh"])
def test_every_stream_is_read(full: Face, mode: str) -> None:
    """Whichever mode is asked for; each row by its schema, each stream with its statuses and counted STATEs."""
    streams = catalog_of(full)
    said = full.run("read", catalog=configured(*streams, sync_mode=mode))
    counted = dict.fromkeys(streams, 0.0)
    for one in said.all("STATE"):
        counted[one["stream"]["stream_descriptor"]["name"]] += one["sourceStats"]["recordCount"]
    for name, stream in streams.items():
        rows = said.records(name)
        assert len(rows) == counted[name] > 0, name
        validator = jsonschema.Draft7Validator(stream["json_schema"])
        assert [error.message for row in rows for error in validator.iter_errors(row)] == []
        assert {key for [key] in stream["source_defined_primary_key"]} <= rows[0].keys()
        assert [status for other, status in said.statuses if other == name] == ["STARTED", "RUNNING", "COMPLETE"]


def test_a_stream_that_is_not_read_has_a_state_too(source: Face) -> None:
    """Without a place of events there are none: the sync is complete, and nothing is to be read again."""
    streams = catalog_of(source)
    said = source.run("read", catalog=configured(*streams))
    assert last_states(said).keys() == streams.keys()
    assert {status for _, status in said.statuses} == {"STARTED", "COMPLETE"}


def test_every_stream_reads_on_from_its_state(full: Face) -> None:
    """What was read does not come again, but for what lies in a lookback; nothing new moves no STATE."""
    streams = configured(*catalog_of(full))
    kept = full.run("read", catalog=streams)
    again = full.run("read", catalog=streams, state=list(last_states(kept).values()))
    assert [name for name in last_states(again) if again.records(name)] == ["rejected_actions"]
    for name, state in last_states(again).items():
        assert state["stream"] == last_states(kept)[name]["stream"]
