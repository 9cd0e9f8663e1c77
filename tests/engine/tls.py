"""A network as companies have it: a server whose certificate a private CA signed, behind a CONNECT proxy."""

from __future__ import annotations

import contextlib
import json
import shutil
import socket
import ssl
import subprocess
import threading
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from socketserver import BaseRequestHandler, ThreadingTCPServer
from typing import TYPE_CHECKING, Any, cast

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

HOST = "api.squadstack.test"
"""No name server knows it: only the proxy gets there."""


def make_certificates(folder: Path) -> tuple[Path, Path, Path]:
    """Make a CA and a certificate of HOST: their files, and the key's."""
    openssl = cast("str", shutil.which("openssl"))
    ca, ca_key, request = folder / "ca.pem", folder / "ca.key", folder / "host.csr"
    certificate, key, extensions = folder / "host.pem", folder / "host.key", folder / "host.ext"
    extensions.write_text(f"subjectAltName=DNS:{HOST}\nbasicConstraints=CA:FALSE\n")
    new = ["req", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1", "-nodes"]
    sign = ["x509", "-req", "-days", "30", "-CAcreateserial"]
    for arguments in (
        [*new, "-x509", "-days", "30", "-subj", "/CN=Our CA", "-keyout", ca_key, "-out", ca],
        [*new, "-subj", f"/CN={HOST}", "-keyout", key, "-out", request],
        [*sign, "-in", request, "-CA", ca, "-CAkey", ca_key, "-extfile", extensions, "-out", certificate],
    ):
        subprocess.run([openssl, *arguments], check=True, capture_output=True)
    return ca, certificate, key


class _Server(ThreadingHTTPServer):
    daemon_threads = True
    block_on_close = False

    def __init__(self, certificate: Path, key: Path) -> None:
        super().__init__(("127.0.0.1", 0), _Handler)
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.load_cert_chain(certificate, key)
        self.context = context
        self.seen: list[tuple[str | None, list[str]]] = []

    def finish_request(self, request: Any, client_address: Any) -> None:
        """Shake hands in the call's own thread; a client that does not trust us hangs up."""
        with contextlib.suppress(OSError), self.context.wrap_socket(request, server_side=True) as wrapped:
            super().finish_request(wrapped, client_address)


class _Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    server: _Server

    def do_POST(self) -> None:
        """Accept every lead, and note the token."""
        leads = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
        self.server.seen.append((self.headers["Authorization"], [lead["lead_id"] for lead in leads]))
        rows = [{"status_code": 200, "data": lead} for lead in leads]
        body = json.dumps({"status": "success", "message": "", "result": rows, "metadata": {}}).encode()
        self.send_response(200)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *_: object) -> None:
        """Say nothing."""


class _Proxy(ThreadingTCPServer):
    daemon_threads = True
    block_on_close = False

    def __init__(self, server_port: int) -> None:
        super().__init__(("127.0.0.1", 0), _Tunnel)
        self.server_port = server_port
        self.asked: list[str] = []


class _Tunnel(BaseRequestHandler):
    server: _Proxy

    def handle(self) -> None:
        """Open the tunnel that is asked for: whatever its host, it ends at our server."""
        client: socket.socket = self.request
        head = b""
        while b"\r\n\r\n" not in head:
            if not (chunk := client.recv(4096)):
                return
            head += chunk
        self.server.asked.append(head.split(b"\r\n", 1)[0].decode())
        with socket.create_connection(("127.0.0.1", self.server.server_port)) as server:
            client.sendall(b"HTTP/1.1 200 Connection established\r\n\r\n")
            back = threading.Thread(target=_pump, args=(server, client), daemon=True)
            back.start()
            _pump(client, server)
            back.join(5)


def _pump(source: socket.socket, target: socket.socket) -> None:
    with contextlib.suppress(OSError):
        while chunk := source.recv(65536):
            target.sendall(chunk)
    with contextlib.suppress(OSError):
        target.shutdown(socket.SHUT_WR)


class Company:
    """The CA's file, the proxy's address, and what both servers saw."""

    def __init__(self, ca: Path, server: _Server, proxy: _Proxy) -> None:
        self.ca = ca
        self.proxy_url = f"http://127.0.0.1:{proxy.server_address[1]}"
        self.seen = server.seen
        self.asked = proxy.asked


@contextlib.contextmanager
def company(folder: Path) -> Iterator[Company]:
    """Run the server and the proxy."""
    ca, certificate, key = make_certificates(folder)
    with _Server(certificate, key) as server, _Proxy(server.server_address[1]) as proxy:
        for one in (server, proxy):
            threading.Thread(target=one.serve_forever, args=(0.02,), daemon=True).start()
        try:
            yield Company(ca, server, proxy)
        finally:
            proxy.shutdown()
            server.shutdown()
