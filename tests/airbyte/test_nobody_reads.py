"""The platform is gone: the exit status tells, and nothing is printed elsewhere."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path
from typing import TYPE_CHECKING

from support.airbyte import configured, record, stream_state
from support.leads import lead
from support.responses_server import CAMPAIGN

if TYPE_CHECKING:
    from support.airbyte import Face
    from support.responses_server import ResponsesServer


def run(face: Face, verb: str, catalog: object, lines: list[str]) -> tuple[int, bytes]:
    """Run a verb with a standard output that nobody reads."""
    for name, content in (("config", face.config), ("catalog", catalog)):
        (face.folder / f"{name}.json").write_text(json.dumps(content))
    files = ["--config", face.folder / "config.json", "--catalog", face.folder / "catalog.json"]
    read, write = os.pipe()
    os.close(read)
    command = [Path(sys.executable).parent / face.command, verb, *files]
    text = "".join(f"{line}\n" for line in lines).encode()
    found = subprocess.run(command, input=text, stdout=write, stderr=subprocess.PIPE, timeout=60, check=False)
    os.close(write)
    return found.returncode, found.stderr


def test_of_the_destination(destination: Face) -> None:
    lines = [record("contacts", **lead(1)), stream_state("contacts", 1)]
    assert run(destination, "write", configured("contacts"), lines) == (1, b"")


def test_of_the_source(source: Face, responses: ResponsesServer) -> None:
    responses.put(CAMPAIGN, "lead-1", 1_700_000_000)
    assert run(source, "read", configured("lead_responses"), []) == (1, b"")
