"""`squadstack sandbox`, as a process."""

from __future__ import annotations

import re
import signal
import socket
import subprocess
import sys
import time
from contextlib import contextmanager
from typing import TYPE_CHECKING

import pytest
import requests
from click.testing import CliRunner
from sandbox.driving import person

from squadstack.cli.sandbox import sandbox

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

COMMAND = [sys.executable, "-c", "from squadstack.cli.sandbox import sandbox; sandbox()"]
READY = re.compile(r"SquadStack sandbox on (http://127\.0\.0\.1:\d+) \(token: (.+)\)\n")


@contextmanager
def started(*arguments: str) -> Iterator[tuple[subprocess.Popen[str], str]]:
    """A sandbox in its own process, and its URL."""
    pipes = {"stdout": subprocess.PIPE, "stderr": subprocess.PIPE, "text": True}
    with subprocess.Popen([*COMMAND, "--port", "0", *arguments], **pipes) as process:
        try:
            line = READY.fullmatch(process.stdout.readline())
            assert line, process.stderr.read()
            yield process, line[1]
        finally:
            process.kill()


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
def test_start_and_stop(tmp_path: Path, number: signal.Signals) -> None:
    """It says where it listens once it does, ends quietly at a signal, and has kept its leads."""
    data = tmp_path / "leads.json"
    with started("--token", "secret", "--data", str(data)) as (process, url):
        headers = {"Authorization": "Bearer secret"}
        path = f"{url}/voice/crm-integration-v2/loans/lead-created"
        assert requests.post(path, json=person("x"), headers=headers, timeout=30).status_code == 200
        process.send_signal(number)
        assert process.communicate(timeout=30) == ("", "")
        assert process.returncode == 0
    assert '"loans"' in data.read_text()


@pytest.mark.parametrize(
    ("arguments", "calls"), [([], False), (["--work", "0.2"], True), (["--work"], False), (["--work=0.2"], True)]
)
def test_work(arguments: list[str], calls: bool) -> None:  # noqa: FBT001 -- a column of the table above
    """Leads are called if it is told to, by default after a minute."""
    with started(*arguments, "--token", "secret") as (_process, url):
        headers = {"Authorization": "Bearer secret"}
        path = f"{url}/api/v4/leads/create/loans/"
        assert requests.post(path, json=[person("x")], headers=headers, timeout=30).status_code == 201
        deadline = time.monotonic() + (60 if calls else 0.5)
        count = 0
        while not count and time.monotonic() < deadline:
            answer = requests.get(f"{url}/sandbox/leads", timeout=30).json()
            time.sleep(0.05)
            count = sum(lead["result"] is not None for lead in answer["campaigns"]["loans"].values())
        assert count == (1 if calls else 0)


def test_stop_at_work() -> None:
    """A signal while a call is worked on lets the call end, and then ends quietly."""
    with started("--latency", "1") as (process, url), socket.create_connection(_address(url)) as connection:
        body = b'{"lead_id": "x"}'
        connection.sendall(
            b"POST /voice/crm-integration-v2/loans/lead-updated HTTP/1.1\r\nHost: x\r\n"
            b"Authorization: Bearer sandbox-token\r\nContent-Type: application/json\r\n"
            b"Content-Length: %d\r\n\r\n%s" % (len(body), body)
        )
        while not requests.get(f"{url}/sandbox/calls", timeout=30).json():
            pass
        process.terminate()
        assert connection.recv(12) == b"HTTP/1.1 400"
        assert process.communicate(timeout=30) == ("", "")
        assert process.returncode == 0


def test_caller_who_leaves() -> None:
    """A caller who leaves in the middle of a call disturbs nobody."""
    with started() as (process, url):
        with socket.create_connection(_address(url)) as connection:
            connection.sendall(
                b"POST /voice/crm-integration-v2/loans/lead-updated HTTP/1.1\r\nHost: x\r\n"
                b"Authorization: Bearer sandbox-token\r\nContent-Type: application/json\r\n"
                b"Content-Length: 100\r\n\r\n{"
            )
        assert requests.get(f"{url}/health", timeout=30).status_code == 200
        process.terminate()
        assert process.communicate(timeout=30) == ("", "")


def _address(url: str) -> tuple[str, int]:
    host, _, port = url.removeprefix("http://").partition(":")
    return host, int(port)


@pytest.mark.parametrize(
    ("arguments", "hint"),
    [
        (["--fault", "flood:0.5"], "'flood' is no fault"),
        (["--fault", "lost:2"], "'2' is no share"),
        (["--fault", "lost:0.6", "--fault", "slow:0.6"], "more than 1"),
        (["--rate-limit", "0"], "--rate-limit"),
        (["--period", "0"], "--period"),
        (["--latency", "-1"], "--latency"),
        (["--port", "70000"], "--port"),
        (["--work", "0"], "--work"),
        (["--push", "localhost:8791"], "must begin with http"),
    ],
)
def test_bad_option(arguments: list[str], hint: str) -> None:
    """An option that makes no sense is refused with a sentence, before anything starts."""
    result = CliRunner().invoke(sandbox, arguments)
    assert result.exit_code == 2
    assert hint in result.output


def test_busy_port() -> None:
    """A port that somebody else has is said so in a sentence."""
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
        result = CliRunner().invoke(sandbox, ["--port", str(port)])
    assert result.exit_code == 1
    assert f"Error: Cannot listen on 127.0.0.1 port {port}: Address already in use" in result.output


def test_bad_data_file(tmp_path: Path) -> None:
    """A file that holds no leads is said so in a sentence."""
    data = tmp_path / "leads.json"
    data.write_text("leads")
    result = CliRunner().invoke(sandbox, ["--port", "0", "--data", str(data)])
    assert result.exit_code == 1
    assert f"Error: Cannot read leads from {data}" in result.output


@pytest.mark.parametrize("missing", ["starlette", "uvicorn"])
def test_without_the_extra(missing: str) -> None:
    """Without the extra, a sentence says how to install it."""
    code = f"import sys; sys.modules[{missing!r}] = None; {COMMAND[-1]}"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=False)
    assert done.returncode == 1
    assert done.stderr == f"Error: The sandbox needs {missing}: pip install 'squadstack-connectors[sandbox]'\n"


def test_help_needs_no_extra() -> None:
    """The help comes without what the extra installs, and names every fault."""
    result = CliRunner().invoke(sandbox, ["--help"])
    assert result.exit_code == 0
    assert "500, 503, reset, lost, slow, truncated" in " ".join(result.output.split())
