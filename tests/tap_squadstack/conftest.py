"""What whole runs of the tap share."""

from __future__ import annotations

import signal
from typing import TYPE_CHECKING

import pytest
from support.responses.scene import NOW, TOKEN, TapScene
from support.responses_server import CAMPAIGN, ResponsesServer

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path


@pytest.fixture
def reading(tmp_path: Path) -> Iterator[TapScene]:
    """A pretend SquadIQ with one campaign without leads, whose clock stands still."""
    handlers = {number: signal.getsignal(number) for number in (signal.SIGINT, signal.SIGTERM)}
    with ResponsesServer(token=TOKEN, clock=lambda: NOW) as server:
        server.rows(CAMPAIGN)
        yield TapScene(server, tmp_path)
    for number, handler in handlers.items():
        signal.signal(number, handler)
