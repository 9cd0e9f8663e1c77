"""Bookmarks: from where each campaign is read, whatever STATE holds."""

from __future__ import annotations

import logging
from typing import TYPE_CHECKING, Any

from squadstack.responses.reading import Start
from squadstack.responses.times import as_text, moment_of

if TYPE_CHECKING:
    from collections.abc import Mapping, MutableMapping
    from datetime import datetime

log = logging.getLogger("squadstack")

_KEY = "replication_key_value"


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
        partitions = said.get("partitions", []) if isinstance(said, dict) else None
        if isinstance(partitions, list) and all(_is_partition(one) for one in partitions) and not _repeats(partitions):
            kept[stream] = {"partitions": partitions} if partitions else {}
        else:
            log.warning("The STATE of stream '%s' is not as this tap writes it: it is read anew.", stream)
    return {"bookmarks": kept}


def _repeats(partitions: list[dict[str, Any]]) -> bool:
    """Whether one campaign has two bookmarks: which is right, nobody knows."""
    return len({str(one["context"]) for one in partitions}) < len(partitions)


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
