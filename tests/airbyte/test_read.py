"""`source-squadstack`: the same rows as the tap's, each stream with its own STATE."""

from __future__ import annotations

import json
import signal
from typing import TYPE_CHECKING, Any

import jsonschema
import pytest
from support.airbyte import Face, Said, configured
from support.responses.scene import NOW, STREAMS, Output, TapScene
from support.responses_server import CAMPAIGN, ResponsesServer

if TYPE_CHECKING:
    from pathlib import Path

pytestmark = pytest.mark.long

BOTH = configured(*STREAMS)
OLD, LATE, NEW = NOW - 50_000, NOW - 2_000, NOW - 500
"""When leads were processed; what lies in the lookback of the last one comes again."""


def states_of(said: Said) -> list[dict[str, Any]]:
    """What the platform keeps: the last STATE of each stream."""
    last = {one["stream"]["stream_descriptor"]["name"]: one for one in said.all("STATE")}
    return list(last.values())


def ids(said: Said, stream: str = STREAMS[0]) -> list[str]:
    return [record["lead_id"] for record in said.records(stream)]


def test_the_streams(source: Face, responses: ResponsesServer) -> None:
    """Nothing is asked of the API for them."""
    [catalog] = source.run("discover").all("CATALOG")
    streams = {stream["name"]: stream for stream in catalog["streams"]}
    assert {name: streams[name]["source_defined_primary_key"] for name in STREAMS} == {
        "lead_responses": [["campaign_id"], ["lead_id"]],
        "lead_response_answers": [["campaign_id"], ["lead_id"], ["response_key"]],
    }
    for stream in (streams[name] for name in STREAMS):
        assert stream["supported_sync_modes"] == ["full_refresh", "incremental"]
        assert stream["default_cursor_field"] == ["processed_at"]
        assert stream["json_schema"]["properties"]["processed_at"]["airbyte_type"] == "timestamp_with_timezone"
    for stream in streams.values():
        assert stream["json_schema"]["$schema"] == "http://json-schema.org/draft-07/schema#"
        jsonschema.Draft7Validator.check_schema(stream["json_schema"])
    assert responses.calls == []


def test_the_same_rows_as_the_taps(source: Face, responses: ResponsesServer, tmp_path: Path) -> None:
    """Each of them valid against its schema, and each stream with its statuses in order."""
    responses.fill(CAMPAIGN, [OLD, LATE, NEW])
    said = source.run("read", catalog=BOTH)
    output: Output = TapScene(responses, tmp_path).run()[0]
    [catalog] = source.run("discover").all("CATALOG")
    schemas = {stream["name"]: stream["json_schema"] for stream in catalog["streams"]}
    for stream in STREAMS:
        assert said.records(stream) == output.records[stream]
        assert len(said.records(stream)) == 3
        for data in said.records(stream):
            jsonschema.validate(data, schemas[stream])
        assert [status for name, status in said.statuses if name == stream] == ["STARTED", "RUNNING", "COMPLETE"]


def test_the_states_count_their_records(source: Face, responses: ResponsesServer) -> None:
    """Of each stream by itself; the last one comes before COMPLETE."""
    responses.set(page_cap=10)
    responses.fill(CAMPAIGN, [OLD + 100 * number for number in range(45)])
    said = source.run("read", catalog=BOTH)
    states = said.all("STATE")
    assert len(states) > 2
    for stream in STREAMS:
        counts = [
            one["sourceStats"]["recordCount"] for one in states if one["stream"]["stream_descriptor"]["name"] == stream
        ]
        assert sum(counts) == len(said.records(stream)) == 45
        assert all(isinstance(count, float) for count in counts)
    kinds = [message["type"] for message in said.messages if message["type"] != "LOG"]
    assert kinds[-2:] == ["TRACE", "TRACE"] or kinds[-1] == "TRACE"
    assert "STATE" not in kinds[max(place for place, kind in enumerate(kinds) if kind == "STATE") + 1 :]


@pytest.mark.parametrize("form", ["stream", "wrapped", "global", "legacy", "as the tap has it"])
def test_from_the_state_of_the_last_run(source: Face, responses: ResponsesServer, form: str) -> None:
    """Only what is new, in whichever form the platform keeps it."""
    responses.fill(CAMPAIGN, [OLD, LATE])
    kept = states_of(source.run("read", catalog=BOTH))
    parts = [state["stream"] for state in kept]
    data = {"bookmarks": {part["stream_descriptor"]["name"]: part["stream_state"] for part in parts}}
    responses.fill(CAMPAIGN, [NEW], first=3)
    state: Any = {
        "stream": kept,
        "wrapped": [{"type": "STATE", "state": one} for one in kept],
        "global": [{"type": "GLOBAL", "global": {"stream_states": parts}}],
        "legacy": [{"type": "LEGACY", "data": data}],
        "as the tap has it": data,
    }[form]
    said = source.run("read", catalog=BOTH, state=state)
    assert [ids(said, stream) for stream in STREAMS] == [["lead-3"]] * 2


STRANGE_STATES: list[Any] = [
    *([], {}, [{"type": "STREAM"}], [7, None], [{"type": "GLOBAL", "global": 1}], "", "5", '"text"', "true", "1.5"),
    *({"bookmarks": 5}, [{"type": "STREAM", "stream": [1]}], [{"type": "LEGACY", "data": {"bookmarks": [1]}}]),
    [{"stream": {"stream_descriptor": {"name": STREAMS[0]}, "stream_state": 5}, "sourceStats": [1]}],
    [{"stream": {"stream_descriptor": {"name": STREAMS[0]}, "stream_state": {"partitions": 5, "x": [1]}}}],
]


@pytest.mark.parametrize("state", STRANGE_STATES, ids=repr)
def test_a_state_that_says_nothing(source: Face, responses: ResponsesServer, state: Any) -> None:
    responses.fill(CAMPAIGN, [OLD])
    assert ids(source.run("read", catalog=BOTH, state=state)) == ["lead-1"]


def test_nothing_new_has_a_state_too(source: Face) -> None:
    said = source.run("read", catalog=BOTH)
    assert [one["sourceStats"]["recordCount"] for one in states_of(said)] == [0.0, 0.0]
    assert sorted(said.statuses) == sorted((stream, status) for stream in STREAMS for status in ("STARTED", "COMPLETE"))


@pytest.mark.parametrize("stream", STREAMS)
def test_one_stream(source: Face, responses: ResponsesServer, stream: str) -> None:
    responses.fill(CAMPAIGN, [OLD])
    said = source.run("read", catalog=configured(stream))
    assert {one["stream"] for one in said.all("RECORD")} == {stream}
    assert {name for name, _ in said.statuses} == {stream}
    assert [one["stream"]["stream_descriptor"]["name"] for one in states_of(said)] == [stream]


def test_a_full_refresh_begins_anew(source: Face, responses: ResponsesServer) -> None:
    responses.fill(CAMPAIGN, [OLD])
    kept = states_of(source.run("read", catalog=BOTH))
    catalog = configured(*STREAMS, sync_mode="full_refresh")
    assert ids(source.run("read", catalog=catalog, state=kept)) == ["lead-1"]
    assert ids(source.run("read", catalog=BOTH, state=kept)) == []


def test_a_broken_run_keeps_what_was_read(source: Face, responses: ResponsesServer) -> None:
    """The first campaign is read, the second one fails: STATE for the first, INCOMPLETE, a failure that may pass."""
    responses.fill(CAMPAIGN, [OLD, LATE])
    responses.fill("second", [OLD], first=3)
    several: dict[str, Any] = {"campaign_ids": [CAMPAIGN, "second"], "max_in_flight": 1}
    responses.set(script=[None] + [503] * 20)
    said = source.run("read", catalog=BOTH, status=1, max_outage_seconds=0, **several)
    assert ids(said) == ["lead-1", "lead-2"]
    assert [kind for kind, _ in said.errors] == ["transient_error"]
    assert {status for _, status in said.statuses} == {"STARTED", "RUNNING", "INCOMPLETE"}
    responses.set(script=[])
    assert ids(source.run("read", catalog=BOTH, state=states_of(said), **several)) == ["lead-3"]


@pytest.mark.parametrize(
    ("changes", "catalog", "kind", "sentence"),
    [
        ({"auth_token": "another"}, BOTH, "config_error", "SquadStack does not accept the token (401)"),
        ({"campaign_ids": None}, BOTH, "config_error", "Setting 'campaign_ids' is missing."),
        ({"stream_maps": {}}, BOTH, "config_error", "There is no setting 'stream_maps'"),
        ({"api_url": "ftp://x"}, BOTH, "config_error", "Setting 'api_url' must be scheme and host only"),
        ({"start_date": "soon"}, BOTH, "config_error", "Setting 'start_date' must be a date and time"),
        ({}, configured("others"), "config_error", "There is no stream 'others'"),
        ({}, configured(STREAMS[0], sync_mode="INVALID"), "config_error", "its sync mode must be one of"),
        ({}, None, "config_error", "The option --catalog is missing."),
    ],
)
def test_what_cannot_be_read(source: Face, changes: dict[str, Any], catalog: Any, kind: str, sentence: str) -> None:
    said = source.run("read", catalog=catalog, status=1, **changes)
    [(found, told)] = said.errors
    assert (found, sentence in told) == (kind, True), told
    assert said.all("STATE") == []


def test_a_signal(source: Face, responses: ResponsesServer) -> None:
    """INCOMPLETE, whole lines, exit status 143; a signal is no error."""
    responses.fill(CAMPAIGN, [OLD])
    responses.set(delay=30)
    with source.start("read", catalog=BOTH) as running:
        while "STARTED" not in running.stdout:
            running.read_state(timeout=20)
        running.send_signal(signal.SIGTERM)
        said = source.check(running.wait(timeout=20), 143)
    assert said.errors == []
    assert {status for _, status in said.statuses} == {"STARTED", "INCOMPLETE"}


def test_into_the_destination(source: Face, responses: ResponsesServer, destination: Face) -> None:
    """What one face writes the other one reads, as the platform hands it on."""
    responses.fill(CAMPAIGN, [OLD, LATE])
    said = source.run("read", catalog=BOTH)
    lines = [json.dumps(message) for message in said.messages]
    rules = [{"stream": STREAMS[0], "action": "upsert", "include": ["lead_id", "phone_number", "contact_name"]}]
    written = destination.run("write", lines, catalog=BOTH, mappings=rules)
    sent = [one["sourceStats"]["recordCount"] for one in said.all("STATE")]
    assert [sum(pair) for pair in written.counts] == sent
    assert written.counts == [(count, 0.0) for count in sent]
