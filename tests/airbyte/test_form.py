"""A configuration as Airbyte's form hands it over: what was left empty there was not given."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

from squadstack.airbyte.configuration import of_destination, of_source
from squadstack.exceptions import ConfigurationError

if TYPE_CHECKING:
    from squadstack.mapping.rule import Rule

NEEDED = {"auth_token": "token", "ledger_url": "sqlite:////srv/ledger.db", "ref_id": "main"}
EMPTY = ["", [], {}, None]
EXPRESSIONS = [{"name": "lead_id", "expressions": ["id"]}]


def rules(*mappings: dict[str, Any]) -> tuple[Rule, ...]:
    return of_destination({**NEEDED, "mappings": list(mappings)})[1].mapper.rules


def texts(rule: Rule) -> tuple[object, ...]:
    """Tell a rule as it was written."""
    fields = {name: [one.text for one in candidates] for name, candidates in rule.fields.items()}
    return (rule.stream, rule.action, rule.campaign, rule.when and rule.when.text, fields, rule.include)


@pytest.mark.parametrize("empty", EMPTY, ids=repr)
def test_empty_parts_beside_a_preset(empty: Any) -> None:
    parts = ("stream", "action", "when", "each", "on_missing", "include", "campaign", "lead_fields", "ref_id", "fields")
    given = {**dict.fromkeys(parts, empty), "preset": "hubspot"}
    assert [*map(texts, rules(given))] == [*map(texts, rules({"preset": "hubspot"}))]


@pytest.mark.parametrize("empty", EMPTY, ids=repr)
@pytest.mark.parametrize("part", ["preset", "when", "each", "on_missing", "include", "campaign", "ref_id"])
def test_an_empty_part_of_a_rule(part: str, empty: Any) -> None:
    rule = {"stream": "contacts", "action": "disable", "lead_fields": EXPRESSIONS}
    [found] = rules({**rule, part: empty})
    assert (found.campaign, found.fields.keys(), found.include, found.when) == ("main", {"lead_id"}, (), None)


@pytest.mark.parametrize(
    "campaign",
    [{"kind": "one"}, {"kind": "one", "ref_id": ""}, {"kind": "one", "ref_id": None}],
    ids=repr,
)
def test_a_campaign_that_names_none_is_that_of_the_setting(campaign: dict[str, Any]) -> None:
    [found] = rules({"stream": "x", "action": "disable", "lead_fields": EXPRESSIONS, "campaign": campaign})
    assert found.campaign == "main"


def test_empty_entries_of_lists() -> None:
    """A row that was added to a list of the form and left blank; an empty default of a campaign by a value."""
    entries = [*EXPRESSIONS, {}, {"name": "", "expressions": []}, {"name": "city", "expressions": ["a", ""]}]
    by_value = {
        "kind": "by_value", "by": "region", "default": "",
        "to": [{"value": "north", "ref_id": "ref-n"}, {"value": "", "ref_id": ""}, {}],
    }  # fmt: skip
    [found] = rules(
        {"stream": "x", "action": "upsert", "lead_fields": entries, "campaign": by_value, "include": ["", "*"]}
    )
    assert texts(found)[-2] == {"lead_id": ["id"], "city": ["a"]}
    assert found.router is not None
    assert (found.router.to, found.router.default, found.include) == ({"north": "ref-n"}, None, ("*",))


@pytest.mark.parametrize(
    ("rule", "sentence"),
    [
        ({"stream": "", "action": "upsert"}, "'stream' is missing"),
        ({"stream": "x", "action": "", "lead_fields": EXPRESSIONS}, "'action' is missing"),
        ({"stream": "x", "action": "upsert", "lead_fields": []}, "needs the field lead_id"),
        (
            {"stream": "x", "action": "upsert", "lead_fields": [{"name": "lead_id", "expressions": []}]},
            "'lead_id' must be",
        ),
        ({"stream": "x", "action": "upsert", "lead_fields": [{"expressions": ["id"]}]}, "without a name"),
    ],
)
def test_what_is_needed_is_still_missed(rule: dict[str, Any], sentence: str) -> None:
    with pytest.raises(ConfigurationError, match=sentence):
        rules(rule)


def test_empty_settings_have_their_defaults() -> None:
    """But an empty list of limited kinds holds nothing, as it says."""
    names = ("business", "api_url", "user_agent", "ledger_key", "field_key", "summary_path", "phone_region")
    given = {**NEEDED, **dict.fromkeys(names, ""), "rate_limit": {}, "mappings": [], "retry_rejected": []}
    found, wanted = of_destination(given)[1].settings, of_destination(NEEDED)[1].settings
    assert found.limit == wanted.limit
    assert [getattr(found, name) for name in names] == [getattr(wanted, name) for name in names]
    for limits, read in (({}, {}), ({"delete": None}, {"delete": 100}), ({"delete": 5, "disable": ""}, {"delete": 5})):
        assert of_destination({**NEEDED, "max_actions": limits})[1].settings.max_actions == read
    limited = of_destination({**NEEDED, "rate_limit": {"kind": "limited", "calls": None}})[1].settings.limit
    assert limited == wanted.limit


@pytest.mark.parametrize(
    ("chosen", "fault"),
    [
        ({"by": "", "to": []}, "do not say by which"),
        ({"by": "city", "to": []}, "not which campaigns"),
        ({"by": "city", "to": [{"value": "a", "ref_id": "x"}, {"value": "a", "ref_id": "y"}]}, "two campaigns"),
    ],
)
def test_a_choice_without_its_parts_is_a_fault(chosen: dict[str, Any], fault: str) -> None:
    """Red if all leads go into one campaign instead, or the last one wins."""
    rule = {"stream": "x", "action": "upsert", "include": ["*"], "campaign": {"kind": "by_value", **chosen}}
    with pytest.raises(ConfigurationError, match=fault):
        of_destination({**NEEDED, "mappings": [rule]})


def test_empty_settings_of_the_source() -> None:
    needed = {"auth_token": "token", "campaign_ids": ["main"]}
    optional = dict.fromkeys(("start_date", "events_url", "user_agent", "ledger_url", "business", "api_url"), "")
    assert of_source({**needed, **optional, "rate_limit": {}}) == {**needed, "rate_limit": {}}


@pytest.mark.parametrize("name", ["auth_token", "ledger_url"])
def test_a_required_setting_that_is_empty_is_missing(name: str) -> None:
    with pytest.raises(ConfigurationError, match=f"Setting '{name}' is missing"):
        of_destination({**NEEDED, name: ""})
