from __future__ import annotations

from typing import TYPE_CHECKING, Protocol

import pytest
import requests
from support.crm_server import CrmServer

if TYPE_CHECKING:
    from collections.abc import Iterator


PATHS = {
    "create": "lead-created",
    "update": "lead-updated",
    "upsert": "lead-upserted",
    "convert": "lead-converted",
    "disable": "lead-disabled",
    "delete": "lead-deleted",
}


TOKEN = "test-token"


class Send(Protocol):
    def __call__(
        self,
        action: str,
        body: object,
        *,
        ref_id: str = "ref",
        token: str = TOKEN,
        timeout: float = 10,
    ) -> requests.Response: ...


@pytest.fixture(params=[False, True], ids=["thread", "process"])
def anywhere(request: pytest.FixtureRequest) -> Iterator[CrmServer]:
    """A server, once in a thread and once in a process."""
    with CrmServer(process=request.param) as server:
        yield server


@pytest.fixture
def server() -> Iterator[CrmServer]:
    with CrmServer() as server:
        yield server


@pytest.fixture
def send(request: pytest.FixtureRequest) -> Send:
    """Calls an endpoint of the server that the test uses, on a connection of its own."""
    name = "anywhere" if "anywhere" in request.fixturenames else "server"
    crm: CrmServer = request.getfixturevalue(name)

    def call(
        action: str, body: object, *, ref_id: str = "ref", token: str = TOKEN, timeout: float = 10
    ) -> requests.Response:
        return requests.post(
            crm.endpoint(ref_id, PATHS[action]),
            json=body,
            headers={"Authorization": f"Bearer {token}"},
            timeout=timeout,
        )

    return call
