"""The Singer face of reading lead responses."""

from __future__ import annotations

import json
import os
import sys
from typing import IO, TYPE_CHECKING, Any, ClassVar

import click
from singer_sdk import Tap
from singer_sdk.helpers.capabilities import PluginCapabilities, TapCapabilities

from squadstack.exceptions import ConfigurationError, SquadStackError
from squadstack.responses.times import moment_of
from squadstack.settings.declaration import json_schema
from squadstack.settings.tap import TapSettings
from squadstack.singer.command import as_failure, hush_mapper
from squadstack.singer.plugin import SentencePlugin, typed
from tap_squadstack import bookmarks
from tap_squadstack.events import event_streams
from tap_squadstack.rejected_actions import RejectedActionsStream
from tap_squadstack.streams import LeadResponseAnswersStream, LeadResponsesStream

if TYPE_CHECKING:
    from collections.abc import Mapping
    from types import FrameType

    from singer_sdk import Stream
    from singer_sdk.helpers.capabilities import CapabilitiesEnum
    from singer_sdk.plugin_base import _ConfigInput

_SETTINGS_SCHEMA = json_schema(TapSettings)
_OWN = frozenset(_SETTINGS_SCHEMA["properties"])


class TapSquadStack(SentencePlugin, Tap):
    """Read lead responses from SquadStack, incrementally."""

    name = "tap-squadstack"
    package_name = "squadstack-connectors"
    config_jsonschema: ClassVar[dict[str, Any]] = _SETTINGS_SCHEMA
    capabilities: ClassVar[list[CapabilitiesEnum]] = [
        TapCapabilities.CATALOG,
        TapCapabilities.STATE,
        TapCapabilities.DISCOVER,
        PluginCapabilities.ABOUT,
        PluginCapabilities.STREAM_MAPS,
        PluginCapabilities.FLATTENING,
        PluginCapabilities.STRUCTURED_LOGGING,
    ]
    settings: TapSettings

    def __init__(self, **kwargs: Any) -> None:
        self._signum = 0
        super().__init__(**kwargs)

    def discover_streams(self) -> list[Stream]:
        """The streams there are."""
        responses = [LeadResponsesStream(tap=self), LeadResponseAnswersStream(tap=self)]
        return [*responses, RejectedActionsStream(tap=self), *event_streams(self)]

    def load_state(self, state: dict[str, Any]) -> None:
        """Take over a STATE; what is not as this tap writes it is read anew, never skipped."""
        super().load_state(bookmarks.usable(state))

    # -- the command ---------------------------------------------------------------------------------

    @classmethod
    def invoke(  # type: ignore[override]
        cls,
        *,
        about: bool = False,
        about_format: str | None = None,
        config: _ConfigInput | None = None,
        state: IO[str] | None = None,
        catalog: IO[str] | None = None,
    ) -> None:
        """Run the tap and exit with 0, 1, or 128 and the signal's number."""
        if about:
            cls.print_about(about_format)
            return
        cls.print_version(print_fn=cls.logger.info)
        given, from_environment = (config.config, config.parse_env) if config else ({}, False)
        tap = cls(
            config=given,
            state=_read(state, "state"),
            catalog=_read(catalog, "catalog"),
            parse_env_config=from_environment,
        )
        sys.exit(tap.run())

    def run(self) -> int:
        """Read all selected streams, and return the exit status."""
        hush_mapper()
        try:
            self.sync_all()
        except BrokenPipeError:
            os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())  # else the interpreter's end fails again
            self.logger.error("The loader has ended: nobody reads what the tap writes.")  # noqa: TRY400
        except Exception as error:  # noqa: BLE001 - whatever it is: told as a sentence without values
            self.logger.error("%s", as_failure(error))  # noqa: TRY400
        else:
            return 0
        return self.status_of_failure

    @property
    def status_of_failure(self) -> int:
        """The exit status of a run that was not ended: by a signal, or by what failed."""
        return 128 + self._signum if self._signum else 1

    @classmethod
    def cb_test(cls, ctx: click.Context, param: click.Option, value: str) -> None:
        """The SDK's connection test, without a traceback where it fails."""
        try:
            super().cb_test(ctx, param, value)
        except SquadStackError as error:
            raise click.ClickException(str(error)) from None

    def is_stopping(self) -> bool:
        """Whether a signal came."""
        return bool(self._signum)

    def _handle_termination(self, signum: int, frame: FrameType | None) -> None:
        """Note the signal: what is written then is whole lines, and STATE for closed windows. Twice: end at once."""
        if self._signum:
            os._exit(128 + signum)
        self._signum = signum

    # -- settings ------------------------------------------------------------------------------------

    def _accept(self, config: Mapping[str, Any]) -> dict[str, Any]:
        values = typed(config, self.config_jsonschema, _OWN)
        self.settings = TapSettings(**{name: value for name, value in values.items() if name in _OWN})
        try:
            moment_of(self.settings.start_date)
        except ValueError:
            msg = "Setting 'start_date' must be a date and time, like 2026-01-31T00:00:00Z."
            raise ConfigurationError(msg) from None
        return values


def _read(file: IO[str] | None, what: str) -> Any:
    """What a file of the command line holds; a broken one is a sentence."""
    if file is None:
        return None
    try:
        content = json.loads(file.read() or "{}")
    except (ValueError, RecursionError):
        msg = f"The {what} file {file.name} is not JSON."
        raise click.ClickException(msg) from None
    if not isinstance(content, dict | None):  # the SDK would take a text for the name of a file
        msg = f"The {what} file {file.name} must hold one JSON object."
        raise click.ClickException(msg)
    return content
