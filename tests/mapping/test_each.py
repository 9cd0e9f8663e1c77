"""One action for each item of a list, and a campaign that is chosen by a value (docs/mapping.md)."""

from __future__ import annotations

import json
from typing import Any

import pytest
from mapping.making import faults, made, told

from squadstack.api.verdicts import Reason
from squadstack.mapping.actions import LeadAction, Rejection
from squadstack.mapping.rules import compile_rules

EACH = {"stream": "deals", "action": "convert", "each": "contacts", "fields": {"lead_id": "item", "detail": "name"}}
ROUTER = {"by": "region", "to": {"north": "ref-n", "1": "ref-1", "true": "ref-t"}}


def routed(region: Any, ref_id: dict[str, Any] = ROUTER) -> LeadAction | Rejection:
    rule = {"stream": "s", "action": "disable", "ref_id": ref_id, "fields": {"lead_id": "id"}}
    (outcome,) = made([rule], "s", {"id": 7, "region": region})
    assert isinstance(outcome, LeadAction | Rejection)
    return outcome


# -- each ------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("write", [list, json.dumps], ids=["a list", "as JSON text"])
def test_each_item_of_a_list_gives_an_action(write: Any) -> None:
    outcomes = made([EACH], "deals", {"name": "Big", "contacts": write([104, "105"])})
    assert told(outcomes) == [("convert", "104", {"detail": "Big"}), ("convert", "105", {"detail": "Big"})]


@pytest.mark.parametrize("contacts", [None, [], "", "[]"], ids=repr)
def test_an_empty_list_gives_no_action(contacts: Any) -> None:
    assert made([EACH], "deals", {"name": "Big", "contacts": contacts}) == []


@pytest.mark.parametrize("contacts", [7, {"id": 7}, "104", "104;105", '{"a": 1}', True], ids=repr)
def test_what_is_no_list_is_rejected(contacts: Any) -> None:
    assert told(made([EACH], "deals", {"name": "Big", "contacts": contacts})) == [("rejected", "invalid_value")]


def test_an_item_is_seen_by_the_filter_and_has_fields() -> None:
    rule = {**EACH, "when": "item.role == 'buyer'", "fields": {"lead_id": "item.id", "detail": "item.role"}}
    record = {"contacts": [{"id": 1, "role": "buyer"}, {"id": 2, "role": "agent"}, {"id": 3}]}
    assert told(made([rule], "deals", record)) == [("convert", "1", {"detail": "buyer"})]


def test_an_item_that_fails_leaves_the_others_alone() -> None:
    record = {"name": "Big", "contacts": [1, [2], None, 3]}
    assert told(made([EACH], "deals", record)) == [
        ("convert", "1", {"detail": "Big"}),
        ("rejected", "invalid_value"),
        ("rejected", "missing_field"),
        ("convert", "3", {"detail": "Big"}),
    ]


def test_a_field_named_item_is_hidden_by_the_item_and_seen_elsewhere() -> None:
    other = {"stream": "deals", "action": "disable", "fields": {"lead_id": "item"}}
    record = {"item": "field", "name": "Big", "contacts": ["item"]}
    assert [row[1] for row in told(made([EACH, other], "deals", record))] == ["item", "field"]


def test_the_item_is_no_name_that_a_schema_must_declare() -> None:
    (rule,) = compile_rules([{**EACH, "when": "item.role"}], ref_id="main")
    assert set(rule.paths()) == {("contacts",), ("name",)}


def test_an_expression_that_fails_is_rejected_once() -> None:
    assert told(made([{**EACH, "each": "contacts + 1"}], "deals", {"contacts": [1]})) == [("rejected", "invalid_value")]


# -- a campaign by a value -------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("region", "campaign"), [("north", "ref-n"), (1, "ref-1"), ("1", "ref-1"), (1.0, "ref-1"), (True, "ref-t")]
)
def test_a_value_chooses_the_campaign(region: Any, campaign: str) -> None:
    outcome = routed(region)
    assert isinstance(outcome, LeadAction)
    assert outcome.lead == (campaign, "7")


@pytest.mark.parametrize("region", ["south", "North", "", None, [1]], ids=repr)
def test_without_a_match_there_is_the_default_or_a_rejection(region: Any) -> None:
    outcome = routed(region, {**ROUTER, "default": "ref-x"})
    assert isinstance(outcome, LeadAction)
    assert outcome.lead == ("ref-x", "7")
    refused = routed(region)
    assert isinstance(refused, Rejection)
    assert (refused.reason, refused.campaign, refused.lead_id) == (Reason.NO_CAMPAIGN, None, "7")


def test_a_value_that_cannot_be_read_is_rejected_as_such() -> None:
    refused = routed(None, {**ROUTER, "by": "region.lower()"})
    assert isinstance(refused, Rejection)
    assert refused.reason is Reason.INVALID_VALUE


def test_a_router_needs_no_campaign_of_the_settings() -> None:
    rule = {"stream": "s", "action": "disable", "ref_id": ROUTER, "fields": {"lead_id": "id"}}
    (one,) = compile_rules([rule], ref_id=None)
    assert one.campaigns == ("ref-n", "ref-1", "ref-t")


@pytest.mark.parametrize("to", [{}, {"north": ""}])
def test_a_router_that_names_no_campaign_is_a_fault(to: dict[str, str]) -> None:
    rule = {"stream": "s", "action": "disable", "ref_id": {"by": "x", "to": to}, "fields": {"lead_id": "id"}}
    (fault,) = faults(rule)
    assert fault == "Rule 1 (stream 's'): 'ref_id' names no campaign for a value; give each value of 'to' one."


@pytest.mark.parametrize("more", [{"each": "list"}, {"ref_id": ROUTER}])
def test_a_mirrored_rule_has_one_campaign_and_no_list(more: dict[str, Any]) -> None:
    rule = {"stream": "s", "action": "upsert", "on_missing": "disable", "fields": {"lead_id": "id"}, **more}
    (fault,) = faults(rule)
    assert fault.endswith("a rule with 'on_missing' has one campaign and no 'each'.")
