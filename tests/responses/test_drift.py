"""The drift model: leads are inserted late, processed again and purged between any two requests, and none is lost.

A plain reader of pages loses rows here in nine runs of ten. What is late is so by no more than lag and lookback.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from support.responses.times import SECOND, moment
from support.responses_server import CAMPAIGN, ResponsesServer

from squadstack.ledger.ledger import Ledger
from squadstack.responses.reading import Reading, Start
from squadstack.settings.tap import TapSettings

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

NOW = 1_750_000_000
SPAN = 40
"""Seconds from which the first rows are; so few that many share a second."""

EARLIEST = NOW - SPAN - 30

MOVES = st.tuples(
    st.sampled_from(["nothing", "insert", "insert late", "reprocess", "reprocess", "purge", "unprocessed"]),
    st.integers(0, 10**9),
    st.sampled_from([0, 0, 1, SECOND // 3, SECOND, 3 * SECOND]),
)
"""What, which or when, and how much time passes."""


@dataclass(slots=True)
class World:
    """A campaign whose leads move, and what was read of it."""

    server: ResponsesServer
    lag: int
    lookback: int
    moves: list[tuple[str, int, int]]
    earliest: int = EARLIEST
    """Where a first run begins."""
    now: int = NOW * SECOND
    born: int = 0
    bookmark: int | None = None
    read: dict[str, str] = field(default_factory=dict)
    """The last version of each lead that was read."""

    def move(self) -> None:
        """Have the next move happen."""
        if not self.moves:
            return
        kind, which, passed = self.moves.pop(0)
        self.now += passed
        rows = self.server.rows()
        earliest = (self.now // SECOND - self.lag - self.lookback) * SECOND
        late = earliest + which % max(self.now - earliest, 1)
        match kind:
            case "insert":
                self.insert(self.now)
            case "insert late":
                self.insert(late if which % 2 else late // SECOND * SECOND)
            case "reprocess" if rows:
                row = sorted(rows.values(), key=lambda row: row.at or 0)[which % len(rows)]
                row.at = self.now if which % 3 else max(row.at or 0, late)
            case "purge" if rows:
                del rows[sorted(rows)[which % len(rows)]]
            case "unprocessed":
                self.born += 1
                self.server.put(CAMPAIGN, f"{'lead' if which % 2 else 'a'}-{self.born}", None)

    def insert(self, at: int) -> None:
        self.born += 1
        self.server.put(CAMPAIGN, f"lead-{self.born}", at=at, answers={}, contact_name="x")

    def run(self, tap: TapSettings) -> int:
        """Read once, as a tap does, and tell the bookmark."""
        bookmark = self.earliest if self.bookmark is None else self.bookmark
        start = Start(max(bookmark - self.lookback, self.earliest), bookmark, self.earliest)
        versions: list[tuple[str, str]] = []
        with Reading(tap, {CAMPAIGN: [start]}) as reading:
            for closed in reading.windows(CAMPAIGN):
                versions += [(record["processed_at"], record["lead_id"]) for record in closed.records]
                self.bookmark = closed.window.end
        assert len(set(versions)) == len(versions), "a row was emitted twice"
        assert versions == sorted(versions), "an older version may come behind a newer one"
        self.read.update({lead_id: at for at, lead_id in versions})
        return self.bookmark or 0


@pytest.fixture(scope="module")
def server() -> Iterator[ResponsesServer]:
    with ResponsesServer() as server:
        yield server


@pytest.fixture(scope="module")
def ledger_url(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """A ledger that is opened once: to open it takes longer than all that happens in an example."""
    folder: Path = tmp_path_factory.mktemp("drift")
    url = f"sqlite:///{folder}/ledger.db"
    ledger = Ledger(url, business="default", host="localhost")
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("squadstack.ledger.ledger.Ledger", lambda *_, **__: ledger)
        patch.setattr(ledger, "close", lambda: None)
        yield url
    ledger.close()


def drift(server: ResponsesServer, ledger_url: str, draw: Any, *, rows: int, runs: int, moves: int) -> None:
    """Let one example happen, and hold what must be true of all."""
    lag, lookback = draw(st.sampled_from([(0, 5), (3, 0), (2, 4), (10, 10)]), label="lag, lookback")
    server.forget()
    server.rows()
    world = World(server, lag, lookback, draw(st.lists(MOVES, max_size=moves), label="moves"))
    world.earliest = draw(st.sampled_from([EARLIEST, EARLIEST, 0]), label="from")
    is_torn = draw(st.sampled_from([False, False, False, True]), label="moves while a page is made")
    server.set(
        order=draw(st.sampled_from(["ascending", "descending", "unstable", "lead_id"]), label="order"),
        after_inclusive=draw(st.booleans(), label="after is inclusive"),
        before_inclusive=draw(st.booleans(), label="before is inclusive"),
        whole_seconds=draw(st.booleans(), label="bounds cut to the second"),
        page_cap=draw(st.integers(3, 6), label="cap"),
        clock=lambda: world.now / SECOND,
        between=world.move,
        within=world.move if is_torn else lambda: None,
        cuts_by_count=is_torn and draw(st.booleans(), label="pages cut by the count"),
    )
    for at in draw(st.lists(st.integers(0, SPAN * 4), max_size=rows), label="rows, in quarters of a second ago"):
        world.insert(NOW * SECOND - at * SECOND // 4)
    tap = TapSettings(
        auth_token="token",
        campaign_ids=[CAMPAIGN],
        api_url=server.url,
        page_size=draw(st.sampled_from([3, 5, 100]), label="page size"),
        lag_seconds=lag,
        lookback_seconds=lookback,
        rate_limit={"calls": None},
        max_in_flight=draw(st.sampled_from([1, 1, 3]), label="at once"),
        ledger_url=ledger_url,
    )
    for _ in range(runs):
        world.run(tap)
        world.now += draw(st.integers(0, 20), label="seconds until the next run") * SECOND
    world.moves.clear()
    end = world.run(tap)
    assert end >= world.now // SECOND - lag
    settled = {row.lead_id: row.at for row in server.rows().values() if row.at and row.at < end * SECOND}
    missed = {lead_id: at for lead_id, at in settled.items() if world.read.get(lead_id) != _text(at or 0)}
    assert missed == {}


def _text(at: int) -> str:
    return moment(at).isoformat(timespec="microseconds")


@settings(max_examples=500, deadline=None, derandomize=True, suppress_health_check=list(HealthCheck))
@given(st.data())
def test_no_row_is_lost_while_rows_move(server: ResponsesServer, ledger_url: str, data: st.DataObject) -> None:
    """Several runs in a row, over real HTTP, for all orders, bounds and page sizes. Red for a reader of pages."""
    drift(server, ledger_url, data.draw, rows=9, runs=2, moves=20)


@pytest.mark.long
@settings(max_examples=3000, deadline=None, suppress_health_check=list(HealthCheck))
@given(st.data())
def test_no_row_is_lost_in_longer_runs(server: ResponsesServer, ledger_url: str, data: st.DataObject) -> None:
    """More rows, more runs, more moves, and other examples every time."""
    drift(server, ledger_url, data.draw, rows=30, runs=4, moves=100)
