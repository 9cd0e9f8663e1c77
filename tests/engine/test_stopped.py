"""SIGTERM: the run ends in 20 seconds whatever it is at, at once the second time, and STATE stays honest."""

from __future__ import annotations

import signal
import time
from typing import TYPE_CHECKING

import pytest
from flows.scene import CONTACTS, Scene, contact
from support import singer

if TYPE_CHECKING:
    from support.command import Result, Running

ONE = {"max_batch_wait_seconds": 0, "batch_size_rows": 1, "max_in_flight": 2}
GRACE, AT_ONCE = 20.0, 2.0
SLOWNESS = 3.0
"""What a busy machine may add."""


def terminate(running: Running) -> tuple[Result, float]:
    """Ask it to end; tell how long it took."""
    began = time.monotonic()
    running.send_signal(signal.SIGTERM)
    result = running.wait(timeout=GRACE + 10)
    return result, time.monotonic() - began


def test_an_idle_run(scene: Scene) -> None:
    """The tap is silent: it ends at once, 143, with the STATE that it has written already."""
    with scene.running(**ONE) as running:
        running.write(CONTACTS, contact(1), singer.state(1))
        assert running.read_state() == 1
        result, seconds = terminate(running)
    assert (result.status, result.states) == (143, [1])
    assert seconds <= AT_ONCE, f"{seconds:.1f} s"


def test_a_run_that_waits_after_a_429(scene: Scene) -> None:
    """In the middle of the minute, its input still open: at once, nothing is sent, the lead is not covered."""
    scene.server.set(script=[None, {"status": 429, "headers": {"Retry-After": "60"}}])
    with scene.running(**ONE) as running:
        running.write(CONTACTS, contact(1), singer.state(1))
        assert running.read_state() == 1
        running.write(contact(2), singer.state(2))
        running.wait_for_log("all calls wait 60 s")
        result, seconds = terminate(running)
    assert (result.status, result.states) == (143, [1])
    assert seconds <= AT_ONCE, f"{seconds:.1f} s"
    assert [call.lead_ids for call in scene.server.calls()] == [("lead-1",), ("lead-2",)]


def test_a_run_whose_calls_are_answered_in_time(scene: Scene) -> None:
    """It waits for the answer, takes it in, and covers it; nothing new is sent. Red when STATE is not held back."""
    scene.server.hold("apply")
    with scene.running(**{**ONE, "max_in_flight": 1}) as running:
        running.write(CONTACTS, singer.state(0), contact(1), singer.state(1), contact(2), singer.state(2))
        scene.server.wait(lambda: scene.server.held == 1)
        running.send_signal(signal.SIGTERM)
        time.sleep(1.5)
        assert not running.ended
        assert running.states == [0]
        scene.server.release()
        result = running.wait()
    assert (result.status, result.states[-1:]) == (143, [1])
    assert set(scene.leads()) == {"lead-1"}


@pytest.mark.long
def test_a_run_whose_call_is_not_answered(scene: Scene) -> None:
    """It gives the call up after 20 s: its lead is undelivered and not covered, for it may or may not be there."""
    scene.server.hold("answer")
    with scene.running(**ONE) as running:
        running.write(CONTACTS, singer.state(0), contact(1), singer.state(1))
        scene.server.wait(lambda: scene.server.held == 1)
        result, seconds = terminate(running)
    scene.server.release()
    assert (result.status, result.states) == (143, [0])
    assert GRACE - 1 <= seconds <= GRACE + SLOWNESS, f"{seconds:.1f} s"
    assert result.summary is not None
    assert result.summary["undelivered"] == 1


def test_a_run_that_is_told_twice(scene: Scene) -> None:
    """The second signal does not wait for the calls on their way."""
    scene.server.hold("answer")
    with scene.running(**ONE) as running:
        running.write(CONTACTS, singer.state(0), contact(1), singer.state(1))
        scene.server.wait(lambda: scene.server.held == 1)
        running.send_signal(signal.SIGTERM)
        time.sleep(1)
        assert not running.ended
        result, seconds = terminate(running)
    scene.server.release()
    assert (result.status, result.states) == (143, [0])
    assert seconds <= AT_ONCE, f"{seconds:.1f} s"
