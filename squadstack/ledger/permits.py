"""When the next call may start, given those that the server may still count. Pure.

A permit comes back one period after the server must have counted its call: at start + slack + period. So no
window of the server's, rolling or fixed, holds more than the limit, whenever within the slack each call
arrived.
"""

from __future__ import annotations

from bisect import bisect_left, bisect_right
from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Sequence

    from squadstack.settings.rate_limit import RateLimit


@dataclass(frozen=True, slots=True)
class Permit:
    """The right to make one call.

    Attributes:
        permit_id: Its row in the ledger; None where nothing is limited.
        start: When the call may start, in seconds since the epoch by the ledger's clock.
        leads: The most leads that it may carry.
        due: The start on this process's monotonic clock, by which it sleeps.
        limit: The limit that it keeps; None where nothing is limited.
    """

    permit_id: int | None
    start: float
    leads: int
    due: float
    limit: RateLimit | None = None


@dataclass(frozen=True, slots=True)
class Use:
    """A call that may still count: its start, and its leads."""

    start: float
    leads: int


@dataclass(frozen=True, slots=True)
class Standing:
    """How a budget stands: the ledger's clock, the calls that still count, and what the last 429 asked for."""

    now: float
    uses: list[Use]
    not_before: float


def next_start(used: Sequence[Use], limit: RateLimit, *, leads: int, now: float, not_before: float) -> float:
    """The earliest start of the next call, no earlier than any that was reserved before it.

    Args:
        used: The calls that may still count, in the order of their starts.
        limit: The business's limit.
        leads: How many leads the call carries.
        now: The ledger's clock.
        not_before: What the last 429 asked for.
    """
    latest = used[-1].start if used else now
    return allowed_start(used, limit, leads=leads, earliest=max(now, not_before, latest))


def allowed_start(others: Sequence[Use], limit: RateLimit, *, leads: int, earliest: float) -> float:
    """The first moment from `earliest` on at which a call keeps the limit, towards calls before and after it.

    Args:
        others: All other calls that may count, reserved ones included, in the order of their starts.
        limit: The business's limit.
        leads: How many leads the call carries.
        earliest: Where to begin.
    """
    start = earliest
    while (pushed := _pushed(others, limit, leads, start)) > start:
        start = pushed
    return start


def _pushed(others: Sequence[Use], limit: RateLimit, leads: int, start: float) -> float:
    """Where a call that would start then has to move; the very same moment if it may stay.

    A window that holds too much with the call holds enough without it: the call has to leave it.
    """
    comes_back = limit.period_seconds + limit.slack_seconds
    place = bisect_right(others, start, key=_start)
    calls = [*others[:place], Use(start, leads), *others[place:]]
    for first in range(place, -1, -1):
        begins = calls[first].start
        if start - begins >= comes_back:
            break
        if _is_too_much(calls[first : bisect_left(calls, begins + comes_back, key=_start)], limit):
            return calls[place + 1].start if first == place else begins + comes_back
    return start


def _is_too_much(window: Sequence[Use], limit: RateLimit) -> bool:
    if limit.own_calls is not None and len(window) > limit.own_calls:
        return True
    return limit.records is not None and sum(use.leads for use in window) > limit.records


def _start(use: Use) -> float:
    return use.start
