"""Killed at any instant, by a signal that nobody can catch: the next run, from the last STATE, makes it whole."""

from __future__ import annotations

import random
import sqlite3
import time
from contextlib import closing
from typing import TYPE_CHECKING, Any

import pytest
from flows.scene import CAMPAIGN, CONTACTS, TOKEN, Scene, contact, upsert
from support import singer
from support.crm_server import CrmServer
from support.run import start_target

if TYPE_CHECKING:
    from pathlib import Path

LEADS, STATE_EVERY, BATCH = 3_000, 40, 20
LIMIT = {"calls": 60, "period_seconds": 1, "slack_seconds": 0.1}
LONGEST = 2.4
SETTINGS: dict[str, Any] = {
    "rate_limit": LIMIT,
    "batch_size_rows": BATCH,
    "max_in_flight": 6,
    "max_batch_wait_seconds": 0,
    "max_reject_percent": 100,
}
ONE = {"max_batch_wait_seconds": 0, "batch_size_rows": 1}
CREATE = {"mappings": [{**upsert(), "action": "create"}]}


def is_bad(number: int) -> bool:
    return number % 11 == 3


def tap(first: int) -> list[str]:
    """Tell what a tap writes from a STATE on; every eleventh lead has no valid phone number."""
    messages = [CONTACTS]
    for number in range(first, LEADS):
        messages.append(contact(number, **({"phone_number": "1"} if is_bad(number) else {})))
        if (number + 1) % STATE_EVERY == 0:
            messages.append(singer.state(number + 1))
    return messages


@pytest.mark.long
@pytest.mark.parametrize("seed", range(30))
def test_nothing_is_lost(tmp_path: Path, seed: int) -> None:
    """Each lead is there or among the rejects, few are sent twice. Red when STATE is written before it is settled."""
    moment = random.Random(seed).uniform(0, LONGEST)
    with CrmServer(token=TOKEN, limit=60, period=1.0, answer=(0.02, 0.15), seed=seed, process=True) as server:
        scene = Scene(server, tmp_path)
        with start_target(scene.settings(**SETTINGS), cwd=tmp_path) as running:
            running.wait_for_log("The ledger at", timeout=30)
            running.feed(tap(0))
            time.sleep(moment)
            running.kill()
            running.wait()
            covered = running.states[-1] if running.states else 0
        calls = server.calls()
        sent_before = {lead_id for call in calls for lead_id in call.lead_ids}
        refused_before = {reject["lead_id"] for reject in scene.rejects()}
        good = {f"lead-{number}" for number in range(LEADS) if not is_bad(number)}
        bad = {f"lead-{number}" for number in range(LEADS) if is_bad(number)}
        before = {f"lead-{number}" for number in range(covered)}
        told = f"killed after {moment:.2f} s, {len(calls)} calls sent, STATE {covered}"
        assert before & good <= sent_before, told
        assert before & good <= scene.leads().keys(), told
        assert before & bad <= refused_before, told

        result = scene.run(tap(covered), **SETTINGS)
        assert (result.status, [covered, *result.states][-1]) == (0, LEADS), result.stderr[-2000:]
        histories = server.histories(CAMPAIGN)
        assert histories.keys() == scene.leads().keys() == good, told
        assert {reject["lead_id"] for reject in scene.rejects()} == bad, told
        repeats = {lead_id for lead_id, history in histories.items() if len(history) > 1}
        assert max(map(len, histories.values())) <= 2, told
        assert repeats <= sent_before - before, told
        assert server.throttled == 0, told
    print(f"{told}, {len(repeats)} repeats")  # noqa: T201


@pytest.mark.parametrize("moment", ["before the answer", "before the verdict is written"])
def test_a_create_that_took_effect_is_no_reject(scene: Scene, moment: str) -> None:
    """Killed between sending and the ledger's write, the next run takes "already there" for its own doing."""
    scene.server.hold("answer")
    with start_target(scene.settings(**ONE, **CREATE), cwd=scene.folder) as running:
        running.write(CONTACTS, contact(1), singer.state(1))
        scene.server.wait(lambda: scene.server.held == 1)
        with closing(sqlite3.connect(scene.folder / "ledger.db", isolation_level=None)) as other:
            if moment != "before the answer":
                other.execute("BEGIN IMMEDIATE")
                scene.server.release()
                scene.server.wait(lambda: scene.server.calls()[0].answered)
                time.sleep(0.3)
            running.kill()
            assert running.wait().states == []
    scene.server.release()
    assert set(scene.leads()) == {"lead-1"}
    result = scene.run([CONTACTS, contact(1), singer.state(1)], **ONE, **CREATE)
    assert (result.status, result.states, scene.rejects()) == (0, [1], [])
    assert result.summary is not None
    assert result.summary["by_action"] == {"create": 1}
    assert scene.done("lead-1") == ["create"]


def test_a_create_of_other_values_is_a_reject_all_the_same(scene: Scene) -> None:
    """What is in doubt is that very payload: with another one, "already there" is not our doing."""
    scene.server.hold("answer")
    with start_target(scene.settings(**ONE, **CREATE), cwd=scene.folder) as running:
        running.write(CONTACTS, contact(1), singer.state(1))
        scene.server.wait(lambda: scene.server.held == 1)
        running.kill()
        running.wait()
    scene.server.release()
    result = scene.run([CONTACTS, contact(1, city="another"), singer.state(1)], **ONE, **CREATE)
    assert (result.status, [reject["reason"] for reject in scene.rejects()]) == (0, ["already_exists"])


def test_the_first_value_is_sent_again_after_a_doubtful_second_one(scene: Scene) -> None:
    """A is accepted, B sent and the run killed, then A again: A is sent, since B may be what the lead has."""
    a, b = contact(1, city="A"), contact(1, city="B")
    assert scene.run([CONTACTS, a, singer.state("a")], **ONE).status == 0
    scene.server.hold("answer")
    with start_target(scene.settings(**ONE), cwd=scene.folder) as running:
        running.write(CONTACTS, b, singer.state("b"))
        scene.server.wait(lambda: scene.server.held == 1)
        running.kill()
        running.wait()
    scene.server.release()
    result = scene.run([CONTACTS, a, singer.state("a again")], **ONE)
    assert (result.status, result.states) == (0, ["a again"])
    assert [payload["city"] for _, payload in scene.server.history(CAMPAIGN, "lead-1")] == ["A", "B", "A"]
