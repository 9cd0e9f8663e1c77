"""A declared setting → a field of Airbyte's form: one type, a title, an order, and no keys of the user's own."""

from __future__ import annotations

from typing import Any

from squadstack.settings.rule import RULE_SCHEMA
from squadstack.settings.target import ACTIONS

Schema = dict[str, Any]

_KEPT = (
    "type",
    "title",
    "description",
    "default",
    "enum",
    "format",
    "pattern",
    "examples",
    "minimum",
    "maximum",
    "exclusiveMinimum",
    "exclusiveMaximum",
    "minLength",
    "maxLength",
    "minItems",
    "maxItems",
    "items",
    "properties",
    "required",
)

FIELDS, CAMPAIGN = "lead_fields", "campaign"
"""The keys under which the form has a rule's `fields` and `ref_id`."""


def field_of(name: str, declared: Schema) -> Schema:
    """A field of the form, of a setting or a part of one; of several types, the first."""
    kept = {key: declared[key] for key in _KEPT if key in declared}
    kinds = declared.get("type", "string")
    kept["type"] = kinds if isinstance(kinds, str) else next(kind for kind in kinds if kind != "null")
    kept.setdefault("title", name.replace("_", " ").capitalize())
    if "properties" in kept:
        defaults = kept.pop("default", None) or {}
        kept["properties"] = _ordered(
            {key: _part(key, kept["properties"][key], defaults) for key in kept["properties"]}
        )
    if declared.get("items") is RULE_SCHEMA:
        kept["items"] = _rule()
    elif "items" in kept:
        kept["items"] = {key: kept["items"][key] for key in _KEPT if key in kept["items"]}
    return kept


def rate_limit(declared: Schema) -> Schema:
    """A limit, or none: a form cannot say null."""
    limited = field_of("rate_limit", declared)["properties"]
    branches = [_branch("limited", "Limited", limited, []), _branch("unlimited", "Not limited", {}, ["kind"])]
    return {"type": "object", "title": declared["title"], "description": declared["description"], "oneOf": branches}


def _part(name: str, declared: Schema, defaults: Schema) -> Schema:
    default = defaults.get(name)
    return {**field_of(name, declared), **({} if default is None else {"default": default})}


def _rule() -> Schema:
    """The form of a rule, or of a preset, which is named instead of stream and action."""
    parts: dict[str, Schema] = {}
    for name, declared in RULE_SCHEMA["properties"].items():
        if name == "fields":
            parts[FIELDS] = _lead_fields()
        elif name == "ref_id":
            parts[CAMPAIGN] = _campaign(declared)
        else:
            parts[name] = field_of(name, declared)
    parts["action"]["enum"] = list(ACTIONS)
    parts["on_missing"]["airbyte_hidden"] = True  # no sync can promise that it was whole
    return {"type": "object", "title": "Rule", "properties": _ordered(parts)}


def _lead_fields() -> Schema:
    entry: dict[str, Schema] = {
        "name": {
            "type": "string",
            "title": "Field of the lead",
            "description": "Such as lead_id, phone_number, contact_name; detail.order for a part of a detail.",
        },
        "expressions": {
            "type": "array",
            "title": "Expressions",
            "description": "One over the record's fields, or several of which the first usable value is taken.",
            "items": {"type": "string"},
            "minItems": 1,
        },
    }
    return _list("Fields", "The lead's fields, lead_id among them.", entry)


def _campaign(declared: Schema) -> Schema:
    router = declared["properties"]
    one: dict[str, Schema] = {"ref_id": {"type": "string", "title": "Campaign"}}
    choices: dict[str, Schema] = {"value": {"type": "string", "title": "Value"}, **one}
    several: dict[str, Schema] = {
        "by": field_of("by", router["by"]),
        "to": _list("Campaigns", "Which value, as text, chooses which campaign.", choices),
        "default": field_of("default", router["default"]),
    }
    branches = [
        _branch("one", "One campaign", one, ["kind", "ref_id"]),
        _branch("by_value", "By a value", several, ["kind", "by", "to"]),
    ]
    told = {"title": "Campaign", "description": declared["description"]}
    return {"type": "object", **told, "oneOf": branches}


def _branch(kind: str, title: str, parts: dict[str, Schema], required: list[str]) -> Schema:
    """One of several forms, told apart by what `kind` is."""
    shared = {"type": "string", "title": "Kind", "const": kind, "default": kind}
    branch = {"type": "object", "title": title, "properties": _ordered({"kind": shared, **parts})}
    return {**branch, "required": required} if required else branch


def _list(title: str, description: str, parts: dict[str, Schema]) -> Schema:
    entry = {"type": "object", "required": list(parts), "properties": _ordered(parts)}
    return {"type": "array", "title": title, "description": description, "items": entry}


def _ordered(parts: dict[str, Schema]) -> dict[str, Schema]:
    return {name: {**part, "order": order} for order, (name, part) in enumerate(parts.items())}
