"""Read the target's configuration: the same for the target itself and for the operator's tool."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from squadstack.settings.declaration import json_schema
from squadstack.settings.target import TargetSettings
from squadstack.singer.plugin import typed

if TYPE_CHECKING:
    from collections.abc import Mapping

    from squadstack.mapping.mapper import Mapper

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
    from squadstack.mapping.build import mapper_of  # noqa: PLC0415 - for --version and --about it would be too much

    values = typed(config, schema, _OWN)
    settings = TargetSettings(**{name: value for name, value in values.items() if name in _OWN})
    return Configuration(values, settings, mapper_of(settings, values.get("stream_map_config")))
