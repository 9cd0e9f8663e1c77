"""The documented answers to leads; one lead and many are answered differently."""

from __future__ import annotations

import json
from types import MappingProxyType
from typing import TYPE_CHECKING, Final

from squadstack.sandbox.actions import Action, Asked, Kind, Row, Verdict
from squadstack.sandbox.fields import REQUIRED
from squadstack.sandbox.refusals import Answer

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

_OK: Final = 200

_STATUS: Final[Mapping[Kind, int]] = MappingProxyType(
    {
        Kind.ACCEPTED: _OK,
        Kind.INVALID_FIELDS: 400,
        Kind.DUPLICATE: 409,
        Kind.TAKEN: 409,
        Kind.UNJUDGED: 400,
        Kind.CONVERTED: 400,
        Kind.ALREADY_CONVERTED: 400,
        Kind.UNKNOWN: 400,
        Kind.DELETED: 404,
        Kind.BUSY: 409,
    }
)

_MESSAGES: Final[Mapping[Kind, str]] = MappingProxyType(
    {
        Kind.DUPLICATE: (
            "Duplicate Lead ID shared: A lead with the given Lead ID: '{lead_id}' is already present in this "
            "campaign, please use a different Lead ID, or reach out to us at support@squadstack.com."
        ),
        Kind.TAKEN: "Lead with the same {unique_field} is already present",
        Kind.UNJUDGED: "Unjudged leads cannot be re-activated",
        Kind.CONVERTED: (
            "We cannot accept this request as the lead_id: {lead_id} has already been marked as converted."
        ),
        Kind.ALREADY_CONVERTED: "lead_id:{lead_id} has been marked as converted from our platform.",
        Kind.UNKNOWN: "lead_id:{lead_id} doesn't exist on our platform.",
        Kind.DELETED: "lead_id:{lead_id} has been deleted from our platform.",
    }
)

_LEAD_ID_REQUIRED: Final = '"lead_id" is a required field!'
_LEAD_ID_UNKNOWN: Final = '"lead_id" provided does not exist with us.'
_UNKNOWN_OR_PROCESSED: Final = (
    "Either lead with given lead_id does not exist in SquadIQ system or lead has already been processed by SquadIQ!"
)
_BUSY: Final = "Another request for the same lead is getting processed already"


def answer(asked: Asked, verdicts: Sequence[Verdict]) -> Answer:
    """Answer a call whose leads have been dealt with, one verdict a lead, in order."""
    if asked.bulk:
        return _bulk(asked, verdicts)
    return _single(asked, asked.rows[0], verdicts[0])


def _bulk(asked: Asked, verdicts: Sequence[Verdict]) -> Answer:
    """See "Squadstack Bulk API Reference", Generic Response: 200, whatever became of the leads."""
    result = [_bulk_row(asked, row, verdict) for row, verdict in zip(asked.rows, verdicts, strict=True)]
    success = sum(verdict.kind is Kind.ACCEPTED for verdict in verdicts)
    body = {
        "status": _bulk_status(success, len(result)),
        "message": "Bulk operation completed successfully",
        "result": result,
        "metadata": {"total_leads": len(result), "success": success, "failed": len(result) - success},
    }
    return Answer(_OK, body)


def _bulk_status(success: int, total: int) -> str:
    if success == total:
        return "success"
    return "partial_sucess" if success else "failure"


def _bulk_row(asked: Asked, row: Row, verdict: Verdict) -> Row:
    if verdict.kind is Kind.ACCEPTED:
        return {"status_code": _OK, "data": row}
    return {"status_code": _STATUS[verdict.kind], "data": {"error_msg": message_of(asked, row, verdict)}}


def message_of(asked: Asked, row: Row, verdict: Verdict) -> str:
    """What a bulk call says of a lead that is refused."""
    match verdict.kind:
        case Kind.INVALID_FIELDS:
            return repr(dict(verdict.errors))
        case Kind.BUSY:
            return _busy(asked)
        case _:
            return _state_message(row, verdict)


def _state_message(row: Row, verdict: Verdict) -> str:
    return _MESSAGES[verdict.kind].format(lead_id=row["lead_id"], unique_field=verdict.unique_field)


def _busy(asked: Asked) -> str:
    """The same thing is spelt differently in "Update a Lead" and in "Common status codes"."""
    if asked.action is Action.UPDATE:
        return _json({"detail": f"campaign:{asked.ref_id}. {_BUSY}", "error_type": 1})
    return _json({"error_type": 1, "detail": _BUSY})


def _single(asked: Asked, row: Row, verdict: Verdict) -> Answer:
    """See "Squadstack API reference": each endpoint has its own table of status codes."""
    if verdict.kind is Kind.ACCEPTED:
        return Answer(_OK, row)
    if verdict.kind is Kind.INVALID_FIELDS:
        return _single_fields(asked.action, verdict.errors)
    match asked.action, verdict.kind:
        case ((Action.DISABLE | Action.DELETE), (Kind.UNKNOWN | Kind.DELETED)):
            return Answer(404, {"detail": _LEAD_ID_UNKNOWN})
        case Action.CREATE, Kind.DUPLICATE:
            message = _json({"error_type": 1, "detail": "Internal ID already exists"})
        case Action.UPDATE, Kind.UNKNOWN:
            message = _UNKNOWN_OR_PROCESSED
        case Action.CONVERT, (Kind.UNKNOWN | Kind.ALREADY_CONVERTED):
            message = _json({"detail": _state_message(row, verdict)})
        case _:
            message = message_of(asked, row, verdict)
    return Answer(_STATUS[verdict.kind], {"error_msg": message})


def _single_fields(action: Action, errors: Mapping[str, str]) -> Answer:
    lacks_id = errors.get("lead_id") == REQUIRED
    match action:
        case Action.DISABLE | Action.DELETE if lacks_id:
            return Answer(400, {"detail": _LEAD_ID_REQUIRED})
        case Action.CONVERT if lacks_id:
            message = _json({"detail": _LEAD_ID_REQUIRED})
        case _:
            message = _json({name: [error] for name, error in errors.items()})
    return Answer(400, {"error_msg": message})


def _json(value: object) -> str:
    return json.dumps(value, separators=(",", ":"))
