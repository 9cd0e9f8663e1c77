"""Killed at any moment, under several senders: what was answered with 201 is loaded, and loaded once."""

from __future__ import annotations

import random
import shutil
import socket
import threading
import time
from typing import TYPE_CHECKING

import pytest
import requests
from events.receiver import HEADERS, Receiver, loaded, started

if TYPE_CHECKING:
    from pathlib import Path

pytestmark = pytest.mark.long

SENDERS = 8


class Senders:
    """Push numbered events, a fifth of them again, until they are told to stop; note what was answered with 201."""

    def __init__(self, port: int) -> None:
        self._url = f"http://127.0.0.1:{port}/events"
        self._is_over = threading.Event()
        self.stored: set[str] = set()
        self.sent: set[str] = set()
        self.slowest = 0.0
        self._threads = [threading.Thread(target=self._work, args=(number,)) for number in range(SENDERS)]
        for thread in self._threads:
            thread.start()

    def _work(self, number: int) -> None:
        chance = random.Random(number)
        count = 0
        with requests.Session() as http:
            http.trust_env = False
            while not self._is_over.is_set():
                count += chance.random() > 0.2
                name = f"{number}-{count}"
                self.sent.add(name)
                try:
                    begun = time.monotonic()
                    answer = http.post(self._url, json={"name": name, "more": "x" * 300}, headers=HEADERS, timeout=10)
                except requests.RequestException:
                    time.sleep(0.02)
                    continue
                assert answer.status_code in {201, 503}
                self.slowest = max(self.slowest, time.monotonic() - begun)
                if answer.status_code == 201:
                    self.stored.add(name)

    def stop(self) -> None:
        self._is_over.set()
        for thread in self._threads:
            thread.join()


def free_port() -> int:
    with socket.create_server(("127.0.0.1", 0)) as server:
        port: int = server.getsockname()[1]
        return port


def check(folder: Path, senders: Senders) -> None:
    """Read all anew, and beside what was read in between."""
    names = [payload["name"] for payload in loaded(folder)]
    assert len(names) == len(set(names))
    assert senders.stored <= set(names) <= senders.sent


def killed_and_started_again(folder: Path, seconds: float, *arguments: str) -> tuple[Senders, int]:
    """Run receivers one after the other, each for a moment; tell how many there were."""
    port, chance, runs = free_port(), random.Random(8), 0
    senders = Senders(port)
    positions: dict[str, list[object]] = {}
    between: list[str] = []
    end = time.monotonic() + seconds
    while time.monotonic() < end:
        with started(folder, *arguments, port=port) as receiver:
            time.sleep(chance.uniform(0.01, 0.6))
            receiver.process.kill()
        between += [payload["name"] for payload in loaded(folder, positions)]
        runs += 1
    senders.stop()
    between += [payload["name"] for payload in loaded(folder, positions)]
    assert senders.stored <= set(between)
    return senders, runs


def test_killed_again_and_again(tmp_path: Path) -> None:
    """A reader that goes on from its positions after each kill has all of it too."""
    senders, runs = killed_and_started_again(tmp_path, 12, "--segment-seconds", "0.1")
    assert runs > 5
    assert len(senders.stored) > 100
    check(tmp_path, senders)


@pytest.mark.long
@pytest.mark.skipif(not shutil.which("strace"), reason="needs strace")
@pytest.mark.parametrize("call", ["fsync", "write", "rename", "ftruncate", "unlink", "flock"])
def test_killed_at_every_call_of_the_disk(tmp_path: Path, call: str) -> None:
    """Before the first, the second, … of them."""
    port = free_port()
    senders = Senders(port)
    try:
        for number in (*range(1, 9), 13, 21, 34, 55):
            inject = f"inject={call}:signal=SIGKILL:when={number}"
            prefix = ["strace", "-f", "-qq", "-o", "/dev/null", "-e", f"trace={call}", "-e", inject]
            _run_until_killed(tmp_path, prefix, port)
    finally:
        senders.stop()
    assert call in {"unlink", "ftruncate"} or len(senders.stored) > 10
    check(tmp_path, senders)


def _run_until_killed(folder: Path, prefix: list[str], port: int) -> None:
    try:
        with started(folder, "--segment-seconds", "0.1", prefix=prefix, port=port) as receiver:
            _wait(receiver, 2)
    except AssertionError:  # killed before it listened
        return


def _wait(receiver: Receiver, seconds: float) -> None:
    end = time.monotonic() + seconds
    while receiver.process.poll() is None and time.monotonic() < end:
        time.sleep(0.02)


@pytest.mark.long
def test_killed_for_a_minute(tmp_path: Path) -> None:
    senders, runs = killed_and_started_again(tmp_path, 60)
    assert runs > 30
    check(tmp_path, senders)
