"""Leads kept in a file."""

from __future__ import annotations

import json
import stat
import time
from contextlib import ExitStack
from typing import TYPE_CHECKING

import pytest
from sandbox.driving import Caller, person, seen

from squadstack.sandbox.options import Options
from squadstack.sandbox.server import running
from squadstack.sandbox.storage import DataFileError

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path


def test_leads_outlive_the_server(start: Callable[..., Caller], tmp_path: Path) -> None:
    """A sandbox started again on its file knows its leads."""
    data = tmp_path / "leads.json"
    with running(Options(port=0, data=data)) as sandbox:
        sandbox.campaigns.restore({"campaigns": {"loans": {"x": {"state": "converted", "detail": {"a": 1}}}}})
    caller = start(data=data)
    assert seen(caller.lead("x")) == {"state": "converted", "fields": {}, "detail": {"a": 1}, "history": []}
    assert [path.name for path in tmp_path.iterdir()] == ["leads.json"]


def test_saved_while_running(start: Callable[..., Caller], tmp_path: Path) -> None:
    """Changes are in the file a second later, which only its owner may read."""
    data = tmp_path / "leads.json"
    caller = start(data=data)
    assert json.loads(data.read_text()) == {"campaigns": {}}
    caller.send("create", person("x"))
    deadline = time.monotonic() + 10
    while "loans" not in data.read_text() and time.monotonic() < deadline:
        time.sleep(0.05)
    assert json.loads(data.read_text()) == caller.get("/sandbox/leads")
    assert stat.S_IMODE(data.stat().st_mode) == 0o600


def test_unchanged_leads_are_not_written(tmp_path: Path) -> None:
    """A sandbox in which nothing changed leaves its file alone."""
    data = tmp_path / "leads.json"
    data.write_text('{"campaigns": {}}')
    with running(Options(port=0, data=data)):
        pass
    assert data.read_text() == '{"campaigns": {}}'


def test_write_that_fails(tmp_path: Path) -> None:
    """Leads that cannot be written at the end are said so, and no half-written file stays behind."""
    data = tmp_path / "leads.json"
    with ExitStack() as stack:
        sandbox = stack.enter_context(running(Options(port=0, data=data)))
        data.unlink()
        data.mkdir()
        sandbox.campaigns.restore({"campaigns": {"loans": {"x": {}}}})
        with pytest.raises(DataFileError, match="Cannot write leads"):
            stack.close()
    assert [path.name for path in tmp_path.iterdir()] == ["leads.json"]


@pytest.mark.parametrize(
    "content",
    [
        "",
        "[]",
        "{}",
        '{"campaigns": {"loans": []}}',
        '{"campaigns": {"loans": {"x": {"state": "lost"}}}}',
        '{"campaigns": {"loans": {"x": {"history": "create"}}}}',
        '{"campaigns": {"loans": {"x": {"history": ["judge"]}}}}',
        '{"campaigns": {"loans": {"x": {"fields": 7}}}}',
        '{"campaigns": {"loans": {"x": {"since": "today"}}}}',
        '{"campaigns": {"loans": {"x": {"result": {}}}}}',
        '{"campaigns": {"loans": {"x": {"result": {"lead_outcome": "", "lead_responses": {"a": 1}}}}}}',
    ],
)
def test_other_file(tmp_path: Path, content: str) -> None:
    """A file that holds something else is refused and left as it is."""
    data = tmp_path / "leads.json"
    data.write_text(content)
    with pytest.raises(DataFileError, match="Cannot read leads"), running(Options(port=0, data=data)):
        pass
    assert data.read_text() == content


def test_bad_place(tmp_path: Path) -> None:
    """A file that cannot be written is noticed at the start."""
    data = tmp_path / "missing" / "leads.json"
    with pytest.raises(DataFileError, match="Cannot write leads"), running(Options(port=0, data=data)):
        pass
