"""STATE as Airbyte writes it: its stream, its acknowledgement, and what it keeps of the tap's bookmarks."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import msgspec

if TYPE_CHECKING:
    from collections.abc import Iterator

    from squadstack.airbyte.accounts import Covered
    from squadstack.airbyte.output import Message, Output

_members = msgspec.json.Decoder(dict[str, msgspec.Raw])
_encode = msgspec.json.Encoder().encode


class Acknowledgements:
    """Writes each STATE back as it came, with what became of its records; the target's `States`.

    Args:
        output: Where to.
    """

    def __init__(self, output: Output) -> None:
        self._output = output

    def offer(self, states: list[Covered]) -> None:
        """Acknowledge STATEs, in order."""
        for covered in states:
            counts = {"recordCount": float(covered.committed), "rejectedRecordCount": float(covered.rejected)}
            self._output.write_line(acknowledged(covered.state, counts))

    def write_due(self, *, at_once: bool = False) -> None:
        """Nothing ever waits."""


def acknowledged(line: bytes | str, counts: dict[str, float]) -> bytes:
    """A line that holds a STATE, with `destinationStats`; all else stays as it was written, to the last digit."""
    try:
        message = _members.decode(line)
        state = _members.decode(message["state"])
    except (msgspec.DecodeError, UnicodeError):  # what msgspec does not read, such as a lone surrogate
        plain = json.loads(line)
        plain["state"]["destinationStats"] = _with(plain["state"].get("destinationStats"), counts)
        return json.dumps(plain).encode()
    told = msgspec.json.decode(state.get("destinationStats", b"{}"))
    state["destinationStats"] = msgspec.Raw(_encode(_with(told, counts)))
    message["state"] = msgspec.Raw(_encode(state))
    return _encode(message)


def _with(told: Any, counts: dict[str, float]) -> dict[str, Any]:
    return {**(told if isinstance(told, dict) else {}), **counts}


def bookmarks_of(states: Any) -> Any:
    """The tap's STATE, of the STATEs that the platform kept; what is of another shape the tap judges."""
    if isinstance(states, dict):
        return states
    messages = states if isinstance(states, list) else []
    return {"bookmarks": {name: state for message in messages for name, state in _kept(message)}}


def _kept(message: Any) -> Iterator[tuple[str, Any]]:
    """Streams with what was kept of them; a message is there with or without its envelope."""
    if not isinstance(message, dict):
        return
    if isinstance(message.get("state"), dict):
        message = message["state"]
    shared = message.get("global")
    several = shared.get("stream_states") if isinstance(shared, dict) else [message.get("stream")]
    for one in several if isinstance(several, list) else []:
        name = name_of(one) if isinstance(one, dict) else None
        if isinstance(one, dict) and isinstance(name, str) and one.get("stream_state") is not None:
            yield name, one["stream_state"]
    if isinstance(data := message.get("data"), dict) and isinstance(data.get("bookmarks"), dict):
        yield from data["bookmarks"].items()


def name_of(stream: dict[str, Any]) -> Any:
    """The name of the stream that a STATE is of."""
    descriptor = stream.get("stream_descriptor")
    return descriptor.get("name") if isinstance(descriptor, dict) else None


def state_of(stream: str, kept: Any, records: int) -> Message:
    """The STATE of a stream of the source, with how many records came since its last one."""
    return {
        "type": "STATE",
        "state": {
            "type": "STREAM",
            "stream": {"stream_descriptor": {"name": stream}, "stream_state": kept},
            "sourceStats": {"recordCount": float(records)},
        },
    }
