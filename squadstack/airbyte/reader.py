"""Read Airbyte's messages as the target reads Singer's."""

from __future__ import annotations

from collections import Counter
from typing import TYPE_CHECKING, Any

from squadstack.airbyte.accounts import EVERY, Accounts, Lane
from squadstack.airbyte.states import name_of
from squadstack.exceptions import InputError
from target_squadstack.reader import WakefulReader

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence
    from typing import IO

    from squadstack.airbyte.catalogs import WrittenStream

    Callbacks = dict[str, Callable[[dict[str, Any]], None]]

_OTHERS = ("TRACE", "LOG", "CONTROL", "SPEC", "CATALOG", "CONNECTION_STATUS", "DESTINATION_CATALOG")
"""Messages of the protocol that mean nothing to a destination."""


class Lanes:
    """Which stream a record or a STATE is of: a name that the catalog has once is that stream, whatever its namespace.

    Args:
        streams: Those of the catalog.
    """

    def __init__(self, streams: Sequence[WrittenStream]) -> None:
        self._known = {(stream.namespace, stream.name) for stream in streams}
        counts = Counter(name for _, name in self._known)
        self._single = {name: (namespace, name) for namespace, name in self._known if counts[name] == 1}

    def of_record(self, record: dict[str, Any]) -> Lane:
        """The stream of a record; raises `InputError`, if the catalog has none that fits."""
        name: str = record["stream"]
        lane = self._single.get(name, (_text(record.get("namespace")), name))
        if lane not in self._known:
            msg = f"A record is of stream '{name}', which the catalog does not have, or in no such namespace."
            raise InputError(msg)
        return lane

    def of_state(self, state: dict[str, Any]) -> Lane:
        """The stream that a STATE is of; every one, if it is of none in particular, or of none that there is."""
        stream = state.get("stream")
        name = name_of(stream) if state.get("type") == "STREAM" and isinstance(stream, dict) else None
        if not isinstance(stream, dict) or not isinstance(name, str):
            return EVERY
        lane = (_text(stream["stream_descriptor"].get("namespace")), name)
        return self._single.get(name, lane if lane in self._known else EVERY)


class AirbyteReader(WakefulReader):
    """Hands each message to the target as the Singer message that it stands for.

    Args:
        streams: Those of the catalog: Airbyte sends no schemas.
        accounts: Told of each record and STATE before the target is.
    """

    def __init__(self, streams: Sequence[WrittenStream], accounts: Accounts) -> None:
        super().__init__()
        self._streams = streams
        self._accounts = accounts
        self._lanes = Lanes(streams)
        self._line: str | bytes = b""
        self._callbacks: Callbacks = {}

    def process_lines(self, file_input: IO[str] | None, callbacks: Callbacks) -> Counter[str]:
        """Hand over the schemas of the catalog, then every message.

        Raises:
            InputError: A line is no message; tells its number, never its text.
        """
        self._callbacks = callbacks
        for stream in self._streams:
            callbacks["SCHEMA"]({"type": "SCHEMA", "stream": stream.name, "schema": stream.schema})
        own: Callbacks = {"RECORD": self._take_record, "STATE": self._take_state}
        return super().process_lines(file_input, {**dict.fromkeys(_OTHERS, _ignore), **own})

    def deserialize_json(self, line: str | bytes, number: int = 0) -> dict[str, Any]:
        """A line as a message of a known type, whose body is an object."""
        self._line = line
        message = super().deserialize_json(line, number)
        kind = message["type"] = str(message.get("type", "")).upper()
        if kind not in {"RECORD", "STATE", *_OTHERS}:
            msg = f"Line {number} of the input has a type that no Airbyte message has."
            raise InputError(msg)
        if kind in {"RECORD", "STATE"}:
            _check_body(message.get(kind.lower()), kind, number)
        return message

    def _take_record(self, message: dict[str, Any]) -> None:
        record = message["record"]
        self._accounts.begin_record(self._lanes.of_record(record))
        self._callbacks["RECORD"]({"type": "RECORD", "stream": record["stream"], "record": record["data"]})

    def _take_state(self, message: dict[str, Any]) -> None:
        self._accounts.begin_state(self._lanes.of_state(message["state"]))
        self._callbacks["STATE"]({"type": "STATE", "value": self._line})


def _check_body(body: Any, kind: str, number: int) -> None:
    if not isinstance(body, dict):
        msg = f"Line {number} of the input is a {kind} message without its {kind.lower()}."
        raise InputError(msg)
    if kind == "RECORD" and not ("data" in body and isinstance(body.get("stream"), str)):
        msg = f"Line {number} of the input is a RECORD message that lacks its stream or its data."
        raise InputError(msg)


def _text(namespace: Any) -> str:
    return namespace if isinstance(namespace, str) else ""


def _ignore(_message: dict[str, Any]) -> None:
    """The platform hands messages on that are not for us."""
