"""As much of GraphQL as a stand-in needs: which fields a query selects, and a record cut down to them."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Iterator

_TOKEN = re.compile(r"\([^)]*\)|[{}]|\w+")

Selection = dict[str, Any]
"""Field: what is selected of it."""


def selection(query: str) -> Selection:
    """Tell what a query selects; arguments are left out."""
    tokens = iter([token for token in _TOKEN.findall(query) if not token.startswith("(")])
    for token in tokens:
        if token == "{":
            return _inside(tokens)
    return {}


def _inside(tokens: Iterator[str]) -> Selection:
    found: Selection = {}
    name = ""
    for token in tokens:
        if token == "}":
            break
        if token == "{":
            found[name] = _inside(tokens)
        else:
            name = token
            found[name] = {}
    return found


def cut(value: Any, selected: Selection) -> Any:
    """Tell a value as a query with this selection is answered; what is not there is null."""
    if isinstance(value, list):
        return [cut(item, selected) for item in value]
    if isinstance(value, dict) and selected:
        return {name: cut(value.get(name), inner) for name, inner in selected.items()}
    return value
