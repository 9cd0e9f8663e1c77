"""Ledgers in a folder of their own."""

from __future__ import annotations

from contextlib import ExitStack
from typing import TYPE_CHECKING, Protocol

import pytest

from squadstack.ledger.ledger import Ledger

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path


class Open(Protocol):
    def __call__(self, *, business: str = "default", host: str = "localhost:1") -> Ledger: ...


@pytest.fixture
def url(tmp_path: Path) -> str:
    return f"sqlite:///{tmp_path}/ledger.db"


@pytest.fixture
def open_ledger(url: str) -> Iterator[Open]:
    """Opens the one ledger of a test, as often as it likes, as different runs would."""
    with ExitStack() as stack:

        def open_one(*, business: str = "default", host: str = "localhost:1") -> Ledger:
            ledger = Ledger(url, business=business, host=host)
            stack.callback(ledger.close)
            return ledger

        yield open_one


@pytest.fixture
def ledger(open_ledger: Open) -> Ledger:
    return open_ledger()
