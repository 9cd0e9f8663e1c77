"""The two ways to run the server: in a thread, and in a process whose work disturbs nobody."""

from __future__ import annotations

import contextlib
import http.client
import json
import selectors
import subprocess
import sys
import threading
from dataclasses import asdict
from pathlib import Path
from typing import IO, TYPE_CHECKING, cast

from support.crm import control
from support.crm.business import Business
from support.crm.web import Web

if TYPE_CHECKING:
    from support.crm.options import Options

SCRIPT = Path(__file__).resolve().parents[1] / "crm_server.py"
START_SECONDS = 15


class Threaded:
    """The server in a thread of this process."""

    def __init__(self, options: Options, port: int) -> None:
        self._web = Web(Business(options), port)
        self.port = self._web.server_port
        self._thread = threading.Thread(target=self._web.serve_forever, args=(0.02,), daemon=True)
        self._thread.start()

    def ask(self, question: str, arguments: bytes) -> bytes:
        return self._web.control.dispatch(question, arguments)

    def close(self) -> None:
        self._web.close()
        self._thread.join(5)


class Spawned:
    """The server in a process of its own, which ends with our end of its standard input."""

    def __init__(self, options: Options, port: int) -> None:
        command = [sys.executable, "-I", "-S", str(SCRIPT), "--port", str(port), "--until-stdin-closes"]
        command += ["--config", json.dumps(asdict(options))]
        self._process = subprocess.Popen(
            command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True, start_new_session=True
        )
        self._stdin = cast("IO[str]", self._process.stdin)
        self._stdout = cast("IO[str]", self._process.stdout)
        try:
            self.port = self._read_port()
        except BaseException:
            self.close()
            raise

    def ask(self, question: str, arguments: bytes) -> bytes:
        connection = http.client.HTTPConnection("127.0.0.1", self.port, timeout=60)
        with contextlib.closing(connection):
            connection.request("POST", control.PREFIX + question, arguments)
            return connection.getresponse().read()

    def close(self) -> None:
        self._stdin.close()
        try:
            self._process.wait(10)
        except subprocess.TimeoutExpired:
            self._process.kill()
            self._process.wait()
        self._stdout.close()

    def _read_port(self) -> int:
        with selectors.DefaultSelector() as selector:
            selector.register(self._stdout, selectors.EVENT_READ)
            line = self._stdout.readline() if selector.select(START_SECONDS) else ""
        if not line.strip().isdigit():
            msg = "the pretend server did not start"
            raise RuntimeError(msg)
        return int(line)
