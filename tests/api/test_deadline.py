"""A call is over at its deadline, whatever drips: from the first byte of a proxy to the last of a body."""

from __future__ import annotations

import gc
import socket
import threading
import time
from typing import TYPE_CHECKING

import pytest
from api.listening import Connection, Listener, answer_all

from squadstack.api.client import Client
from squadstack.api.deadline import Deadline
from squadstack.api.messages import Failure, NoAnswerError, Request

if TYPE_CHECKING:
    from collections.abc import Callable

TIMEOUT = 0.3
AT_LAST = 2.0
"""Well before a drip ends by itself."""
CALL = Request("POST", "/voice", b"[]")
TUNNEL = b"HTTP/1.1 200 Connection established\r\n\r\n"
HANDSHAKE = b"\x16\x03\x03\x40\x00"
"""The head of a TLS record of 16 KB."""


@pytest.fixture(autouse=True)
def plain_environment(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("http_proxy", "https_proxy", "all_proxy", "no_proxy"):
        monkeypatch.delenv(name, raising=False)
        monkeypatch.delenv(name.upper(), raising=False)


def seconds_until_cut(client: Client) -> float:
    """Make a call that the deadline must cut, and tell how long it took."""
    began = time.monotonic()
    with pytest.raises(NoAnswerError) as raised:
        client.send(CALL)
    assert raised.value.failure is Failure.TIMEOUT
    return time.monotonic() - began


def drips(*parts: bytes, filler: bytes = b"a") -> Callable[[Connection], None]:
    """Send all parts but the last at once, and drip from there on."""

    def handle(connection: Connection) -> None:
        connection.read()
        for part in parts[:-1]:
            connection.send(part)
            if part == TUNNEL:
                connection.read()
        connection.drip(parts[-1], filler)

    return handle


OK = b"HTTP/1.1 200 OK\r\n"
BODY = OK + b"Content-Length: 100000\r\n\r\n"


@pytest.mark.parametrize(
    "handle",
    [
        pytest.param(drips(b"HTTP/1.1 "), id="status"),
        pytest.param(drips(b"HTTP/1.1 200 O"), id="reason"),
        pytest.param(drips(OK, b"X-Header: "), id="header"),
        pytest.param(drips(OK, b"", filler=b"A: b\r\n"), id="headers"),
        pytest.param(drips(BODY, b"{"), id="body"),
        pytest.param(drips(OK + b"Transfer-Encoding: chunked\r\n\r\n", b"", filler=b"1\r\na\r\n"), id="body in chunks"),
        pytest.param(drips(OK + b"Connection: close\r\n\r\n", b"{"), id="body without length"),
    ],
)
def test_an_answer_that_drips_is_cut(handle: Callable[[Connection], None]) -> None:
    """Though each read is quick; the connection is not kept."""
    with Listener(handle) as server:
        client = Client(server.url, "token", timeout=TIMEOUT)
        assert TIMEOUT <= seconds_until_cut(client) < AT_LAST
        client.close()
        assert server.wait_until_all_left()


@pytest.mark.parametrize(
    "handle",
    [
        drips(b"HTTP/1.1 20"),
        drips(b"HTTP/1.1 200 Connection established\r\n", b"Via: "),
        drips(TUNNEL, HANDSHAKE, filler=b"\0"),
    ],
    ids=["status line", "a header", "handshake in the tunnel"],
)
@pytest.mark.filterwarnings("ignore:unclosed:ResourceWarning")  # urllib3 forgets a socket that was cut before TLS
def test_a_proxy_that_drips_is_cut(handle: Callable[[Connection], None], monkeypatch: pytest.MonkeyPatch) -> None:
    """Its answer to CONNECT is read before there is any connection to the API."""
    with Listener(handle) as proxy:
        monkeypatch.setenv("HTTPS_PROXY", proxy.url)
        client = Client("https://api.squadstack.test", "token", timeout=TIMEOUT)
        assert TIMEOUT <= seconds_until_cut(client) < AT_LAST
        client.close()
        gc.collect()
        assert proxy.wait_until_all_left()


def test_a_handshake_that_drips_is_cut() -> None:
    """TLS takes over the socket, but not our handle on the connection."""
    with Listener(drips(HANDSHAKE, filler=b"\0")) as server:
        client = Client(f"https://127.0.0.1:{server.port}", "token", timeout=TIMEOUT)
        assert TIMEOUT <= seconds_until_cut(client) < AT_LAST
        client.close()


def test_a_kept_connection_has_each_calls_own_deadline() -> None:
    """The deadline of a call that is done cuts nothing; that of a later one on the same connection does."""

    def handle(connection: Connection) -> None:
        for _ in range(2):
            connection.read()
            connection.answer()
        drips(BODY, b"{")(connection)

    with Listener(handle) as server:
        client = Client(server.url, "token", timeout=TIMEOUT)
        assert client.send(CALL).status == 200
        time.sleep(TIMEOUT + 0.1)
        assert client.send(CALL).status == 200
        assert TIMEOUT <= seconds_until_cut(client) < AT_LAST
        assert server.met == 1


def test_each_thread_has_its_own_deadline() -> None:
    """A call that is cut takes no other with it."""

    def handle(connection: Connection) -> None:
        if b"/drip" in connection.read():
            connection.send(BODY)
            connection.drip(b"{")
        connection.answer()
        answer_all(connection)

    with Listener(handle) as server:
        client = Client(server.url, "token", timeout=TIMEOUT)
        failures: list[Failure] = []

        def drip() -> None:
            try:
                client.send(Request("POST", "/drip", b"[]"))
            except NoAnswerError as error:
                failures.append(error.failure)

        thread = threading.Thread(target=drip)
        thread.start()
        while thread.is_alive():
            assert client.send(CALL).status == 200
        assert failures == [Failure.TIMEOUT]


def test_no_handle_is_left() -> None:
    """When the client is closed, the server sees every connection end, cut ones too."""
    with Listener() as server:
        client = Client(server.url, "token", timeout=5)
        for _ in range(5):
            client.send(CALL)
        assert (server.met, server.left) == (1, 0)
        client.close()
        assert server.wait_until_all_left()


def test_a_connection_that_comes_about_too_late_is_cut_at_once() -> None:
    ours, theirs = socket.socketpair()
    with ours, theirs, Deadline(0.01, lambda: None) as deadline:
        while not deadline.passed:
            time.sleep(0.01)
        theirs.settimeout(5)
        deadline.watch(ours)
        assert theirs.recv(1) == b""


def test_a_call_that_is_done_has_not_passed_its_deadline() -> None:
    with Deadline(0.05, lambda: None) as deadline:
        pass
    time.sleep(0.1)
    assert not deadline.passed
