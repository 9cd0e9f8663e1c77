"""A plan says what the run that follows does, to the last call, and leaves everything as it was."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import pytest
from flows.planning import FIGURES, RULES, command, plan, script
from flows.scene import CONTACTS, contact, upsert
from support import singer

if TYPE_CHECKING:
    from pathlib import Path

    from flows.scene import Scene

pytestmark = pytest.mark.long

GONE = singer.schema("gone", ["lead_id"], key=["lead_id"])


def files(folder: Path) -> dict[str, bytes]:
    """Tell what lies in a folder."""
    return {path.name: path.read_bytes() for path in folder.iterdir()}


@pytest.mark.parametrize("seed", [1, 2, 3])
@pytest.mark.any_ledger
def test_the_run_that_follows_does_what_the_plan_says(scene: Scene, seed: int) -> None:
    """Merged, unchanged and rejected ones among them; red where the sender's threads decide what is merged."""
    scene.server.set(answer=(0, 0.02))
    earlier = script(seed, records=300, leads=150)
    assert scene.run(earlier, mappings=RULES, max_reject_percent=100).status == 0
    before = len(scene.server.calls())
    lines = [*script(seed, records=300, leads=150), *script(seed + 10, records=400, leads=300)]
    settings: dict[str, Any] = {"mappings": RULES, "max_reject_percent": 100, "batch_size_rows": 20}
    told = plan(scene, lines, **settings)
    assert len(scene.server.calls()) == before
    books = scene.run(lines, **settings).summary
    assert books is not None
    assert {name: told["summary"][name] for name in FIGURES} == {name: books[name] for name in FIGURES}
    assert min(books[name] for name in ("unchanged", "coalesced", "rejected")) > 0
    assert told["summary"]["by_reason"] == books["by_reason"]
    assert told["to_send"] == told["summary"]["planned"] == books["accepted"]
    assert told["calls"] == books["calls"] == len(scene.server.calls()) - before
    for rule in told["rules"]:
        fates = rule["unchanged"] + rule["coalesced"] + rule["to_send"] + sum(rule["rejected"].values())
        assert rule["read"] == rule["filtered"] + fates, rule


def test_each_rule_is_told(scene: Scene) -> None:
    lines = [CONTACTS, contact(1), contact(2, phone_number="12"), contact(1, sold=True, city="Pune")]
    text = command(scene, "plan", lines, mappings=RULES)
    assert text.status == 0
    first, second, *_ = text.stdout.splitlines()
    told = "3 read, 0 filtered, 1 rejected (invalid_phone 1), 0 unchanged, 1 merged into later ones, 1 to send"
    assert first == f"Rule 1: upsert of stream 'contacts': {told}"
    assert second == "Rule 2: disable of stream 'contacts': 3 read, 2 filtered, 0 rejected, 0 unchanged, 1 to send"
    assert "To send: 2 actions in 2 calls" in text.stdout
    assert "The limit: 100 calls in 60 s; others have used 0 calls of the last period." in text.stdout


@pytest.mark.parametrize("is_there", [False, True])
def test_a_plan_leaves_everything_as_it_is(scene: Scene, is_there: bool) -> None:  # noqa: FBT001 - a case
    """No file is made or changed, and no call; neither does a dry run, which writes no STATE."""
    lines = [CONTACTS, *map(contact, range(5)), contact(6, phone_number="12"), singer.state(1)]
    if is_there:
        scene.run([CONTACTS, contact(1), contact(7, phone_number="1"), singer.state(1)])
    before, calls = files(scene.folder), len(scene.server.calls())
    assert plan(scene, lines, summary_path="summary.json")["to_send"] == 5 - is_there
    dry = scene.run(lines, dry_run=True)
    assert (dry.status, dry.stdout) == (0, "")
    assert dry.summary is not None
    assert (dry.summary["planned"], dry.summary["accepted"], dry.summary["calls"]) == (5 - is_there, 0, 0)
    [line] = [line for line in dry.stderr.splitlines() if "Plan: {" in line]
    assert json.loads(line.partition("Plan: ")[2])["calls"] == 1
    assert (files(scene.folder), len(scene.server.calls())) == (before, calls)


def test_a_plan_reads_what_a_killed_run_left(scene: Scene) -> None:
    """What lies in the log of the ledger counts, and stays there; a lead in doubt is sent."""
    with scene.running(max_batch_wait_seconds=0) as running:
        running.write(CONTACTS, contact(1), singer.state(1))
        running.read_state()
        scene.server.hold()
        running.write(contact(2), singer.state(2))
        scene.server.wait(lambda: scene.server.held)
        running.kill()
    scene.server.release()
    before = {name: text for name, text in files(scene.folder).items() if not name.endswith("-shm")}
    assert "ledger.db-wal" in before
    told = plan(scene, [CONTACTS, contact(1), contact(2)])
    assert (told["to_send"], told["summary"]["unchanged"]) == (1, 1)
    assert {name: text for name, text in files(scene.folder).items() if not name.endswith("-shm")} == before


def lose(scene: Scene, rules: list[dict[str, Any]]) -> None:
    """Have a lead with one city, then with another whose answer is lost."""
    scene.run([CONTACTS, contact(1, city="Pune")], mappings=rules)
    scene.server.set(script=["lost"])
    assert scene.run([CONTACTS, contact(1, city="Agra")], mappings=rules, max_outage_seconds=0).status == 1


def test_a_plan_knows_what_is_in_doubt(scene: Scene) -> None:
    """A third city makes nobody know what stood before, so the other rule's fields go out again, as in the run."""
    basic = {**upsert(), "include": ["lead_id", "phone_number", "contact_name"]}
    rules = [{"stream": "contacts", "action": "update", "include": ["lead_id", "city"]}, basic]
    scene.run([CONTACTS, contact(1)], mappings=[basic])
    lose(scene, rules)
    lines = [CONTACTS, contact(1, city="Delhi")]
    assert plan(scene, lines, mappings=rules)["calls"] == 2
    assert scene.run(lines, mappings=rules).summary["calls"] == 2  # type: ignore[index]


def test_a_baseline_does_not_bring_back_what_stood_before_a_doubt(scene: Scene) -> None:
    """It tells of other fields: of the city nobody knows."""
    lose(scene, [upsert()])
    other = [{"stream": "contacts", "action": "update", "include": ["lead_id", "contact_name"]}]
    assert command(scene, "baseline", [CONTACTS, contact(1)], mappings=other).status == 0
    assert plan(scene, [CONTACTS, contact(1, city="Pune")])["to_send"] == 1


@pytest.mark.any_ledger
def test_what_is_known_only_since_this_run(scene: Scene) -> None:
    """An upsert without number, a lead that comes back after its deletion, A then B then A: as in the run."""
    rules = [upsert(), {"stream": "gone", "action": "delete", "include": ["lead_id"]}]
    lines = [CONTACTS, GONE, contact(1), contact(2), singer.record("gone", lead_id="lead-1")]
    lines += [contact(1), singer.record("contacts", lead_id="lead-2", city="Pune"), contact(3, city="Agra")]
    lines += [singer.record("contacts", lead_id="lead-9", city="Pune"), singer.state(1)]
    scene.run([CONTACTS, contact(3, city="Pune"), contact(3, city="Agra"), singer.state(0)])
    told = plan(scene, lines, mappings=rules)
    result = scene.run(lines, mappings=rules)
    assert result.summary is not None
    assert (told["calls"], told["summary"]["by_reason"]) == (result.summary["calls"], result.summary["by_reason"])
    assert told["summary"]["by_reason"] == {"lead_deleted": 1, "missing_field": 1}
    assert told["to_send"] == result.summary["accepted"] == 3


def test_the_minutes_are_those_of_the_run(scene: Scene) -> None:
    """From what others have used on, to the start of the last call."""
    limit = {"calls": 5, "period_seconds": 2, "slack_seconds": 0.05}
    settings: dict[str, Any] = {"rate_limit": limit, "batch_size_rows": 10}
    assert plan(scene, [CONTACTS, contact(1)], **settings)["minutes"] == 0
    lines = [CONTACTS, *map(contact, range(118)), singer.state(1)]
    told = plan(scene, lines, **settings)
    assert (told["calls"], told["budget"]["used_by_others"]) == (12, 0)
    assert scene.run(lines, **settings).status == 0
    starts = [call.arrived for call in scene.server.calls()]
    assert 60 * told["minutes"] == pytest.approx(starts[-1] - starts[0], rel=0.05)
    again = plan(scene, [CONTACTS, *map(contact, range(200, 280))], **{**settings, "rate_limit": {"calls": 5}})
    assert 2 <= again["budget"]["used_by_others"] <= 12
    assert 0.9 < again["minutes"] < 2.1


def test_a_run_that_would_fail(scene: Scene) -> None:
    """Too many rejects are told; too many deletes are undelivered, and the exit status says so."""
    bad = [contact(number, phone_number="1") for number in range(30)]
    result = command(scene, "plan", [CONTACTS, contact(99), *bad])
    assert result.status == 0
    assert "A run would fail: More than 50 % of the actions were rejected" in result.stderr
    rules = [{"stream": "gone", "action": "delete", "include": ["lead_id"]}]
    gone = [GONE, *(singer.record("gone", lead_id=f"lead-{number}") for number in range(101))]
    result = command(scene, "plan", gone, "--json", mappings=rules)
    assert (result.status, json.loads(result.stdout)["summary"]["undelivered"]) == (1, 101)
    assert "raise max_actions" in result.stderr


@pytest.mark.any_ledger
def test_an_input_file_and_one_that_breaks_off(scene: Scene) -> None:
    path = scene.folder / "in.jsonl"
    path.write_text(singer.lines(CONTACTS, contact(1), contact(2)))
    result = command(scene, "plan", "", "--input", str(path), "--json")
    assert (result.status, json.loads(result.stdout)["to_send"]) == (0, 2)
    result = command(scene, "plan", [CONTACTS, contact(1), '{"type": "REC'], "--json")
    assert (result.status, json.loads(result.stdout)["to_send"]) == (1, 1)
    assert "is not a JSON object" in result.stderr
