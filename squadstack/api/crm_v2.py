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

from squadstack.api import retry
from squadstack.api.error_messages import ErrorMessage, named_lead, read_error
from squadstack.api.failures import failure, text_or_json
from squadstack.api.messages import NoAnswerError, Request, Response
from squadstack.api.verdicts import Accepted, ActionName, UnreadableAnswerError, Verdict

_ENDPOINTS = {
    ActionName.CREATE: "lead-created",
    ActionName.UPDATE: "lead-updated",
    ActionName.UPSERT: "lead-upserted",
    ActionName.CONVERT: "lead-converted",
    ActionName.DISABLE: "lead-disabled",
    ActionName.DELETE: "lead-deleted",
}

Payload = Mapping[str, Any]

ONE_BY_ONE: frozenset[ActionName] = frozenset()
"""Actions whose calls take one lead."""

_STATUS = re.compile(r"[1-5][0-9]{2}")
_ACCEPTED = Accepted()


def request(campaign: str, action: ActionName, payloads: Sequence[Payload]) -> Request:
    """The call for a batch; always the array form, one lead or many."""
    path = f"/voice/crm-integration-v2/{quote(campaign, safe='')}/{_ENDPOINTS[action]}"
    return Request("POST", path, msgspec.json.encode(payloads))


def probe(campaign: str) -> Request:
    """A call that changes nothing: an update of a lead without a lead_id (docs/assumptions.md)."""
    return request(campaign, ActionName.UPDATE, [{}])


def decide(_action: ActionName, outcome: Response | NoAnswerError) -> retry.Decision:
    """What to do about an answer to a whole call; what is said of leads stands in their rows."""
    return retry.decide(outcome)


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
        _ACCEPTED if _is_success(status) else failure(action, str(payload["lead_id"]), status, _error(row))
        for payload, row, status in zip(payloads, rows, statuses, strict=True)
    ]


def judge_alone(action: ActionName, payload: Payload, response: Response) -> Verdict:
    """The verdict on the only lead of a call that was refused as a whole (400 or 413)."""
    return failure(action, str(payload["lead_id"]), response.status, read_error(text_or_json(response)))


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
