"""What nobody would miss until it is too late: proof for each lead, and a ledger that a power cut leaves whole."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from flows.scene import CONTACTS, contact
from support import singer

from squadstack.ledger.ledger import Ledger

if TYPE_CHECKING:
    from flows.scene import Scene

FULL = 2
"""SQLite's `synchronous`: what is committed is on the disk."""


@pytest.mark.parametrize("fault", ["short", "long", "no_result", "html200", "reordered", "wrong_id", "truncated"])
def test_an_answer_that_proves_nothing_accepts_nobody(scene: Scene, fault: str) -> None:
    """Nobody is accepted by rows that are not of the leads sent: all go again. Red without the check of the length."""
    scene.server.set(script=[{"fault": fault, "apply": True}] * 2)
    messages = [CONTACTS, singer.state("before"), *map(contact, range(5)), singer.state("after")]
    result = scene.run(messages, rate_limit={"calls": None})
    assert (result.status, result.states[-1:]) == (0, ["after"]), result.stderr[-2000:]
    assert result.summary is not None
    assert (result.summary["retried"], result.summary["accepted"], result.summary["calls"]) == (2, 5, 3)
    assert [call.fault for call in scene.server.calls()] == [fault, fault, None]
    assert {call.lead_ids for call in scene.server.calls()} == {tuple(f"lead-{number}" for number in range(5))}


def test_an_answer_that_never_proves_anything_covers_nothing(scene: Scene) -> None:
    """A row too few each time, until the time is up: exit 1, STATE before it, all undelivered. Red as above."""
    scene.server.set(always={"fault": "short", "apply": True})
    messages = [CONTACTS, singer.state("before"), *map(contact, range(5)), singer.state("after")]
    result = scene.run(messages, rate_limit={"calls": None}, max_outage_seconds=2)
    assert (result.status, result.states) == (1, ["before"]), result.stderr[-2000:]
    assert result.summary is not None
    assert (result.summary["accepted"], result.summary["undelivered"]) == (0, 5)
    assert "could not be used" in result.stderr


def test_the_ledger_is_on_the_disk_before_anybody_is_told(scene: Scene) -> None:
    """Every connection syncs each commit, in the run as here. Red without `synchronous = FULL`."""
    ledger = Ledger(scene.ledger_url, business="default", host="localhost:1")
    try:
        for _ in range(2):
            with ledger._database.transaction() as connection:
                assert connection.exec_driver_sql("PRAGMA synchronous").scalar() == FULL
                assert connection.exec_driver_sql("PRAGMA journal_mode").scalar() in {"wal", "delete"}
    finally:
        ledger.close()
