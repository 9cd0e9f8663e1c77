"""The receiver's server: uvicorn, with time limits for heads too, and without a word of its own."""

from __future__ import annotations

import asyncio
import logging
import resource
import signal
import socket
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any, Final

import h11
import uvicorn
from uvicorn.protocols.http.h11_impl import H11Protocol

from squadstack.events.app import create_app
from squadstack.events.store import make

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from types import FrameType

    from squadstack.events.receiving import Receiving

_KEEP_ALIVE_SECONDS: Final = 75
_SHUTDOWN_SECONDS: Final = 15
_MOST_CONNECTIONS: Final = 2048
_BACKLOG: Final = 256
_LONGEST_HEAD: Final = 16 << 10
_TOO_MANY: Final = (
    b"HTTP/1.1 503 Service Unavailable\r\nretry-after: 1\r\nconnection: close\r\ncontent-length: 0\r\n\r\n"
)
_TOO_SLOW: Final = b"HTTP/1.1 408 Request Timeout\r\nconnection: close\r\ncontent-length: 0\r\n\r\n"


def serve(receiving: Receiving, *, host: str, port: int, announce: Callable[[str], None]) -> None:
    """Serve until SIGTERM or SIGINT; must be called in the main thread.

    Args:
        receiving: How the receiver is set up.
        host: Where it listens.
        port: 0 takes a free one.
        announce: Told the URL once calls are taken.

    Raises:
        EventsError: The folder cannot be used.
        OSError: The address cannot be listened on.
    """
    make(receiving.folder)
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    with socket.create_server((host, port), family=family, backlog=_MOST_CONNECTIONS) as listener:
        server = _Server(_config(receiving), lambda: announce(_url_of(listener)))
        with _stopping_on_signals(server):
            server.run(sockets=[listener])


def _config(receiving: Receiving) -> uvicorn.Config:
    descriptors = _descriptors()

    class Limited(Connection):
        head_seconds = receiving.body_seconds
        most = min(_MOST_CONNECTIONS, descriptors // 2)

    return uvicorn.Config(
        create_app(receiving),
        http=Limited,
        ws="none",
        loop="asyncio",
        lifespan="on",
        log_config=None,
        log_level="error",
        access_log=False,
        server_header=False,
        proxy_headers=False,
        backlog=min(_BACKLOG, descriptors // 4),  # so many are accepted at once, before any can be turned away
        h11_max_incomplete_event_size=_LONGEST_HEAD,
        timeout_keep_alive=_KEEP_ALIVE_SECONDS,
        timeout_graceful_shutdown=_SHUTDOWN_SECONDS,
    )


def _descriptors() -> int:
    """How many files and connections may be open; asked for, if they are too few: to run out of them floods the log."""
    wanted = 2 * _MOST_CONNECTIONS
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    if soft == resource.RLIM_INFINITY or soft >= wanted:
        return wanted
    most = wanted if hard == resource.RLIM_INFINITY else min(wanted, hard)
    resource.setrlimit(resource.RLIMIT_NOFILE, (most, hard))
    return most


class Connection(H11Protocol):
    """A connection whose sender has so long for the head of each call; turned away if there are too many."""

    head_seconds = 10.0
    most = _MOST_CONNECTIONS
    _timer: asyncio.TimerHandle | None = None

    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override] # as uvicorn's own
        """Begin to wait for the first head."""
        super().connection_made(transport)
        # asyncio does so only for sockets that name TCP as their protocol; else answers in two parts wait 40 ms.
        transport.get_extra_info("socket").setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        if len(self.connections) > self.most:
            transport.write(_TOO_MANY)
            transport.close()
        self._watch()

    def data_received(self, data: bytes) -> None:
        """Wait on, unless the head is there."""
        super().data_received(data)
        self._watch()

    def connection_lost(self, exc: Exception | None) -> None:
        """Wait no more."""
        self._forget()
        super().connection_lost(exc)

    def _watch(self) -> None:
        if self.conn.their_state is not h11.IDLE:
            self._forget()
        elif self._timer is None and not self.transport.is_closing():
            self._timer = asyncio.get_running_loop().call_later(self.head_seconds, self._give_up)

    def _forget(self) -> None:
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None

    def _give_up(self) -> None:
        self._timer = None
        if self.conn.their_state is h11.IDLE and not self.transport.is_closing():
            if self.conn.trailing_data[0]:
                self.transport.write(_TOO_SLOW)
            self.transport.close()


class _Server(uvicorn.Server):
    """uvicorn, saying when it takes calls and ending without a word."""

    def __init__(self, config: uvicorn.Config, on_started: Callable[[], None]) -> None:
        super().__init__(config)
        self._on_started = on_started

    async def startup(self, sockets: list[socket.socket] | None = None) -> None:
        await super().startup(sockets)
        if self.started:
            self._on_started()

    async def shutdown(self, sockets: list[socket.socket] | None = None) -> None:
        # Else it prints a traceback for each call that it breaks off.
        logging.getLogger("uvicorn.error").setLevel(logging.CRITICAL)
        await super().shutdown(sockets)


def _url_of(listener: socket.socket) -> str:
    host, port = listener.getsockname()[:2]
    return f"http://[{host}]:{port}" if ":" in host else f"http://{host}:{port}"


@contextmanager
def _stopping_on_signals(server: Any) -> Iterator[None]:
    """Stop at SIGTERM and SIGINT, also before uvicorn listens for them and when it hands them on."""

    def stop(_number: int, _frame: FrameType | None) -> None:
        server.should_exit = True

    before = {number: signal.signal(number, stop) for number in (signal.SIGTERM, signal.SIGINT)}
    try:
        yield
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)
