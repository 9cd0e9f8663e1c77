"""What the streams have in common that keep their own bookmarks: the SDK's would move record by record."""

from __future__ import annotations

import logging
from typing import TYPE_CHECKING, Any

from singer_sdk import Stream
from singer_sdk.helpers.conform import TypeConformanceLevel

if TYPE_CHECKING:
    from collections.abc import Mapping

    from tap_squadstack.tap import TapSquadStack


class OwnBookmarkStream(Stream):
    """A stream whose bookmark the SDK neither reads nor moves."""

    TYPE_CONFORMANCE_LEVEL = TypeConformanceLevel.NONE  # the records are of the right types, and keep further fields
    _tap: TapSquadStack

    def log(self, message: str, *args: Any, level: int = logging.INFO, **kwargs: Any) -> None:
        """As the SDK does, but for its errors: the tap tells each once, as a sentence."""
        if level < logging.ERROR:
            super().log(message, *args, level=level, **kwargs)

    def _write_starting_replication_value(self, context: Mapping[str, Any] | None) -> None:
        """The bookmark is read by the stream itself, which survives whatever STATE holds."""

    def _increment_stream_state(self, latest_record: Mapping[str, Any], *, context: Any = None) -> None:
        """A record moves no bookmark."""

    def get_replication_key_signpost(self, context: Mapping[str, Any] | None = None) -> Any:
        """The local clock says nothing of how far a bookmark may go."""
        return None
