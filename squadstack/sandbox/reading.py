"""Body of a call → what it asks."""

from __future__ import annotations

import json
from typing import Final

from squadstack.sandbox.actions import Action, Asked, Row
from squadstack.sandbox.refusals import RefusedError, bad_request

MAX_LEADS: Final = 100
"""The most leads of a call ("Squadstack Bulk API Reference", Limits)."""


def read_call(ref_id: str, action: Action, content_type: str, body: bytes, most: int | None = None) -> Asked:
    """Read the leads of a call: one as an object, or as many as `most` allows as an array.

    Raises:
        RefusedError: 400 for the whole call ("Common status codes": invalid headers, invalid payload).
    """
    _check_content_type(content_type)
    payload = _parse(body)
    if isinstance(payload, dict):
        return Asked(ref_id, action, (payload,), bulk=False)
    return Asked(ref_id, action, _rows(payload, most), bulk=True)


def _check_content_type(content_type: str) -> None:
    if content_type.partition(";")[0].strip().lower() != "application/json":
        raise RefusedError(bad_request("Invalid headers: Content-Type must be application/json."))


def _parse(body: bytes) -> object:
    try:
        payload: object = json.loads(body.decode(), parse_constant=_refuse_constant)
    except (ValueError, RecursionError):
        raise RefusedError(bad_request("The request body is not valid JSON.")) from None
    return payload


def _refuse_constant(name: str) -> object:
    """NaN and the infinities, which Python would read, are no JSON."""
    raise ValueError(name)


def _rows(payload: object, most: int | None) -> tuple[Row, ...]:
    if not isinstance(payload, list) or not all(isinstance(row, dict) for row in payload):
        raise RefusedError(bad_request("The request body must be a JSON object or an array of JSON objects."))
    if not payload:
        raise RefusedError(bad_request("The request body holds no lead."))
    if most is not None and len(payload) > most:
        raise RefusedError(bad_request(f"A maximum of {most} leads per API call is allowed."))
    return tuple(payload)
