"""The endpoints of SquadIQ v4, on the same leads as those of CRM v2.

The document tells statuses, hardly any body. So a success is answered with an empty object, and what is
refused with `{"detail": …}` or, for the fields of one lead, `{name: [message]}`. Leads that come together are
all dealt with or none: there is one status, and no word for some of them.
"""

from __future__ import annotations

from dataclasses import dataclass
from types import MappingProxyType
from typing import TYPE_CHECKING, Final

from squadstack.sandbox.actions import READ, Action, Asked, Kind, Verdict
from squadstack.sandbox.answers import message_of
from squadstack.sandbox.fields import squadiq_errors_of
from squadstack.sandbox.reading import read_call
from squadstack.sandbox.refusals import Answer, RefusedError, bad_request
from squadstack.sandbox.responses import page_of, read_query, rows_of

if TYPE_CHECKING:
    from collections.abc import Mapping

    from starlette.requests import Request
    from starlette.routing import Route

    from squadstack.sandbox.calls import Call
    from squadstack.sandbox.campaigns import Campaigns
    from squadstack.sandbox.gate import Gate, Handle, Pause

SQUADIQ_PATH: Final = "/api/v4/leads/"


@dataclass(frozen=True, slots=True)
class _Endpoint:
    """What the document says of an endpoint that writes.

    Attributes:
        status: That of a success.
        method: HTTP's.
        one: Whether it takes one lead as an object.
        many: Whether it takes leads as an array.
        unknown: The status for a lead that is not there.
    """

    status: int
    method: str = "POST"
    one: bool = True
    many: bool = False
    unknown: int = 404


_ENDPOINTS: Final[Mapping[Action, _Endpoint]] = MappingProxyType(
    {
        Action.CREATE: _Endpoint(201, one=False, many=True),
        Action.UPDATE: _Endpoint(200, method="PATCH"),
        Action.CONVERT: _Endpoint(200),
        # Its table of statuses has no 404.
        Action.DISABLE: _Endpoint(201, many=True, unknown=400),
        Action.DELETE: _Endpoint(202),
    }
)


def squadiq_routes(gate: Gate, campaigns: Campaigns) -> list[Route]:
    """The routes of this module."""
    writing = [
        gate.route(endpoint.method, f"{SQUADIQ_PATH}{action}/{{ref_id}}/", action, _write(campaigns, action, endpoint))
        for action, endpoint in _ENDPOINTS.items()
    ]
    return [*writing, gate.route("GET", SQUADIQ_PATH + "responses/{ref_id}/", READ, _read(campaigns))]


def _write(campaigns: Campaigns, action: Action, endpoint: _Endpoint) -> Handle:
    async def handle(request: Request, call: Call, pause: Pause) -> Answer:
        content_type = request.headers.get("content-type", "")
        asked = read_call(call.ref_id, action, content_type, await request.body())
        _check_form(asked, endpoint)
        call.leads = len(asked.rows)
        await pause()
        refused = campaigns.act_together(asked.ref_id, action, asked.rows, squadiq_errors_of)
        return Answer(endpoint.status, {}) if refused is None else _refuse(asked, endpoint, *refused)

    return handle


def _read(campaigns: Campaigns) -> Handle:
    async def handle(request: Request, call: Call, pause: Pause) -> Answer:
        query = read_query(request.query_params)
        await pause()
        page = page_of(rows_of(campaigns, call.ref_id, query), query, request.url)
        call.leads = len(page.results)
        return page.answer()

    return handle


def _check_form(asked: Asked, endpoint: _Endpoint) -> None:
    if asked.bulk and not endpoint.many:
        raise RefusedError(bad_request("The request body must be one JSON object."))
    if not asked.bulk and not endpoint.one:
        raise RefusedError(bad_request("The request body must be an array of JSON objects."))


def _refuse(asked: Asked, endpoint: _Endpoint, position: int, verdict: Verdict) -> Answer:
    status = endpoint.unknown if verdict.kind in {Kind.UNKNOWN, Kind.DELETED} else 400
    if len(asked.rows) == 1 and verdict.kind is Kind.INVALID_FIELDS:
        return Answer(status, {name: [error] for name, error in verdict.errors.items()})
    which = f"Lead {position + 1} of {len(asked.rows)}: " if len(asked.rows) > 1 else ""
    return Answer(status, {"detail": which + message_of(asked, asked.rows[position], verdict)})
