"""Which calls came, for whoever looks into the sandbox."""

from __future__ import annotations

import time
from collections import deque
from dataclasses import asdict, dataclass
from typing import Final

_REMEMBERED: Final = 100_000


@dataclass(slots=True)
class Call:
    """One call to a documented endpoint.

    Attributes:
        at: When it arrived, in seconds since 1970.
        ref_id: The campaign.
        action: What it asked for: an action, or `read`.
        leads: How many leads it carried, or was answered; 0 if it was refused before they were read.
        status: The HTTP status answered; None while it is worked on and if no answer was given.
    """

    at: float
    ref_id: str
    action: str
    leads: int = 0
    status: int | None = None


class Calls:
    """The latest calls, oldest first."""

    def __init__(self) -> None:
        self._calls: deque[Call] = deque(maxlen=_REMEMBERED)

    def arrive(self, ref_id: str, action: str) -> Call:
        """Note a call that arrives now; who answers it fills in the rest."""
        call = Call(time.time(), ref_id, action)
        self._calls.append(call)
        return call

    def document(self) -> list[dict[str, object]]:
        """All of them as JSON has them."""
        return [asdict(call) for call in list(self._calls)]
