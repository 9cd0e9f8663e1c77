"""What `meltano.yml` and `hub/` say about the plugins is what the plugins say about themselves."""

from __future__ import annotations

import importlib.util
import json
import subprocess
import sys
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING, Any

import jsonschema
import pytest
import yaml

from squadstack.mapping import presets
from squadstack.mapping.rules import compile_rules

if TYPE_CHECKING:
    from types import ModuleType

PROJECT = Path(__file__).resolve().parents[2]
PLUGINS = {"tap-squadstack": "extractors", "target-squadstack": "loaders"}
KINDS = {
    "array": "array",
    "boolean": "boolean",
    "integer": "integer",
    "number": "string",  # a decimal that comes from the environment, Meltano fails to hand on
    "object": "object",
    "string": "string",
}


@cache
def about(plugin: str) -> dict[str, Any]:
    """What the plugin's own command says of it."""
    command = Path(sys.executable).with_name(plugin)
    told = subprocess.run([command, "--about", "--format=json"], capture_output=True, check=True, timeout=60)
    read: dict[str, Any] = json.loads(told.stdout)
    return read


@cache
def meltano_yml() -> dict[str, Any]:
    read: dict[str, Any] = yaml.safe_load((PROJECT / "meltano.yml").read_text(encoding="utf-8"))
    return read


def declared(plugin: str) -> dict[str, Any]:
    """The plugin's entry in `meltano.yml`."""
    [entry] = [each for plugins in meltano_yml()["plugins"].values() for each in plugins if each["name"] == plugin]
    return dict(entry)


def job(name: str) -> str:
    """The only task of a job."""
    [found] = [each for each in meltano_yml()["jobs"] if each["name"] == name]
    [task] = found["tasks"]
    return str(task)


def hub_script() -> ModuleType:
    spec = importlib.util.spec_from_file_location("hub_generate", PROJECT / "hub" / "generate.py")
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def kind_of(schema: dict[str, Any]) -> str:
    """Meltano's word for a JSON Schema's type."""
    if "enum" in schema:
        return "options"
    if schema.get("format") in {"date", "date-time"}:
        return "date_iso8601"
    kinds = [schema["type"]] if isinstance(schema["type"], str) else schema["type"]
    [kind] = [kind for kind in kinds if kind != "null"]
    return KINDS[kind]


def as_told(name: str, schema: dict[str, Any]) -> dict[str, Any]:
    """The facts that have to agree, as the plugin tells them."""
    return {
        "name": name,
        "kind": kind_of(schema),
        "default": schema.get("default"),
        "sensitive": bool(schema.get("secret") or schema.get("writeOnly")),
        "options": list(schema.get("enum", [])),
    }


def as_declared(setting: dict[str, Any]) -> dict[str, Any]:
    """The same facts, as `meltano.yml` tells them."""
    return {
        "name": setting["name"],
        "kind": setting["kind"],
        "default": setting.get("value"),
        "sensitive": setting.get("sensitive", False),
        "options": [option["value"] for option in setting.get("options", [])],
    }


@pytest.mark.parametrize("plugin", PLUGINS)
def test_settings_are_those_that_the_plugin_tells(plugin: str) -> None:
    told = {name: as_told(name, schema) for name, schema in about(plugin)["settings"]["properties"].items()}
    written = {setting["name"]: as_declared(setting) for setting in declared(plugin)["settings"]}

    assert written == told


@pytest.mark.parametrize("plugin", PLUGINS)
def test_capabilities_are_those_that_the_plugin_tells(plugin: str) -> None:
    assert declared(plugin)["capabilities"] == sorted(about(plugin)["capabilities"])


@pytest.mark.parametrize("plugin", PLUGINS)
def test_every_setting_has_a_label_and_one_sentence(plugin: str) -> None:
    for setting in declared(plugin)["settings"]:
        assert setting["label"], setting["name"]
        assert setting["description"].endswith("."), setting["name"]
        assert ". " not in setting["description"], setting["name"]


@pytest.mark.parametrize("plugin", PLUGINS)
def test_every_valid_group_of_settings_has_the_required_ones(plugin: str) -> None:
    groups = declared(plugin)["settings_group_validation"]
    names = {setting["name"] for setting in declared(plugin)["settings"]}

    assert groups
    for group in groups:
        assert set(about(plugin)["settings"]["required"]) <= set(group) <= names


@pytest.mark.parametrize("plugin", PLUGINS)
def test_both_plugins_come_from_this_package_with_the_ledger_below_the_project(plugin: str) -> None:
    entry = declared(plugin)

    assert (entry["pip_url"], entry["executable"]) == ("-e .", plugin)
    assert entry["config"]["ledger_url"] == "sqlite:///$MELTANO_PROJECT_ROOT/.squadstack/ledger.db"


def test_the_plugins_tell_their_version() -> None:
    assert {about(plugin)["version"] for plugin in PLUGINS}.isdisjoint({None, "", "[could not be detected]"})


def test_nothing_is_reported_to_anybody() -> None:
    assert meltano_yml()["send_anonymous_usage_stats"] is False


def test_every_plugin_of_others_is_pinned() -> None:
    pinned = {
        each["name"]: each["pip_url"]
        for plugins in meltano_yml()["plugins"].values()
        for each in plugins
        if each["name"] not in PLUGINS and "inherit_from" not in each
    }

    assert pinned == {
        "tap-hubspot": "meltano-tap-hubspot==0.10.1",
        "tap-hubspot-singer": "tap-hubspot==4.5.0",
        "tap-shopify": "tap-shopify==3.13.0",
        "tap-freshsales": "tap-freshsales==0.1.1",
        "tap-postgres": "meltanolabs-tap-postgres==0.10.0",
        "tap-spreadsheets": "tap-spreadsheets==1.1.2",
        "target-jsonl": "target-jsonl==0.1.4",
        "target-duckdb": "target-duckdb==0.8.0 duckdb==1.0.0",  # with a newer DuckDB it loses a row of each batch
        "target-postgres": "meltanolabs-target-postgres==0.8.1",
    }


def test_the_set_up_installs_what_the_demo_needs_and_no_more() -> None:
    makefile = (PROJECT / "Makefile").read_text(encoding="utf-8")
    [line] = [line for line in makefile.splitlines() if line.startswith("\t@$(MELTANO)") and " install " in line]
    installed = line.partition(" install ")[2].split()
    needed = [plugin for name in ("leads-to-squadstack", "responses-to-files") for plugin in job(name).split()]

    assert sorted(installed) == sorted(needed)


def test_the_jobs_join_plugins_that_are_there() -> None:
    names = {each["name"] for plugins in meltano_yml()["plugins"].values() for each in plugins}

    for each in meltano_yml()["jobs"]:
        assert set(job(each["name"]).split()) <= names


@pytest.mark.parametrize("name", ["hubspot", "hubspot-singer", "shopify", "freshsales"])
def test_a_tap_with_a_preset_has_a_job_whose_target_has_it(name: str) -> None:
    target = declared(job(f"{name}-to-squadstack").split()[1])

    assert target["inherit_from"] == "target-squadstack"
    assert target["config"] == {"mappings": [{"preset": name}]}
    assert name in presets.NAMES


def test_of_shopify_is_selected_what_the_preset_reads_and_no_more() -> None:
    """An object's fields are selected one by one with it; those of lists come along."""
    read = {
        (rule.stream, *path) for rule in compile_rules(presets.rules("shopify"), ref_id="m") for path in rule.paths()
    }
    wanted = {
        ".".join(names[:length])
        for stream, *path in read - {("customers", "id"), ("abandoned_checkouts", "id")}
        if (names := [stream, *(path[:1] if 0 in path else path)])
        for length in range(2, len(names) + 1)
    }

    assert set(declared("tap-shopify")["select"]) == wanted


def test_taps_get_their_choice_of_streams_in_the_form_that_they_read() -> None:
    """With a catalog, singer-io's HubSpot reads nothing and succeeds; Freshsales knows neither."""
    assert "catalog" not in declared("tap-hubspot-singer")["capabilities"]
    assert "properties" in declared("tap-hubspot-singer")["capabilities"]
    assert declared("tap-freshsales")["capabilities"] == ["state"]


def test_meltano_itself_finds_no_fault_in_the_project(meltano: Path) -> None:
    [schema] = meltano.parent.parent.glob("lib/python*/site-packages/meltano/schemas/meltano.schema.json")

    jsonschema.validate(meltano_yml(), json.loads(schema.read_text(encoding="utf-8")))


def test_the_definitions_for_the_hub_are_made_from_meltano_yml() -> None:
    """If this fails: `make hub`."""
    script = hub_script()
    definitions = script.definitions()

    assert sorted(path.parts[1] for path in definitions) == sorted(PLUGINS)
    for path, facts in definitions.items():
        assert (PROJECT / "hub" / path).read_text(encoding="utf-8") == script.text(facts)


@pytest.mark.parametrize(("plugin", "kind"), PLUGINS.items())
def test_the_definitions_for_the_hub_tell_what_the_plugin_tells(plugin: str, kind: str) -> None:
    [path] = (PROJECT / "hub" / kind / plugin).glob("*.yml")
    facts = yaml.safe_load(path.read_text(encoding="utf-8"))
    told = [as_told(name, schema) for name, schema in sorted(about(plugin)["settings"]["properties"].items())]

    assert [as_declared(setting) for setting in facts["settings"]] == told
    assert facts["capabilities"] == sorted(about(plugin)["capabilities"])
    assert facts["pip_url"] == "squadstack-connectors"
