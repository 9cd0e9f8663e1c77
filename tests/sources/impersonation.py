"""A vendor where a tap looks for it: a proxy that answers for the vendor's hosts, TLS included.

No tap has a setting for its API's address. All of them keep to HTTPS_PROXY.
"""

from __future__ import annotations

import json
import ssl
import threading
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import TYPE_CHECKING, Any, Protocol
from urllib.parse import parse_qsl, urlsplit

from sources.certificates import make_certificates

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping
    from pathlib import Path


@dataclass(frozen=True, slots=True)
class Asked:
    """One request of a tap."""

    method: str
    host: str
    path: str
    query: dict[str, str]
    headers: Mapping[str, str]
    body: Any
    """What the JSON of the body holds; None: there is no body."""


class Vendor(Protocol):
    """What is pretended."""

    @property
    def hosts(self) -> tuple[str, ...]:
        """Tell which hosts are the vendor's."""

    def allows(self, asked: Asked) -> bool:
        """Tell whether the request shows the right token."""

    def answer(self, asked: Asked) -> Any:
        """Answer with JSON, or bytes; None: there is no such place."""


@dataclass(frozen=True, slots=True)
class Network:
    """What a tap must be told to meet the vendor's stand-in, and what it did there."""

    env: dict[str, str]
    asked: list[Asked] = field(default_factory=list)
    astray: list[str] = field(default_factory=list)
    """Hosts and places that a stand-in has not."""


class _Proxy(ThreadingHTTPServer):
    daemon_threads = True
    block_on_close = False

    def __init__(self, vendor: Vendor, certificate: Path) -> None:
        super().__init__(("127.0.0.1", 0), _Handler)
        self.vendor = vendor
        self.context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        self.context.load_cert_chain(certificate)
        self.network: Network


class _Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    server: _Proxy

    def do_CONNECT(self) -> None:
        """Open the tunnel, and go on inside of it as the vendor."""
        host = self.path.partition(":")[0]
        if host not in self.server.vendor.hosts:
            self.server.network.astray.append(host)
            self.send_error(502)
            return
        self.send_response(200)
        self.end_headers()
        self.connection = self.server.context.wrap_socket(self.connection, server_side=True)
        self.rfile, self.wfile = self.connection.makefile("rb"), self.connection.makefile("wb", 0)  # type: ignore[assignment]
        self.close_connection = False

    def finish(self) -> None:
        super().finish()
        self.connection.close()

    def do_GET(self) -> None:
        self._serve()

    def do_POST(self) -> None:
        self._serve()

    def _serve(self) -> None:
        asked, vendor, network = self._read(), self.server.vendor, self.server.network
        network.asked.append(asked)
        if not vendor.allows(asked):
            self._send(401, {"message": "no"})
        elif (body := vendor.answer(asked)) is None:
            network.astray.append(f"{asked.method} {asked.host}{asked.path}")
            self._send(404, {"message": "no such place"})
        else:
            self._send(200, body)

    def _read(self) -> Asked:
        parts = urlsplit(self.path)
        text = self.rfile.read(int(self.headers.get("Content-Length", 0)))
        body = json.loads(text) if text else None
        host, query = self.headers["Host"], dict(parse_qsl(parts.query))
        return Asked(self.command, host, parts.path, query, self.headers, body)

    def _send(self, status: int, body: Any) -> None:
        data = body if isinstance(body, bytes) else json.dumps(body).encode()
        self.send_response(status)
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(data)))
        self.end_headers()
        self.wfile.write(data)

    def log_message(self, *_: object) -> None:
        """Say nothing."""


@contextmanager
def impersonated(vendor: Vendor, folder: Path) -> Iterator[Network]:
    """Stand in for a vendor; a tap that went anywhere else fails the test."""
    ca, certificate = make_certificates(folder, vendor.hosts)
    with _Proxy(vendor, certificate) as proxy:
        network = proxy.network = Network(_environment(folder, ca, proxy.server_address[1]))
        threading.Thread(target=proxy.serve_forever, args=(0.02,), daemon=True).start()
        try:
            yield network
        finally:
            proxy.shutdown()
        assert network.astray == []


def _environment(folder: Path, ca: Path, port: int) -> dict[str, str]:
    """Tell what a tap needs to go through the proxy and to trust it.

    Some send by a session of requests, which reads no variable: they find the CA where certifi is said to keep its own.
    """
    (folder / "sitecustomize.py").write_text(f"import certifi\ncertifi.where = lambda: {str(ca)!r}\n")
    trusted = dict.fromkeys(("SSL_CERT_FILE", "REQUESTS_CA_BUNDLE"), str(ca))
    return {"HTTPS_PROXY": f"http://127.0.0.1:{port}", "PYTHONPATH": str(folder), **trusted}
