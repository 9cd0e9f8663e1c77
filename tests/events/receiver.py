"""A receiver in a process of its own, and someone to push to it."""

from __future__ import annotations

import contextlib
import json
import os
import signal
import socket
import subprocess
import sys
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

import requests

from squadstack.events.places import Place
from squadstack.events.reader import Found, Reader

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence
    from pathlib import Path

SECRET = "secret-of-the-tests"
OTHER = "another-secret-of-the-tests"
COMMAND = [sys.executable, "-c", "from squadstack.cli.main import main; main()", "receive"]
HEADERS = {"Authorization": f"Bearer {SECRET}"}


class Receiver:
    """What runs: its process, and where it listens."""

    def __init__(self, process: subprocess.Popen[str], url: str, folder: Path) -> None:
        self.process = process
        self.url = url
        self.folder = folder
        self.port = int(url.split(":")[2].partition("/")[0])
        self._http = requests.Session()
        self._http.trust_env = False

    def push(self, payload: Any, headers: dict[str, str] | None = None, **more: Any) -> requests.Response:
        """Push a payload, or bytes as they are."""
        body = payload if isinstance(payload, bytes) else json.dumps(payload).encode()
        given = HEADERS if headers is None else headers
        return self._http.post(self.url, data=body, headers=given, timeout=30, **more)

    def speak(self, *parts: bytes, timeout: float = 30) -> bytes:
        """Send bytes, and read until the end."""
        with socket.create_connection(("127.0.0.1", self.port), timeout=timeout) as connection:
            for part in parts:
                connection.sendall(part)
            answer = b""
            while data := connection.recv(65536):
                answer += data
            return answer

    def end(self) -> tuple[int, str]:
        """Stop it, and tell its status and what it logged."""
        self.process.terminate()
        _, logged = self.process.communicate(timeout=30)
        return self.process.returncode, logged


@contextmanager
def started(
    folder: Path, *arguments: str, secrets: str = SECRET, prefix: Sequence[str] = (), port: int = 0
) -> Iterator[Receiver]:
    """A receiver in its own process; with `prefix`, below another program."""
    with subprocess.Popen(
        [*prefix, *COMMAND, "--folder", str(folder), "--port", str(port), *arguments],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        env={**os.environ, "SQUADSTACK_RECEIVE_SECRETS": secrets},
        start_new_session=True,
    ) as process:
        try:
            line = process.stdout.readline()  # type: ignore[union-attr]
            assert line.startswith("SquadStack receiver on http://"), process.stderr.read()  # type: ignore[union-attr]
            yield Receiver(process, line.rsplit(" ", 1)[1].strip(), folder)
        finally:
            with contextlib.suppress(ProcessLookupError):
                os.killpg(process.pid, signal.SIGKILL)


def loaded(folder: Path, positions: Any = None) -> list[dict[str, Any]]:
    """The payloads that a reader finds."""
    items = list(Reader(Place(str(folder)), {} if positions is None else positions).items())
    return [item.event.payload for item in items if isinstance(item, Found)]
