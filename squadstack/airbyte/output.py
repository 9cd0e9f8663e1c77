"""Write the protocol's messages to standard output, one a line, whole and from any thread."""

from __future__ import annotations

import json
import os
import threading
import time
from typing import Any

from squadstack.exceptions import SquadStackError

Message = dict[str, Any]

_BUFFERED = 1 << 16


class Output:
    """Standard output, past Python's own buffer: what was written is out, whatever PYTHONUNBUFFERED says.

    Args:
        handle: The file descriptor.

    Raises:
        SquadStackError: Nobody reads any more.
    """

    def __init__(self, handle: int = 1) -> None:
        self._handle = handle
        self._lock = threading.RLock()  # a signal's handler may log while this thread writes
        self._pending = bytearray()

    def write(self, message: Message, *, at_once: bool = True) -> None:
        """Write a message; one that need not be out at once may wait for the next."""
        self.write_line(json.dumps(message).encode(), at_once=at_once)

    def write_line(self, line: bytes, *, at_once: bool = True) -> None:
        """Write a message that is JSON already."""
        with self._lock:
            self._pending += line + b"\n"
            if at_once or len(self._pending) >= _BUFFERED:
                self._flush()

    def _flush(self) -> None:
        pending, self._pending = memoryview(bytes(self._pending)), bytearray()
        try:
            while pending:
                pending = pending[os.write(self._handle, pending) :]
        except OSError as error:
            msg = f"Standard output cannot be written to ({error.strerror}): nobody is told what was done."
            raise SquadStackError(msg) from None


def now() -> int:
    """The time as messages tell it: milliseconds since the epoch."""
    return int(time.time() * 1000)
