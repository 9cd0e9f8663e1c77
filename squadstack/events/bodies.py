"""Bodies of calls, within their limits of size, time and memory; and refusals."""

from __future__ import annotations

import asyncio
from contextlib import contextmanager
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from collections.abc import Iterator

    from starlette.types import Receive

RETRY_AFTER: Final = "5"
"""Seconds after which a sender may try again when events cannot be stored."""


class RefusedError(Exception):
    """A call is not taken.

    Args:
        status: The HTTP status.
        reason: A sentence for the sender.
        headers: More for the answer.
    """

    def __init__(self, status: int, reason: str, **headers: str) -> None:
        super().__init__(reason)
        self.status = status
        self.reason = reason
        self.headers = {name.replace("_", "-"): value for name, value in headers.items()}


class GoneError(Exception):
    """The sender left before its call was complete: nobody waits for an answer."""


class Buffer:
    """The memory for all bodies together.

    Args:
        size: In bytes.
    """

    def __init__(self, size: int) -> None:
        self._left = size

    @contextmanager
    def share(self) -> Iterator[Share]:
        """A share for one body, given back at the end."""
        share = Share(self)
        try:
            yield share
        finally:
            self._left += share.taken

    def take(self, size: int) -> None:
        """Take bytes; raises `RefusedError` if there are not so many left."""
        if size > self._left:
            raise RefusedError(503, "Too many events at once.", retry_after="1")
        self._left -= size


class Share:
    """What one body takes of the memory."""

    def __init__(self, buffer: Buffer) -> None:
        self._buffer = buffer
        self.taken = 0

    def take(self, size: int) -> None:
        """Take more; raises `RefusedError` if there is none."""
        self._buffer.take(size)
        self.taken += size


async def read_body(receive: Receive, share: Share, *, limit: int, seconds: float) -> bytes:
    """The body of a call.

    Raises:
        RefusedError: It is too large, too slow, or there is no memory for it.
        GoneError: The sender left.
    """
    body = bytearray()
    try:
        async with asyncio.timeout(seconds):
            while True:
                message = await receive()
                if message["type"] == "http.disconnect":
                    raise GoneError
                chunk = message.get("body", b"")
                if len(body) + len(chunk) > limit:
                    raise too_large(limit)
                share.take(len(chunk))
                body += chunk
                if not message.get("more_body"):
                    return bytes(body)
    except TimeoutError:
        raise RefusedError(408, "The body did not come in time.") from None


async def drain(receive: Receive, *, limit: int, seconds: float) -> None:
    """Read and forget what a sender still sends, so that it reads the answer rather than a reset; not for ever."""
    try:
        async with asyncio.timeout(seconds):
            while limit > 0:
                message = await receive()
                limit -= len(message.get("body", b""))
                if not message.get("more_body"):
                    return
    except TimeoutError:
        return


def too_large(limit: int) -> RefusedError:
    """The refusal of a body beyond the limit."""
    return RefusedError(413, f"The body is larger than {limit} bytes.")
