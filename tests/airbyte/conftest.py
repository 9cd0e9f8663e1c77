"""What the tests of the Airbyte faces share."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from flows import scene as flows
from support.airbyte import DESTINATION, SOURCE, Face
from support.crm_server import CrmServer
from support.responses.scene import NOW
from support.responses_server import CAMPAIGN, ResponsesServer

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path


@pytest.fixture
def server() -> Iterator[CrmServer]:
    """A pretend SquadStack that knows no lead."""
    with CrmServer(token=flows.TOKEN) as server:
        yield server


@pytest.fixture
def destination(server: CrmServer, tmp_path: Path) -> Face:
    """The destination of that server."""
    config = {
        "auth_token": flows.TOKEN,
        "ref_id": flows.CAMPAIGN,
        "api_url": server.url,
        "ledger_url": f"sqlite:///{tmp_path}/ledger.db",
        "max_batch_wait_seconds": 0,
    }
    return Face(DESTINATION, config, tmp_path, flows.SECRETS)


@pytest.fixture
def responses() -> Iterator[ResponsesServer]:
    """A pretend SquadIQ with one campaign without leads, whose clock stands still."""
    with ResponsesServer(token=flows.TOKEN, clock=lambda: NOW) as server:
        server.rows(CAMPAIGN)
        yield server


@pytest.fixture
def source(responses: ResponsesServer, tmp_path: Path) -> Face:
    """The source of that server."""
    config = {
        "auth_token": flows.TOKEN,
        "campaign_ids": [CAMPAIGN],
        "api_url": responses.url,
        "ledger_url": f"sqlite:///{tmp_path}/ledger.db",
        "rate_limit": {"kind": "unlimited"},
    }
    return Face(SOURCE, config, tmp_path, flows.SECRETS)
