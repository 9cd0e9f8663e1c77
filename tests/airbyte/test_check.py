"""`check` and the command line: a failed check is an answer; whatever else fails is a typed error."""

from __future__ import annotations

import argparse
import json
import os
import signal
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest
from support import run as runs

from squadstack.airbyte import volumes
from squadstack.airbyte.checking import check_destination
from squadstack.airbyte.command import Call
from squadstack.airbyte.output import Output

if TYPE_CHECKING:
    from support.airbyte import Face
    from support.crm_server import CrmServer
    from support.responses_server import ResponsesServer

pytestmark = pytest.mark.long


def status_of(face: Face, **changes: object) -> tuple[str, str]:
    [status] = face.run("check", **changes).all("CONNECTION_STATUS")
    return status["status"], status.get("message", "")


def test_both_faces_succeed(destination: Face, source: Face) -> None:
    assert status_of(source) == ("SUCCEEDED", "")
    assert status_of(destination)[0] == "SUCCEEDED"


def test_it_is_the_check_of_the_operators_tool(destination: Face, server: CrmServer) -> None:
    """One empty update a campaign, and nothing changes."""
    assert status_of(destination)[0] == "SUCCEEDED"
    [call] = server.calls()
    assert (call.action, call.applied) == ("update", 0)


@pytest.mark.parametrize("face", ["source", "destination"])
@pytest.mark.parametrize(
    ("changes", "sentence"),
    [
        ({"auth_token": "canary-token-2"}, "SquadStack does not accept the token (401)"),
        ({"auth_token": None}, "Setting 'auth_token' is missing."),
        ({"api_url": "http://127.0.0.1:1"}, "No answer"),
        ({"api_url": "http://example.org"}, "must begin with https://"),
        ({"ledger_url": "sqlite:////dev/null/ledger.db"}, "ledger"),
        ({"ledger_url": "nonsense://"}, "No driver for nonsense is installed"),
        ({"ledger_url": "no url"}, "ledger"),
        ({"ledger_url": "postgresql://user:canary-token@host:port/x"}, "ledger"),
        ({"canary": 1}, "There is no setting 'canary'"),
    ],
)
def test_what_is_wrong_is_told(
    request: pytest.FixtureRequest, face: str, changes: dict[str, Any], sentence: str
) -> None:
    """Exit status 0: the platform asked, and has its answer. No value is shown."""
    status, message = status_of(request.getfixturevalue(face), **changes)
    assert (status, sentence in message) == ("FAILED", True), message


@pytest.mark.parametrize("face", ["source", "destination"])
def test_a_signal(request: pytest.FixtureRequest, face: str, server: CrmServer, responses: ResponsesServer) -> None:
    """A platform that waits no longer ends it at once."""
    responses.set(delay=60)
    server.set(script=["blackhole"])
    asked: Face = request.getfixturevalue(face)
    with asked.start("check") as running:
        server.wait(lambda: server.calls() or responses.calls)
        running.send_signal(signal.SIGTERM)
        assert asked.check(running.wait(timeout=10), 143).all("CONNECTION_STATUS") == []


def test_the_destinations_ledger_has_no_default(destination: Face) -> None:
    """All faults are told at once."""
    status, message = status_of(destination, ledger_url=None, batch_size_rows=1000)
    assert status == "FAILED"
    assert "Setting 'ledger_url' is missing." in message
    assert "Setting 'batch_size_rows' is out of bounds" in message


def test_a_ledger_that_is_on_no_volume(monkeypatch: pytest.MonkeyPatch) -> None:
    mounts = {"/", "/mnt/data", "/config"}
    monkeypatch.setattr(Path, "is_mount", lambda path: str(path) in mounts)
    assert volumes.warning_of("sqlite:////mnt/data/ledger.db") == []
    assert volumes.warning_of("postgresql://user:secret@db/ledger") == []
    assert volumes.warning_of("no url") == []
    [sentence] = volumes.warning_of("sqlite:////srv/ledger.db")
    assert "lies on no volume" in sentence
    for url in ("sqlite://", "sqlite:////config/ledger.db", "sqlite:///ledger.db"):
        assert volumes.warning_of(url) == [sentence]


@pytest.mark.parametrize("is_volume", [False, True])
def test_check_warns_of_it(destination: Face, monkeypatch: pytest.MonkeyPatch, is_volume: bool) -> None:  # noqa: FBT001
    """In what the user sees, and succeeds: it is the user's to decide."""
    mounts = [Path("/"), *([destination.folder] if is_volume else [])]
    monkeypatch.setattr(Path, "is_mount", lambda path: path in mounts)
    config = destination.folder / "config.json"
    config.write_text(json.dumps(destination.config))
    read, write = os.pipe()
    call = Call(argparse.Namespace(config=config), Output(write))
    assert check_destination(call) == 0
    os.close(write)
    with os.fdopen(read) as file:
        [status] = [json.loads(line)["connectionStatus"] for line in file]
    assert status["status"] == "SUCCEEDED"
    assert ("lies on no volume" in status.get("message", "")) != is_volume


def test_discover_of_the_destination(destination: Face) -> None:
    [catalog] = destination.run("discover").all("DESTINATION_CATALOG")
    assert {one["sync_mode"] for one in catalog["operations"]} == {"append", "append_dedup"}
    assert {one["object_name"] for one in catalog["operations"]} == {"leads"}


@pytest.mark.parametrize("verb", ["discover", "read"])
def test_a_configuration_that_is_none(source: Face, verb: str) -> None:
    said = source.run(verb, status=1, catalog={"streams": []}, max_in_flight="canary-token")
    [(kind, sentence)] = said.errors
    assert (kind, sentence) == ("config_error", "Setting 'max_in_flight' must be of type integer.")


def test_a_log_level_that_there_is_not(source: Face, destination: Face) -> None:
    """Is INFO: it keeps no run from its work."""
    for face in (source, destination):
        [status] = face.run("check", env={"LOGLEVEL": "nonsense"}).all("CONNECTION_STATUS")
        assert status["status"] == "SUCCEEDED", status
    said = source.run("discover", env={"LOGLEVEL": "warning"})
    assert {one["level"] for one in said.all("LOG")} <= {"WARN", "ERROR"}


@pytest.mark.parametrize("verb", ["write", "canary-token", ""])
def test_a_verb_that_there_is_not(source: Face, verb: str) -> None:
    [(kind, sentence)] = source.run(verb, status=1).errors
    assert kind == "config_error"
    assert sentence.startswith("Use it as source-squadstack")


@pytest.mark.parametrize(
    ("content", "sentence"),
    [("{", "The file of --config is not JSON."), ("[]", "must be one JSON object"), (None, "cannot be read")],
)
def test_a_configuration_file_that_is_none(source: Face, content: str | None, sentence: str) -> None:
    path = source.folder / "mine.json"
    if content is not None:
        path.write_text(content)
    result = runs.run_target({}, "", "--config", path, command=[*source._command(), "check"], cwd=source.folder)
    [status] = source.check(result).all("CONNECTION_STATUS")
    assert (status["status"], sentence in status["message"]) == ("FAILED", True), json.dumps(status)
