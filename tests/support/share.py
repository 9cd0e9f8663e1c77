"""How much of a limit a run used, as the server saw it."""

from __future__ import annotations

from bisect import bisect_right
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterable

    from support.crm_server import Call


def stamps(calls: Iterable[Call]) -> list[float]:
    """Tell when the limiter took the calls that it took."""
    return sorted(call.at for call in calls if call.counted and call.at is not None)


def share(calls: Iterable[Call], limit: int, period: float) -> float:
    """Tell which share of the calls that the limit allowed were made, from the first to the last of them."""
    taken = stamps(calls)
    if not taken:
        return 0.0
    return len(taken) / (limit * (1 + (taken[-1] - taken[0]) / period))


def fill(calls: Iterable[Call], size: int = 100) -> float:
    """Tell how full the calls were that the limiter took."""
    sizes = [len(call.lead_ids) for call in calls if call.counted]
    return sum(sizes) / (size * len(sizes)) if sizes else 0.0


def busiest(calls: Iterable[Call], period: float) -> int:
    """Tell the most calls that the limiter took in any window of a period."""
    taken = stamps(calls)
    return max((bisect_right(taken, stamp + period) - place for place, stamp in enumerate(taken)), default=0)
