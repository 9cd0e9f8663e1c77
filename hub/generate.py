# ruff: noqa: INP001 - a script, not a package
"""Write MeltanoHub's definitions of both plugins from `meltano.yml`, so that a fact stands in one place."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Any

import yaml

HUB = Path(__file__).resolve().parent
VARIANT = "squadstack"
PIP_URL = "squadstack-connectors"
KEPT = (
    "name",
    "namespace",
    "label",
    "description",
    "executable",
    "capabilities",
    "settings_group_validation",
    "settings",
    "commands",
)
HUB_ONLY = {
    "domain_url": "https://www.squadstack.com",
    "keywords": ["meltano_sdk"],
    "maintenance_status": "active",
    "pip_url": PIP_URL,
    "variant": VARIANT,
}


def definitions() -> dict[Path, dict[str, Any]]:
    """Path below `_data/meltano/` of the hub's repository: definition."""
    project = yaml.safe_load((HUB.parent / "meltano.yml").read_text(encoding="utf-8"))
    return {
        Path(kind) / plugin["name"] / f"{VARIANT}.yml": definition(kind, plugin)
        for kind, plugins in project["plugins"].items()
        for plugin in plugins
        if plugin["name"].endswith("-squadstack")
    }


def definition(kind: str, plugin: dict[str, Any]) -> dict[str, Any]:
    """One plugin as the hub tells it: what holds for everybody, and not this project's own configuration."""
    facts = {key: plugin[key] for key in KEPT if key in plugin} | HUB_ONLY
    facts["logo_url"] = f"/assets/logos/{kind}/squadstack.png"
    facts["settings"] = sorted(facts["settings"], key=lambda setting: str(setting["name"]))
    return dict(sorted(facts.items()))


def text(facts: dict[str, Any]) -> str:
    """A definition as the hub's files are written; what is said twice stands there twice."""
    return str(yaml.dump(facts, Dumper=_Plain, allow_unicode=True, sort_keys=False, width=100))


class _Plain(yaml.SafeDumper):
    def ignore_aliases(self, data: Any) -> bool:  # noqa: ARG002 - as PyYAML declares it
        return True


if __name__ == "__main__":
    for path, facts in definitions().items():
        (HUB / path).parent.mkdir(parents=True, exist_ok=True)
        (HUB / path).write_text(text(facts), encoding="utf-8")
        sys.stdout.write(f"hub/{path}\n")
