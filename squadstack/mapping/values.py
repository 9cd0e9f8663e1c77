"""Turn values of a record into what the API takes: text and integers (docs/mapping.md)."""

from __future__ import annotations

import datetime
import json
from collections.abc import Mapping
from decimal import Decimal
from typing import Any

MAX_CONTACT_NAME = 48
"""Characters of a contact_name (SquadStack's public page on creating a lead)."""

MAX_LEAD_ID = 255
"""Characters of a lead_id (SquadStack's public page on creating a lead)."""

NO_SCALAR = (bool, Mapping, list, tuple, set, frozenset)
"""What is neither text nor a number, hence no lead_id and no phone_number."""

_MOST_DIGITS = 4300
"""Of a number: Python turns no longer integer into text."""

_MOST_BITS = 14_280


class InvalidValueError(ValueError):
    """A value that cannot be sent. Its message names the kind of fault, never the value."""


def to_payload(value: Any) -> str | int | None:
    """A value as the API takes it: text and integers as they are, everything else as text, null as null."""
    return sendable(value) if isinstance(value, str) else _plain(value)  # most values are text


def _plain(value: Any) -> str | int | None:
    match value:
        case None:
            return None
        case bool():
            return "true" if value else "false"
        case int():
            return _integer(value)
        case float() | Decimal():
            return decimal_text(value)
        case datetime.date() | datetime.time():
            return value.isoformat()
        case Mapping() | list() | tuple() | set() | frozenset():
            return json_text(value)
        case _:
            msg = f"a value of type {type(value).__name__} cannot be sent"
            raise InvalidValueError(msg)


def to_detail(value: Any) -> str | int | dict[str, Any] | None:
    """A conversion's detail: an object stays an object, its values converted likewise; an empty list is null."""
    if not isinstance(value, Mapping):
        return None if value == [] else to_payload(value)
    return {sendable(str(key)): to_payload(item) for key, item in value.items()}


def to_lead_id(value: Any) -> str | None:
    """A lead's id as text, without spaces around it; null when it is missing or empty."""
    if type(value) is not str and isinstance(value, NO_SCALAR):
        msg = "lead_id is neither text nor a number"
        raise InvalidValueError(msg)
    payload = to_payload(value)
    text = "" if payload is None else str(payload).strip()
    if len(text) > MAX_LEAD_ID:
        msg = f"lead_id is longer than {MAX_LEAD_ID} characters"
        raise InvalidValueError(msg)
    return text or None


def to_contact_name(value: Any) -> str | None:
    """A name as text, cut to what the API takes; null when it is missing or empty."""
    payload = to_payload(value)
    text = "" if payload is None else str(payload).strip()
    return text[:MAX_CONTACT_NAME] or None


def decimal_text(value: float | Decimal) -> str:
    """The shortest decimal text of a number, without an exponent: 250000.5, not 2.500005E+5."""
    number = Decimal(repr(value)) if isinstance(value, float) else value
    if not number.is_finite():
        msg = "a number is not finite"
        raise InvalidValueError(msg)
    if not number:
        return "0"
    if abs(number.adjusted()) > _MOST_DIGITS:
        msg = "a number is too long"
        raise InvalidValueError(msg)
    text = format(number, "f")
    return text.rstrip("0").rstrip(".") if "." in text else text


def _integer(value: int) -> int:
    if value.bit_length() > _MOST_BITS:
        msg = "a number is too long"
        raise InvalidValueError(msg)
    return int(value)


def json_text(value: Any) -> str:
    """A value as JSON text."""
    plain = sorted(value, key=repr) if isinstance(value, (set, frozenset)) else value
    try:
        return sendable(json.dumps(plain, ensure_ascii=False, allow_nan=False, default=to_payload))
    except (TypeError, ValueError, RecursionError) as error:
        if isinstance(error, InvalidValueError):
            raise
        msg = "an object or list cannot be written as JSON"
        raise InvalidValueError(msg) from None


def sendable(text: str) -> str:
    """Refuse lone surrogates, which no JSON body can carry."""
    if not text.isascii():
        try:
            text.encode()
        except UnicodeEncodeError:
            msg = "a text holds a lone surrogate"
            raise InvalidValueError(msg) from None
    return text
