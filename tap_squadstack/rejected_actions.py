"""The stream of refusals: what the ledger keeps of rejected actions, without their values."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

from singer_sdk import Stream
from singer_sdk import typing as th
from singer_sdk.helpers.conform import TypeConformanceLevel

from squadstack.exceptions import StoppedError
from squadstack.responses.times import as_text, moment_of

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from tap_squadstack.tap import TapSquadStack

_TEXT = th.StringType
_ROUNDED = 1e-6
"""Seconds by which a bookmark may be later than its own row."""


class RejectedActionsStream(Stream):
    """One row a rejected action, from the ledger: no call is made for it. It comes again when its state changes."""

    name = "rejected_actions"
    primary_keys = ("reject_id",)
    replication_key = "rejected_at"
    selected_by_default = False
    TYPE_CONFORMANCE_LEVEL = TypeConformanceLevel.NONE
    schema = th.PropertiesList(
        th.Property("reject_id", th.IntegerType, required=True, description="Number of the reject in the ledger."),
        th.Property("rejected_at", th.DateTimeType, required=True, description="When it was rejected, UTC."),
        th.Property("business", _TEXT, required=True, description="Business whose lead it is."),
        th.Property("campaign", _TEXT, description="Campaign (ref_id) that it was for."),
        th.Property("lead_id", _TEXT, description="ID of the lead, if it could be read."),
        th.Property("action", _TEXT, description="What was to be done."),
        th.Property("rule", th.IntegerType, required=True, description="Number of the rule, counted from 1."),
        th.Property("reason", _TEXT, required=True, description="Reason code."),
        th.Property("state", _TEXT, required=True, description="open, accepted, unchanged, replaced or stale."),
    ).to_dict()
    _tap: TapSquadStack

    def get_records(self, context: Mapping[str, Any] | None) -> Iterable[dict[str, Any]]:
        """Those that are new, or changed their state, since a little before the bookmark."""
        from squadstack.ledger.ledger import Ledger  # noqa: PLC0415 - SQLAlchemy only where a ledger opens

        settings = self._tap.settings
        ledger = Ledger(settings.ledger_url, business=settings.business, host=settings.host)
        try:
            for row in ledger.refusals.each(self._since(context)):
                if self._tap.is_stopping():
                    raise StoppedError
                yield {**row, "rejected_at": as_text(datetime.fromtimestamp(row["rejected_at"], UTC))}
        finally:
            ledger.close()

    def _since(self, context: Mapping[str, Any] | None) -> float:
        bookmark = moment_of(self.get_starting_replication_key_value(context))
        return 0.0 if bookmark is None else bookmark.timestamp() - _ROUNDED - self._tap.settings.lookback_seconds
