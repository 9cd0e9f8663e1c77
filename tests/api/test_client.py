"""What goes over the wire, by which way, and what is said when nothing comes back."""

from __future__ import annotations

import contextlib
import shutil
import socket
import ssl
from typing import TYPE_CHECKING

import pytest
from api.listening import Connection, Listener
from engine.tls import HOST, make_certificates

from squadstack.api import client as client_module
from squadstack.api.client import Client, default_user_agent
from squadstack.api.messages import Failure, NoAnswerError, Request
from squadstack.settings.target import TargetSettings

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

CALL = Request("POST", "/voice/crm?a=b", b'[{"lead_id": "1"}]')


@pytest.fixture(autouse=True)
def plain_environment(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """No proxy, no CA and no netrc but those of the test."""
    for name in ("http_proxy", "https_proxy", "all_proxy", "no_proxy", "REQUESTS_CA_BUNDLE", "CURL_CA_BUNDLE"):
        monkeypatch.delenv(name, raising=False)
        monkeypatch.delenv(name.upper(), raising=False)
    monkeypatch.setenv("NETRC", str(tmp_path / "none"))


@contextlib.contextmanager
def client_of(url: str) -> Iterator[Client]:
    client = Client(url, "our-token", timeout=5)
    yield client
    client.close()


def header(head: bytes, name: str) -> str | None:
    lines = head.decode().splitlines()[1:]
    found = dict(line.split(": ", 1) for line in lines)
    return {key.lower(): value for key, value in found.items()}.get(name.lower())


def failure_of(client: Client) -> Failure:
    with pytest.raises(NoAnswerError) as raised:
        client.send(CALL)
    assert str(raised.value) == raised.value.failure.value
    return raised.value.failure


# -- a call ----------------------------------------------------------------------------------------------


def test_a_call_and_its_answer() -> None:
    """Path, query and body as they are, the token as bearer, and whatever the status: the whole answer."""

    def handle(connection: Connection) -> None:
        while connection.read():
            connection.answer(418, b"x" * 200_000, "Retry-After: 7", "X-Both: 1")

    with Listener(handle) as server, client_of(server.url) as client:
        response = client.send(CALL)
        assert (response.status, len(response.body)) == (418, 200_000)
        assert (response.headers["retry-after"], response.headers["x-both"]) == ("7", "1")
        (head,) = server.heads
        assert head.startswith(b"POST /voice/crm?a=b HTTP/1.1\r\n")
        assert header(head, "Authorization") == "Bearer our-token"
        assert header(head, "Content-Type") == "application/json"
        assert header(head, "User-Agent") == default_user_agent()
        assert server.bodies == [CALL.body]


def test_the_client_that_the_settings_describe() -> None:
    with Listener() as server:
        settings = TargetSettings(auth_token="our-token", api_url=f"{server.url}/", user_agent="ours/1")
        client = Client.of(settings)
        assert client.send(CALL).status == 200
        client.close()
    assert header(server.heads[0], "User-Agent") == "ours/1"


def test_the_connection_is_kept() -> None:
    with Listener() as server, client_of(server.url) as client:
        assert [client.send(CALL).status for _ in range(3)] == [200] * 3
        assert server.met == 1


def test_a_redirect_is_not_followed() -> None:
    """The token must not go where an answer points."""
    with Listener() as elsewhere:

        def handle(connection: Connection) -> None:
            connection.read()
            connection.answer(307, b"", f"Location: {elsewhere.url}/voice")

        with Listener(handle) as server, client_of(server.url) as client:
            assert client.send(CALL).status == 307
        assert (len(server.heads), elsewhere.met) == (1, 0)


def test_a_netrc_does_not_replace_the_token(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Neither an entry of the host's nor a default one."""
    for entry in ("machine 127.0.0.1", "default"):
        (tmp_path / "netrc").write_text(f"{entry}\nlogin someone\npassword else\n")
        (tmp_path / "netrc").chmod(0o600)
        monkeypatch.setenv("NETRC", str(tmp_path / "netrc"))
        with Listener() as server, client_of(server.url) as client:
            client.send(CALL)
        assert header(server.heads[0], "Authorization") == "Bearer our-token"


# -- proxies ---------------------------------------------------------------------------------------------


def refuse(connection: Connection) -> None:
    """Open no tunnel, and answer no call."""
    connection.read()
    connection.answer(403)


@pytest.mark.parametrize("name", ["HTTP_PROXY", "http_proxy", "ALL_PROXY", "all_proxy", "HTTPS_PROXY"])
def test_clear_text_goes_to_no_proxy(name: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """http:// is for loopback, and the token for nobody between."""
    with Listener(refuse) as proxy, Listener() as server:
        monkeypatch.setenv(name, proxy.url)
        with client_of(server.url) as client:
            assert client.send(CALL).status == 200
        assert (proxy.met, server.met) == (0, 1)


@pytest.mark.parametrize(
    ("name", "scheme"),
    [
        ("HTTPS_PROXY", "https"),
        ("https_proxy", "https"),
        ("HTTPS_PROXY", "HTTPS"),
    ],
)
def test_a_proxy_gets_no_more_than_the_hosts_name(name: str, scheme: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """One that opens no tunnel is no connection at all: the call did nothing."""
    with Listener(refuse) as proxy:
        monkeypatch.setenv(name, proxy.url)
        with client_of(f"{scheme}://127.0.0.1:9") as client:
            assert failure_of(client) is Failure.REFUSED
        (head,) = proxy.heads
        assert head.startswith(b"CONNECT 127.0.0.1:9 HTTP/1")
        assert b"our-token" not in head


@pytest.mark.parametrize("exempt", ["127.0.0.1", "127.0.0.0/8", "*"])
def test_hosts_of_no_proxy_are_reached_directly(exempt: str, monkeypatch: pytest.MonkeyPatch) -> None:
    with Listener(refuse) as proxy, Listener(refuse) as server:
        monkeypatch.setenv("HTTPS_PROXY", proxy.url)
        monkeypatch.setenv("NO_PROXY", exempt)
        with client_of(f"https://127.0.0.1:{server.port}") as client:
            assert failure_of(client) is Failure.TLS
        assert proxy.met == 0
        assert server.heads[0].startswith(b"\x16\x03")


def test_the_environment_is_read_once(monkeypatch: pytest.MonkeyPatch) -> None:
    """A client keeps the way that it was made with."""
    with Listener(refuse) as proxy, Listener(refuse) as server:
        with client_of(f"https://127.0.0.1:{server.port}") as client:
            monkeypatch.setenv("HTTPS_PROXY", proxy.url)
            failure_of(client)
        assert (proxy.met, server.met) == (0, 1)


def test_a_private_ca_is_taken_from_the_environment(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """And TLS is always checked."""
    with client_of(f"https://{HOST}") as client:
        assert client._session.verify is True
    monkeypatch.setenv("REQUESTS_CA_BUNDLE", str(tmp_path / "ca.pem"))
    with client_of(f"https://{HOST}") as client:
        assert client._session.verify == str(tmp_path / "ca.pem")


# -- no answer -------------------------------------------------------------------------------------------


def silent(connection: Connection) -> None:
    connection.read()


def half(connection: Connection) -> None:
    connection.read()
    connection.send(b'HTTP/1.1 200 OK\r\nContent-Length: 100\r\n\r\n{"result"')


def nonsense(connection: Connection) -> None:
    connection.read()
    connection.send(b"SSH-2.0-OpenSSH\r\n\r\n")


@pytest.mark.parametrize("handle", [silent, half, nonsense])
def test_an_answer_that_is_not_all_there(handle: object) -> None:
    """Nobody knows whether the call was carried out."""
    with Listener(handle) as server, client_of(server.url) as client:  # type: ignore[arg-type]
        assert failure_of(client) is Failure.BROKEN


def test_an_absurdly_large_answer_is_none(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(client_module, "_LARGEST_ANSWER", 1000)

    def handle(connection: Connection) -> None:
        connection.read()
        connection.answer(200, b"x" * 1001)

    with Listener(handle) as server, client_of(server.url) as client:
        assert failure_of(client) is Failure.BROKEN


def test_a_host_that_is_not_there() -> None:
    with Listener() as server:
        pass
    for url in (server.url, f"https://127.0.0.1:{server.port}"):
        with client_of(url) as client:
            assert failure_of(client) is Failure.REFUSED


@pytest.mark.skipif(shutil.which("openssl") is None, reason="openssl makes the certificates")
@pytest.mark.filterwarnings("ignore:unclosed:ResourceWarning")
@pytest.mark.parametrize("head", [b"", b"HTTP/1.1 200 OK\r\nContent-Length: 1000\r\n\r\n{"], ids=["no head", "a head"])
def test_a_tls_connection_that_breaks_after_the_call_was_sent(
    head: bytes, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Nobody knows whether it was carried out; only a handshake that fails is a call that did nothing."""
    ca, certificate, key = make_certificates(tmp_path)
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(certificate, key)

    def handle(connection: Connection) -> None:
        connection.read()
        connection.send(b"HTTP/1.1 200 Connection established\r\n\r\n")
        with connection.socket.dup() as raw, context.wrap_socket(connection.socket, server_side=True) as secure:
            while not secure.recv(65536).endswith(CALL.body):
                pass
            secure.sendall(head)
            raw.sendall(b"\x17\x03\x03\x00\x20" + b"x" * 32)  # a record that nobody encrypted
            raw.shutdown(socket.SHUT_RDWR)

    with Listener(handle) as proxy:
        monkeypatch.setenv("HTTPS_PROXY", proxy.url)
        monkeypatch.setenv("REQUESTS_CA_BUNDLE", str(ca))
        with client_of(f"https://{HOST}") as client:
            assert failure_of(client) is Failure.BROKEN


def test_a_host_that_speaks_no_tls() -> None:
    with Listener(nonsense) as server, client_of(f"https://127.0.0.1:{server.port}") as client:
        assert failure_of(client) is Failure.TLS
