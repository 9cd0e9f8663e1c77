"""When the next call may start, given those that the server may still count. Pure.

A permit comes back one period after the server must have counted its call: at start + slack + period. So no
window of the server's, rolling or fixed, holds more than the limit, whenever within the slack each call
arrived.
"""

from __future__ import annotations

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
    """The first moment from `earliest` on at which a call keeps the limit.

    Args:
        others: All other calls that may count, reserved ones included, in the order of their starts. Those
            that start later than the answer do not bind it: they are asked about in their turn.
        limit: The business's limit.
        leads: How many leads the call carries.
        earliest: Where to begin.
    """
    start = earliest
    while True:
        before = [use for use in others if use.start <= start]
        freed = _freed(before, limit, leads)
        if freed <= start:
            return start
        start = freed


def _freed(before: Sequence[Use], limit: RateLimit, leads: int) -> float:
    """When enough of the calls that were made before have come back."""
    comes_back = limit.period_seconds + limit.slack_seconds
    freed = float("-inf")
    if limit.own_calls is not None and len(before) >= limit.own_calls:
        freed = before[-limit.own_calls].start + comes_back
    if limit.records is not None:
        carried = leads
        for use in reversed(before):
            carried += use.leads
            if carried > limit.records:
                return max(freed, use.start + comes_back)
    return freed
