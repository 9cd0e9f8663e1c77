"""Sandbox → receiver → tap: the rows are what the sandbox pushed."""

from __future__ import annotations

import json
import time
from contextlib import ExitStack
from typing import TYPE_CHECKING, Any

from events.receiver import OTHER, SECRET, started
from support.run import run_target

from squadstack.sandbox.leads import State
from squadstack.sandbox.options import Options
from squadstack.sandbox.server import running

if TYPE_CHECKING:
    from pathlib import Path

LEADS = 40


def test_the_whole_loop(tmp_path: Path) -> None:
    """Each event once, though every fifth was pushed twice, and the receiver was killed meanwhile."""
    with ExitStack() as stack:
        receiver = stack.enter_context(started(tmp_path / "stored", secrets=f"{OTHER},{SECRET}"))
        url = f"{receiver.url}?secret={SECRET}"
        with running(Options(port=0, push=url, events=tmp_path / "pushed", rate_limit=1000)) as sandbox:
            leads = {f"lead-{number}": lead(number) for number in range(LEADS)}
            sandbox.campaigns.restore({"campaigns": {"loans": leads}})
            for number in range(LEADS):
                if number == LEADS // 2:
                    time.sleep(0.6)
                    receiver.process.kill()
                    receiver.process.wait()
                    stack.enter_context(started(tmp_path / "stored", port=receiver.port))
                assert sandbox.campaigns.judge("loans", f"lead-{number}") is State.ACTIVE
            rows = read(tmp_path, sandbox.url, sandbox.token)
    lines = (tmp_path / "pushed" / "sandbox-events.jsonl").read_text().splitlines()
    assert len(lines) > 3 * LEADS
    pushed = {json.dumps(json.loads(line), sort_keys=True) for line in lines}
    events = {row["event_id"]: row for row in rows["disposition_events"]}
    assert {json.dumps(row["payload"], sort_keys=True) for row in events.values()} == pushed
    assert len(events) == len(rows["disposition_events"]) == 3 * LEADS
    assert len(rows["calls"]) == len(rows["judgements"]) == len(rows["lead_responses"]) == LEADS
    names = ("campaign_id", "lead_id", "processed_at")
    assert {tuple(row[name] for name in names) for row in rows["lead_responses"]} == {
        tuple(row[name] for name in names) for row in events.values() if row["event_type"] == "lead_processed"
    }


def lead(number: int) -> dict[str, Any]:
    return {
        "state": "active",
        "fields": {"phone_number": f"99999{number:05d}", "contact_name": "Asha"},
        "created_at": time.time() - 100,
        "since": time.time() - 100,
    }


def read(folder: Path, api_url: str, token: str) -> dict[str, list[dict[str, Any]]]:
    """Run the tap until all have come."""
    settings = {"auth_token": token, "campaign_ids": ["loans"], "api_url": api_url, "lag_seconds": 0}
    settings |= {"events_url": str(folder / "stored"), "ledger_url": f"sqlite:///{folder}/ledger.db"}
    deadline = time.monotonic() + 60
    while True:
        result = run_target(settings, "", command="tap-squadstack")
        assert result.status == 0, result.stderr
        rows: dict[str, list[dict[str, Any]]] = {}
        for message in map(json.loads, result.stdout.splitlines()):
            if message["type"] == "RECORD":
                rows.setdefault(message["stream"], []).append(message["record"])
        if len(rows.get("disposition_events", [])) >= 3 * LEADS and len(rows.get("lead_responses", [])) >= LEADS:
            return rows
        assert time.monotonic() < deadline, len(rows.get("disposition_events", []))
        time.sleep(1)
