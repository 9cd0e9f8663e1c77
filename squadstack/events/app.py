"""The receiver as an ASGI application: 201 means that the event is on disk.

    from squadstack.events.app import create_app            # for a server of one's own
    app = create_app(Receiving(folder=Path("events"), secrets=("…",)))

| answer | when |
|---|---|
| 201 | the event is stored |
| 400 | the body holds no event; the answer says why |
| 403 | no secret, or a wrong one; the body is not looked at |
| 404, 405 | another address; another method than POST |
| 408, 413 | the body came too slowly; is too large |
| 503 | the event cannot be stored now: try again, after `Retry-After` |
"""

from __future__ import annotations

import asyncio
from contextlib import asynccontextmanager
from datetime import UTC, datetime
from typing import TYPE_CHECKING

from starlette.applications import Starlette
from starlette.responses import JSONResponse
from starlette.routing import Route

from squadstack.events.bodies import RETRY_AFTER, Buffer, GoneError, RefusedError, drain, read_body, too_large
from squadstack.events.payloads import NotAnEventError, check, line_of
from squadstack.events.receiving import Gate
from squadstack.events.store import Store
from squadstack.exceptions import EventsError
from squadstack.responses.times import as_text

if TYPE_CHECKING:
    from collections.abc import AsyncIterator

    from starlette.requests import Request
    from starlette.types import Receive, Scope, Send

    from squadstack.events.receiving import Receiving

PATH = "/events"
_FAREWELL_BYTES, _FAREWELL_SECONDS = 4 << 20, 1.0


def create_app(receiving: Receiving) -> Starlette:
    """Make the application; its lifespan opens and closes the store, so the server must run that.

    Raises:
        EventsError: At the start of the lifespan: the folder cannot be used.
    """
    endpoint = Endpoint(receiving)

    @asynccontextmanager
    async def lifespan(_app: Starlette) -> AsyncIterator[None]:
        endpoint.store = store = Store(receiving.folder, segment_seconds=receiving.segment_seconds)
        yield
        await asyncio.to_thread(store.close)

    async def health(_request: Request) -> JSONResponse:
        is_well = endpoint.store is not None and endpoint.store.is_writable()
        return JSONResponse({"status": "ok" if is_well else "failing"}, 200 if is_well else 503)

    app = Starlette(routes=[Route(PATH, endpoint), Route("/health", health)], lifespan=lifespan)
    app.router.redirect_slashes = False
    return app


class Endpoint:
    """Takes events.

    Args:
        receiving: How the receiver is set up.

    Attributes:
        store: Where they go, while the application runs.
    """

    def __init__(self, receiving: Receiving) -> None:
        self._receiving = receiving
        self._gate = Gate(receiving.secrets)
        self._buffer = Buffer(receiving.buffer_bytes)
        self.store: Store | None = None

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer a call."""
        body = None
        try:
            self._check(scope)
            with self._buffer.share() as share:
                limit, seconds = self._receiving.max_body_bytes, self._receiving.body_seconds
                body = await read_body(receive, share, limit=limit, seconds=seconds)
                await self._store(body)
        except RefusedError as refusal:
            if body is None:
                await _refuse_early(refusal, receive, send)
            else:
                await _answer_to(refusal)(scope, receive, send)
        except GoneError:
            return
        else:
            await JSONResponse({"status": "stored"}, 201)(scope, receive, send)

    def _check(self, scope: Scope) -> None:
        """Judge a call before its body is read."""
        headers: list[tuple[bytes, bytes]] = scope["headers"]
        if scope["method"] != "POST":
            raise RefusedError(405, "Only POST is taken.", allow="POST")
        if not self._gate.is_open(headers, scope["query_string"]):
            raise RefusedError(403, "The secret is missing or wrong.")
        found = {name.lower(): value for name, value in headers}
        if found.get(b"content-encoding", b"identity").lower() != b"identity":
            raise RefusedError(400, "A body that is compressed is not taken.")
        length = found.get(b"content-length", b"0")
        if length.isdigit() and int(length[:20]) > self._receiving.max_body_bytes:
            raise too_large(self._receiving.max_body_bytes)

    async def _store(self, body: bytes) -> None:
        try:
            check(body)
        except NotAnEventError as error:
            raise RefusedError(400, str(error)) from None
        if self.store is None:
            raise RefusedError(503, "The receiver does not run.", retry_after=RETRY_AFTER)
        stored = asyncio.wrap_future(self.store.put(line_of(body, as_text(datetime.now(UTC)))))
        stored.add_done_callback(lambda done: done.cancelled() or done.exception())  # it may fail when nobody waits
        try:
            async with asyncio.timeout(self._receiving.store_seconds):
                await asyncio.shield(stored)
        except (EventsError, TimeoutError):
            raise RefusedError(503, "The event cannot be stored now.", retry_after=RETRY_AFTER) from None


def _answer_to(refusal: RefusedError, **headers: str) -> JSONResponse:
    return JSONResponse({"error": refusal.reason}, refusal.status, {**refusal.headers, **headers})


async def _refuse_early(refusal: RefusedError, receive: Receive, send: Send) -> None:
    """Answer, then read on for a moment: a connection that is closed before its body came would lose the answer."""
    answer = _answer_to(refusal, connection="close")
    await send({"type": "http.response.start", "status": answer.status_code, "headers": answer.raw_headers})
    await send({"type": "http.response.body", "body": answer.body, "more_body": True})
    await drain(receive, limit=_FAREWELL_BYTES, seconds=_FAREWELL_SECONDS)
    await send({"type": "http.response.body", "body": b"", "more_body": False})
