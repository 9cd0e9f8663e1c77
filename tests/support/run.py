"""Runs the real commands with a real configuration file."""

from __future__ import annotations

import json
import os
import sys
import tempfile
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from support.command import Input, Result, Running

__all__ = ["Result", "Running", "run_target", "start_target"]

DROPPED = ("TARGET_SQUADSTACK_", "TAP_SQUADSTACK_")
PROXIES = {"http_proxy", "https_proxy", "all_proxy", "no_proxy"}

Command = str | Sequence[str | Path]


def start_target(
    config: Mapping[str, Any],
    *arguments: str | Path,
    env: Mapping[str, str | None] | None = None,
    cwd: Path | None = None,
    command: Command = "target-squadstack",
) -> Running:
    """Start a command with a configuration file.

    Args:
        config: What stands in the file.
        arguments: Further ones of the command line.
        env: Added to our environment, less proxies and the commands' own settings; None takes one away.
        cwd: Where it runs; without one in a folder that is gone afterwards, the default ledger with it.
        command: A script beside our Python, or a whole command line.
    """
    folder = tempfile.TemporaryDirectory(prefix="run-")
    path = Path(folder.name) / "config.json"
    path.write_text(json.dumps(config))
    program = [Path(sys.executable).parent / command] if isinstance(command, str) else command
    line = [*program, "--config", path, *arguments]
    try:
        return Running(line, cwd or Path(folder.name), plain_environment(env or {}), folder)
    except BaseException:
        folder.cleanup()
        raise


def run_target(
    config: Mapping[str, Any],
    input: Input,  # noqa: A002 - as subprocess.run names it
    *arguments: str | Path,
    env: Mapping[str, str | None] | None = None,
    cwd: Path | None = None,
    command: Command = "target-squadstack",
    timeout: float = 60,
) -> Result:
    """Run a command to its end; what is left of it then, or when the time is out, is killed."""
    with start_target(config, *arguments, env=env, cwd=cwd, command=command) as running:
        running.feed(input)
        return running.wait(timeout)


def plain_environment(changes: Mapping[str, str | None]) -> dict[str, str]:
    """Tell our environment with changes, less proxies and the commands' own settings; None takes one away."""
    kept = {
        name: value
        for name, value in os.environ.items()
        if not name.startswith(DROPPED) and name.lower() not in PROXIES
    }
    return {name: value for name, value in {**kept, **changes}.items() if value is not None}
