"""A deadline for a whole call. The time-out of `requests` is for each read: a dripping answer never ends it.

A connection tells the running call's deadline of its socket; when the time is up, the socket is shut down,
and whatever waits for it fails at once. It also tells when the request has been written.
"""

from __future__ import annotations

import contextlib
import os
import socket
import threading
from typing import TYPE_CHECKING, Any, Self

import urllib3.connection
import urllib3.connectionpool
from requests.adapters import HTTPAdapter

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

_running = threading.local()


class Deadline:
    """The deadline of the call that this thread makes, as a context manager.

    Args:
        seconds: From now on.
        on_written: Called when the last byte of the request has been written.

    Attributes:
        passed: Whether it came before the call was done.
        is_connected: Whether the request has begun to leave, over a connection that is safe.
    """

    def __init__(self, seconds: float, on_written: Callable[[], None]) -> None:
        self.passed = False
        self.is_connected = False
        self.on_written = on_written
        self._socket: socket.socket | None = None
        self._lock = threading.Lock()
        self._timer = threading.Timer(seconds, self._cut)
        self._timer.daemon = True

    def __enter__(self) -> Self:
        _running.deadline = self
        self._timer.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._timer.cancel()
        _running.deadline = None
        with self._lock:
            self._forget()

    def watch(self, connection: socket.socket) -> None:
        """Remember what to shut down, at once if the time is up already: a handle of our own on the connection.

        TLS takes over the socket itself, and a proxy's tunnel may wrap that again.
        """
        with self._lock:
            self._forget()
            self._socket = socket.socket(fileno=os.dup(connection.fileno()))
        if self.passed:
            self._cut()

    def _forget(self) -> None:
        if self._socket is not None:
            self._socket.close()
            self._socket = None

    def _cut(self) -> None:
        self.passed = True
        with self._lock:
            if self._socket is not None:
                with contextlib.suppress(OSError):  # it is closed already
                    self._socket.shutdown(socket.SHUT_RDWR)


class DeadlineAdapter(HTTPAdapter):
    """The transport adapter of `requests`, whose connections tell the running deadline of their sockets."""

    def init_poolmanager(self, *args: Any, **kwargs: Any) -> None:
        """Make the pool manager for direct connections."""
        super().init_poolmanager(*args, **kwargs)
        self.poolmanager.pool_classes_by_scheme = _POOLS

    def proxy_manager_for(self, *args: Any, **kwargs: Any) -> Any:
        """Make the pool manager for connections through a proxy."""
        manager = super().proxy_manager_for(*args, **kwargs)
        manager.pool_classes_by_scheme = _POOLS
        return manager


def _tell(connection: socket.socket) -> socket.socket:
    deadline: Deadline | None = getattr(_running, "deadline", None)
    if deadline is not None:
        deadline.watch(connection)
    return connection


@contextlib.contextmanager
def _writing() -> Iterator[None]:
    deadline: Deadline | None = getattr(_running, "deadline", None)
    if deadline is not None:
        deadline.is_connected = True
    yield
    if deadline is not None:
        deadline.on_written()


class _Connection(urllib3.connection.HTTPConnection):
    def _new_conn(self) -> socket.socket:
        return _tell(super()._new_conn())

    def request(self, *args: Any, **kwargs: Any) -> None:
        if self.sock is not None:
            _tell(self.sock)
        with _writing():
            super().request(*args, **kwargs)


class _TLSConnection(urllib3.connection.HTTPSConnection):
    def _new_conn(self) -> socket.socket:
        return _tell(super()._new_conn())

    def request(self, *args: Any, **kwargs: Any) -> None:
        if self.sock is not None:
            _tell(self.sock)
        with _writing():
            super().request(*args, **kwargs)


class _Pool(urllib3.connectionpool.HTTPConnectionPool):
    ConnectionCls = _Connection


class _TLSPool(urllib3.connectionpool.HTTPSConnectionPool):
    ConnectionCls = _TLSConnection


_POOLS = {"http": _Pool, "https": _TLSPool}
