"""Events → rows of fixed types, for the tap's streams.

A lead that was processed has the same `campaign_id`, `lead_id` and `processed_at` here as among the lead responses.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from squadstack.events.kinds import Kind, kind_of, occurred_at, outcome_of, time_of
from squadstack.responses.rows import text_of

if TYPE_CHECKING:
    from squadstack.events.payloads import Event

_CALL_TEXTS = ("phone_number", "contact_name", "recording_url", "call_outcome")
_JUDGEMENT_TEXTS = ("phone_number", "contact_name", "latest_recording_url", "lead_outcome", "additional_notes")


def event_row(event: Event, received_at: str) -> dict[str, Any]:
    """The row of any event."""
    payload, kind = event.payload, kind_of(event.payload)
    is_end = kind in {Kind.LEAD_PROCESSED, Kind.JUDGEMENT}
    return {
        "event_id": event.event_id,
        "event_type": kind.value,
        "occurred_at": occurred_at(payload, kind),
        "campaign_id": text_of(payload.get("campaign_id")),
        "lead_id": text_of(payload.get("lead_id")),
        "outcome": text_of(outcome_of(payload, kind)),
        "processed_at": time_of(payload, "processed_at") if is_end else None,
        "payload": payload,
        "received_at": received_at,
    }


def call_row(event: Event, received_at: str) -> dict[str, Any] | None:
    """The row of a call; None if the event is none."""
    if kind_of(event.payload) is not Kind.CALL:
        return None
    row = _row(event, received_at, _CALL_TEXTS, ("called_at", "created_at"))
    row["call_attempt_number"] = _integer(event.payload.get("call_attempt_number"))
    return row


def judgement_row(event: Event, received_at: str) -> dict[str, Any] | None:
    """The row of a journey's end; None if the event is none."""
    if kind_of(event.payload) is not Kind.JUDGEMENT:
        return None
    return _row(event, received_at, _JUDGEMENT_TEXTS, ("processed_at", "latest_called_at", "created_at"))


def _row(event: Event, received_at: str, texts: tuple[str, ...], times: tuple[str, ...]) -> dict[str, Any]:
    """A row of a documented shape; fields that are not documented are kept as they are."""
    payload = event.payload
    return {
        **payload,
        "event_id": event.event_id,
        "received_at": received_at,
        **{name: text_of(payload.get(name)) for name in ("campaign_id", "lead_id", *texts)},
        **{name: time_of(payload, name) for name in times},
    }


def _integer(value: object) -> int | None:
    if isinstance(value, bool) or not isinstance(value, int | float | str):
        return None
    try:
        number = float(value)
        return int(number) if number == int(number) and abs(number) < 2**31 else None
    except (ValueError, OverflowError):
        return None
