"""The CRM v2 dialect: a batch as a request, and a response as one verdict a lead.

Source: CRM v2, "Squadstack Bulk API Reference". A bulk call answers 200 whatever happened to its rows, and
a failed row does not name its lead: rows belong to leads by position alone. So a lead is accepted only by
its own row, in a list of the very length that was sent, with no lead_id in it that disagrees.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from typing import Any
from urllib.parse import quote

import msgspec

from squadstack.api import error_messages, retry
from squadstack.api.error_messages import ErrorMessage, named_lead, read_error, reason_of
from squadstack.api.messages import Request, Response
from squadstack.api.verdicts import (
    Accepted,
    ActionName,
    Denied,
    Later,
    Refused,
    UnreadableAnswerError,
    Verdict,
)

_ENDPOINTS = {
    ActionName.CREATE: "lead-created",
    ActionName.UPDATE: "lead-updated",
    ActionName.UPSERT: "lead-upserted",
    ActionName.CONVERT: "lead-converted",
    ActionName.DISABLE: "lead-disabled",
    ActionName.DELETE: "lead-deleted",
}

Payload = Mapping[str, Any]

_STATUS = re.compile(r"[1-5][0-9]{2}")
_ACCEPTED = Accepted()


def request(campaign: str, action: ActionName, payloads: Sequence[Payload]) -> Request:
    """The call for a batch; always the array form, one lead or many."""
    path = f"/voice/crm-integration-v2/{quote(campaign, safe='')}/{_ENDPOINTS[action]}"
    return Request("POST", path, msgspec.json.encode(payloads))


def judge(action: ActionName, payloads: Sequence[Payload], response: Response) -> list[Verdict]:
    """One verdict for each lead of a batch, in its order.

    Args:
        action: What was asked.
        payloads: What was sent.
        response: A 2xx.

    Raises:
        UnreadableAnswerError: The answer is no result list of the length that was sent, or a row of it names
            another lead, or contradicts itself.
    """
    rows = _rows(response, len(payloads))
    statuses = [_status(row) for row in rows]
    ids = {str(payload["lead_id"]) for payload in payloads}
    for payload, row, status in zip(payloads, rows, statuses, strict=True):
        _check_row(payload, row, status, ids)
    return [
        _ACCEPTED if _is_success(status) else _failure(action, str(payload["lead_id"]), status, _error(row))
        for payload, row, status in zip(payloads, rows, statuses, strict=True)
    ]


def judge_alone(action: ActionName, payload: Payload, response: Response) -> Verdict:
    """The verdict on the only lead of a call that was refused as a whole (400 or 413)."""
    try:
        body = msgspec.json.decode(response.body)
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError):
        body = response.body[:1000].decode(errors="replace")
    return _failure(action, str(payload["lead_id"]), response.status, read_error(body))


def _rows(response: Response, count: int) -> list[Mapping[str, Any]]:
    try:
        body = msgspec.json.decode(response.body)
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError):
        msg = "the answer is no JSON"
        raise UnreadableAnswerError(msg) from None
    rows = body.get("result") if isinstance(body, dict) else None
    if not isinstance(rows, list) or not all(isinstance(row, dict) for row in rows):
        msg = "the answer holds no result list"
        raise UnreadableAnswerError(msg)
    if len(rows) != count:
        msg = f"the answer holds {len(rows)} rows for {count} leads"
        raise UnreadableAnswerError(msg)
    return rows


def _check_row(payload: Payload, row: Mapping[str, Any], status: int, ids: set[str]) -> None:
    """Refuse the whole answer for a row that does not belong to the lead at its position.

    A success names its lead. A failure does not by itself, but its message may, and then a name that was sent
    at another position tells that the rows are not in the order of the leads.
    """
    lead_id = str(payload["lead_id"])
    data = row.get("data")
    named = data.get("lead_id") if isinstance(data, dict) else None
    if _is_success(status):
        if isinstance(data, dict) and "error_msg" in data and "error_msg" not in payload:
            msg = "a row of the answer is a success and holds an error"
            raise UnreadableAnswerError(msg)
        is_another = named is not None and not (isinstance(named, str | int) and str(named).strip() == lead_id)
    else:
        told = (name for name in (named, named_lead(_error(row))) if isinstance(name, str))
        is_another = any(name != lead_id and name in ids for name in told)
    if is_another:
        msg = "a row of the answer names another lead than was sent there"
        raise UnreadableAnswerError(msg)


def _status(row: Mapping[str, Any]) -> int:
    status = row.get("status_code")
    if isinstance(status, str) and _STATUS.fullmatch(status):
        status = int(status)
    if type(status) is not int:
        msg = "a row of the answer has no status"
        raise UnreadableAnswerError(msg)
    return status


def _is_success(status: int) -> bool:
    return 200 <= status < 300


def _error(row: Mapping[str, Any]) -> ErrorMessage:
    data = row.get("data")
    return read_error(data.get("error_msg", data) if isinstance(data, Mapping) else data)


def _failure(action: ActionName, lead_id: str, status: int, error: ErrorMessage) -> Verdict:
    """What a row that is no success says."""
    if status in {401, 403} or error_messages.NO_INTEGRATION.search(error.text):
        as_call = Response(status if status in {401, 403} else 404, body=error.text.encode())
        return Denied(retry.decide(as_call).sentence)
    if error_messages.BUSY.search(error.text):
        return Later("another request for the same lead is being processed")
    if status in {408, 425, 429} or 500 <= status < 600:
        return Later(f"SquadStack could not take it now ({status})")
    if 400 <= status < 500:
        return _done_before(action, lead_id, error) or _refused(action, lead_id, error)
    msg = f"a row of the answer has the status {status}, which means nothing here"
    raise UnreadableAnswerError(msg)


def _done_before(action: ActionName, lead_id: str, error: ErrorMessage) -> Accepted | None:
    """Whether a refusal says, of this lead and no other, that what was asked is so already."""
    if named_lead(error) not in {None, lead_id}:
        return None
    if action is ActionName.CONVERT and error_messages.CONVERTED.search(error.text):
        return Accepted()
    if action is ActionName.DELETE and error_messages.DELETED.search(error.text):
        return Accepted()
    if action is ActionName.DELETE and error_messages.UNKNOWN.search(error.text):
        return Accepted(absent=True)
    return None


def _refused(action: ActionName, lead_id: str, error: ErrorMessage) -> Refused:
    """A refusal; that a lead is there already may be the doing of an earlier try that was never answered."""
    is_there = error_messages.is_there(error, lead_id) or bool(error_messages.UNJUDGED.search(error.text))
    is_created = action is ActionName.CREATE and is_there
    return Refused(reason_of(error), error.text, is_done_if_in_doubt=is_created)
