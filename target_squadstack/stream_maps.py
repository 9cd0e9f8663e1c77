"""What the setting `stream_maps` of the SDK says of streams, before any of their records is read."""

from __future__ import annotations

from fnmatch import fnmatch
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping


def reads(config: Mapping[str, Any], stream: str) -> bool:
    """Whether a stream map makes something of a stream."""
    return any(True for _ in _of(config, stream))


def filtered(config: Mapping[str, Any], stream: str) -> set[str]:
    """The streams that stream maps with a filter make of a stream."""
    return {alias for alias, given in _of(config, stream) if isinstance(given, dict) and "__filter__" in given}


def _of(config: Mapping[str, Any], stream: str) -> Iterator[tuple[str, Any]]:
    """The stream maps of a stream, by the names of what they make."""
    for name, given in (config.get("stream_maps") or {}).items():
        told = given if isinstance(given, dict) else {}
        if fnmatch(stream, told.get("__source__", name)):
            yield told.get("__alias__", name if "__source__" in told else stream), given
