"""The running server: in the foreground for the command line, beside the caller for tests."""

from __future__ import annotations

import logging
import signal
import socket
import threading
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

import uvicorn

from squadstack.sandbox.app import Sandbox, create_app
from squadstack.sandbox.wire import Connection

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from types import FrameType

    from squadstack.sandbox.calls import Calls
    from squadstack.sandbox.campaigns import Campaigns
    from squadstack.sandbox.options import Options

# As nginx has it: a client may keep an idle connection between two batches.
_KEEP_ALIVE_SECONDS: Final = 75
_SHUTDOWN_SECONDS: Final = 5
_STARTUP_SECONDS: Final = 30


@dataclass(frozen=True, slots=True)
class Running:
    """A sandbox that runs beside its user.

    Attributes:
        url: Scheme, host and port.
        token: What callers must bear.
        campaigns: Its leads: to look at, or to replace with `restore` while no call is under way.
        calls: The calls that came.
    """

    url: str
    token: str
    campaigns: Campaigns
    calls: Calls


def run(options: Options, announce: Callable[[str], None]) -> None:
    """Serve until SIGTERM or SIGINT; must be called in the main thread.

    Args:
        options: How the sandbox is set up.
        announce: Told the URL once calls are taken.

    Raises:
        DataFileError: The file of leads cannot be read or written.
        OSError: The address cannot be listened on.
    """
    with ExitStack() as stack:
        server, listener = _prepare(stack, Sandbox(options), options, announce)
        stack.enter_context(_stopping_on_signals(server))
        server.run(sockets=[listener])


@contextmanager
def running(options: Options) -> Iterator[Running]:
    """Serve in a thread as long as the context lasts; `port=0` takes a free port.

    Raises:
        DataFileError: The file of leads cannot be read or written.
        OSError: The address cannot be listened on.
    """
    sandbox, started = Sandbox(options), threading.Event()
    with ExitStack() as stack:
        server, listener = _prepare(stack, sandbox, options, lambda _url: started.set())
        stack.enter_context(_in_thread(server, listener))
        if not started.wait(_STARTUP_SECONDS):
            message = "the sandbox did not start"
            raise RuntimeError(message)
        yield Running(_url_of(listener), options.token, sandbox.campaigns, sandbox.calls)


class _Server(uvicorn.Server):
    """uvicorn, saying when it takes calls and ending without a word."""

    def __init__(self, config: uvicorn.Config, on_started: Callable[[], None]) -> None:
        super().__init__(config)
        self._on_started = on_started

    async def startup(self, sockets: list[socket.socket] | None = None) -> None:
        await super().startup(sockets)
        self._on_started()

    async def shutdown(self, sockets: list[socket.socket] | None = None) -> None:
        # Else it prints a traceback for each call that it breaks off.
        logging.getLogger("uvicorn.error").setLevel(logging.CRITICAL)
        await super().shutdown(sockets)


def _prepare(
    stack: ExitStack, sandbox: Sandbox, options: Options, announce: Callable[[str], None]
) -> tuple[_Server, socket.socket]:
    """Load the leads and take the address; the stack saves and frees them again."""
    if sandbox.data_file is not None:
        sandbox.data_file.load()
        stack.callback(sandbox.data_file.save)
    listener = stack.enter_context(_listen(options))
    return _Server(_config(sandbox), lambda: announce(_url_of(listener))), listener


def _listen(options: Options) -> socket.socket:
    family = socket.AF_INET6 if ":" in options.host else socket.AF_INET
    return socket.create_server((options.host, options.port), family=family)


def _url_of(listener: socket.socket) -> str:
    host, port = listener.getsockname()[:2]
    return f"http://[{host}]:{port}" if ":" in host else f"http://{host}:{port}"


def _config(sandbox: Sandbox) -> uvicorn.Config:
    return uvicorn.Config(
        create_app(sandbox),
        http=Connection,
        ws="none",
        loop="asyncio",
        lifespan="on",
        log_config=None,
        log_level="error",
        access_log=False,
        server_header=False,
        timeout_keep_alive=_KEEP_ALIVE_SECONDS,
        timeout_graceful_shutdown=_SHUTDOWN_SECONDS,
    )


@contextmanager
def _in_thread(server: _Server, listener: socket.socket) -> Iterator[None]:
    thread = threading.Thread(target=server.run, kwargs={"sockets": [listener]}, daemon=True)
    thread.start()
    try:
        yield
    finally:
        server.should_exit = True
        thread.join()


@contextmanager
def _stopping_on_signals(server: _Server) -> Iterator[None]:
    """Stop at SIGTERM and SIGINT, also before uvicorn listens for them and when it hands them on."""

    def stop(_number: int, _frame: FrameType | None) -> None:
        server.should_exit = True

    before = {number: signal.signal(number, stop) for number in (signal.SIGTERM, signal.SIGINT)}
    try:
        yield
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)
