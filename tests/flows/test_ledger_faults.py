"""A ledger that cannot be used stops the run with a sentence: what is not written down is not covered."""

from __future__ import annotations

import os
import shutil
import sqlite3
import stat
import sys
from contextlib import closing
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
from flows.scene import CONTACTS, contact
from support import singer

if TYPE_CHECKING:
    from collections.abc import Callable

    from flows.scene import Scene

pytestmark = pytest.mark.long

INPUT = [CONTACTS, contact(1), contact(2, phone_number="1"), singer.state(1)]
SETPRIV = shutil.which("setpriv")
IS_ROOT = os.geteuid() == 0


def _garbage(folder: Path) -> str:
    (folder / "ledger.db").write_bytes(b"Canary 99999, not a database\n" * 500)
    return f"sqlite:///{folder}/ledger.db"


def _foreign(folder: Path) -> str:
    with closing(sqlite3.connect(folder / "ledger.db")) as other:
        other.execute("CREATE TABLE customers (name TEXT)")
    return f"sqlite:///{folder}/ledger.db"


def _beneath_a_file(folder: Path) -> str:
    (folder / "file").touch()
    return f"sqlite:///{folder}/file/ledger.db"


def _a_folder(folder: Path) -> str:
    return f"sqlite:///{folder}"


@pytest.mark.parametrize(
    ("place", "sentence"),
    [
        (_garbage, "is a file that is no database"),
        (_foreign, "points at a database that is no ledger"),
        (_beneath_a_file, "cannot be opened: check the folder"),
        (_a_folder, "cannot be opened"),
        (lambda _: "sqlite://", "must name a file"),
        (lambda _: "canary-token", "must be like sqlite:///path"),
        (lambda _: "oracle://u:canary-token@host/db", "No driver for oracle"),
    ],
    ids=["garbage", "foreign", "beneath a file", "a folder", "in memory", "no address", "no driver"],
)
def test_a_ledger_that_cannot_be_opened(scene: Scene, place: Callable[[Path], str], sentence: str) -> None:
    result = scene.run(INPUT, ledger_url=place(scene.folder))
    assert (result.status, result.stdout) == (1, "")
    assert sentence in result.stderr
    assert scene.server.calls() == []


def test_a_foreign_database_is_left_as_it_is(scene: Scene) -> None:
    _foreign(scene.folder)
    before = (scene.folder / "ledger.db").read_bytes()[100:]
    scene.run(INPUT)
    assert (scene.folder / "ledger.db").read_bytes()[100:] == before


@pytest.mark.skipif(IS_ROOT and SETPRIV is None, reason="permissions do not bind root, and there is no setpriv")
@pytest.mark.parametrize("what", ["folder", "file"])
def test_a_place_that_may_not_be_written(scene: Scene, what: str) -> None:
    if what == "file":
        assert scene.run([CONTACTS, singer.state(0)]).status == 0
        (scene.folder / "ledger.db").chmod(0o400)
    scene.folder.chmod(0o500)
    try:
        result = scene.run(INPUT, command=_bound_by_permissions())
    finally:
        scene.folder.chmod(0o700)
    assert (result.status, result.stdout) == (1, "")
    assert (
        "cannot be created (Permission denied)" if what == "folder" else "The ledger at sqlite:///"
    ) in result.stderr
    assert scene.server.calls() == []


def test_a_ledger_that_fills_up_in_the_middle(scene: Scene) -> None:
    """The disk is full: a reject that cannot be kept is not covered by a STATE, and the run fails."""
    small = ["sh", "-c", 'ulimit -f 800; exec "$0" "$@"', _target()]
    with scene.running(command=small, max_batch_wait_seconds=0) as running:
        running.write(CONTACTS, contact(1), singer.state(1))
        assert running.read_state() == 1
        running.write(contact(2, phone_number="1", padding="x" * 2_000_000), singer.state(2))
        result = running.wait()
    assert (result.status, result.states) == (1, [1])
    assert "The ledger at sqlite:///" in result.stderr
    assert result.summary is not None
    assert (result.summary["accepted"], result.summary["rejected"], result.summary["undelivered"]) == (1, 0, 1)
    assert scene.rejects() == []


def test_a_ledger_that_is_damaged_in_the_middle(scene: Scene) -> None:
    """The lead was accepted, but that could not be written down: it counts as undelivered."""
    scene.server.hold("answer")
    with scene.running(max_batch_wait_seconds=0) as running:
        running.write(CONTACTS, singer.state(0), contact(1), singer.state(1))
        scene.server.wait(lambda: scene.server.held == 1)
        with closing(sqlite3.connect(scene.folder / "ledger.db")) as other:
            other.execute("DROP TABLE squadstack_leads")
        scene.server.release()
        running.close_stdin()
        result = running.wait()
    assert (result.status, result.states) == (1, [0])
    assert "The ledger at sqlite:///" in result.stderr
    assert result.summary is not None
    assert (result.summary["accepted"], result.summary["undelivered"]) == (0, 1)


def test_all_files_are_their_owners_only(scene: Scene) -> None:
    """Whatever the umask: the folder that is made, the ledger, and the files beside it while it is in use."""
    careless = ["sh", "-c", 'umask 000; exec "$0" "$@"', _target()]
    folder = scene.folder / "made" / "private"
    with scene.running(command=careless, ledger_url=f"sqlite:///{folder}/ledger.db") as running:
        running.write(CONTACTS, contact(1, phone_number="1"), singer.state(1))
        assert running.read_state() == 1
        modes = {path.name: stat.filemode(path.stat().st_mode) for path in folder.iterdir()}
        running.close_stdin()
    assert modes == dict.fromkeys(("ledger.db", "ledger.db-shm", "ledger.db-wal"), "-rw-------")
    assert stat.filemode(folder.stat().st_mode) == "drwx------"


def test_a_new_ledger_is_a_warning_and_an_old_one_is_told(scene: Scene) -> None:
    """By default it lies in the working directory: losing it by starting elsewhere must not go unnoticed."""
    first = scene.run([CONTACTS, contact(1)], ledger_url=None)
    assert (
        "WARNING  | squadstack                     | The ledger at sqlite:///.squadstack/ledger.db was just"
        in first.stderr
    )
    second = scene.run([CONTACTS, contact(2)], ledger_url=None)
    assert "The ledger at sqlite:///.squadstack/ledger.db knows 1 leads." in second.stderr
    assert "WARNING" not in second.stderr
    assert (scene.folder / ".squadstack" / "ledger.db").exists()


def _target() -> str:
    return str(Path(sys.executable).with_name("target-squadstack"))


def _bound_by_permissions() -> list[str]:
    """The target, for root without the right to pass over permissions."""
    return [str(SETPRIV), "--bounding-set=-dac_override,-dac_read_search", _target()] if IS_ROOT else [_target()]
