"""Two hundred events a second for a minute, a fifth of them repeats, a restart in the middle."""

from __future__ import annotations

import threading
import time
from typing import TYPE_CHECKING

import pytest
import requests
from events.receiver import HEADERS, loaded, started
from events.test_killed import free_port

if TYPE_CHECKING:
    from pathlib import Path

SENDERS, RATE = 20, 200


def send(number: int, port: int, seconds: float, stored: set[str], times: list[float]) -> None:
    """Send at an even pace; what is not answered with 201 is sent again, as SquadStack does."""
    begun = time.monotonic()
    with requests.Session() as http:
        http.trust_env = False
        for count in range(int(seconds * RATE / SENDERS)):
            time.sleep(max(0.0, begun + count * SENDERS / RATE - time.monotonic()))
            name = f"{number}-{count - (count % 5 == 4)}"
            while True:
                at = time.monotonic()
                try:
                    status = http.post(
                        f"http://127.0.0.1:{port}/events", json={"name": name}, headers=HEADERS, timeout=10
                    ).status_code
                except requests.ConnectionError:  # it starts again
                    time.sleep(0.05)
                    continue
                times.append(time.monotonic() - at)
                if status == 201:
                    stored.add(name)
                    break


@pytest.mark.long
def test_a_minute_of_load(tmp_path: Path) -> None:
    """Each 201 is loaded once, and the ninety-ninth of a hundred waits less than a second."""
    seconds, port = 60.0, free_port()
    stored: set[str] = set()
    times: list[float] = []
    arguments = (port, seconds, stored, times)
    threads = [threading.Thread(target=send, args=(number, *arguments)) for number in range(SENDERS)]
    with started(tmp_path, port=port) as receiver:
        for thread in threads:
            thread.start()
        time.sleep(seconds / 2)
        assert receiver.end()[0] == 0
    with started(tmp_path, port=port):
        for thread in threads:
            thread.join()
    names = [payload["name"] for payload in loaded(tmp_path)]
    assert len(names) == len(set(names))
    assert set(names) == stored
    assert len(times) >= seconds * RATE * 0.95
    p99 = sorted(times)[int(len(times) * 0.99)]
    print(f"{len(times)} answers, p99 {p99 * 1000:.1f} ms, longest {max(times) * 1000:.0f} ms")  # noqa: T201 - a figure
    assert p99 < 1
