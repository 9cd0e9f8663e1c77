"""The streams of disposition events: each reads the place by itself, from its own positions."""

from __future__ import annotations

import logging
from typing import TYPE_CHECKING, Any

from squadstack.events.places import Place
from squadstack.events.reader import Broken, Found, Reader
from squadstack.events.rows import call_row, event_row, judgement_row
from squadstack.exceptions import StoppedError
from tap_squadstack import schemas
from tap_squadstack.own_bookmarks import OwnBookmarkStream

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping, Sequence

    from singer_sdk import Tap

log = logging.getLogger("squadstack")


class EventStream(OwnBookmarkStream):
    """A stream made of the events at `events_url`; without that setting it is there, but never read."""

    primary_keys: Sequence[str] = ("event_id",)
    replication_key = "received_at"

    def __init__(self, tap: Tap) -> None:
        super().__init__(tap)
        self.selected_by_default = bool(self._tap.settings.events_url)

    @property
    def selected(self) -> bool:
        """Whether it is read."""
        return bool(self._tap.settings.events_url) and super().selected

    @selected.setter
    def selected(self, value: bool | None) -> None:
        """Take over what was selected."""
        OwnBookmarkStream.selected.fset(self, value)  # type: ignore[attr-defined] # a property, to mypy a value

    def get_records(self, context: Mapping[str, Any] | None) -> Iterable[dict[str, Any]]:
        """Those since the last run; a position moves when what is before it has been written."""
        reader = Reader(Place(self._tap.settings.events_url or ""), self._positions(context))
        for item in reader.items():
            if self._tap.is_stopping():
                self._tap.state_writer.write_state(self.tap_state)
                raise StoppedError
            if row := self.row_of(item):
                yield row
        self._report(reader)

    def row_of(self, item: Found | Broken) -> dict[str, Any] | None:
        """The row of an item; None if it has none in this stream."""
        raise NotImplementedError

    def _positions(self, context: Mapping[str, Any] | None) -> dict[str, Any]:
        if self.replication_method != "INCREMENTAL":
            return {}
        state = self.get_context_state(context)
        positions: dict[str, Any] = state.setdefault("files", {})
        return positions

    def _report(self, reader: Reader) -> None:
        log.info("Stream %s: %d events came twice.", self.name, reader.repeated)
        others = [self._tap.streams[name] for name in (BrokenEventsStream.name, DispositionEventsStream.name)]
        if self is not next((stream for stream in others if stream.selected), self):
            return  # another stream tells it: each reads the same files
        if reader.broken:
            log.warning("%d lines of events hold no event: stream broken_events has them.", reader.broken)
        if reader.unfinished:
            log.warning("%d files of events end within a line: it is read when it is whole.", reader.unfinished)


class DispositionEventsStream(EventStream):
    """One row an event, of whatever type."""

    name = "disposition_events"
    schema = schemas.DISPOSITION_EVENTS

    def row_of(self, item: Found | Broken) -> dict[str, Any] | None:
        """The row of an event."""
        return event_row(item.event, item.received_at) if isinstance(item, Found) else None


class CallsStream(EventStream):
    """One row a call."""

    name = "calls"
    schema = schemas.CALLS

    def row_of(self, item: Found | Broken) -> dict[str, Any] | None:
        """The row of a call."""
        return call_row(item.event, item.received_at) if isinstance(item, Found) else None


class JudgementsStream(EventStream):
    """One row a judgement: the journey of a lead ended."""

    name = "judgements"
    schema = schemas.JUDGEMENTS

    def row_of(self, item: Found | Broken) -> dict[str, Any] | None:
        """The row of a judgement."""
        return judgement_row(item.event, item.received_at) if isinstance(item, Found) else None


class BrokenEventsStream(EventStream):
    """One row a line that holds no event: kept aside."""

    name = "broken_events"
    primary_keys = ("file", "position")
    schema = schemas.BROKEN_EVENTS

    def row_of(self, item: Found | Broken) -> dict[str, Any] | None:
        """The row of a broken line."""
        if isinstance(item, Found):
            return None
        return {
            "file": item.file,
            "position": item.position,
            "reason": item.reason,
            "text": item.text.decode("utf-8", "replace").rstrip("\n").replace("\0", "\ufffd"),
            "received_at": item.received_at,
        }


def event_streams(tap: Tap) -> Iterator[EventStream]:
    """All of them."""
    for stream in (DispositionEventsStream, CallsStream, JudgementsStream, BrokenEventsStream):
        yield stream(tap)
