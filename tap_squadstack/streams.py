"""The tap's streams."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from singer_sdk import Stream

from squadstack.exceptions import SquadStackError
from tap_squadstack import schemas

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping


class _ResponsesStream(Stream):
    """A stream made of lead responses."""

    replication_key = "processed_at"

    def get_records(self, context: Mapping[str, Any] | None) -> Iterable[dict[str, Any]]:
        """Say that reading is not built yet, rather than read nothing."""
        msg = "This version of tap-squadstack shows its settings and streams, but cannot read them yet."
        raise SquadStackError(msg)


class LeadResponsesStream(_ResponsesStream):
    """One row a processed lead: its outcome, and what it answered."""

    name = "lead_responses"
    schema = schemas.LEAD_RESPONSES
    primary_keys = ("campaign_id", "lead_id")


class LeadResponseAnswersStream(_ResponsesStream):
    """One row an answer of a processed lead."""

    name = "lead_response_answers"
    schema = schemas.LEAD_RESPONSE_ANSWERS
    primary_keys = ("campaign_id", "lead_id", "response_key")
