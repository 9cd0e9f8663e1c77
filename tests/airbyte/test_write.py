"""`destination-squadstack write`: every STATE comes back once its own records are settled, with their numbers."""

from __future__ import annotations

import json
import signal
import time
from typing import TYPE_CHECKING, Any

import pytest
from flows.scene import CAMPAIGN
from support.airbyte import Face, Message, configured, record, stream_state
from support.leads import lead

if TYPE_CHECKING:
    from support.crm_server import CrmServer

pytestmark = pytest.mark.long

CONTACTS = configured("contacts")
BAD = {"phone_number": "12345"}
"""What the mapping refuses."""


def contact(number: int, stream: str = "contacts", namespace: str | None = None, **fields: Any) -> str:
    """Write the record of an invented lead."""
    return record(stream, namespace, **lead(number, **fields))


def test_leads_arrive(destination: Face, server: CrmServer) -> None:
    lines = [contact(1), contact(2), stream_state("contacts", 1)]
    said = destination.run("write", lines, catalog=CONTACTS)
    assert set(server.leads(CAMPAIGN)) == {"lead-1", "lead-2"}
    assert said.counts == [(2.0, 0.0)]
    assert '"accepted": 2' in said.log


def test_one_of_three_refused(destination: Face, server: CrmServer) -> None:
    """By two rules at once: still one record; the run goes on."""
    rules = [
        {"stream": "contacts", "action": "upsert", "include": ["*"]},
        {"stream": "contacts", "action": "update", "include": ["*"], "when": "phone_number == '12345'"},
    ]
    lines = [contact(4), contact(5, **BAD), contact(6), stream_state("contacts", 2)]
    said = destination.run("write", lines, catalog=CONTACTS, mappings=rules)
    assert said.counts == [(2.0, 1.0)]
    assert '"rejected": 2' in said.log
    assert set(server.leads(CAMPAIGN)) == {"lead-4", "lead-6"}


def test_refused_by_the_api(destination: Face, server: CrmServer) -> None:
    server.seed(CAMPAIGN, [lead(2)])
    rules = [{"stream": "contacts", "action": "create", "include": ["*"]}]
    said = destination.run(
        "write", [contact(1), contact(2), contact(3), stream_state("contacts", 1)], catalog=CONTACTS, mappings=rules
    )
    assert said.counts == [(2.0, 1.0)]
    assert set(server.leads(CAMPAIGN)) == {"lead-1", "lead-2", "lead-3"}


def test_filtered_records_count(destination: Face, server: CrmServer) -> None:
    """Those that `when` leaves out, and those of streams that no rule names."""
    rules = [{"stream": "contacts", "action": "upsert", "include": ["*"], "when": "lead_id == 'lead-1'"}]
    lines = [contact(1), contact(2), contact(3, "others"), stream_state("others", 1), stream_state("contacts", 2)]
    said = destination.run("write", lines, catalog=configured("contacts", "others"), mappings=rules)
    assert sorted(said.counts) == [(1.0, 0.0), (2.0, 0.0)]
    assert set(server.leads(CAMPAIGN)) == {"lead-1"}


STATES = [
    (
        '{"type":"STATE","state":{"type":"STREAM","stream":{"stream_descriptor":{"name":"contacts"},"stream_state":'
        '{"at":1.10,"big":123456789012345678901234567890,"fine":0.1234567890123456789,"é":"\\u00e9","n":null}},'
        '"sourceStats":{"recordCount":1.0,"more":1},"id":42,"unknown":{"x":[1,2]}},"beside":true}'
    ),
    (
        '{"type": "STATE", "state": {"type": "GLOBAL", "global": {"shared_state": {"lsn": 7}, '
        '"stream_states": [{"stream_descriptor": {"name": "contacts", "namespace": "n"}, "stream_state": {"at": 2}}], '
        '"x": 1}, "id": 43}}'
    ),
    '{"type": "STATE", "state": {"type": "LEGACY", "data": {"contacts": {"at": 3}}, "id": 44}}',
    '{"type": "STATE", "state": {"data": {"contacts": "\\ud800"}, "id": 45, "destinationStats": {"other": 1}}}',
]


def test_states_come_back_untouched(destination: Face) -> None:
    """Byte for byte but for what is added: STREAM, GLOBAL, legacy, ids, unknown fields, digits beyond a float's."""
    lines = [text for number, state in enumerate(STATES) for text in (contact(number), state)]
    result = destination.run("write", lines, catalog=CONTACTS)
    assert result.counts == [(1.0, 0.0)] * 4
    for found, given in zip(result.all("STATE"), map(json.loads, STATES), strict=True):
        stats = found.pop("destinationStats")
        assert stats.pop("recordCount") == 1.0
        assert stats.pop("rejectedRecordCount") == 0.0
        assert stats == given["state"].pop("destinationStats", {})
        assert found == given["state"]
    first = next(message for message in result.messages if message["type"] == "STATE")
    assert first["beside"] is True


@pytest.mark.parametrize("stats", ["[1]", "5", '"text"', "true", "null"])
@pytest.mark.parametrize("text", ['""', '"\\ud800"'], ids=["", "surrogate"])
def test_numbers_that_are_none(destination: Face, stats: str, text: str) -> None:
    """A STATE whose numbers are of another shape is acknowledged as any other, with ours."""
    state = f'"data": {{"x": {text}}}, "id": 7, "sourceStats": {stats}, "destinationStats": {stats}'
    said = destination.run("write", [contact(1), f'{{"type": "STATE", "state": {{{state}}}}}'], catalog=CONTACTS)
    [found] = said.all("STATE")
    assert found["destinationStats"] == {"recordCount": 1.0, "rejectedRecordCount": 0.0}
    assert (found["id"], found["sourceStats"]) == (7, json.loads(stats))


def test_digits_stay(destination: Face) -> None:
    with destination.start("write", catalog=CONTACTS) as running:
        running.feed([contact(1), STATES[0]])
        text = running.wait().stdout
    assert '"at":1.10,"big":123456789012345678901234567890,"fine":0.1234567890123456789' in text


def acknowledged(running: Any) -> dict[str, Any]:
    """Take the next STATE."""
    while (message := running.read_state())["type"] != "STATE":
        pass
    found: dict[str, Any] = message["state"]
    return found


@pytest.mark.parametrize("unbuffered", [None, "1"])
def test_acknowledged_before_the_input_ends(destination: Face, unbuffered: str | None) -> None:
    """Without waiting for the next line, whatever Python does with standard output."""
    with destination.start("write", catalog=CONTACTS, env={"PYTHONUNBUFFERED": unbuffered}) as running:
        for number in range(3):
            running.write(contact(number), stream_state("contacts", number, id=number))
            assert acknowledged(running)["id"] == number
        running.close_stdin()
        destination.check(running.wait())


def test_an_incomplete_batch_is_acknowledged_in_time(destination: Face) -> None:
    """Within `max_batch_wait_seconds` and one call, while the input says nothing more."""
    with destination.start("write", catalog=CONTACTS, max_batch_wait_seconds=1) as running:
        running.write(contact(1), stream_state("contacts", 1, id=1))
        began = time.monotonic()
        assert acknowledged(running)["destinationStats"] == {"recordCount": 1.0, "rejectedRecordCount": 0.0}
        assert time.monotonic() - began < 20
        running.close_stdin()
        destination.check(running.wait())


def test_a_stream_does_not_wait_for_another(destination: Face, server: CrmServer) -> None:
    """Deletions are held to the end; the other stream's STATE is not, and a GLOBAL one covers both."""
    rules = [
        {"stream": "contacts", "action": "upsert", "include": ["*"]},
        {"stream": "gone", "action": "delete", "fields": {"lead_id": "lead_id"}},
    ]
    server.seed(CAMPAIGN, [lead(9)])
    both = json.dumps({"type": "STATE", "state": {"type": "GLOBAL", "global": {"stream_states": []}, "id": 3}})
    with destination.start("write", catalog=configured("contacts", "gone"), mappings=rules) as running:
        running.write(contact(9, "gone"), stream_state("gone", 1, id=1), contact(1), stream_state("contacts", 1, id=2))
        assert acknowledged(running)["id"] == 2
        running.write(contact(2), both)
        server.wait(lambda: "lead-2" in server.leads(CAMPAIGN))
        assert "lead-9" in server.leads(CAMPAIGN)
        running.close_stdin()
        said = destination.check(running.wait())
    assert [state["id"] for state in said.all("STATE")] == [2, 1, 3]
    assert said.counts == [(1.0, 0.0)] * 3
    assert "lead-9" not in server.leads(CAMPAIGN)


def in_namespaces(*namespaces: str | None) -> Message:
    """Configure contacts in several namespaces; None: in none."""
    streams = [configured("contacts")["streams"][0] for _ in namespaces]
    for entry, namespace in zip(streams, namespaces, strict=True):
        entry["stream"] |= {} if namespace is None else {"namespace": namespace}
    return {"streams": streams}


def test_a_name_in_two_namespaces_is_two_streams(destination: Face) -> None:
    lines = [
        contact(1, namespace="a"),
        contact(2, namespace="b"),
        contact(3, namespace="b"),
        stream_state("contacts", 1, "a"),
        stream_state("contacts", 1, "b"),
    ]
    assert destination.run("write", lines, catalog=in_namespaces("a", "b")).counts == [(1.0, 0.0), (2.0, 0.0)]


@pytest.mark.parametrize(
    ("catalog", "of_record", "of_state"),
    [([None], "a", None), ([None], None, "a"), (["a"], None, "a"), (["a"], "b", "a"), (["a", "b"], "a", "c")],
)
def test_a_namespace_that_does_not_fit_acknowledges_nothing_early(
    destination: Face, catalog: list[str | None], of_record: str | None, of_state: str | None
) -> None:
    """A stream of one name is that one, whoever calls its namespace what; else a STATE covers everything."""
    lines = [contact(1, namespace=of_record), contact(2, namespace=of_record), stream_state("contacts", 1, of_state)]
    assert destination.run("write", lines, catalog=in_namespaces(*catalog)).counts == [(2.0, 0.0)]


@pytest.mark.parametrize(("stream", "namespace"), [("contacts", None), ("contacts", "c"), ("others", "a")])
def test_a_record_of_no_stream_ends_the_sync(destination: Face, stream: str, namespace: str | None) -> None:
    """Nobody could say which STATE covers it."""
    record = {"stream": stream, "data": lead(1), "emitted_at": 1, "namespace": namespace}
    lines = [json.dumps({"type": "RECORD", "record": record}), stream_state("contacts", 1, "a")]
    said = destination.run("write", lines, catalog=in_namespaces("a", "b"), status=1)
    assert said.counts == []
    assert "which the catalog does not have, or in no such namespace" in said.log


def test_every_state_is_acknowledged(destination: Face) -> None:
    """None stands for another: thousands of them, with a record each."""
    total = 1500
    lines = [line for number in range(total) for line in (contact(number), stream_state("contacts", number, id=number))]
    said = destination.run("write", lines, catalog=CONTACTS, rate_limit={"calls": None})
    assert [state["id"] for state in said.all("STATE")] == list(range(total))
    assert said.counts == [(1.0, 0.0)] * total


def test_killed(destination: Face, server: CrmServer) -> None:
    """Whatever was acknowledged is there."""
    lines = [line for number in range(600) for line in (contact(number), stream_state("contacts", number))]
    with destination.start("write", catalog=CONTACTS, rate_limit={"calls": None}, batch_size_rows=10) as running:
        running.feed(lines, close=False)
        server.wait(lambda: len(server.leads(CAMPAIGN)) > 100)
        running.kill()
        text = running.wait().stdout
    stored = {name.rpartition("-")[2] for name in server.leads(CAMPAIGN)}
    states = [json.loads(line) for line in text.splitlines(keepends=True) if line.endswith("\n")]
    at = [one["state"]["stream"]["stream_state"]["at"] for one in states if one["type"] == "STATE"]
    assert at == sorted(at)
    assert len(at) > 0
    assert {str(number) for number in range(max(at) + 1)} <= stored


@pytest.mark.parametrize(("number", "status"), [(signal.SIGTERM, 143), (signal.SIGINT, 130)])
def test_a_signal(destination: Face, server: CrmServer, number: int, status: int) -> None:
    """What was settled is acknowledged, what is not is not; a signal is no error."""
    with destination.start("write", catalog=CONTACTS, max_batch_wait_seconds=600) as running:
        running.write(stream_state("contacts", 0), contact(1), stream_state("contacts", 1))
        acknowledged(running)
        running.send_signal(number)
        said = destination.check(running.wait(timeout=10), status)
    assert said.counts == [(0.0, 0.0)]
    assert said.errors == []
    assert server.calls() == []


def test_the_api_is_down(destination: Face, server: CrmServer) -> None:
    """No STATE, a failure that may pass, exit status 1."""
    server.set(script=["503"] * 50)
    said = destination.run(
        "write", [contact(1), stream_state("contacts", 1)], catalog=CONTACTS, status=1, max_outage_seconds=1
    )
    assert said.all("STATE") == []
    [(kind, sentence)] = said.errors
    assert kind == "transient_error"
    assert "The API could not be used" in sentence


def test_a_wrong_token(destination: Face) -> None:
    lines = [contact(1), stream_state("contacts", 1)]
    said = destination.run("write", lines, catalog=CONTACTS, status=1, auth_token="another")
    assert (said.all("STATE"), [kind for kind, _ in said.errors]) == ([], ["config_error"])


def test_decimals_as_texts(destination: Face, server: CrmServer) -> None:
    """As PyAirbyte writes them, against a schema that says number."""
    catalog = configured(("contacts", {"amount": {"type": "number"}}))
    lines = [contact(1, amount="15001.000000000"), stream_state("contacts", 1)]
    assert destination.run("write", lines, catalog=catalog).counts == [(1.0, 0.0)]
    assert server.leads(CAMPAIGN)["lead-1"]["fields"]["amount"] == "15001.000000000"


@pytest.mark.parametrize("kind", ["TRACE", "LOG", "CONTROL", "SPEC", "CATALOG", "trace"])
def test_messages_for_others_are_left_alone(destination: Face, kind: str) -> None:
    lines = [contact(1), json.dumps({"type": kind, kind.lower(): {"x": 1}}), stream_state("contacts", 1)]
    assert destination.run("write", lines, catalog=CONTACTS).counts == [(1.0, 0.0)]


BROKEN = {
    "no JSON": ('{"type": "RECORD", "Canary', "is not a JSON object"),
    "not JSON": ("Canary", "is not a JSON object"),
    "unknown type": ('{"type": "Canary"}', "a type that no Airbyte message has"),
    "no type": ('{"record": {"Canary": 1}}', "a type that no Airbyte message has"),
    "no record": ('{"type": "RECORD", "Canary": 1}', "a RECORD message without its record"),
    "no data": ('{"type": "RECORD", "record": {"stream": "contacts"}}', "lacks its stream or its data"),
    "no stream": ('{"type": "RECORD", "record": {"data": {"Canary": 1}}}', "lacks its stream or its data"),
    "no state": ('{"type": "STATE", "state": "Canary"}', "a STATE message without its state"),
    "unknown stream": (record("others", x="Canary"), "which the catalog does not have"),
}


@pytest.mark.parametrize(("line", "sentence"), BROKEN.values(), ids=BROKEN)
@pytest.mark.parametrize("debug", [False, True], ids=["", "debug"])
def test_a_line_that_is_none(destination: Face, server: CrmServer, line: str, sentence: str, debug: bool) -> None:  # noqa: FBT001
    """As in the target: what came before is delivered and acknowledged, then the run ends, without the line."""
    lines = [contact(1), stream_state("contacts", 1), line, contact(2), stream_state("contacts", 2)]
    said = destination.run("write", lines, catalog=CONTACTS, status=1, debug=debug)
    assert said.counts == [(1.0, 0.0)]
    [(kind, told)] = said.errors
    assert (kind, sentence in told) == ("system_error", True), told
    assert set(server.leads(CAMPAIGN)) == {"lead-1"}


def test_a_record_that_is_null(destination: Face) -> None:
    lines = ['{"type": "RECORD", "record": {"stream": "contacts", "data": null}}', contact(1), stream_state("contacts")]
    assert destination.run("write", lines, catalog=CONTACTS).counts == [(1.0, 1.0)]


def test_types_in_lower_case(destination: Face) -> None:
    lines = [contact(1).replace('"RECORD"', '"record"'), stream_state("contacts")]
    assert destination.run("write", lines, catalog=CONTACTS).counts == [(1.0, 0.0)]


@pytest.mark.parametrize("schema", [{}, {"type": "object"}, {"properties": {}}, {"properties": None}, None], ids=repr)
def test_a_schema_that_declares_nothing(destination: Face, schema: Any) -> None:
    """As of a source that knows its fields only when it reads them: no name of a rule is told to be missing."""
    catalog = configured("contacts")
    catalog["streams"][0]["stream"]["json_schema"] = schema
    rules = [{"stream": "contacts", "action": "upsert", "include": ["lead_id", "phone_number", "contact_name"]}]
    said = destination.run("write", [contact(1), stream_state("contacts", 1)], catalog=catalog, mappings=rules)
    assert said.counts == [(1.0, 0.0)]
    assert "no schema of stream" not in said.log


def test_a_name_that_the_schema_does_not_declare(destination: Face) -> None:
    """Is told, also where the schema allows more than it lists."""
    catalog = configured(("contacts", {"lead_id": {"type": "string"}}))
    catalog["streams"][0]["stream"]["json_schema"]["additionalProperties"] = True
    rules = [{"stream": "contacts", "action": "disable", "when": "typo", "fields": {"lead_id": "lead_id"}}]
    said = destination.run("write", [contact(1), stream_state("contacts", 1)], catalog=catalog, mappings=rules)
    assert "Rule 1: no schema of stream 'contacts' declares 'typo'." in said.log


def test_no_rule_matches(destination: Face) -> None:
    rules = [{"stream": "deals", "action": "upsert", "include": ["*"]}]
    lines = [contact(1), stream_state("contacts", 1)]
    said = destination.run("write", lines, catalog=CONTACTS, status=1, mappings=rules)
    assert (said.all("STATE"), [kind for kind, _ in said.errors]) == ([], ["config_error"])


@pytest.mark.parametrize(
    ("catalog", "sentence"),
    [
        (
            configured("contacts", destination_sync_mode="soft_delete"),
            "its destination sync mode must be one of append",
        ),
        ({"streams": [{"stream": None}]}, "The catalog is none"),
        ([], "The catalog is none"),
        ("{", "The file of --catalog is not JSON"),
        (None, "The option --catalog is missing"),
    ],
)
def test_a_catalog_that_cannot_be_written(destination: Face, server: CrmServer, catalog: Any, sentence: str) -> None:
    said = destination.run("write", [contact(1), stream_state("contacts")], catalog=catalog, status=1)
    [(kind, told)] = said.errors
    assert (kind, sentence in told) == ("config_error", True), told
    assert (said.all("STATE"), server.calls()) == ([], [])


def test_nothing_is_overwritten(destination: Face, server: CrmServer) -> None:
    """The form does not offer it; tools that ask for it all the same are told."""
    server.seed(CAMPAIGN, [lead(9)])
    catalog = configured("contacts", destination_sync_mode="overwrite")
    said = destination.run("write", [contact(1), stream_state("contacts")], catalog=catalog)
    assert said.counts == [(1.0, 0.0)]
    assert "Nothing is overwritten" in said.log
    assert set(server.leads(CAMPAIGN)) == {"lead-1", "lead-9"}


def test_rules_as_the_form_writes_them(destination: Face, server: CrmServer) -> None:
    """Lists where the target's own form has keys of the user's own."""
    rule = {
        "stream": "contacts",
        "action": "upsert",
        "lead_fields": [
            {"name": "lead_id", "expressions": ["lead_id"]},
            {"name": "phone_number", "expressions": ["mobile", "phone_number"]},
            {"name": "contact_name", "expressions": ["contact_name"]},
        ],
        "campaign": {
            "kind": "by_value",
            "by": "region",
            "to": [{"value": "north", "ref_id": "ref-n"}, {"value": "south", "ref_id": "ref-s"}],
            "default": "ref-x",
        },
    }
    convert = {
        "stream": "orders",
        "action": "convert",
        "lead_fields": [
            {"name": "lead_id", "expressions": ["lead_id"]},
            {"name": "detail.order", "expressions": ["number"]},
            {"name": "detail.amount", "expressions": ["amount"]},
        ],
        "campaign": {"kind": "one", "ref_id": "ref-n"},
    }
    lines = [contact(1, region="north"), contact(2, region="south"), contact(3), stream_state("contacts")]
    said = destination.run("write", lines, catalog=CONTACTS, mappings=[rule])
    assert said.counts == [(3.0, 0.0)]
    assert [set(server.leads(name)) for name in ("ref-n", "ref-s", "ref-x")] == [{"lead-1"}, {"lead-2"}, {"lead-3"}]
    lines = [record("orders", lead_id="lead-1", number=7, amount=1.5), stream_state("orders")]
    assert destination.run("write", lines, catalog=configured("orders"), mappings=[convert]).counts == [(1.0, 0.0)]
    assert server.leads("ref-n")["lead-1"]["detail"] == {"order": 7, "amount": "1.5"}
