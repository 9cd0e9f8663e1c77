"""How far each file was read, and how to know it again: by what was read of it, never by time or order."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from typing import IO, TYPE_CHECKING, Any, TypeAlias

from squadstack.events.places import short_digest

if TYPE_CHECKING:
    from collections.abc import Iterable

Kept: TypeAlias = dict[str, list[Any]]
"""As STATE has it: digest of a file's name → bytes that were read, their digest, the file's stamp then."""

_BLOCK = 1 << 20


@dataclass(frozen=True, slots=True)
class Position:
    """How far one file was read.

    Attributes:
        offset: So many bytes, from the beginning.
        digest: Of these bytes.
        stamp: The file's when it was listed.
    """

    offset: int = 0
    digest: str = ""
    stamp: str = ""

    def as_kept(self) -> list[Any]:
        """The form for STATE."""
        return [self.offset, self.digest, self.stamp]


class Prefix:
    """The bytes of a file that were read, by their digest."""

    def __init__(self) -> None:
        self._hash = hashlib.blake2b(digest_size=16)
        self.offset = 0

    def add(self, data: bytes) -> None:
        """Note that these were read."""
        self._hash.update(data)
        self.offset += len(data)

    def position(self, stamp: str = "") -> Position:
        """How far it is now."""
        return Position(self.offset, self._hash.hexdigest(), stamp)


def key_of(name: str) -> str:
    """What stands in STATE for a file's name, which may tell something personal."""
    return short_digest(name.encode("utf-8", "surrogatepass"))


def usable(kept: object) -> Kept | None:
    """Positions of a STATE; None if that is not as this room writes it."""
    if not isinstance(kept, dict) or not all(_is_position(value) for value in kept.values()):
        return None
    return dict(kept)


def resume(handle: IO[bytes], positions: Iterable[Position]) -> Prefix:
    """Where to go on in a file: behind the longest of these beginnings that it has; at 0 if it has none.

    The handle stands there afterwards.
    """
    found, prefix = Prefix(), Prefix()
    for position in sorted(positions, key=lambda one: one.offset):
        if not _read_to(handle, prefix, position.offset):
            break
        if prefix.position().digest == position.digest:
            found = _copy(prefix)
    handle.seek(found.offset)
    return found


def _read_to(handle: IO[bytes], prefix: Prefix, offset: int) -> bool:
    while prefix.offset < offset:
        data = handle.read(min(_BLOCK, offset - prefix.offset))
        if not data:
            return False
        prefix.add(data)
    return True


def _copy(prefix: Prefix) -> Prefix:
    copied = Prefix()
    copied._hash, copied.offset = prefix._hash.copy(), prefix.offset  # noqa: SLF001 - one of its own
    return copied


def _is_position(value: object) -> bool:
    match value:
        case [int(offset), str(), str()] if not isinstance(offset, bool):
            return offset >= 0
        case _:
            return False
