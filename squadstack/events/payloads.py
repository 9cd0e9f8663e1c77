"""A text → the events that it holds. Receiver and reader share this: what was answered with 201 can be loaded."""

from __future__ import annotations

import hashlib
import json
import math
from dataclasses import dataclass, field
from typing import Any

from squadstack.responses.texts import sound

_LARGEST, _SMALLEST = 2**64 - 1, -(2**63)
"""Whole numbers beyond these no loader takes: they are kept as texts."""

LONGEST_BODY = 16 << 20
LONGEST_LINE = LONGEST_BODY + 256
"""Bytes; a longer line is a broken one. The receiver adds a little to a body."""

_LONGEST_ID = 255
"""Characters; a longer id fits no index of a database."""

_RECEIVED = {"received_at", "event"}
_TOO_DEEP = "It is nested too deeply."


class NotAnEventError(ValueError):
    """A text holds no event; the message says why and holds no value."""


@dataclass(frozen=True, slots=True)
class Event:
    """One event.

    Attributes:
        event_id: That of the payload; the digest, if it has none or one that is too long.
        digest: Of the payload, whatever the order of its fields: what is delivered twice has it twice.
        payload: All of it; personal, never shown.
        received_at: When our receiver took it, as it wrote it; None if somebody else wrote the line.
    """

    event_id: str
    digest: str
    payload: dict[str, Any] = field(repr=False)
    received_at: str | None = None


def events_of(text: bytes) -> list[Event]:
    """The events of a line or a body: an object, or a list of objects, as it was pushed or as the receiver kept it.

    Raises:
        NotAnEventError: It is neither.
    """
    value = _loaded(text)
    received_at = None
    if isinstance(value, dict) and value.keys() == _RECEIVED and isinstance(value["event"], dict | list):
        received_at, value = value["received_at"], value["event"]
    return [_event(one, received_at if isinstance(received_at, str) else None) for one in _payloads(value)]


def check(body: bytes) -> None:
    """Judge a body before the receiver keeps it: `events_of` will find what it holds.

    Raises:
        NotAnEventError: It would find none.
    """
    _payloads(_loaded(body))


def _payloads(value: Any) -> list[dict[str, Any]]:
    try:
        value = sound(value)
    except ValueError:
        raise NotAnEventError(_TOO_DEEP) from None
    payloads = value if isinstance(value, list) else [value]
    if not payloads or not all(isinstance(payload, dict) for payload in payloads):
        msg = "It is no JSON object."
        raise NotAnEventError(msg)
    if not all(payloads):
        msg = "It is an empty object."
        raise NotAnEventError(msg)
    return payloads


def line_of(body: bytes, received_at: str) -> bytes:
    """The line that keeps a body that was checked: as it came, but for line breaks between values."""
    kept = body.removeprefix(b"\xef\xbb\xbf").replace(b"\n", b" ").replace(b"\r", b" ")
    return b'{"received_at":"%s","event":%s}\n' % (received_at.encode(), kept)


def _loaded(text: bytes) -> Any:
    try:
        return json.loads(
            text.decode("utf-8-sig"), parse_int=_integer, parse_float=_number, parse_constant=_no_constant
        )
    except UnicodeDecodeError:
        msg = "It is not UTF-8."
    except RecursionError:
        msg = _TOO_DEEP
    except ValueError:
        msg = "It is not JSON."
    raise NotAnEventError(msg) from None


def _event(payload: dict[str, Any], received_at: str | None) -> Event:
    canonical = json.dumps(payload, sort_keys=True, separators=(",", ":")).encode()
    digest = hashlib.blake2b(canonical, digest_size=16).hexdigest()
    given = payload.get("event_id")
    is_given = isinstance(given, str | int) and not isinstance(given, bool) and str(given).strip() != ""
    event_id = str(given).strip() if is_given else digest
    return Event(event_id if len(event_id) <= _LONGEST_ID else digest, digest, payload, received_at)


def _integer(text: str) -> int | str:
    if len(text) > 20:
        return text
    number = int(text)
    return number if _SMALLEST <= number <= _LARGEST else text


def _number(text: str) -> float | str:
    number = float(text)
    return number if math.isfinite(number) else text


def _no_constant(_name: str) -> Any:
    msg = "NaN and infinities are no JSON"
    raise ValueError(msg)
