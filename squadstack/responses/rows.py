"""Rows as the API writes them → records of fixed types."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

from squadstack.exceptions import UnreadableRowError
from squadstack.responses.texts import sound
from squadstack.responses.times import as_text, moment_of

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from squadstack.responses.windows import Window

TEXTS = ("phone_number", "contact_name", "latest_recording_url", "lead_outcome")
MOMENTS = ("created_at", "latest_called_at")

_OVERLAP = 2
"""Seconds around a window whose rows may come along: bounds may belong to it or not, fractions may be rounded."""


def records_of(
    rows: Iterable[dict[str, Any]], campaign_id: str, window: Window, *, latest: float | None = None
) -> list[dict[str, Any]]:
    """A window's records in the order in which they were processed, each lead once, as it was last.

    Args:
        rows: As they came, some around the window among them, and some that were never processed.
        campaign_id: Whose they are.
        window: Which rows belong to it.
        latest: The latest moment that a row may bear, if more than the window was asked for.

    Raises:
        UnreadableRowError: A row has no lead_id, or its processed_at is no moment or not one that was asked for.
    """
    latest = window.end + _OVERLAP if latest is None else latest
    found: dict[str, dict[str, Any]] = {}
    for given in rows:
        row = _sound(given, campaign_id)
        moment = _moment(row, "processed_at", campaign_id)
        if moment is None:
            continue
        seconds = moment.timestamp()
        if not window.begin - _OVERLAP <= seconds < latest:
            msg = (
                f"A row of campaign {campaign_id} has a 'processed_at' far outside the time that was asked for: "
                "the API's times or its filter are not as documented."
            )
            raise UnreadableRowError(msg)
        if window.begin <= seconds < window.end:
            record = _record(row, campaign_id, as_text(moment))
            known = found.get(record["lead_id"])
            if known is None or known["processed_at"] <= record["processed_at"]:
                found[record["lead_id"]] = record
    return sorted(found.values(), key=lambda record: (record["processed_at"], record["lead_id"]))


def unprocessed(rows: Iterable[dict[str, Any]], campaign_id: str) -> int:
    """How many rows have no processed_at: they belong to no window, and wait until they have."""
    return sum(_moment(row, "processed_at", campaign_id) is None for row in rows)


def answers_of(record: dict[str, Any]) -> Iterator[dict[str, Any]]:
    """One record for each answer that was captured."""
    for key, value in (record["lead_responses"] or {}).items():
        yield {
            "campaign_id": record["campaign_id"],
            "lead_id": record["lead_id"],
            "response_key": key,
            "processed_at": record["processed_at"],
            "response_value": value,
        }


def text_of(value: object) -> str | None:
    """A text; what is no text, where one belongs, is written as JSON."""
    if value is None or isinstance(value, str):
        return value
    return json.dumps(value, ensure_ascii=False)


def _record(row: dict[str, Any], campaign_id: str, processed_at: str) -> dict[str, Any]:
    """A record; fields that are not documented are kept as they are."""
    lead_id = text_of(row.get("lead_id"))
    if not lead_id:
        msg = f"A row of campaign {campaign_id} has no 'lead_id'."
        raise UnreadableRowError(msg)
    record = {**row, "campaign_id": campaign_id, "lead_id": lead_id, "processed_at": processed_at}
    record.update({name: text_of(row.get(name)) for name in TEXTS})
    for name in MOMENTS:
        moment = _moment(row, name, campaign_id)
        record[name] = moment and as_text(moment)
    record["lead_responses"] = _answers(row.get("lead_responses"))
    return record


def _sound(row: dict[str, Any], campaign_id: str) -> dict[str, Any]:
    try:
        return dict(sound(row))
    except ValueError:
        msg = f"A row of campaign {campaign_id} cannot be read: it is nested too deeply."
        raise UnreadableRowError(msg) from None


def _moment(row: dict[str, Any], name: str, campaign_id: str) -> Any:
    try:
        return moment_of(row.get(name))
    except ValueError as error:
        msg = f"A row of campaign {campaign_id} cannot be read: '{name}' is wrong, {error}."
        raise UnreadableRowError(msg) from None


def _answers(value: object) -> dict[str, str | None] | None:
    if not value:
        return None if value is None else {}
    if isinstance(value, dict):
        return {key: text_of(answer) for key, answer in value.items()}
    return {"value": text_of(value)}  # not documented: kept rather than lost
