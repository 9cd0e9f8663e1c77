"""A file of lines that are on disk when `append` returns; it is renamed when nothing more will be added.

`events-TIME-RANDOM.jsonl.open` is being written, by whoever holds its lock; `events-TIME-RANDOM.jsonl` is closed.
"""

from __future__ import annotations

import contextlib
import errno
import fcntl
import os
import secrets
import time
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Final

from squadstack.events.places import OPEN

if TYPE_CHECKING:
    from pathlib import Path

_FLAGS: Final = os.O_CREAT | os.O_EXCL | os.O_WRONLY | os.O_APPEND | os.O_CLOEXEC
_BLOCK: Final = 1 << 16


class Segment:
    """A new file, locked.

    Args:
        folder: Where it lies.

    Attributes:
        size: Bytes that are on disk.
        began: When it was made, by the monotonic clock.

    Raises:
        OSError: It cannot be made durably.
    """

    def __init__(self, folder: Path) -> None:
        name = f"events-{datetime.now(UTC):%Y%m%dT%H%M%S}-{secrets.token_hex(4)}.jsonl"
        self._path = folder / f"{name}{OPEN}"
        self._file = os.open(self._path, _FLAGS, 0o600)
        self.size = 0
        self.began = time.monotonic()
        try:
            fcntl.flock(self._file, fcntl.LOCK_EX | fcntl.LOCK_NB)
            if not os.fstat(self._file).st_nlink:  # a receiver that started just now took it for one left behind
                raise FileNotFoundError(errno.ENOENT, os.strerror(errno.ENOENT))
            sync_folder(folder)
        except OSError:
            self.close()
            raise

    def append(self, lines: bytes) -> None:
        """Add lines; they are on disk afterwards. After an `OSError` the segment must be closed."""
        rest = memoryview(lines)
        while rest:
            rest = rest[os.write(self._file, rest) :]
        os.fsync(self._file)
        self.size += len(lines)

    def close(self) -> None:
        """Take away what is not known to be on disk, and rename the file; what fails here the next start mends."""
        with contextlib.suppress(OSError):
            if os.fstat(self._file).st_size != self.size:
                os.ftruncate(self._file, self.size)
                os.fsync(self._file)
            _put_away(self._path, is_empty=self.size == 0)
        with contextlib.suppress(OSError):
            os.close(self._file)


def recover(folder: Path) -> None:
    """Close the segments that nobody writes any more: those of a receiver that was killed.

    Raises:
        OSError: One of them cannot be written or renamed; nothing is lost by that.
    """
    for path in sorted(folder.glob(f"events-*{OPEN}")):
        with contextlib.suppress(FileNotFoundError, BlockingIOError):  # somebody closed it just now, or writes it
            file = os.open(path, os.O_RDWR | os.O_CLOEXEC)
            try:
                fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
                _put_away(path, is_empty=_cut(file) == 0)
            finally:
                os.close(file)


def _cut(file: int) -> int:
    """Take away an unfinished line at the end, which nobody was told to be stored; tells the size."""
    size = end = os.fstat(file).st_size
    while end:
        begin = max(end - _BLOCK, 0)
        block = os.pread(file, end - begin, begin)
        end = begin + block.rfind(b"\n") + 1
        if b"\n" in block:
            break
    if end != size:
        os.ftruncate(file, end)
        os.fsync(file)
    return end


def _put_away(path: Path, *, is_empty: bool) -> None:
    if is_empty:
        path.unlink()
    else:
        path.rename(path.with_name(path.name.removesuffix(OPEN)))
    sync_folder(path.parent)


def sync_folder(folder: Path) -> None:
    """Have what was made, renamed or removed in a folder on disk."""
    file = os.open(folder, os.O_RDONLY | os.O_DIRECTORY)
    try:
        os.fsync(file)
    finally:
        os.close(file)
