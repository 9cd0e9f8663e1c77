"""Read Singer messages from standard input, awake to what happens meanwhile.

The SDK's reader blocks in `readline`: while the tap is silent it would see neither a signal, nor a STATE that
has become due, nor a failed run. This one waits for input and for a wake-up at once.
"""

from __future__ import annotations

import contextlib
import json
import os
import select
import sys
from collections import Counter
from decimal import Decimal
from typing import IO, TYPE_CHECKING, Any

import msgspec
from singer_sdk.singerlib.encoding.base import GenericSingerReader

from squadstack.exceptions import InputError

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

_CHUNK = 1 << 18
_decoder = msgspec.json.Decoder()

_NEEDS = {"ACTIVATE_VERSION": {"stream", "version"}, "BATCH": {"stream", "encoding", "manifest"}}
"""What the SDK takes for granted."""


class WakefulReader(GenericSingerReader[str]):
    """The target's message reader.

    Attributes:
        on_idle: Called when there is nothing to read, when woken, and at least every second.
        is_over: Asked before each message; True ends the reading.
    """

    default_input = sys.stdin
    on_idle: Callable[[], None] = staticmethod(lambda: None)
    is_over: Callable[[], bool] = staticmethod(lambda: False)

    def __init__(self) -> None:
        super().__init__()
        self._wake_read, self._wake_write = os.pipe()
        os.set_blocking(self._wake_read, False)
        os.set_blocking(self._wake_write, False)

    def wake(self) -> None:
        """Have `on_idle` called soon; safe from any thread and from a signal handler."""
        with contextlib.suppress(BlockingIOError):  # the pipe is full of wake-ups already
            os.write(self._wake_write, b"!")

    def process_lines(
        self, file_input: IO[str] | None, callbacks: dict[str, Callable[[dict[str, Any]], None]]
    ) -> Counter[str]:
        """Hand every message to its callback.

        Raises:
            InputError: A line is no message; tells its number, never its text.
        """
        counts: Counter[str] = Counter()
        for number, line in enumerate(self._lines(file_input), start=1):
            if self.is_over():
                break
            if not line.strip():
                continue
            message = self.deserialize_json(line, number)
            kind = str(message.get("type", "")).upper()
            if kind not in callbacks:
                msg = f"Line {number} of the input has a type that no Singer message has."
                raise InputError(msg)
            if not _is_text(message.get("stream", "")):
                msg = f"Line {number} of the input names no stream: its name is no text."
                raise InputError(msg)
            if kind in _NEEDS:
                self.assert_line_requires(message, _NEEDS[kind])
            callbacks[kind](message)
            counts[kind] += 1
        return counts

    @staticmethod
    def assert_line_requires(line_dict: dict[str, Any], requires: set[str]) -> None:
        """Refuse a message, or the schema in one, that lacks a key, without showing it."""
        if not isinstance(line_dict, dict):
            msg = "A SCHEMA message of the input holds a schema that is no object."
            raise InputError(msg)
        if not requires <= line_dict.keys():
            missing = requires - line_dict.keys()
            what = f"{line_dict['type']} message" if "type" in line_dict and "stream" not in missing else "message"
            what = "schema" if missing == {"properties"} else what
            msg = f"A {what} of the input lacks {' and '.join(sorted(missing))}."
            raise InputError(msg)

    def deserialize_json(self, line: str | bytes, number: int = 0) -> dict[str, Any]:
        """A line as a message. NaN, infinities and lone surrogates pass: they reject one action later on."""
        try:
            message = _decoder.decode(line)
        except (msgspec.DecodeError, UnicodeError, RecursionError):
            message = _decode_leniently(line)
        if not isinstance(message, dict):
            msg = f"Line {number} of the input is not a JSON object: the tap broke off, or wrote something else."
            raise InputError(msg)
        return message

    def _lines(self, file_input: IO[str] | None) -> Iterator[str | bytes]:
        source: IO[str] | None = file_input or sys.stdin
        if source is None:
            msg = "Standard input is closed: there is nothing to read from."
            raise InputError(msg)
        try:
            handle = source.fileno()
        except (OSError, ValueError):
            yield from source
            return
        yield from self._lines_of(handle)

    def _lines_of(self, handle: int) -> Iterator[bytes]:
        parts: list[bytes] = []
        while chunk := self._next_chunk(handle):
            *lines, rest = chunk.split(b"\n")
            if lines and parts:
                lines[0] = b"".join((*parts, lines[0]))
                parts.clear()  # before it is worked on: a line may be large
            yield from lines
            if rest:
                parts.append(rest)
        if parts:
            yield b"".join(parts)

    def _next_chunk(self, handle: int) -> bytes:
        """The next bytes of the input; none at its end, or when the reading is over."""
        while not self.is_over():
            readable, _, _ = select.select([handle, self._wake_read], [], [], 1.0)
            if self._wake_read in readable:
                os.read(self._wake_read, _CHUNK)
            if self._wake_read in readable or handle not in readable:
                self.on_idle()
            if handle in readable:
                return os.read(handle, _CHUNK)
        return b""


def _is_text(name: Any) -> bool:
    """Whether a name is a text that can be written anywhere, which one with a lone surrogate cannot."""
    try:
        return isinstance(name, str) and bool(name.isascii() or name.encode())
    except UnicodeEncodeError:
        return False


def _decode_leniently(line: str | bytes) -> Any:
    try:
        return json.loads(line, parse_int=_integer)
    except (ValueError, RecursionError):
        return None


def _integer(digits: str) -> int | Decimal:
    """A whole number; Python converts none of more than 4,300 digits, but keeps them as a decimal."""
    try:
        return int(digits)
    except ValueError:
        return Decimal(digits)
