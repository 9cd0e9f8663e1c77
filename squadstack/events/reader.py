"""New events since the positions: from each file what was added to it, whatever its name, time or order."""

from __future__ import annotations

import logging
from collections import OrderedDict
from dataclasses import dataclass, field
from typing import IO, TYPE_CHECKING, Final

from squadstack.events.payloads import LONGEST_LINE, Event, NotAnEventError, events_of
from squadstack.events.positions import Kept, Position, Prefix, key_of, resume
from squadstack.responses.times import as_text, moment_of

if TYPE_CHECKING:
    from collections.abc import Iterator

    from squadstack.events.places import File, Place

log = logging.getLogger("squadstack")

_REMEMBERED: Final = 200_000
"""Events of a run that are known again when they are delivered twice; a loader knows them by their key."""


@dataclass(frozen=True, slots=True)
class Found:
    """An event, and when it was received: as the receiver wrote it, else when its file was written."""

    event: Event
    received_at: str


@dataclass(frozen=True, slots=True)
class Broken:
    """A line that holds no event.

    Attributes:
        file: Name of its file.
        position: Where it begins there, in bytes.
        reason: What is wrong with it.
        text: All of it; personal, never shown. A line that is too long is cut.
        received_at: When its file was written.
    """

    file: str
    position: int
    reason: str
    text: bytes = field(repr=False)
    received_at: str


@dataclass(frozen=True, slots=True)
class _Line:
    """A line, or the beginning of one that is too long."""

    text: bytes = field(repr=False)
    is_too_long: bool = False

    def events(self) -> list[Event]:
        """What it holds; raises `NotAnEventError`."""
        if self.is_too_long:
            msg = "It is too long."
            raise NotAnEventError(msg)
        return events_of(self.text)


class Reader:
    """Reads a place once.

    Args:
        place: Where events lie.
        positions: How far the last run came. They move on, as STATE has them, when the next item is asked for.

    Attributes:
        broken: How many lines held no event.
        repeated: How many events came twice.
        unfinished: How many files end in the middle of a line.
    """

    def __init__(self, place: Place, positions: Kept) -> None:
        self.broken = self.repeated = self.unfinished = 0
        self._place = place
        self._positions = positions
        self._known: dict[str, str] = {}
        self._loose: list[Position] = []
        self._seen: OrderedDict[str, None] = OrderedDict()

    def items(self) -> Iterator[Found | Broken]:
        """Events, each once, and broken lines.

        Raises:
            EventsError: The place cannot be read.
        """
        files = self._place.files()
        stamps = {key_of(file.name): file.stamp for file in files}
        kept = {key: Position(*said) for key, said in self._positions.items()}
        self._known = {key: one.stamp for key, one in kept.items() if one.stamp and one.stamp == stamps.get(key)}
        self._loose = [one for key, one in kept.items() if key not in self._known]
        for file in files:
            if key_of(file.name) not in self._known:
                yield from self._of_file(file)
        for key in kept.keys() - stamps.keys():
            del self._positions[key]

    def _of_file(self, file: File) -> Iterator[Found | Broken]:
        """What a file that is new, has changed or was renamed holds behind what was read already, wherever that was."""
        key = key_of(file.name)
        with self._place.opened(file) as handle:
            if handle is None:
                return
            prefix = resume(handle, self._loose)
            for line in _lines(handle):
                yield from self._of_line(line, file, prefix.offset)
                prefix.add(line.text)
                if line.is_too_long:
                    _skip(handle, prefix)
                self._positions[key] = prefix.position().as_kept()
            self.unfinished += prefix.offset < file.size
            self._positions[key] = prefix.position(file.stamp).as_kept()

    def _of_line(self, line: _Line, file: File, position: int) -> Iterator[Found | Broken]:
        if not line.text.strip():
            return
        written_at = as_text(file.modified)
        try:
            events = line.events()
        except NotAnEventError as error:
            self.broken += 1
            yield Broken(_shown(file.name), position, str(error), line.text, written_at)
            return
        for event in events:
            if self._is_new(event):
                yield Found(event, _time(event.received_at) or written_at)

    def _is_new(self, event: Event) -> bool:
        if event.digest in self._seen:
            self.repeated += 1
            return False
        self._seen[event.digest] = None
        if len(self._seen) > _REMEMBERED:
            self._seen.popitem(last=False)
        return True


def _lines(handle: IO[bytes]) -> Iterator[_Line]:
    """The lines of a file; the last one, if nothing ends it, only if it is whole: the rest may still be written."""
    while text := handle.readline(LONGEST_LINE + 1):
        if text.endswith(b"\n"):
            yield _Line(text)
        elif len(text) > LONGEST_LINE:
            yield _Line(text, is_too_long=True)
        else:
            if not text.strip() or _is_whole(text):
                yield _Line(text)
            return


def _is_whole(text: bytes) -> bool:
    """Whether a text holds events already: no beginning of an object is an object."""
    try:
        return bool(events_of(text))
    except NotAnEventError:
        return False


def _shown(name: str) -> str:
    """A name as text, which not every name is."""
    return name.encode("utf-8", "backslashreplace").decode()


def _skip(handle: IO[bytes], prefix: Prefix) -> None:
    """Leave out the rest of a line."""
    while text := handle.readline(LONGEST_LINE):
        prefix.add(text)
        if text.endswith(b"\n"):
            return


def _time(text: str | None) -> str | None:
    try:
        moment = moment_of(text)
    except ValueError:
        return None
    return as_text(moment) if moment else None
