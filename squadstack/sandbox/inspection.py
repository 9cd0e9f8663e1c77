"""A look inside, for tests and for the curious: no part of SquadStack's API, and open to everybody.

| call | answers |
|---|---|
| `GET /sandbox/leads` | `{"campaigns": {ref_id: {lead_id: {…}}}}`, the attributes of `leads.Lead` |
| `GET /sandbox/calls` | `[{"at", "ref_id", "action", "leads", "status"}]`, oldest first |
| `POST /sandbox/judge/{ref_id}/{lead_id}` | ends an active lead's journey: it is processed, as if it had been called |
| `GET /health` | `{"status": "ok"}` |
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from starlette.responses import JSONResponse, Response
from starlette.routing import Route

from squadstack.sandbox.leads import State
from squadstack.sandbox.refusals import Answer
from squadstack.sandbox.wire import respond

if TYPE_CHECKING:
    from starlette.requests import Request

    from squadstack.sandbox.calls import Calls
    from squadstack.sandbox.campaigns import Campaigns


def inspection_routes(campaigns: Campaigns, calls: Calls) -> list[Route]:
    """The routes of this module."""

    async def leads(_request: Request) -> Response:
        return respond(Answer(200, campaigns.document()))

    async def latest_calls(_request: Request) -> Response:
        return JSONResponse(calls.document())

    async def judge(request: Request) -> Response:
        before = campaigns.judge(request.path_params["ref_id"], request.path_params["lead_id"])
        return respond(_judged(before))

    async def health(_request: Request) -> Response:
        return JSONResponse({"status": "ok"})

    return [
        Route("/sandbox/leads", leads, methods=["GET"]),
        Route("/sandbox/calls", latest_calls, methods=["GET"]),
        Route("/sandbox/judge/{ref_id}/{lead_id:path}", judge, methods=["POST"]),
        Route("/health", health, methods=["GET"]),
    ]


def _judged(before: State | None) -> Answer:
    match before:
        case None:
            return Answer(404, {"error_msg": "There is no such lead."})
        case State.ACTIVE:
            return Answer(200, {"state": State.JUDGED})
        case _:
            return Answer(409, {"error_msg": f"Only active leads can be judged; this one is {before}."})
