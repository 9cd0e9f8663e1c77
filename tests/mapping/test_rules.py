"""Rules as they are compiled: what they take, and every fault told at the start (docs/mapping.md)."""

from __future__ import annotations

from fnmatch import fnmatchcase
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from squadstack.exceptions import ConfigurationError
from squadstack.mapping.rules import Rule, compile_rules

FIELDS = {"lead_id": "id", "phone_number": "phone", "contact_name": "name"}


def compiled(*mappings: dict[str, Any], ref_id: str | None = "main") -> tuple[Rule, ...]:
    return compile_rules(mappings, ref_id=ref_id)


def rule(**keys: Any) -> Rule:
    return compiled({"stream": "contacts", "action": "upsert", "fields": FIELDS, **keys})[0]


def faults(*mappings: dict[str, Any], ref_id: str | None = "main") -> tuple[str, ...]:
    with pytest.raises(ConfigurationError) as caught:
        compiled(*mappings, ref_id=ref_id)
    return caught.value.faults


def fault(**keys: Any) -> str:
    """The only fault of a rule, without its place."""
    (told,) = faults({"stream": "contacts", "action": "upsert", "fields": FIELDS, **keys})
    place, _, sentence = told.partition(": ")
    assert place == "Rule 1 (stream 'contacts')"
    return sentence


# -- what a rule takes -----------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("pattern", "taken", "left"),
    [
        ("contacts", ["contacts"], ["Contacts", "contacts2", "contact", "crm-contacts"]),
        ("crm-*", ["crm-leads", "crm-"], ["crm", "CRM-leads"]),
        ("*", ["anything", ""], []),
        ("lead?", ["leads"], ["lead", "leadss"]),
        ("[ab]", ["a", "b"], ["c", "[ab]"]),
    ],
)
def test_a_rule_takes_streams_by_name_or_glob(pattern: str, taken: list[str], left: list[str]) -> None:
    one = rule(stream=pattern)
    assert all(map(one.takes, taken))
    assert not any(map(one.takes, left))


@pytest.mark.parametrize(
    ("include", "taken", "left"),
    [
        (["email"], ["email"], ["Email", "email2"]),
        (["utm_*"], ["utm_source"], ["utm", "UTM_source"]),
        (["*"], ["email", "lead_id", "Lead Id"], ["_sdc_deleted_at", "_sdc_"]),
        (["*", "_sdc_deleted_at"], ["email", "_sdc_deleted_at"], ["_sdc_lsn"]),
        (["_sdc_*"], ["_sdc_lsn"], ["email"]),
        (["_*", "?sdc_lsn"], ["_other"], ["_sdc_lsn"]),
        (["*"], ["_abc", "_air"], ["_ab_cdc_lsn", "_airbyte_extracted_at"]),
        (["_ab_cdc_*"], ["_ab_cdc_lsn"], ["_airbyte_meta", "_sdc_lsn"]),
        ([], [], ["email"]),
    ],
)
def test_more_fields_come_along_by_name_or_glob_but_metadata_only_if_named(
    include: list[str], taken: list[str], left: list[str]
) -> None:
    one = rule(include=include)
    assert all(map(one.includes, taken))
    assert not any(map(one.includes, left))


@settings(deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(
    st.lists(st.text("a*?[]!|_(sdc", max_size=5), max_size=4), st.text("a[]!|_(sdc\n", max_size=5) | st.just("_sdc_a")
)
def test_a_name_comes_along_if_any_one_glob_matches(include: list[str], name: str) -> None:
    """Law: several globs take what each of them takes, and nothing more."""
    asked = [glob for glob in include if glob.startswith("_sdc_") or not name.startswith("_sdc_")]
    assert rule(include=include).includes(name) == any(fnmatchcase(name, glob) for glob in asked)


def test_rules_are_numbered_from_1_and_have_their_own_campaign_or_that_of_the_setting() -> None:
    rules = compiled(
        {"stream": "a", "action": "upsert", "fields": FIELDS},
        {"stream": "b", "action": "delete", "fields": {"lead_id": "id"}, "ref_id": "own"},
    )
    assert [(one.number, one.campaign, one.action) for one in rules] == [(1, "main", "upsert"), (2, "own", "delete")]


def test_without_mappings_every_stream_is_upserted_as_it_is() -> None:
    (one,) = compiled()
    assert (one.number, one.action, one.campaign) == (0, "upsert", "main")
    assert one.takes("anything")
    assert one.includes("phone_number")
    assert not one.includes("_sdc_batched_at")


def test_the_paths_of_a_rule_are_all_that_it_reads_by_name() -> None:
    one = rule(
        action="convert",
        when="stage == 'won'",
        fields={"lead_id": ["ids.crm", "id"], "detail": {"order": "name", "sum": ["a", "b"]}},
        include=["email", "utm_*"],
    )
    assert set(one.paths()) == {("stage",), ("ids", "crm"), ("id",), ("name",), ("a",), ("b",), ("email",)}


# -- faults ------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("action", ["Upsert", "insert", "", "canary"])
def test_an_unknown_action_is_a_fault(action: str) -> None:
    actions = "create, update, upsert, convert, disable, delete"
    assert fault(action=action) == f"there is no action '{action}'; the actions are {actions}."


@pytest.mark.parametrize(
    ("keys", "told"),
    [
        ({"when": "stage ="}, "'when': 'stage =' is not an expression."),
        ({"when": "len(x)"}, "'when': 'len(x)' uses the function len, which there is none of."),
        ({"fields": {**FIELDS, "city": ""}}, "'city': '' is not an expression."),
        ({"fields": {**FIELDS, "city": ["a", "b b"]}}, "'city': 'b b' is not an expression."),
        (
            {"fields": {**FIELDS, "age": 7}},
            "'age' must be an expression or a list of them; quote a literal: \"'text'\".",
        ),
        (
            {"fields": {**FIELDS, "age": None}},
            "'age' must be an expression or a list of them; quote a literal: \"'text'\".",
        ),
        (
            {"fields": {**FIELDS, "age": {"a": "b"}}},
            "'age' must be an expression or a list of them; quote a literal: \"'text'\".",
        ),
        ({"fields": {**FIELDS, "city": []}}, "'city' is an empty list; name at least one candidate."),
        (
            {"action": "convert", "fields": {"lead_id": "id", "detail": {"order": "a b"}}},
            "'detail.order': 'a b' is not an expression.",
        ),
        (
            {"action": "convert", "fields": {"lead_id": "id", "detail": {"order": 7}}},
            "'detail.order' must be an expression or a list of them; quote a literal: \"'text'\".",
        ),
    ],
)
def test_an_expression_that_cannot_be_compiled_is_a_fault_with_its_field(keys: dict[str, Any], told: str) -> None:
    assert fault(**keys) == told


@pytest.mark.parametrize(
    ("action", "given", "lacking"),
    [
        ("create", ["phone_number", "contact_name"], "lead_id"),
        ("create", ["lead_id", "contact_name"], "phone_number"),
        ("create", ["lead_id", "phone_number"], "contact_name"),
        ("update", ["phone_number"], "lead_id"),
        ("upsert", ["phone_number"], "lead_id"),
        ("convert", ["lead_id"], "detail"),
        ("convert", ["detail"], "lead_id"),
        ("disable", [], "lead_id"),
        ("delete", [], "lead_id"),
    ],
)
def test_a_rule_that_lacks_what_its_action_needs_is_a_fault(action: str, given: list[str], lacking: str) -> None:
    """lead_id; detail for convert; phone_number and contact_name for create."""
    assert fault(action=action, fields=dict.fromkeys(given, "x")) == f"action '{action}' needs the field {lacking}."


@pytest.mark.parametrize(
    ("action", "given", "include"),
    [
        ("update", ["lead_id"], []),
        ("upsert", ["lead_id"], []),
        ("disable", ["lead_id"], []),
        ("delete", ["lead_id"], []),
        ("convert", ["lead_id", "detail"], []),
        ("create", ["lead_id"], ["phone_number", "contact_*"]),
        ("create", [], ["*"]),
        ("delete", [], ["lead_id"]),
        ("convert", ["lead_id"], ["detail"]),
    ],
)
def test_what_an_action_needs_may_come_by_fields_or_include(action: str, given: list[str], include: list[str]) -> None:
    assert rule(action=action, fields=dict.fromkeys(given, "x"), include=include).action == action


def test_an_empty_detail_is_a_fault() -> None:
    assert fault(action="convert", fields={"lead_id": "id", "detail": {}}) == "action 'convert' needs the field detail."


@pytest.mark.parametrize("action", ["disable", "delete", "convert"])
def test_a_field_that_the_action_does_not_send_is_a_fault(action: str) -> None:
    only = "lead_id and detail" if action == "convert" else "lead_id"
    given = {"lead_id": "id", "city": "city", **({"detail": "x"} if action == "convert" else {})}
    assert fault(action=action, fields=given) == f"action '{action}' sends no field but {only}; drop city."


@pytest.mark.parametrize("action", ["create", "update", "upsert", "disable", "delete"])
def test_a_detail_that_is_an_object_is_for_convert_only(action: str) -> None:
    """It would be left out silently, or not sent as an object."""
    fields = {**(FIELDS if action in {"create", "update", "upsert"} else {"lead_id": "id"}), "detail": {"a": "b"}}
    told = fault(action=action, fields=fields)
    assert told == "only action 'convert' has a detail that is an object; give it as one expression."


def test_a_detail_of_one_expression_is_a_field_like_any_other() -> None:
    assert "detail" in rule(fields={**FIELDS, "detail": "note"}).fields


@pytest.mark.parametrize("own", [{}, {"ref_id": ""}])
def test_a_rule_without_a_campaign_is_a_fault(own: dict[str, str]) -> None:
    (told,) = faults({"stream": "s", "action": "upsert", "fields": FIELDS, **own}, ref_id=None)
    assert told == "Rule 1 (stream 's'): it names no campaign; give it a ref_id, or set the setting ref_id."


def test_without_mappings_a_missing_campaign_is_told_without_a_number() -> None:
    (told,) = faults(ref_id=None)
    assert told == "Without mappings: it names no campaign; give it a ref_id, or set the setting ref_id."


def test_every_fault_of_every_rule_is_told_at_once() -> None:
    told = faults(
        {"stream": "good", "action": "upsert", "fields": FIELDS, "ref_id": "r"},
        {"stream": "two", "action": "create", "fields": {"city": "a b"}, "when": "(", "ref_id": "r"},
        {"stream": "three", "action": "none", "fields": FIELDS},
        ref_id=None,
    )
    assert [text.partition(")")[0] for text in told] == ["Rule 2 (stream 'two'"] * 5 + ["Rule 3 (stream 'three'"] * 2
