"""Singer messages, one line each."""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping
from typing import Any


def schema(stream: str, properties: Iterable[str] | Mapping[str, object], key: Iterable[str] = ("id",)) -> str:
    """Declare a stream; properties given by name alone may hold anything."""
    if not isinstance(properties, Mapping):
        properties = {name: {} for name in properties}
    declared = {"type": "object", "properties": dict(properties)}
    return _line({"type": "SCHEMA", "stream": stream, "schema": declared, "key_properties": list(key)})


def record(stream: str, /, **fields: object) -> str:
    """Write a record."""
    return _line({"type": "RECORD", "stream": stream, "record": fields})


def flattened(record: Mapping[str, Any], prefix: str = "") -> dict[str, Any]:
    """Tell a record as the SDK flattens it: objects are spread, lists are JSON text."""
    flat: dict[str, Any] = {}
    for name, value in record.items():
        if isinstance(value, Mapping):
            flat |= flattened(value, f"{prefix}{name}__")
        else:
            flat[prefix + name] = json.dumps(value) if isinstance(value, list) else value
    return flat


def state(value: object) -> str:
    """Write a STATE."""
    return _line({"type": "STATE", "value": value})


def lines(*messages: str | Iterable[str]) -> str:
    """Join messages, and lists of messages, to a tap's output."""
    flat: list[str] = []
    for message in messages:
        flat.extend([message] if isinstance(message, str) else message)
    return "".join(f"{message}\n" for message in flat)


def _line(message: object) -> str:
    return json.dumps(message)
