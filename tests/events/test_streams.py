"""The tap's streams of events: whole runs of the real command over a folder."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import jsonschema
import pytest
from events.receiver import started
from support.responses.scene import NOW, TOKEN, TapScene
from support.responses_server import CAMPAIGN, ResponsesServer
from support.run import run_target

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

STREAMS = ["broken_events", "calls", "disposition_events", "judgements"]
CALL = {
    "phone_number": "+919999900001",
    "lead_id": "lead-1",
    "recording_url": "https://recordings.example.com/1.mp3",
    "campaign_id": CAMPAIGN,
    "called_at": "2025-06-15T20:00:00+05:30",
    "call_outcome": "Connected : Call Later",
    "contact_name": "Asha",
    "created_at": 1_749_000_000,
    "call_attempt_number": "2",
    "agent": "7",
}
JUDGEMENT = {
    "phone_number": "+919999900002",
    "lead_id": 2,
    "latest_recording_url": None,
    "campaign_id": CAMPAIGN,
    "latest_called_at": "2025-06-15T14:00:00Z",
    "lead_outcome": "Connected : Not Interested",
    "processed_at": "2025-06-15T14:30:00Z",
    "contact_name": "Bilal",
    "created_at": None,
    "additional_notes": "speaks Tamil",
}


@pytest.fixture
def reading(tmp_path: Path) -> Iterator[TapScene]:
    with ResponsesServer(token=TOKEN, clock=lambda: NOW) as server:
        server.rows(CAMPAIGN)
        (tmp_path / "events").mkdir()
        yield TapScene(server, tmp_path)


def put(reading: TapScene, *payloads: Any, name: str = "a.jsonl") -> None:
    with (reading.folder / "events" / name).open("a") as file:
        file.writelines((one if isinstance(one, str) else json.dumps(one)) + "\n" for one in payloads)


def run(reading: TapScene, state: Any = None, catalog: Any = None, **settings: Any) -> tuple[dict[str, Any], Any, str]:
    """Run the tap; tell the rows of each stream, the last STATE and the log."""
    given = {"events_url": str(reading.folder / "events"), **settings}
    arguments = reading.arguments(state, catalog)
    result = run_target(reading.settings(**given), "", *arguments, command="tap-squadstack", cwd=reading.folder)
    assert result.status == 0, result.stderr
    assert "Asha" not in result.stderr
    rows: dict[str, Any] = {}
    schemas: dict[str, Any] = {}
    states = []
    for text in result.stdout.splitlines():
        message = json.loads(text)
        match message["type"]:
            case "SCHEMA":
                schemas[message["stream"]] = message["schema"]
                rows[message["stream"]] = []
            case "RECORD":
                jsonschema.validate(message["record"], schemas[message["stream"]])
                rows[message["stream"]].append(message["record"])
            case "STATE":
                states.append(message["value"])
    return rows, states[-1], result.stderr


def test_a_call_and_a_judgement(reading: TapScene) -> None:
    """Each is a row of its stream, and both are of that of all events; what is broken lies beside."""
    put(reading, CALL, "{broken", JUDGEMENT, CALL)
    rows, _, logged = run(reading)
    assert [len(rows[stream]) for stream in STREAMS] == [1, 1, 2, 1]
    call, judgement = rows["disposition_events"]
    assert {**call, "event_id": None, "received_at": None} == {
        "event_id": None,
        "event_type": "call",
        "occurred_at": "2025-06-15T14:30:00.000000+00:00",
        "campaign_id": CAMPAIGN,
        "lead_id": "lead-1",
        "outcome": "Connected : Call Later",
        "processed_at": None,
        "payload": CALL,
        "received_at": None,
    }
    assert (judgement["event_type"], judgement["lead_id"]) == ("judgement", "2")
    [one] = rows["calls"]
    assert (one["event_id"], one["call_attempt_number"], one["agent"]) == (call["event_id"], 2, "7")
    assert one["created_at"] == "2025-06-04T01:20:00.000000+00:00"
    assert rows["judgements"][0]["additional_notes"] == "speaks Tamil"
    [broken] = rows["broken_events"]
    assert (broken["file"], broken["position"], broken["text"]) == ("a.jsonl", len(json.dumps(CALL)) + 1, "{broken")
    assert logged.count("1 lines of events hold no event") == 1


def test_the_next_run_reads_what_is_new(reading: TapScene) -> None:
    """Each stream by its own positions; STATE holds no name of a file."""
    put(reading, CALL, name="9999900001.jsonl")
    _, state, _ = run(reading)
    assert "9999900001" not in json.dumps(state["bookmarks"])
    put(reading, JUDGEMENT, name="9999900001.jsonl")
    del state["bookmarks"]["calls"]
    rows, state, _ = run(reading, state)
    assert [len(rows[stream]) for stream in STREAMS] == [0, 1, 1, 1]
    rows, state, _ = run(reading, state)
    assert [len(rows[stream]) for stream in STREAMS] == [0] * 4
    state["bookmarks"]["calls"]["files"] = {"x": 7}
    rows, _, logged = run(reading, state)
    assert [len(rows[stream]) for stream in STREAMS] == [0, 1, 0, 0]
    assert "The STATE of stream 'calls' is not as this tap writes it" in logged


def test_a_push_and_a_pull_agree_in_one_key(reading: TapScene) -> None:
    """And the push moves no bookmark of the pull, however new it is."""
    reading.server.put(CAMPAIGN, "lead-1", NOW - 3000, answers={"loan": "yes"})
    pushed = {"lead_id": "lead-1", "campaign_id": CAMPAIGN, "lead_outcome": "x", "lead_responses": {"loan": "yes"}}
    put(reading, {**pushed, "processed_at": (NOW - 3000) * 1000}, {**pushed, "processed_at": "2999-01-01T00:00:00Z"})
    rows, state, _ = run(reading)
    names = ("campaign_id", "lead_id", "processed_at")
    [pulled] = rows["lead_responses"]
    first, _ = rows["disposition_events"]
    assert [first[name] for name in names] == [pulled[name] for name in names]
    assert first["event_type"] == "lead_processed"
    assert rows["judgements"] == []
    [partition] = state["bookmarks"]["lead_responses"]["partitions"]
    assert partition["replication_key_value"] == "2025-06-15T15:01:40.000000+00:00"


def test_without_a_place_the_streams_are_there_and_stay_empty(reading: TapScene) -> None:
    """Not selected, and not read even if they are."""
    catalog = reading.discover()
    assert {stream["tap_stream_id"] for stream in catalog["streams"]} >= set(STREAMS)
    for stream in catalog["streams"]:
        for entry in stream["metadata"]:
            if not entry["breadcrumb"]:
                assert entry["metadata"].get("selected-by-default", True) or stream["tap_stream_id"] in {
                    *STREAMS,
                    "rejected_actions",
                }
                entry["metadata"]["selected"] = True
    rows, _, _ = run(reading, catalog=catalog, events_url=None)
    assert set(rows).isdisjoint(STREAMS)


def test_all_is_read_anew_without_increments(reading: TapScene) -> None:
    put(reading, CALL)
    _, state, _ = run(reading)
    catalog = reading.discover()
    for stream in catalog["streams"]:
        if stream["tap_stream_id"] == "calls":
            stream["replication_method"] = "FULL_TABLE"
        for entry in stream["metadata"]:
            if not entry["breadcrumb"]:
                entry["metadata"]["selected"] = stream["tap_stream_id"] in {"calls", "disposition_events"}
    rows, _, _ = run(reading, state, catalog)
    assert [len(rows[stream]) for stream in ("calls", "disposition_events")] == [1, 0]


def test_values_that_loaders_do_not_take(reading: TapScene) -> None:
    """Numbers beyond 64 bits, halves of characters and deep values break neither a line nor the run."""
    put(
        reading,
        '{"a": 1e999, "b": 123456789012345678901, "c": "\\ud800", "call_attempt_number": 1e400, "called_at": []}',
    )
    put(
        reading,
        '{"lead_id": {"a": [1]}, "campaign_id": 5, "call_outcome": false, "event_id": "  ", "x": -9223372036854775808}',
    )
    rows, _, _ = run(reading)
    assert [row["call_attempt_number"] for row in rows["calls"]] == [None, None]
    assert [row["lead_id"] for row in rows["disposition_events"]] == [None, '{"a": [1]}']


def test_a_folder_that_is_not_there(reading: TapScene) -> None:
    """A sentence; the responses were read all the same."""
    settings = reading.settings(events_url=str(reading.folder / "nowhere"))
    result = run_target(settings, "", command="tap-squadstack", cwd=reading.folder)
    assert result.status == 1
    assert "The place of events_url is not there" in result.stderr
    assert "Traceback" not in result.stderr


def test_from_the_receiver_to_the_loader(reading: TapScene) -> None:
    """Pushed, stored, read: while the receiver runs, and after it ended."""
    with started(reading.folder / "events") as receiver:
        assert receiver.push(CALL).status_code == 201
        rows, state, _ = run(reading)
        assert [row["payload"] for row in rows["disposition_events"]] == [CALL]
        assert receiver.push([CALL, JUDGEMENT]).status_code == 201
        assert receiver.end()[0] == 0
    rows, _, _ = run(reading, state)
    assert JUDGEMENT in [row["payload"] for row in rows["disposition_events"]]
    assert all(row["received_at"].startswith("20") for row in rows["disposition_events"])
