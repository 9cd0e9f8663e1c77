"""Input that is not as it should be: each kind has its outcome, and what came before is delivered.

`Scene.run` holds every run to the rest: no traceback, no value of the input in the log, books that balance.
"""

from __future__ import annotations

import json
import sys
import time
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
from flows.scene import CONTACTS, contact, upsert
from support import singer
from support.leads import lead

if TYPE_CHECKING:
    from flows.scene import Scene

pytestmark = pytest.mark.long

TARGET = str(Path(sys.executable).with_name("target-squadstack"))
DEEP = 100_000
LONE_SURROGATE = "\\ud800"


def raw(record: str) -> str:
    """Write a record that no JSON library would write."""
    return f'{{"type": "RECORD", "stream": "contacts", "record": {record}}}'


def with_value(number: int, value: str) -> str:
    """Write an invented lead with a field whose JSON is given."""
    return raw(json.dumps(lead(number))[:-1] + f', "value": {value}}}')


STOPS = {
    "cut off": ('{"type": "RECORD", "stream": "contacts", "record": {"contact_name": "Canary', "is not a JSON object"),
    "no JSON": ("Traceback of a tap: Canary 99999", "is not a JSON object"),
    "a list": ('["Canary"]', "is not a JSON object"),
    "null": ("null", "is not a JSON object"),
    "deeply nested": (with_value(1, "[" * DEEP + "]" * DEEP), "is not a JSON object"),
    "invalid UTF-8": (b'{"type": "STATE", "value": "Canary \xff"}', "is not a JSON object"),
    "unknown type": ('{"type": "Canary", "stream": "contacts"}', "a type that no Singer message has"),
    "no type": ('{"stream": "contacts", "record": {"contact_name": "Canary"}}', "a type that no Singer message has"),
    "before its schema": (singer.record("people", contact_name="Canary"), "'people' was encountered before"),
    "without its key": (singer.record("contacts", contact_name="Canary"), "lacks lead_id, which its schema declares"),
    "no stream": ('{"type": "RECORD", "record": {"contact_name": "Canary"}}', "lacks stream"),
    "stream is no text": ('{"type": "RECORD", "stream": ["Canary"], "record": {}}', "names no stream"),
    "stream is no letters": (singer.record("?", lead_id="Canary").replace("?", LONE_SURROGATE), "names no stream"),
    "no record": ('{"type": "RECORD", "stream": "contacts"}', "lacks record"),
    "no schema": ('{"type": "SCHEMA", "stream": "contacts", "key_properties": ["Canary"]}', "lacks schema"),
    "schema is no object": ('{"type": "SCHEMA", "stream": "contacts", "schema": ["Canary"]}', "that is no object"),
    "keys are no list": (CONTACTS.replace('["lead_id"]', '"Canary"').replace("contacts", "people"), "that are no list"),
    "no value": ('{"type": "STATE", "bookmarks": {"contacts": "Canary"}}', "lacks value"),
    "no version": ('{"type": "ACTIVATE_VERSION", "stream": "contacts"}', "lacks version"),
    "no manifest": ('{"type": "BATCH", "stream": "contacts", "encoding": {"format": "Canary"}}', "lacks manifest"),
    "batch files": (
        '{"type": "BATCH", "stream": "contacts", "encoding": {"format": "jsonl"}, "manifest": ["file:///Canary"]}',
        "comes as BATCH files",
    ),
}


@pytest.mark.parametrize(("line", "sentence"), STOPS.values(), ids=STOPS.keys())
def test_what_is_no_message_stops_the_run(scene: Scene, line: str | bytes, sentence: str) -> None:
    """With 1 and a sentence; everything before is delivered and covered, nothing behind it is sent."""
    before = singer.lines(CONTACTS, contact(1), contact(2, phone_number="1"), singer.state(1)).encode()
    behind = singer.lines(contact(3), singer.state(2)).encode()
    bad = line.encode() if isinstance(line, str) else line
    result = scene.run(before + bad + b"\n" + behind)
    assert (result.status, result.states) == (1, [1])
    assert sentence in result.stderr.splitlines()[-1]
    assert "fault of the connector" not in result.stderr
    assert set(scene.leads()) == {"lead-1"}
    assert [reject["reason"] for reject in scene.rejects()] == ["invalid_phone"]


def test_it_may_be_the_first_line_or_the_last(scene: Scene) -> None:
    """A first line: nothing is sent. A last one, broken or cut off without a line's end: all before is covered."""
    first = scene.run(singer.lines("{", CONTACTS, contact(1), singer.state(1)))
    assert (first.status, first.stdout, scene.leads()) == (1, "", {})
    assert "Line 1 of the input is not" in first.stderr
    whole = singer.lines(CONTACTS, contact(2), singer.state(2))
    last = scene.run(whole + "{\n")
    assert (last.status, last.states, set(scene.leads())) == (1, [2], {"lead-2"})
    cut = scene.run(whole + contact(3)[:-1])
    assert (cut.status, cut.states, set(scene.leads())) == (1, [2], {"lead-2"})
    assert "Line 4 of the input is not" in cut.stderr
    unended = scene.run((whole + contact(3)).encode())
    assert (unended.status, unended.states, set(scene.leads())) == (0, [2], {"lead-2", "lead-3"})


@pytest.mark.parametrize("locale", ["C", "C.UTF-8"])
def test_text_is_utf_8_in_every_locale(scene: Scene, locale: str) -> None:
    """Names arrive as they were written, and bytes that are no UTF-8 stop the run."""
    named = json.dumps(lead(1, contact_name="Canary आशा Müller 🌸"), ensure_ascii=False)
    text = singer.lines(CONTACTS, raw(named), singer.state("é"))
    bad = b'{"type": "RECORD", "stream": "contacts", "record": {"lead_id": "Canary \xc3("}}\n'
    result = scene.run(text.encode() + bad, env={"LC_ALL": locale, "PYTHONUTF8": None, "PYTHONIOENCODING": None})
    assert (result.status, result.states) == (1, ["é"])
    assert scene.leads()["lead-1"]["fields"]["contact_name"] == "Canary आशा Müller 🌸"


def test_values_that_no_json_body_can_carry_reject_their_action_only(scene: Scene) -> None:
    """NaN, infinities, lone surrogates, and what is no record at all; whatever stands beside them arrives."""
    rejected = {
        "NaN": with_value(1, "NaN"),
        "infinity": with_value(2, "-Infinity"),
        "too large": with_value(3, "1e400"),
        "nested": with_value(4, '{"deep": [NaN]}'),
        "surrogate": with_value(5, f'"{LONE_SURROGATE}"'),
        "surrogate in a name": raw(json.dumps(lead(6))[:-1] + f', "{LONE_SURROGATE}": 1}}'),
        "surrogate as lead_id": raw(f'{{"lead_id": "{LONE_SURROGATE}"}}'),
        "5000 digits": with_value(7, "9" * 5000),
        "no record": raw("null"),
        "a list": raw('["Canary"]'),
        "a text": raw('"Canary 99999"'),
    }
    good = {
        "a huge integer": with_value(21, "9" * 30),
        "NUL": with_value(22, '"a\\u0000b"'),
        "line separators": with_value(23, '"a\u2028b\u0085c"'),
        "a name twice": with_value(24, '1, "value": 2'),
        "a pair of surrogates": with_value(25, '"\\ud83c\\udf38"'),
        "nested": with_value(26, "[" * 200 + "]" * 200),
    }
    result = scene.run(
        singer.lines(CONTACTS, rejected.values(), good.values(), singer.state(1)), max_reject_percent=100
    )
    assert (result.status, result.states) == (0, [1])
    assert [reject["reason"] for reject in scene.rejects()] == ["invalid_value"] * len(rejected)
    values = {lead_id: held["fields"]["value"] for lead_id, held in scene.leads().items()}
    assert values == {
        "lead-21": int("9" * 30),
        "lead-22": "a\0b",
        "lead-23": "a\u2028b\u0085c",
        "lead-24": 2,
        "lead-25": "🌸",
        "lead-26": "[" * 200 + "]" * 200,
    }


def test_nesting_at_the_edge_of_what_can_be_read(scene: Scene) -> None:
    """What was read can also be mapped, sent, and kept as a reject: no depth is one that every run dies of."""
    numbers = range(900, 1000, 4)
    values = [f"{'[' * depth}{']' * depth}" for depth in numbers]
    bad = [with_value(depth, value).replace("99999", "1") for depth, value in zip(numbers, values, strict=True)]
    result = scene.run([CONTACTS, *bad, singer.state(1)], max_reject_percent=100)
    assert result.status == 0 or "is not a JSON object" in result.stderr.splitlines()[-1]
    result = scene.run([CONTACTS, *map(with_value, numbers, values), singer.state(1)], max_reject_percent=100)
    assert result.status == 0 or "is not a JSON object" in result.stderr.splitlines()[-1]


def test_what_a_rule_does_not_read_harms_nobody(scene: Scene) -> None:
    """A bad value in a field that is not sent is no reason to reject."""
    rule = upsert(include=["lead_id", "phone_number", "contact_name"])
    values = ["NaN", f'"{LONE_SURROGATE}"', "9" * 5000]
    lines = singer.lines(CONTACTS, map(with_value, range(3), values), singer.state(1))
    result = scene.run(lines, mappings=[rule])
    assert (result.status, result.states, len(scene.leads()), scene.rejects()) == (0, [1], 3, [])


def test_forms_that_are_unusual_but_legal(scene: Scene) -> None:
    """A BOM, CR LF, blank lines, types in lower case, and fields of a message that we do not know."""
    text = singer.lines(
        CONTACTS,
        "",
        "   ",
        contact(1).replace("RECORD", "record"),
        contact(2)[:-1] + ', "version": "Canary", "time_extracted": "Canary", "more": [1]}',
        singer.state({"é": 1.5}).replace("STATE", "State"),
        "",
    )
    result = scene.run("\ufeff" + text.replace("SCHEMA", "schema").replace("\n", "\r\n"))
    assert (result.status, result.states, set(scene.leads())) == (0, [{"é": 1.5}], {"lead-1", "lead-2"})


def test_schemas_that_are_odd_or_change(scene: Scene) -> None:
    """Our rules judge values, so a schema need not be valid; a new one in the middle keeps a lead's order."""
    invalid = {"type": "no type", "properties": {"a": {"type": 7, "pattern": "["}}, "required": 3}
    schema = {"type": "SCHEMA", "stream": "audit", "schema": invalid, "key_properties": 5}
    text = singer.lines(
        json.dumps(schema),
        '{"type": "RECORD", "stream": "audit", "record": {"a": "Canary"}}',
        json.dumps({**schema, "stream": "contacts", "key_properties": []}),
        contact(1, city="Pune"),
        CONTACTS,
        contact(1, city="Agra"),
        singer.schema("contacts", ["lead_id", "city"], key=["city"]),
        contact(1, city="Thane"),
        contact(2, city="Thane"),
        '{"type": "SCHEMA", "stream": "contacts", "schema": {"properties": {}}, "key_properties": null}',
        contact(3, city="Thane"),
        singer.state(1),
    )
    result = scene.run(text, mappings=[upsert("contacts")])
    assert (result.status, result.states) == (0, [1])
    assert {lead_id: held["fields"]["city"] for lead_id, held in scene.leads().items()} == {
        "lead-1": "Thane",
        "lead-2": "Thane",
        "lead-3": "Thane",
    }


def test_a_full_read_deletes_nothing(scene: Scene) -> None:
    """ACTIVATE_VERSION of a stream that came, of an ignored one, and of one that nobody knows; interleaved streams."""
    scene.server.seed("main", [lead(9)])
    activations = [
        json.dumps({"type": "ACTIVATE_VERSION", "stream": name, "version": 7}) for name in ("contacts", "audit", "?")
    ]
    people = singer.schema("people", ["lead_id"], key=["lead_id"])
    text = singer.lines(
        singer.schema("audit", ["id"]), CONTACTS, people, activations, contact(1), singer.record("audit", id=1),
        singer.record("people", **lead(2)), contact(3), singer.record("people", **lead(1, city="Agra")),
        activations, singer.state(1),
    )  # fmt: skip
    result = scene.run(text, mappings=[upsert("contacts"), upsert("people")])
    assert (result.status, result.states) == (0, [1])
    assert set(scene.leads()) == {"lead-1", "lead-2", "lead-3", "lead-9"}
    assert scene.leads()["lead-1"]["fields"]["city"] == "Agra"


def test_a_record_of_20_megabytes(scene: Scene) -> None:
    """Is a record like any other, and so is what follows; memory stays within a few times of it."""
    size = 20_000_000
    result = scene.run(singer.lines(CONTACTS, contact(1, value="x" * size), contact(2), singer.state(1)))
    assert (result.status, result.states) == (0, [1])
    assert len(scene.leads()["lead-1"]["fields"]["value"]) == size
    assert result.max_rss < 90_000_000 + 8 * size


@pytest.mark.parametrize(
    ("redirection", "sentence"),
    [
        (">/dev/full", "could not be written to standard output (No space left on device)"),
        (">&-", "could not be written to standard output (it is closed)"),
        ("<&-", "Standard input is closed"),
    ],
)
def test_pipes_that_are_none(scene: Scene, redirection: str, sentence: str) -> None:
    """What cannot be told to the runner is a failure, though the leads are delivered and the books closed."""
    command = ["sh", "-c", f'exec "$0" "$@" {redirection}', TARGET]
    result = scene.run([CONTACTS, contact(1), singer.state(1)], command=command)
    assert result.status == 1
    assert sentence in result.stderr.splitlines()[-1]
    assert len(scene.leads()) == (redirection != "<&-")
    assert result.summary is not None


def test_a_runner_that_went_away(scene: Scene) -> None:
    """As in `| head -n 1`: a STATE that nobody takes hides no other failure, and shows no traceback."""
    command = ["bash", "-c", '"$0" "$@" | head -n 1; exit ${PIPESTATUS[0]}', TARGET]
    with scene.running(command=command) as running:
        running.write(CONTACTS, singer.state(1))
        assert running.read_state() == 1
        time.sleep(0.2)
        running.write(singer.state(2), "{")
        result = running.wait()
    assert (result.status, result.states) == (1, [1])
    assert "is not a JSON object" in result.stderr.splitlines()[-1]


def test_input_may_come_from_a_file(scene: Scene) -> None:
    """`--input FILE` instead of standard input."""
    path = scene.folder / "input.singer"
    path.write_text(singer.lines(CONTACTS, contact(1), singer.state(1)))
    result = scene.run("", "--input", str(path))
    assert (result.status, result.states, set(scene.leads())) == (0, [1], {"lead-1"})
