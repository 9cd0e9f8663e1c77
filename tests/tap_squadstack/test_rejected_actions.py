"""The tap's stream of refusals: from the ledger, without values, incremental; no call is made for it."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

from support.responses_server import CAMPAIGN
from support.run import run_target

from squadstack.ledger.ledger import Ledger
from squadstack.ledger.rows import Again, Reject

if TYPE_CHECKING:
    from support.responses.scene import TapScene

STREAM = "rejected_actions"


def refuse(reading: TapScene, *lead_ids: str, business: str = "default", host: str | None = None) -> None:
    """Have the ledger keep rejects of these leads."""
    ledger = opened(reading, business, host)
    record = {"phone_number": "9999900001", "contact_name": "Canary"}
    for lead_id in lead_ids:
        ledger.end_call([], [Reject("s", 2, "main", lead_id, "upsert", "other", "Canary", record)], run_id=1)
    ledger.close()


def opened(reading: TapScene, business: str = "default", host: str | None = None) -> Ledger:
    url = f"sqlite:///{reading.folder}/ledger.db"
    return Ledger(url, business=business, host=host or reading.server.url.removeprefix("http://"))


def selected(reading: TapScene, *streams: str) -> dict[str, Any]:
    catalog = reading.discover()
    for stream in catalog["streams"]:
        for entry in stream["metadata"]:
            if not entry["breadcrumb"]:
                entry["metadata"]["selected"] = stream["tap_stream_id"] in streams
    return catalog


def rows(reading: TapScene, state: Any = None, **settings: object) -> tuple[list[dict[str, Any]], Any]:
    """Read the stream alone; tell its records and its STATE."""
    given = reading.arguments(state, selected(reading, STREAM))
    messages = [json.loads(line) for line in _run(reading, given, settings).splitlines()]
    found = [message["record"] for message in messages if message["type"] == "RECORD"]
    assert {message["stream"] for message in messages if message["type"] == "RECORD"} <= {STREAM}
    return found, [message["value"] for message in messages if message["type"] == "STATE"][-1]


def _run(reading: TapScene, given: list[Any], settings: dict[str, object]) -> str:
    result = run_target(reading.settings(**settings), "", *given, command="tap-squadstack", cwd=reading.folder)
    assert result.status == 0, result.stderr
    return result.stdout


def test_it_is_not_selected_unasked(reading: TapScene) -> None:
    refuse(reading, "a")
    _, result = reading.run()
    assert STREAM not in result.stdout
    [stream] = [one for one in reading.discover()["streams"] if one["tap_stream_id"] == STREAM]
    assert (stream["key_properties"], stream["replication_key"]) == (["reject_id"], "rejected_at")


def test_refusals_come_without_values_and_without_a_call(reading: TapScene) -> None:
    refuse(reading, "a", "b")
    found, _ = rows(reading)
    assert found[0] == {
        "reject_id": 1,
        "rejected_at": found[0]["rejected_at"],
        "business": "default",
        "campaign": "main",
        "lead_id": "a",
        "action": "upsert",
        "rule": 2,
        "reason": "other",
        "state": "open",
    }
    assert found[0]["rejected_at"].endswith("+00:00")
    assert len(found) == 2
    assert reading.server.calls == []


def test_the_next_run_reads_what_is_new_or_changed(reading: TapScene) -> None:
    """From the bookmark on, which comes itself again; and what changed its state since the newest was rejected."""
    refuse(reading, "a", "b", "c")
    found, state = rows(reading, lookback_seconds=0)
    assert len(found) == 3
    assert state["bookmarks"][STREAM]["replication_key_value"] == found[-1]["rejected_at"]
    refuse(reading, "d")
    ledger = opened(reading)
    ledger.rejects.mark([Again(1, "accepted")])
    ledger.close()
    found, state = rows(reading, state, lookback_seconds=0)
    assert [(row["lead_id"], row["state"]) for row in found] == [("a", "accepted"), ("c", "open"), ("d", "open")]
    assert [row["lead_id"] for row in rows(reading, state, lookback_seconds=0)[0]] == ["a", "d"]
    assert len(rows(reading, {"bookmarks": {STREAM: {"replication_key_value": "soon"}}})[0]) == 4


def test_others_do_not_come(reading: TapScene) -> None:
    """Of another business, and of another host; SquadStack's own hosts are one."""
    refuse(reading, "a", business="other")
    refuse(reading, "b", host="localhost:1")
    refuse(reading, "c", host="api.squadstack.com")
    assert rows(reading)[0] == []
    ledger = opened(reading, host="api.squadiq.in")
    assert [row["lead_id"] for row in ledger.refusals.each(0.0)] == ["c"]
    ledger.close()


def test_a_campaign_is_read_beside_it(reading: TapScene) -> None:
    refuse(reading, "a")
    reading.server.put(CAMPAIGN, "lead-1", 1_749_000_000, answers={})
    given = reading.arguments(None, selected(reading, STREAM, "lead_responses"))
    records = [json.loads(line) for line in _run(reading, given, {}).splitlines() if '"RECORD"' in line]
    assert [record["stream"] for record in records] == ["lead_responses", STREAM]
