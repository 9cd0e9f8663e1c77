"""The form of a rule of the setting `mappings`; what it may say, the mapping judges (docs/mapping.md)."""

from __future__ import annotations

from typing import Any

_ROUTER: dict[str, Any] = {
    "by": {"type": "string", "description": "Expression whose value chooses the campaign."},
    "to": {
        "type": "object",
        "additionalProperties": {"type": "string"},
        "description": "Value, as text: campaign.",
    },
    "default": {"type": "string", "description": "The campaign for every other value."},
}

RULE_SCHEMA: dict[str, Any] = {
    "type": "object",
    "if": {"required": ["preset"]},
    "else": {"required": ["stream", "action"]},
    "properties": {
        "stream": {"type": "string", "description": "Name or glob of the streams that this rule takes."},
        "action": {"type": "string", "description": "create, update, upsert, convert, disable or delete."},
        "preset": {"type": "string", "description": "A set of rules that the package brings, instead of a rule."},
        "when": {"type": "string", "description": "Expression; records for which it is no are left out."},
        "ref_id": {
            "type": ["string", "object"],
            "description": "The campaign, if not the one of the setting ref_id; or one chosen by a value.",
            "properties": _ROUTER,
            "required": ["by", "to"],
            "additionalProperties": False,
        },
        "each": {"type": "string", "description": "Expression for a list: one action for each of its items."},
        "fields": {"type": "object", "description": "Field of the lead: expression, or list of candidates."},
        "include": {
            "type": "array",
            "items": {"type": "string"},
            "description": "More top-level fields, by name or glob, under their own names.",
        },
        "on_missing": {
            "type": "string",
            "description": "disable or delete: what is done with leads that a complete read no longer holds.",
        },
    },
    "additionalProperties": False,
}
