"""Answers that HTTP has no word for: a connection that breaks."""

from __future__ import annotations

import json
import socket
import struct
from typing import TYPE_CHECKING, Any, Final, cast

from starlette.responses import Response
from uvicorn.protocols.http.h11_impl import H11Protocol

if TYPE_CHECKING:
    import asyncio
    from collections.abc import MutableMapping

    from starlette.types import ASGIApp, Receive, Scope, Send

    from squadstack.sandbox.refusals import Answer

_TRANSPORT: Final = "squadstack.sandbox.transport"
_CLOSE_WITH_RESET: Final = struct.pack("ii", 1, 0)


def respond(answer: Answer) -> Response:
    """Put an answer into HTTP."""
    text = answer.body if isinstance(answer.body, str) else json.dumps(answer.body)
    return Response(text, answer.status, dict(answer.headers), answer.media_type)


class Connection(H11Protocol):
    """A connection that hands itself to the application, so that it can be broken there."""

    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override] # as uvicorn's own
        """Begin to talk."""
        super().connection_made(transport)
        # asyncio does so only for sockets that name TCP as their protocol; without, each answer that is
        # written in two parts waits 40 ms for the caller's acknowledgement.
        _socket_of(transport).setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        app = cast("ASGIApp", self.app)

        async def with_transport(scope: MutableMapping[str, Any], receive: Receive, send: Send) -> None:
            scope[_TRANSPORT] = transport
            await app(scope, receive, send)

        self.app = with_transport


class Hangup(Response):
    """No answer: the connection is closed, or reset.

    Args:
        reset: Whether the caller gets a reset, not just an end.
    """

    def __init__(self, *, reset: bool) -> None:
        super().__init__()
        self._reset = reset

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:  # noqa: ARG002 -- ASGI
        """Break off."""
        transport: asyncio.Transport = scope[_TRANSPORT]
        if self._reset:
            _reset_on_close(transport)
        await _hang_up(transport, receive)


class Truncated(Response):
    """An answer that promises its whole length and ends in its middle.

    Args:
        whole: The answer.
    """

    def __init__(self, whole: Response) -> None:
        super().__init__(whole.body, whole.status_code, whole.headers)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Send the first half and break off."""
        half = self.body[: len(self.body) // 2]
        await send({"type": "http.response.start", "status": self.status_code, "headers": self.raw_headers})
        await send({"type": "http.response.body", "body": half, "more_body": True})
        await _hang_up(scope[_TRANSPORT], receive)


def _reset_on_close(transport: asyncio.Transport) -> None:
    _socket_of(transport).setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, _CLOSE_WITH_RESET)


def _socket_of(transport: asyncio.Transport) -> socket.socket:
    return cast("socket.socket", transport.get_extra_info("socket"))


async def _hang_up(transport: asyncio.Transport, receive: Receive) -> None:
    transport.close()
    # Until uvicorn has noticed: to return before would make it answer 500 on its own.
    while (await receive())["type"] != "http.disconnect":
        pass
