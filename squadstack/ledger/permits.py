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
    """

    permit_id: int | None
    start: float
    leads: int
    due: float


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
    comes_back = limit.period_seconds + limit.slack_seconds
    starts = [use.start for use in used]
    start = max([now, not_before, *starts[-1:]])
    if limit.own_calls is not None and len(starts) >= limit.own_calls:
        start = max(start, starts[-limit.own_calls] + comes_back)
    if limit.records is not None:
        carried = leads
        for use, use_start in zip(reversed(used), reversed(starts), strict=True):
            carried += use.leads
            if carried > limit.records:
                start = max(start, use_start + comes_back)
                break
    return start
