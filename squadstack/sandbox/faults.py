"""What goes wrong on request, to try a client on."""

from __future__ import annotations

import random
from enum import StrEnum
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping


class Fault(StrEnum):
    """Something that goes wrong with a call."""

    ERROR = "500"
    """Nothing is applied; technical issues."""
    UNAVAILABLE = "503"
    """Nothing is applied; a maintenance page in HTML."""
    RESET = "reset"
    """Nothing is applied; the connection is reset."""
    LOST = "lost"
    """Applied; the connection is closed without an answer."""
    SLOW = "slow"
    """Applied and answered, some seconds late."""
    TRUNCATED = "truncated"
    """Applied; the answer ends in its middle."""


class Faults:
    """Draws at most one fault for each call, the same ones again for the same seed.

    Args:
        shares: How often each fault befalls a call, from 0 to 1.
        seed: Where the sequence begins.
    """

    def __init__(self, shares: Mapping[Fault, float], seed: int = 0) -> None:
        self._shares = dict(shares)
        self._random = random.Random(seed)  # noqa: S311 -- picks which call fails, guards no secret

    def draw(self) -> Fault | None:
        """The fault of the next call, if it has one."""
        left = self._random.random()
        for fault, share in self._shares.items():
            left -= share
            if left < 0:
                return fault
        return None


def parse_faults(texts: Iterable[str]) -> dict[Fault, float]:
    """Read `NAME:SHARE` texts.

    Raises:
        ValueError: With a sentence, on an unknown name, a share outside 0 to 1, or more than 1 in all.
    """
    shares = dict(_parse_fault(text) for text in texts)
    if sum(shares.values()) > 1:
        message = "the shares of all faults together are more than 1"
        raise ValueError(message)
    return shares


def _parse_fault(text: str) -> tuple[Fault, float]:
    name, _, share = text.partition(":")
    if name not in tuple(Fault):
        message = f"{name!r} is no fault; there are {', '.join(Fault)}"
        raise ValueError(message)
    return Fault(name), _parse_share(share)


def _parse_share(text: str) -> float:
    message = f"{text!r} is no share from 0 to 1 (write NAME:SHARE, such as lost:0.05)"
    try:
        share = float(text)
    except ValueError:
        raise ValueError(message) from None
    if not 0 <= share <= 1:
        raise ValueError(message)
    return share
