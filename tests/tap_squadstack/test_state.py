"""Whatever STATE holds, no row is skipped: what makes no sense is read anew, with a warning."""

from __future__ import annotations

import json
import signal
from typing import TYPE_CHECKING, Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from support.responses.scene import NOW, STREAMS, TOKEN, TapScene
from support.responses_server import CAMPAIGN, ResponsesServer

if TYPE_CHECKING:
    from collections.abc import Iterator

BOUND = NOW - 300
OLD, LATE, NEW = BOUND - 50_000, BOUND - 1000, BOUND - 5
"""When lead-1, lead-2 and lead-3 were processed."""
ALL = {"lead-1", "lead-2", "lead-3"}
END = "2025-06-15T15:01:40.000000+00:00"


@pytest.fixture(scope="module")
def scene(tmp_path_factory: pytest.TempPathFactory) -> Iterator[TapScene]:
    """Three leads, and a clock that stands still."""
    handlers = {number: signal.getsignal(number) for number in (signal.SIGINT, signal.SIGTERM)}
    with ResponsesServer(token=TOKEN, clock=lambda: NOW) as server:
        server.fill(CAMPAIGN, [OLD, LATE, NEW])
        yield TapScene(server, tmp_path_factory.mktemp("state"))
    for number, handler in handlers.items():
        signal.signal(number, handler)


def partition(value: Any = END, **more: Any) -> dict[str, Any]:
    return {
        "context": {"campaign_id": CAMPAIGN},
        "replication_key": "processed_at",
        "replication_key_value": value,
        **more,
    }


def bookmarks(*partitions: Any, streams: tuple[str, ...] = STREAMS) -> dict[str, Any]:
    return {"bookmarks": {stream: {"partitions": list(partitions)} for stream in streams}}


@pytest.mark.parametrize(
    "value", [END, "2025-06-15T20:31:40+05:30", "2025-06-15T15:01:40", BOUND, BOUND * 1000, f"{BOUND}"]
)
def test_a_bookmark_counts_in_any_form_of_a_moment(scene: TapScene, value: object) -> None:
    """Only the lookback before it is read again."""
    output = scene.sync(state=bookmarks(partition(value)))
    assert [output.ids(stream) for stream in STREAMS] == [{"lead-3"}] * 2


@pytest.mark.parametrize(
    "state",
    [
        None,
        {},
        {"bookmarks": {}},
        {"bookmarks": None},
        {"bookmarks": []},
        {"bookmarks": {"lead_responses": None, "lead_response_answers": 7}},
        {"bookmarks": {"lead_responses": {"replication_key_value": END}}},  # not by campaign
        {"bookmarks": {"lead_responses": {"partitions": {"campaign_id": CAMPAIGN}}}},
        {"lead_responses": {"processed_at": END}},
        {"version": 2, "currently_syncing": "lead_responses"},
        bookmarks(None),
        bookmarks({"context": None, "replication_key_value": END}),
        bookmarks({"context": {"campaign_id": "other"}, "replication_key_value": END}),
        bookmarks({"context": {"campaign_id": CAMPAIGN, "more": 1}, "replication_key_value": END}),
        bookmarks(partition(), partition("2025-06-15T00:00:00Z")),
        bookmarks(partition("2025-06-15T00:00:00Z"), partition()),
        *(
            bookmarks(partition(value))
            for value in (None, "", "soon", True, [], {}, -1, 0, 1.5, 10**30, "9999-12-31T23:59:59Z")
        ),
        *(
            bookmarks(partition(value))
            for value in (NOW + 1, NOW + 10**6, "2025-06-15T15:06:41Z", "2999-01-01T00:00:00Z")
        ),
        bookmarks(partition("2999-01-01T00:00:00Z", progress_markers={"replication_key_value": END})),
        bookmarks({**partition(), "replication_key_value": None, "starting_replication_value": END}),
        bookmarks(
            {
                "context": {"campaign_id": CAMPAIGN},
                "progress_markers": {"replication_key": "processed_at", "replication_key_value": END},
            }
        ),
    ],
    ids=lambda state: json.dumps(state)[:60],
)
def test_without_a_bookmark_that_makes_sense_all_is_read(scene: TapScene, state: Any) -> None:
    """Red if a row is skipped, or STATE keeps what made no sense."""
    output = scene.sync(state=state)
    assert [output.ids(stream) for stream in STREAMS] == [ALL] * 2
    assert [output.bookmark(stream) for stream in STREAMS] == [END] * 2


@pytest.mark.parametrize("stream", STREAMS)
@pytest.mark.parametrize("value", ["2999-01-01T00:00:00Z", None, "soon", NOW + 1])
def test_one_bookmark_that_makes_no_sense(scene: TapScene, stream: str, value: Any) -> None:
    """That stream is read anew, and the other one goes on. Red if either loses a row."""
    (other,) = set(STREAMS) - {stream}
    state = bookmarks(partition(), streams=(other,))
    state["bookmarks"][stream] = {"partitions": [partition(value)]}
    output = scene.sync(state=state)
    assert (output.ids(stream), output.ids(other)) == (ALL, {"lead-3"})
    assert [output.bookmark(name) for name in STREAMS] == [END] * 2


def test_a_bookmark_of_a_campaign_that_is_not_read_any_more(scene: TapScene) -> None:
    """It is kept: the campaign may come back."""
    other = {"context": {"campaign_id": "other"}, "replication_key": "processed_at", "replication_key_value": "2020"}
    output = scene.sync(state=bookmarks(other, partition()))
    assert output.ids() == {"lead-3"}
    assert output.bookmark(campaign="other") == "2020"


def test_ten_megabytes_of_it(scene: TapScene) -> None:
    others = [{"context": {"campaign_id": f"campaign-{number}"}, "x": "x" * 100_000} for number in range(100)]
    assert scene.sync(state=bookmarks(*others, partition())).ids() == {"lead-3"}


JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False) | st.text(max_size=5) | st.just(END),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=5), inner, max_size=3),
    max_leaves=8,
)


@settings(max_examples=60, deadline=None, derandomize=True, suppress_health_check=list(HealthCheck))
@given(JSON, st.sampled_from(["bookmarks", "stream", "partitions", "partition", "context", "value"]), st.booleans())
def test_any_json_at_any_place(scene: TapScene, junk: Any, place: str, is_alone: bool) -> None:  # noqa: FBT001
    """All is read, or what the bookmark leaves. Red if a run ends otherwise."""
    kept = [] if is_alone else [partition()]
    state = {
        "bookmarks": {"bookmarks": junk},
        "stream": {"bookmarks": {"lead_responses": junk}},
        "partitions": {"bookmarks": {"lead_responses": {"partitions": junk}}},
        "partition": bookmarks(junk, *kept),
        "context": bookmarks({"context": junk, "replication_key_value": END}, *kept),
        "value": bookmarks({**partition(junk), "progress_markers": junk}),
    }[place]
    output = scene.sync(state=state)
    assert output.ids() in (ALL, {"lead-3"})
    assert output.ids() == ALL or place in {"partition", "context", "value"}
    assert output.bookmark() == END


@pytest.mark.parametrize(
    ("text", "sentence"),
    [
        ('{"bookmarks": {"lead_responses": ', "is not JSON."),
        ('"/etc/passwd"', "must hold one JSON object."),  # the SDK would open it
    ],
)
@pytest.mark.parametrize("what", ["state", "catalog"])
def test_a_file_that_is_no_object(scene: TapScene, what: str, text: str, sentence: str) -> None:
    """A sentence, and nothing is read: a file that was cut may have held a bookmark."""
    calls = len(scene.server.calls)
    _, result = scene.run(**{what: text}, status=1)
    assert f"{what}.json {sentence}" in result.stderr
    assert len(scene.server.calls) == calls


def test_an_empty_state_file(scene: TapScene) -> None:
    assert scene.run(state="")[0].ids() == ALL
