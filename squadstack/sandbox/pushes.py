"""Disposition updates: an event for each call and each judgement, and "lead processed", pushed as SquadStack does.

They come in another order than they occurred, and every fifth comes twice; one that is not answered with 201 is
pushed again.
"""

from __future__ import annotations

import asyncio
import json
import threading
import urllib.request
from typing import TYPE_CHECKING, Final

from squadstack.sandbox.responses import row_of

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from squadstack.sandbox.actions import Row
    from squadstack.sandbox.campaigns import Campaigns
    from squadstack.sandbox.leads import Lead

FILE: Final = "sandbox-events.jsonl"
_REPEATED: Final = 5
_PAUSE: Final = 0.2
_TIMEOUT: Final = 15


class Pushes:
    """What is pushed when leads are processed.

    Args:
        campaigns: The leads.
        url: Where events are pushed to; None: nowhere.
        folder: Where they are written to; None: nowhere.
    """

    def __init__(self, campaigns: Campaigns, url: str | None, folder: Path | None) -> None:
        self._url = url
        self._folder = folder
        self._noted: dict[tuple[str, str], int] = {}
        self._waiting: list[bytes] = []
        self._count = 0
        self._changing = threading.Lock()
        if folder is not None:
            folder.mkdir(parents=True, exist_ok=True)
        campaigns.watch(self._note)

    async def keep_pushing(self) -> None:
        """Push what waits, a few times a second, until cancelled."""
        while True:
            await asyncio.sleep(_PAUSE)
            await asyncio.to_thread(self.push)

    def push(self) -> None:
        """Push what waits, the latest first; what is not taken waits on."""
        with self._changing:
            events, self._waiting = self._waiting, []
        for event in reversed(events):
            self._count += 1
            for _ in range(1 + (self._count % _REPEATED == 0)):
                self._write(event)
                if not self._is_taken(event):
                    self._wait(event)

    def _note(self, ref_id: str, lead_id: str, lead: Lead) -> None:
        times = lead.result.times if lead.result else 0
        if times > self._noted.get((ref_id, lead_id), 0):
            self._noted[ref_id, lead_id] = times
            self._wait(*(json.dumps(event).encode() for event in _events(ref_id, lead_id, lead)))

    def _wait(self, *events: bytes) -> None:
        with self._changing:
            self._waiting.extend(events)

    def _write(self, event: bytes) -> None:
        if self._folder is not None:
            with (self._folder / FILE).open("ab") as file:
                file.write(event + b"\n")

    def _is_taken(self, event: bytes) -> bool:
        if self._url is None:
            return True
        headers = {"Content-Type": "application/json"}
        request = urllib.request.Request(self._url, event, headers)  # noqa: S310 - an address of the sandbox's user
        try:
            with urllib.request.urlopen(request, timeout=_TIMEOUT) as answer:  # noqa: S310 - likewise
                return bool(answer.status == 201)
        except OSError:
            return False


def _events(ref_id: str, lead_id: str, lead: Lead) -> Iterator[Row]:
    """The events of a lead that was processed: its call, the judgement, and the webhook's object."""
    if lead.result is None:
        return
    processed = row_of(ref_id, lead_id, lead, lead.result)
    shared = {
        name: processed[name] for name in ("phone_number", "lead_id", "campaign_id", "contact_name", "created_at")
    }
    yield {
        **shared,
        "recording_url": processed["latest_recording_url"],
        "called_at": processed["latest_called_at"],
        "call_outcome": processed["lead_outcome"],
        "call_attempt_number": lead.result.times,
    }
    names = ("latest_recording_url", "latest_called_at", "lead_outcome", "processed_at")
    yield {**shared, **{name: processed[name] for name in names}, "additional_notes": ""}
    yield processed
