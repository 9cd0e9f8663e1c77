"""Declare a setting once, as a field of a dataclass, and derive everything else from it.

From the one declaration come the JSON Schema that every face shows its users (`json_schema`), the reading
of a configuration with all its faults told at once (`read`), and a repr that hides secrets.
"""

from __future__ import annotations

import dataclasses
import difflib
import json
import math
from collections.abc import Mapping
from decimal import Decimal
from typing import TYPE_CHECKING, Any, Literal, TypeVar

import jsonschema

from squadstack.exceptions import ConfigurationError

if TYPE_CHECKING:
    from collections.abc import Iterator

Kind = Literal["string", "integer", "number", "boolean", "array", "object"]
S = TypeVar("S")

_TRUE, _FALSE = frozenset({"true", "1", "yes", "on"}), frozenset({"false", "0", "no", "off"})
_REQUIRED = object()


def setting(
    kind: Kind,
    title: str,
    description: str,
    *,
    default: Any = _REQUIRED,
    secret: bool = False,
    **schema: Any,
) -> Any:
    """Declare one setting as a dataclass field.

    Args:
        kind: The JSON type that the setting has, whether it came as such or as text.
        title: A short name for a form.
        description: One sentence for the user.
        default: The value when the setting is not given; none means that it is required.
        secret: Whether its value must never be shown.
        **schema: Further JSON Schema keywords, such as `enum` or `minimum`.
    """
    declared = {"type": kind, "title": title, "description": description, **schema}
    if default is not _REQUIRED and default is not None:
        declared["default"] = default
    if secret:
        declared |= {"secret": True, "writeOnly": True}
    metadata = {"schema": declared}
    if default is _REQUIRED:
        return dataclasses.field(metadata=metadata, repr=not secret)
    if isinstance(default, (dict, list)):
        return dataclasses.field(
            default_factory=lambda: json.loads(json.dumps(default)), metadata=metadata, repr=not secret
        )
    return dataclasses.field(default=default, metadata=metadata, repr=not secret)


def json_schema(settings: type) -> dict[str, Any]:
    """The JSON Schema of a settings class, as the SDK's `config_jsonschema` wants it."""
    fields = list(_declared(settings))
    return {
        "type": "object",
        "properties": {field.name: dict(field.metadata["schema"]) for field in fields},
        "required": [field.name for field in fields if _is_required(field)],
    }


def coerced(schema: Mapping[str, Any], config: Mapping[str, Any]) -> dict[str, Any]:
    """The given settings, with those that came as text turned into numbers, switches and objects.

    Args:
        schema: A JSON Schema whose properties are all settings there are.
        config: What the user gave; null counts as not given.

    Raises:
        ConfigurationError: With a sentence for every fault; none shows a value.
    """
    known = schema["properties"]
    faults = [_unknown(name, known) for name in config if name not in known]
    given = {name: _typed(config[name], known[name]) for name in known if config.get(name) is not None}
    faults += dict.fromkeys(map(_sentence, _errors(schema, given)))  # one for each name that is missing: all alike
    if faults:
        raise ConfigurationError(*faults)
    return given


def read(settings: type[S], config: Mapping[str, Any]) -> S:
    """Make settings from a configuration; raises as `coerced` does."""
    return settings(**coerced(json_schema(settings), config))


def _declared(settings: type) -> Iterator[dataclasses.Field[Any]]:
    return (field for field in dataclasses.fields(settings) if "schema" in field.metadata)


def _is_required(field: dataclasses.Field[Any]) -> bool:
    return field.default is dataclasses.MISSING and field.default_factory is dataclasses.MISSING


def _typed(value: Any, schema: Mapping[str, Any]) -> Any:
    """A value of the kind that its schema asks for, at every depth; as it is, where it cannot be one."""
    kinds = schema.get("type", "string")
    if isinstance(value, str) and "string" not in kinds:
        value = _from_text(value, kinds)
    match value:
        case Decimal() | float():  # the SDK reads a configuration file's numbers as Decimal
            return _number(float(value), kinds)
        case Mapping():
            parts = schema.get("properties", {})
            return {key: _typed(item, parts.get(key, {})) for key, item in value.items()}
        case list():
            return [_typed(item, schema.get("items", {})) for item in value]
        case _:
            return value


def _from_text(value: str, kinds: Kind | list[str]) -> Any:
    text = value.strip()
    if "boolean" in kinds:
        return text.lower() in _TRUE if text.lower() in _TRUE | _FALSE else value
    try:
        return json.loads(text)
    except (ValueError, RecursionError):
        return value


def _number(value: float, kinds: Kind | list[str]) -> float | str:
    """What is no number in JSON becomes a text, which the schema refuses; 8.0 is an integer where one is asked for."""
    if not math.isfinite(value):
        return str(value)
    return int(value) if "integer" in kinds and value.is_integer() else value


def _errors(schema: Mapping[str, Any], given: dict[str, Any]) -> list[jsonschema.ValidationError]:
    validator = jsonschema.Draft202012Validator(schema)
    return sorted(validator.iter_errors(given), key=lambda error: [f"{part:>9}" for part in error.absolute_path])


def _unknown(name: str, known: Mapping[str, Any]) -> str:
    hint = _hint(name, known) or " See docs/settings.md for those that there are."
    return f"There is no setting '{name}' in this version.{hint}"


def _hint(name: str, known: Mapping[str, Any]) -> str:
    close = difflib.get_close_matches(name, known, n=1)
    return f" Did you mean '{close[0]}'?" if close else ""


def _sentence(error: jsonschema.ValidationError) -> str:
    """Tell a fault by its place and what would be right, never by the value, which may be a secret."""
    path = list(error.absolute_path)
    wanted: Any = error.validator_value
    schema: Any = error.schema
    instance: Any = error.instance
    match error.validator:
        case "required":
            missing = [name for name in wanted if name not in instance]
            return " ".join(f"{_place([*path, name])} is missing." for name in missing)
        case "additionalProperties":
            known = schema["properties"]
            extra = sorted(set(instance) - set(known))
            return f"{_place(path)} has no key {', '.join(map(repr, extra))}.{_hint(extra[0], known)}"
        case "type":
            kinds = " or ".join([wanted] if isinstance(wanted, str) else wanted)
            return f"{_place(path)} must be of type {kinds}."
        case "anyOf" | "oneOf":
            return f"{_place(path)} has none of the forms that it may have."
        case "enum":
            return f"{_place(path)} must be one of {', '.join(map(repr, wanted))}."
        case _:
            return f"{_place(path)} is out of bounds: {error.validator} {wanted}."


def _place(path: list[Any]) -> str:
    """Name a setting, or a rule of the mappings by its number, counted from 1."""
    match path:
        case ["mappings", int(index)]:
            return f"Rule {index + 1}"
        case ["mappings", int(index), *rest]:
            return f"Rule {index + 1}: '{_dotted(rest)}'"
        case _:
            return f"Setting '{_dotted(path)}'"


def _dotted(path: list[Any]) -> str:
    return "".join(f"[{part}]" if isinstance(part, int) else f".{part}" for part in path).lstrip(".")
