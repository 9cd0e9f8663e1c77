"""The Singer face of the delivery of leads."""

from __future__ import annotations

import sys
from functools import cached_property
from typing import IO, TYPE_CHECKING, Any, ClassVar

import click
from singer_sdk import Target
from singer_sdk.exceptions import (
    MapExpressionError,
    MissingKeyPropertiesError,
    RecordsWithoutSchemaException,
    StreamMapConfigError,
)
from singer_sdk.helpers.capabilities import PluginCapabilities

from squadstack.exceptions import ConfigurationError, InputError, SquadStackError
from squadstack.singer.command import as_failure, hush_mapper
from squadstack.singer.plugin import SentencePlugin
from target_squadstack import collector, stream_maps
from target_squadstack.configuration import SETTINGS_SCHEMA, Configuration, read_configuration
from target_squadstack.reader import WakefulReader
from target_squadstack.sinks import IgnoredSink, LeadSink
from target_squadstack.states import States, StateWriter

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping
    from types import FrameType

    from singer_sdk.helpers.capabilities import CapabilitiesEnum
    from singer_sdk.plugin_base import _ConfigInput
    from singer_sdk.sinks import Sink

    from squadstack.delivery.checkpoints import Checkpointing
    from squadstack.delivery.delivery import Delivery
    from squadstack.mapping.rules import Rule


class TargetSquadStack(SentencePlugin, Target):
    """Send records to SquadStack as lead actions: create, update, upsert, convert, disable, delete.

    Args:
        states: Where STATEs go; if not given, to standard output.
        checkpoints: Which STATE may be written; if not given, the delivery's own.
        deliver_by: Makes the delivery; if not given, the settings say which.
        **kwargs: The SDK's.
    """

    name = "target-squadstack"
    package_name = "squadstack-connectors"
    config_jsonschema: ClassVar[dict[str, Any]] = SETTINGS_SCHEMA
    capabilities: ClassVar[list[CapabilitiesEnum]] = [
        PluginCapabilities.ABOUT,
        PluginCapabilities.STREAM_MAPS,
        PluginCapabilities.FLATTENING,
        PluginCapabilities.STRUCTURED_LOGGING,
    ]
    default_sink_class = LeadSink
    message_reader_class = WakefulReader
    message_reader: WakefulReader

    def __init__(
        self,
        *,
        states: States | None = None,
        checkpoints: Checkpointing | None = None,
        deliver_by: Callable[..., Delivery] | None = None,
        **kwargs: Any,
    ) -> None:
        self._signum = 0
        self._ignored: set[str] = set()
        self._is_ended = False
        super().__init__(**kwargs)
        self._states = states or StateWriter()
        self._checkpoints = checkpoints
        self._deliver_by = deliver_by
        self.message_reader.on_idle = self._tick
        self.message_reader.is_over = lambda: bool(self._signum)

    # -- the command ---------------------------------------------------------------------------------

    @classmethod
    def invoke(  # type: ignore[override]
        cls,
        *,
        about: bool = False,
        about_format: str | None = None,
        config: _ConfigInput | None = None,
        file_input: IO[str] | None = None,
    ) -> None:
        """Run the target and exit with the status of docs/delivery.md."""
        if about:
            cls.print_about(about_format)
            return
        cls.print_version(print_fn=cls.logger.info)
        given, from_environment = (config.config, config.parse_env) if config else ({}, False)
        try:
            target = cls(config=given, parse_env_config=from_environment)
        except (MapExpressionError, StreamMapConfigError, NotImplementedError) as error:
            msg = f"Setting 'stream_maps' cannot be used: {error}"
            raise click.ClickException(msg) from None
        sys.exit(target.run(file_input))

    def run(self, file_input: IO[str] | None = None) -> int:
        """Deliver the whole input, and return the exit status."""
        failure = self.deliver(file_input)
        if failure:
            self.logger.error("%s", failure)
        return self.status(failure)

    def status(self, failure: SquadStackError | None) -> int:
        """The exit status of a run that ended so."""
        return 128 + self._signum if self._signum else int(failure is not None)

    def deliver(self, file_input: IO[str] | None = None) -> SquadStackError | None:
        """Deliver the whole input, and return what failed, if anything."""
        hush_mapper()
        try:
            delivery = self.delivery
            collector.begin_run()
            delivery.retry_rejected()
            self.listen(file_input)
        except Exception as error:  # noqa: BLE001 - whatever it is: deliver what came before, show no value
            failure: SquadStackError | None = as_failure(error)
        else:
            failure = None
        if failure and "delivery" in self.__dict__ and not self._is_ended:
            failure = self._end(failure)
        return failure

    # -- settings ------------------------------------------------------------------------------------

    @classmethod
    def append_builtin_config(cls, config_jsonschema: dict[str, Any]) -> None:
        """The SDK's own settings, but for the one that means nothing here."""
        super().append_builtin_config(config_jsonschema)
        config_jsonschema["properties"].pop("load_method", None)

    @classmethod
    def configuration(cls, config: dict[str, Any], *, parse_env: bool) -> Configuration:
        """Read a configuration without making a target; raises `ConfigurationError`."""
        given = {**config, **(cls._env_var_config if parse_env else {})}
        cls.append_builtin_config(cls.config_jsonschema)
        return read_configuration(given, cls.config_jsonschema)

    def _accept(self, config: Mapping[str, Any]) -> dict[str, Any]:
        """Check all settings and compile the rules."""
        self._given = read_configuration(config, self.config_jsonschema)
        return self._given.values

    # -- the run -------------------------------------------------------------------------------------

    @cached_property
    def delivery(self) -> Delivery:
        """The run's delivery; opens the ledger."""
        from squadstack.delivery.planning import delivery_of  # noqa: PLC0415 - for --version and --about it would be too much

        given, reader = self._given, self.message_reader
        return (self._deliver_by or delivery_of)(
            given.settings,
            given.mapper,
            emit=self._states.offer,
            wake=reader.wake,
            checkpoints=self._checkpoints,
        )

    def process_endofpipe(self) -> None:
        """Deliver what is left; the SDK's own end has nothing to drain, but closes its sinks' counters."""
        super().process_endofpipe()
        if failure := self._end(None):
            raise failure

    def _end(self, failure: SquadStackError | None) -> SquadStackError | None:
        """Close the run, write the last STATE, and return what failed first."""
        self._is_ended = True
        try:
            self.delivery.end(failure)
        except Exception as error:  # noqa: BLE001 - told as a sentence without values
            failure = as_failure(error)
        try:
            self._states.write_due(at_once=True)
        except SquadStackError as error:
            failure = failure or error
        return failure

    def _tick(self) -> None:
        self.delivery.tick()

    def _handle_termination(self, signum: int, frame: FrameType | None) -> None:
        """Note the signal and wake the reader: everything else happens in the main flow."""
        self._signum = signum
        if "delivery" in self.__dict__:
            self.delivery.interrupt()
        self.message_reader.wake()

    # -- messages ------------------------------------------------------------------------------------

    def get_sink_class(self, stream_name: str) -> type[Sink]:
        """Streams that rules name are sent; others are counted."""
        return LeadSink if self._takers(stream_name) else IgnoredSink

    def _process_schema_message(self, message_dict: dict[str, Any]) -> None:
        """Make sinks for streams that may be sent; an invalid SCHEMA of another stream does no harm."""
        self._assert_line_requires(message_dict, requires={"stream", "schema"})
        stream = str(message_dict["stream"])
        if not self._takers(stream) and not stream_maps.reads(self.config, stream):
            self._ignore(stream)
            return
        try:
            super()._process_schema_message(message_dict)
        except (MapExpressionError, StreamMapConfigError) as error:
            msg = f"Setting 'stream_maps' cannot be used for stream '{stream}': {error}"
            raise ConfigurationError(msg) from None
        maps = self.mapper.stream_maps[stream]
        for stream_map in maps:
            self.delivery.coverage.see(stream_map.stream_alias, stream_map.transformed_schema)
        if any(map(self.mirrors, stream_maps.filtered(self.config, stream))):
            msg = f"The stream map of '{stream}' hides leads from 'on_missing': move its __filter__ into 'when'."
            raise ConfigurationError(msg)
        if not any(self._takers(stream_map.stream_alias) for stream_map in maps):
            self._ignore(stream)

    def mirrors(self, stream: str) -> bool:
        """Whether something is done with leads that a stream no longer holds."""
        return any(rule.on_missing for rule in self._takers(stream))

    def _takers(self, stream: str) -> tuple[Rule, ...]:
        return self._given.mapper.rules_for(stream)

    def _ignore(self, stream: str) -> None:
        if self._given.settings.unmapped_streams == "error":
            msg = f"No rule names the stream '{stream}', and unmapped_streams is error."
            raise ConfigurationError(msg)
        self._ignored.add(stream)
        self.delivery.coverage.see(stream, {})

    def _process_record_message(self, message_dict: dict[str, Any]) -> None:
        """Count what the SDK would drop without a word; everything else is the SDK's, what lacks a key too."""
        stream, record = message_dict.get("stream"), message_dict.get("record", {})
        if stream in self._ignored and stream not in self._sinks_active and "record" in message_dict:
            self.delivery.skip()
        elif not isinstance(record, dict) and stream in self.mapper.stream_maps:
            self.delivery.refuse(stream, "the record is no object")
        else:
            self._take_record(message_dict)

    def _take_record(self, message_dict: dict[str, Any]) -> None:
        """The SDK's way of a record to its sink, by way of the user's stream maps."""
        try:
            with self.delivery.one_record():
                super()._process_record_message(message_dict)
        except (SquadStackError, MissingKeyPropertiesError, RecordsWithoutSchemaException):
            raise
        except Exception as error:
            if not self.config.get("stream_maps"):
                raise
            msg = f"The stream map of '{message_dict['stream']}' fails on a record: {type(error).__name__}."
            raise InputError(msg) from None

    def _process_state_message(self, message_dict: dict[str, Any]) -> None:
        """Hand the STATE to the delivery; the SDK's own would be written when it drains."""
        self._assert_line_requires(message_dict, requires={"value"})
        self.delivery.checkpoint(message_dict["value"])

    def _process_activate_version_message(self, message_dict: dict[str, Any]) -> None:
        """A full read deletes nothing here; the SDK's own way warns of metadata that we do not add."""
        for stream_map in self.mapper.stream_maps.get(str(message_dict.get("stream")), ()):
            if self.sink_exists(stream_map.stream_alias):
                self.get_sink(stream_map.stream_alias).activate_version(message_dict.get("version", 0))
                self.delivery.complete(stream_map.stream_alias)

    def _process_batch_message(self, message_dict: dict[str, Any]) -> None:
        """BATCH files of an ignored stream do no harm; any other's are refused by the sink."""
        self._assert_line_requires(message_dict, requires={"stream"})
        stream = message_dict["stream"]
        if stream in self._ignored:
            return
        if stream not in self.mapper.stream_maps:
            self._assert_sink_exists(stream)
        super()._process_batch_message(message_dict)

    def _handle_max_record_age(self) -> None:
        """The delivery keeps its own time."""
