"""What the tap writes: its two streams, their types, and what was selected of them."""

from __future__ import annotations

import json
import sys
import time
from datetime import datetime
from itertools import pairwise
from typing import TYPE_CHECKING, Any

import jsonschema
import pytest
from support.responses.scene import NOW, STREAMS, Output
from support.responses.times import FORMS
from support.responses_server import CAMPAIGN

if TYPE_CHECKING:
    from support.responses.scene import TapScene

BOUND = NOW - 300
"""What was processed from then on waits, by the default lag."""


def select(catalog: dict[str, Any], *streams: str, fields: dict[str, bool] | None = None) -> dict[str, Any]:
    """Select streams, and fields of theirs."""
    for stream in catalog["streams"]:
        for entry in stream["metadata"]:
            if not entry["breadcrumb"]:
                entry["metadata"]["selected"] = stream["tap_stream_id"] in streams
            elif fields and entry["breadcrumb"][-1] in fields:
                entry["metadata"]["selected"] = fields[entry["breadcrumb"][-1]]
    return catalog


def test_the_catalog(reading: TapScene) -> None:
    """Two streams of responses, incremental by processed_at; nothing is asked of the API for it."""
    streams = {stream["tap_stream_id"]: stream for stream in reading.discover()["streams"]}
    for name in ("rejected_actions", "disposition_events", "calls", "judgements", "broken_events"):
        del streams[name]
    assert {name: stream["key_properties"] for name, stream in streams.items()} == {
        "lead_responses": ["campaign_id", "lead_id"],
        "lead_response_answers": ["campaign_id", "lead_id", "response_key"],
    }
    assert {(stream["replication_key"], stream["replication_method"]) for stream in streams.values()} == {
        ("processed_at", "INCREMENTAL")
    }
    assert reading.server.calls == []


def test_both_streams(reading: TapScene) -> None:
    """Every lead older than the lag, in the order in which they were processed, and each of its answers."""
    reading.server.put(CAMPAIGN, "lead-1", BOUND - 1, answers={"loan": "yes", "city": "Canary city"})
    reading.server.put(CAMPAIGN, "lead-2", BOUND - 100, answers={"loan": None})
    reading.server.put(CAMPAIGN, "lead-3", BOUND - 50, answers={})
    reading.server.put(CAMPAIGN, "lead-4", BOUND)
    reading.server.put(CAMPAIGN, "lead-5", None)
    output, result = reading.run()
    assert [record["lead_id"] for record in output.records["lead_responses"]] == ["lead-2", "lead-3", "lead-1"]
    answers = [
        (one["lead_id"], one["response_key"], one["response_value"]) for one in output.records["lead_response_answers"]
    ]
    assert answers == [("lead-2", "loan", None), ("lead-1", "loan", "yes"), ("lead-1", "city", "Canary city")]
    assert [output.bookmark(stream) for stream in STREAMS] == ["2025-06-15T15:01:40.000000+00:00"] * 2
    assert "1 rows of campaign loans have no processed_at" in result.stderr
    assert len(reading.server.calls) == 2, "one that shows the rows, and one that proves that none is missing"


@pytest.mark.parametrize("stream", STREAMS)
def test_one_stream_alone(reading: TapScene, stream: str) -> None:
    """The other one writes nothing, and its bookmark does not move."""
    reading.server.fill(CAMPAIGN, [BOUND - 5])
    (other,) = set(STREAMS) - {stream}
    output = reading.sync(catalog=select(reading.discover(), stream))
    assert (output.schemas, len(output.records[stream]), output.records[other]) == ([stream], 1, [])
    assert (output.bookmark(stream) is None, output.bookmark(other)) == (False, None)


def test_a_stream_that_is_selected_later(reading: TapScene) -> None:
    """It gets all from the beginning, the other one only what is new. Red if both begin where either does."""
    reading.server.fill(CAMPAIGN, [BOUND - 100_000, BOUND - 10])
    first = reading.sync(catalog=select(reading.discover(), "lead_responses"))
    second = reading.sync(state=first.states[-1])
    assert second.ids("lead_response_answers") == {"lead-1", "lead-2"}
    assert second.ids("lead_responses") == {"lead-2"}
    assert second.bookmark(STREAMS[0]) == second.bookmark(STREAMS[1])


def test_deselected_fields_are_left_out(reading: TapScene) -> None:
    reading.server.fill(CAMPAIGN, [BOUND - 5])
    catalog = select(reading.discover(), *STREAMS, fields={"phone_number": False, "response_value": False})
    output = reading.sync(catalog=catalog)
    assert [set(output.records[stream][0]) & {"phone_number", "response_value"} for stream in STREAMS] == [set()] * 2
    assert output.bookmark() is not None


def test_unknown_fields_are_kept(reading: TapScene) -> None:
    """As they came, numbers, lists and objects among them."""
    reading.server.put(CAMPAIGN, "lead-1", BOUND - 5, new_field={"deep": [1, None]}, other=1.5)
    output = reading.sync()
    (record,) = output.records["lead_responses"]
    assert (record["new_field"], record["other"]) == ({"deep": [1, None]}, 1.5)


@pytest.mark.parametrize("form", ["Z, 9 digits", *(pytest.param(name, marks=pytest.mark.long) for name in FORMS)])
def test_records_are_as_the_schema_says(reading: TapScene, form: str) -> None:
    """In whatever form the times come. Red if any other form gets through."""
    write, _ = FORMS[form]
    reading.server.set(write=write)
    for number, at in enumerate([BOUND - 5000, BOUND - 60, BOUND - 5], 1):
        reading.server.put(CAMPAIGN, f"lead-{number}", at, created_at=write(at * 10**6), phone_number=99999)
    output = reading.sync()
    schemas = {
        message["stream"]: message["schema"]
        for message in map(json.loads, output.text.splitlines())
        if message["type"] == "SCHEMA"
    }
    for stream in STREAMS:
        assert len(output.records[stream]) == 3
        for record in output.records[stream]:
            jsonschema.validate(record, schemas[stream], jsonschema.Draft7Validator)
            assert len(record["processed_at"]) == len("2025-06-15T15:01:40.000000+00:00")


def test_several_campaigns(reading: TapScene) -> None:
    """Each has its own bookmark; the same one twice is read once."""
    reading.server.put("one", "lead-1", BOUND - 5)
    reading.server.put("a/b ü?", "lead-1", BOUND - 6)
    output = reading.sync(campaign_ids=["one", "a/b ü?", "one"])
    assert [record["campaign_id"] for record in output.records["lead_responses"]] == ["one", "a/b ü?"]
    assert None not in {output.bookmark(campaign=name) for name in ("one", "a/b ü?")}
    assert {call.campaign for call in reading.server.calls} == {"a/b ü?", "one"}


def test_start_date(reading: TapScene) -> None:
    """It is the first moment that is read; a bookmark before it does not count."""
    reading.server.fill(CAMPAIGN, [BOUND - 3601, BOUND - 3600, BOUND - 5])
    for state in (None, bookmarks_at("2020-01-01T00:00:00Z")):
        output = reading.sync(start_date="2025-06-15T19:31:40+05:30", state=state)
        assert output.ids() == {"lead-2", "lead-3"}


@pytest.mark.parametrize("start_date", ["yesterday", "2025-02-30"])
def test_a_start_date_that_is_none(reading: TapScene, start_date: str) -> None:
    """A sentence, before anything is asked. Red if it is a fault of the connector itself."""
    _, result = reading.run(start_date=start_date, status=1)
    assert "Setting 'start_date' must be a date and time" in result.stderr
    assert (reading.server.calls, result.stdout) == ([], "")


def bookmarks_at(value: Any, *streams: str, campaign: str = CAMPAIGN) -> dict[str, Any]:
    partition = {"context": {"campaign_id": campaign}, "replication_key": "processed_at"}
    partitions = [{**partition, "replication_key_value": value}]
    return {"bookmarks": {stream: {"partitions": partitions} for stream in streams or STREAMS}}


def test_a_second_run(reading: TapScene) -> None:
    """One call for each campaign, no row older than the lookback, and the same bookmark."""
    for name in ("one", "two"):
        reading.server.fill(name, range(BOUND - 10_000, BOUND, 20))
    first = reading.sync(campaign_ids=["one", "two"])
    assert len(first.records["lead_responses"]) == 1000
    calls = len(reading.server.calls)
    second = reading.sync(campaign_ids=["one", "two"], state=first.states[-1])
    assert sorted(call.campaign for call in reading.server.calls[calls:]) == ["one", "two"]
    assert 0 < len(second.records["lead_responses"]) <= 2 * 300 / 20
    assert second.states[-1] == first.states[-1]


def test_bookmarks_follow_the_records(reading: TapScene) -> None:
    """Each STATE covers what was written before it, and nothing else; it never goes back."""
    moments = range(BOUND - 50_000, BOUND, 50)
    reading.server.fill(CAMPAIGN, moments)
    output = reading.sync(start_date="2025-06-14T00:00:00Z")
    marks = [
        _second(Output(json.dumps({"type": "STATE", "value": state}) + "\n").bookmark()) for state in output.states
    ]
    assert len(marks) > 10
    assert all(one <= other for one, other in pairwise(marks))
    for mark, ids in zip(marks, output.before, strict=True):
        assert ids >= {f"lead-{number}" for number, moment in enumerate(moments, 1) if moment < mark}


def _second(text: str) -> float:
    return datetime.fromisoformat(text).timestamp()


def test_a_thousand_rows_on_one_second(reading: TapScene) -> None:
    """More than a page: all come, each once, for a few passes through its pages."""
    reading.server.fill(CAMPAIGN, [BOUND - 7000] * 1000)
    reading.server.set(order="unstable")
    output = reading.sync(start_date="2025-06-15T00:00:00Z")
    assert len(output.records["lead_responses"]) == len(output.ids()) == 1000


def test_the_time_zone_of_the_machine_is_nothing(reading: TapScene) -> None:
    """Red if a Date or a row's time without a zone is read as local time."""
    reading.server.set(date="minus_zero", write=FORMS["no zone"][0])
    reading.server.fill(CAMPAIGN, [BOUND - 5000, BOUND - 0.000001, BOUND, NOW])
    found = []
    for zone in ("UTC", "Asia/Kolkata", "America/New_York"):
        output, _ = reading.run(env={"TZ": zone})
        found.append((output.records, output.states))
    assert found[0] == found[1] == found[2]
    assert len(found[0][0]["lead_responses"]) == 2


SHIFTED = (
    "import time; real = time.time; time.time = lambda: real() + {}; from tap_squadstack.__main__ import main; main()"
)


@pytest.mark.parametrize(
    "shift", [-86_400, 86_400, *(pytest.param(one, marks=pytest.mark.long) for one in (-600, 600))]
)
def test_the_clock_of_the_machine_is_nothing(reading: TapScene, shift: int) -> None:
    """The same rows and the same bookmark, for the API's own clock counts."""
    reading.server.fill(CAMPAIGN, [BOUND - 5000, BOUND - 1, BOUND, NOW])
    output, _ = reading.run(command=[sys.executable, "-c", SHIFTED.format(shift)], rate_limit={"calls": 100})
    assert (output.ids(), output.bookmark()) == ({"lead-1", "lead-2"}, "2025-06-15T15:01:40.000000+00:00")


@pytest.mark.parametrize("date", ["missing", pytest.param("garbage", marks=pytest.mark.long)])
@pytest.mark.parametrize("shift", [-86_400, pytest.param(0, marks=pytest.mark.long), 86_400])
def test_an_api_without_a_clock(reading: TapScene, date: str, shift: int) -> None:
    """The machine's counts, with a warning; the bookmark stays before what may still be coming, wrong as it may be."""
    now = int(time.time())
    reading.server.set(clock=time.time, date=date)
    reading.server.fill(CAMPAIGN, [now - 90_000, now - 400, now - 1])
    output, result = reading.run(command=[sys.executable, "-c", SHIFTED.format(shift)])
    assert "tell no time" in result.stderr
    assert output.ids() == {f"lead-{number}" for number in range(1, {-86_400: 2, 0: 3, 86_400: 4}[shift])}
    assert _second(output.bookmark()) <= now - 300
