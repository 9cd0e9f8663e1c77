"""How much is asked of the database at once."""

from __future__ import annotations

from typing import TYPE_CHECKING, TypeVar

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

Item = TypeVar("Item")

AT_ONCE = 500
"""Rows of a statement or a page. SQLite takes 32,766 parameters, and no row has more than a dozen."""


def in_parts(items: Sequence[Item]) -> Iterator[Sequence[Item]]:
    """The items in order, so many at once."""
    return (items[start : start + AT_ONCE] for start in range(0, len(items), AT_ONCE))
