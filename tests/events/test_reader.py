"""The reader never skips: whatever happens to the files, each event is found, once a run."""

from __future__ import annotations

import json
import os
import shutil
import sys
import tempfile
import time
from pathlib import Path
from typing import Any

import pytest
from events.receiver import loaded
from fsspec.registry import _registry
from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import Bundle, RuleBasedStateMachine, invariant, rule

from squadstack.events import places
from squadstack.events import reader as reader_module
from squadstack.events.payloads import events_of, line_of
from squadstack.events.places import Place
from squadstack.events.positions import usable
from squadstack.events.reader import Broken, Reader
from squadstack.exceptions import ConfigurationError, EventsError
from squadstack.settings.tap import TapSettings


def line(number: int, **more: Any) -> str:
    return json.dumps({"n": number, **more}) + "\n"


def numbers(folder: Path, positions: Any = None) -> list[int]:
    return [payload["n"] for payload in loaded(folder, positions)]


def broken(folder: Path, positions: Any = None) -> list[Broken]:
    items = Reader(Place(str(folder)), {} if positions is None else positions).items()
    return [item for item in items if isinstance(item, Broken)]


def test_a_file_that_grows(tmp_path: Path) -> None:
    """Only what was added comes, also when a line was added in parts."""
    path, positions = tmp_path / "a.jsonl", {}
    path.write_text(line(1) + line(2) + line(3)[:4])
    assert numbers(tmp_path, positions) == [1, 2]
    assert numbers(tmp_path, positions) == []
    with path.open("a") as file:
        file.write(line(3)[4:] + line(4).strip())
    assert numbers(tmp_path, positions) == [3, 4]
    with path.open("a") as file:
        file.write("\n" + line(5))
    assert numbers(tmp_path, positions) == [5]


def test_a_file_that_comes_late(tmp_path: Path) -> None:
    """Its name and its time lie before those that were read."""
    positions: dict[str, Any] = {}
    (tmp_path / "b.jsonl").write_text(line(1))
    assert numbers(tmp_path, positions) == [1]
    for number, name in ((2, "a.jsonl"), (3, "deep/er/c.ndjson"), (4, "b.json")):
        path = tmp_path / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(line(number))
        os.utime(path, (1_000_000_000, 1_000_000_000))
        assert numbers(tmp_path, positions) == [number]


def test_a_file_that_is_renamed(tmp_path: Path) -> None:
    """It is known again by what it holds, and so is one that took its name."""
    positions: dict[str, Any] = {}
    path = tmp_path / "a.jsonl"
    path.write_text(line(1))
    assert numbers(tmp_path, positions) == [1]
    path = path.rename(tmp_path / "b.jsonl")
    with path.open("a") as file:
        file.write(line(2))
    assert numbers(tmp_path, positions) == [2]
    path.rename(tmp_path / "b.1.jsonl")
    path.write_text(line(3))
    assert numbers(tmp_path, positions) == [3]
    assert len(positions) == 2


def test_a_file_that_is_replaced(tmp_path: Path) -> None:
    """Of the same size, at the same time: it is read whole."""
    positions: dict[str, Any] = {}
    path = tmp_path / "a.jsonl"
    for number in (1, 2, 3):
        path.write_text(line(number))
        os.utime(path, (1_000_000_000 + number // 3, 1_000_000_000 + number // 3))
        found = numbers(tmp_path, positions)
        path.unlink()
        assert found == [number]


def test_an_old_file_is_not_opened_again(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Unless it changed within the last moments: then its times may not tell."""
    path, positions = tmp_path / "a.jsonl", {}
    path.write_text(line(1))
    monkeypatch.setattr(places, "_RACY_SECONDS", 0.05)
    time.sleep(0.1)
    assert numbers(tmp_path, positions) == [1]
    monkeypatch.setattr(Place, "opened", None)
    assert numbers(tmp_path, positions) == []


def test_a_file_that_vanishes_while_others_are_read(tmp_path: Path) -> None:
    """It is read under its new name by the next run."""
    for number in (1, 2):
        (tmp_path / f"{number}.jsonl").write_text(line(number))
        os.utime(tmp_path / f"{number}.jsonl", (number, number))
    positions: dict[str, Any] = {}
    items = Reader(Place(str(tmp_path)), positions).items()
    next(items)
    (tmp_path / "2.jsonl").rename(tmp_path / "3.jsonl")
    assert list(items) == []
    assert numbers(tmp_path, positions) == [2]


def test_a_position_moves_when_the_next_item_is_asked_for(tmp_path: Path) -> None:
    """What a loader did not get before the tap ended comes again."""
    (tmp_path / "a.jsonl").write_text(line(1) + line(2))
    positions: dict[str, Any] = {}
    items = Reader(Place(str(tmp_path)), positions).items()
    next(items)
    assert numbers(tmp_path, dict(positions)) == [1, 2]
    next(items)
    assert numbers(tmp_path, dict(positions)) == [2]


BAD = [b"junk", b"{", b'{"n": 1', b"[1]", b"[]", b"{}", b"null", b"\xff\xfe", b"\x00" * 50, b'{"n": NaN}', b"[" * 5000]


@pytest.mark.parametrize("bad", BAD)
def test_a_broken_line_costs_no_other(tmp_path: Path, bad: bytes) -> None:
    (tmp_path / "a.jsonl").write_bytes(line(1).encode() + bad + b"\n\n  \r\n" + line(2).encode())
    positions: dict[str, Any] = {}
    [found] = broken(tmp_path, positions)
    assert (found.file, found.position, found.text) == ("a.jsonl", len(line(1)), bad + b"\n")
    assert found.reason.endswith(".")
    assert broken(tmp_path, positions) == []
    assert numbers(tmp_path) == [1, 2]
    assert bad.decode("latin-1") not in repr(found) or bad == b"{}"


def test_a_line_that_is_too_long(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(reader_module, "LONGEST_LINE", 100)
    (tmp_path / "a.jsonl").write_text(line(1) + line(2, more="x" * 1000) + line(3) + line(4, more="x" * 80))
    assert [(one.reason, len(one.text)) for one in broken(tmp_path)] == [("It is too long.", 101)]
    assert numbers(tmp_path) == [1, 3, 4]


def test_the_same_event_comes_once(tmp_path: Path) -> None:
    """Whatever the order of its fields, and however it came; the same id with other values comes again."""
    (tmp_path / "a.jsonl").write_text(
        '{"n": 1, "b": 2}\n{"b": 2, "n": 1}\n{"received_at": "x", "event": {"n":1,"b":2}}\n'
    )
    (tmp_path / "b.jsonl").write_text('[{"n": 1, "b": 2}, {"n": 2, "event_id": 7}]\n{"n": 3, "event_id": "7"}')
    assert numbers(tmp_path) == [1, 2, 3]


def test_other_files_are_left_alone(tmp_path: Path) -> None:
    for name in (".a.jsonl", "_SUCCESS.json", "a.csv", "a.jsonl.tmp", "a"):
        (tmp_path / name).write_text(line(1))
    (tmp_path / "b.jsonl.open").write_text(line(2))
    (tmp_path / "c.JSONL").write_text(line(3))
    assert sorted(numbers(tmp_path)) == [2, 3]


def test_when_it_was_received(tmp_path: Path) -> None:
    """The receiver's word counts, else the file's time."""
    path = tmp_path / "a.jsonl"
    path.write_bytes(
        line_of(b'{"n": 1}', "2026-01-02T03:04:05+00:00") + b'{"n": 2}\n{"event":{"n":3},"received_at":"soon"}'
    )
    os.utime(path, (1_000_000_000, 1_000_000_000))
    times = [item.received_at for item in Reader(Place(str(tmp_path)), {}).items()]
    assert times == ["2026-01-02T03:04:05.000000+00:00", *["2001-09-09T01:46:40.000000+00:00"] * 2]


def test_a_place_that_is_not_there(tmp_path: Path) -> None:
    with pytest.raises(EventsError, match="is not there"):
        loaded(tmp_path / "nowhere")
    assert loaded(tmp_path) == []


@pytest.mark.parametrize("url", ["", " ", "http://example.com/a", "memory://a", "zip://a::file://b", "ftp://x"])
def test_addresses_that_cannot_be(url: str) -> None:
    with pytest.raises(ConfigurationError, match="'events_url' must be a folder"):
        TapSettings(auth_token="x", campaign_ids=["c"], events_url=url)


@pytest.mark.parametrize(("url", "extra"), [("s3://bucket/a", "s3"), ("gs://bucket", "gcs")])
def test_a_bucket_without_the_extra(url: str, extra: str, monkeypatch: pytest.MonkeyPatch) -> None:
    TapSettings(auth_token="x", campaign_ids=["c"], events_url=url)
    for module, protocol in (("s3fs", "s3"), ("gcsfs", "gs")):
        monkeypatch.setitem(sys.modules, module, None)
        monkeypatch.delitem(_registry, protocol, raising=False)
    with pytest.raises(ConfigurationError, match=rf"squadstack-connectors\[{extra}\]"):
        Place(url)


@pytest.mark.parametrize("kept", [None, [], 7, {"a": 1}, {"a": [1, "", ""], "b": [True, "", ""]}, {"a": [-1, "", ""]}])
def test_positions_that_make_no_sense(kept: object) -> None:
    assert usable(kept) is None


class Folder(RuleBasedStateMachine):
    """Files come, grow, move, are copied, cut and replaced; a tap reads now and then, and may end early."""

    names = Bundle("names")

    def __init__(self) -> None:
        super().__init__()
        self.folder = Path(tempfile.mkdtemp())
        places._RACY_SECONDS = 0.03
        self.positions: dict[str, Any] = {}
        self.written: set[int] = set()
        self.loaded: set[int] = set()
        self.count = 0

    def teardown(self) -> None:
        self.read()
        places._RACY_SECONDS = 2.0
        assert self.written <= self.loaded
        shutil.rmtree(self.folder)

    def _lines(self, how_many: int) -> bytes:
        numbers = range(self.count, self.count + how_many)
        self.count += how_many
        self.written |= set(numbers)
        return b"".join(line(number).encode() for number in numbers)

    @rule(target=names, name=st.sampled_from("abcdef"), is_open=st.booleans())
    def name(self, name: str, *, is_open: bool) -> Path:
        return self.folder / f"{name}.jsonl{'.open' if is_open else ''}"

    @rule(path=names, how_many=st.integers(1, 4), old=st.booleans())
    def add(self, path: Path, how_many: int, *, old: bool) -> None:
        with path.open("ab") as file:
            if path.stat().st_size and not path.read_bytes().endswith(b"\n"):
                file.write(b"\n")
            file.write(self._lines(how_many))
        self._age(path, old=old)

    @rule(path=names, bad=st.sampled_from(BAD))
    def add_junk(self, path: Path, bad: bytes) -> None:
        with path.open("ab") as file:
            file.write(bad + b"\n")

    @rule(path=names, cut=st.integers(1, 8))
    def add_in_two_parts(self, path: Path, cut: int) -> None:
        """A tap reads in between."""
        with path.open("ab") as file:
            whole = self._lines(1)
            file.write(b"\n" + whole[:cut])
            file.flush()
            self.read()
            file.write(whole[cut:])

    @rule(path=names, to=names)
    def move(self, path: Path, to: Path) -> None:
        """Onto another one only if that was read."""
        if path.exists() and path != to:
            if to.exists():
                self.read()
            path.rename(to)

    @rule(path=names, to=names)
    def copy(self, path: Path, to: Path) -> None:
        if path.exists() and not to.exists():
            shutil.copy(path, to)

    @rule(path=names, old=st.booleans())
    def replace(self, path: Path, *, old: bool) -> None:
        """By another content of the same size, or nearly."""
        if path.exists():
            self.read()
            path.write_bytes(self._lines(max(1, path.read_bytes().count(b"\n"))))
            self._age(path, old=old)

    @rule(path=names)
    def remove(self, path: Path) -> None:
        if path.exists():
            self.read()
            path.unlink()

    @rule(path=names, size=st.integers(0, 40))
    def cut(self, path: Path, size: int) -> None:
        if path.exists():
            self.read()
            os.truncate(path, min(size, path.stat().st_size))

    def _age(self, path: Path, *, old: bool) -> None:
        """Long ago, each time later by a second: a clock that stands still hides nothing but what is told to."""
        if old:
            at = 1_000_000_000 + self.count
            os.utime(path, (at, at))

    @rule()
    def wait(self) -> None:
        """Until the times of files tell whether they changed."""
        time.sleep(0.04)

    @rule()
    def read(self) -> None:
        for item in Reader(Place(str(self.folder)), self.positions).items():
            if not isinstance(item, Broken):
                self.loaded.add(item.event.payload["n"])

    @rule(stop=st.integers(0, 5))
    def read_a_part(self, stop: int) -> None:
        """The tap ends early; its STATE goes through JSON."""
        items = Reader(Place(str(self.folder)), self.positions).items()
        for _, item in zip(range(stop), items, strict=False):
            if not isinstance(item, Broken):
                self.loaded.add(item.event.payload["n"])
        self.positions = usable(json.loads(json.dumps(self.positions))) or {}

    @invariant()
    def nothing_is_made_up(self) -> None:
        assert self.loaded <= self.written


TestFolder = Folder.TestCase
TestFolder.pytestmark = [pytest.mark.long]
TestFolder.settings = settings(max_examples=60, stateful_step_count=25, deadline=None, derandomize=True)


def test_a_hundred_thousand_events(tmp_path: Path) -> None:
    """In seconds; a second run opens nothing."""
    (tmp_path / "a.jsonl").write_text("".join(line(number, text="x" * 200) for number in range(100_000)))
    os.utime(tmp_path / "a.jsonl", (1_000_000_000, 1_000_000_000))
    positions: dict[str, Any] = {}
    begun = time.monotonic()
    assert len(numbers(tmp_path, positions)) == 100_000
    assert time.monotonic() - begun < 30
    assert len(json.dumps(positions)) < 100


def test_what_the_receiver_takes_the_reader_reads() -> None:
    for body in (
        b'{"a": 1}',
        b'[{"a": 1},\r\n{"b": 2}]',
        b'\xef\xbb\xbf{"a":\n"\\n"}',
        b'{"event": {"a": 1}, "received_at": 5}',
    ):
        stored = line_of(body, "2026-01-01T00:00:00+00:00")
        assert stored.count(b"\n") == 1
        expected = [event.payload for event in events_of(body)]
        assert [event.payload for event in events_of(stored)] == expected or b"received_at" in body
