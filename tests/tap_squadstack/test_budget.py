"""One business, one budget: the tap beside a target on the same ledger, and the server refuses neither."""

from __future__ import annotations

from bisect import bisect_right
from typing import TYPE_CHECKING

import pytest
from flows.scene import CONTACTS, contact, upsert
from support.responses.scene import NOW, Output
from support.responses_server import CAMPAIGN
from support.run import start_target

if TYPE_CHECKING:
    from support.responses.scene import TapScene

LIMIT, PERIOD = 30, 3.0
RATE = {"calls": LIMIT, "period_seconds": PERIOD, "slack_seconds": 0.2}
BOUND = NOW - 300
ANSWER = 0.1
"""Seconds: the two that a real answer takes, as much shorter as the period is."""


def busiest(stamps: list[float]) -> int:
    """Tell the most calls in any window of a period."""
    return max((bisect_right(stamps, at + PERIOD) - place for place, at in enumerate(stamps)), default=0)


def read_slowly(reading: TapScene, pages: int) -> list[float]:
    """Read so many pages, each answered slowly, within the limit; tell when the calls arrived."""
    reading.server.set(limit=LIMIT, period=PERIOD, delay=ANSWER, page_cap=10)
    reading.server.fill(CAMPAIGN, [BOUND - number * 100 for number in range(1, pages * 8)])
    output, _ = reading.run(rate_limit=RATE, start_date="2025-06-14T00:00:00Z")
    assert output.ids() == set(reading.server.rows())
    return [call.at for call in reading.server.calls]


@pytest.mark.long
def test_the_limit_is_kept(reading: TapScene) -> None:
    """No call is refused. Red if each thread keeps a limit of its own."""
    stamps = read_slowly(reading, pages=30)
    assert reading.server.throttled == 0
    assert busiest(stamps) <= LIMIT


@pytest.mark.quiet
def test_the_limit_is_used(reading: TapScene) -> None:
    """Slow answers are waited for at once: most of the calls that are allowed are made."""
    stamps = read_slowly(reading, pages=60)
    assert reading.server.throttled == 0
    assert len(stamps) / (LIMIT * (1 + (stamps[-1] - stamps[0]) / PERIOD)) >= 0.6


def test_tap_and_target_share_it(reading: TapScene) -> None:
    """Both at once on one ledger, at a server that counts the calls of both: none is refused, all is done."""
    reading.server.set(limit=LIMIT, period=PERIOD, delay=ANSWER, page_cap=10)
    reading.server.fill(CAMPAIGN, [BOUND - number * 100 for number in range(1, 160)])
    shared = {"rate_limit": RATE, "ledger_url": f"sqlite:///{reading.folder}/shared.db"}
    config = reading.settings(ref_id="main", mappings=[upsert()], batch_size_rows=1, **shared)
    del config["campaign_ids"]
    with start_target(config) as target, reading.start(start_date="2025-06-14T00:00:00Z", **shared) as tap:
        target.feed([CONTACTS, *(contact(number) for number in range(1, 31))])
        read, sent = tap.wait(60), target.wait(60)
    assert (read.status, sent.status) == (0, 0), read.stderr[-1000:] + sent.stderr[-1000:]
    assert reading.server.throttled == 0
    assert Output(read.stdout).ids() == set(reading.server.rows())
    assert sent.summary is not None
    assert (sent.summary["accepted"], sent.summary["throttled"]) == (30, 0)
    assert busiest([call.at for call in reading.server.calls]) <= LIMIT
