"""Rules and schemas: no rule for any stream fails the run, a rule or a name for nothing is a warning."""

from __future__ import annotations

from typing import Any

import pytest

from squadstack.mapping.coverage import Coverage
from squadstack.mapping.rules import compile_rules

CONTACTS = {"properties": {"id": {}, "properties": {"properties": {"phone": {}}}, "tags": {"type": "array"}, "raw": {}}}


def coverage(*mappings: dict[str, Any], **schemas: dict[str, Any]) -> Coverage:
    seen = Coverage(compile_rules(mappings, ref_id="main"))
    for stream, schema in schemas.items():
        seen.see(stream, schema)
    return seen


def mapping(stream: str, **fields: Any) -> dict[str, Any]:
    return {"stream": stream, "action": "upsert", "fields": {"lead_id": "id", **fields}}


def test_schemas_that_no_rule_takes_are_told_as_nothing_to_do() -> None:
    seen = coverage(mapping("contacts"), leads={}, deals={})
    assert not seen.has_match
    assert seen.streams == ["leads", "deals"]


def test_a_run_without_schemas_warns_of_nothing() -> None:
    """A tap that had nothing to say is no fault of the rules."""
    seen = coverage(mapping("contacts"))
    assert seen.streams == []
    assert list(seen.warnings()) == []


def test_one_stream_that_one_rule_takes_is_enough() -> None:
    assert coverage(mapping("contacts"), mapping("other"), leads={}, contacts=CONTACTS, deals={}).has_match


def test_a_rule_that_matched_no_stream_is_a_warning_with_its_number() -> None:
    seen = coverage(mapping("contacts"), mapping("deal*"), contacts=CONTACTS)
    assert list(seen.warnings()) == ["Rule 2 matched no stream: there is none named 'deal*'."]


@pytest.mark.parametrize(
    ("path", "name"),
    [
        ("city", "city"),
        ("properties.city", "properties.city"),
        ("record['Lead Id']", "Lead Id"),
        ("join(id, properties.firstname)", "properties.firstname"),
        ("properties['phone'] if stage == 1 else None", "stage"),
    ],
)
def test_a_name_that_no_schema_declares_is_a_warning_with_the_rules_number(path: str, name: str) -> None:
    seen = coverage(mapping("contacts"), mapping("contacts", x=path), contacts=CONTACTS)
    assert list(seen.warnings()) == [f"Rule 2: no schema of stream 'contacts' declares '{name}'."]


@pytest.mark.parametrize(
    "path",
    [
        "id",
        "properties.phone",
        "properties['phone']",
        "properties.phone.whatever",
        "tags[0]",
        "tags[0].name",
        "raw.anything",
        "record['id']",
        "_.id",
        "config.x",
        "__stream_name__",
        "'literal'",
        "tail(id)",
        "id.upper()",
        "[x.y for x in tags]",
        "datetime.date.today()",
    ],
)
def test_what_is_declared_or_cannot_be_known_is_no_warning(path: str) -> None:
    """Below an object that lists no properties, and in a list, anything may lie."""
    assert list(coverage(mapping("contacts", x=path), contacts=CONTACTS).warnings()) == []


def test_filters_details_and_included_names_are_looked_at_too() -> None:
    rule = {
        "stream": "contacts",
        "action": "convert",
        "when": "stage",
        "fields": {"lead_id": "id", "detail": {"order": ["a.b", "id"]}},
        "include": ["email", "utm_*", "id"],
    }
    assert list(coverage(rule, contacts=CONTACTS).warnings()) == [
        f"Rule 1: no schema of stream 'contacts' declares '{name}'." for name in ("a.b", "email", "stage")
    ]


def test_a_name_that_one_schema_of_several_declares_is_no_warning() -> None:
    """Of the streams of a glob, and of the schemas that one stream had in a run."""
    rule = mapping("crm-*", x="city")
    other = {"properties": {"id": {}, "city": {}}}
    assert list(coverage(rule, **{"crm-a": CONTACTS, "crm-b": other}).warnings()) == []
    seen = coverage(rule, **{"crm-a": CONTACTS})
    seen.see("crm-a", other)
    assert list(seen.warnings()) == []


def test_a_schema_that_comes_again_and_again_is_kept_once() -> None:
    seen = coverage(mapping("contacts"), contacts=CONTACTS)
    for _ in range(100):
        seen.see("contacts", {**CONTACTS})
    assert seen._schemas == {"contacts": [CONTACTS]}


@pytest.mark.parametrize("schema", [{}, {"properties": None}, {"properties": []}, {"type": "object"}])
def test_a_schema_that_declares_nothing_declares_no_name(schema: dict[str, Any]) -> None:
    warnings = list(coverage(mapping("contacts"), contacts=schema).warnings())
    assert warnings == ["Rule 1: no schema of stream 'contacts' declares 'id'."]


def test_a_schema_that_lists_nothing_and_allows_anything_may_hold_any_name() -> None:
    free = {"type": "object", "properties": {}, "additionalProperties": True}
    assert list(coverage(mapping("contacts"), contacts=free).warnings()) == []
    listing = {**free, "properties": {"other": {}}}
    assert list(coverage(mapping("contacts"), contacts=listing).warnings()) != []


def test_deleted_rows_that_no_rule_reads_are_a_warning() -> None:
    """Also without mappings; one rule that reads them is enough, and streams that no rule takes do not matter."""
    deleted = {"properties": {"id": {}, "_ab_cdc_deleted_at": {}}}
    upsert, reading = mapping("contacts"), {**mapping("contacts"), "when": "_ab_cdc_deleted_at"}
    for seen in (coverage(contacts=deleted), coverage(upsert, contacts=deleted)):
        [warning] = seen.warnings()
        assert warning.startswith("Stream 'contacts' tells deleted rows by '_ab_cdc_deleted_at', and no rule reads it")
    assert list(coverage(upsert, reading, contacts=deleted, other=deleted).warnings()) == []
    assert list(coverage(upsert, contacts=CONTACTS).warnings()) == []
    [warning] = coverage(upsert, contacts={"properties": {"id": {}, "_sdc_deleted_at": {}}}).warnings()
    assert "by '_sdc_deleted_at', and no rule reads it: they are sent like any other." in warning


def test_without_mappings_there_is_nothing_to_warn_of() -> None:
    seen = coverage(anything=CONTACTS)
    assert seen.has_match
    assert list(seen.warnings()) == []
