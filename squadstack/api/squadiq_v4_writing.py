"""SquadIQ v4, writing: a batch as a request, and a response as one verdict a lead.

Source: SquadIQ v4, "Create Leads" to "Mark a lead converted". There are no rows: the status of a call is that of
all its leads, so its 2xx is their proof, if its body does not say otherwise, and a refused array is halved until the
refused lead stands alone. Update, convert and delete take one lead, and their 404 speaks of it, if it does not say
otherwise. There is no upsert: it is an update, and where that finds no lead, a create.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from typing import Any
from urllib.parse import quote

import msgspec

from squadstack.api import error_messages, retry
from squadstack.api.error_messages import read_error
from squadstack.api.failures import failure, tells_of_failure, text_or_json
from squadstack.api.messages import NoAnswerError, Request, Response
from squadstack.api.retry import Decision, Disposition
from squadstack.api.squadiq_v4 import responses_request
from squadstack.api.verdicts import (
    Accepted,
    ActionName,
    CreateInstead,
    Reason,
    Refused,
    UnreadableAnswerError,
    Verdict,
)

Payload = Mapping[str, Any]

MAX_DETAIL = 32
"""Characters of a conversion's detail ("Mark a lead converted")."""

ONE_BY_ONE: frozenset[ActionName] = frozenset(
    {ActionName.UPDATE, ActionName.UPSERT, ActionName.CONVERT, ActionName.DELETE}
)
"""Actions whose calls take one lead, as an object."""

_LEAD_REFUSED = Decision(Disposition.HALVE, "SquadStack refused one of the call's leads")
_NEEDED = ("phone_number", "contact_name")
_ACCEPTED = Accepted()
_OF_ADDRESS = re.compile(
    r"\A(?:(?!\blead).)*?(?:\b(?:campaign|integration|endpoint|route|path|page|url)|/api/)", re.IGNORECASE | re.DOTALL
)
"""Of campaign or address, if that is named before a lead is."""
_LEAD = re.compile(r"\blead", re.IGNORECASE)
_MULTI_STATUS = 207
_EPOCH = 1


def request(campaign: str, action: ActionName, payloads: Sequence[Payload]) -> Request:
    """The call for a batch: an array, or the only lead where one is taken."""
    name = ActionName.UPDATE if action is ActionName.UPSERT else action
    method = "PATCH" if name is ActionName.UPDATE else "POST"
    leads = [_with_code(payload) for payload in payloads] if action is ActionName.CONVERT else payloads
    body = leads[0] if action in ONE_BY_ONE else leads
    return Request(method, f"/api/v4/leads/{name}/{quote(campaign, safe='')}/", msgspec.json.encode(body))


def probe(campaign: str) -> Request:
    """A call that changes nothing: the responses of before there were any."""
    return responses_request(campaign, after=None, before=_EPOCH, page=1, page_size=1)


def decide(action: ActionName, outcome: Response | NoAnswerError) -> Decision:
    """What to do about an answer to a whole call: as everywhere, but a 404 may speak of a lead."""
    if isinstance(outcome, Response) and outcome.status == 404 and _is_of_lead(action, outcome):
        return _LEAD_REFUSED
    return retry.decide(outcome)


def judge(_action: ActionName, payloads: Sequence[Payload], response: Response) -> list[Verdict]:
    """Accept every lead of a call that was answered with 2xx.

    Raises:
        UnreadableAnswerError: The answer is a page for people, which somebody else gave, or its body tells of a
            failure: it does not say of which leads in any way that is documented.
    """
    if _is_page(response):
        msg = "the answer is a page for people"
        raise UnreadableAnswerError(msg)
    if response.status == _MULTI_STATUS or tells_of_failure(text_or_json(response)):
        msg = "the answer is a success and tells of a failure"
        raise UnreadableAnswerError(msg)
    return [_ACCEPTED] * len(payloads)


def judge_alone(action: ActionName, payload: Payload, response: Response) -> Verdict:
    """The verdict on the only lead of a call that was refused."""
    error = read_error(text_or_json(response))
    verdict = failure(action, str(payload["lead_id"]), response.status, error)
    if response.status != 404 or not isinstance(verdict, Refused):
        return verdict
    if verdict.reason not in {Reason.OTHER, Reason.UNKNOWN_LEAD, Reason.INVALID_VALUE}:
        return verdict
    return _not_there(action, payload, error.text)


def _not_there(action: ActionName, payload: Payload, said: str) -> Verdict:
    """What it means for an action that its lead is not there."""
    if action is ActionName.DELETE:
        return Accepted(absent=True)
    if action is ActionName.UPSERT and all(payload.get(name) is not None for name in _NEEDED):
        return CreateInstead()
    return Refused(Reason.UNKNOWN_LEAD, said)


def _is_of_lead(action: ActionName, response: Response) -> bool:
    """Whether a 404 speaks of a lead, rather than of campaign, endpoint or address."""
    text = read_error(text_or_json(response)).text
    if error_messages.NO_INTEGRATION.search(text) or _is_page(response):
        return False
    if error_messages.UNKNOWN.search(text) or error_messages.DELETED.search(text):
        return True
    if action not in ONE_BY_ONE or _OF_ADDRESS.search(text):
        return False
    return _is_of_api(response) or bool(_LEAD.search(text))


def _is_of_api(response: Response) -> bool:
    """Whether the answer is as the API's are, JSON or nothing: no lead is missing because a proxy says "Not Found"."""
    return response.body.lstrip()[:1] in {b"", b"{"}


def _is_page(response: Response) -> bool:
    return response.body.lstrip()[:1] == b"<"


def _with_code(payload: Payload) -> dict[str, Any]:
    """A conversion with its detail as the code that the API takes: of an object, the values in order."""
    detail = payload["detail"]
    parts = [value for value in detail.values() if value is not None] if isinstance(detail, Mapping) else [detail]
    return {**payload, "detail": " ".join(map(str, parts))[:MAX_DETAIL].rstrip()}
