"""Meltano, its plugins, and a sandbox to send to."""

from __future__ import annotations

import os
import re
import subprocess
import sys
from collections.abc import Iterator  # noqa: TC003 - pytest reads the annotations of fixtures
from pathlib import Path

import pytest

PROJECT = Path(__file__).resolve().parents[2]
TOKEN = "sandbox-token"
STARTED = re.compile(r"SquadStack sandbox on (http://\S+)")


@pytest.fixture(scope="session")
def meltano() -> Path:
    """The `meltano` command: that of `make`, or the one that $MELTANO names."""
    path = Path(os.environ.get("MELTANO", PROJECT / ".venv-meltano" / "bin" / "meltano"))
    if not path.exists():
        pytest.fail(f"There is no Meltano at {path}. Run `make setup`, or name another in $MELTANO.")
    return path


@pytest.fixture(scope="session")
def tap_spreadsheets() -> Path:
    """The tap as Meltano installed it."""
    path = PROJECT / ".meltano" / "extractors" / "tap-spreadsheets" / "venv" / "bin" / "tap-spreadsheets"
    if not path.exists():
        pytest.fail(f"There is no tap at {path}. Run `make setup`.")
    return path


@pytest.fixture
def sandbox() -> Iterator[str]:
    """The address of a pretend SquadStack that knows no lead."""
    command = [str(Path(sys.executable).with_name("squadstack")), "sandbox", "--port", "0", "--token", TOKEN]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as process:
        try:
            assert process.stdout is not None
            started = STARTED.search(process.stdout.readline())
            assert started is not None
            yield started[1]
        finally:
            process.terminate()


@pytest.fixture
def environment(sandbox: str, tmp_path: Path) -> dict[str, str]:
    """For a run with a ledger, a database and a summary of its own, which reaches the sandbox only."""
    foreign = ("MELTANO", "TARGET_", "TAP_")
    kept = {name: value for name, value in os.environ.items() if not name.startswith(foreign)}
    return kept | {
        "MELTANO_DATABASE_URI": f"sqlite:///{tmp_path}/meltano.db",
        "NO_PROXY": "127.0.0.1,localhost",
        "TARGET_SQUADSTACK_API_URL": sandbox,
        "TARGET_SQUADSTACK_AUTH_TOKEN": TOKEN,
        "TARGET_SQUADSTACK_LEDGER_URL": f"sqlite:///{tmp_path}/ledger.db",
        "TARGET_SQUADSTACK_SUMMARY_PATH": f"{tmp_path}/summary.json",
    }
