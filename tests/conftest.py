"""What the tests of several rooms share."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from flows.scene import TOKEN, Scene
from support.crm_server import CrmServer

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path


def pytest_addoption(parser: pytest.Parser) -> None:
    parser.addoption("--record", action="store_true", help="write what the recorded flows lead to, anew")


@pytest.fixture
def scene(tmp_path: Path) -> Iterator[Scene]:
    """A pretend SquadStack that knows no lead, and a folder without a ledger."""
    with CrmServer(token=TOKEN) as server:
        yield Scene(server, tmp_path)
