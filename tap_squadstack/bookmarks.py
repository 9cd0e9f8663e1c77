"""Bookmarks: from where each campaign is read, whatever STATE holds."""

from __future__ import annotations

import logging
from typing import TYPE_CHECKING, Any

from squadstack.events.positions import usable as usable_positions
from squadstack.responses.reading import Start
from squadstack.responses.times import as_text, moment_of

if TYPE_CHECKING:
    from collections.abc import Mapping, MutableMapping
    from datetime import datetime

log = logging.getLogger("squadstack")

_KEY = "replication_key_value"
_KEPT = ("context", "replication_key", _KEY)

_WHOLE = frozenset({"rejected_actions"})
"""Streams with one bookmark for all campaigns."""

_BY_FILE = frozenset({"disposition_events", "calls", "judgements", "broken_events"})
"""Streams with a position for each file."""


def usable(state: object) -> dict[str, Any]:
    """A STATE as this tap writes it, of whatever came; what is of another shape is left out, with a warning.

    To begin anew costs calls; to guess might skip rows.
    """
    bookmarks = state.get("bookmarks", {}) if isinstance(state, dict) else None
    if not isinstance(bookmarks, dict):
        log.warning("STATE is not as this tap writes it: everything is read anew.")
        return {"bookmarks": {}}
    kept = {}
    for stream, said in bookmarks.items():
        mine = _kept(stream, said) if isinstance(said, dict) else None
        if mine is None:
            log.warning("The STATE of stream '%s' is not as this tap writes it: it is read anew.", stream)
        else:
            kept[stream] = mine
    return {"bookmarks": kept}


def _kept(stream: str, said: dict[str, Any]) -> dict[str, Any] | None:
    """What is kept of a stream's STATE; None if it is not as this tap writes it."""
    if stream in _BY_FILE:
        files = usable_positions(said.get("files", {}))
        return None if files is None else {"files": files}
    if stream in _WHOLE and _is_moment(said.get(_KEY)):
        return {name: said[name] for name in _KEPT if name in said}
    partitions = said.get("partitions", [])
    if isinstance(partitions, list) and all(_is_partition(one) for one in partitions) and not _repeats(partitions):
        mine = [{name: one[name] for name in _KEPT if name in one} for one in partitions]
        return {"partitions": mine} if mine else {}
    return None


def _repeats(partitions: list[dict[str, Any]]) -> bool:
    """Whether one campaign has two bookmarks: which is right, nobody knows."""
    return len({str(one["context"]) for one in partitions}) < len(partitions)


def _is_moment(value: object) -> bool:
    try:
        return moment_of(value) is not None
    except ValueError:
        return False


def _is_partition(partition: object) -> bool:
    return isinstance(partition, dict) and isinstance(partition.get("context"), dict)


def start_of(state: Mapping[str, Any], campaign_id: str, *, earliest: int, lookback: float) -> Start:
    """Where the reading of a campaign begins, by its partition's state.

    Args:
        state: The partition's.
        campaign_id: Whose it is.
        earliest: The second of `start_date`; 0 for all.
        lookback: Seconds before the bookmark.
    """
    try:
        bookmark = moment_of(state.get(_KEY))
    except ValueError:
        log.warning("The bookmark of campaign %s is no date and time: the campaign is read anew.", campaign_id)
        bookmark = None
    if bookmark is None:
        return Start(earliest, earliest, earliest)
    seconds = int(bookmark.timestamp())
    return Start(max(earliest, int(seconds - lookback), 0), seconds, earliest)


def move(state: MutableMapping[str, Any], moment: datetime) -> None:
    """Note that everything before a moment has been written out."""
    state.update({"replication_key": "processed_at", _KEY: as_text(moment)})
