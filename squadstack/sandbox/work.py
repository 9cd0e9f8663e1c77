"""A life for the leads: they are called after a while, and some are processed again later.

When and with which result follows from campaign, lead_id and how often the lead was processed. Nothing is
kept but the leads, so that a sandbox started again on its file goes on where it was.
"""

from __future__ import annotations

import asyncio
import heapq
import time
from typing import TYPE_CHECKING, Final

from squadstack.sandbox.leads import State
from squadstack.sandbox.results import draw

if TYPE_CHECKING:
    from collections.abc import Callable

    from squadstack.sandbox.campaigns import Campaigns
    from squadstack.sandbox.leads import Lead

AGAIN: Final = 4
"""One processed lead of so many is processed again, and of these as many once more, and so on."""

_RANGE: Final = 2**64
_SHORTEST_PAUSE: Final = 0.01
_LONGEST_PAUSE: Final = 1.0


def due_at(ref_id: str, lead_id: str, lead: Lead, mean: float) -> float | None:
    """When a lead will be processed, in seconds since 1970; None: unless something happens, not any more.

    Args:
        ref_id: The campaign.
        lead_id: The lead.
        lead: How it is now. Only active leads are called, and some judged ones that were processed before.
        mean: How long leads wait on average, in seconds; each waits from half as long to half as long again.
    """
    number = draw(ref_id, lead_id, lead.result.times if lead.result else 0)
    again = lead.state is State.JUDGED and lead.result is not None and number % AGAIN == 0
    if lead.state is State.ACTIVE or again:
        return lead.since + mean * (0.5 + number / _RANGE)
    return None


class Work:
    """Those who call the leads.

    Args:
        campaigns: The leads.
        mean: How long leads wait on average, in seconds.
        clock: Seconds since 1970, those of the campaigns.
    """

    def __init__(self, campaigns: Campaigns, mean: float, clock: Callable[[], float] = time.time) -> None:
        self._campaigns = campaigns
        self._mean = mean
        self._clock = clock
        self._planned: list[tuple[float, str, str]] = []
        campaigns.watch(self._plan)

    def work(self) -> None:
        """Process every lead whose time has come."""
        while self._planned and self._planned[0][0] <= self._clock():
            due, ref_id, lead_id = heapq.heappop(self._planned)
            lead = self._campaigns.lead(ref_id, lead_id)
            # A lead may have changed since it was planned: then another plan holds, or none.
            if lead is not None and due_at(ref_id, lead_id, lead, self._mean) == due:
                self._campaigns.process(ref_id, lead_id, lead)

    async def keep_working(self) -> None:
        """Work from time to time, at least once a second, until cancelled."""
        while True:
            await asyncio.sleep(max(_SHORTEST_PAUSE, min(_LONGEST_PAUSE, self._mean / 10)))
            self.work()

    def _plan(self, ref_id: str, lead_id: str, lead: Lead) -> None:
        due = due_at(ref_id, lead_id, lead, self._mean)
        if due is not None:
            heapq.heappush(self._planned, (due, ref_id, lead_id))
