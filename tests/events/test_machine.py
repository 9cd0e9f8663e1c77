"""Receiver and reader together, whatever happens between any two steps: what was stored becomes a row, none is skipped.

Receivers share a folder, are killed and start again; disks fail; files are renamed, late, or get broken lines; a tap
reads now and then, ends early, and may go on from what it and its warehouse had long ago.
"""

from __future__ import annotations

import errno
import json
import os
import shutil
import tempfile
import threading
from pathlib import Path
from typing import TYPE_CHECKING, Any
from unittest import mock

import pytest
from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, rule

from squadstack.events import places
from squadstack.events.payloads import events_of, line_of
from squadstack.events.places import Place
from squadstack.events.positions import usable
from squadstack.events.reader import Broken, Reader
from squadstack.events.store import Store

if TYPE_CHECKING:
    from collections.abc import Callable

AT = "2026-01-01T00:00:00+00:00"
RECEIVERS = st.integers(0, 1)
NUMBERS = st.integers(0, 20)
CALLS = ("write", "fsync", "ftruncate", "rename", "open", "unlink")


def body_of(number: int) -> bytes:
    """An event with an id of its own or without one; sometimes a list of two."""
    one = {"n": number, "text": "x" * (number % 7 * 20)}
    if number % 3:
        one["event_id"] = f"event-{number}"
    return json.dumps([one, {"n": -number - 1}] if number % 5 == 4 else one).encode()


def failing(call: str, after: int) -> Any:
    """Have a call of the operating system fail, after so many that do not, where events are stored."""
    real, count = getattr(os, call), 0

    def fail(*arguments: Any, **more: Any) -> Any:
        nonlocal count
        count += threading.current_thread().name == "events"
        if threading.current_thread().name != "events" or count <= after:
            return real(*arguments, **more)
        if call == "write":
            real(arguments[0], bytes(arguments[1])[: len(arguments[1]) // 2])
        raise OSError(errno.ENOSPC, "No space left on device")

    return mock.patch.object(os, call, fail)


class Machine(RuleBasedStateMachine):
    """A folder of events, two receivers, a tap, and a warehouse that merges rows by their key."""

    def __init__(self) -> None:
        super().__init__()
        self.root = Path(tempfile.mkdtemp())
        self.folder, self.aside = self.root / "events", self.root / "aside"
        self.aside.mkdir()
        self.stores: list[Store] = []
        for _ in range(2):
            self._start()
        self.count = 0
        self.stored: dict[str, Any] = {}
        self.tried: dict[str, int] = {}
        self.rows: dict[str, Any] = {}
        self.times: dict[str, int] = {}
        self.positions: dict[str, Any] = {}
        self.before: list[tuple[str, dict[str, Any]]] = []
        self.may_come_again = False
        self._racy = mock.patch.object(places, "_RACY_SECONDS", 0.0)
        self._racy.start()

    def teardown(self) -> None:
        """At the end all files are there, and the tap reads once more."""
        while any(self.aside.iterdir()):
            self.a_file_comes()
        self.read()
        assert {key: self.rows.get(key) for key in self.stored} == self.stored
        for store in self.stores:
            store.close()
        self._racy.stop()
        shutil.rmtree(self.root)

    def _start(self) -> None:
        self.stores.append(Store(self.folder, segment_seconds=60))

    def _put(self, which: int, body: bytes) -> None:
        """Push; what is answered with 201 must become rows."""
        events = {event.event_id: event.payload for event in events_of(body)}
        self.tried.update({key: self.tried.get(key, 0) + 1 for key in events})
        if self.stores[which].put(line_of(body, AT)).exception(10) is None:
            self.stored.update(events)

    # -- the receivers -------------------------------------------------------------------------------

    @rule(which=RECEIVERS)
    def an_event_comes(self, which: int) -> None:
        self.count += 1
        self._put(which, body_of(self.count))

    @rule(which=RECEIVERS, back=st.integers(0, 5))
    def an_event_comes_again(self, which: int, back: int) -> None:
        self._put(which, body_of(max(self.count - back, 0)))

    @rule(which=RECEIVERS, call=st.sampled_from(CALLS), after=st.integers(0, 2))
    def the_disk_fails(self, which: int, call: str, after: int) -> None:
        """While three events come; a whole line that nobody was told to be stored may stay, or go after it was read."""
        self.may_come_again = True
        with failing(call, after):
            for _ in range(3):
                self.an_event_comes(which)

    @rule(which=RECEIVERS)
    def a_receiver_ends_and_starts(self, which: int) -> None:
        self.stores.pop(which).close()
        self._start()

    @rule(which=RECEIVERS, share=st.floats(0, 1), read=st.booleans())
    def a_receiver_is_killed(self, which: int, share: float, *, read: bool) -> None:
        """While it writes: a part of a line is there, which a tap may see, and then another starts."""
        self.count += 1
        store = self.stores.pop(which)
        segment, store._segment = store._segment, None
        if segment is not None:
            line = line_of(body_of(self.count), AT)
            part = line[: int(share * (len(line) - 2))]
            os.write(segment._file, part)
            os.close(segment._file)
        if read:
            self.read()
        store.close()
        self._start()

    @rule()
    def a_receiver_is_killed_before_its_first_line(self) -> None:
        (self.folder / f"events-{self.count}.jsonl.open").touch()

    # -- the files -----------------------------------------------------------------------------------

    def _closed(self, which: int) -> Path | None:
        """One of the closed files; None if there is none."""
        found = sorted(self.folder.rglob("*.jsonl"))
        return found[which % len(found)] if found else None

    @rule(which=NUMBERS)
    def a_file_is_renamed(self, which: int) -> None:
        if path := self._closed(which):
            (self.folder / "moved").mkdir(exist_ok=True)
            path.rename(self.folder / "moved" / f"{path.stem}-{which}.jsonl")

    @rule(which=NUMBERS)
    def a_file_is_away(self, which: int) -> None:
        """What was read of it may come again when it is back: its position is forgotten."""
        if path := self._closed(which):
            self.may_come_again = True
            path.rename(self.aside / path.name)

    @rule()
    def a_file_comes(self) -> None:
        """Late, beside others that were read; it keeps the time that it has."""
        for path in list(self.aside.iterdir())[:1]:
            path.rename(self.folder / path.name)

    @rule(which=NUMBERS, at=NUMBERS, junk=st.sampled_from([b"junk", b'{"a":', b"\0" * 40, b"\xff", b"[" * 2000, b"{}"]))
    def a_broken_line_gets_in(self, which: int, at: int, junk: bytes) -> None:
        if path := self._closed(which):
            self.may_come_again = True
            lines = path.read_bytes().splitlines(keepends=True)
            lines.insert(at % (len(lines) + 1), junk + b"\n")
            path.write_bytes(b"".join(lines))

    # -- the tap -------------------------------------------------------------------------------------

    @rule()
    def read(self) -> None:
        self._read(lambda _count: True)

    @rule(stop=st.integers(1, 6))
    def a_tap_ends_early(self, stop: int) -> None:
        """Killed after so many rows: the last of them come again."""
        self.may_come_again = True
        self._read(lambda count: count < stop)

    def _read(self, goes_on: Callable[[int], bool]) -> None:
        """Read to the end or to a moment; STATE goes through JSON."""
        found: list[str] = []
        for item in Reader(Place(str(self.folder)), self.positions).items():
            if isinstance(item, Broken):
                continue
            found.append(item.event.event_id)
            self.rows[item.event.event_id] = item.event.payload
            if not goes_on(len(found)):
                break
        assert len(found) == len(set(found))
        self.times.update({key: self.times.get(key, 0) + 1 for key in found})
        assert all(key in self.tried for key in found)
        assert self.may_come_again or all(self.times[key] <= self.tried[key] for key in found)
        kept = json.dumps(self.positions)
        self.positions = usable(json.loads(kept)) or {}
        self.before.append((kept, dict(self.rows)))

    @rule(back=NUMBERS)
    def tap_and_warehouse_are_restored(self, back: int) -> None:
        """As both were after some run: nothing that came since may be missing in the end."""
        if self.before:
            self.may_come_again = True
            kept, rows = self.before[back % len(self.before)]
            self.positions, self.rows = json.loads(kept), dict(rows)


TestMachine = Machine.TestCase
TestMachine.settings = settings(max_examples=150, stateful_step_count=30, deadline=None, derandomize=True)


class LongMachine(Machine):
    """The same for longer, by another chance each time."""


TestLongMachine = LongMachine.TestCase
TestLongMachine.pytestmark = [pytest.mark.long]
TestLongMachine.settings = settings(max_examples=300, stateful_step_count=60, deadline=None, derandomize=True)
