"""`read`: what became of leads, by way of the Singer tap."""

from __future__ import annotations

import copy
from typing import TYPE_CHECKING, Any

from singer_sdk.singerlib import RecordMessage, StateMessage
from singer_sdk.singerlib.encoding.base import GenericSingerWriter

from squadstack.airbyte import catalogs
from squadstack.airbyte.command import fail
from squadstack.airbyte.configuration import faults_as_ours, of_source
from squadstack.airbyte.output import now
from squadstack.airbyte.states import bookmarks_of, state_of
from squadstack.singer.command import as_failure, hush_mapper
from tap_squadstack.tap import TapSquadStack

if TYPE_CHECKING:
    from collections.abc import Sequence

    from squadstack.airbyte.command import Call
    from squadstack.airbyte.output import Message, Output
    from squadstack.exceptions import SquadStackError


def discover(call: Call) -> int:
    """Tell the streams; nothing is asked of the API for it."""
    tap = tap_of(call)
    call.output.write(catalogs.offered(tap.catalog_dict["streams"]))
    return 0


def read(call: Call) -> int:
    """Read the streams of the catalog, each from its STATE."""
    writer = AirbyteWriter(call.output)
    tap = tap_of(call, state=bookmarks_of(call.state), message_writer=writer)
    wanted = {stream.name: stream for stream in catalogs.read_streams(call.catalog, list(tap.streams))}
    for name, stream in tap.streams.items():
        stream.selected = name in wanted
        if name in wanted and not wanted[name].is_incremental:
            stream.forced_replication_method = "FULL_TABLE"
    writer.begin(list(wanted))
    failure = _sync(tap)
    writer.end(is_complete=failure is None)
    if failure is None:
        return 0
    return tap.status_of_failure if tap.is_stopping() else fail(call.output, failure)


def tap_of(call: Call, **more: Any) -> TapSquadStack:
    """The tap, configured; raises `ConfigurationError`."""
    with faults_as_ours():
        return TapSquadStack(config=of_source(call.config), **more)


def _sync(tap: TapSquadStack) -> SquadStackError | None:
    hush_mapper()
    try:
        tap.sync_all()
    except Exception as error:  # noqa: BLE001 - whatever it is: told as a sentence without values
        return as_failure(error)
    return None


class AirbyteWriter(GenericSingerWriter[str, Any]):
    """The tap's message writer: each Singer message becomes what stands for it.

    Args:
        output: Where to.
    """

    def __init__(self, output: Output) -> None:
        self._output = output
        self._bookmarks: dict[str, Any] = {}
        self._kept: dict[str, Any] = {}
        self._records: dict[str, int] = {}
        self._running: set[str] = set()

    def begin(self, streams: Sequence[str]) -> None:
        """Tell that these streams are read now."""
        self._records = dict.fromkeys(streams, 0)
        for name in streams:
            self._tell(name, "STARTED")

    def end(self, *, is_complete: bool) -> None:
        """Tell how the streams ended; each that was read whole has a STATE, if only that nothing came."""
        for name in self._records:
            if is_complete:
                self._keep(name, is_last=True)
            self._tell(name, "COMPLETE" if is_complete else "INCOMPLETE")

    def write_message(self, message: Any) -> None:
        """Write a record, or the STATEs of the streams that moved; schemas stand in the catalog."""
        match message:
            case RecordMessage():
                self._write_record(message.stream, message.record)
            case StateMessage():
                self._bookmarks = copy.deepcopy(message.value.get("bookmarks", {}))
                for name in self._records:
                    self._keep(name)

    def serialize_message(self, message: Any) -> str:
        """Not asked for: messages are written as they are."""
        raise NotImplementedError

    def _write_record(self, stream: str, data: dict[str, Any]) -> None:
        if stream not in self._running:
            self._running.add(stream)
            self._tell(stream, "RUNNING")
        self._records[stream] += 1
        record = {"stream": stream, "data": data, "emitted_at": now()}
        self._output.write({"type": "RECORD", "record": record}, at_once=False)

    def _keep(self, stream: str, *, is_last: bool = False) -> None:
        """Write a stream's STATE, if it or the number of its records has changed since the last one."""
        bookmark = self._bookmarks.get(stream) or {}
        is_new = self._kept.get(stream, {}) != bookmark or self._records[stream]
        if is_new or (is_last and stream not in self._kept):
            self._output.write(state_of(stream, bookmark, self._records[stream]))
            self._kept[stream], self._records[stream] = bookmark, 0

    def _tell(self, stream: str, status: str) -> None:
        told: Message = {"stream_descriptor": {"name": stream}, "status": status}
        self._output.write(
            {"type": "TRACE", "trace": {"type": "STREAM_STATUS", "emitted_at": now(), "stream_status": told}}
        )
