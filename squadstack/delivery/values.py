"""Turn values of a record into what the API takes: text and integers (contract: "What is sent")."""

from __future__ import annotations

import datetime
import json
import math
from collections.abc import Mapping
from decimal import Decimal
from typing import Any

MAX_LEAD_ID = 255
"""Characters of a lead_id (SquadStack's public page on creating a lead)."""


class InvalidValueError(ValueError):
    """A value that cannot be sent. Its message names the kind of fault, never the value."""


def to_payload(value: Any) -> str | int | None:  # noqa: PLR0911 - a table of types
    """A value as the API takes it: text and integers as they are, everything else as text, null as null."""
    match value:
        case None:
            return None
        case bool():
            return "true" if value else "false"
        case str():
            return sendable(value)
        case int():
            return int(value)
        case float() | Decimal():
            return decimal_text(value)
        case datetime.date() | datetime.time():
            return value.isoformat()
        case Mapping() | list() | tuple() | set() | frozenset():
            return _json_text(value)
        case _:
            msg = f"a value of type {type(value).__name__} cannot be sent"
            raise InvalidValueError(msg)


def to_detail(value: Any) -> str | int | dict[str, Any] | None:
    """A conversion's detail: an object stays an object, its values converted likewise, nulls left out."""
    if not isinstance(value, Mapping):
        return to_payload(value)
    converted = {sendable(str(key)): to_payload(item) for key, item in value.items()}
    return {key: item for key, item in converted.items() if item is not None}


def to_lead_id(value: Any) -> str | None:
    """A lead's id as text, without spaces around it; null when it is missing or empty."""
    if isinstance(value, (bool, Mapping, list, tuple, set)):
        msg = "lead_id is neither text nor a number"
        raise InvalidValueError(msg)
    payload = to_payload(value)
    text = "" if payload is None else str(payload).strip()
    if len(text) > MAX_LEAD_ID:
        msg = f"lead_id is longer than {MAX_LEAD_ID} characters"
        raise InvalidValueError(msg)
    return text or None


def decimal_text(value: float | Decimal) -> str:
    """The shortest decimal text of a number, without an exponent: 250000.5, not 2.500005E+5."""
    if not math.isfinite(value):
        msg = "a number is not finite"
        raise InvalidValueError(msg)
    text = format(Decimal(repr(value)) if isinstance(value, float) else value, "f")
    if "." in text:
        text = text.rstrip("0").rstrip(".")
    return "0" if text in {"-0", ""} else text


def _json_text(value: Any) -> str:
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
