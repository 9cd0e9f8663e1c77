"""Which STATE may be written: only one before which everything that was read is settled.

The input is cut into segments at its STATE messages. A segment counts the actions that it still waits for;
when the first segment of the row waits for none, its STATE is due, and so on. Rejections count as settled
only once they are durable in the ledger: whoever settles them has committed them before.
"""

from __future__ import annotations

import threading
from collections import deque
from dataclasses import dataclass
from typing import Any, Protocol


class Checkpointing(Protocol):
    """What a delivery asks of its checkpoints. A face may bring its own, which count what its STATEs tell."""

    @property
    def segment(self) -> Any:
        """What the actions of the record that is being read are noted under."""

    def open(self, segment: Any) -> None:
        """Note that an action was read; `settle` it once."""

    def settle(self, segment: Any, *, is_rejected: bool = False) -> None:
        """Note that an action is settled, durably where that matters."""

    def end_segment(self, state: Any) -> None:
        """Note that a STATE was read."""

    def due(self) -> list[Any]:
        """Take the STATEs, in order, before which everything is settled."""


@dataclass(slots=True, eq=False)
class Segment:
    """What was read between two STATE messages.

    Attributes:
        waiting: Actions that are not settled yet.
        state: The value of the STATE that ends it.
        ended: Whether its STATE was read.
    """

    waiting: int = 0
    state: Any = None
    ended: bool = False


_FUSED_FROM = 1_000


class Checkpoints:
    """The segments of a run, in order. Safe to use from several threads."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._segments: deque[Segment] = deque([Segment()])
        self._fuse_at = _FUSED_FROM

    @property
    def segment(self) -> Segment:
        """The segment that is being read."""
        return self._segments[-1]

    def open(self, segment: Segment) -> None:
        """Note that an action of a segment was read; `settle` it once."""
        with self._lock:
            segment.waiting += 1

    def settle(self, segment: Segment, *, is_rejected: bool = False) -> None:  # noqa: ARG002 - to a Singer STATE it is one
        """Note that an action of a segment is settled, durably where that matters."""
        with self._lock:
            segment.waiting -= 1

    def end_segment(self, state: Any) -> None:
        """Note that a STATE was read."""
        with self._lock:
            self._segments[-1].state = state
            self._segments[-1].ended = True
            self._segments.append(Segment())
            if len(self._segments) > self._fuse_at:
                self._fuse()

    def due(self) -> list[Any]:
        """Take the STATEs, in order, before which everything is settled."""
        states = []
        with self._lock:
            while self._segments[0].ended and not self._segments[0].waiting:
                states.append(self._segments.popleft().state)
        return states

    def _fuse(self) -> None:
        """Give a segment the newest STATE of the settled ones behind it, which cannot be written before its own."""
        fused: deque[Segment] = deque([self._segments.popleft()])
        for segment in self._segments:
            if segment.ended and not segment.waiting:
                fused[-1].state = segment.state
            else:
                fused.append(segment)
        self._segments = fused
        self._fuse_at = max(_FUSED_FROM, 2 * len(fused))
