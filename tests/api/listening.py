"""A listener on loopback that does to each connection what a test says, byte by byte if it likes."""

from __future__ import annotations

import contextlib
import socket
import threading
import time
from typing import TYPE_CHECKING, Self

if TYPE_CHECKING:
    from collections.abc import Callable

DRIP_SECONDS = 4.0
"""How long a drip goes on, unless the client has hung up."""


class Connection:
    """One connection, as the listener sees it."""

    def __init__(self, connection: socket.socket, heads: list[bytes], bodies: list[bytes]) -> None:
        self._socket = connection
        self._heads = heads
        self._bodies = bodies

    def read(self) -> bytes:
        """Read a request, and return its head; nothing if the client hung up."""
        text = b""
        while b"\r\n\r\n" not in text:
            chunk = self._socket.recv(65536)
            if not chunk:
                return b""
            text += chunk
            if text.startswith(b"\x16"):  # TLS: no head will come
                break
        head, _, body = text.partition(b"\r\n\r\n")
        self._heads.append(head)
        _, _, length = head.lower().partition(b"content-length: ")
        while len(body) < int(length.split(b"\r\n")[0] or 0):
            body += self._socket.recv(65536)
        self._bodies.append(body)
        return head

    def send(self, text: bytes) -> None:
        self._socket.sendall(text)

    @property
    def socket(self) -> socket.socket:
        """What lies beneath."""
        return self._socket

    def drip(self, text: bytes, filler: bytes = b"a") -> None:
        """Send a byte every 20 ms: the text first, then filler without end."""
        end = time.monotonic() + DRIP_SECONDS
        while time.monotonic() < end:
            self.send(text[:1] or filler)
            text = text[1:]
            time.sleep(0.02)

    def answer(self, status: int = 200, body: bytes = b"{}", *headers: str) -> None:
        lines = [f"HTTP/1.1 {status} Said", f"Content-Length: {len(body)}", *headers]
        self.send("\r\n".join(lines).encode() + b"\r\n\r\n" + body)


def answer_all(connection: Connection) -> None:
    """Answer 200 until the client hangs up."""
    while connection.read():
        connection.answer()


class Listener:
    """Accepts connections, each in a thread of its own, until the block ends."""

    def __init__(self, handle: Callable[[Connection], None] = answer_all) -> None:
        self._handle = handle
        self._listening = socket.create_server(("127.0.0.1", 0))
        self._threads: list[threading.Thread] = []
        self.port = self._listening.getsockname()[1]
        self.heads: list[bytes] = []
        self.bodies: list[bytes] = []
        self.met = 0
        self.left = 0

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.port}"

    def __enter__(self) -> Self:
        threading.Thread(target=self._accept, daemon=True).start()
        return self

    def __exit__(self, *_: object) -> None:
        with contextlib.suppress(OSError):
            self._listening.shutdown(socket.SHUT_RDWR)
        self._listening.close()

    def wait_until_all_left(self) -> bool:
        """Wait for the clients to hang up; False: some do not."""
        end = time.monotonic() + 3
        while self.left < self.met and time.monotonic() < end:
            time.sleep(0.01)
        return self.left == self.met

    def _accept(self) -> None:
        with contextlib.suppress(OSError):
            while True:
                connection, _ = self._listening.accept()
                self.met += 1
                threading.Thread(target=self._serve, args=(connection,), daemon=True).start()

    def _serve(self, connection: socket.socket) -> None:
        with contextlib.suppress(OSError), connection:
            self._handle(Connection(connection, self.heads, self.bodies))
        self.left += 1
