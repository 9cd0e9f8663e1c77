"""How a sandbox is set up."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

    from squadstack.sandbox.faults import Fault


@dataclass(frozen=True, slots=True, kw_only=True)
class Options:
    """How a sandbox is set up; `squadstack sandbox --help` has the same defaults.

    Attributes:
        host: Where it listens.
        port: 0 takes a free one.
        token: What callers must bear.
        rate_limit: The most calls in a period ("What are the rate limits that you currently support?").
        period: Its length in seconds.
        latency: How long it works on a call, in seconds.
        faults: How often each fault befalls a call, from 0 to 1.
        seed: Where the sequence of faults begins.
        slow_seconds: How much longer it works on a call with the fault `slow`.
        work: How long leads wait on average until they are called, in seconds; None: nobody calls them.
        push: Where events are pushed to; None: nowhere.
        events: The folder that events are written to; None: nowhere.
        data: The file that keeps the leads; None: they are forgotten.
    """

    host: str = "127.0.0.1"
    port: int = 8790
    token: str = "sandbox-token"  # noqa: S105 -- the pretend server's, told to everybody
    rate_limit: int = 100
    period: float = 60.0
    latency: float = 0.0
    faults: Mapping[Fault, float] = field(default_factory=dict)
    seed: int = 0
    slow_seconds: float = 3.0
    work: float | None = None
    push: str | None = None
    events: Path | None = None
    data: Path | None = None
