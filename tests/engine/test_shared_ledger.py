"""Several machines begin at the same moment with a ledger that none of them has opened before."""

from __future__ import annotations

import subprocess
import sys

RACERS, BUSINESSES = 4, 8
OPEN = """
import sys
from squadstack.ledger.ledger import Ledger
print("ready", flush=True)
for business in sys.argv[2:]:
    sys.stdin.readline()
    Ledger(sys.argv[1], business=business, host="localhost:1").close()
    print("opened", flush=True)
"""


def test_a_new_ledger_is_opened_by_all_at_once(shared_ledger: str) -> None:
    """Whoever comes first makes the tables, the key and the business's part; the others wait, and find them."""
    names = [f"business-{number}" for number in range(BUSINESSES)]
    racers = [
        subprocess.Popen(
            [sys.executable, "-c", OPEN, shared_ledger, *names],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
        )
        for _ in range(RACERS)
    ]
    try:
        said = [_line(racer) for racer in racers]
        for _ in names:
            for racer in racers:
                _tell(racer)
            said += [_line(racer) for racer in racers]
    finally:
        faults = [racer.communicate(timeout=60)[1].strip().rpartition("\n")[2] for racer in racers]
    assert [fault for fault in faults if fault] == []
    assert said == ["ready"] * RACERS + ["opened"] * RACERS * BUSINESSES


def _line(racer: subprocess.Popen[str]) -> str:
    assert racer.stdout is not None
    return racer.stdout.readline().strip()


def _tell(racer: subprocess.Popen[str]) -> None:
    assert racer.stdin is not None
    if racer.poll() is None:
        racer.stdin.write("\n")
        racer.stdin.flush()
