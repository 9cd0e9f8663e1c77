"""What an API says of one lead with which it did not do as asked, in whichever dialect."""

from __future__ import annotations

import re
from typing import Any

import msgspec

from squadstack.api import error_messages, retry
from squadstack.api.error_messages import ErrorMessage, named_lead, reason_of
from squadstack.api.messages import Response
from squadstack.api.verdicts import Accepted, ActionName, Denied, Later, Refused, UnreadableAnswerError, Verdict

_LONGEST_TEXT = 1000

_WHAT_FAILED = ("error", "errors", "error_msg", "error_message", "error_type", "failed", "failures")
_NOTHING = frozenset({"", "0", "false", "no", "none", "null"})
_WENT_BADLY = re.compile(r"(?:false|fail|error|partial|reject|unsuccess)|[45][0-9]{2}\Z", re.IGNORECASE)


def text_or_json(response: Response) -> Any:
    """What the body holds, or how it begins."""
    try:
        return msgspec.json.decode(response.body)
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError):
        return response.body[:_LONGEST_TEXT].decode(errors="replace")


def tells_of_failure(body: Any) -> bool:
    """Whether the body of a success reports a failure all the same.

    Only an object without a lead_id is a report: one with it may be a lead that is repeated, whose own fields may be
    named `status` or `error`. A call that is taken for failed wrongly would be sent again.
    """
    if not isinstance(body, dict) or "lead_id" in body:
        return False
    report = {str(name).lower(): value for name, value in body.items()}
    if any(_has_content(report.get(name)) for name in _WHAT_FAILED):
        return True
    told = (str(report.get(name, "")) for name in ("status", "status_code", "success"))
    return any(_WENT_BADLY.match(text.strip()) for text in told)


def _has_content(value: Any) -> bool:
    match value:
        case dict():
            return any(map(_has_content, value.values()))
        case list():
            return any(map(_has_content, value))
        case _:
            return str(value).strip().lower() not in _NOTHING


def failure(action: ActionName, lead_id: str, status: int, error: ErrorMessage) -> Verdict:
    """What is said of one lead whose status is no success."""
    if status in {401, 403} or error_messages.NO_INTEGRATION.search(error.text):
        as_call = Response(status if status in {401, 403} else 404, body=error.text.encode())
        return Denied(retry.decide(as_call).sentence)
    if error_messages.BUSY.search(error.text):
        return Later("another request for the same lead is being processed", did_nothing=True)
    if status in {408, 425, 429} or 500 <= status < 600:
        return Later(f"SquadStack could not take it now ({status})", did_nothing=status in {425, 429})
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
