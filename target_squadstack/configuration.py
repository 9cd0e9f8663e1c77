"""Read the target's configuration: the same for the target itself and for the operator's tool."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from singer_sdk.configuration._dict_config import parse_environment_config

from squadstack.settings.declaration import coerced, json_schema
from squadstack.settings.target import TargetSettings

if TYPE_CHECKING:
    from collections.abc import Mapping

    from squadstack.delivery.mapping import Mapper

SETTINGS_SCHEMA = json_schema(TargetSettings)
_OWN = frozenset(SETTINGS_SCHEMA["properties"])


@dataclass(frozen=True, slots=True)
class Configuration:
    """A configuration without faults.

    Attributes:
        values: All that was given, the SDK's settings included, each of its own type.
        settings: Those of the target.
        mapper: Its compiled rules.
    """

    values: dict[str, Any]
    settings: TargetSettings
    mapper: Mapper


def read_configuration(config: Mapping[str, Any], schema: Mapping[str, Any]) -> Configuration:
    """Check all settings and compile the rules.

    Args:
        config: What the user gave.
        schema: The JSON Schema of all settings, the SDK's included.

    Raises:
        ConfigurationError: With a sentence for every fault; none shows a value.
    """
    from squadstack.delivery.delivery import mapper_of  # noqa: PLC0415 - for --version and --about it would be too much

    # Of the SDK's own settings only the types are looked at here: it checks the rest when it uses them.
    properties = {
        name: said if name in _OWN else {"type": said.get("type", "object")}
        for name, said in schema["properties"].items()
    }
    values = coerced({**schema, "properties": properties}, config)
    settings = TargetSettings(**{name: value for name, value in values.items() if name in _OWN})
    return Configuration(values, settings, mapper_of(settings, values.get("stream_map_config")))


def from_environment(schema: Mapping[str, Any], prefix: str) -> dict[str, Any]:
    """The settings of the environment as text, which `read_configuration` turns into their types.

    The SDK would convert them itself, and end in a traceback where that fails.
    """
    as_text = {name: {"type": "string"} for name in schema["properties"]}
    return parse_environment_config({"properties": as_text}, prefix)
