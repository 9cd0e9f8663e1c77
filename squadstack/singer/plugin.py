"""What both of our SDK plugins do in another way than the SDK."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from singer_sdk.configuration._dict_config import parse_environment_config
from singer_sdk.exceptions import ConfigValidationError
from singer_sdk.helpers._classproperty import classproperty
from singer_sdk.plugin_base import PluginBase

from squadstack.exceptions import ConfigurationError
from squadstack.settings.declaration import coerced
from squadstack.singer.command import clean_command

if TYPE_CHECKING:
    from collections.abc import Mapping

    import click


class SentencePlugin(PluginBase):
    """A plugin that tells every fault of its settings at once, as sentences that show no value."""

    @classmethod
    def get_singer_command(cls) -> click.Command:
        """The SDK's command line, without tracebacks for what a user can cause."""
        return clean_command(super().get_singer_command())

    @classproperty
    def _env_var_config(cls) -> dict[str, Any]:  # noqa: N805 - a class property
        """The settings of the environment as text; the SDK would convert them itself, and end in a traceback."""
        cls.append_builtin_config(cls.config_jsonschema)
        as_text = {name: {"type": "string"} for name in cls.config_jsonschema["properties"]}
        return parse_environment_config({"properties": as_text}, cls._env_var_prefix)

    def _validate_config(self, *, raise_errors: bool = True) -> list[str]:
        """Check all settings; the SDK's own check would show values of secrets."""
        self.append_builtin_config(self.config_jsonschema)
        try:
            self._config = self._accept(self._config)
        except ConfigurationError as error:
            if raise_errors:
                msg = "Config validation failed"
                raise ConfigValidationError(msg, errors=list(error.faults)) from None
            return list(error.faults)
        return []

    def _accept(self, config: Mapping[str, Any]) -> dict[str, Any]:
        """Read a configuration, and return its values, each of its own type.

        Raises:
            ConfigurationError: With a sentence for every fault.
        """
        raise NotImplementedError


def typed(config: Mapping[str, Any], schema: Mapping[str, Any], own: frozenset[str]) -> dict[str, Any]:
    """The values of a configuration, each of its own type.

    Args:
        config: What the user gave.
        schema: The JSON Schema of all settings, the SDK's included.
        own: The names of ours: of the SDK's only the types are looked at, since it checks the rest itself.

    Raises:
        ConfigurationError: With a sentence for every fault; none shows a value.
    """
    properties = {
        name: said if name in own else {"type": said.get("type", "object")}
        for name, said in schema["properties"].items()
    }
    return coerced({**schema, "properties": properties}, config)
