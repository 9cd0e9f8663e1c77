"""What may be asked of the pretend server; all of it may be changed while it runs."""

from __future__ import annotations

import time
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from support.responses.times import iso

if TYPE_CHECKING:
    from collections.abc import Callable


def _nothing() -> None:
    """Nothing moves."""


@dataclass(slots=True)
class Options:
    """How the server behaves, where the documents leave it open, and where it does not keep to them."""

    token: str | None = None
    """The only one that is accepted; None: any."""
    order: str = "ascending"
    """Of rows, by processed_at: ascending, descending, unstable (another in each answer); or by lead_id."""
    after_inclusive: bool = False
    before_inclusive: bool = False
    whole_seconds: bool = False
    """Whether bounds are compared with processed_at cut to the second."""
    page_cap: int = 100
    """The most rows of a page, whatever is asked for."""
    cuts_by_count: bool = False
    """Whether a page never reaches past the count that was taken before, as Django's paginator has it."""
    count: str | int = "right"
    """right, missing, text; or a number that is added to the right one."""
    next: str = "right"
    """right; null though there is more; elsewhere (another host); itself, though there is no more."""
    write: Callable[[int], Any] = field(default_factory=iso)
    """How times are written."""
    clock: Callable[[], float] = time.time
    """The server's own, which its Date tells."""
    date: str = "right"
    """right, missing, garbage; minus_zero: with a zone that says that the zone is unknown."""
    limit: int | None = None
    """Calls in any period."""
    period: float = 60.0
    retry_after: str | None = "1"
    delay: float = 0.0
    """Seconds until an answer."""
    script: list[Any] = field(default_factory=list)
    """For the next calls: None (as usual), a status, a dict (status, body, headers), "reset", "truncated", "silent"."""
    between: Callable[[], object] = _nothing
    """Called before every request is worked on: what moves then moves between two requests."""
    within: Callable[[], object] = _nothing
    """Called between the count and the page, which are two queries of the server's database."""
