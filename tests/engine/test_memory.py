"""Memory is bounded: reading waits for the calls, and nothing is kept of what is settled."""

from __future__ import annotations

import subprocess
import sys
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
from flows.scene import CAMPAIGN, CONTACTS, TOKEN, check_manners
from support import singer
from support.leads import NAME_CANARY, PHONE_CANARY
from support.run import run_target

if TYPE_CHECKING:
    from collections.abc import Iterator

SERVER = Path(__file__).parents[2] / "benchmarks" / "server.py"
FEW, MANY = 10_000, 1_000_000
MORE = 30 * 2**20


@contextmanager
def fast_server() -> Iterator[str]:
    """Serve what accepts every lead at once."""
    with subprocess.Popen([sys.executable, SERVER], stdout=subprocess.PIPE, text=True) as server:
        assert server.stdout is not None
        try:
            yield f"http://127.0.0.1:{int(server.stdout.readline())}"
        finally:
            server.kill()


def tap(leads: int) -> Iterator[str]:
    yield CONTACTS
    for number in range(leads):
        yield (
            f'{{"type": "RECORD", "stream": "contacts", "record": {{"lead_id": "lead-{number}", '
            f'"phone_number": "{PHONE_CANARY}{number % 100_000:05}", "contact_name": "{NAME_CANARY} {number}"}}}}'
        )
        if number % 1_000 == 999:
            yield singer.state(number + 1)


@pytest.mark.long
@pytest.mark.timeout(600)
def test_a_million_leads_take_no_more_memory_than_ten_thousand(tmp_path: Path) -> None:
    """Resident memory at its highest grows by less than 30 MB while a hundred times as much is read."""
    used = {}
    with fast_server() as url:
        for leads in (FEW, MANY):
            config = {
                "auth_token": TOKEN,
                "ref_id": CAMPAIGN,
                "api_url": url,
                "ledger_url": f"sqlite:///{tmp_path}/{leads}.db",
                "rate_limit": {"calls": None},
            }
            result = run_target(config, tap(leads), timeout=500)
            assert (result.status, result.states[-1:]) == (0, [leads]), result.stderr[-2000:]
            check_manners(result)
            used[leads] = result.max_rss
            print(f"{leads} leads: {result.max_rss / 2**20:.1f} MB, {result.seconds:.1f} s")  # noqa: T201
    told = ", ".join(f"{leads} leads: {memory / 2**20:.1f} MB" for leads, memory in used.items())
    assert used[MANY] - used[FEW] <= MORE, told
