"""What every documented call goes through, whichever API it belongs to.

A call counts when it arrives with the valid token (401 without). Then come, in this order: the rate limit
(429; not counted itself), the campaign and what it has enabled (403, 404), the fault drawn for the call,
its query or body (400), and its leads one by one.
"""

from __future__ import annotations

import asyncio
import math
from collections.abc import Awaitable, Callable
from typing import TYPE_CHECKING, TypeAlias

from starlette.requests import Request
from starlette.routing import Route

from squadstack.sandbox.calls import Call, Calls
from squadstack.sandbox.faults import Fault, Faults
from squadstack.sandbox.limits import RateLimit
from squadstack.sandbox.refusals import (
    MAINTENANCE,
    TECHNICAL_ISSUES,
    Answer,
    RefusedError,
    check_integration,
    check_token,
    throttled,
)
from squadstack.sandbox.wire import Hangup, Truncated, respond

if TYPE_CHECKING:
    from starlette.responses import Response

    from squadstack.sandbox.options import Options

Pause: TypeAlias = Callable[[], Awaitable[None]]
"""Takes the time that working on a call takes."""

Handle: TypeAlias = Callable[[Request, Call, Pause], Awaitable[Answer]]
"""Reads an admitted call, pauses, acts and answers; raises RefusedError before the pause."""


class Gate:
    """One token, one rate limit and one sequence of faults for all endpoints.

    Args:
        options: How the sandbox is set up.
        calls: Where arriving calls are noted.
    """

    def __init__(self, options: Options, calls: Calls) -> None:
        self._options = options
        self._calls = calls
        self._limit = RateLimit(options.rate_limit, options.period)
        self._faults = Faults(options.faults, options.seed)

    def route(self, method: str, path: str, action: str, handle: Handle) -> Route:
        """Make a documented endpoint; its path holds `{ref_id}`."""

        async def endpoint(request: Request) -> Response:
            call = self._calls.arrive(request.path_params["ref_id"], action)
            response = await self._answer(request, call, handle)
            if not isinstance(response, Hangup):
                call.status = response.status_code
            return response

        return Route(path, endpoint, methods=[method])

    async def _answer(self, request: Request, call: Call, handle: Handle) -> Response:
        try:
            self._admit(request.headers.get("authorization", ""), call)
            fault = self._faults.draw()
            if fault is Fault.RESET:
                return Hangup(reset=True)
            _fail(fault)
            return _hand_over(await handle(request, call, self._pause(fault)), fault)
        except RefusedError as refused:
            return respond(refused.answer)

    def _admit(self, authorization: str, call: Call) -> None:
        check_token(authorization, self._options.token)
        if (wait := self._limit.count()) is not None:
            raise RefusedError(throttled(max(1, math.ceil(wait))))
        check_integration(call.ref_id, call.action)

    def _pause(self, fault: Fault | None) -> Pause:
        slowness = self._options.slow_seconds if fault is Fault.SLOW else 0
        return lambda: asyncio.sleep(self._options.latency + slowness)


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
