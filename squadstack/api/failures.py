"""What an API says of one lead with which it did not do as asked, in whichever dialect."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any

import msgspec

from squadstack.api import error_messages, retry
from squadstack.api.error_messages import ErrorMessage, named_lead, reason_of
from squadstack.api.messages import Response
from squadstack.api.verdicts import Accepted, ActionName, Denied, Later, Refused, UnreadableAnswerError, Verdict

if TYPE_CHECKING:
    from collections.abc import Collection

_LONGEST_TEXT = 1000
_DEEPEST = 5

_WHAT_FAILED = frozenset({"error", "errors", "error_msg", "error_message", "failed", "failures", "failed_leads"})
_NOTHING = frozenset({"", "0", "false", "no", "none", "null"})
_HOW_IT_WENT = {
    "success": re.compile(r"false|no|0", re.IGNORECASE),
    "status": re.compile(r"false|(?:fail|error|partial|reject)\w*|[45][0-9]{2}", re.IGNORECASE),
    "status_code": re.compile(r"[45][0-9]{2}"),
}
"""What a field that tells how it went says where it went badly."""


def text_or_json(response: Response) -> Any:
    """What the body holds, or how it begins."""
    try:
        return msgspec.json.decode(response.body)
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError):
        return response.body[:_LONGEST_TEXT].decode(errors="replace")


def tells_of_failure(body: Any, sent: Collection[str], levels: int = _DEEPEST) -> bool:
    """Whether the body of a success tells of a failure all the same.

    Args:
        body: As JSON holds it; a text tells nothing.
        sent: Names of fields that were sent, which the answer may repeat with their values.
        levels: How deep to look.
    """
    if isinstance(body, list):
        return levels > 0 and any(tells_of_failure(one, sent, levels - 1) for one in body)
    if not isinstance(body, dict):
        return False
    told = {name: value for name, value in body.items() if name not in sent}
    return any(_is_bad(*one) for one in told.items()) or tells_of_failure(list(told.values()), sent, levels)


def _is_bad(name: str, value: Any) -> bool:
    if name.lower() in _WHAT_FAILED:
        return value not in ([], {}) and str(value).strip().lower() not in _NOTHING
    badly = _HOW_IT_WENT.get(name.lower())
    return badly is not None and badly.fullmatch(str(value).strip()) is not None


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
