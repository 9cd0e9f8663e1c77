"""Sets of rules for well-known sources, as files that a user can read and copy (docs/presets.md)."""

from __future__ import annotations

from importlib import resources
from typing import Any

NAMES = ("freshsales", "hubspot", "hubspot-singer", "leadsquared", "shopify", "shopify-airbyte")
"""Each has a file of its name beside this one."""


def text(name: str) -> str:
    """A preset's file."""
    return resources.files(__name__).joinpath(f"{name}.yaml").read_text(encoding="utf-8")


def rules(name: str) -> list[dict[str, Any]]:
    """The rules of a preset, as a user would write them under `mappings`."""
    import yaml  # noqa: PLC0415 - only who uses a preset waits for it

    found: list[dict[str, Any]] = yaml.safe_load(text(name))
    return found
