"""Texts as every loader and database takes them."""

from __future__ import annotations

import re
from typing import Any

DEEPEST = 64
"""More levels of lists and objects no loader is asked to take."""

_UNFIT = re.compile("[\0\ud800-\udfff]")


def sound(value: Any, depth: int = 0) -> Any:
    """A value without halves of characters and NUL, for which U+FFFD stands.

    Raises:
        ValueError: It is nested too deeply.
    """
    if depth > DEEPEST:
        msg = "It is nested too deeply."
        raise ValueError(msg)
    match value:
        case str():
            return _UNFIT.sub("\ufffd", value)
        case list():
            return [sound(item, depth + 1) for item in value]
        case dict():
            return {sound(key): sound(item, depth + 1) for key, item in value.items()}
        case _:
            return value
