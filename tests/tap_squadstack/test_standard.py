"""The SDK's own tests of a tap, unmodified, against a pretend SquadIQ."""

from __future__ import annotations

import signal
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest
from singer_sdk.testing import SuiteConfig, get_tap_test_class
from support.responses.scene import NOW, TOKEN, TapScene
from support.responses_server import CAMPAIGN, ResponsesServer

from tap_squadstack.tap import TapSquadStack

if TYPE_CHECKING:
    from collections.abc import Iterator

EVENTS = Path(__file__).with_name("events")
CONFIG: dict[str, Any] = {"auth_token": TOKEN, "campaign_ids": [CAMPAIGN], "events_url": str(EVENTS)}
"""The suite wants it before there is a server; `server` adds the rest."""


@pytest.fixture(scope="module", autouse=True)
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[ResponsesServer]:
    handlers = {number: signal.getsignal(number) for number in (signal.SIGINT, signal.SIGTERM)}
    with ResponsesServer(token=TOKEN, clock=lambda: NOW) as server:
        for number in range(1, 251):
            at = NOW - 300 - number * 60
            server.put(CAMPAIGN, f"lead-{number}", at, created_at=at, latest_called_at=at)
        CONFIG.update(TapScene(server, tmp_path_factory.mktemp("standard")).settings(start_date="2025-06-15T00:00:00Z"))
        yield server
        assert len(server.calls) > 3
    for number, handler in handlers.items():
        signal.signal(number, handler)


_SUITE = SuiteConfig(ignore_no_records_for_streams=["rejected_actions"])


class TestStandard(get_tap_test_class(TapSquadStack, config=CONFIG, suite_config=_SUITE)):  # type: ignore[misc]
    """All of them."""
