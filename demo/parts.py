# ruff: noqa: INP001 - part of a script, not a package
"""What the demo sets in motion: a sandbox, and Meltano's jobs, which reach that sandbox only."""

from __future__ import annotations

import json
import os
import re
import subprocess
import sys
import time
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any
from urllib.request import ProxyHandler, Request, build_opener

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

PROJECT = Path(__file__).resolve().parent.parent
TOKEN = "sandbox-token"  # noqa: S105 - that of a pretend server
CAMPAIGN = "demo"
STARTED = re.compile(r"SquadStack sandbox on (?P<url>http://\S+)")

WORK = 0.4
"""How long a lead of the sandbox waits on average until it is called, in seconds; at most half as long again."""
LOOK = 0.2
"""How often the demo looks whether anything has changed, in seconds."""
STILL = 5
"""After so many looks without a change nothing more will come: they last longer than a lead's longest wait."""
PATIENCE = 120
"""How long the demo waits for that at most, in seconds."""


class DemoError(Exception):
    """Some part did not do what it should; the message ends with that part's own last lines."""


class Sandbox:
    """A pretend SquadStack that runs.

    Args:
        url: Where it listens.
    """

    def __init__(self, url: str) -> None:
        self.url = url

    def leads(self) -> dict[str, Any]:
        """The leads of the demo's campaign as it holds them."""
        found: dict[str, Any] = self._look("/sandbox/leads")["campaigns"].get(CAMPAIGN, {})
        return found

    def calls(self) -> list[dict[str, Any]]:
        """The calls as it counted them."""
        found: list[dict[str, Any]] = self._look("/sandbox/calls")
        return found

    def wait_until_still(self) -> dict[str, Any]:
        """The leads once all were called, and those that are called again were too."""
        known, looks = self.leads(), 0
        until = time.monotonic() + PATIENCE
        while looks < STILL or any(lead["state"] == "active" for lead in known.values()):
            if time.monotonic() > until:
                message = f"The sandbox has not called all leads within {PATIENCE} seconds."
                raise DemoError(message)
            time.sleep(LOOK)
            before, known = known, self.leads()
            looks = looks + 1 if known == before else 0
        return known

    def _look(self, path: str) -> Any:
        """What it says about itself, never by way of a proxy."""
        request = Request(self.url + path, headers={"Authorization": f"Bearer {TOKEN}"})  # noqa: S310 - http to loopback
        with build_opener(ProxyHandler({})).open(request, timeout=30) as answer:
            return json.load(answer)


@contextmanager
def sandbox(log: Path) -> Iterator[Sandbox]:
    """A pretend SquadStack on a free port that calls its leads, for as long as the block lasts."""
    command = [str(beside_python("squadstack")), "sandbox", "--port", "0", "--token", TOKEN, "--work", str(WORK)]
    with log.open("w") as errors:
        process = subprocess.Popen(command, stdout=subprocess.PIPE, stderr=errors, text=True)  # noqa: S603 - our own command
    try:
        yield Sandbox(_wait_until_started(process, log))
    finally:
        process.terminate()
        try:
            process.wait(timeout=10)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()


def _wait_until_started(process: subprocess.Popen[str], log: Path) -> str:
    """The sandbox's address, which it prints once it listens; it closes its output if it cannot."""
    assert process.stdout is not None  # noqa: S101 - it is a pipe
    for line in process.stdout:
        if found := STARTED.search(line):
            return found["url"]
    message = f"The sandbox did not start:\n{_tail(log)}"
    raise DemoError(message)


def run_job(job: str, log: Path, environment: Mapping[str, str]) -> float:
    """Let Meltano run a job to its end; answers how many seconds it took."""
    meltano = os.environ.get("MELTANO", str(PROJECT / ".venv-meltano" / "bin" / "meltano"))
    start = time.monotonic()
    with log.open("w") as out:
        result = subprocess.run(  # noqa: S603 - the project's own Meltano
            [meltano, "--environment=sandbox", "run", job],
            cwd=PROJECT,
            env=dict(environment),
            stdin=subprocess.DEVNULL,
            stdout=out,
            stderr=subprocess.STDOUT,
            check=False,
        )
    if result.returncode:
        message = f"The job {job} ended with {result.returncode}:\n{_tail(log)}"
        raise DemoError(message)
    return time.monotonic() - start


def job_environment(url: str, folder: Path) -> dict[str, str]:
    """The caller's environment, but nothing in it that could lead to a real account, or through a proxy.

    Args:
        url: Of the sandbox.
        folder: Where everything goes that the jobs write: ledger, STATE, summary, responses.
    """
    kept = {name: value for name, value in os.environ.items() if not name.startswith(("MELTANO_", "TARGET_", "TAP_"))}
    ledger = f"sqlite:///{folder}/ledger.db"
    return kept | {
        "MELTANO_DATABASE_URI": f"sqlite:///{folder}/meltano.db",
        "NO_PROXY": "127.0.0.1,localhost",
        "TARGET_SQUADSTACK_API_URL": url,
        "TARGET_SQUADSTACK_AUTH_TOKEN": TOKEN,
        "TARGET_SQUADSTACK_REF_ID": CAMPAIGN,
        "TARGET_SQUADSTACK_LEDGER_URL": ledger,
        "TARGET_SQUADSTACK_SUMMARY_PATH": str(folder / "summary.json"),
        "TAP_SQUADSTACK_API_URL": url,
        "TAP_SQUADSTACK_AUTH_TOKEN": TOKEN,
        "TAP_SQUADSTACK_CAMPAIGN_IDS": json.dumps([CAMPAIGN]),
        "TAP_SQUADSTACK_START_DATE": datetime.now(UTC).isoformat(timespec="seconds"),
        "TAP_SQUADSTACK_PAGE_SIZE": "500",  # many leads are called in the same second
        "TAP_SQUADSTACK_LAG_SECONDS": "0",
        "TAP_SQUADSTACK_LEDGER_URL": ledger,
        "TARGET_JSONL_DESTINATION_PATH": str(folder / "responses"),
    }


def beside_python(command: str) -> Path:
    """A command of the environment that this script runs in."""
    return Path(sys.executable).with_name(command)


def _tail(log: Path) -> str:
    """The last lines of a log."""
    return "\n".join(log.read_text(errors="replace").splitlines()[-40:])
