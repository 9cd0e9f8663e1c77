"""What Airbyte's own tools say of the source and the destination."""

from __future__ import annotations

import json
import os
import re
import subprocess
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest
from airbyte.tools import HERE, environment
from support.airbyte import Face, configured, stream_state
from support.responses.scene import NOW, STREAMS
from support.responses_server import CAMPAIGN

if TYPE_CHECKING:
    from support.command import Result
    from support.crm_server import CrmServer
    from support.responses_server import ResponsesServer

pytestmark = [pytest.mark.long, pytest.mark.timeout(1800)]

OURS = Path(sys.executable).parent


@pytest.fixture(scope="session")
def tools() -> Path:
    """Where the commands of PyAirbyte and airbyte-cdk are."""
    return environment(".venv-airbyte", HERE / "requirements.txt")


@pytest.fixture(scope="session")
def faker() -> Path:
    """Airbyte's source of made-up users; it needs an older airbyte-cdk."""
    return environment(".venv-faker", HERE / "requirements-faker.txt") / "source-faker"


def run(tools: Path, *command: str | Path, cwd: Path, env: dict[str, str] | None = None) -> str:
    """Run a command of the tools without a network of Airbyte's, and tell its output."""
    offline = {"AIRBYTE_OFFLINE_MODE": "1", "DO_NOT_TRACK": "1", "PATH": f"{tools}:{os.environ['PATH']}"}
    found = subprocess.run(
        command, cwd=cwd, env={**os.environ, **offline, **(env or {})}, capture_output=True, text=True, check=False
    )
    assert found.returncode == 0, found.stdout[-6000:] + found.stderr[-3000:]
    return found.stdout


def pyairbyte(tools: Path, cwd: Path, **given: Any) -> dict[str, Any]:
    text = run(tools, tools / "python", HERE / "pyairbyte.py", json.dumps(given), cwd=cwd)
    [told] = [line for line in text.splitlines() if line.startswith("TOLD ")]
    return json.loads(told.removeprefix("TOLD "))  # type: ignore[no-any-return]


def unlimited(face: Face) -> dict[str, Any]:
    return {**face.config, "rate_limit": {"kind": "unlimited"}}


def test_every_line_of_every_verb(
    tools: Path, source: Face, destination: Face, responses: ResponsesServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Is a message by the models of the protocol; failures too."""
    lines: list[str] = []
    check = Face.check

    def keep(face: Face, result: Result, status: int = 0) -> Any:
        lines.extend(result.stdout.splitlines())
        return check(face, result, status)

    monkeypatch.setattr(Face, "check", keep)
    responses.fill(CAMPAIGN, [NOW - 50_000, NOW - 2_000])
    for face in (source, destination):
        for verb in ("spec", "check", "discover"):
            face.run(verb, debug=True)
        face.run("check", auth_token="another")
    said = source.run("read", catalog=configured(*STREAMS))
    source.run("read", catalog=configured(*STREAMS), auth_token="another", status=1)
    records = [json.dumps(message) for message in said.messages]
    destination.run("write", records, catalog=configured(*STREAMS), max_reject_percent=100)
    destination.run("write", [stream_state("x"), "broken"], catalog=configured("x"), status=1)
    (source.folder / "lines").write_text("".join(f"{line}\n" for line in lines))
    with (source.folder / "lines").open() as file:
        found = subprocess.run([tools / "python", HERE / "validate.py"], stdin=file, capture_output=True, check=False)
    assert found.returncode == 0, found.stderr.decode()[-3000:]
    assert {json.loads(line)["type"] for line in lines} >= {
        *("SPEC", "CONNECTION_STATUS", "CATALOG", "DESTINATION_CATALOG", "RECORD", "STATE", "TRACE", "LOG")
    }


def test_pyairbyte_reads_twice(tools: Path, source: Face, responses: ResponsesServer) -> None:
    """Into its DuckDB; the second time only what is new."""
    given = {
        "do": "read",
        "config": unlimited(source),
        "source": str(OURS / "source-squadstack"),
        "streams": list(STREAMS),
        "cache": str(source.folder / "cache.duckdb"),
    }
    responses.fill(CAMPAIGN, [NOW - 50_000 + number for number in range(20)])
    assert pyairbyte(tools, source.folder, **given) == {"read": 40, "held": dict.fromkeys(STREAMS, 20)}
    responses.fill(CAMPAIGN, [NOW - 400], first=21)
    assert pyairbyte(tools, source.folder, **given) == {"read": 2, "held": dict.fromkeys(STREAMS, 21)}


def test_pyairbyte_writes_the_fakers_users(tools: Path, faker: Path, destination: Face, server: CrmServer) -> None:
    """Through a mapping; the STATE that was acknowledged is there, with its numbers."""
    fields = {"lead_id": "id", "phone_number": "str(9999900000 + id)", "contact_name": "name", "age": "age"}
    config = {**unlimited(destination), "mappings": [{"stream": "users", "action": "upsert", "fields": fields}]}
    given = {
        "do": "write",
        "config": config,
        "count": 250,
        "source": str(faker),
        "destination": str(OURS / "destination-squadstack"),
        "cache": str(destination.folder / "cache.duckdb"),
    }
    told = pyairbyte(tools, destination.folder, **given)
    assert told == {"written": 250, "acknowledged": [[True, 0.0]]}
    assert set(server.leads("main")) == {str(number) for number in range(1, 251)}


def test_the_smoke_test_of_destinations(tools: Path, destination: Face) -> None:
    """All scenarios; their rows are no leads, so that most are rejected."""
    config = {**unlimited(destination), "max_reject_percent": 100}
    text = run(
        tools,
        tools / "pyab",
        "destination-smoke-test",
        f"--destination={OURS / 'destination-squadstack'}",
        f"--config={json.dumps(config)}",
        "--scenarios=all",
        cwd=destination.folder,
    )
    assert '"success": true' in text


def test_the_standard_tests_of_airbyte_cdk(
    tools: Path, source: Face, destination: Face, responses: ResponsesServer, tmp_path: Path
) -> None:
    responses.fill(CAMPAIGN, [NOW - 50_000, NOW - 2_000])
    responses.set(token=None)
    for face, config in (("source", unlimited(source)), ("destination", unlimited(destination))):
        (tmp_path / f"{face}.json").write_text(json.dumps(config))
        (tmp_path / f"{face}-wrong.json").write_text(json.dumps({**config, "ledger_url": "nonsense://"}))
    env = {
        "SUITES_FOLDER": str(tmp_path),
        "SUITES_SOURCE": str(OURS / "source-squadstack"),
        "SUITES_DESTINATION": str(OURS / "destination-squadstack"),
    }
    suites = tmp_path / "test_suites.py"
    suites.write_text((HERE / "standard_suites.py").read_text())
    (tmp_path / "pytest.ini").write_text("[pytest]\n")  # else one of a folder above would count
    options = ["-k", "not docker", "-p", "no:cacheprovider", "-rs", "--rootdir", tmp_path]
    text = run(tools, tools / "python", "-m", "pytest", suites, *options, cwd=tmp_path, env=env)
    [passed] = re.findall(r"(\d+) passed", text)
    assert int(passed) >= 10, "less than both suites check without Docker"
