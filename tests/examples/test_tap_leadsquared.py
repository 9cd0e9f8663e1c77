"""The example tap as a process, and what the preset `leadsquared` makes of its output at SquadStack.

The expectations are written out by hand. People and numbers are invented.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
from typing import TYPE_CHECKING, Any

import pytest
from docs.pages import PROJECT
from examples.leadsquared import ACCESS_KEY, SECRET_KEY, LeadSquared, leadsquared

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from flows.scene import Scene

TAP = PROJECT / "examples" / "tap-leadsquared" / "tap_leadsquared.py"
PRESET = [{"preset": "leadsquared"}]


@pytest.fixture
def account() -> Iterator[LeadSquared]:
    with leadsquared() as account:
        yield account


def read(account: LeadSquared, folder: Path, state: Any = None) -> list[dict[str, Any]]:
    """Tell the tap's messages; its log shows no key and nobody."""
    config, bookmark = folder / "tap.json", folder / "tap-state.json"
    given = {
        "api_url": account.url, "access_key": ACCESS_KEY, "secret_key": SECRET_KEY,
        "start_date": "2025-10-01T00:00:00Z", "custom_fields": ["mx_Course"],
    }  # fmt: skip
    config.write_text(json.dumps(given))
    bookmark.write_text(json.dumps(state or {}))
    command = [sys.executable, TAP, "--config", config, "--state", bookmark]
    env = {name: value for name, value in os.environ.items() if not name.lower().endswith("_proxy")}
    done = subprocess.run(command, env=env, capture_output=True, text=True, timeout=60, check=False)
    assert done.returncode == 0, done.stderr
    assert not any(secret in done.stderr for secret in (ACCESS_KEY, SECRET_KEY, "99999", "Canary"))
    return [json.loads(line) for line in done.stdout.splitlines()]


def records(messages: list[dict[str, Any]]) -> list[dict[str, Any]]:
    return [message["record"] for message in messages if message["type"] == "RECORD"]


def lines(messages: list[dict[str, Any]]) -> list[str]:
    return [json.dumps(message) for message in messages]


def test_leads_are_sent_converted_and_disabled_as_the_preset_says(
    account: LeadSquared, scene: Scene, tmp_path: Path
) -> None:
    """Who has no number is filtered, a landline is one; who must not be called and never was, is refused as unknown."""
    account.put(1, "02 04:30:00", Mobile="9999900001", Phone="0806 123 4567", mx_Course="MBA", Score="75")
    account.put(2, "02 04:30:00", Phone="+91-9999900002")
    account.put(3, "03 04:30:00")
    account.put(4, "04 04:30:00", Phone="0806 123 4567")
    account.put(
        5, "05 04:30:00", Mobile="9999900005", ProspectStage="Customer", LeadConversionDate="2025-10-05 04:29:00"
    )
    account.put(6, "06 04:30:00", Mobile="9999900006", DoNotCall="1")
    account.put(7, "07 04:30:00", Phone="+1 415 555 0100")
    result = scene.run(lines(read(account, tmp_path)), mappings=PRESET)

    assert (result.status, result.summary["by_action"]) == (0, {"convert": 1, "upsert": 4})
    assert result.summary["by_reason"] == {"unknown_lead": 1}
    leads = scene.leads()
    assert {lead_id: (lead["state"], lead["fields"]["phone_number"]) for lead_id, lead in leads.items()} == {
        "a-1": ("active", "9999900001"), "a-2": ("active", "9999900002"),
        "a-4": ("active", "8061234567"), "a-5": ("converted", "9999900005"),
    }  # fmt: skip
    assert leads["a-1"]["fields"] == {
        "phone_number": "9999900001", "contact_name": "Canary 1", "prospect_stage": "Prospect", "score": "75",
        "mx_Course": "MBA",
    }  # fmt: skip
    assert leads["a-5"]["detail"] == {"prospect_stage": "Customer", "converted_on": "2025-10-05 04:29:00"}


def test_the_second_run_reads_and_sends_what_changed(account: LeadSquared, scene: Scene, tmp_path: Path) -> None:
    """The last lead comes again, unchanged; who asks not to be called is disabled, who buys converted."""
    for number in range(1, 5):
        account.put(number, f"0{number} 04:30:00", Mobile=f"999990000{number}")
    first = scene.run(lines(read(account, tmp_path)), mappings=PRESET)
    account.put(1, "05 04:30:00", DoNotCall="1")
    account.put(2, "06 04:30:00", ProspectStage="Customer")
    account.put(5, "07 04:30:00", Mobile="9999900005")
    messages = read(account, tmp_path, first.states[-1])
    second = scene.run(lines(messages), mappings=PRESET)

    assert {record["ProspectID"] for record in records(messages)} == {"a-4", "a-1", "a-2", "a-5"}
    states = {lead_id: lead["state"] for lead_id, lead in scene.leads().items()}
    assert states == {"a-1": "disabled", "a-2": "converted", "a-3": "active", "a-4": "active", "a-5": "active"}
    third = scene.run(lines(read(account, tmp_path, second.states[-1])), mappings=PRESET)
    assert (third.summary["records"] > 0, third.summary["calls"]) == (True, 0)


def test_no_lead_is_skipped_when_one_is_changed_between_two_pages(account: LeadSquared, tmp_path: Path) -> None:
    """By page numbers, what moves to the end of the list would pull the first lead of the next page out of sight."""
    for number in range(1, 8):
        account.put(number, f"0{number} 04:30:00")
    answer = account.answer

    def answer_and_change(question: dict[str, Any]) -> dict[str, Any]:
        told = answer(question)
        if len(account.questions) == 1:
            account.put(1, "09 04:30:00")
        return told

    account.answer = answer_and_change
    found = records(read(account, tmp_path))

    assert {record["ProspectID"] for record in found} == {f"a-{number}" for number in range(1, 8)}


def test_more_leads_of_one_second_than_a_page_holds_are_all_read(account: LeadSquared, tmp_path: Path) -> None:
    """As after an import. The moment is written in UTC, and is the bookmark."""
    for number in range(1, 9):
        account.put(number, "02 04:30:00")
    messages = read(account, tmp_path)

    assert {record["ProspectID"] for record in records(messages)} == {f"a-{number}" for number in range(1, 9)}
    [state] = [message["value"] for message in messages if message["type"] == "STATE"][-1:]
    assert state["bookmarks"]["leads"]["replication_key_value"] == "2025-10-02T04:30:00.000Z"
