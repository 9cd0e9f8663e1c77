"""The settings as Airbyte's form wants them: draft-07, in groups, secrets marked.

Made of their one declaration, so that a setting that is new there is in the form too. Imports nothing else: the
platform asks for it often.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from squadstack.airbyte import forms
from squadstack.airbyte.catalogs import DESTINATION_MODES
from squadstack.settings.declaration import json_schema
from squadstack.settings.tap import TapSettings
from squadstack.settings.target import TargetSettings

if TYPE_CHECKING:
    from squadstack.airbyte.output import Message

_DOCUMENTATION = "https://docs.airbyte.com/integrations/{}s/squadstack"
_GROUPS = {
    "account": ("Account", ("auth_token", "campaign_ids", "ref_id", "start_date")),
    "mapping": ("Which record becomes which action", ("mappings", "unmapped_streams", "null_values")),
    "ledger": ("Ledger", ("ledger_url", "business", "ledger_key", "ledger_retention_days")),
    "safety": ("Safeguards", ("max_reject_percent", "max_actions", "after_delete", "skip_unchanged", "full_refresh")),
    "pace": ("Pace", ("rate_limit", "max_in_flight", "batch_size_rows", "max_batch_wait_seconds")),
    "advanced": ("Advanced", ()),
}
"""Where a setting stands, and in which order; what is not named here is advanced."""

_SHOWN = ("ref_id", "mappings", "start_date", "api_url")
"""What is optional, yet not folded away."""

_HIDDEN = ("summary_path", "full_refresh_complete", "max_missing_percent")
"""What means nothing in a container, and what no sync can promise."""


def source_spec() -> Message:
    """The source's SPEC."""
    return _spec("source", json_schema(TapSettings), {"supportsIncremental": True})


def destination_spec() -> Message:
    """The destination's SPEC. Its ledger has no default: a container keeps no disk."""
    schema = json_schema(TargetSettings)
    schema["required"] = [*schema["required"], "ledger_url"]
    del schema["properties"]["ledger_url"]["default"]
    modes = {"supportsIncremental": True, "supported_destination_sync_modes": list(DESTINATION_MODES)}
    return _spec("destination", schema, modes)


def _spec(face: str, schema: dict[str, Any], more: dict[str, Any]) -> Message:
    places = {name: group for group, (_, names) in _GROUPS.items() for name in names}
    ranks = {name: rank for rank, name in enumerate(places)}
    names = sorted(schema["properties"], key=lambda name: ranks.get(name, len(ranks)))
    properties = {
        name: {**_setting(name, schema["properties"][name]), "order": order, "group": places.get(name, "advanced")}
        for order, name in enumerate(names)
    }
    used = {one["group"] for one in properties.values()}
    connection = {
        "$schema": "http://json-schema.org/draft-07/schema#",
        "title": f"SquadStack {face.capitalize()}",
        "type": "object",
        "required": schema["required"],
        "properties": properties,
        "groups": [{"id": group, "title": title} for group, (title, _) in _GROUPS.items() if group in used],
    }
    told = {"documentationUrl": _DOCUMENTATION.format(face), "connectionSpecification": connection, **more}
    return {"type": "SPEC", "spec": told}


def _setting(name: str, declared: dict[str, Any]) -> dict[str, Any]:
    form = forms.rate_limit(declared) if name == "rate_limit" else forms.field_of(name, declared)
    marks = {
        "airbyte_secret": declared.get("secret", False),
        "always_show": name in _SHOWN,
        "airbyte_hidden": name in _HIDDEN,
    }
    return {**form, **{mark: True for mark, is_on in marks.items() if is_on}}
