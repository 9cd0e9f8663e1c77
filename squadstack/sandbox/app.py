"""The six documented endpoints, and the order in which a call is checked.

A call counts when it arrives with the valid token (401 without). Then come, in this order: the rate limit
(429; not counted itself), the campaign and what it has enabled (403, 404), the fault drawn for the call,
its body (400), and its leads one by one.
"""

from __future__ import annotations

import asyncio
import math
from contextlib import asynccontextmanager
from dataclasses import replace
from typing import TYPE_CHECKING, Final

from starlette.applications import Starlette
from starlette.exceptions import HTTPException
from starlette.requests import ClientDisconnect, Request
from starlette.responses import Response
from starlette.routing import Route

from squadstack.sandbox.actions import ENDPOINTS, Action, Asked, Kind, Row, Verdict
from squadstack.sandbox.answers import answer
from squadstack.sandbox.calls import Call, Calls
from squadstack.sandbox.campaigns import Campaigns
from squadstack.sandbox.faults import Fault, Faults
from squadstack.sandbox.fields import lead_id_of
from squadstack.sandbox.inspection import inspection_routes
from squadstack.sandbox.limits import RateLimit
from squadstack.sandbox.reading import read_call
from squadstack.sandbox.refusals import (
    MAINTENANCE,
    METHOD_NOT_ALLOWED,
    NO_INTEGRATION,
    TECHNICAL_ISSUES,
    Answer,
    RefusedError,
    check_integration,
    check_token,
    throttled,
)
from squadstack.sandbox.storage import DataFile
from squadstack.sandbox.wire import Hangup, Truncated, respond

if TYPE_CHECKING:
    from collections.abc import AsyncIterator

    from squadstack.sandbox.options import Options

_PATH: Final = "/voice/crm-integration-v2/{ref_id}/"


class Sandbox:
    """Everything that a running sandbox knows.

    Args:
        options: How it is set up.

    Attributes:
        campaigns: The leads.
        calls: The calls that came.
        data_file: What keeps the leads, if anything does.
    """

    def __init__(self, options: Options) -> None:
        self.campaigns = Campaigns()
        self.calls = Calls()
        self.data_file = DataFile(options.data, self.campaigns) if options.data else None
        self._options = options
        self._limit = RateLimit(options.rate_limit, options.period)
        self._faults = Faults(options.faults, options.seed)

    async def answer(self, request: Request, call: Call) -> Response:
        """Answer a call to a documented endpoint."""
        try:
            self._admit(request.headers.get("authorization", ""), call)
            fault = self._faults.draw()
            if fault is Fault.RESET:
                return Hangup(reset=True)
            _fail(fault)
            asked = await _read(request, call)
        except RefusedError as refused:
            return respond(refused.answer)
        return _hand_over(await self._work(asked, fault), fault)

    def _admit(self, authorization: str, call: Call) -> None:
        check_token(authorization, self._options.token)
        if (wait := self._limit.count()) is not None:
            raise RefusedError(throttled(max(1, math.ceil(wait))))
        check_integration(call.ref_id, call.action)

    async def _work(self, asked: Asked, fault: Fault | None) -> Answer:
        """Take time over the leads, during which they are busy for other calls, then act."""
        with self.campaigns.claim(asked.ref_id, asked.rows) as claimed:
            slowness = self._options.slow_seconds if fault is Fault.SLOW else 0
            await asyncio.sleep(self._options.latency + slowness)
            verdicts = [self._act(asked, row, claimed) for row in asked.rows]
        return answer(asked, verdicts)

    def _act(self, asked: Asked, row: Row, claimed: frozenset[str]) -> Verdict:
        lead_id = lead_id_of(row)
        if lead_id is not None and lead_id not in claimed:
            return Verdict(Kind.BUSY)
        return self.campaigns.act(asked.ref_id, asked.action, row)


def create_app(sandbox: Sandbox) -> Starlette:
    """Make the application that serves a sandbox; it must run on `wire.Connection`."""

    @asynccontextmanager
    async def lifespan(_app: Starlette) -> AsyncIterator[None]:
        if sandbox.data_file is None:
            yield
            return
        saving = asyncio.create_task(sandbox.data_file.keep_saving())
        yield
        saving.cancel()

    app = Starlette(
        routes=[*_lead_routes(sandbox), *inspection_routes(sandbox.campaigns, sandbox.calls)],
        exception_handlers={404: _not_found, 405: _method_not_allowed, ClientDisconnect: _gone},
        lifespan=lifespan,
    )
    app.router.redirect_slashes = False
    return app


def _lead_routes(sandbox: Sandbox) -> list[Route]:
    return [_lead_route(sandbox, name, action) for name, action in ENDPOINTS.items()]


def _lead_route(sandbox: Sandbox, name: str, action: Action) -> Route:
    async def endpoint(request: Request) -> Response:
        call = sandbox.calls.arrive(request.path_params["ref_id"], action)
        response = await sandbox.answer(request, call)
        if not isinstance(response, Hangup):
            call.status = response.status_code
        return response

    return Route(_PATH + name, endpoint, methods=["POST"])


async def _read(request: Request, call: Call) -> Asked:
    content_type = request.headers.get("content-type", "")
    asked = read_call(call.ref_id, call.action, content_type, await request.body())
    call.leads = len(asked.rows)
    return asked


def _fail(fault: Fault | None) -> None:
    """Refuse the call if that is its fault."""
    match fault:
        case Fault.ERROR:
            raise RefusedError(TECHNICAL_ISSUES)
        case Fault.UNAVAILABLE:
            raise RefusedError(MAINTENANCE)


def _hand_over(worked_out: Answer, fault: Fault | None) -> Response:
    """Answer, or lose the answer on its way if that is the call's fault."""
    match fault:
        case Fault.LOST:
            return Hangup(reset=False)
        case Fault.TRUNCATED:
            return Truncated(respond(worked_out))
        case _:
            return respond(worked_out)


async def _not_found(_request: Request, _error: Exception) -> Response:
    return respond(NO_INTEGRATION)


async def _method_not_allowed(_request: Request, error: Exception) -> Response:
    headers = error.headers or {} if isinstance(error, HTTPException) else {}
    return respond(replace(METHOD_NOT_ALLOWED, headers=headers))


async def _gone(_request: Request, _error: Exception) -> Response:
    """Nobody reads this: the caller left before the call was complete."""
    return Response()
