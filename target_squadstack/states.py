"""Write STATE lines: the newest that is safe, and no more than one a second, since a runner stores each."""

from __future__ import annotations

import json
import sys
import time
from typing import Any, Protocol

from squadstack.exceptions import SquadStackError

_APART_SECONDS = 1.0


class States(Protocol):
    """Where STATEs go that may be written."""

    def offer(self, states: list[Any]) -> None:
        """Take some, in order; there may be none."""

    def write_due(self, *, at_once: bool = False) -> None:
        """Write what is pending, if its time has come."""


class StateWriter:
    """Writes to standard output, flushed.

    Raises:
        SquadStackError: Once, when standard output is closed or full; nothing is written from then on.
    """

    def __init__(self) -> None:
        self._newest: Any = None
        self._is_pending = False
        self._is_broken = False
        self._written_at = float("-inf")

    def offer(self, states: list[Any]) -> None:
        """Take STATEs that may be written, in order; write the newest now, or when a second has passed."""
        if states:
            self._newest = states[-1]
            self._is_pending = True
        self.write_due()

    def write_due(self, *, at_once: bool = False) -> None:
        """Write what is pending, if its time has come."""
        if not self._is_pending or (not at_once and time.monotonic() < self._written_at + _APART_SECONDS):
            return
        self._is_pending = False
        self._written_at = time.monotonic()
        if not self._is_broken:
            self._write(json.dumps(self._newest) + "\n")

    def _write(self, line: str) -> None:
        try:
            sys.stdout.write(line)
            sys.stdout.flush()
        except (OSError, AttributeError) as error:  # there is no `sys.stdout` if it was closed from the start
            self._is_broken = True
            why = getattr(error, "strerror", None) or "it is closed"
            msg = f"STATE could not be written to standard output ({why}): the next run sends again what it covers."
            raise SquadStackError(msg) from None
