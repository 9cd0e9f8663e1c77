"""The files of a folder or a bucket."""

from __future__ import annotations

import hashlib
import io
import logging
import os
import time
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from datetime import UTC, datetime
from traceback import walk_tb
from typing import IO, TYPE_CHECKING, Any, Final

from squadstack.events.folders import files_below
from squadstack.exceptions import ConfigurationError, EventsError

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

OPEN: Final = ".open"
"""What the name of a file ends with that the receiver still writes; it is renamed without it."""

_READ: Final = (".jsonl", ".ndjson", ".json")
_STAMPS: Final = ("size", "mtime", "created", "ino", "ETag", "etag", "LastModified", "generation", "updated")
_TIMES: Final = ("mtime", "LastModified", "updated", "last_modified")
_CHANGES: Final = (*_TIMES, "created")
_RACY_SECONDS: Final = 2.0
"""A file that changed so lately may change again without its time telling."""
_LIBRARIES: Final = ("aiobotocore", "aiohttp", "botocore", "fsspec", "gcsfs", "google", "s3fs")
"""What they log holds names of files, and listings; what goes wrong there is told as a sentence of ours."""
_TRIES: Final = 5
_BUFFER: Final = 1 << 20


@dataclass(frozen=True, slots=True)
class File:
    """A file as it was listed.

    Attributes:
        name: Below the place; without the ending of a file that is being written.
        path: Where it lies.
        size: In bytes.
        stamp: Changes when the file does; empty if that cannot be told.
        modified: When it was last written.
    """

    name: str
    path: str
    size: int
    stamp: str
    modified: datetime


class Place:
    """Where events lie.

    Args:
        url: A folder or a bucket, as the setting `events_url` allows it.

    Raises:
        ConfigurationError: What reads it is not installed.
        EventsError: There are no credentials for it.
    """

    def __init__(self, url: str) -> None:
        import fsspec  # noqa: PLC0415 - only where events are read

        for library in _LIBRARIES:
            logging.getLogger(library).setLevel(logging.CRITICAL)
        try:
            with _as_sentence():
                self._files, self._root = fsspec.core.url_to_fs(url, use_listings_cache=False)
        except ImportError:
            extra = "s3" if url.lower().startswith("s3") else "gcs"
            msg = f"To read events_url, install the extra: pip install 'squadstack-connectors[{extra}]'"
            raise ConfigurationError(msg) from None
        self._root = self._root.rstrip("/")

    def files(self) -> list[File]:
        """All files that may hold events, the one that was written first coming first.

        Raises:
            EventsError: The place cannot be listed.
        """
        with _as_sentence():
            found = self._listed()
        files = [self._file(path, facts) for path, facts in found.items() if _is_read(path)]
        return sorted(files, key=lambda file: (file.modified, file.name))

    @contextmanager
    def opened(self, file: File) -> Iterator[IO[bytes] | None]:
        """A file to be read; None if it is gone: then it has another name, which the next listing tells.

        Reading ends where it vanishes or is replaced meanwhile; the next run goes on from there.
        """
        with _as_sentence():
            try:
                handle = io.BufferedReader(self._files.open(file.path, "rb"), _BUFFER)
            except FileNotFoundError:
                handle = None
            try:
                yield handle
            except OSError as error:
                if not _is_outdated(error):
                    raise
            finally:
                if handle is not None:
                    handle.close()

    def _listed(self) -> dict[str, dict[str, Any]]:
        """Files come and go while they are listed: then they are listed again."""
        for _ in range(_TRIES):
            self._files.invalidate_cache()
            try:
                if self._is_local:
                    return files_below(self._root or "/", _is_read)
                found: dict[str, dict[str, Any]] = self._files.find(self._root, detail=True)
            except FileNotFoundError:
                continue
            return found
        msg = "The place of events_url is not there: check the setting, or make the folder."
        raise EventsError(msg)

    @property
    def _is_local(self) -> bool:
        return "file" in self._files.protocol

    def _file(self, path: str, facts: Mapping[str, Any]) -> File:
        name = path.removeprefix(self._root).strip("/").removesuffix(OPEN)
        modified = _moment(next((facts[name] for name in _TIMES if facts.get(name)), None))
        stamp = repr([facts.get(name) for name in _STAMPS]).encode()
        changed = max((_moment(facts[name]) for name in _CHANGES if facts.get(name)), default=modified)
        is_racy = abs(time.time() - changed.timestamp()) < _RACY_SECONDS
        return File(name, path, int(facts.get("size") or 0), "" if is_racy else short_digest(stamp), modified)


def short_digest(data: bytes) -> str:
    """A digest that is short enough to stand in STATE for each file."""
    return hashlib.blake2b(data, digest_size=8).hexdigest()


def _is_read(path: str) -> bool:
    name = path.rpartition("/")[2]
    return not name.startswith((".", "_")) and name.removesuffix(OPEN).lower().endswith(_READ)


def _moment(value: object) -> datetime:
    """A time of a file; one that no calendar has says nothing."""
    with suppress(ValueError, OverflowError, OSError):
        match value:
            case datetime():
                return value.astimezone(UTC)
            case int() | float():
                return datetime.fromtimestamp(value, UTC)
            case str():
                return datetime.fromisoformat(value).astimezone(UTC)
    return datetime.fromtimestamp(0, UTC)


@contextmanager
def _as_sentence() -> Iterator[None]:
    """Have what a file system says told by its kind: its text may hold names and keys."""
    try:
        yield
    except (EventsError, ImportError):
        raise
    except Exception as error:
        if not _is_of_files(error):
            raise
        number = getattr(error, "errno", None)  # the text of a bucket's errors names its files, whatever the number
        cause = os.strerror(number) if number and type(error).__module__ == "builtins" else type(error).__name__
        msg = f"The events cannot be read: {cause}. Check events_url, its permissions and the network."
        raise EventsError(msg) from None


def _is_outdated(error: OSError) -> bool:
    """Whether what is being read is not what was opened any more: s3fs tells so by a kind of its own."""
    return isinstance(error, FileNotFoundError) or type(error).__name__ == "FileExpired"


def _is_of_files(error: Exception) -> bool:
    """Whether a file system raised it, or what it is made of: those of buckets raise errors of many libraries."""
    frames = (frame for frame, _ in walk_tb(error.__traceback__))
    passed = {frame.f_globals.get("__name__", "").partition(".")[0] for frame in frames}
    return isinstance(error, OSError) or not passed.isdisjoint({"fsspec", "gcsfs", "s3fs"})
