"""Sandboxes on free ports of loopback, and someone to call them."""

from __future__ import annotations

from contextlib import ExitStack
from typing import TYPE_CHECKING

import pytest
import requests
from sandbox.driving import Caller

from squadstack.sandbox.options import Options
from squadstack.sandbox.server import running

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator


@pytest.fixture
def start() -> Iterator[Callable[..., Caller]]:
    """Starts sandboxes with the given options, and stops them."""
    with ExitStack() as stack:
        http = stack.enter_context(requests.Session())
        http.trust_env = False

        def start_one(**options: object) -> Caller:
            return Caller(stack.enter_context(running(Options(port=0, **options))), http)

        yield start_one


@pytest.fixture
def caller(start: Callable[..., Caller]) -> Caller:
    """A caller of a sandbox as it comes."""
    return start()


@pytest.fixture(scope="module")
def shared() -> Iterator[Caller]:
    """A caller of a sandbox that the tests of a module share; each restores the leads it needs."""
    with requests.Session() as http, running(Options(port=0, rate_limit=100_000)) as sandbox:
        http.trust_env = False
        yield Caller(sandbox, http)
