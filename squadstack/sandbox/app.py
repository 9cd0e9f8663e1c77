"""The sandbox as one application: the documented endpoints, and a look inside."""

from __future__ import annotations

import asyncio
from contextlib import asynccontextmanager
from dataclasses import replace
from typing import TYPE_CHECKING

from starlette.applications import Starlette
from starlette.exceptions import HTTPException
from starlette.requests import ClientDisconnect, Request
from starlette.responses import Response

from squadstack.sandbox.calls import Calls
from squadstack.sandbox.campaigns import Campaigns
from squadstack.sandbox.crm import crm_routes
from squadstack.sandbox.gate import Gate
from squadstack.sandbox.inspection import inspection_routes
from squadstack.sandbox.pushes import Pushes
from squadstack.sandbox.refusals import METHOD_NOT_ALLOWED, NO_INTEGRATION, Answer
from squadstack.sandbox.squadiq import SQUADIQ_PATH, squadiq_routes
from squadstack.sandbox.storage import DataFile
from squadstack.sandbox.wire import respond
from squadstack.sandbox.work import Work

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Coroutine, Iterator

    from squadstack.sandbox.options import Options


class Sandbox:
    """Everything that a running sandbox knows.

    Args:
        options: How it is set up.

    Attributes:
        campaigns: The leads.
        calls: The calls that came.
        data_file: What keeps the leads, if anything does.
        work: Who calls the leads, if anybody does.
        pushes: What is pushed, if anything is.
        gate: What every call goes through.
    """

    def __init__(self, options: Options) -> None:
        self.campaigns = Campaigns()
        self.calls = Calls()
        self.data_file = DataFile(options.data, self.campaigns) if options.data else None
        self.work = Work(self.campaigns, options.work) if options.work is not None else None
        wanted = options.push is not None or options.events is not None
        self.pushes = Pushes(self.campaigns, options.push, options.events) if wanted else None
        self.gate = Gate(options, self.calls)

    def chores(self) -> Iterator[Coroutine[None, None, None]]:
        """What is to be done beside the calls, without end."""
        if self.data_file is not None:
            yield self.data_file.keep_saving()
        if self.work is not None:
            yield self.work.keep_working()
        if self.pushes is not None:
            yield self.pushes.keep_pushing()


def create_app(sandbox: Sandbox) -> Starlette:
    """Make the application that serves a sandbox; it must run on `wire.Connection`."""

    @asynccontextmanager
    async def lifespan(_app: Starlette) -> AsyncIterator[None]:
        tasks = [asyncio.create_task(chore) for chore in sandbox.chores()]
        yield
        for task in tasks:
            task.cancel()

    app = Starlette(
        routes=[
            *crm_routes(sandbox.gate, sandbox.campaigns),
            *squadiq_routes(sandbox.gate, sandbox.campaigns),
            *inspection_routes(sandbox.campaigns, sandbox.calls),
        ],
        exception_handlers={404: _not_found, 405: _method_not_allowed, ClientDisconnect: _gone},
        lifespan=lifespan,
    )
    app.router.redirect_slashes = False
    return app


async def _not_found(_request: Request, _error: Exception) -> Response:
    return respond(NO_INTEGRATION)


async def _method_not_allowed(request: Request, error: Exception) -> Response:
    headers = error.headers or {} if isinstance(error, HTTPException) else {}
    refusal = METHOD_NOT_ALLOWED
    if request.url.path.startswith(SQUADIQ_PATH):
        refusal = Answer(405, {"detail": f'Method "{request.method}" not allowed.'})
    return respond(replace(refusal, headers=headers))


async def _gone(_request: Request, _error: Exception) -> Response:
    """Nobody reads this: the caller left before the call was complete."""
    return Response()
