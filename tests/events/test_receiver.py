"""`squadstack receive` over real HTTP: what it answers, and what lies in its folder then."""

from __future__ import annotations

import gzip
import json
import signal
import socket
import threading
import time
from typing import TYPE_CHECKING

import pytest
import requests
from click.testing import CliRunner
from events.receiver import HEADERS, OTHER, SECRET, Receiver, loaded, started

from squadstack.cli.receive import receive

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

CALL = {"lead_id": "1", "campaign_id": "loans", "called_at": "2026-01-01T00:00:00Z", "call_outcome": "Connected"}


@pytest.fixture(scope="module")
def receiver(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Receiver]:
    folder = tmp_path_factory.mktemp("receiver") / "events"
    with started(folder, "--max-body-bytes", "1000", "--body-seconds", "1.5", secrets=f"{SECRET}, {OTHER}") as one:
        yield one
        assert one.process.poll() is None


def test_an_event_is_stored_before_the_answer(tmp_path: Path) -> None:
    """201, a file of the owner's alone; it is renamed at the end, and the end is quiet."""
    with started(tmp_path / "events") as receiver:
        answer = receiver.push(CALL)
        assert (answer.status_code, answer.json()) == (201, {"status": "stored"})
        [path] = (tmp_path / "events").iterdir()
        assert path.name.endswith(".jsonl.open")
        assert (path.stat().st_mode & 0o777, path.parent.stat().st_mode & 0o777) == (0o600, 0o700)
        assert json.loads(path.read_text())["event"] == CALL
        assert loaded(receiver.folder) == [CALL]
        assert receiver.end() == (0, "")
    [path] = (tmp_path / "events").iterdir()
    assert path.name.endswith(".jsonl")
    assert loaded(path.parent) == [CALL]


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
def test_nothing_was_pushed(tmp_path: Path, number: signal.Signals) -> None:
    with started(tmp_path) as receiver:
        receiver.process.send_signal(number)
        assert receiver.process.wait(30) == 0
    assert list(tmp_path.iterdir()) == []


def test_a_file_ends_when_its_time_is_up(tmp_path: Path) -> None:
    with started(tmp_path, "--segment-seconds", "0.2") as receiver:
        assert receiver.push(CALL).status_code == 201
        deadline = time.monotonic() + 10
        while list(tmp_path.glob("*.open")):
            assert time.monotonic() < deadline
            time.sleep(0.05)
        assert receiver.push({**CALL, "lead_id": "2"}).status_code == 201
    assert len(loaded(tmp_path)) == 2


@pytest.mark.parametrize(
    "headers",
    [
        {},
        {"Authorization": "Bearer "},
        {"Authorization": "Bearer wrong-secret-of-the-tests"},
        {"Authorization": f"Bearer {SECRET[:-1]}"},
        {"Authorization": f"Bearer {SECRET}1"},
        {"Authorization": f"Basic {SECRET}"},
        {"Authorization": "Bearer \xe9\xe8"},
        {"X-Api-Key": ""},
        {**HEADERS, "X-Api-Key": SECRET},
    ],
    ids=repr,
)
def test_who_bears_no_secret_is_refused(receiver: Receiver, headers: dict[str, str]) -> None:
    """403, whatever the body: it is not looked at."""
    for body in (b"", json.dumps(CALL).encode(), b"x" * 100_000):
        answer = receiver.push(body, headers)
        assert (answer.status_code, answer.json()) == (403, {"error": "The secret is missing or wrong."})


@pytest.mark.parametrize("secret", [SECRET, OTHER])
def test_each_secret_counts_in_three_places(receiver: Receiver, secret: str) -> None:
    assert receiver.push(CALL, {"Authorization": f"bearer {secret}"}).status_code == 201
    assert receiver.push(CALL, {"X-Api-Key": secret}).status_code == 201
    assert receiver.push(CALL, {}, params={"secret": secret}).status_code == 201


@pytest.mark.parametrize(
    ("body", "reason"),
    [
        (b"", "It is not JSON."),
        (b"{", "It is not JSON."),
        (b'{"a": NaN}', "It is not JSON."),
        (b'{"a": 1}{"b": 2}', "It is not JSON."),
        (b"\xff", "It is not UTF-8."),
        (b"7", "It is no JSON object."),
        (b"[]", "It is no JSON object."),
        (b'[{"a": 1}, 2]', "It is no JSON object."),
        (b"{}", "It is an empty object."),
        (b'{"a":' + b"[" * 100 + b"]" * 100 + b"}", "It is nested too deeply."),
        (b"[" * 900, "It is not JSON."),
    ],
)
def test_what_is_no_event(receiver: Receiver, body: bytes, reason: str) -> None:
    answer = receiver.push(body)
    assert (answer.status_code, answer.json()) == (400, {"error": reason})


def test_what_was_compressed(receiver: Receiver) -> None:
    body = gzip.compress(b"0" * 100_000)
    assert receiver.push(body, {**HEADERS, "Content-Encoding": "gzip"}).status_code == 400


@pytest.mark.parametrize("chunked", [False, True])
def test_the_largest_body(receiver: Receiver, *, chunked: bool) -> None:
    """A body of the limit is taken, one byte more is not, whether its length is told or not."""
    for size, status in ((1000, 201), (1001, 413), (3_000_000, 413)):
        body = json.dumps({"a": "x" * (size - 9)}).encode()
        assert len(body) == size
        data = iter([body]) if chunked else body
        assert requests.post(receiver.url, data=data, headers=HEADERS, timeout=30).status_code == status


@pytest.mark.parametrize("method", ["GET", "PUT", "DELETE", "PATCH", "OPTIONS"])
def test_other_methods(receiver: Receiver, method: str) -> None:
    answer = requests.request(method, receiver.url, headers=HEADERS, data=b"{}", timeout=30)
    assert (answer.status_code, answer.headers["Allow"]) == (405, "POST")


def test_other_addresses_and_health(receiver: Receiver) -> None:
    base = receiver.url.removesuffix("/events")
    assert requests.post(f"{base}/other", headers=HEADERS, timeout=30).status_code == 404
    answer = requests.get(f"{base}/health", timeout=30)
    assert (answer.status_code, answer.json()) == (200, {"status": "ok"})


def test_a_huge_head(receiver: Receiver) -> None:
    assert receiver.push(CALL, {**HEADERS, "X-More": "x" * 10_000}).status_code == 201
    request = b"POST /events HTTP/1.1\r\nHost: x\r\nX-More: " + b"x" * 40_000
    assert receiver.speak(request).startswith(b"HTTP/1.1 400 ")


def test_http_1_0_and_two_calls_at_once(receiver: Receiver) -> None:
    head = f"Host: x\r\nAuthorization: Bearer {SECRET}\r\nContent-Length: 7\r\n".encode()
    old = b"POST /events HTTP/1.0\r\n" + head + b'\r\n{"a":1}'
    assert receiver.speak(old).startswith(b"HTTP/1.1 201 ")
    one = b"POST /events HTTP/1.1\r\n" + head
    answers = receiver.speak(one + b'\r\n{"a":1}' + one + b'Connection: close\r\n\r\n{"a":2}')
    assert answers.count(b"HTTP/1.1 201 ") == 2


def test_a_length_that_is_not_so(receiver: Receiver) -> None:
    head = f"POST /events HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer {SECRET}\r\nContent-Length: 9\r\n\r\n".encode()
    assert receiver.speak(head + b'{"a":1}').startswith(b"HTTP/1.1 408 ")
    assert b"HTTP/1.1 400 " in receiver.speak(head + b'{"a":1  }junk\r\n\r\n')


def test_a_sender_that_leaves(receiver: Receiver) -> None:
    head = f"POST /events HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer {SECRET}\r\nContent-Length: 9\r\n\r\n".encode()
    for sent in (b"", b"POST", head, head + b'{"a"'):
        with socket.create_connection(("127.0.0.1", receiver.port)) as connection:
            connection.sendall(sent)
    assert receiver.push(CALL).status_code == 201


@pytest.mark.long
def test_two_hundred_slow_senders(tmp_path: Path) -> None:
    """Heads and bodies that drip are cut, with 408 where there is something to answer; others are served meanwhile."""
    head = f"POST /events HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer {SECRET}\r\nContent-Length: 900\r\n\r\n".encode()
    with started(tmp_path, "--body-seconds", "3") as receiver:
        slow = [socket.create_connection(("127.0.0.1", receiver.port)) for _ in range(200)]
        for number, connection in enumerate(slow):
            connection.sendall(head if number % 2 else b"POST /events")
        is_over = threading.Event()
        thread = threading.Thread(target=_drip, args=(slow, is_over))
        thread.start()
        times = []
        deadline = time.monotonic() + 6
        while time.monotonic() < deadline:
            begun = time.monotonic()
            assert receiver.push({**CALL, "n": begun}).status_code == 201
            times.append(time.monotonic() - begun)
        is_over.set()
        thread.join()
        assert max(times) < 1
        assert len(times) > 100
        for connection in slow:
            connection.settimeout(5)
            assert connection.recv(100).startswith(b"HTTP/1.1 408 ")
            connection.close()
        with open(f"/proc/{receiver.process.pid}/status") as status:  # noqa: PTH123 - a file of the kernel
            [peak] = [int(line.split()[1]) for line in status if line.startswith("VmHWM")]
        assert peak < 128 * 1024


def _drip(slow: list[socket.socket], is_over: threading.Event) -> None:
    while not is_over.wait(1):
        for connection in slow:
            try:
                connection.sendall(b"x")
            except OSError:
                continue


def test_a_call_under_way_is_answered_at_the_end(tmp_path: Path) -> None:
    head = f"POST /events HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer {SECRET}\r\nContent-Length: 7\r\n\r\n".encode()
    with started(tmp_path) as receiver:
        with socket.create_connection(("127.0.0.1", receiver.port)) as connection:
            connection.sendall(head + b'{"a"')
            time.sleep(0.3)
            receiver.process.terminate()
            time.sleep(0.3)
            connection.sendall(b":1}")
            assert connection.recv(1000).startswith(b"HTTP/1.1 201 ")
        assert receiver.process.wait(30) == 0
    assert loaded(tmp_path) == [{"a": 1}]


def test_several_events_in_one_body(tmp_path: Path) -> None:
    """A list is stored as a whole; values stay as they came, whatever their form."""
    body = b'\xef\xbb\xbf[\r\n  {"a": 1.10,\n "b": "\xc3\xa9\\ud800"},\n {"n": 123456789012345678901234567890}\n]'
    with started(tmp_path) as receiver:
        assert receiver.push(body).status_code == 201
    assert loaded(tmp_path) == [{"a": 1.1, "b": "\u00e9\ufffd"}, {"n": "123456789012345678901234567890"}]


def test_two_receivers_share_a_folder(tmp_path: Path) -> None:
    """Each writes its own file; neither closes the other's."""
    with started(tmp_path) as one, started(tmp_path) as other:
        for receiver in (one, other, one):
            assert receiver.push({"from": receiver.port}).status_code == 201
        with started(tmp_path):
            assert len(list(tmp_path.glob("*.open"))) == 2
        assert one.push({"from": "one"}).status_code == 201
        assert {one.end()[0], other.end()[0]} == {0}
    assert len(loaded(tmp_path)) == 3


@pytest.mark.parametrize(
    ("secrets", "sentence"),
    [
        ("", "must hold one secret"),
        (",", "must hold one secret"),
        (f"{SECRET},{OTHER},{SECRET}3", "must hold one secret"),
        ("short", "must have 16 to 512"),
        ("\xe9" * 20, "must have 16 to 512"),
    ],
)
def test_secrets_that_nobody_should_use(
    tmp_path: Path, secrets: str, sentence: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("SQUADSTACK_RECEIVE_SECRETS", secrets)
    result = CliRunner().invoke(receive, ["--folder", str(tmp_path)])
    assert result.exit_code == 1
    assert sentence in result.output
    assert not secrets.strip(",") or secrets not in result.output


def test_a_folder_or_a_port_that_cannot_be(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SQUADSTACK_RECEIVE_SECRETS", SECRET)
    (tmp_path / "file").touch()
    result = CliRunner().invoke(receive, ["--folder", str(tmp_path / "file" / "x")])
    assert "Events cannot be stored: Not a directory." in result.output
    with socket.create_server(("127.0.0.1", 0)) as taken:
        result = CliRunner().invoke(receive, ["--folder", str(tmp_path), "--port", str(taken.getsockname()[1])])
    assert "Address already in use" in result.output
