"""The sockets: as little HTTP as is needed, so that thousands of calls take no time."""

from __future__ import annotations

import contextlib
import socket
import socketserver
import struct
import sys
import threading
import traceback
from typing import TYPE_CHECKING, Any, cast

if TYPE_CHECKING:
    from support.responses.business import Business, Reply

_RESET = struct.pack("ii", 1, 0)  # SO_LINGER on, with no time: close sends RST


class Web(socketserver.ThreadingTCPServer):
    """Serves on loopback, a thread for each connection."""

    daemon_threads = True
    block_on_close = False
    allow_reuse_address = True
    request_queue_size = 256

    def __init__(self, business: Business) -> None:
        self.business = business
        self.faults: list[str] = []
        self._connections: set[socket.socket] = set()
        super().__init__(("127.0.0.1", 0), Handler)
        self._thread = threading.Thread(target=self.serve_forever, args=(0.02,), daemon=True)
        self._thread.start()

    def process_request(self, request: Any, client_address: Any) -> None:
        self._connections.add(request)
        super().process_request(request, client_address)

    def shutdown_request(self, request: Any) -> None:
        """Close a connection; one that is to be reset must not say goodbye first."""
        self._connections.discard(request)
        if request.getsockopt(socket.SOL_SOCKET, socket.SO_LINGER, len(_RESET)) == _RESET:
            request.close()
        else:
            super().shutdown_request(request)

    def handle_error(self, request: Any, client_address: Any) -> None:
        """Remember a fault of our own; a client that went away is none."""
        del request, client_address
        if not isinstance(sys.exc_info()[1], OSError):
            self.faults.append(traceback.format_exc())

    def close(self) -> None:
        """Stop serving, and wake whoever waits."""
        self.business.closing.set()
        self.shutdown()
        self.server_close()
        for connection in list(self._connections):
            with contextlib.suppress(OSError):
                connection.shutdown(socket.SHUT_RDWR)
        self._thread.join(5)


class Handler(socketserver.StreamRequestHandler):
    """One connection, kept alive."""

    disable_nagle_algorithm = True

    def handle(self) -> None:
        server = cast("Web", self.server)
        while line := self.rfile.readline():
            method, target, _ = line.decode("latin-1").split(" ", 2)
            headers = {}
            while (header := self.rfile.readline().decode("latin-1").strip()) != "":
                name, _, value = header.partition(":")
                headers[name.lower()] = value.strip()
            body = self.rfile.read(int(headers.get("content-length", 0)))
            if not self._send(server.business.answer(method, target, headers, body)):
                return

    def _send(self, reply: Reply) -> bool:
        """Send an answer, or mistreat it; tell whether the connection lives on."""
        told = {"Content-Type": "application/json", "Content-Length": str(len(reply.body)), **reply.headers}
        head = "".join(f"{name}: {value}\r\n" for name, value in told.items())
        answer = f"HTTP/1.1 {reply.status} Said\r\n{head}\r\n".encode("latin-1") + reply.body
        match reply.mishap:
            case None:
                self.connection.sendall(answer)
            case "truncated":
                self.connection.sendall(answer[: len(answer) - len(reply.body) // 2 - 1])
            case "silent":
                cast("Web", self.server).business.closing.wait(60)
            case _:
                self.connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, _RESET)
        return reply.mishap is None
