"""SPEC: made of the settings' one declaration, in a form that Airbyte can show."""

from __future__ import annotations

import compileall
import statistics
import subprocess
import sys
import time
from pathlib import Path
from typing import TYPE_CHECKING, Any

import jsonschema
import pytest
from docs.pages import PROJECT
from support.airbyte import DESTINATION, SOURCE, Face

from squadstack.airbyte import spec
from squadstack.settings.declaration import json_schema
from squadstack.settings.rule import RULE_SCHEMA
from squadstack.settings.tap import TapSettings
from squadstack.settings.target import TargetSettings

if TYPE_CHECKING:
    from collections.abc import Iterator

FACES = {
    "source": (spec.source_spec()["spec"]["connectionSpecification"], TapSettings),
    "destination": (spec.destination_spec()["spec"]["connectionSpecification"], TargetSettings),
}
BOTH = pytest.mark.parametrize(("form", "settings"), FACES.values(), ids=FACES)


def fields(form: dict[str, Any]) -> Iterator[tuple[str, dict[str, Any]]]:
    """Tell every field of a form, at every depth."""
    for branch in (form, *form.get("oneOf", [])):
        for name, field in branch.get("properties", {}).items():
            yield name, field
            yield from fields(field)
            if field.get("items", {}).get("type") == "object":
                yield from fields(field["items"])


@BOTH
def test_every_setting_is_in_the_form(form: dict[str, Any], settings: type) -> None:
    """What is required, and what is secret, as it is declared; the ledger of the destination is required too."""
    declared = json_schema(settings)
    assert set(form["properties"]) == set(declared["properties"])
    more = {"ledger_url"} if settings is TargetSettings else set()
    assert set(form["required"]) == {*declared["required"], *more}
    secrets = {name for name, said in declared["properties"].items() if said.get("secret")}
    assert {name for name, field in form["properties"].items() if field.get("airbyte_secret")} == secrets
    assert ("default" in form["properties"]["ledger_url"]) == (settings is TapSettings)


@BOTH
def test_the_form_can_be_shown(form: dict[str, Any], settings: type) -> None:  # noqa: ARG001 - as the others
    """Draft-07, one type each, with a title, in an order of its own, without what the platform's form refuses."""
    jsonschema.Draft7Validator.check_schema(form)
    assert form["$schema"].startswith("http://json-schema.org/draft-07")
    for name, field in fields(form):
        assert isinstance(field["type"], str), name
        assert field["title"], name
        assert {"anyOf", "allOf", "not", "if", "additionalProperties", "secret", "writeOnly"}.isdisjoint(field), name
        if field["type"] == "object":
            assert field.get("properties") or field.get("oneOf"), name
    for level in (form, *(field for _, field in fields(form))):
        orders = [field["order"] for field in level.get("properties", {}).values()]
        assert len(set(orders)) == len(orders)
    groups = {group["id"] for group in form["groups"]}
    assert {field["group"] for field in form["properties"].values()} == groups


@BOTH
def test_a_choice_is_told_by_a_constant_that_its_forms_share(form: dict[str, Any], settings: type) -> None:  # noqa: ARG001
    choices = [field for _, field in fields(form) if "oneOf" in field]
    assert choices
    for choice in choices:
        assert choice["type"] == "object"
        kinds = [branch["properties"]["kind"]["const"] for branch in choice["oneOf"]]
        assert len(set(kinds)) == len(kinds)


def test_every_key_of_a_rule_can_be_written() -> None:
    """Under its own name, but for the two whose own keys are the user's, or that are of two types."""
    rule = FACES["destination"][0]["properties"]["mappings"]["items"]
    assert set(rule["properties"]) == {*RULE_SCHEMA["properties"], "lead_fields", "campaign"} - {"fields", "ref_id"}


def test_what_means_nothing_in_airbyte_is_not_shown() -> None:
    """No disk is kept for a summary, and no sync can promise that a stream was read whole."""
    hidden = {name for name, field in fields(FACES["destination"][0]) if field.get("airbyte_hidden")}
    assert hidden == {"summary_path", "full_refresh_complete", "max_missing_percent", "on_missing"}
    assert not [name for name, field in fields(FACES["source"][0]) if field.get("airbyte_hidden")]


GIVEN = [
    {"mappings": [{"stream": "x", "action": "upsert", "fields": {"lead_id": "id", "city": ["a", "b"]}}]},
    {"mappings": [{"stream": "x", "action": "delete", "ref_id": {"by": "x", "to": {"a": "b"}}}]},
    {"mappings": [{"preset": "hubspot"}]},
    {"mappings": [{"stream": "x", "action": "upsert", "campaign": {"kind": "one", "ref_id": "r"}}]},
    {"rate_limit": {"calls": 30, "period_seconds": 3}},
    {"rate_limit": {"kind": "limited", "calls": 30}},
    {"rate_limit": {"kind": "unlimited"}},
    {"max_actions": {}},
]


@pytest.mark.parametrize("given", GIVEN)
def test_a_configuration_of_the_target_fits_too(given: dict[str, Any]) -> None:
    jsonschema.validate({"auth_token": "x", "ledger_url": "y", **given}, FACES["destination"][0])


@pytest.mark.parametrize("command", [SOURCE, DESTINATION])
def test_the_command_says_it(tmp_path: Path, command: str) -> None:
    """One message, and no configuration is needed for it."""
    said = Face(command, {}, tmp_path).run("spec")
    [message] = said.messages
    assert message["type"] == "SPEC"
    assert message["spec"]["connectionSpecification"] == FACES[command.partition("-")[0]][0]
    modes = message["spec"].get("supported_destination_sync_modes")
    assert modes == (["append", "append_dedup"] if command == DESTINATION else None)


def seconds(*command: str | Path) -> float:
    began = time.perf_counter()
    subprocess.run(command, check=True, capture_output=True, timeout=60)
    return time.perf_counter() - began


@pytest.mark.parametrize("command", [SOURCE, DESTINATION])
def test_it_takes_no_longer_than_the_sdk_alone(command: str) -> None:
    """The platform asks often. In turns, so that what else the machine does hits both; bytecode compiled."""
    compileall.compile_dir(PROJECT / "squadstack", quiet=2)
    script = Path(sys.executable).parent / command
    pairs = [(seconds(script, "spec"), seconds(sys.executable, "-c", "import singer_sdk")) for _ in range(5)]
    ours, theirs = (statistics.median(column) for column in zip(*pairs, strict=True))
    assert ours < 1.2 * theirs


@pytest.mark.parametrize("module", ["singer_sdk", "sqlalchemy", "requests", "phonenumbers", "airbyte_cdk", "click"])
def test_it_imports_nothing_that_it_needs_not(module: str) -> None:
    text = f"import squadstack.airbyte.source, squadstack.airbyte.spec, sys; sys.exit('{module}' in sys.modules)"
    assert subprocess.run([sys.executable, "-c", text], check=False).returncode == 0
