"""Segments beside other receivers and odd disks: what was answered with 201 has a name, and the store goes on."""

from __future__ import annotations

import errno
import fcntl
import os
import stat
import threading
from typing import TYPE_CHECKING, Any

import pytest
from events.receiver import loaded

from squadstack.events.segments import recover
from squadstack.events.store import Store
from squadstack.exceptions import EventsError

if TYPE_CHECKING:
    from pathlib import Path


def line(number: int) -> bytes:
    return b'{"n": %d}\n' % number


def put(store: Store, *numbers: int) -> set[int]:
    """Put lines one after the other; tell those that were stored."""
    return {number for number in numbers if store.put(line(number)).exception(5) is None}


def stored(folder: Path) -> set[int]:
    return {payload["n"] for payload in loaded(folder)}


def test_another_receiver_starts_between_file_and_lock(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """It takes the empty file away: what is written then must not go into a file without a name."""
    real, count = fcntl.flock, 0

    def lock(file: int, how: int) -> None:
        nonlocal count
        count += 1
        if count == 1:
            recover(tmp_path)
        real(file, how)

    store = Store(tmp_path, segment_seconds=60)
    monkeypatch.setattr(fcntl, "flock", lock)
    kept = put(store, 1, 2, 3)
    store.close()
    assert kept == {2, 3}
    assert stored(tmp_path) == kept


@pytest.mark.parametrize("call", ["close", "fstat", "rename", "unlink"])
def test_the_end_of_a_file_fails(tmp_path: Path, call: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """The thread that stores goes on, and nothing that was stored is lost."""
    real, facts = getattr(os, call), os.fstat

    def fail(*arguments: Any, **more: Any) -> Any:
        is_folder = isinstance(arguments[0], int) and stat.S_ISDIR(facts(arguments[0]).st_mode)
        if threading.current_thread().name != "events" or is_folder:
            return real(*arguments, **more)
        if call == "close":
            real(*arguments, **more)
        raise OSError(errno.EIO, "Input/output error")

    store = Store(tmp_path, segment_seconds=60, segment_bytes=1)
    monkeypatch.setattr(os, call, fail)
    kept = put(store, 1, 2, 3)
    monkeypatch.undo()
    kept |= put(store, 4)
    assert 4 in kept
    assert stored(tmp_path) == kept
    store.close()


def test_a_thread_that_died_is_told(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Nobody waits for it, and health says so."""
    store = Store(tmp_path, segment_seconds=60)
    assert store.is_writable()
    monkeypatch.setattr(store._changed, "wait", lambda _seconds: 1 / 0)
    monkeypatch.setattr(threading, "excepthook", lambda _failure: None)
    put(store, 1)
    store._thread.join(5)
    assert not store.is_writable()
    with pytest.raises(EventsError):
        store.put(line(2)).result(5)


def test_a_new_folder_is_on_disk_too(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Else it might be gone after a loss of power, with all that was stored in it."""
    synced: list[int] = []
    monkeypatch.setattr(os, "fsync", lambda file: synced.append(os.fstat(file).st_ino))
    Store(tmp_path / "deep" / "er", segment_seconds=60).close()
    assert {tmp_path.stat().st_ino, (tmp_path / "deep").stat().st_ino} <= set(synced)
