"""A signal ends the run in order: nothing new is sent, calls on their way may end, STATE stays honest."""

from __future__ import annotations

import signal
from typing import TYPE_CHECKING

import pytest
from flows.scene import CONTACTS, contact
from support import singer

if TYPE_CHECKING:
    from flows.scene import Scene

SIGNALS = pytest.mark.parametrize(
    ("number", "status"), [(signal.SIGTERM, 143), (signal.SIGINT, 130)], ids=["SIGTERM", "SIGINT"]
)
AT_ONCE = {"max_batch_wait_seconds": 0, "batch_size_rows": 1, "max_in_flight": 1}


@SIGNALS
def test_an_idle_run_ends_at_once(scene: Scene, number: int, status: int) -> None:
    """What was delivered is covered; what still waited for its call is not, and is not sent any more."""
    with scene.running(max_batch_wait_seconds=0.2) as running:
        running.write(CONTACTS, contact(1), singer.state(1))
        assert running.read_state() == 1
        running.send_signal(number)
        result = running.wait(timeout=10)
    assert (result.status, result.states) == (status, [1])
    with scene.running(max_batch_wait_seconds=600) as running:
        running.write(CONTACTS, singer.state(0), contact(2), singer.state(2))
        assert running.read_state() == 0
        running.send_signal(number)
        result = running.wait(timeout=10)
    assert (result.status, result.states) == (status, [0])
    assert set(scene.leads()) == {"lead-1"}
    assert result.summary is not None
    assert result.summary["undelivered"] <= 1


@SIGNALS
def test_a_call_on_its_way_may_end(scene: Scene, number: int, status: int) -> None:
    """Its answer is taken in and covered; the leads behind it are neither sent nor covered."""
    scene.server.hold("answer")
    with scene.running(**AT_ONCE) as running:
        running.write(CONTACTS, contact(1), singer.state(1), contact(2), singer.state(2))
        scene.server.wait(lambda: scene.server.held == 1)
        running.send_signal(number)
        with pytest.raises(TimeoutError):
            running.wait(timeout=1)
        scene.server.release()
        result = running.wait(timeout=10)
    assert (result.status, result.states) == (status, [1])
    assert [call.lead_ids for call in scene.server.calls()] == [("lead-1",)]
    assert result.summary is not None
    assert (result.summary["accepted"], result.summary["undelivered"]) == (1, 1)


def test_a_second_signal_does_not_wait(scene: Scene) -> None:
    """The call on its way is given up: not known, hence not covered; the next run sends its lead again."""
    scene.server.hold("answer")
    with scene.running(**AT_ONCE) as running:
        running.write(CONTACTS, singer.state(0), contact(1), singer.state(1))
        scene.server.wait(lambda: scene.server.held == 1)
        running.send_signal(signal.SIGTERM)
        running.send_signal(signal.SIGINT)
        result = running.wait(timeout=10)
    assert result.status in {130, 143}
    assert result.states == [0]
    assert result.summary is not None
    assert result.summary["undelivered"] == 1
    scene.server.release()
    assert scene.run([CONTACTS, contact(1), singer.state(1)]).states == [1]


def test_a_signal_ends_the_wait_for_what_is_to_be_sent_again(scene: Scene) -> None:
    """In the middle of a 429's minute, at the end of the input: no further call, and no further wait."""
    scene.server.set(script=[{"status": 429, "headers": {"Retry-After": "60"}}])
    with scene.running() as running:
        running.write(CONTACTS, contact(1), singer.state(1))
        running.close_stdin()
        running.wait_for_log("all calls wait 60 s")
        running.send_signal(signal.SIGTERM)
        result = running.wait(timeout=10)
    assert (result.status, result.stdout) == (143, "")
    assert len(scene.server.calls()) == 1
    assert scene.rejects() == []
