"""What the ledger remembers of a lead: a keyed digest of every field's last accepted value. Pure.

Conversion and disabling are remembered as marks beside the fields. Digests are kept as one text of bytes, since
a row for each field of a million leads would be a database of another size.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, NamedTuple

from squadstack.ledger.digests import NAME_SIZE, VALUE_SIZE

if TYPE_CHECKING:
    from collections.abc import Mapping

    from squadstack.ledger.digests import Digester

_ENTRY = NAME_SIZE + VALUE_SIZE

_CONVERTED, _DISABLED = "\0converted", "\0disabled"
_KEY = "lead_id"


class Memory(NamedTuple):
    """A lead, as it was last accepted.

    Attributes:
        is_known: Whether the API accepted something for it, and no deletion since.
        is_deleted: Whether it accepted a deletion, and nothing else since.
        is_in_doubt: Whether something was sent for it that has no verdict yet.
        values: Digests of its fields, for `stands` and `after`.
        accepted_at: When the record was read by which it stands as it does.
    """

    is_known: bool = False
    is_deleted: bool = False
    is_in_doubt: bool = False
    values: bytes = b""
    accepted_at: float = 0.0


NOTHING = Memory()


def stands(memory: Memory, action: str, payload: Mapping[str, Any], digest: Digester) -> bool:
    """Whether all that an action would do was the last accepted for its lead."""
    if memory.is_in_doubt:
        return False
    if action == "delete":
        return memory.is_deleted
    if not memory.is_known:
        return False
    known = _entries(memory.values)
    return all(known.get(digest.name(name)) == digest.value(value) for name, value in _told(action, payload))


def after(memory: Memory, action: str, payload: Mapping[str, Any], digest: Digester) -> bytes:
    """The digests of a lead after an action on it was accepted."""
    if action == "delete":
        return b""
    known = _entries(memory.values)
    if action not in {"convert", "disable"}:
        for mark in (_CONVERTED, _DISABLED):
            known.pop(digest.name(mark), None)
    known.update((digest.name(name), digest.value(value)) for name, value in _told(action, payload))
    return b"".join(name + value for name, value in known.items())


def _told(action: str, payload: Mapping[str, Any]) -> list[tuple[str, Any]]:
    """What an action says of a lead, by name."""
    match action:
        case "convert":
            return [(_CONVERTED, payload.get("detail"))]
        case "disable":
            return [(_DISABLED, True)]
        case _:
            return [(name, value) for name, value in payload.items() if name != _KEY]


def _entries(values: bytes) -> dict[bytes, bytes]:
    return {
        values[start : start + NAME_SIZE]: values[start + NAME_SIZE : start + _ENTRY]
        for start in range(0, len(values), _ENTRY)
    }
