"""Whatever is sent to the receiver: the documented answer, bounded memory, and honest senders are served meanwhile."""

from __future__ import annotations

import contextlib
import gzip
import random
import re
import socket
import threading
import time
from typing import TYPE_CHECKING

import pytest
from events.receiver import SECRET, Receiver, started
from events.test_load import SENDERS, send

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

LIMIT = 1 << 20
CROWD, SECONDS = 200, 15
BEARER = f"Authorization: Bearer {SECRET}\r\n".encode()
MOST_GROWTH = 96 << 10
"""Kilobytes of resident memory over what a receiver at rest has."""


def call(headers: bytes = BEARER, body: bytes | None = b'{"a":1}', more: bytes = b"") -> bytes:
    """A call as it goes over the wire; without a body, without a length too."""
    length = b"" if body is None else b"Content-Length: %d\r\n" % len(body)
    return (
        b"POST /events HTTP/1.1\r\nHost: x\r\nConnection: close\r\n" + headers + length + more + b"\r\n" + (body or b"")
    )


def chunked(body: bytes, size: int, headers: bytes = BEARER) -> bytes:
    parts = [body[begin : begin + size] for begin in range(0, len(body), size)]
    sent = b"".join(b"%x;extension=1\r\n%s\r\n" % (len(part), part) for part in parts)
    return call(headers, None, b"Transfer-Encoding: chunked\r\n") + sent + b"0\r\nTrailer: x\r\n\r\n"


def text_of(size: int) -> bytes:
    return b'{"a":"' + b"x" * (size - 8) + b'"}'


BOMB = gzip.compress(gzip.compress(b"0" * (100 << 20)))
WRONG = b"Authorization: Bearer "
CALLS = {
    "no secret": (403, call(b"")),
    "wrong": (403, call(WRONG + b"x" * len(SECRET) + b"\r\n")),
    "prefix": (403, call(WRONG + SECRET[:-1].encode() + b"\r\n")),
    "longer": (403, call(WRONG + SECRET.encode() + b"x\r\n")),
    "non-ASCII": (403, call(WRONG + b"\xff\xfe\xe9\r\n")),
    "no secret, a large body": (403, call(b"", b"x" * (8 << 20))),
    "no secret, chunked": (403, chunked(b"x" * (2 << 20), 1 << 16, b"")),
    "a header of 1 MB": (400, call(BEARER + b"X-More: " + b"x" * LIMIT + b"\r\n")),
    "thousands of headers": (400, call(BEARER + b"X: y\r\n" * 200_000)),
    "a name of 1 MB": (400, b"POST /" + b"x" * LIMIT + b" HTTP/1.1\r\nHost: x\r\n\r\n"),
    "no HTTP": (400, b"\x16\x03\x01\x02\x00\x01\x00" + b"\0" * 100 + b"\r\n\r\n"),
    "no body": (400, call(body=b"")),
    "no body, no length": (400, call(body=None)),
    "the limit": (201, call(body=text_of(LIMIT))),
    "one byte more": (413, call(body=text_of(LIMIT + 1))),
    "the limit, chunked": (201, chunked(text_of(LIMIT), 1 << 16)),
    "one byte more, chunked": (413, chunked(text_of(LIMIT + 1), 1 << 16)),
    "tiny chunks": (201, chunked(text_of(20_000), 1)),
    "a chunk that never comes": (408, call(body=None, more=b"Transfer-Encoding: chunked\r\n") + b"f" * 15 + b"\r\nx"),
    "a length of all sizes": (413, call(body=None, more=b"Content-Length: " + b"9" * 18 + b"\r\n")),
    "a length that is no number": (400, call(body=None, more=b"Content-Length: -1\r\n")),
    "two lengths": (400, call(more=b"Content-Length: 8\r\n")),
    "gzip bomb": (400, call(BEARER + b"Content-Encoding: gzip\r\n", BOMB)),
    "gzip bomb, untold": (400, call(body=BOMB)),
    "gzip bomb, told twice": (400, call(BEARER + b"Content-Encoding: gzip\r\nContent-Encoding: identity\r\n", BOMB)),
    "expecting to go on": (403, call(b"Expect: 100-continue\r\n")),
    "a tower of lists": (400, call(body=b"[" * (LIMIT - 1))),
    "a crowd of objects": (201, call(body=b"[" + b",".join([b'{"a":1}'] * 100_000) + b"]")),
    "a crowd of lists": (201, call(body=b'{"a":[' + b",".join([b"[]"] * 300_000) + b"]}")),
    "a number of 1 MB": (201, call(body=b'{"a":' + b"9" * (LIMIT - 10) + b"}")),
    "another address": (404, call().replace(b"/events", b"/eventz")),
    "another method": (405, call().replace(b"POST", b"TRACE")),
}


def status_of(port: int, sent: bytes) -> int:
    """What is answered to these bytes; 0: nothing."""
    with socket.create_connection(("127.0.0.1", port), timeout=60) as connection:
        with contextlib.suppress(OSError):  # it was answered already
            connection.sendall(sent)
        try:
            answer = connection.recv(65536)
        except ConnectionResetError:
            return 0
    head = answer.partition(b"\r\n")[0].split()
    return int(head[1]) if head else 0


@pytest.fixture(scope="module")
def receiver(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Receiver]:
    with started(tmp_path_factory.mktemp("abused"), "--body-seconds", "2") as one:
        yield one
        assert one.end() == (0, "")


@pytest.mark.parametrize("name", CALLS)
def test_the_documented_answer(receiver: Receiver, name: str) -> None:
    """And the next call is served."""
    status, sent = CALLS[name]
    assert status_of(receiver.port, sent) == status
    assert receiver.push({"after": name}).status_code == 201


def memory_of(receiver: Receiver, name: str) -> int:
    """Kilobytes; `VmRSS` is what it has now, `VmHWM` the most that it ever had."""
    with open(f"/proc/{receiver.process.pid}/status") as status:  # noqa: PTH123 - a file of the kernel
        return next(int(line.split()[1]) for line in status if line.startswith(name))


def abuse(port: int, number: int, is_over: threading.Event, unexpected: list[str]) -> None:
    """Send all kinds of calls, in another order each time."""
    chance = random.Random(number)
    while not is_over.is_set():
        name = chance.choice([name for name in CALLS if "never" not in name])
        expected, sent = CALLS[name]
        if status_of(port, sent) not in {expected, 503}:
            unexpected.append(name)


def drip(port: int, is_over: threading.Event) -> None:
    """A crowd of senders that send a byte a second, and come again when they are cut."""
    crowd: list[socket.socket] = []
    while not is_over.wait(1):
        crowd += [socket.create_connection(("127.0.0.1", port)) for _ in range(CROWD - len(crowd))]
        for connection in list(crowd):
            try:
                connection.sendall(b"x")
            except OSError:
                connection.close()
                crowd.remove(connection)
    for connection in crowd:
        connection.close()


@pytest.mark.long
@pytest.mark.parametrize("is_abused", [False, True])
def test_memory_and_honest_senders(tmp_path: Path, *, is_abused: bool) -> None:
    """Two hundred events a second are stored, with and without abuse beside, and the memory stays within its bounds."""
    stored: set[str] = set()
    times: list[float] = []
    unexpected: list[str] = []
    is_over = threading.Event()
    with started(tmp_path) as receiver:
        port = receiver.port
        assert receiver.push({"name": "first"}).status_code == 201
        base = memory_of(receiver, "VmRSS")
        honest = [threading.Thread(target=send, args=(one, port, SECONDS, stored, times)) for one in range(SENDERS)]
        others = [threading.Thread(target=abuse, args=(port, number, is_over, unexpected)) for number in range(4)]
        others.append(threading.Thread(target=drip, args=(port, is_over)))
        for thread in [*honest, *(others if is_abused else [])]:
            thread.start()
        for thread in honest:
            thread.join()
        is_over.set()
        for thread in others if is_abused else []:
            thread.join()
        time.sleep(0.5)
        grown, kept = memory_of(receiver, "VmHWM") - base, memory_of(receiver, "VmRSS") - base
        assert receiver.end() == (0, "")
    print(f"{base} KB at rest, at most {grown} KB more, {kept} KB more afterwards")  # noqa: T201 - a figure
    print(f"{len(times)} answers, p99 {sorted(times)[int(len(times) * 0.99)] * 1000:.0f} ms")  # noqa: T201 - a figure
    assert unexpected == []
    assert grown < MOST_GROWTH
    written = b"".join(path.read_bytes() for path in tmp_path.iterdir())
    assert stored <= {name.decode() for name in re.findall(rb'"name": "(\d+-\d+)"', written)}
    assert max(times) < 10


@pytest.mark.long
@pytest.mark.parametrize("descriptors", ["128:4096", "128:128"])
def test_a_crowd_beyond_the_descriptors(tmp_path: Path, descriptors: str) -> None:
    """More than there are descriptors for is turned away with 503, in silence, and the next sender is served."""
    prefix = ["prlimit", f"--nofile={descriptors}"]
    with started(tmp_path, "--body-seconds", "2", prefix=prefix) as receiver, contextlib.ExitStack() as crowd:
        for _ in range(200):
            crowd.enter_context(socket.create_connection(("127.0.0.1", receiver.port), timeout=30))
        answers = set()
        deadline = time.monotonic() + 30
        while 201 not in answers:
            assert time.monotonic() < deadline
            answers.add(status_of(receiver.port, call()))
            time.sleep(0.1)
        assert answers <= {0, 201, 503}
        assert receiver.end() == (0, "")
