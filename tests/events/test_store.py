"""The store when the disk fails: whoever waits hears of it, nothing that was stored is lost, and it recovers."""

from __future__ import annotations

import errno
import os
import random
import shutil
import subprocess
import threading
import time
from typing import TYPE_CHECKING, Any

import pytest
from events.receiver import loaded, started

from squadstack.events.segments import recover
from squadstack.events.store import Store
from squadstack.exceptions import EventsError

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path


def line(number: int) -> bytes:
    return b'{"n": %d, "more": "%s"}\n' % (number, b"x" * 50)


def stored(folder: Path) -> set[int]:
    return {payload["n"] for payload in loaded(folder)}


@pytest.fixture
def store(tmp_path: Path) -> Iterator[Store]:
    opened = Store(tmp_path, segment_seconds=60)
    yield opened
    opened.close()


def failing(real: Callable[..., Any], share: float, chance: random.Random) -> Callable[..., Any]:
    """A call of the operating system that fails now and then; a write leaves a part behind."""

    def call(*arguments: Any) -> Any:
        if threading.current_thread().name != "events" or chance.random() > share:
            return real(*arguments)
        if real is WRITE:
            file, data = arguments
            real(file, bytes(data)[: chance.randrange(len(data))])
        raise OSError(errno.ENOSPC, "No space left on device")

    return call


WRITE = os.write


@pytest.mark.parametrize(
    "calls", [["write"], ["fsync"], ["ftruncate", "write"], ["open", "fsync"], ["rename", "write"]]
)
def test_a_disk_that_fails_now_and_then(
    tmp_path: Path, store: Store, calls: list[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    """Each line that is said to be stored is there, whole; the others may be."""
    chance = random.Random(5)
    for call in calls:
        monkeypatch.setattr(os, call, failing(getattr(os, call), 0.3, chance))
    kept = set()
    for number in range(300):
        failure = store.put(line(number)).exception(5)
        if failure is None:
            kept.add(number)
        else:
            assert str(failure) == "Events cannot be stored: No space left on device. Check the folder and its disk."
    assert 50 < len(kept) < 300
    assert kept <= stored(tmp_path)
    monkeypatch.undo()
    store.put(line(1000)).result(5)
    assert store.is_writable()
    store.close()
    recover(tmp_path)
    assert kept | {1000} <= stored(tmp_path)
    assert list(tmp_path.glob("*.open")) == []


def test_many_wait_for_one_fsync(store: Store, monkeypatch: pytest.MonkeyPatch) -> None:
    count = 0

    def slow(_file: int) -> None:
        nonlocal count
        count += 1
        time.sleep(0.05)

    store.put(line(0)).result(5)
    monkeypatch.setattr(os, "fsync", slow)
    for future in [store.put(line(number)) for number in range(1000)]:
        future.result(5)
    assert 1 <= count <= 3


def test_a_disk_that_hangs(store: Store, monkeypatch: pytest.MonkeyPatch) -> None:
    """Nobody is told that anything is stored before it is on disk; what waits does not grow for ever."""
    goes_on, real = threading.Event(), os.fsync

    def hang(file: int) -> None:
        goes_on.wait(30)
        real(file)

    monkeypatch.setattr(os, "fsync", hang)
    waiting = [store.put(b'{"a": "%s"}\n' % (b"x" * (1 << 20))) for _ in range(100)]
    time.sleep(0.3)
    refused = [future for future in waiting if future.done()]
    assert len(refused) > 30
    assert all("wait for the disk" in str(future.exception()) for future in refused)
    goes_on.set()
    for future in waiting:
        assert future in refused or future.result(30) is None


def test_a_segment_ends_when_it_is_large(tmp_path: Path) -> None:
    store = Store(tmp_path, segment_seconds=60, segment_bytes=200)
    for number in range(10):
        store.put(line(number)).result(5)
    store.close()
    assert len(list(tmp_path.glob("*.jsonl"))) > 2
    assert len(stored(tmp_path)) == 10
    with pytest.raises(EventsError):
        store.put(line(11)).result(5)


@pytest.mark.parametrize("tail", [b"", b"{", b'{"n": 3}', b"x" * 200_000])
def test_what_a_killed_receiver_left(tmp_path: Path, tail: bytes) -> None:
    """Whole lines stay; the beginning of one, which nobody was told to be stored, goes."""
    (tmp_path / "events-1.jsonl.open").write_bytes(line(1) + line(2) + tail)
    (tmp_path / "events-2.jsonl.open").write_bytes(tail)
    (tmp_path / "other.jsonl.open").write_bytes(tail)
    recover(tmp_path)
    assert {path.name for path in tmp_path.iterdir()} == {"events-1.jsonl", "other.jsonl.open"}
    assert (tmp_path / "events-1.jsonl").read_bytes() == line(1) + line(2)


@pytest.fixture
def small_disk(tmp_path: Path) -> Iterator[Path]:
    """A disk of 300 KB."""
    folder = tmp_path / "disk"
    folder.mkdir()
    mount = shutil.which("mount")
    if not mount or subprocess.run([mount, "-t", "tmpfs", "-o", "size=300k", "tmpfs", folder], check=False).returncode:
        pytest.skip("cannot mount a disk")
    yield folder
    subprocess.run([str(shutil.which("umount")), folder], check=True)


def remount(folder: Path, option: str) -> None:
    subprocess.run([str(shutil.which("mount")), "-o", f"remount,{option}", folder], check=True)


def test_a_full_disk(small_disk: Path) -> None:
    """503 with Retry-After while it is full; 201 by itself when there is room; nothing that was stored is lost."""
    kept, number = set(), 0
    with started(small_disk / "events") as receiver:
        while True:
            number += 1
            answer = receiver.push({"n": number, "more": "x" * 20_000})
            if answer.status_code == 503:
                break
            assert answer.status_code == 201
            kept.add(number)
        assert answer.headers["Retry-After"] == "5"
        assert receiver.push({"n": -1, "more": "x" * 20_000}).status_code == 503
        health = receiver.url.replace("/events", "/health")
        assert receiver._http.get(health, timeout=5).status_code == 503
        assert kept <= stored(small_disk / "events")
        remount(small_disk, "size=2m")
        assert receiver.push({"n": 1000, "more": "x" * 20_000}).status_code == 201
        assert receiver._http.get(health, timeout=5).status_code == 200
        status, logged = receiver.end()
    assert status == 0
    assert "No space left on device" in logged
    assert "can be stored again" in logged
    assert kept | {1000} <= stored(small_disk / "events")
    assert len(kept) > 5


def test_a_disk_that_becomes_read_only(small_disk: Path) -> None:
    """Its open files cannot be remounted: the receiver starts on it, answers 503, and recovers."""
    folder = small_disk / "events"
    folder.mkdir()
    (folder / "events-1.jsonl.open").write_bytes(line(1) + b"{")
    remount(small_disk, "ro")
    with started(folder) as receiver:
        assert receiver.push({"n": 2}).status_code == 503
        remount(small_disk, "rw")
        assert receiver.push({"n": 2}).status_code == 201
    assert stored(folder) == {1, 2}
