"""The run ends in the middle, killed or told to: every line is whole, and the next run misses no row."""

from __future__ import annotations

import json
import random
import signal
import time
from typing import TYPE_CHECKING

import pytest
from support.responses.scene import NOW, Output, TapScene, check_manners
from support.responses_server import CAMPAIGN

if TYPE_CHECKING:
    from support.command import Running

BOUND = NOW - 300
SEVERAL = {"start_date": "2025-06-15T00:00:00Z", "max_in_flight": 2}
ROWS = 400


@pytest.fixture
def long_reading(reading: TapScene) -> TapScene:
    """A campaign that takes a while: a hundred windows, whose answers take their time."""
    reading.server.set(page_cap=10, delay=0.01)
    chance = random.Random(3)
    reading.server.fill(CAMPAIGN, [BOUND - chance.random() * 50_000 for _ in range(ROWS)])
    return reading


def wait_for_lines(running: Running, lines: int) -> None:
    end = time.monotonic() + 20
    while running.stdout.count("\n") < lines and not running.ended and time.monotonic() < end:
        time.sleep(0.005)


def test_killed_again_and_again(long_reading: TapScene) -> None:
    """After some lines or before any, between RECORD and STATE too: what is covered is there, nothing is skipped."""
    chance = random.Random(4)
    state, loaded = None, set()
    for _ in range(4):
        with long_reading.start(state=state, **SEVERAL) as running:
            wait_for_lines(running, chance.randint(0, 300))
            time.sleep(chance.random() * 0.05)
            running.kill()
            output = Output(running.wait().stdout)
        loaded |= output.ids()
        state = output.states[-1] if output.states else state
    last = long_reading.sync(state=state, **SEVERAL)
    assert loaded | last.ids() == set(long_reading.server.rows())
    assert len(last.records["lead_responses"]) < ROWS


def test_rows_read_again_after_a_kill(long_reading: TapScene) -> None:
    """Those of a window and of the lookback, at most."""
    with long_reading.start(lookback_seconds=0, **SEVERAL) as running:
        wait_for_lines(running, 350)
        running.kill()
        output = Output(running.wait().stdout)
    last = long_reading.sync(state=output.states[-1], lookback_seconds=0, **SEVERAL)
    again = output.ids() & last.ids()
    assert (len(output.ids()) > 100, len(again) <= 10) == (True, True)
    assert output.ids() | last.ids() == set(long_reading.server.rows())


@pytest.mark.parametrize(
    ("number", "status"), [(signal.SIGTERM, 143), pytest.param(signal.SIGINT, 130, marks=pytest.mark.long)]
)
def test_told_to_end(long_reading: TapScene, number: int, status: int) -> None:
    """Promptly, with whole lines and a STATE for all windows that were written."""
    with long_reading.start(**SEVERAL) as running:
        wait_for_lines(running, 200)
        began = time.monotonic()
        running.send_signal(number)
        result = running.wait(20)
        seconds = time.monotonic() - began
    assert result.status == status, result.stderr[-500:]
    check_manners(result.stderr)
    assert result.stdout.endswith("\n")
    assert seconds < 5
    output = Output(result.stdout)
    assert output.before[-1] == output.ids()
    assert 0 < len(output.ids()) < ROWS
    assert json.loads(result.stdout.splitlines()[-1])["type"] == "STATE"
    last = long_reading.sync(state=output.states[-1], **SEVERAL)
    assert output.ids() | last.ids() == set(long_reading.server.rows())


@pytest.mark.parametrize(
    "what",
    [
        "silent",
        {"status": 429, "headers": {"Retry-After": "60"}},
        pytest.param(503, marks=pytest.mark.long),
    ],
    ids=str,
)
def test_told_to_end_while_it_waits(long_reading: TapScene, what: object) -> None:
    """For an answer, after a 429, or before it asks again: promptly too."""
    long_reading.server.set(script=[None] * 4 + [what] * 100)
    with long_reading.start(rate_limit={"calls": 10_000}, **SEVERAL) as running:
        end = time.monotonic() + 20
        while len(long_reading.server.calls) < 5 and time.monotonic() < end:
            time.sleep(0.01)
        time.sleep(0.2)
        began = time.monotonic()
        running.send_signal(signal.SIGTERM)
        result = running.wait(20)
    assert (result.status, time.monotonic() - began < 5) == (143, True)
    check_manners(result.stderr)


def test_told_twice(long_reading: TapScene) -> None:
    """The second time it ends at once, whatever it is at: here nobody reads what it writes."""
    long_reading.server.set(script=[None] * 4 + ["silent"] * 100)
    with long_reading.start(**SEVERAL) as running:
        running.wait_for_log("Beginning sync", 20)
        time.sleep(0.3)
        running.send_signal(signal.SIGTERM)
        running.send_signal(signal.SIGTERM)
        assert running.wait(10).status == 143
