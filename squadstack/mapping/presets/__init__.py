"""Sets of rules for well-known sources, as files that a user can read and copy (docs/presets.md)."""

from __future__ import annotations

from importlib import resources
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

NAMES = ("freshsales", "hubspot", "hubspot-singer", "leadsquared", "shopify", "shopify-airbyte")
"""Each has a file of its name beside this one."""


def text(name: str) -> str:
    """A preset's file."""
    return resources.files(__name__).joinpath(f"{name}.yaml").read_text(encoding="utf-8")


def rules(name: str, phone_number: Sequence[str] = ()) -> list[dict[str, Any]]:
    """The rules of a preset, as a user would write them under `mappings`.

    Args:
        name: Of the preset.
        phone_number: The user's own candidates, by which its filters then ask for a usable number too.
    """
    import yaml  # noqa: PLC0415 - only who uses a preset waits for it

    found: list[dict[str, Any]] = yaml.safe_load(text(name))
    for lead in [rule for rule in found if phone_number and "phone_number" in rule["fields"]]:
        before = _usable(lead["fields"]["phone_number"])
        for rule in (rule for rule in found if rule["stream"] == lead["stream"] and "when" in rule):
            rule["when"] = rule["when"].replace(before, _usable([f"({one})" for one in phone_number]))
    return found


def _usable(candidates: Iterable[str]) -> str:
    return f"valid_phone({', '.join(candidates)})"
