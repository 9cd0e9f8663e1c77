"""The SDK's stream maps before our rules: what they make of streams and records is counted, told and hushed."""

from __future__ import annotations

import io
import signal
from typing import TYPE_CHECKING, Any

import pytest
from flows.scene import CONTACTS, check_manners, contact, upsert
from support import singer
from support.run import run_target

from target_squadstack.target import TargetSquadStack

if TYPE_CHECKING:
    from collections.abc import Iterator

    from flows.scene import Scene

INPUT = [CONTACTS, contact(1), contact(2), singer.state(1)]
TALKATIVE = {"LOGLEVEL": "DEBUG", "TARGET_SQUADSTACK_LOGLEVEL": "DEBUG"}


@pytest.fixture(autouse=True)
def own_signals() -> Iterator[None]:
    """A target takes the signals of its process, which is ours here."""
    handlers = {number: signal.getsignal(number) for number in (signal.SIGINT, signal.SIGTERM)}
    yield
    for number, handler in handlers.items():
        signal.signal(number, handler)


def deliver(scene: Scene, *messages: str, **settings: Any) -> dict[str, Any]:
    """Run the target in this process, and tell its summary; every STATE must come out."""
    target = TargetSquadStack(config=scene.settings(**settings))
    assert target.run(io.StringIO(singer.lines(messages))) == 0
    books = target.delivery.summary.as_dict()
    assert books["undelivered"] == 0
    return {name: books[name] for name in ("records", "filtered", "actions", "accepted", "rejected")}


# -- books by record -------------------------------------------------------------------------------------

COPY = {"people": {"__source__": "contacts", "city": "'Pune'"}}


@pytest.mark.parametrize(
    ("rules", "expected"),
    [
        ([upsert("contacts"), upsert("people", ref_id="other")], (2, 0, 4, 4, 0)),
        ([upsert("contacts")], (2, 0, 2, 2, 0)),
        ([upsert("people")], (2, 0, 2, 2, 0)),
        ([upsert("people", when="lead_id == 'lead-1'")], (2, 1, 1, 1, 0)),
        ([upsert("people", when="false")], (2, 2, 0, 0, 0)),
    ],
    ids=["both", "the source", "the copy", "one of the copy", "none"],
)
def test_a_record_that_becomes_two_counts_once(
    scene: Scene, rules: list[dict[str, Any]], expected: tuple[int, ...]
) -> None:
    """However many streams it goes to; filtered if no action came of it anywhere."""
    books = deliver(scene, *INPUT, stream_maps=COPY, mappings=rules)
    assert tuple(books.values()) == expected


def test_a_record_that_a_map_leaves_out_is_filtered(scene: Scene) -> None:
    maps = {"contacts": {"__filter__": "lead_id != 'lead-1'"}}
    books = deliver(scene, *INPUT, stream_maps=maps, mappings=[upsert("contacts")])
    assert tuple(books.values()) == (2, 1, 1, 1, 0)


@pytest.mark.parametrize(
    "maps",
    [{"contacts": {"__alias__": "people"}}, {"people": {"__source__": "contacts"}}, {"c*": {"__alias__": "people"}}],
)
def test_the_source_of_an_alias_that_a_rule_takes_is_no_error(scene: Scene, maps: dict[str, Any]) -> None:
    """With unmapped_streams error too, and also when the schema comes again; the leads arrive."""
    deliver(scene, *INPUT, *INPUT, stream_maps=maps, mappings=[upsert("people")], unmapped_streams="error")
    assert set(scene.leads()) == {"lead-1", "lead-2"}


def test_a_stream_that_no_rule_takes_under_any_name_is_an_error(scene: Scene) -> None:
    target = TargetSquadStack(
        config=scene.settings(
            stream_maps={"contacts": {"__alias__": "people"}}, mappings=[upsert("other")], unmapped_streams="error"
        )
    )
    assert target.run(io.StringIO(singer.lines(INPUT))) == 1
    assert scene.server.calls() == []


@pytest.mark.parametrize("maps", [{"contacts": {"__alias__": "people"}}, COPY, {}], ids=["alias", "copy", "none"])
def test_a_record_that_is_none_is_one_reject(scene: Scene, maps: dict[str, Any]) -> None:
    """Of the stream that the tap wrote, whatever it is called later."""
    nothing = '{"type": "RECORD", "stream": "contacts", "record": null}'
    rules = [upsert("contacts"), upsert("people")]
    books = deliver(scene, CONTACTS, nothing, singer.state(1), stream_maps=maps, mappings=rules)
    assert tuple(books.values()) == (1, 0, 1, 0, 1)
    (reject,) = scene.rejects()
    assert (reject["stream"], reject["reason"]) == ("contacts", "invalid_value")


# -- what is said ----------------------------------------------------------------------------------------


def test_filters_show_no_value(scene: Scene) -> None:
    """At DEBUG the SDK would log what each expression gave, which may be a name or a number."""
    maps = {
        "contacts": {"__filter__": "phone_number", "name": "contact_name"},
        "copies": {"__source__": "contacts", "__filter__": "contact_name"},
        "none": {"__source__": "contacts", "__filter__": "contact_name and None"},
    }
    result = scene.run(INPUT, env=TALKATIVE, stream_maps=maps)
    assert (result.status, result.states) == (0, [1])
    assert "DEBUG" in result.stderr


@pytest.mark.parametrize(
    "maps",
    [
        {"__else__": "contacts"},
        {"__unknown__": {}},
        {"contacts": "people"},
        {"contacts": {"__filter__": "lead_id =="}},
        {"contacts": {"__alias__": "f("}},
    ],
    ids=str,
)
def test_maps_that_cannot_be_used_are_told_as_a_sentence(scene: Scene, maps: dict[str, Any]) -> None:
    """Status 1, no traceback, nothing sent: at the start, or when the stream that they are for comes."""
    result = scene.run(INPUT, stream_maps=maps)
    assert (result.status, result.states, scene.server.calls()) == (1, [], [])
    assert "stream_maps" in result.stderr
    assert "fault of the connector" not in result.stderr


@pytest.mark.parametrize("variable", ["LOGLEVEL", "TARGET_SQUADSTACK_LOGLEVEL"])
def test_a_log_level_that_is_none_is_told_as_a_sentence(scene: Scene, variable: str) -> None:
    """Which ones there are; a level in small letters is one."""
    result = run_target(scene.settings(), INPUT, env={variable: "LOUD"}, cwd=scene.folder)
    check_manners(result)
    assert (result.status, result.stdout) == (1, "")
    assert result.stderr.startswith(f"{variable} must be one of ")
    assert "WARNING" in result.stderr
    result = run_target(scene.settings(), [singer.state(1)], env={variable: "debug"}, cwd=scene.folder)
    assert (result.status, result.states) == (0, [1])
