"""Windows of time, and into how many to cut one that holds too much. Pure."""

from __future__ import annotations

import itertools
import math
from dataclasses import dataclass

FILL = 0.85
"""How full a window is meant to be: rows come unevenly, and one that overflows costs a call for nothing."""

_MOST_PARTS = 32


@dataclass(frozen=True, slots=True, order=True)
class Window:
    """A span of whole seconds since the epoch, in which leads were processed.

    Attributes:
        begin: The first second.
        end: The second after the last.
    """

    begin: int
    end: int

    @property
    def seconds(self) -> int:
        """How long it is."""
        return self.end - self.begin

    def split(self, parts: int) -> list[Window]:
        """Cut it into parts of equal length, in order; no part is shorter than a second."""
        parts = min(parts, self.seconds)
        cuts = [self.begin + self.seconds * number // parts for number in range(parts + 1)]
        return [Window(begin, end) for begin, end in itertools.pairwise(cuts)]


def parts_for(rows: int, page: int) -> int:
    """Into how many parts to cut a window of so many rows.

    At once into as many as shall hold a page each, or, if they are many, first into fewer: those count their own
    rows, and are cut by them, so that busy and quiet times get windows of different length.

    Args:
        rows: In the window.
        page: The most that a page holds.
    """
    leaves = math.ceil(rows / (FILL * max(page, 1)))
    if leaves <= _MOST_PARTS:
        return max(leaves, 2)
    levels = math.ceil(math.log(leaves, _MOST_PARTS))
    return math.ceil(math.pow(leaves, 1 / levels))
