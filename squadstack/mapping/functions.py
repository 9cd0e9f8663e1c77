"""The functions of expressions: the SDK's, and the few that leads need (docs/mapping.md)."""

from __future__ import annotations

import datetime
import hashlib
import json
from typing import TYPE_CHECKING, Any

import simpleeval

from squadstack.mapping.phones import InvalidPhoneError, PhoneRules
from squadstack.mapping.values import InvalidValueError, json_text, to_payload

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping


def coalesce(*values: Any) -> Any:
    """The first value that is not null."""
    return next((value for value in values if value is not None), None)


def join(*values: Any) -> str | None:
    """The values as they are sent, with spaces between them, nulls and empty ones left out; null if none is left."""
    texts = [str(to_payload(value)).strip() for value in values if value is not None]
    return " ".join(filter(None, texts)) or None


def tail(value: Any) -> str | None:
    """What follows the last slash: the number of a `gid://shopify/Customer/42`."""
    return None if value is None else str(to_payload(value)).rsplit("/", 1)[-1]


def to_json(value: Any) -> str | None:
    """The value as JSON text."""
    return None if value is None else json_text(value)


def from_json(value: Any) -> Any:
    """What a JSON text holds, null of an empty one; anything else, null included, as it is."""
    if not isinstance(value, str):
        return value
    return json.loads(value) if value.strip() else None


def md5(text: str) -> str:
    """MD5 of a text, as the SDK's function of that name."""
    return hashlib.md5(text.encode(), usedforsecurity=False).hexdigest()


def sha256(text: str) -> str:
    """SHA-256 of a text, as the SDK's function of that name."""
    return hashlib.sha256(text.encode()).hexdigest()


def _valid_phone(phones: PhoneRules) -> Callable[..., str | None]:
    def valid_phone(*candidates: Any) -> str | None:
        """The number that a phone_number of these candidates would be; null if none may be sent."""
        try:
            return phones.choose(candidates)
        except (InvalidPhoneError, InvalidValueError):
            return None

    return valid_phone


FUNCTIONS: dict[str, Any] = {
    **simpleeval.DEFAULT_FUNCTIONS,
    "bool": bool,
    "coalesce": coalesce,
    "dict": dict,
    "encrypt": None,  # there is one where a key is set
    "from_json": from_json,
    "join": join,
    "list": list,
    "md5": md5,
    "set": set,
    "sha256": sha256,
    "tail": tail,
    "to_json": to_json,
    "tuple": tuple,
    "valid_phone": _valid_phone(PhoneRules()),
}


def functions_of(phones: PhoneRules, encrypt: Callable[[Any], str | None] | None) -> Mapping[str, Any]:
    """The functions of expressions under a user's settings.

    Args:
        phones: Which numbers are sent.
        encrypt: The function of that name, if a key is set.
    """
    return {**FUNCTIONS, "valid_phone": _valid_phone(phones), "encrypt": encrypt}


MODULES: dict[str, Any] = {
    "datetime": simpleeval.ModuleWrapper(datetime),
    "json": simpleeval.ModuleWrapper(json),
}
"""What the SDK has beside functions, reached by a dot: `datetime.date.today()`."""
