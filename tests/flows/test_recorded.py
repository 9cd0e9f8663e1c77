"""Whole runs, each with all that it was given and all that it left behind: the files in `recorded/`.

A file holds two documents. The first, written by hand: the settings, what the server went through before, and
the input. The second: all that came of it, written by `pytest tests/flows --record`, to be read before it is
committed. What a run logs in passing, and how long it took, is left out.
"""

from __future__ import annotations

import re
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest
import requests
import yaml
from flows.scene import TOKEN
from support import singer

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from flows.scene import Scene
    from support.crm_server import Call
    from support.run import Result

FLOWS = sorted((Path(__file__).parent / "recorded").glob("*.yaml"))
BREAK = "\n---\n"
COMPLAINT = re.compile(r"\| (WARNING|ERROR) +\| [\w.-]+ +\| (.*)")
EXPECTED_COMPLAINT = "was just created"
ENDPOINTS = {"update": "lead-updated", "upsert": "lead-upserted", "convert": "lead-converted", "delete": "lead-deleted"}


@pytest.mark.parametrize("path", FLOWS, ids=lambda path: path.stem)
def test_the_run_leaves_what_was_recorded(path: Path, scene: Scene, request: pytest.FixtureRequest) -> None:
    given, _, recorded = path.read_text().partition(BREAK)
    flow = yaml.safe_load(given)
    scene.server.set(**flow.get("server", {}))
    for kind, lead in _pairs(flow.get("before", [])):
        _happened(scene, *kind.split(), lead)
    before = len(scene.server.calls())

    messages = [_line(*pair) for pair in _pairs(flow["input"])]
    result = scene.run(messages, **{"max_in_flight": 1, **flow.get("settings", {})})

    found = _written(
        {
            "status": result.status,
            "stdout": result.stdout.splitlines(),
            "log": _complaints(result),
            "calls": [_call(call) for call in scene.server.calls()[before:]],
            "server": {ref_id: _campaign(scene, ref_id) for ref_id in _campaigns(scene)},
            "rejects": [_reject(reject) for reject in scene.rejects()],
            "summary": {name: value for name, value in (result.summary or {}).items() if name != "seconds" and value},
        }
    )
    if request.config.getoption("--record"):
        path.write_text(given + BREAK + found)
    else:
        assert found == recorded


# -- what is given -------------------------------------------------------------------------------------


def _pairs(entries: list[Mapping[str, Any]]) -> Iterator[tuple[str, Any]]:
    return (pair for entry in entries for pair in entry.items())


def _line(kind: str, value: Any) -> str:
    """Write a message: `SCHEMA stream: [fields, the key first]`, `STATE: value`, or `stream: record`."""
    match kind.split():
        case ["SCHEMA", stream]:
            return singer.schema(stream, value, key=list(value)[:1])
        case ["STATE"]:
            return singer.state(value)
        case [stream]:
            return singer.record(stream, **value)
        case _:
            raise ValueError(kind)


def _happened(scene: Scene, action: str, ref_id: str, lead: Mapping[str, Any]) -> None:
    """Have somebody else do something with a lead before the run."""
    if action == "judge":
        scene.server.judge(ref_id, lead["lead_id"])
        return
    url = scene.server.endpoint(ref_id, ENDPOINTS[action])
    answer = requests.post(url, json=[lead], headers={"Authorization": f"Bearer {TOKEN}"}, timeout=10)
    assert answer.json()["status"] == "success"


# -- what came of it -----------------------------------------------------------------------------------


def _call(call: Call) -> str:
    return f"{call.action} {call.ref_id}: {', '.join(call.lead_ids)}"


def _complaints(result: Result) -> list[str]:
    found = (f"{match[1]}: {match[2]}" for match in COMPLAINT.finditer(result.stderr))
    return [complaint for complaint in found if EXPECTED_COMPLAINT not in complaint]


def _campaigns(scene: Scene) -> list[str]:
    return sorted({call.ref_id for call in scene.server.calls()})


def _campaign(scene: Scene, ref_id: str) -> dict[str, Any]:
    """All leads that ever were: how each is now, and what took effect on it, in order."""
    leads, histories = scene.server.leads(ref_id), scene.server.histories(ref_id)
    return {
        lead_id: {
            "state": leads[lead_id]["state"] if lead_id in leads else "gone",
            **{part: value for part in ("fields", "detail") if (value := leads.get(lead_id, {}).get(part))},
            "history": [action for action, _ in histories[lead_id]],
        }
        for lead_id in sorted(histories)
    }


def _reject(reject: Mapping[str, Any]) -> dict[str, Any]:
    shown = ("reason", "rule", "stream", "action", "campaign", "lead_id", "message")
    return {name: reject[name] for name in shown if reject[name] is not None}


class _Dumper(yaml.SafeDumper):
    """Writes what is short in one line, and a list of sentences as one line each."""

    def represent_texts(self, items: list[Any]) -> yaml.Node:
        is_short = all(isinstance(item, str) and " " not in item for item in items)
        return self.represent_sequence("tag:yaml.org,2002:seq", items, flow_style=is_short)

    def represent_parts(self, parts: Mapping[str, Any]) -> yaml.Node:
        is_flat = not any(isinstance(part, (dict, list)) for part in parts.values())
        return self.represent_mapping("tag:yaml.org,2002:map", parts.items(), flow_style=is_flat)

    def represent_text(self, text: str) -> yaml.Node:
        return self.represent_scalar("tag:yaml.org,2002:str", text, style='"' if "'" in text else None)


_Dumper.add_representer(dict, _Dumper.represent_parts)
_Dumper.add_representer(list, _Dumper.represent_texts)
_Dumper.add_representer(str, _Dumper.represent_text)


def _written(outcome: Mapping[str, Any]) -> str:
    return yaml.dump(outcome, Dumper=_Dumper, sort_keys=False, allow_unicode=True, width=1000)
