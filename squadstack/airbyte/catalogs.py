"""Catalogs: what the source offers and the destination takes, and what the user has configured of it."""

from __future__ import annotations

import logging
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from squadstack.exceptions import ConfigurationError

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence

    from squadstack.airbyte.output import Message

log = logging.getLogger("squadstack")

SOURCE_MODES = ("full_refresh", "incremental")
DESTINATION_MODES = ("append", "append_dedup")
"""Both do what the rules say. None that empties or replaces is offered: the leads are SquadStack's."""

_LEAD = {
    "$schema": "http://json-schema.org/draft-07/schema#",
    "type": "object",
    "properties": {
        "lead_id": {"type": "string"},
        "phone_number": {"type": "string"},
        "contact_name": {"type": "string"},
    },
    "required": ["lead_id"],
    "additionalProperties": True,
}


_ANYTHING: dict[str, Any] = {"type": "object", "properties": {}, "additionalProperties": True}
"""The schema of a stream whose own one lists no field."""


@dataclass(frozen=True, slots=True)
class WrittenStream:
    """A stream that the destination gets: its name, the schema of its records, and its namespace, empty if none."""

    name: str
    schema: dict[str, Any] = field(repr=False)
    namespace: str = ""


@dataclass(frozen=True, slots=True)
class ReadStream:
    """A stream that the source is asked for."""

    name: str
    is_incremental: bool


def offered(entries: Iterable[dict[str, Any]]) -> Message:
    """The source's catalog, of the entries of the tap's."""
    return {"type": "CATALOG", "catalog": {"streams": [_offered(entry) for entry in entries]}}


def _offered(entry: dict[str, Any]) -> dict[str, Any]:
    stream = {
        "name": entry["tap_stream_id"],
        "json_schema": _typed(entry["schema"]),
        "supported_sync_modes": [SOURCE_MODES[0]],
        "source_defined_primary_key": [[name] for name in entry["key_properties"]],
    }
    if cursor := entry.get("replication_key"):
        modes = {"supported_sync_modes": list(SOURCE_MODES), "source_defined_cursor": True}
        return {**stream, **modes, "default_cursor_field": [cursor], "is_resumable": True}
    return stream


def taken() -> Message:
    """What the destination takes: leads, by their id. Which records become leads, and how, the rules say."""
    operations = [
        {"object_name": "leads", "sync_mode": mode, "json_schema": _LEAD, "matching_keys": [["lead_id"]]}
        for mode in DESTINATION_MODES
    ]
    return {"type": "DESTINATION_CATALOG", "destination_catalog": {"operations": operations}}


def read_streams(catalog: Any, known: Sequence[str]) -> list[ReadStream]:
    """What is to be read.

    Raises:
        ConfigurationError: There is no such stream, or no such way to read it.
    """
    found = []
    for configured, name, _ in _configured(catalog):
        mode = configured.get("sync_mode", SOURCE_MODES[0])
        if name not in known:
            msg = f"There is no stream '{name}': refresh the schema of the connection."
            raise ConfigurationError(msg)
        if mode not in SOURCE_MODES:
            msg = f"Stream '{name}' cannot be read that way: its sync mode must be one of {', '.join(SOURCE_MODES)}."
            raise ConfigurationError(msg)
        found.append(ReadStream(name, mode == "incremental"))
    return found


def written_streams(catalog: Any) -> list[WrittenStream]:
    """What is to be written.

    Raises:
        ConfigurationError: A stream is to be written in a way that there is not.
    """
    found = []
    for configured, name, schema in _configured(catalog):
        mode = configured.get("destination_sync_mode", DESTINATION_MODES[0])
        if mode == "overwrite":
            log.warning("Nothing is overwritten: leads that stream '%s' no longer holds are left alone.", name)
        elif mode not in DESTINATION_MODES:
            modes = ", ".join(DESTINATION_MODES)
            msg = f"Stream '{name}' cannot be written that way: its destination sync mode must be one of {modes}."
            raise ConfigurationError(msg)
        namespace = configured["stream"].get("namespace")
        declared = schema if _is_declaring(schema) else _ANYTHING
        found.append(WrittenStream(name, declared, namespace if isinstance(namespace, str) else ""))
    return found


def _is_declaring(schema: dict[str, Any]) -> bool:
    return isinstance(properties := schema.get("properties"), dict) and bool(properties)


def _configured(catalog: Any) -> Iterator[tuple[dict[str, Any], str, dict[str, Any]]]:
    """Each configured stream, with its name and its schema."""
    streams = catalog.get("streams") if isinstance(catalog, dict) else None
    for configured in streams if isinstance(streams, list) else [None]:
        stream = configured.get("stream") if isinstance(configured, dict) else None
        if configured is None or not isinstance(stream, dict) or not isinstance(stream.get("name"), str):
            msg = "The catalog is none that Airbyte has configured."
            raise ConfigurationError(msg)
        schema = stream.get("json_schema")
        yield configured, stream["name"], schema if isinstance(schema, dict) else {}


def _typed(schema: dict[str, Any]) -> dict[str, Any]:
    """A schema that says that its times have a zone."""
    properties = {
        name: {**said, "airbyte_type": "timestamp_with_timezone"} if said.get("format") == "date-time" else said
        for name, said in schema["properties"].items()
    }
    return {**schema, "$schema": "http://json-schema.org/draft-07/schema#", "properties": properties}
