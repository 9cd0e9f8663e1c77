"""Lines of many senders, put on disk together: one thread writes, so that one fsync serves all who wait."""

from __future__ import annotations

import logging
import os
import threading
import time
from concurrent.futures import Future
from typing import TYPE_CHECKING, Final, TypeAlias

from squadstack.events.segments import Segment, recover, sync_folder
from squadstack.exceptions import EventsError, place_of

if TYPE_CHECKING:
    from pathlib import Path

log = logging.getLogger("squadstack")

Waiting: TypeAlias = "tuple[bytes, Future[None]]"
_SEGMENT_BYTES: Final = 64 << 20
_MOST_WAITING_BYTES: Final = 32 << 20
"""More than these do not wait for a disk that hangs."""


class Store:
    """A folder of segments.

    Args:
        folder: Where they lie; made if it is missing, for its owner only.
        segment_seconds: How long one is written.
        segment_bytes: How large one grows.

    Raises:
        EventsError: The folder cannot be used.
    """

    def __init__(self, folder: Path, *, segment_seconds: float, segment_bytes: int = _SEGMENT_BYTES) -> None:
        self._folder = folder
        self._seconds, self._bytes = segment_seconds, segment_bytes
        self._changed = threading.Condition()
        self._waiting: list[Waiting] = []
        self._size = 0
        self._segment: Segment | None = None
        self._is_closing = False
        self.cause = ""
        """Why the last events could not be stored; empty: they could."""
        make(folder)
        try:
            recover(folder)
        except OSError as error:
            log.warning("%s", _sentence(error))
        self._thread = threading.Thread(target=self._work, name="events", daemon=True)
        self._thread.start()

    def put(self, line: bytes) -> Future[None]:
        """Store a line; the future is done once it is on disk, and fails with `EventsError` if it is not."""
        future: Future[None] = Future()
        with self._changed:
            if self._is_closing or not self._thread.is_alive():
                future.set_exception(EventsError("The receiver ends."))
            elif self._size + len(line) > _MOST_WAITING_BYTES:
                future.set_exception(EventsError("Too many events wait for the disk."))
            else:
                self._waiting.append((line, future))
                self._size += len(line)
                self._changed.notify()
        return future

    def close(self) -> None:
        """Store what waits, and close the segment."""
        with self._changed:
            self._is_closing = True
            self._changed.notify()
        self._thread.join()

    def is_writable(self) -> bool:
        """Whether events can probably be stored."""
        return not self.cause and self._thread.is_alive() and os.access(self._folder, os.W_OK)

    def _work(self) -> None:
        while (waiting := self._next()) is not None:
            if waiting:
                self._store(waiting)
            if self._segment and (self._segment.size >= self._bytes or self._left(self._segment) <= 0):
                self._end_segment()
        self._end_segment()

    def _next(self) -> list[Waiting] | None:
        """All that wait, once anybody does or the segment's time is up; None: nobody will any more."""
        with self._changed:
            if not self._waiting and not self._is_closing:
                self._changed.wait(self._left(self._segment) if self._segment else None)
            if not self._waiting and self._is_closing:
                return None
            waiting, self._waiting, self._size = self._waiting, [], 0
            return waiting

    def _left(self, segment: Segment) -> float:
        return max(segment.began + self._seconds - time.monotonic(), 0.0)

    def _store(self, waiting: list[Waiting]) -> None:
        try:
            self._segment = self._segment or Segment(self._folder)
            self._segment.append(b"".join(line for line, _ in waiting))
        except Exception as error:  # noqa: BLE001 - whatever it is: whoever waits must hear of it, and the thread go on
            self._end_segment()
            self._fail(waiting, error)
            return
        if self.cause:
            log.warning("Events can be stored again.")
            self.cause = ""
        for _, future in waiting:
            future.set_result(None)

    def _fail(self, waiting: list[Waiting], error: Exception) -> None:
        sentence = _sentence(error)
        if sentence != self.cause:
            log.error("%s", sentence)
        self.cause = sentence
        for _, future in waiting:
            future.set_exception(EventsError(sentence))

    def _end_segment(self) -> None:
        """After a failure too: whether more can be added to that file, nobody knows."""
        if self._segment:
            self._segment.close()
            self._segment = None


def make(folder: Path) -> None:
    """Make a folder for events, durably; raises `EventsError`."""
    try:
        missing = [path for path in (folder, *folder.parents) if not path.exists()]
        folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        for path in missing:
            sync_folder(path.parent)
    except OSError as error:
        raise EventsError(_sentence(error)) from None


def _sentence(error: Exception) -> str:
    cause = (isinstance(error, OSError) and error.strerror) or f"{type(error).__name__} in {place_of(error)}"
    return f"Events cannot be stored: {cause}. Check the folder and its disk."
