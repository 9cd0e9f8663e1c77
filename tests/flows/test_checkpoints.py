"""STATE covers what is settled and nothing else, and is not kept back until the input ends."""

from __future__ import annotations

import sqlite3
import time
from contextlib import closing
from typing import TYPE_CHECKING

import pytest
from flows.scene import CONTACTS, contact, upsert
from support import singer

if TYPE_CHECKING:
    from flows.scene import Scene

AT_ONCE = {"max_batch_wait_seconds": 0}
LONG_ENOUGH = 1.5
"""Seconds after which a STATE that may be written has been: ticks come each second."""


def test_states_come_while_the_tap_is_silent(scene: Scene) -> None:
    """A tap that goes on for days: each STATE is written once its leads are delivered, with stdin open and idle."""
    with scene.running(max_batch_wait_seconds=0.3) as running:
        running.write(CONTACTS, singer.state("before any record"))
        assert running.read_state() == "before any record"
        for number in (1, 2):
            running.write(contact(number), singer.state({"number": number}))
            assert running.read_state() == {"number": number}
            assert set(scene.leads()) == {f"lead-{done}" for done in range(1, number + 1)}
        running.close_stdin()
        assert running.wait().status == 0


def test_a_state_waits_for_every_lead_before_it(scene: Scene) -> None:
    """Of all streams: later leads that are through, and later STATEs, do not bring an earlier one forward."""
    scene.server.hold("answer")
    with scene.running(**AT_ONCE, batch_size_rows=1, mappings=[upsert("c*"), upsert("people")]) as running:
        running.write(CONTACTS, singer.schema("people", ["lead_id"], key=["lead_id"]), contact(1), singer.state(1))
        scene.server.wait(lambda: scene.server.held == 1)
        running.write(singer.state(2), singer.record("people", lead_id="no-phone"), singer.state(3))
        _settle(scene, 1)
        assert running.states == []
        scene.server.release()
        assert running.read_state() in (1, 2, 3)
        running.close_stdin()
        result = running.wait()
    assert (result.status, result.states[-1]) == (0, 3)
    assert result.states == sorted(result.states)


@pytest.mark.parametrize("refused_by", ["the mapping", "the API"])
def test_a_state_waits_until_the_rejects_before_it_are_on_disk(scene: Scene, refused_by: str) -> None:
    """While the ledger cannot be written, no STATE covers what was rejected."""
    scene.server.set(reject=[{"field": "city", "value": "nowhere"}])
    scene.server.hold("answer")
    bad = contact(1, city="nowhere") if refused_by == "the API" else contact(1, phone_number="1")
    with scene.running(**AT_ONCE) as running:
        running.write(CONTACTS, singer.state("started"))
        assert running.read_state() == "started"
        if refused_by == "the API":
            running.write(bad, singer.state("covers a reject"))
            scene.server.wait(lambda: scene.server.held == 1)
        with closing(sqlite3.connect(scene.folder / "ledger.db", isolation_level=None)) as other:
            other.execute("BEGIN IMMEDIATE")
            scene.server.release()
            if refused_by == "the mapping":
                running.write(bad, singer.state("covers a reject"))
            time.sleep(LONG_ENOUGH)
            assert running.states == ["started"]
            assert other.execute("SELECT count(*) FROM squadstack_rejects").fetchone() == (0,)
            other.execute("ROLLBACK")
        assert running.read_state() == "covers a reject"
        assert len(scene.rejects()) == 1
        running.close_stdin()
        assert running.wait().status == 0


def test_a_killed_run_has_lost_nothing(scene: Scene) -> None:
    """Everything before its last STATE is with SquadStack or among the rejects; the next run sends the rest."""
    messages = [CONTACTS]
    for number in range(400):
        messages += [contact(number, **({"phone_number": "1"} if number % 7 == 0 else {})), singer.state(number)]
    scene.server.set(answer=0.05)
    with scene.running(**AT_ONCE, batch_size_rows=10) as running:
        running.feed(messages)
        running.read_state()
        running.kill()
    written = running.states
    assert written[-1] < 399
    refused = {reject["lead_id"] for reject in scene.rejects()}
    covered = {f"lead-{number}" for number in range(written[-1] + 1)}
    assert covered <= set(scene.leads()) | refused

    result = scene.run([CONTACTS, *messages[1 + 2 * (written[-1] + 1) :]])
    assert (result.status, result.states[-1]) == (0, 399)
    refused |= {reject["lead_id"] for reject in scene.rejects()}
    assert set(scene.leads()) == {f"lead-{number}" for number in range(400) if number % 7}
    assert refused == {f"lead-{number}" for number in range(0, 400, 7)}


def _settle(scene: Scene, held: int) -> None:
    """Give what must not happen the time to happen."""
    time.sleep(LONG_ENOUGH)
    assert scene.server.held == held
