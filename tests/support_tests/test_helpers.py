"""The builders write what Singer reads, and commands run with real pipes."""

from __future__ import annotations

import json
import signal
import sys
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
from support import singer
from support.leads import lead, leads
from support.run import run_target, start_target

if TYPE_CHECKING:
    from collections.abc import Iterator

ECHO = """
import json, os, signal, sys
config = json.load(open(sys.argv[sys.argv.index("--config") + 1]))
def leave(*_):
    sys.stdout.write('{"cut": ')
    sys.stdout.flush()
    os._exit(143)
signal.signal(signal.SIGTERM, leave)
count = 0
print("ready", file=sys.stderr, flush=True)
for line in sys.stdin:
    count += 1
    message = json.loads(line)
    if message["type"] == "STATE":
        print(json.dumps(message["value"]), flush=True)
summary = {"records": count, "token": config["auth_token"], "dry": "--dry" in sys.argv, "cwd": os.getcwd()}
print('INFO Run summary: {"records": -1}', file=sys.stderr)
print("INFO Run summary: " + json.dumps({**summary, "env": dict(os.environ)}), file=sys.stderr)
sys.exit(3)
"""
CONFIG = {"auth_token": "t"}


@pytest.fixture
def echo(tmp_path: Path) -> list[str | Path]:
    """A command line that stands in for a target."""
    path = tmp_path / "echo.py"
    path.write_text(ECHO)
    return [sys.executable, path]


def test_messages_are_lines() -> None:
    written = singer.lines(
        singer.schema("contacts", ["id", "city"]),
        [singer.record("contacts", id=1, stream="x"), singer.state({"at": 1})],
    )
    assert [json.loads(line) for line in written.splitlines()] == [
        {
            "type": "SCHEMA",
            "stream": "contacts",
            "schema": {"type": "object", "properties": {"id": {}, "city": {}}},
            "key_properties": ["id"],
        },
        {"type": "RECORD", "stream": "contacts", "record": {"id": 1, "stream": "x"}},
        {"type": "STATE", "value": {"at": 1}},
    ]
    assert json.loads(singer.schema("c", {"a": {"type": "string"}}, key=["a"]))["key_properties"] == ["a"]


def test_leads_carry_canaries() -> None:
    assert leads(2, first=7, city="Pune") == [lead(7, city="Pune"), lead(8, city="Pune")]
    assert lead(100_007) == {
        "lead_id": "lead-100007",
        "phone_number": "9999900007",
        "contact_name": "Canary 100007",
    }


def test_a_run_is_told_from_its_pipes(echo: list[str | Path], tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("HTTPS_PROXY", "TARGET_SQUADSTACK_REF_ID", "GONE"):
        monkeypatch.setenv(name, "1")
    result = run_target(
        CONFIG,
        singer.lines(singer.state(1), singer.state({"b": 2})),
        "--dry",
        env={"MORE": "x", "GONE": None},
        cwd=tmp_path,
        command=echo,
    )
    assert (result.status, result.states) == (3, [1, {"b": 2}])
    summary = result.summary or {}
    env = summary.pop("env")
    assert summary == {"records": 2, "token": "t", "dry": True, "cwd": str(tmp_path.resolve())}
    assert env["MORE"] == "x"
    assert not {"HTTPS_PROXY", "TARGET_SQUADSTACK_REF_ID", "GONE"} & set(env)
    assert result.max_rss > 1_000_000
    assert 0 < result.cpu_seconds <= result.seconds + 1


def test_input_may_be_made_on_the_way(echo: list[str | Path]) -> None:
    def messages() -> Iterator[str]:
        for number in range(50_000):
            yield singer.record("contacts", id=number)

    result = run_target(CONFIG, messages(), command=echo)
    assert result.summary is not None
    assert result.summary["records"] == 50_000
    assert not Path(result.summary["cwd"]).exists()


def test_a_command_that_does_not_read_is_no_obstacle() -> None:
    result = run_target(CONFIG, "x" * 1_000_000, command=[sys.executable, "-c", "print('no')"])
    assert (result.status, result.stdout, result.summary) == (0, "no\n", None)


def test_a_live_command_is_written_read_and_signalled(echo: list[str | Path]) -> None:
    with start_target(CONFIG, command=echo) as running:
        running.wait_for_log("ready")
        running.write(singer.state(1), singer.state(2))
        assert [running.read_state(), running.read_state()] == [1, 2]
        with pytest.raises(TimeoutError, match=r"no further STATE within 0\.1 s"):
            running.read_state(timeout=0.1)
        with pytest.raises(TimeoutError, match="ready"):
            running.wait(timeout=0.1)
        assert not running.ended
        running.send_signal(signal.SIGTERM)
        result = running.wait()
        running.write(singer.state(3))
        running.send_signal(signal.SIGTERM)
    assert (result.status, result.states, running.states) == (143, [1, 2], [1, 2])


def test_nothing_outlives_its_block(echo: list[str | Path]) -> None:
    with start_target(CONFIG, command=echo) as running:
        running.wait_for_log("ready")
    assert running.wait().status == -signal.SIGKILL
    with pytest.raises(TimeoutError):
        run_target(CONFIG, (singer.state(1) for _ in iter(int, 1)), command=echo, timeout=0.5)


def test_scripts_lie_beside_our_python(tmp_path: Path) -> None:
    with pytest.raises(FileNotFoundError, match="no-such-command"):
        start_target(CONFIG, cwd=tmp_path, command="no-such-command")
