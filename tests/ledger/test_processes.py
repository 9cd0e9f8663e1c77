"""Several processes on one SQLite ledger: one budget, nobody starves, nothing is lost."""

from __future__ import annotations

import json
import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor
from typing import TYPE_CHECKING

from flows.scene import CAMPAIGN, CONTACTS, contact
from support import singer

from squadstack.ledger.ledger import Ledger

if TYPE_CHECKING:
    from flows.scene import Scene

CALLS, PERIOD, SLACK = 5, 0.4, 0.1
RESERVE = f"""
import json, sys, time
from squadstack.ledger.ledger import Ledger
from squadstack.ledger.rows import LeadKey, Reject, Sent, Verdict
from squadstack.settings.rate_limit import RateLimit
url, name = sys.argv[1:]
ledger = Ledger(url, business="default", host="localhost:1")
limit = RateLimit(calls={CALLS}, period_seconds={PERIOD}, slack_seconds={SLACK})
sys.stdin.readline()
starts = []
for number in range(20):
    permit = ledger.budget.reserve(limit, leads=1)
    time.sleep(max(0, permit.due - time.monotonic()))
    key = LeadKey("main", f"{{name}}-{{number}}")
    permit, _ = ledger.begin_call(permit, [Sent(key, "upsert", {{}})])
    starts.append(permit.start)
    reject = Reject("s", 1, "main", key.lead_id, "upsert", "other", "", {{}})
    ledger.end_call([Verdict(key, True)], [reject], run_id=1)
ledger.close()
print(json.dumps(starts))
"""


def test_two_processes_share_one_budget(url: str) -> None:
    """Their starts together keep the limit, each gets its share, and no verdict or reject of either is lost."""
    Ledger(url, business="default", host="localhost:1").close()
    processes = [
        subprocess.Popen(
            [sys.executable, "-c", RESERVE, url, name], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
        )
        for name in ("a", "b")
    ]
    with ThreadPoolExecutor() as pool:
        outputs = list(pool.map(lambda process: process.communicate("go\n", timeout=60)[0], processes))
    ours, theirs = map(json.loads, outputs)
    both = sorted([*ours, *theirs])
    apart = [later - earlier for earlier, later in zip(both, both[CALLS:], strict=False)]
    assert min(apart) >= PERIOD + SLACK - 0.001
    first, second = sorted((ours, theirs), key=max)
    assert sum(start <= first[-1] for start in second) >= 10  # half of its share, when the other is done
    ledger = Ledger(url, business="default", host="localhost:1")
    assert ledger.count_leads() == len(list(ledger.rejects.each())) == 40
    ledger.close()


def test_two_targets_share_one_budget(scene: Scene) -> None:
    """Run at the same time, both deliver everything; the limit is kept as if they were one."""
    scene.server.set(limit=10, period=1.0, retry_after="seconds")
    limit = {"calls": 10, "period_seconds": 1, "slack_seconds": 0.3}
    inputs = [[CONTACTS, *map(contact, range(first, first + 100)), singer.state(first)] for first in (0, 100)]
    with ThreadPoolExecutor() as pool:
        runs = [
            pool.submit(scene.run, messages, rate_limit=limit, batch_size_rows=5, max_in_flight=3)
            for messages in inputs
        ]
    results = [run.result() for run in runs]
    assert [(result.status, result.states) for result in results] == [(0, [0]), (0, [100])]
    histories = scene.server.histories(CAMPAIGN)
    assert {lead_id: len(done) for lead_id, done in histories.items()} == {f"lead-{n}": 1 for n in range(200)}
    assert scene.server.throttled <= 4
