"""The sockets: reads calls, sends answers whole or as a fault has it."""

from __future__ import annotations

import contextlib
import socket
import socketserver
import struct
import sys
import threading
import traceback
from http import HTTPStatus
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import TYPE_CHECKING, cast

from support.crm import control
from support.crm.answers import Reply
from support.crm.control import Control
from support.crm.visits import Request

if TYPE_CHECKING:
    from support.crm.business import Business

_RESET = struct.pack("ii", 1, 0)  # SO_LINGER on, with no time: close sends RST


class Web(ThreadingHTTPServer):
    """Serves on loopback, a thread for each connection."""

    daemon_threads = True
    block_on_close = False
    request_queue_size = 1024

    def __init__(self, business: Business, port: int = 0) -> None:
        self.business = business
        self.control = Control(business)
        self.workers: dict[threading.Thread, socket.socket] = {}
        super().__init__(("127.0.0.1", port), Handler)

    def server_bind(self) -> None:
        """Bind without looking up the host's name, which may take seconds."""
        socketserver.TCPServer.server_bind(self)
        self.server_name, self.server_port = "127.0.0.1", self.server_address[1]

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.server_port}"

    def process_request(self, request: object, client_address: object) -> None:
        """Serve a connection in a thread that close() can find."""
        connection = cast("socket.socket", request)
        worker = threading.Thread(target=self.process_request_thread, args=(connection, client_address), daemon=True)
        self.workers[worker] = connection
        worker.start()

    def process_request_thread(self, request: object, client_address: object) -> None:
        try:
            super().process_request_thread(request, client_address)  # type: ignore[arg-type]
        finally:
            self.workers.pop(threading.current_thread(), None)

    def shutdown_request(self, request: object) -> None:
        """Close a connection; one that is to be reset must not say goodbye first."""
        connection = cast("socket.socket", request)
        if connection.getsockopt(socket.SOL_SOCKET, socket.SO_LINGER, len(_RESET)) == _RESET:
            connection.close()
        else:
            super().shutdown_request(connection)

    def handle_error(self, *_: object) -> None:
        """Remember a fault of our own; a client that went away is none."""
        if not isinstance(sys.exc_info()[1], ConnectionError):
            self.business.errors.append(traceback.format_exc())

    def close(self) -> None:
        """Stop serving, wake whoever waits, and see every thread off."""
        self.business.closing.set()
        self.business.hold(None)
        self.shutdown()
        self.server_close()
        for worker, connection in list(self.workers.items()):
            with contextlib.suppress(OSError):
                connection.shutdown(socket.SHUT_RDWR)
            worker.join(5)


class Handler(BaseHTTPRequestHandler):
    """One connection, kept alive."""

    protocol_version = "HTTP/1.1"
    disable_nagle_algorithm = True
    server: Web

    def do_POST(self) -> None:
        """Take a call, or an order of the test's."""
        length = int(self.headers.get("Content-Length") or 0)
        body = self.rfile.read(length)
        if len(body) < length:  # the client left in the middle: the call never arrived
            self.close_connection = True
            return
        if self.path.startswith(control.PREFIX):
            done = self.server.control.dispatch(self.path.removeprefix(control.PREFIX), body)
            self._send(Reply(200, done))
            return
        request = Request(
            method=self.command,
            path=self.path,
            authorization=self.headers.get("Authorization", ""),
            content_type=self.headers.get("Content-Type", ""),
            user_agent=self.headers.get("User-Agent", ""),
            body=body,
        )
        self._send(self.server.business.answer(request))

    def __getattr__(self, name: str) -> object:
        """Take every other method in the same way: the business refuses it."""
        if name.startswith("do_"):
            return self.do_POST
        raise AttributeError(name)

    def log_message(self, *_args: object) -> None:
        """Say nothing; the calls are recorded."""

    def _send(self, reply: Reply) -> None:
        """Send an answer in one piece, or mistreat it."""
        match reply.plan.fault:
            case "reset":
                self.connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, _RESET)
            case "lost":
                pass
            case "blackhole":
                self._stay_silent()
            case "truncated":
                self.connection.sendall(self._cut(reply))
            case "drip":
                self._drip(reply)
                return
            case _:
                self.connection.sendall(self._head(reply, "length") + reply.body)
                return
        self.close_connection = True

    def _head(self, reply: Reply, framing: str) -> bytes:
        told = {
            "length": f"Content-Length: {len(reply.body)}",
            "chunked": "Transfer-Encoding: chunked",
            "close": "Connection: close",
        }
        lines = [
            f"HTTP/1.1 {reply.status} {_phrase(reply.status)}",
            f"Date: {self.date_time_string()}",
            f"Content-Type: {reply.content_type}",
            *(f"{name}: {value}" for name, value in reply.headers.items()),
            told[framing],
        ]
        return ("\r\n".join(lines) + "\r\n\r\n").encode("latin-1")

    def _cut(self, reply: Reply) -> bytes:
        framing = reply.plan.framing or reply.options.framing
        head, body = self._head(reply, framing), reply.body
        if framing == "chunked":
            body = b"%x\r\n%b\r\n0\r\n\r\n" % (len(body), body)
        at = reply.options.truncate_at if reply.plan.at is None else reply.plan.at
        if at == "head":
            return head
        if isinstance(at, int):
            return (head + body)[:at]
        return head + body[: int(len(body) * float(at))]

    def _drip(self, reply: Reply) -> None:
        seconds = reply.options.drip_seconds if reply.plan.seconds is None else reply.plan.seconds
        for byte in self._head(reply, "length") + reply.body:
            self.connection.sendall(bytes([byte]))
            if self.server.business.closing.wait(seconds):
                self.close_connection = True
                return

    def _stay_silent(self) -> None:
        """Wait until the client gives up, or the server closes."""
        self.connection.settimeout(0.1)
        while not self.server.business.closing.is_set():
            with contextlib.suppress(TimeoutError):
                self.connection.recv(1, socket.MSG_PEEK)
                return


def _phrase(status: int) -> str:
    try:
        return HTTPStatus(status).phrase
    except ValueError:
        return "Unknown"
